# SPDX-License-Identifier: Apache-2.0
"""Connections over TLS of every kind, good and bad, to servers whose requests are judged: soak-requests.py COUNT WORKERS

allowed.example has a secret (TOKEN), shared-a.example has none. Ends with 0 when each came out as it must; the last line says how many
of each kind there were. With COUNT 0 it goes on until the network is gone, and then says so.
"""
import os
import socket
import ssl
import struct
import sys
import time

count, workers = (int(word) for word in sys.argv[1:])
HOSTS = ("allowed.example", "shared-a.example")
CONTEXT = ssl.create_default_context()
ADDRESSES = {}


def open_to(host):
    if host not in ADDRESSES:
        ADDRESSES[host] = socket.getaddrinfo(host, 443, socket.AF_INET, socket.SOCK_STREAM)[0][4]
    return socket.create_connection(ADDRESSES[host], 20)


def open_tls(host, name=None):
    return CONTEXT.wrap_socket(open_to(host), server_hostname=name or host)


def ask(tls, host, method, target, body=b"", pause=0.0):
    """Status and body of one request on a connection that goes on."""
    tls.sendall(f"{method} {target} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {os.environ['TOKEN'] if host == HOSTS[0] else '-'}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
    data = b""
    while b"\r\n\r\n" not in data:
        more = tls.recv(4096)
        if not more:
            raise OSError("no answer")
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    while len(rest) < length:
        more = tls.recv(8192 if pause else 65536)
        if not more:
            raise OSError("half an answer")
        rest += more
        time.sleep(pause)
    return int(head.split()[1]), rest


def one(host, number):
    with open_tls(host) as tls:
        return ask(tls, host, "GET", f"/hello?{number}")[0] == 200


def kept(host, number):
    with open_tls(host) as tls:
        return all(ask(tls, host, "GET", f"/hello?{number}")[0] == 200 for _ in range(5))


def slow_reader(host, number):
    with open_tls(host) as tls:
        return len(ask(tls, host, "GET", "/size?bytes=100000", pause=0.001)[1]) == 100000


def upload(host, number):
    body = bytes([number % 251]) * 50000
    with open_tls(host) as tls:
        return ask(tls, host, "POST", "/echo", body) == (200, body)


def denied(host, number):
    with open_tls(host) as tls:
        return ask(tls, host, "GET", "/denied")[0] == 403 and ask(tls, host, "GET", "/hello")[0] == 200


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    return True


def reset_in_hello(host, number):
    connection = open_to(host)
    connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[:1 + number % 11])
    return reset(connection)


def reset_in_request(host, number):
    tls = open_tls(host)
    tls.sendall(f"POST /echo HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000\r\n\r\nhalf".encode())
    return reset(tls)


def reset_in_answer(host, number):
    tls = open_tls(host)
    tls.sendall(f"GET /size?bytes=100000 HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    tls.recv(100)
    return reset(tls)


def no_tls(host, number):
    with open_to(host) as connection:
        connection.sendall(b"GET /denied HTTP/1.1\r\nHost: allowed.example\r\n\r\n")
        return b"world" not in connection.recv(1000)


def other_name(host, number):
    try:
        with open_tls(host, "shared-b.example"):
            return False
    except (OSError, ssl.SSLError):
        return True


def half_closed(host, number):
    with open_tls(host) as tls:
        tls.sendall(f"GET /hello HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        socket.socket.shutdown(tls, socket.SHUT_WR)
        try:
            tls.recv(1000)
        except OSError:
            pass
        return True


KINDS = [one, kept, denied, one, upload, reset_in_hello, slow_reader, one, reset_in_request, other_name, half_closed, reset_in_answer, no_tls]
MAY_FAIL = (reset_in_hello, reset_in_request, reset_in_answer, no_tls, half_closed)


def attempt(kind, number):
    try:
        return kind(HOSTS[number % 2], number)
    except (OSError, ssl.SSLError, ValueError, StopIteration) as error:
        if kind not in MAY_FAIL and count:
            print(f"{kind.__name__} {number}: {error}", file=sys.stderr)
        return kind in MAY_FAIL


def work(worker):
    """How many were wrong."""
    return sum(not attempt(KINDS[(number + worker) % len(KINDS)], number * workers + worker) for number in range(count // workers))


def work_until_gone(worker):
    failures = number = 0
    while failures < 3:
        number += 1
        failures = 0 if attempt(one, number) else failures + 1


def main():
    children = []
    for worker in range(workers):
        child = os.fork()
        if child == 0:
            wrong = work(worker) if count else work_until_gone(worker) or 0
            os._exit(min(wrong, 250))
        children.append(child)
    wrong = sum(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children)
    print(f"{count} of {len(set(KINDS))} kinds, wrong {wrong}" if count else "gone", flush=True)
    sys.exit(wrong != 0)


main()
