#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A hostile keeper: signer.py KEEPER SIGNER HOST UID takes that keeper's own connection to the signer and asks for what is another user's."""
import ctypes
import os
import signal
import socket
import struct
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from wire import BOUND_S, MOST, TAG, TYPE, kind_of, message, pair, request_of, send, text

OWN = 77  # what the keeper itself asks for has other numbers
PIDFD_OPEN, PIDFD_GETFD = 434, 438
INSTANCE = "01kb5k3zt0aaaaaaaaaaaaaaaa"
libc = ctypes.CDLL(None, use_errno=True)


def ask(end, kind, *fields, fds=()):
    send(end, message(kind, *fields, request=OWN), *fds)
    while True:
        data = end.recv(MOST)
        if not data or request_of(data) == OWN:
            return kind_of(data)


def sockets(pid):
    """Number in its kernel's list, and under which descriptor."""
    found = {}
    for name in os.listdir(f"/proc/{pid}/fd"):
        kind, _, inode = os.readlink(f"/proc/{pid}/fd/{name}").partition(":")
        if kind == "socket":
            found[int(inode.strip("[]"))] = int(name)
    return found


def peers():
    """Each Unix socket's other end, by sock_diag(7)."""
    found = {}
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4) as asks:
        request = struct.pack("=BBHIIIII", socket.AF_UNIX, 0, 0, 0xFFFFFFFF, 0, 4, 0xFFFFFFFF, 0xFFFFFFFF)
        asks.send(struct.pack("=IHHII", 16 + len(request), 20, 0x301, 1, 0) + request)
        while True:
            data = asks.recv(1 << 20)
            while data:
                size, kind = struct.unpack_from("=IH", data)
                if kind == 3:
                    return found
                inode, at = struct.unpack_from("=I", data, 20)[0], 32
                while at + 4 <= size:
                    length, attribute = struct.unpack_from("=HH", data, at)
                    if attribute == 2:
                        found[inode] = struct.unpack_from("=I", data, at + 4)[0]
                    at += (length + 3) & ~3
                data = data[(size + 3) & ~3:]


def connection_of(keeper, signer):
    ends, theirs = peers(), sockets(signer)
    pidfd = libc.syscall(PIDFD_OPEN, keeper, 0)
    for inode, number in sockets(keeper).items():
        if ends.get(inode) in theirs:
            end = socket.socket(fileno=libc.syscall(PIDFD_GETFD, pidfd, number, 0))
            end.settimeout(BOUND_S)
            return end
    sys.exit("the keeper has no connection to that part")


def main(keeper, signer, host, uid):
    own = f"{host}/user/{uid}/agent/hostile/{INSTANCE}"
    others = [f"{host}/user/{uid + 1}/agent/hostile/{INSTANCE}", f"{host}/user/0/agent/hostile/{INSTANCE}", f"{host}/user/{uid}", host,
              f"spiffe://other/host/other/user/{uid}/agent/hostile/{INSTANCE}"]
    end = connection_of(keeper, signer)
    os.kill(keeper, signal.SIGSTOP)  # which would hear the answers
    try:
        assert ask(end, TYPE.SIGN_OPEN, text(TAG.SIGN_NAME, own)) == TYPE.DONE, "its own user's container is not opened: nothing is proven"
        assert ask(end, TYPE.SIGN_ASK, text(TAG.SIGN_NAME, own), text(TAG.SIGN_WHAT, "x509")) == TYPE.SIGN_ANSWER
        for other in others:
            assert ask(end, TYPE.SIGN_OPEN, text(TAG.SIGN_NAME, other)) == TYPE.FAILED, other
            assert ask(end, TYPE.SIGN_ASK, text(TAG.SIGN_NAME, other), text(TAG.SIGN_WHAT, "x509")) == TYPE.FAILED, other
            near, far = pair()
            assert ask(end, TYPE.SIGN_SERVE, text(TAG.SIGN_NAME, other), fds=[far.fileno()]) == TYPE.FAILED, other
            far.close()
            near.close()
        assert ask(end, TYPE.SIGN_CLOSE, text(TAG.SIGN_NAME, own)) == TYPE.DONE
    finally:
        os.kill(keeper, signal.SIGCONT)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
