# SPDX-License-Identifier: Apache-2.0
"""What somebody who has taken cordond's core over can do: core.py SOCKET UID HOW

It listens where root did, as that user, and is handed a client. HOW it then says that it is the keeper: by a pair of its own (`pair`), by a connection to
what root listens on (`connection`), by what it is not (`word`). Prints the numbers of the messages that it came to read, each on a line.
"""
import array
import os
import pathlib
import select
import socket
import struct
import sys

MAGIC, VERSION, OPEN, REQUEST_IS, HERE, STARTED = 0x4E444F43, 1, 2, 20, 35, 31


def message(kind, body=b""):
    return struct.pack("<IHHII", MAGIC, VERSION, kind, 0, len(body)) + body


def hear(end):
    data, fds, _, _ = socket.recv_fds(end, 1 << 17, 8)
    return (struct.unpack_from("<IHHII", data)[2] if data else 0), fds


def say(end, data, *fds):
    try:
        end.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else [])
    except (BrokenPipeError, ConnectionResetError):
        pass


path, uid, how = sys.argv[1], int(sys.argv[2]), sys.argv[3]
pathlib.Path(path).unlink(missing_ok=True)
listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
listener.bind(path)
os.chmod(path, 0o666)
listener.listen()
os.setgroups([])
os.setresgid(uid, uid, uid)
os.setresuid(uid, uid, uid)
client, _ = listener.accept()
end = None
while end is None:
    kind, fds = hear(client)
    if kind == 0:
        sys.exit(1)
    if kind == OPEN:
        end = socket.socket(fileno=fds[0])
watched = [end]
if how == "pair":
    mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    say(end, message(HERE), theirs.fileno())
elif how == "connection":
    theirs = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    theirs.connect(path)
    mine, _ = listener.accept()
    say(end, message(HERE), theirs.fileno())
else:
    mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    say(end, message(STARTED, struct.pack("<HHI", 7, 0, 27) + b"01m00000000000000000000000\0" + bytes(5)))
theirs.close()
watched.append(mine)
while watched:
    ready, _, _ = select.select(watched, [], [], 60)
    if not ready:
        sys.exit("the client neither goes on nor ends")
    for one in ready:
        try:
            kind, _ = hear(one)
        except ConnectionResetError:
            kind = 0
        if kind:
            print(kind, flush=True)
        elif one is end:
            sys.exit(0)
        else:
            watched.remove(one)
