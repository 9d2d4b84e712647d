# SPDX-License-Identifier: Apache-2.0
"""Connect and say how it went: connect.py ADDRESS PORT"""
import errno
import socket
import sys
import time

start = time.monotonic()
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), 5).close()
    print("connected")
except OSError as error:
    sys.exit(f"{errno.errorcode.get(error.errno, str(error))} after {time.monotonic() - start:.3f} s")
