# SPDX-License-Identifier: Apache-2.0
"""
What a test starts ends with it, and the kernel's audit is then as it was before: also when the test fails, is interrupted or is killed.

  sys.exit(guard.whole(main))

main() runs in a process of its own. Whoever loses its parent there becomes a child of the one that stays, so daemons are found, too.
"""
import ctypes
import os
import pathlib
import signal
import socket
import struct
import sys
import time

SET_PDEATHSIG, SET_CHILD_SUBREAPER = 1, 36
GRACE_S, LAST_S = 5, 30  # to end by itself; until it is said that it does not
AUDIT, GET, SET, DELETE, LIST, ERROR, DONE = 9, 1000, 1001, 1012, 1013, 2, 3
ENABLED, BACKLOG = 1, 16


# ---- the kernel's audit ----

def audit_ask(kind, data=b""):
    """What is answered. An OSError where this process may not ask."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, AUDIT) as channel:
        channel.settimeout(10)
        channel.send(struct.pack("=IHHII", 16 + len(data), kind, 5, 1, 0) + data)
        answers = []
        while True:
            message = channel.recv(16384)
            number, = struct.unpack_from("=H", message, 4)
            if number == ERROR:
                error, = struct.unpack_from("=i", message, 16)
                if error:
                    raise OSError(-error, os.strerror(-error))
                if kind in (SET, DELETE) or kind == GET and answers:
                    return answers
            elif number == DONE:
                return answers
            elif number == kind:
                answers.append(message[16:])
                if kind == GET:
                    return answers


def audit_now():
    """(whether it is on, how much it holds, its rules); None where this process may not ask."""
    try:
        status = struct.unpack_from("=7I", audit_ask(GET)[0])
        return status[1], status[5], audit_ask(LIST)
    except (OSError, IndexError):
        return None


def audit_reader():
    """Who listens to it and lives; 0 = nobody."""
    try:
        pid = struct.unpack_from("=7I", audit_ask(GET)[0])[3]
    except (OSError, IndexError):
        return 0
    return pid if pid and os.path.exists(f"/proc/{pid}") else 0


def audit_back(before):
    """Where somebody else listens by now, what changed may be his."""
    after = audit_now()
    if before is None or after is None or after == before or audit_reader():
        return
    for rule in after[2]:
        if rule not in before[2]:
            audit_ask(DELETE, rule)
    if after[:2] != before[:2]:
        audit_ask(SET, struct.pack("=10I", ENABLED | BACKLOG, before[0], 0, 0, 0, before[1], 0, 0, 0, 0))


# ---- processes ----

def descendants():
    """[(pid, name)] of all that run below this process."""
    below = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                name, fields = (entry / "stat").read_text(errors="replace").split("(", 1)[1].rsplit(")", 1)
            except OSError:
                continue
            below.setdefault(int(fields.split()[1]), []).append((int(entry.name), name))
    found, heads = [], [os.getpid()]
    while heads:
        for pid, name in below.get(heads.pop(), []):
            found.append((pid, name))
            heads.append(pid)
    return found


def reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def end_all():
    """What had to be ended, and what did not end."""
    begun, told = time.monotonic(), {}
    while True:
        reap()
        left = descendants()
        since = time.monotonic() - begun
        if not left or since > LAST_S:
            return told, left
        for pid, name in left if since > GRACE_S else []:
            try:
                os.kill(pid, signal.SIGKILL if since > 2 * GRACE_S else signal.SIGTERM)
                told[pid] = name
            except ProcessLookupError:
                pass
        time.sleep(0.05)


def wait_for(child, wanted):
    """Its exit status. `wanted`: signals that came here."""
    told_at = 0
    while True:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == child:
            return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        if wanted and not told_at:
            os.kill(child, signal.SIGTERM)
            told_at = time.monotonic()
        if told_at and time.monotonic() - told_at > LAST_S:
            os.kill(child, signal.SIGKILL)
        if not pid:
            signal.sigtimedwait([signal.SIGCHLD], 0.5)


def interrupted(number, _):
    sys.exit(128 + number)


def within(main, before):
    """In the process of the tests."""
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    signal.signal(signal.SIGTERM, interrupted)
    ctypes.CDLL(None).prctl(SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    status = 1
    try:
        status = main() or 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:  # it is shown as it would be without this
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(status))


def whole(main, tidy=lambda pid: None):
    """Its exit status. tidy(pid of its process) is called when nothing of it runs any more."""
    audit, wanted = audit_now(), []
    ctypes.CDLL(None).prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        within(main, before)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: wanted.append(number))
    status = wait_for(child, wanted)
    ended, left = end_all()
    for word, found in (("ended", sorted(set(ended.values()))), ("does not end", sorted({f"{name} ({pid})" for pid, name in left}))):
        if found:
            print(f"left by the tests, {word}: {', '.join(found)}", file=sys.stderr)
    tidy(child)
    if status or ended or left:
        audit_back(audit)
    return status or bool(left)
