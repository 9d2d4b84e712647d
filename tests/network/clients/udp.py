# SPDX-License-Identifier: Apache-2.0
"""Send datagrams of several sizes and print the greeting when each came back: udp.py ADDRESS PORT [SIZE...]"""
import socket
import sys

address, port, *sizes = sys.argv[1:]
client = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
client.settimeout(2)
try:
    client.connect((address, int(port)))
    for size in sizes or ["24", "0", "1400"]:
        client.send(b"greetings from the world".ljust(int(size))[:int(size)])
        back = client.recv(65536)
        if len(back) != int(size):
            sys.exit(f"{len(back)} bytes came back, not {size}")
    print("greetings from the world")
except OSError as error:
    sys.exit(f"{type(error).__name__}: {error}")
