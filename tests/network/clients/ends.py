# SPDX-License-Identifier: Apache-2.0
"""Connections under rules that end, and one that does not: ends.py FILE SECONDS. Says 'answered' when all are there; when FILE is, what of them is left: the
first is waited for so long."""
import os
import socket
import sys
import time

ENDS, STAYS, REQUESTS = ("allowed.example", 7), ("93.184.216.35", 7), ("allowed.example", 80)
ASKED = b"GET /hello HTTP/1.1\r\nHost: allowed.example\r\n\r\n"


def answers(client, request=b"x"):
    try:
        client.settimeout(60)
        client.sendall(request)
        return client.recv(4096).startswith(request[:1] if len(request) == 1 else b"HTTP/1.1 200")
    except OSError:
        return False


def connect(place, request=b"x"):
    """None where it does not answer."""
    try:
        client = socket.create_connection(place, 60)
        return client if answers(client, request) else None
    except OSError:
        return None


def wait(condition):
    while not condition():
        time.sleep(0.05)


ends, stays, requests = connect(ENDS), connect(STAYS), connect(REQUESTS, ASKED)
print("answered" if ends and stays and requests else f"{ends} {stays} {requests}", flush=True)
wait(lambda: os.path.exists(sys.argv[1]))
try:
    ends.settimeout(float(sys.argv[2]))
    left = ends.recv(1) != b""
except TimeoutError:
    left = True
except ConnectionResetError:
    left = False
for name, is_there in (("held", left), ("held requests", answers(requests, ASKED)), ("new", connect(ENDS)), ("new requests", connect(REQUESTS, ASKED)),
                       ("what stays", answers(stays)), ("what stays, new", connect(STAYS))):
    print(f"{name}: {'yes' if is_there else 'no'}", flush=True)
