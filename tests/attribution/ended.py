# SPDX-License-Identifier: Apache-2.0
"""What tests start ends with them, however they end (tests/guard.py), and the kernel's audit is as it was."""
import os
import pathlib
import signal
import subprocess
import sys

import guard
from seen import same, wait_for

USER, Skip = "agent1", Exception
TESTS = {}

# A daemon away from its parents that has audit hold one record more, with a rule of its own; then HOW it ends.
CODE = """
import os, struct, subprocess, sys, time
sys.path.insert(0, sys.argv[1])
import guard

def begin():
    subprocess.run(["/usr/sbin/auditctl", "-a", "always,exit", "-F", "arch=b64", "-S", "openat", "-F", "auid=1879113700", "-k", "cordon-guard"], capture_output=True, check=False)
    now = guard.audit_now()
    if now:
        guard.audit_ask(guard.SET, struct.pack("=10I", guard.BACKLOG, 0, 0, 0, 0, now[1] + 1, 0, 0, 0, 0))
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        guard.signal.signal(guard.signal.SIGTERM, guard.signal.SIG_DFL)
        os.write(1, f"{os.getppid()} {os.getpid()}\\n".encode())  # at once: both write
        time.sleep(1000)
    os.wait()
    os.write(1, f"tests {os.getpid()}\\n".encode())

def main():
    begin()
    if sys.argv[2] == "fails":
        raise ValueError("as a test does")
    time.sleep(1000)

guard.GRACE_S = 0.5
sys.exit(guard.whole(main) if sys.argv[3] == "guarded" else main())
"""


def test(function):
    TESTS[function.__name__] = function
    return function


def is_there(pid):
    try:
        return not pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return False


def traces():
    """What of that is in audit: how much it holds, how many such rules it has."""
    now = guard.audit_now()
    return now and (now[1], sum(b"cordon-guard" in rule for rule in now[2]))


class Tests:
    def __init__(self, how, guarded="guarded"):
        self.process = subprocess.Popen([sys.executable, "-c", CODE, str(pathlib.Path(guard.__file__).parent), how, guarded], stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        said = dict(self.process.stdout.readline().split()[::-1] for _ in range(2))
        self.tests = int(next(pid for pid, word in said.items() if word == "tests"))
        self.daemon = int(next(pid for pid, word in said.items() if word != "tests"))


@test
def what_a_test_leaves_ends_with_it_and_audit_is_as_it_was():
    if guard.audit_reader():
        raise Skip("a machine whose audit nobody reads")
    before = traces()
    for how in ("fails", "interrupted", "terminated", "killed"):
        left = Tests(how)
        if how == "killed":
            os.kill(left.tests, signal.SIGKILL)
        elif how != "fails":
            left.process.send_signal(signal.SIGINT if how == "interrupted" else signal.SIGTERM)
        status = left.process.wait(120)
        same((status != 0, is_there(left.daemon)), (True, False), f"{how}: the status ({status}), and the daemon")
        same(traces(), before, f"{how}: audit")


@test
def without_that_it_goes_on():
    """The control."""
    if guard.audit_reader():
        raise Skip("a machine whose audit nobody reads")
    before, known, left = guard.audit_now(), traces(), Tests("fails", "alone")
    try:
        left.process.wait(120)
        same(is_there(left.daemon), True, "the daemon")
        if known:
            same(traces(), (known[0] + 1, known[1] + (os.path.exists("/usr/sbin/auditctl"))), "audit")
    finally:
        os.kill(left.daemon, signal.SIGKILL)
        wait_for(lambda: not is_there(left.daemon), "the end of the daemon")
        guard.audit_back(before)
