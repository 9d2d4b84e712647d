# SPDX-License-Identifier: Apache-2.0
"""What the daemon's parts say to each other (src/protocol/), for tests that take the place of one of them. The numbers are read where the programs have them:
TYPE.HELLO is PROTOCOL_HELLO, TAG.ID is TAG_ID."""
import os
import pathlib
import re
import socket
import struct
import time
import types

MAGIC, VERSION = 0x4E444F43, 1
MOST = 1 << 17
BOUND_S = 60
HEAD, FIELD = struct.Struct("<IHHII"), struct.Struct("<HHI")


def _numbers(text, enum, prefix):
    body, found, number = re.search(rf"enum {enum} {{(.*?)\n}};", text, re.S).group(1), {}, 0
    for name, said in re.findall(rf"^ +{prefix}_(\w+)(?: = (\d+))?,", body, re.M):
        number = int(said) if said else number + 1
        found[name] = number
    return types.SimpleNamespace(**found)


_TABLE = (pathlib.Path(__file__).resolve().parents[1] / "src/protocol/table.h").read_text(encoding="ascii")
TYPE = _numbers(_TABLE, "protocol_type", "PROTOCOL")
TAG = _numbers(_TABLE, "protocol_tag", "TAG")


def field(tag, data):
    return FIELD.pack(tag, 0, len(data)) + data + b"\0" * (-len(data) % 8)


def number(tag, value):
    return field(tag, struct.pack("<Q", value))


def text(tag, value):
    return field(tag, value.encode() + b"\0")


def message(kind, *fields, request=1, magic=MAGIC, version=VERSION, size=None):
    """`size` is what the head says of the fields, where that is not so."""
    body = b"".join(fields)
    return HEAD.pack(magic, version, kind, request, len(body) if size is None else size) + body


def hello():
    return message(TYPE.HELLO, number(TAG.VERSION_LEAST, VERSION), number(TAG.VERSION_MOST, VERSION))


def kind_of(data):
    """0 of nothing, which is the end."""
    return HEAD.unpack_from(data)[2] if data else 0


def request_of(data):
    return HEAD.unpack_from(data)[3]


def fields_of(data):
    """Each with its tag, in their order."""
    at, found = HEAD.size, []
    while at < len(data):
        tag, _, size = FIELD.unpack_from(data, at)
        found.append((tag, data[at + 8:at + 8 + size]))
        at += 8 + size + -size % 8
    return found


def value_of(data):
    return struct.unpack("<Q", data)[0]


def send(end, data, *fds):
    """False = the other end is gone."""
    try:
        socket.send_fds(end, [data], list(fds))
        return True
    except (BrokenPipeError, ConnectionResetError):
        return False


def receive(end):
    """Type and fields by their tags; (0, {}) at the end. Descriptors that come with it are closed."""
    data, fds, _, _ = socket.recv_fds(end, MOST, 8)
    for fd in fds:
        os.close(fd)
    return kind_of(data), dict(fields_of(data))


def pair():
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def connect(path):
    end = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    end.connect(path)  # however long the queue is: with a bound it would be refused at once
    end.settimeout(BOUND_S)
    return end


def becomes(holds, every_s=0.1):
    """Does it come to hold? Whoever is asked is asked again and again."""
    end = time.monotonic() + BOUND_S
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(every_s)
    return True
