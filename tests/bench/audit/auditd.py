# SPDX-License-Identifier: Apache-2.0
"""
auditd with a log of its own, given messages of AUDIT_USER through the kernel's audit as any program with CAP_AUDIT_WRITE may send them.

The kernel's audit is as it was afterwards. Needs root, auditd, and an audit of the kernel that nobody has taken.
"""
import contextlib
import os
import shutil
import signal
import socket
import struct
import subprocess
import time

GET, SET, USER = 1000, 1001, 1005
ENABLED, PID, BACKLOG = 1, 4, 16
CONFIGURATION = """local_events = yes
write_logs = yes
log_file = {log}
log_group = root
log_format = RAW
flush = {flush}
freq = {frequency}
max_log_file = 4096
num_logs = 2
priority_boost = 0
name_format = NONE
max_log_file_action = IGNORE
space_left = 75
space_left_action = IGNORE
admin_space_left = 50
admin_space_left_action = IGNORE
disk_full_action = IGNORE
disk_error_action = IGNORE
distribute_network = no
q_depth = 99999
overflow_action = IGNORE
plugin_dir = {directory}/plugins.d
"""


def missing():
    """What is missing, or None."""
    if os.geteuid() != 0 or not shutil.which("auditd", path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
        return "root and auditd"
    try:
        with kernel() as audit:
            return "the kernel's audit, which somebody else has taken" if status(audit)[3] else None
    except OSError as error:
        return f"the kernel's audit ({error.strerror})"


def kernel():
    audit = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9)
    audit.bind((0, 0))
    return audit


def say(audit, kind, content, flags=1):
    audit.send(struct.pack("=IHHII", 16 + len(content), kind, flags, 1, 0) + content)


def status(audit):
    """mask, enabled, failure, pid, rate limit, backlog limit, lost, backlog"""
    say(audit, GET, b"")
    while True:
        message = audit.recv(9000)
        if struct.unpack_from("=H", message, 4)[0] == GET:
            return struct.unpack_from("=8I", message, 16)


def put(audit, mask, enabled=0, pid=0, backlog=0):
    say(audit, SET, struct.pack("=10I", mask, enabled, 0, pid, 0, backlog, 0, 0, 0, 0), flags=5)
    audit.recv(9000)


@contextlib.contextmanager
def running(place, flush, frequency):
    directory = place / "auditd"
    (directory / "plugins.d").mkdir(parents=True, mode=0o750)
    (directory / "auditd.conf").write_text(CONFIGURATION.format(log=directory / "audit.log", flush=flush, frequency=frequency, directory=directory))
    (directory / "auditd.conf").chmod(0o640)
    os.chown(directory / "auditd.conf", 0, 0)
    with kernel() as audit:
        before = status(audit)
        daemon = subprocess.Popen(["/usr/sbin/auditd", "-n", "-c", str(directory)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            for _ in range(500):
                if status(audit)[3] == daemon.pid and (directory / "audit.log").exists():
                    break
                assert daemon.poll() is None, "auditd ended"
                time.sleep(0.02)
            put(audit, BACKLOG, backlog=8192)
            put(audit, ENABLED, enabled=1)
            yield audit, directory / "audit.log"
        finally:
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(30)
            put(audit, ENABLED, enabled=before[1])
            put(audit, BACKLOG, backlog=before[5])
            shutil.rmtree(directory)


def count(log, state):
    """Records in the log, of which `state` has those that were counted before."""
    with open(log, "rb") as lines:
        lines.seek(state[0])
        while chunk := lines.read(1 << 20):
            state[0] += len(chunk)
            state[1] += chunk.count(b"bench-record")
    return state[1]


def measure(place, records, size, flush, frequency):
    """Records a second until the last is in auditd's log; those that the kernel or auditd lost count as not taken."""
    with running(place, flush, frequency) as (audit, log):
        message = b"op=bench-record fill=" + b"x" * (size - 22) + b"\0"
        lost_before, state = status(audit)[6], [0, 0]
        start = time.monotonic()
        for _ in range(records):
            say(audit, USER, message)
        last = start
        while time.monotonic() - last < 3:
            known = state[1]
            if count(log, state) >= records:
                last = time.monotonic()
                break
            if state[1] > known:
                last = time.monotonic()
            time.sleep(0.01)
        return state[1] / (last - start), max(0, records - state[1]), status(audit)[6] - lost_before
