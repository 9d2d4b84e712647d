# SPDX-License-Identifier: Apache-2.0
"""A connection that is allowed for a while: while.py HOST PORT. 'answered', 'again' (a second one, unasked), 'closed', and 'refused' (a third); 'late' where the
while was over before the second."""
import socket
import sys

place = (sys.argv[1], int(sys.argv[2]))


def connect():
    try:
        client = socket.create_connection(place, 100)
        client.settimeout(100)
        client.sendall(f"GET /hello HTTP/1.1\r\nHost: {sys.argv[1]}\r\n\r\n".encode())
        return client if b"greetings" in client.recv(65536) else None
    except OSError:
        return None


first = connect()
print("answered" if first else "late", flush=True)
second = connect()
print("again" if second else "late", flush=True)
for client in (first, second):
    try:
        if not client or client.recv(1):
            sys.exit("still there")
    except ConnectionResetError:
        pass
print("closed", flush=True)
print("still there" if connect() else "refused", flush=True)
