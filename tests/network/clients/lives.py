# SPDX-License-Identifier: Apache-2.0
"""Fetch until it fails, go on until told to end: lives.py HOST FILE

Says 'answered' when the network is there, 'gone' when FILE is there and it is not; ends with 7 when FILE.end is there.
"""
import os
import socket
import sys
import time

host, file = sys.argv[1:]


def is_answered():
    try:
        with socket.create_connection((host, 7), 2) as client:
            client.sendall(b"x")
            return client.recv(1) == b"x"
    except OSError:
        return False


while not is_answered():
    time.sleep(0.05)
print("answered", flush=True)
held = socket.create_connection((host, 7), 2)
while not os.path.exists(file):
    time.sleep(0.02)
is_held = True
try:
    held.settimeout(3)
    is_held = held.recv(1) != b""
except OSError:
    is_held = False
print("still there" if is_held or is_answered() else "gone", flush=True)
while not os.path.exists(file + ".end"):
    time.sleep(0.02)
print("and lives", flush=True)
sys.exit(7)
