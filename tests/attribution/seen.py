# SPDX-License-Identifier: Apache-2.0
"""What an agent does is found by uid, login uid and control group; what the human does at the same time is not."""
import os
import pathlib
import pwd
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

from world import BUILD, COUNT, FIRST, Keeper, ROOT, World, cgroups_of, login_of, status_of

USER, Skip = "agent1", Exception
TESTS = {}


def test(function):
    TESTS[function.__name__] = function
    return function


def same(got, wanted, what=""):
    if got != wanted:
        raise AssertionError(f"{what}: {got!r}, not {wanted!r}")


def is_own(uid):
    return FIRST <= uid < FIRST + COUNT


class Workspace:
    def __init__(self, user):
        self.entry = pwd.getpwnam(user)
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="cordon-work-", dir="/tmp"))
        os.chown(self.place, self.entry.pw_uid, self.entry.pw_gid)
        self.place.chmod(0o755)
        self.policy = pathlib.Path(tempfile.mkstemp(prefix="cordon-policy-", dir="/tmp", suffix=".yaml")[1])
        self.policy.chmod(0o644)
        self.write()

    def write(self, more=""):
        self.policy.write_text(f"version: cordon/1\nextends: [base]\nfilesystem:\n  readwritePaths: [{self.place}]\n{more}")
        return self.policy

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["rm", "-rf", str(self.place), str(self.policy)], check=True)


def inner(pid):
    """The processes of a container, by their numbers outside."""
    found, rest = [], [pid]
    while rest:
        for task in pathlib.Path(f"/proc/{rest.pop()}/task").glob("*"):
            try:
                children = [int(word) for word in (task / "children").read_text().split()]
            except OSError:
                continue
            found += children
            rest += children
    return found


def wait_for(look, what, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got = look()
        if got:
            return got
        time.sleep(0.02)
    raise AssertionError(f"not within {seconds} s: {what}")


def is_adopted(process, by):
    """Its own parents are gone; the program itself, which waits, has a session of process 1's making."""
    try:
        status = status_of(process)
        cmdline = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return False
    return "python" in status["Name"] and status["PPid"] == str(by) and not status["State"].startswith("Z") and int(cmdline[3]) != process


# A grandchild: tries to become somebody else, leaves its session, is forked twice, tries a namespace of its own; then does what it is told.
DAEMON = """
import os, socket, sys, time
if os.fork():
    time.sleep(60)
os.setsid()
if os.fork():
    os._exit(0)
for change in (os.setuid, os.setgid, os.seteuid):
    try:
        change(0 if os.getuid() else 12)
    except OSError:
        pass
try:
    os.unshare(0x10000000)
except (OSError, AttributeError):
    pass
open("made", "w").write("x")
server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen()
held = socket.create_connection(server.getsockname())
try:
    open("refused")
except OSError as err:
    open("errno", "w").write(str(err.errno))
time.sleep(60)
"""


def whoever(user):
    with World() as world, Workspace(user) as work:
        work.write(f"  deniedPaths: [{work.place}/refused]\n")
        (work.place / "refused").write_text("x")
        os.chown(work.place / "refused", work.entry.pw_uid, work.entry.pw_gid)
        keeper = Keeper(world, user)
        pid, name, output = keeper.begin(work.policy, "/usr/bin/env", "-C", str(work.place), "python3", "-c", DAEMON)
        human = subprocess.Popen(["sleep", "60"], user=work.entry.pw_uid, group=work.entry.pw_gid)
        try:
            wait_for((work.place / "errno").exists, "the grandchild's doing")
            daemon = wait_for(lambda: [p for p in inner(pid) if is_adopted(p, pid)], "the grandchild")[0]
            uid = int(status_of(daemon)["Uid"].split()[0])
            if not is_own(uid):
                raise AssertionError(f"its uid outside is {uid}")
            same(set(status_of(daemon)["Uid"].split()), {str(uid)}, "uids")
            same(login_of(daemon), uid, "login uid")
            for controller, path in cgroups_of(daemon).items():
                if controller in ("", "freezer", "memory", "pids"):
                    same(path.startswith(f"{world.cgroup}/{keeper.group}/{name}"), True, f"control group of {controller}: {path}")
            with open(f"/proc/{daemon}/net/tcp") as file:
                owners = {int(line.split()[7]) for line in file.readlines()[1:] if line.split()[3] != "06"}
            same(owners, {uid}, "who has the connections")
            same((work.place / "made").stat().st_uid, work.entry.pw_uid, "whose the file is on disk")
            same((work.place / "errno").read_text(), "13", "the denial")
            same(int(status_of(human.pid)["Uid"].split()[0]), work.entry.pw_uid, "the human's uid")
            same(is_own(login_of(human.pid)), False, "the human's login uid is an agent's")
            same(any(path.startswith(world.cgroup) for path in cgroups_of(human.pid).values()), False, "the human is in a container's group")
            same(is_own(login_of(keeper.pid)), False, "the keeper's login uid is an agent's")
        finally:
            human.kill()
            human.wait()
            output.close()
            keeper.close()


@test
def what_a_daemonised_grandchild_of_an_ordinary_user_does_is_its_own():
    whoever(USER)


@test
def what_a_daemonised_grandchild_of_root_does_is_its_own():
    whoever("root")


@test
def two_containers_are_two():
    with World() as world, Workspace(USER) as work:
        keepers = [Keeper(world, USER) for _ in range(2)]
        begun = [keeper.begin(work.policy, "/bin/sleep", "60") for keeper in keepers]
        uids = {int(status_of(pid)["Uid"].split()[0]) for pid, _, _ in begun}
        groups = {cgroups_of(pid).get("", cgroups_of(pid).get("pids")) for pid, _, _ in begun}
        sessions = {pathlib.Path(f"/proc/{pid}/sessionid").read_text() for pid, _, _ in begun}
        same((len(uids), len(groups), len(sessions)), (2, 2, 2), "uids, groups, sessions")
        for keeper in keepers:
            keeper.close()


@test
def a_container_sees_itself_as_its_caller():
    with World() as world, Workspace(USER) as work:
        (work.place / "mine").write_text("x")
        os.chown(work.place / "mine", work.entry.pw_uid, work.entry.pw_gid)
        keeper = Keeper(world, USER)
        status, text = keeper.run(work.policy, "/bin/sh", "-c", f"cd {work.place} && id -u && id -g && stat -c %u mine && echo more >>mine")
        same((status, text.split()), (0, [str(work.entry.pw_uid), str(work.entry.pw_gid), str(work.entry.pw_uid)]), "inside")
        same((work.place / "mine").stat().st_uid, work.entry.pw_uid, "on disk")
        keeper.close()


@test
def limits_of_an_ordinary_users_container_are_the_launchers_to_keep():
    hungry = "blocks = []\nfor _ in range(200):\n    blocks.append(bytearray(b'x') * (1 << 20))\nprint('had it all')"
    with World() as world, Workspace(USER) as work:
        keeper = Keeper(world, USER)
        for limit, wanted in (("64MiB", False), ("512MiB", True)):
            work.policy.write_text(f"version: cordon/1\nextends: [base]\nfilesystem:\n  readwritePaths: [{work.place}]\nresources: {{memory: {limit}, pids: 20}}\n")
            status, text = keeper.run(work.policy, "/usr/bin/python3", "-c", hungry)
            same((status == 0, "had it all" in text), (wanted, wanted), f"with {limit}: {status} {text!r}")
        keeper.close()


def owners_of(port):
    """Of the established connections to this port of ours, as the host sees it: who made them."""
    with open("/proc/net/tcp") as file:
        rows = [line.split() for line in file.readlines()[1:]]
    return sorted(int(row[7]) for row in rows if row[3] == "01" and int(row[2].split(":")[1], 16) == port)


@test
def a_connection_through_the_gateway_is_the_agents_and_the_humans_is_the_humans():
    addresses = [a for a in subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=True).stdout.split() if "." in a]
    if not addresses:
        raise Skip("an address that is not loopback")
    with World() as world, Workspace(USER) as work, socket.socket() as server:
        server.bind((addresses[0], 0))
        server.listen()
        port = server.getsockname()[1]
        work.write(f"network:\n  egress:\n    allow:\n      - to: [{{cidr: {addresses[0]}/32}}]\n        ports: [{{port: {port}, protocol: tcp}}]\n")
        keeper = Keeper(world, USER)
        script = f"exec 3<>/dev/tcp/{addresses[0]}/{port}; echo x >&3; sleep 60"
        pid, _, output = keeper.begin(work.policy, "/bin/bash", "-c", script)
        human = subprocess.Popen(["/bin/bash", "-c", script], user=work.entry.pw_uid, group=work.entry.pw_gid)
        try:
            wait_for(lambda: len(owners_of(port)) == 2, "two connections")
            uid = int(status_of(pid)["Uid"].split()[0])
            same(owners_of(port), sorted([uid, work.entry.pw_uid]), "who made them")
        finally:
            human.kill()
            human.wait()
            output.close()
            keeper.close()


@test
def the_kernels_audit_records_name_the_agent_and_not_the_human():
    sys.path.insert(0, str(ROOT / "tests/sensor"))
    from audit import Audit
    rule = ["-F", "arch=b64", "-S", "openat", "-F", "exit=-EACCES", "-F", f"auid>={FIRST}", "-F", f"auid<={FIRST + COUNT - 1}"]
    if not pathlib.Path("/usr/sbin/auditctl").exists():
        raise Skip("auditctl")
    with World() as world, Workspace(USER) as work:
        work.write(f"  deniedPaths: [{work.place}/refused]\n")
        (work.place / "refused").write_text("x")
        keeper = Keeper(world, USER)
        channel = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9)
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        channel.bind((0, 1))
        with Audit(spares=False):
            subprocess.run(["/usr/sbin/auditctl", "-a", "always,exit", *rule], check=True, capture_output=True)
            try:
                status, _ = keeper.run(work.policy, "/bin/sh", "-c", f"(setsid cat {work.place}/refused)")
                subprocess.run(["cat", "/etc/shadow"], user=work.entry.pw_uid, capture_output=True, check=False)
            finally:
                subprocess.run(["/usr/sbin/auditctl", "-d", "always,exit", *rule], check=True, capture_output=True)
        records = []
        while select.select([channel], [], [], 0.3)[0]:
            data = channel.recv(16384)
            kind, = struct.unpack_from("=H", data, 4)
            if kind == 1300:
                records.append(data[16:].decode(errors="replace"))
        keeper.close()
        same(status, 1, "the denial")
        ours = [r for r in records if 'comm="cat"' in r]
        if not ours:
            raise AssertionError("no record of the agent's denial")
        for record in ours:
            auid = int(record.split(" auid=")[1].split()[0])
            uid = int(record.split(" uid=")[1].split()[0])
            same((is_own(auid), auid), (True, uid), "who a record names")
