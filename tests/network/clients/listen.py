# SPDX-License-Identifier: Apache-2.0
"""Listen on the loopback and tell whoever connects: listen.py PORT..."""
import selectors
import socket
import sys

selector = selectors.DefaultSelector()
for port in sys.argv[1:]:
    selector.register(socket.create_server(("127.0.0.1", int(port))), selectors.EVENT_READ, port)
print("listening", flush=True)
while True:
    for key, _ in selector.select():
        client = key.fileobj.accept()[0]
        client.sendall(b"inside " + key.data.encode())
        client.close()
