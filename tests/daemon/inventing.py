#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Keepers that say what is not so: inventing.py CORDOND. What one says it holds is neither another one's nor inside of what nobody has told of yet. And one that
hangs up and comes back is believed as long as it lives."""
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

RUNNING = 2
SAME, CHILD, BACK = "c" + "1" * 24, "c" + "2" * 24, "c" + "3" * 24


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
            del kept
        finally:
            daemon.send_signal(signal.SIGTERM)
            said = daemon.communicate()[1]
    shutil.rmtree(directory)
    if failed:
        print(said, end="")
    return failed


sys.exit(keeper(sys.argv[2]) if sys.argv[1] == "keeper" else main())
