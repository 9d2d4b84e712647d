# SPDX-License-Identifier: Apache-2.0
"""A machine whose kernel starts foreign programs by an interpreter, as WSL does: a user namespace with its own table of
program formats, in which all users are themselves. formats.py NAME MAGIC INTERPRETER registers one format with the flags
that WSL gives (P, F: the interpreter is opened now), prints 'ready PID' and stays: enter it by nsenter. Needs root, Linux 6.7."""
import ctypes
import os
import signal
import sys

CLONE_NEWNS, CLONE_NEWUSER, MS_REC, MS_PRIVATE = 0x20000, 0x10000000, 0x4000, 0x40000
TABLE = "/proc/sys/fs/binfmt_misc"
libc = ctypes.CDLL(None, use_errno=True)


def need(status):
    if status < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def inside(is_mapped, name, magic, interpreter):
    need(libc.unshare(CLONE_NEWUSER | CLONE_NEWNS))
    print("unshared", flush=True)
    os.read(is_mapped, 1)
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    need(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None))
    need(libc.mount(b"none", TABLE.encode(), b"binfmt_misc", 0, None))
    with open(f"{TABLE}/register", "w", encoding="ascii") as table:
        table.write(f":{name}:M::{magic}::{interpreter}:PF")
    print("ready", os.getpid(), flush=True)
    signal.pause()


is_mapped, say_mapped = os.pipe()
out, child_out = os.pipe()
child = os.fork()
if child == 0:
    libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    os.dup2(child_out, 1)
    inside(is_mapped, *sys.argv[1:])
os.close(child_out)
lines = os.fdopen(out)
if lines.readline() != "unshared\n":
    sys.exit("no user namespace")
for kind in ("uid", "gid"):
    with open(f"/proc/{child}/{kind}_map", "w", encoding="ascii") as ids:
        ids.write("0 0 4294967295")
os.write(say_mapped, b"1")
for line in lines:
    print(line, end="", flush=True)
