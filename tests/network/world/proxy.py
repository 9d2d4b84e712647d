# SPDX-License-Identifier: Apache-2.0
"""A small HTTP proxy on the host's loopback: proxy.py PORT RECORD. CONNECT and absolute requests; each is recorded."""
import socket
import sys
import threading
from urllib.parse import urlsplit

from record import Record


def carry(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def read_head(client):
    head = b""
    while b"\r\n\r\n" not in head and len(head) < 65536:
        data = client.recv(4096)
        if not data:
            return b""
        head += data
    return head


def converse(client, record):
    head = read_head(client)
    if not head:
        return
    method, target, _ = head.split(b"\r\n")[0].decode("latin-1").split()
    record.line("proxy", method, target)
    url = urlsplit("//" + target if method == "CONNECT" else target)
    server = socket.create_connection((url.hostname, url.port or 80), 5)
    if method == "CONNECT":
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    else:
        server.sendall(head.replace(target.encode("latin-1"), (url.path or "/").encode("latin-1"), 1))
    threading.Thread(target=carry, args=(server, client), daemon=True).start()
    carry(client, server)


def main():
    record = Record(sys.argv[2])
    server = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=512)
    record.line("ready")
    while True:
        client, _ = server.accept()
        threading.Thread(target=converse, args=(client, record), daemon=True).start()


main()
