# SPDX-License-Identifier: Apache-2.0
"""What an agent leaves behind: a grandchild in another session, that tried to become somebody else and to have a namespace of its own.

  agent.py ADDRESS PORT    makes a file, connects, opens what it may not; ends when that is done
  agent.py serve ADDRESS   prints a port, and takes whoever comes
"""
import os
import pathlib
import socket
import sys
import time


def serve(address):
    listener, kept = socket.socket(), []
    listener.bind((address, 0))
    listener.listen()
    print(listener.getsockname()[1], flush=True)
    while True:
        kept.append(listener.accept())


def tried(change, *arguments):
    try:
        change(*arguments)
    except (OSError, AttributeError):
        pass


def grandchild(address, port):
    os.setsid()
    if os.fork():
        os._exit(0)
    tried(os.setuid, 12)
    tried(os.setgid, 12)
    tried(getattr(os, "unshare", None) or int, 0x10000000)
    pathlib.Path("made").write_text("by the agent\n")
    socket.create_connection((address, port), timeout=60)
    try:
        open("refused")
    except OSError as err:
        pathlib.Path("done").write_text(str(err.errno))
    os._exit(0)


if sys.argv[1] == "serve":
    serve(sys.argv[2])
child = os.fork()
if child == 0:
    grandchild(sys.argv[1], int(sys.argv[2]))
os.waitpid(child, 0)
for _ in range(1200):
    if pathlib.Path("done").exists():
        sys.exit(0)
    time.sleep(0.05)
sys.exit(1)
