# SPDX-License-Identifier: Apache-2.0
"""What somebody who has taken cordond's core over can do: core.py SOCKET UID HOW

It listens where root did, as that user, and is handed a client. HOW it then says that it is the keeper: by a pair of its own (`pair`), by a connection to
what root listens on (`connection`), by what it is not (`word`). Prints the numbers of the messages that it came to read, each on a line.
"""
import os
import pathlib
import select
import socket
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from wire import BOUND_S, MOST, TAG, TYPE, kind_of, message, pair, send, text


def hear(end):
    data, fds, _, _ = socket.recv_fds(end, MOST, 8)
    return kind_of(data), fds


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
    if kind == TYPE.OPEN:
        end = socket.socket(fileno=fds[0])
watched = [end]
if how == "pair":
    mine, theirs = pair()
    send(end, message(TYPE.HERE, request=0), theirs.fileno())
elif how == "connection":
    theirs = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    theirs.connect(path)
    mine, _ = listener.accept()
    send(end, message(TYPE.HERE, request=0), theirs.fileno())
else:
    mine, theirs = pair()
    send(end, message(TYPE.STARTED, text(TAG.ID, "01m00000000000000000000000"), request=0))
theirs.close()
watched.append(mine)
while watched:
    ready, _, _ = select.select(watched, [], [], BOUND_S)
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
