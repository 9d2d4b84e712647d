# SPDX-License-Identifier: Apache-2.0
"""Send bytes over one connection and print what comes back: raw.py HOST PORT BYTES... (with Python's escapes)

Each further argument is sent after the answer to the one before. Ends with 1 when an answer is not a 200.
"""
import socket
import sys

host, port, *messages = sys.argv[1:]
well = True
with socket.create_connection((host, int(port)), 5) as client:
    client.settimeout(3)
    for message in messages:
        client.sendall(message.encode("latin-1").decode("unicode_escape").encode("latin-1"))
        answer = b""
        try:
            while b"world\n" not in answer and (data := client.recv(65536)):
                answer += data
                if not answer.startswith(b"HTTP/1.1 200"):
                    client.settimeout(0.3)
        except OSError as error:
            answer += repr(error).encode()
        well = well and answer.startswith(b"HTTP/1.1 200")
        print(answer.decode("latin-1"))
sys.exit(0 if well else 1)
