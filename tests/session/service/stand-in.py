# SPDX-License-Identifier: Apache-2.0
"""A listener that stands for a service which a test machine cannot have: stand-in.py LOG unix:PATH|abstract:NAME|tcp:0...
Writes a line to LOG for each connection and answers as an HTTP server would, with JSON. For tcp:0 the first line of LOG
is 'port N'."""
import selectors
import socket
import sys

log = open(sys.argv[1], "a", buffering=1)
ready = selectors.DefaultSelector()
for address in sys.argv[2:]:
    kind, _, name = address.partition(":")
    if kind == "tcp":
        listener = socket.create_server(("127.0.0.1", int(name)))
        print("port", listener.getsockname()[1], file=log)
    else:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(name if kind == "unix" else "\0" + name)
        listener.listen()
    ready.register(listener, selectors.EVENT_READ)
print("ready", file=log)
BODY = b'{"Browser": "stand-in", "webSocketDebuggerUrl": "ws://127.0.0.1/devtools"}\n'
while True:
    for key, _ in ready.select():
        connection, _ = key.fileobj.accept()
        connection.settimeout(5)
        print("connected", file=log)
        try:
            said = connection.recv(4096)
            print("said", said[:200], file=log)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
                               b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY)
        except OSError:
            pass
        connection.close()
