# SPDX-License-Identifier: Apache-2.0
"""Resolve a name and fetch from where it leads, three times anew: rebind.py NAME"""
import socket
import sys

for _ in range(3):
    try:
        address = socket.getaddrinfo(sys.argv[1], 80, socket.AF_INET, socket.SOCK_STREAM)[0][4]
        with socket.create_connection(address, 3) as client:
            client.sendall(b"GET /hello HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % sys.argv[1].encode())
            print(f"{address[0]}: {client.recv(4096).decode().splitlines()[-1]}")
    except OSError as error:
        print(f"{type(error).__name__}: {error}")
