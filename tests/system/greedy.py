#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A user who takes all that he is let have: greedy.py RUNTIME UID WHAT. Says on standard output what he was told when there was no more, and holds what he
has until its standard input ends. `connections`: to the control socket; `requests`: lists, one after the other; `containers`: by a keeper of his that was
taken over, for which root writes the record; `keepers`: containers of ever other kinds."""
import os
import select
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from wire import TAG, TYPE, VERSION, becomes, connect, field, hello, message, number, pair, receive, send, text, value_of

runtime, uid, what = sys.argv[1], int(sys.argv[2]), sys.argv[3]
KEEPER, KEY, TOKEN = f"{os.getpid():016x}", b"g" * 32, b"t" * 16
RUN, RUNNING, CONTAINERS = 1, 2, 8192


def is_over(seconds=0):
    return bool(select.select([sys.stdin], [], [], seconds)[0])


def client():
    """Its first answer is that to hello() where it is refused, which is an end or FAILED."""
    end = connect(f"{runtime}/control.sock")
    send(end, hello())
    return end


def ask(end, *parts, fds=()):
    send(end, message(*parts), *fds)
    return receive(end)


def tell(fields):
    print(fields[TAG.TEXT].rstrip(b"\0").decode() if TAG.TEXT in fields else f"no word about it: {fields}", flush=True)


def connections():
    held = []
    while True:
        held.append(client())
        kind, fields = ask(held[-1], TYPE.STATUS)
        if kind != TYPE.STATUS_IS:
            break
    tell(fields)
    while not is_over(2):  # who is silent is let go
        for one in held[:-1]:
            ask(one, TYPE.STATUS)


def requests():
    asks, is_told = client(), False
    while not is_over():
        kind, fields = ask(asks, TYPE.LIST)
        while kind == TYPE.LISTED:
            kind, fields = receive(asks)
        if kind == TYPE.FAILED and not is_told:
            is_told = True
            tell(fields)


def open_one(asks, key):
    """The client's end, on which its keeper would answer."""
    mine, theirs = pair()
    send(asks, message(TYPE.OPEN, number(TAG.KIND, RUN), field(TAG.KEY, key)), theirs.fileno())
    theirs.close()
    return mine


def containers():
    keeper, asks = connect(f"{runtime}/keepers.sock"), client()
    keeper.send(message(TYPE.JOIN, number(TAG.VERSION_MOST, VERSION), field(TAG.KEY, KEY), text(TAG.ID, KEEPER), field(TAG.TOKEN, TOKEN)))
    for i in range(CONTAINERS):
        keeper.send(message(TYPE.HOLDS, text(TAG.ID, f"c{i:024x}"), number(TAG.STATE, RUNNING)))
    if not becomes(lambda: value_of(ask(asks, TYPE.STATUS)[1][TAG.COUNT]) == CONTAINERS):
        sys.exit("they are not all there")
    mine = open_one(asks, KEY)
    tell(receive(asks)[1])
    sys.stdin.read()
    mine.close()
    keeper.close()


def keepers():
    asks, held = client(), []
    for i in range(1000):
        held.append(open_one(asks, i.to_bytes(32, "big")))
        send(held[-1], message(TYPE.WHO))
        kind, fields = receive(held[-1])
        if kind != TYPE.HERE:
            tell(fields)
            break
    sys.stdin.read()


if what == "containers":
    with open(f"{runtime}/keepers/{KEEPER}", "w", encoding="ascii") as file:
        file.write(f"cordon-keeper 1 {os.getpid()} {uid} {KEY.hex()} {TOKEN.hex()}\n")
    os.chmod(f"{runtime}/keepers/{KEEPER}", 0o644)
os.setgroups([])
os.setresgid(uid, uid, uid)
os.setresuid(uid, uid, uid)
{"connections": connections, "requests": requests, "containers": containers, "keepers": keepers}[what]()
