#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A user's keeper that was taken over: keeper.py RUNTIME UID ID. It says that it holds a container of the id ID, and prints what becomes of it: 'held', or
'let go'. Root writes the record by which it is known."""
import os
import socket
import struct
import sys

runtime, uid, name = sys.argv[1], int(sys.argv[2]), sys.argv[3]
JOIN, HOLDS = 60, 62
VERSION_MOST, KEY, ID, STATE, TOKEN = 2, 5, 7, 8, 37
KEEPER, KEY_BYTES, TOKEN_BYTES = f"{os.getpid():016x}", b"k" * 32, b"t" * 16


def field(tag, data):
    return struct.pack("<HHI", tag, 0, len(data)) + data + b"\0" * (-len(data) % 8)


def message(kind, *fields):
    body = b"".join(fields)
    return struct.pack("<IHHII", 0x4E444F43, 1, kind, 0, len(body)) + body


with open(f"{runtime}/keepers/{KEEPER}", "w", encoding="ascii") as file:
    file.write(f"cordon-keeper 1 {os.getpid()} {uid} {KEY_BYTES.hex()} {TOKEN_BYTES.hex()}\n")
os.chmod(f"{runtime}/keepers/{KEEPER}", 0o644)
os.setgroups([])
os.setresgid(uid, uid, uid)
os.setresuid(uid, uid, uid)
daemon = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
daemon.connect(f"{runtime}/keepers.sock")
daemon.send(message(JOIN, field(VERSION_MOST, struct.pack("<Q", 1)), field(KEY, KEY_BYTES), field(ID, KEEPER.encode() + b"\0"), field(TOKEN, TOKEN_BYTES)))
daemon.send(message(HOLDS, field(ID, name.encode() + b"\0"), field(STATE, struct.pack("<Q", 2))))
daemon.settimeout(5)
try:
    while daemon.recv(65536): # what is served, its connections among it
        pass
    print("let go", flush=True)
except TimeoutError:
    print("held", flush=True)
    sys.stdin.read()
except ConnectionResetError:
    print("let go", flush=True)
