#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One user as many: subordinate.py SOCKET UID IDS EACH [keeper]: as UID would with newuidmap (which root plays), connects as IDS of its subordinate ids,
EACH times with each, and says so in one line on standard output: how many the daemon keeps. Goes on until its standard input ends."""
import ctypes
import os
import select
import socket
import struct
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from wire import MOST, TYPE, hello, kind_of, message

FIRST, COUNT = 200000, 65536
CLONE_NEWUSER, PR_SET_DUMPABLE = 0x10000000, 4
path, uid, ids, each = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
is_client = len(sys.argv) < 6
libc = ctypes.CDLL(None, use_errno=True)


def enter():
    """The user namespace of one who has subordinate ids, with all of these."""
    ready, is_ready = os.pipe()
    mapped, is_mapped = os.pipe()
    child = os.fork()
    if child:
        os.read(ready, 1)
        for name in ("uid_map", "gid_map"):
            with open(f"/proc/{child}/{name}", "w", encoding="ascii") as file:
                file.write(f"0 {FIRST} {COUNT}\n")
        os.write(is_mapped, b"x")
        sys.exit(os.waitpid(child, 0)[1] != 0)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    libc.prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
    if libc.unshare(CLONE_NEWUSER) < 0:
        raise OSError(ctypes.get_errno(), "unshare")
    os.write(is_ready, b"x")
    os.read(mapped, 1)
    os.setresuid(0, 0, 0)


def connect():
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.connect(path)
    try:
        if is_client:
            connection.send(hello())
    except OSError: # refused already
        pass
    return connection


def is_kept(connection):
    """Asked, it answers; or it said nothing, and waits."""
    try:
        if is_client:
            connection.send(message(TYPE.STATUS))
            return kind_of(connection.recv(MOST)) == TYPE.STATUS_IS
        connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return True
    except (OSError, struct.error):
        pass
    return False


enter()
connections = []
for number in range(ids):
    os.setresuid(number + 1, number + 1, 0)
    connections += [connect() for _ in range(each)]
    os.setresuid(0, 0, 0)
before = None
while before != (before := sum(map(is_kept, connections))): # the last ones may not be taken in yet
    time.sleep(0.5)
print(before, flush=True)
while not select.select([sys.stdin], [], [], 4)[0]: # who is silent is let go
    connections = [connection for connection in connections if is_kept(connection)]
