#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What cordond says of the parts beside it: parts.py RUNTIME. With the name of one: how many of its connections are keepers', by the part itself. With
"containers": how many of the caller's there are, those included that are handed to a keeper and of which it has not said anything."""
import socket
import struct
import sys

MAGIC, VERSION = 0x4E444F43, 1
HELLO, STATUS, STATUS_IS, LOG_BEGIN, LOG_STATUS, LOG_STATUS_IS = 1, 9, 10, 150, 156, 157
LEAST, MOST, COUNT, SERVICE = 1, 2, 27, 118


def field(tag, data):
    return struct.pack("<HHI", tag, 0, len(data)) + data + b"\0" * (-len(data) % 8)


def message(kind, *fields):
    body = b"".join(fields)
    return struct.pack("<IHHII", MAGIC, VERSION, kind, 1, len(body)) + body


def fields_of(body):
    at = 0
    while at < len(body):
        tag, _, size = struct.unpack_from("<HHI", body, at)
        yield tag, body[at + 8:at + 8 + size]
        at += 8 + size + -size % 8


def ask(path, wanted, *messages):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as own:
        own.settimeout(10)
        own.connect(path)
        for one in messages:
            own.send(one)
        while True:
            data = own.recv(1 << 17)
            if not data:
                sys.exit(f"{path} has closed the connection")
            if struct.unpack_from("<IHHII", data)[2] == wanted:
                return list(fields_of(data[16:]))


runtime = sys.argv[1]
hello = message(HELLO, field(LEAST, struct.pack("<Q", 1)), field(MOST, struct.pack("<Q", 1)))
if len(sys.argv) == 2:
    for tag, data in ask(f"{runtime}/control.sock", STATUS_IS, hello, message(STATUS)):
        if tag == SERVICE:
            print(data.rstrip(b"\0").decode())
elif sys.argv[2] == "containers":
    for tag, data in ask(f"{runtime}/control.sock", STATUS_IS, hello, message(STATUS)):
        if tag == COUNT:
            print(struct.unpack("<Q", data)[0])
elif sys.argv[2] == "logger":
    # without this connection and cordond's
    for tag, data in ask(f"{runtime}/private/logger.sock", LOG_STATUS_IS, message(LOG_BEGIN), message(LOG_STATUS)):
        if tag == COUNT:
            print(struct.unpack("<Q", data)[0] - 2)
