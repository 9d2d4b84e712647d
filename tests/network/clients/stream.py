# SPDX-License-Identifier: Apache-2.0
"""Streams of bytes: stream.py slow|reset|closed|parallel|serial HOST PORT [COUNT]"""
import hashlib
import os
import socket
import sys
import threading

what, host, port, *rest = sys.argv[1:]
place = (host, int(port))


def upload():
    """To a server that reads slowly: all of it arrives, in order."""
    data = os.urandom(1 << 20) * 3
    with socket.create_connection(place, 10) as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        return client.makefile().readline().strip() == hashlib.sha256(data).hexdigest()


def is_reset():
    with socket.create_connection(place, 10) as client:
        client.sendall(b"x")
        try:
            return client.recv(10) is None
        except ConnectionResetError:
            return True


def is_closed():
    """Nobody listens there: refused at once, or reset when the other side's answer is known."""
    try:
        with socket.create_connection(place, 10) as client:
            return client.recv(10) is None
    except (ConnectionRefusedError, ConnectionResetError):
        return True


def echo(number):
    data = b"%d" % number * 1000
    with socket.create_connection(place, 20) as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        back = b""
        while more := client.recv(65536):
            back += more
        return back == data


def all_at_once(count):
    results = []
    threads = [threading.Thread(target=lambda i=i: results.append(echo(i))) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(results) == count and all(results)


count = int(rest[0]) if rest else 1
done = {"slow": upload, "reset": is_reset, "closed": is_closed, "parallel": lambda: all_at_once(count),
        "serial": lambda: all(echo(i) for i in range(count))}[what]()
if not done:
    sys.exit(f"{what}: not what was sent")
print(f"{what}: as it should be")
