#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Keepers that say what is not so: inventing.py CORDOND. What one says it holds is neither another one's nor inside of what nobody has told of yet. And one that
hangs up and comes back is believed as long as it lives."""
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

MAGIC, VERSION = 0x4E444F43, 1
HELLO, OPEN, LIST, LISTED, DONE = 1, 2, 4, 5, 6
JOIN, SERVE, HOLDS, JOINED_ALL, REJOIN_AT = 60, 61, 62, 65, 67
VERSION_MOST, KIND, KEY, ID, STATE, TICKET, PATH, PARENT, TOKEN = 2, 4, 5, 7, 8, 17, 22, 34, 37
RUNNING = 2
SAME, CHILD, BACK = "c" + "1" * 24, "c" + "2" * 24, "c" + "3" * 24
BOUND_S = 60


def field(tag, data):
    return struct.pack("<HHI", tag, 0, len(data)) + data + b"\0" * (-len(data) % 8)


def number(tag, value):
    return field(tag, struct.pack("<Q", value))


def text(tag, value):
    return field(tag, value.encode() + b"\0")


def message(kind, *fields):
    body = b"".join(fields)
    return struct.pack("<IHHII", MAGIC, VERSION, kind, 1, len(body)) + body


def fields_of(data):
    at, found = 16, {}
    while at < len(data):
        tag, _, size = struct.unpack_from("<HHI", data, at)
        found[tag] = data[at + 8:at + 8 + size]
        at += 8 + size + -size % 8
    return found


def receive(sock):
    """Type and fields; (0, {}) at the end."""
    data, fds, _, _ = socket.recv_fds(sock, 1 << 17, 4)
    for fd in fds:
        os.close(fd)
    return (struct.unpack_from("<IHHII", data)[2], fields_of(data)) if data else (0, {})


def come_back(who):
    """A new connection, for what it is known by."""
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    channel.connect(who[PATH][:-1].decode())
    channel.send(message(JOIN, number(VERSION_MOST, 1), field(KEY, who[KEY]), field(ID, who[ID]), field(TOKEN, who[TOKEN])))
    channel.send(message(HOLDS, text(ID, BACK), number(STATE, RUNNING)))
    channel.send(message(JOINED_ALL))
    return channel


def keeper(directory):
    """The first letter of its key says what it does."""
    channel = socket.socket(fileno=3)
    role = "?"
    while True:
        kind, fields = receive(channel)
        if kind == 0:
            return
        if kind == REJOIN_AT:
            role, who = fields[KEY][:1].decode(), fields
        if kind != SERVE:
            continue
        ticket = struct.unpack("<Q", fields[TICKET])[0]
        if role in "sv":  # whoever is first squats: both say the same id of their own
            channel.send(message(HOLDS, number(TICKET, ticket), text(ID, SAME), number(STATE, RUNNING)))
        if role == "v":  # as one says it whose ticket is a former cordond's
            channel.send(message(HOLDS, number(TICKET, 1), text(ID, SAME), number(STATE, RUNNING)))
        if role == "c":
            channel.send(message(HOLDS, text(ID, CHILD), text(PARENT, ""), number(STATE, RUNNING)))
        if role == "r":
            channel.send(message(HOLDS, number(TICKET, ticket), text(ID, BACK), number(STATE, RUNNING)))
            channel.close()
            time.sleep(1)  # long enough to be given up
            channel = come_back(who)
        with open(f"{directory}/{os.getpid()}", "w", encoding="ascii") as said:
            said.write(str(os.getpid()))
        os.rename(said.name, f"{directory}/said-{role}")  # whole from its first moment


def client(directory):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sock.settimeout(BOUND_S)
    sock.connect(f"{directory}/run/control.sock")
    sock.send(message(HELLO, number(1, 1), number(2, 1)))
    return sock


def wait_for(path):
    end = time.monotonic() + BOUND_S
    while not os.path.exists(path):
        if time.monotonic() > end:
            sys.exit(f"{path}: did not come")
        time.sleep(0.02)


def open_one(directory, role):
    sock = client(directory)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    socket.send_fds(sock, [message(OPEN, number(KIND, 1), field(KEY, role.encode() * 32))], [theirs.fileno()])
    wait_for(f"{directory}/said-{role}")
    return sock, ours, theirs


def listed(directory):
    sock = client(directory)
    sock.send(message(LIST))
    ids = []
    while True:
        kind, fields = receive(sock)
        if kind != LISTED:
            return ids if kind == DONE else None
        ids.append(fields[ID][:-1].decode())


def becomes(holds):
    end = time.monotonic() + BOUND_S
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


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
