# SPDX-License-Identifier: Apache-2.0
"""Fetch over TLS, with a ClientHello as one chooses: tls.py HOST PORT SNI [records|segments|late]

SNI `-`: none. records: the hello in many TLS records; segments: byte by byte in as many segments; late: after a pause.
"""
import socket
import ssl
import sys
import time

host, port, name, *way = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.load_default_certs()  # within a container perhaps with an authority of its own
context.load_verify_locations("ca.pem")
incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
tls = context.wrap_bio(incoming, outgoing, server_hostname=None if name == "-" else name)


def cut_into_records(hello):
    body = hello[5:]
    return b"".join(hello[:3] + len(body[i:i + 40]).to_bytes(2, "big") + body[i:i + 40] for i in range(0, len(body), 40))


def send_hello(client, hello):
    if "late" in way:
        time.sleep(0.5)
    if "records" in way:
        hello = cut_into_records(hello)
    if "segments" not in way:
        client.sendall(hello)
        return
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for i in range(len(hello)):
        client.sendall(hello[i:i + 1])


def pump(client, step, first=False):
    while True:
        try:
            return step()
        except ssl.SSLWantReadError:
            data = outgoing.read()
            if first:
                send_hello(client, data)
                first = False
            else:
                client.sendall(data)
            got = client.recv(65536)
            if not got:
                raise ConnectionResetError("closed") from None
            incoming.write(got)


try:
    with socket.create_connection((host, int(port)), 5) as client:
        pump(client, tls.do_handshake, True)
        tls.write(b"GET /hello HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % host.encode())
        client.sendall(outgoing.read())
        answer = b""
        while b"world\n" not in answer:
            answer += pump(client, lambda: tls.read(65536))
        print(answer.decode().splitlines()[-1])
except OSError as error:
    sys.exit(f"{type(error).__name__}: {error}")
