#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""giving_up.py CORDON [all]: `cordon run` is told to end while its program begins. In the place of cordond and of the keeper, which say when: what had begun goes on and
hears of it, what had not is given up. `all`: a keeper that says nothing any more as well, which takes ten seconds."""
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from wire import BOUND_S, MOST, TAG, TYPE, becomes, fields_of, kind_of, message, number, request_of, send, text, value_of

SYSTEM, ECANCELED = 4, 125
GIVEN_UP, LOST = 128 + signal.SIGTERM, 125


class Launch:
    """A client that has told all, and waits."""

    def __init__(self, listener, directory):
        self.client = subprocess.Popen([sys.argv[1], "run", "--no-card", "--", "true"], cwd=f"{directory}/work", stderr=subprocess.DEVNULL,
                                       env={"HOME": directory, "PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": directory, "CORDON_DAEMON": "required"})
        self.control, _ = listener.accept()
        kind = None
        while kind != TYPE.OPEN:
            data, fds, _, _ = socket.recv_fds(self.control, MOST, 1)
            kind = kind_of(data)
        self.keeper = socket.socket(fileno=fds[0])
        self.keeper.settimeout(BOUND_S)
        while self.hear()[0] != TYPE.GO:
            pass

    def hear(self):
        """Type, and the whole; (0, b"") of a client that is gone."""
        try:
            data, fds, _, _ = socket.recv_fds(self.keeper, MOST, 2)
        except ConnectionResetError:
            return 0, b""
        for fd in fds:
            os.close(fd)
        return kind_of(data), data

    def say(self, kind, *fields, request=0):
        send(self.keeper, message(kind, *fields, request=request))

    def say_started(self):
        self.say(TYPE.STARTED, text(TAG.ID, "01m83n5msf9p0nzme74pas0ws5"), number(TAG.PID, os.getpid()), number(TAG.LEVEL, 0))

    def ends(self):
        """With what status, where its keeper hangs up."""
        self.keeper.close()
        return self.client.wait(BOUND_S)

    def tell(self, signal_number=signal.SIGTERM):
        self.client.send_signal(signal_number)

    def passes_on(self):
        """The signal arrives where the program is."""
        kind, data = self.hear()
        if kind != TYPE.SIGNAL or value_of(dict(fields_of(data))[TAG.SIGNAL]) != signal.SIGTERM:
            return False
        self.say(TYPE.DONE, request=request_of(data))
        return True

    def is_stopped(self):
        with open(f"/proc/{self.client.pid}/stat", encoding="ascii") as stat:
            return stat.read().rpartition(")")[2].split()[0] == "T"


def what_has_begun_hears_of_it(launch):
    launch.say(TYPE.TAKEN)
    launch.tell()
    if launch.hear()[0] != TYPE.GIVE_UP:
        return False
    launch.say_started()
    return launch.passes_on() and launch.ends() == LOST


def what_was_said_before_counts(launch):
    launch.tell(signal.SIGSTOP)
    if not becomes(launch.is_stopped):
        return False
    launch.say(TYPE.TAKEN)
    launch.say_started()
    launch.tell()
    launch.tell(signal.SIGCONT)
    return launch.passes_on() and launch.ends() == LOST


def what_had_not_begun_is_given_up(launch):
    launch.say(TYPE.TAKEN)
    launch.tell()
    if launch.hear()[0] != TYPE.GIVE_UP:
        return False
    launch.say(TYPE.FAILED, number(TAG.ERROR_KIND, SYSTEM), number(TAG.ERRNUM, ECANCELED), text(TAG.TEXT, "the launch was given up"))
    return launch.hear()[0] == 0 and launch.ends() == GIVEN_UP


def what_nobody_has_taken_is_waited_for_no_longer(launch):
    launch.tell()
    return launch.hear()[0] == 0 and launch.ends() == GIVEN_UP


def a_keeper_that_says_nothing_is_waited_for_no_longer(launch):
    launch.say(TYPE.TAKEN)
    launch.tell()
    return launch.hear()[0] == TYPE.GIVE_UP and launch.hear()[0] == 0 and launch.ends() == GIVEN_UP


def main():
    attempts = [what_has_begun_hears_of_it, what_was_said_before_counts, what_had_not_begun_is_given_up, what_nobody_has_taken_is_waited_for_no_longer]
    directory, failed = tempfile.mkdtemp(prefix="cordon-giving-up."), 0
    os.mkdir(f"{directory}/work")
    os.mkdir(f"{directory}/cordon", 0o700)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(f"{directory}/cordon/control.sock")
    listener.listen()
    listener.settimeout(BOUND_S)
    if sys.argv[2:] == ["all"]:
        attempts.append(a_keeper_that_says_nothing_is_waited_for_no_longer)
    for attempt in attempts:
        launch = Launch(listener, directory)
        try:
            held = attempt(launch)
        except (TimeoutError, subprocess.TimeoutExpired):
            held = False
        if not held:
            print(f"{attempt.__name__}: not so")
            failed += 1
        launch.client.kill()
        launch.client.wait()
        launch.keeper.close()
        launch.control.close()
    shutil.rmtree(directory)
    return 1 if failed else 0


sys.exit(main())
