#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Keepers that say what is not so: inventing.py CORDOND. What one says it holds is neither another one's nor inside of what nobody has told of yet. And one that
hangs up and comes back is believed as long as it lives. What one says to people is so many lines in cordond's log, and nothing else there. And however many and deep what it says is inside of its container, their end holds nobody up."""
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from wire import TAG, TYPE, VERSION, becomes, connect, field, hello, message, number, pair, receive, text, value_of

RUNNING, STOPPED = 2, 4
SAME, CHILD, BACK, DEEP = "c" + "1" * 24, "c" + "2" * 24, "c" + "3" * 24, "c" + "4" * 24
DEPTH = 8192  # as many as are listed of one user
LINES = 20  # as many as are written down of what one user's keepers say


def inner(depth):
    return f"c{depth:024x}"


def come_back(who):
    """A new connection, for what it is known by."""
    channel = connect(who[TAG.PATH][:-1].decode())
    channel.settimeout(None)
    channel.send(message(TYPE.JOIN, number(TAG.VERSION_MOST, VERSION), field(TAG.KEY, who[TAG.KEY]), field(TAG.ID, who[TAG.ID]), field(TAG.TOKEN, who[TAG.TOKEN])))
    channel.send(message(TYPE.HOLDS, text(TAG.ID, BACK), number(TAG.STATE, RUNNING)))
    channel.send(message(TYPE.JOINED_ALL))
    return channel


def keeper(directory):
    """The first letter of its key says what it does."""
    channel = socket.socket(fileno=3)
    role = "?"
    while True:
        kind, fields = receive(channel)
        if kind == 0:
            return
        if kind == TYPE.REJOIN_AT:
            role, who = fields[TAG.KEY][:1].decode(), fields
        if kind != TYPE.SERVE:
            continue
        ticket = value_of(fields[TAG.TICKET])
        if role in "sv":  # whoever is first squats: both say the same id of their own
            channel.send(message(TYPE.HOLDS, number(TAG.TICKET, ticket), text(TAG.ID, SAME), number(TAG.STATE, RUNNING)))
        if role == "v":  # as one says it whose ticket is a former cordond's
            channel.send(message(TYPE.HOLDS, number(TAG.TICKET, 1), text(TAG.ID, SAME), number(TAG.STATE, RUNNING)))
        if role == "c":
            channel.send(message(TYPE.HOLDS, text(TAG.ID, CHILD), text(TAG.PARENT, ""), number(TAG.STATE, RUNNING)))
        if role == "r":
            channel.send(message(TYPE.HOLDS, number(TAG.TICKET, ticket), text(TAG.ID, BACK), number(TAG.STATE, RUNNING)))
            count = keepers(directory)
            channel.close()
            if not becomes(lambda: keepers(directory) < count):  # it has been given up
                return
            channel = come_back(who)
        if role == "w":
            for _ in range(5 * LINES):
                channel.send(message(TYPE.SAYS, text(TAG.TEXT, "a word\ncordond: forged\x1b[31m " + "x" * 2000)))
        if role == "d":
            channel.send(message(TYPE.HOLDS, number(TAG.TICKET, ticket), text(TAG.ID, DEEP), number(TAG.STATE, RUNNING)))
            for depth in range(DEPTH):  # each inside of the one before
                around = inner(depth - 1) if depth else DEEP
                channel.send(message(TYPE.HOLDS, text(TAG.ID, inner(depth)), text(TAG.PARENT, around), number(TAG.STATE, RUNNING)))
            wait_for(f"{directory}/deep")
            channel.send(message(TYPE.HOLDS, text(TAG.ID, DEEP), number(TAG.STATE, STOPPED)))
        with open(f"{directory}/{os.getpid()}", "w", encoding="ascii") as said:
            said.write(str(os.getpid()))
        os.rename(said.name, f"{directory}/said-{role}")  # whole from its first moment


def client(directory):
    sock = connect(f"{directory}/run/control.sock")
    sock.send(hello())
    return sock


def keepers(directory):
    """How many cordond has."""
    sock = client(directory)
    sock.send(message(TYPE.STATUS))
    return value_of(receive(sock)[1][TAG.NUMBER])


def wait_for(path):
    if not becomes(lambda: os.path.exists(path)):
        sys.exit(f"{path}: did not come")


def open_one(directory, role):
    sock = client(directory)
    ours, theirs = pair()
    socket.send_fds(sock, [message(TYPE.OPEN, number(TAG.KIND, 1), field(TAG.KEY, role.encode() * 32))], [theirs.fileno()])
    wait_for(f"{directory}/said-{role}")
    return sock, ours, theirs


def listed(directory):
    sock = client(directory)
    sock.send(message(TYPE.LIST))
    ids = []
    while True:
        kind, fields = receive(sock)
        if kind != TYPE.LISTED:
            return ids if kind == TYPE.DONE else None
        ids.append(fields[TAG.ID][:-1].decode())


def is_listed(directory, name):
    sock = client(directory)
    sock.send(message(TYPE.LIST, text(TAG.ID, name)))
    return receive(sock)[0] == TYPE.LISTED


def ends_deep(directory):
    """All of them at once."""
    sock, (ours, theirs) = client(directory), pair()
    socket.send_fds(sock, [message(TYPE.OPEN, number(TAG.KIND, 1), field(TAG.KEY, b"d" * 32))], [theirs.fileno()])
    try:
        if not becomes(lambda: is_listed(directory, inner(DEPTH - 1))):
            return False
        with open(f"{directory}/deep", "w", encoding="ascii"):
            pass
        wait_for(f"{directory}/said-d")
        return not is_listed(directory, inner(DEPTH - 1)) and not is_listed(directory, inner(0)) and is_listed(directory, DEEP)
    except TimeoutError:  # the core does nothing else
        return False
    finally:
        ours.close()


def main():
    directory = tempfile.mkdtemp(prefix="cordon-inventing.")
    program = shutil.copy(sys.argv[1], f"{directory}/cordond")
    with open(f"{directory}/cordon-keeper", "w", encoding="ascii") as script:
        script.write(f"#!/bin/sh\nexec {sys.executable} {os.path.abspath(__file__)} keeper {directory}\n")
    os.chmod(script.name, 0o755)
    os.mkdir(f"{directory}/run", 0o700)
    failed = 0
    with subprocess.Popen([program, "--user", "--runtime", f"{directory}/run"], stderr=subprocess.PIPE, text=True) as daemon:
        try:
            wait_for(f"{directory}/run/control.sock")
            kept = [open_one(directory, "s"), open_one(directory, "v")]
            if listed(directory) != [SAME, SAME]:
                print("one keeper that says another one's id has it let go:", listed(directory))
                failed += 1
            kept.append(open_one(directory, "c"))
            if listed(directory) != [SAME, SAME]:
                print("one inside of what was not told of is believed:", listed(directory))
                failed += 1
            kept.append(open_one(directory, "r"))
            if not becomes(lambda: listed(directory) == [SAME, SAME, BACK]):
                print("one that comes back is not believed:", listed(directory))
                failed += 1
            with open(f"{directory}/said-r", encoding="ascii") as said:
                os.kill(int(said.read()), signal.SIGKILL)
            if not becomes(lambda: len(os.listdir(f"{directory}/run/keepers")) == 3):
                print("the record of one that has ended stays:", os.listdir(f"{directory}/run/keepers"))
                failed += 1
            kept.append(open_one(directory, "w"))
            if not ends_deep(directory):
                print("containers inside of each other, and their end: not as it was said")
                failed += 1
            del kept
        finally:
            daemon.send_signal(signal.SIGTERM)
            said = daemon.communicate()[1]
    shutil.rmtree(directory)
    written = [line for line in said.splitlines() if " says: " in line]
    if len(written) != LINES or "\x1b" in said or any(line.startswith("cordond: forged") or len(line) > 1024 for line in said.splitlines()):
        print(f"what keepers say is written down as they like it: {len(written)} lines")
        failed += 1
    if failed:
        print(said, end="")
    return failed


sys.exit(keeper(sys.argv[2]) if sys.argv[1] == "keeper" else main())
