#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""arrivals.py serve ADDRESS FILE: TCP and UDP on one port, which FILE's first line says; a line for each connection and datagram. arrivals.py tcp|udp ADDRESS PORT: goes there."""
import selectors
import socket
import sys


def serve(address, name):
    listener = socket.create_server((address, 0))
    port = listener.getsockname()[1]
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind((address, port))
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    selector.register(datagrams, selectors.EVENT_READ)
    with open(name, "w", buffering=1) as file:
        print(port, file=file)
        while True:
            for key, _ in selector.select():
                if key.fileobj is listener:
                    connection, _ = listener.accept()
                    print("tcp", file=file)
                    with connection:
                        connection.sendall(b"hello")
                else:
                    data, peer = datagrams.recvfrom(100)
                    print("udp", data.decode(), file=file)
                    datagrams.sendto(data, peer)


def go(how, address, port):
    if how == "tcp":
        with socket.create_connection((address, port), 20) as connection:
            return connection.recv(5) == b"hello"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
        own.settimeout(10)
        own.connect((address, port))
        own.send(b"hello")
        return own.recv(5) == b"hello"


if sys.argv[1] == "serve":
    serve(sys.argv[2], sys.argv[3])
sys.exit(0 if go(sys.argv[1], sys.argv[2], int(sys.argv[3])) else 1)
