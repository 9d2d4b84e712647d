# SPDX-License-Identifier: Apache-2.0
"""Fetch over TLS from a server that asks for a second ClientHello: retry.py HOST PORT FIRST-NAME SECOND-NAME

The library of OpenSSL writes the name anew into the second, so each of both can say what it likes.
"""
import ctypes
import socket
import sys

SET_HOST_NAME, WANT_READ = 55, 2

host, port, *names = sys.argv[1:]
ssl = ctypes.CDLL("libssl.so.3")
for function in "TLS_client_method", "SSL_CTX_new", "SSL_new", "BIO_s_mem", "BIO_new":
    getattr(ssl, function).restype = ctypes.c_void_p
ssl.SSL_ctrl.restype = ctypes.c_long
ssl.SSL_ctrl.argtypes = ctypes.c_void_p, ctypes.c_int, ctypes.c_long, ctypes.c_char_p
context = ctypes.c_void_p(ssl.SSL_CTX_new(ctypes.c_void_p(ssl.TLS_client_method())))
tls = ctypes.c_void_p(ssl.SSL_new(context))
incoming, outgoing = (ctypes.c_void_p(ssl.BIO_new(ctypes.c_void_p(ssl.BIO_s_mem()))) for _ in range(2))
ssl.SSL_set_bio(tls, incoming, outgoing)
ssl.SSL_set_connect_state(tls)
buffer = ctypes.create_string_buffer(65536)


def flush(client):
    while (size := ssl.BIO_read(outgoing, buffer, len(buffer))) > 0:
        client.sendall(buffer.raw[:size])


def step(client, function, *arguments):
    """Until the library needs nothing more of the server for it."""
    while (result := function(tls, *arguments)) <= 0:
        if ssl.SSL_get_error(tls, result) != WANT_READ:
            sys.exit("TLS failed")
        if function == ssl.SSL_do_handshake and names:
            flush(client)
            ssl.SSL_ctrl(tls, SET_HOST_NAME, 0, names.pop(0).encode())
        flush(client)
        data = client.recv(65536)
        if not data:
            sys.exit("the connection was closed")
        ssl.BIO_write(incoming, data, len(data))
    flush(client)
    return result


ssl.SSL_ctrl(tls, SET_HOST_NAME, 0, names.pop(0).encode())
with socket.create_connection((host, int(port)), 5) as client:
    step(client, ssl.SSL_do_handshake)
    request = f"GET /hello HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
    step(client, ssl.SSL_write, request, len(request))
    answer = b""
    while b"world" not in answer:
        size = step(client, ssl.SSL_read, buffer, len(buffer))
        answer += buffer.raw[:size]
print(answer.decode())
