#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A user's keeper that was taken over: keeper.py RUNTIME UID ID. It says that it holds a container of the id ID, and prints what becomes of it: 'held', or
'let go'. Root writes the record by which it is known."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from wire import MOST, TAG, TYPE, VERSION, becomes, connect, field, hello, message, number, receive, text

runtime, uid, name = sys.argv[1], int(sys.argv[2]), sys.argv[3]
KEEPER, KEY, TOKEN = f"{os.getpid():016x}", b"k" * 32, b"t" * 16
RUNNING = 2


def is_listed():
    with connect(f"{runtime}/control.sock") as client:
        client.send(hello())
        client.send(message(TYPE.LIST))
        while True:
            kind, fields = receive(client)
            if kind != TYPE.LISTED:
                return False
            if fields[TAG.ID] == name.encode() + b"\0":
                return True


def is_let_go():
    try:
        while daemon.recv(MOST):  # what is served, its connections among it
            pass
    except BlockingIOError:
        return False
    except ConnectionResetError:
        pass
    return True


with open(f"{runtime}/keepers/{KEEPER}", "w", encoding="ascii") as file:
    file.write(f"cordon-keeper 1 {os.getpid()} {uid} {KEY.hex()} {TOKEN.hex()}\n")
os.chmod(f"{runtime}/keepers/{KEEPER}", 0o644)
os.setgroups([])
os.setresgid(uid, uid, uid)
os.setresuid(uid, uid, uid)
daemon = connect(f"{runtime}/keepers.sock")
daemon.send(message(TYPE.JOIN, number(TAG.VERSION_MOST, VERSION), field(TAG.KEY, KEY), text(TAG.ID, KEEPER), field(TAG.TOKEN, TOKEN)))
daemon.send(message(TYPE.HOLDS, text(TAG.ID, name), number(TAG.STATE, RUNNING)))
daemon.setblocking(False)
if not becomes(lambda: is_let_go() or is_listed()):
    sys.exit("neither held nor let go")
if is_let_go():
    print("let go", flush=True)
else:
    print("held", flush=True)
    sys.stdin.read()
