# SPDX-License-Identifier: Apache-2.0
"""Containers inside of containers: what the launcher makes of them, what a hostile keeper cannot, and that nothing of them is left."""
import json
import os
import pathlib
import select
import signal
import socket
import struct
import subprocess
import sys

from held import begin, is_there, settled
from hostile import Hostile, refused
from seen import DAEMON, Workspace, inner, is_adopted, is_own, same, wait_for
from sensed import Heard, refusals
from world import (BUILD, COUNT, COUNTS, END, FIRST, FREEZE, IDMAP, KILL, LIMIT, NESTER, ORDER, OWN_UID, SPAWN, THAW, Keeper, World, ask, cgroups_of, hierarchies, login_of, request,
                   status_of)

USER, Skip = "agent1", Exception
TESTS = {}


def test(function):
    TESTS[function.__name__] = function
    return function


def inside(launcher, name, around):
    reply, channel = begin(launcher, name, flags=0, around=around)
    settled(reply.pid)
    return reply, channel


def three(launcher):
    """b in a and c in b, where a is there. [(reply, channel)]"""
    return [inside(launcher, "b", "a"), inside(launcher, "c", "b")]


def gone(reply):
    wait_for(lambda: not is_there(reply.pid), f"the end of {reply.cgroup}")
    wait_for(lambda: not any(os.path.exists(mount + reply.cgroup) for mount in hierarchies()), f"the group {reply.cgroup} is gone")


def records(it):
    return sorted(name for name in os.listdir(it.world.place / "records") if "." in name)


def nester(launcher, name):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        return ask(launcher, request(NESTER, name=name), [theirs.fileno()]), ours


@test
def what_is_inside_has_the_uid_of_the_one_around_and_a_login_uid_and_group_of_its_own():
    with Hostile() as it:
        made = three(it.socket)
        replies = [it.reply, *(reply for reply, _ in made)]
        same({reply.uid for reply in replies}, {it.reply.uid}, "uids")
        same({int(word) for reply in replies for word in status_of(reply.pid)["Uid"].split()}, {it.reply.uid}, "uids as the kernel has them")
        logins, sessions = [login_of(reply.pid) for reply in replies], [pathlib.Path(f"/proc/{reply.pid}/sessionid").read_text() for reply in replies]
        same((len(set(logins)), len(set(sessions)), all(is_own(login) for login in logins)), (3, 3, True), f"login uids {logins} and sessions {sessions}")
        same([reply.login_uid for reply in replies], logins, "as they were told")
        same([reply.cgroup for reply in replies[1:]], [it.reply.cgroup + "/b", it.reply.cgroup + "/b/c"], "groups")
        for reply in replies:
            for controller, path in cgroups_of(reply.pid).items():
                if controller in ("", "freezer", "memory", "pids"):
                    same(path, reply.cgroup, f"control group of {controller or 'version 2'}")
        same(ask(it.socket, request(COUNTS, name="a")).counts["processes"], 3, "what is around counts all")
        for _, channel in made:
            channel.close()


@test
def what_is_no_running_container_of_the_same_keeper_has_nobody_inside():
    with Hostile() as it, open("/dev/null", "rb") as null:
        fd = null.fileno()
        other = Keeper(it.world, USER)
        reply, channel = begin(other.launcher(), "theirs")
        settled(reply.pid)
        for around, errno in (("theirs", 116), ("nothing", 116), ("b", 116), ("..", 22), ("a/", 22), ("a\n", 22), ("keeper", 116), ("x" * 64, 22), (f"../{other.group}/theirs", 22)):
            try:
                refused(errno, it.socket, request(SPAWN, name="b", around=around), [fd])
            except AssertionError as err:
                raise AssertionError(f"{around}: {err}") from err
        refused(22, it.socket, request(SPAWN, name="b", around="a", flags=OWN_UID), [fd])
        refused(17, it.socket, request(SPAWN, name="a", around="a"), [fd])
        refused(1, it.world.daemon, request(SPAWN, name="b", around="a", group=it.keeper.group), [fd])
        ended, end = begin(it.socket, "ended")
        settled(ended.pid)
        os.kill(ended.pid, signal.SIGKILL)  # END was not said
        wait_for(lambda: not is_there(ended.pid), "its end")
        refused(116, it.socket, request(SPAWN, name="b", around="ended"), [fd])
        refused(116, it.socket, request(NESTER, name="ended"), [fd])
        same([path for mount in hierarchies() for path in pathlib.Path(mount + it.reply.cgroup).parent.rglob("b")], [], "groups of what was refused")
        made, theirs = inside(it.socket, "b", "a")  # the control
        same(made.uid, it.reply.uid, "uid")
        for made in (end, channel, theirs):
            made.close()
        other.close()


@test
def there_is_an_end_to_how_deep_it_goes():
    with Hostile() as it, open("/dev/null", "rb") as null:
        held, around = [], "a"
        for level in range(8):
            held.append(inside(it.socket, f"l{level}", around))
            around = f"l{level}"
        refused(7, it.socket, request(SPAWN, name="more", around=around), [null.fileno()])
        around, long = "a", 0
        for level in range(8):  # names that are as long as they may be
            name = f"{level}" + "x" * 62
            try:
                held.append(inside(it.socket, name, around))
            except Exception as why:
                same("at most 9 containers" in str(why), True, str(why))
                break
            around, long = name, long + 1
        same(2 < long < 8, True, f"{long} long names")
        ask(it.socket, request(END, name="a"))
        for reply, channel in held:
            gone(reply)
            channel.close()


@test
def what_is_inside_has_no_limits_and_no_maps_of_its_own():
    with Hostile() as it, open("/dev/null", "rb") as null:
        _, channel = inside(it.socket, "b", "a")
        for limits in ((64 << 20, 0, 0), (0, 5, 0), (0, 0, 500)):
            same("inside of another" in refused(95, it.socket, request(LIMIT, name="b", limits=limits)), True, "why")
        refused(22, it.socket, request(IDMAP, name="b"), [null.fileno()])
        ask(it.socket, request(LIMIT, name="a", limits=(64 << 20, 5, 500)))
        channel.close()


@test
def what_is_around_is_frozen_and_ended_with_all_that_is_inside():
    for how in ("kill", "end", "daemon", "keeper"):
        with Hostile() as it:
            made = three(it.socket)
            ask(it.socket, request(ORDER, name="a", order=FREEZE))
            wait_for(lambda: ask(it.socket, request(COUNTS, name="a")).counts["is_frozen"], "frozen")
            wait_for(lambda: ask(it.socket, request(COUNTS, name="c")).counts["is_frozen"], "frozen inside")
            ask(it.socket, request(ORDER, name="a", order=THAW))
            wait_for(lambda: not ask(it.socket, request(COUNTS, name="c")).counts["is_frozen"], "thawed inside")
            if how == "keeper":
                os.kill(it.keeper.pid, signal.SIGKILL)
            elif how == "daemon":
                ask(it.world.daemon, request(ORDER, group=it.keeper.group, name="a", order=KILL))
            else:
                ask(it.socket, request(END, name="a") if how == "end" else request(ORDER, name="a", order=KILL))
            for reply, _ in made:
                wait_for(lambda reply=reply: not is_there(reply.pid), f"{how}: the end of {reply.cgroup}")
            wait_for(lambda: not is_there(it.reply.pid), f"{how}: the end")
            if how in ("kill", "daemon"):
                ask(it.socket, request(END, name="a"))
            for reply, channel in made:
                gone(reply)
                channel.close()
            gone(it.reply)
            same(records(it), [], f"{how}: records")


@test
def what_ends_inside_leaves_what_is_around():
    with Hostile() as it:
        made = three(it.socket)
        ask(it.socket, request(END, name="b"))
        for reply, channel in made:
            gone(reply)
            channel.close()
        same(is_there(it.reply.pid), True, "the one around")
        wait_for(lambda: records(it) == [f"{it.keeper.group}.a"], "records of what ended")
        reply, channel = inside(it.socket, "b", "a")  # its name is free
        same(reply.uid, it.reply.uid, "uid")
        channel.close()


@test
def a_uid_is_given_to_nobody_else_while_somebody_inside_has_it():
    with Hostile() as it:
        made = three(it.socket)
        os.kill(it.reply.pid, signal.SIGSTOP)
        ask(it.socket, request(END, name="a"))
        for reply, channel in made:
            gone(reply)
            channel.close()
        gone(it.reply)
        reply, channel = begin(it.socket, "next")
        same(reply.uid in {it.reply.uid, *(reply.login_uid for reply, _ in made)}, False, "a uid comes again before others do")
        channel.close()


@test
def a_launcher_that_begins_again_knows_what_is_inside_of_what():
    with Hostile() as it:
        made = three(it.socket)
        it.world.stop(signal.SIGKILL)
        it.world.start()
        back = it.keeper.connect()
        same([ask(back, request(COUNTS, name=name)).counts["processes"] for name in "abc"], [3, 2, 1], "found again")
        reply, channel = inside(back, "d", "c")
        same((reply.uid, reply.cgroup), (it.reply.uid, it.reply.cgroup + "/b/c/d"), "one more")
        refused(95, back, request(LIMIT, name="c", limits=(0, 5, 0)))
        ask(back, request(END, name="b"))
        for ended in (reply, *(reply for reply, _ in made)):
            gone(ended)
        same(is_there(it.reply.pid), True, "the one around")
        for end in (back, channel, *(channel for _, channel in made)):
            end.close()


@test
def what_has_lost_the_one_around_while_the_launcher_was_away_ends():
    for how in ("process", "record", "stray"):
        with Hostile() as it:
            made = three(it.socket)
            it.world.stop(signal.SIGKILL)
            if how == "process":
                os.kill(it.reply.pid, signal.SIGKILL)
            else:
                (it.world.place / f"records/{it.keeper.group}.{'a' if how == 'record' else 'c'}").unlink()
            it.world.start()
            for reply, channel in made if how != "stray" else made[1:]:
                gone(reply)
                channel.close()
            if how == "stray":
                same(is_there(made[0][0].pid) and is_there(it.reply.pid), True, "what is written down runs")
            else:
                gone(it.reply)
                wait_for(lambda it=it: records(it) == [], f"{how}: records")
            same(is_there(it.keeper.pid), True, "the keeper")


@test
def a_launcher_that_is_killed_while_it_starts_one_inside_leaves_nothing_behind():
    for moment in (0, 0.0005, 0.001, 0.002, 0.004):
        with Hostile() as it:
            held = []
            for name, around in (("b", "a"), ("c", "b"), ("d", "c")):
                ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                socket.send_fds(it.socket, [request(SPAWN, name=name, around=around)], [theirs.fileno()])
                theirs.close()
                held.append(ours)
            signal.sigtimedwait([], moment)
            it.world.stop(signal.SIGKILL)
            it.world.start()
            os.kill(it.keeper.pid, signal.SIGKILL)
            gone(it.reply)
            wait_for(lambda it=it: not os.listdir(it.world.place / "records"), "records")
            wait_for(lambda it=it: not any(found for mount in hierarchies() for found in pathlib.Path(mount + it.world.cgroup).glob("*-*")), "groups")
            for ours in held:
                ours.close()


@test
def who_makes_a_container_inside_costs_the_one_that_asked():
    with Hostile() as it:
        made = three(it.socket)
        for name, around in (("a", it.reply), ("c", made[1][0])):
            reply, channel = nester(it.socket, name)
            wait_for(lambda reply=reply: status_of(reply.pid)["Name"] == "cordon-nester", "cordon-nester")
            same((login_of(reply.pid), reply.login_uid), (login_of(it.keeper.pid), login_of(it.keeper.pid)), "login uid: its keeper's")
            same(set(status_of(reply.pid)["Uid"].split()), {str(it.keeper.uid)}, "uids: its keeper's")
            same(int(status_of(reply.pid)["CapEff"], 16), 0, "capabilities")
            for controller, path in cgroups_of(reply.pid).items():
                if controller in ("", "freezer", "memory", "pids"):
                    same(path, around.cgroup, f"control group of {controller or 'version 2'}")
            same(is_there(reply.pid), True, "it waits to be told")
            channel.close()
            wait_for(lambda reply=reply: not is_there(reply.pid), "its end with its channel")
        reply, channel = nester(it.socket, "b")
        ask(it.socket, request(END, name="b"))
        wait_for(lambda: not is_there(reply.pid), "its end with the container")
        for end in (channel, *(channel for _, channel in made)):
            end.close()


@test
def a_keeper_has_nesters_for_its_own_containers_alone():
    with Hostile() as it, open("/dev/null", "rb") as null:
        other = Keeper(it.world, "root")
        reply, channel = begin(other.launcher(), "theirs")
        settled(reply.pid)
        for name, errno in (("theirs", 116), ("nothing", 116), ("../a", 22), ("keeper", 116)):
            refused(errno, it.socket, request(NESTER, name=name, group=other.group), [null.fileno()])
        refused(1, it.world.daemon, request(NESTER, name="a", group=it.keeper.group), [null.fileno()])
        refused(71, it.socket, request(NESTER, name="a"))
        refused(71, it.socket, request(NESTER, name="a"), [null.fileno()] * 2)
        channel.close()
        other.close()


@test
def what_begins_inside_of_what_is_frozen_waits_for_it_and_holds_nobody_up():
    with Hostile() as it:
        ask(it.socket, request(ORDER, name="a", order=FREEZE))
        wait_for(lambda: ask(it.socket, request(COUNTS, name="a")).counts["is_frozen"], "frozen")
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        reply = ask(it.socket, request(SPAWN, name="b", around="a"), [theirs.fileno()])
        helper, channel = nester(it.socket, "a")
        for made in (reply, helper):
            same(cgroups_of(made.pid).get("freezer", cgroups_of(made.pid).get("")), made.cgroup or it.reply.cgroup, "its group")
            same(status_of(made.pid)["Name"], "cordon-launcher", "it has executed something")
        other = Keeper(it.world, USER)
        beside, end = begin(other.launcher(), "c")
        settled(beside.pid)
        ask(it.socket, request(ORDER, name="a", order=THAW))
        settled(reply.pid)
        wait_for(lambda: status_of(helper.pid)["Name"] == "cordon-nester", "cordon-nester")
        for made in (ours, theirs, channel, end):
            made.close()
        other.close()


@test
def nothing_of_what_has_ended_stays_with_the_launcher():
    with World() as world:
        keeper = Keeper(world, USER)
        launcher = keeper.launcher()
        hand = int(pathlib.Path(f"/proc/{world.process.pid}/task/{world.process.pid}/children").read_text().split()[0])
        for i in range(5):
            reply, channel = begin(launcher, f"a{i}")
            ask(launcher, request(END, name=f"a{i}"))
            gone(reply)
            channel.close()
        keeper.close()
        wait_for(lambda: not pathlib.Path(f"/proc/{hand}/task/{hand}/children").read_text(), "it has no children")


# ---- what is done inside ----

def workspace(work, more_outside="", more_inside=""):
    """What is refused lies below the workspace, for all levels alike."""
    for name in ("refused", "kept"):
        (work.place / name).write_text("x")
        os.chown(work.place / name, work.entry.pw_uid, work.entry.pw_gid)
    files = (f"version: cordon/1\nextends: [base]\nfilesystem:\n  readwritePaths: [{work.place}]\n  deniedPaths: [{work.place}/refused]\n"
             f"  readonlyPaths: [{BUILD.parent}, {work.place}/kept]\n")
    (work.place / "middle.yaml").write_text(f"{files}nested: {{containers: true, depth: 1}}\n{more_inside}")
    (work.place / "last.yaml").write_text(files + more_inside)
    work.policy.write_text(f"{files}nested: {{containers: true, depth: 2}}\n{more_outside or more_inside}")


def three_levels(work, *argv):
    """The command that has one run in the third level, from the first."""
    cordon = str(BUILD / "src/cli/cordon")
    middle, last = ([cordon, "run", "--no-card", "--policy", f"{name}.yaml", "--workspace", ".", "--"] for name in ("middle", "last"))
    return ["/usr/bin/env", "-C", str(work.place), *middle, *last, *argv]


def runs(world, user):
    """All records so far, by run: what began is the first of each."""
    found = {}
    for path in sorted((world.home(user) / ".local/state/cordon/runs").glob("*/events.jsonl")):
        lines = [json.loads(line) for line in path.read_text().splitlines() if line.endswith("}")]
        if lines and lines[0]["type"] == "run.started":
            found[path.parent.name] = lines
    return found


def levels(world, user, outermost):
    """The records of the outermost, the middle and the innermost, once all three have begun."""
    known, names = runs(world, user), [outermost]
    for _ in range(2):
        names += [name for name, events in known.items() if events[0].get("parent") == names[-1]]
    return [known[name] for name in names] if len(names) == 3 else None


def whoever(user):
    with Heard(user, "--calls", "always") as heard, Workspace(user) as work:
        workspace(work)
        pid, name, output = heard.keeper.begin(work.policy, *three_levels(work, "python3", "-c", DAEMON))
        human = subprocess.Popen(["sleep", "60"], user=work.entry.pw_uid, group=work.entry.pw_gid)
        try:
            wait_for((work.place / "errno").exists, "the grandchild's doing", 60)
            outer, middle, last = (events[0] for events in wait_for(lambda: levels(heard.world, user, name), "three records"))
            kernel = last["identity"]["kernel"]
            daemon = wait_for(lambda: [p for p in inner(last["pid"]) if is_adopted(p, last["pid"])], "the grandchild")[0]
            uid = int(status_of(pid)["Uid"].split()[0])
            same((set(status_of(daemon)["Uid"].split()), is_own(uid)), ({str(uid)}, True), "uids: of the one around")
            same((login_of(daemon), pathlib.Path(f"/proc/{daemon}/sessionid").read_text()), (kernel["loginUid"], str(kernel["session"])), "login uid, session")
            same(len({level["identity"]["kernel"]["loginUid"] for level in (outer, middle, last)}), 3, "login uids of three levels")
            for controller, path in cgroups_of(daemon).items():
                if controller in ("", "freezer", "memory", "pids"):
                    same(path, kernel["cgroup"], f"control group of {controller or 'version 2'}")
            same(kernel["cgroup"], f"{outer['identity']['kernel']['cgroup']}/{middle['run']}/{last['run']}", "its place")
            same(last["identity"]["name"], f"{outer['identity']['name']}/sub/{middle['run']}/sub/{last['run']}", "its name")
            same((set(last["identity"]["proof"]), last["identity"]["sponsor"]["uid"]), ({"loginuid", "cgroup", "pidfd"}, work.entry.pw_uid), "what proves it, its sponsor")
            # what it made and holds: the file by whoever has it open, the connection by its socket
            same((work.place / "made").stat().st_uid, work.entry.pw_uid, "whose the file is on disk")
            inodes = {os.readlink(path) for path in pathlib.Path(f"/proc/{daemon}/fd").iterdir()}
            rows = [line.split() for line in pathlib.Path(f"/proc/{daemon}/net/tcp").read_text().splitlines()[1:]]
            same({int(row[7]) for row in rows if f"socket:[{row[9]}]" in inodes and row[3] != "06"}, {uid}, "who has the connections that it holds")
            refused_in_last = wait_for(lambda: refusals(levels(heard.world, user, name)[2], "refused"), "the denial in its own record")
            same([found[:2] for found in refused_in_last], [("audit", "read")], "what permissions refused, by the kernel's word")
            same([refusals(events, "refused") for events in levels(heard.world, user, name)[:2]], [[], []], "the denial in the records of those around")
            same((is_own(login_of(human.pid)), is_own(login_of(heard.keeper.pid))), (False, False), "the human's and the keeper's login uids")
        finally:
            human.kill()
            human.wait()
            output.close()


@test
def what_a_grandchild_does_three_levels_deep_is_the_innermosts_for_an_ordinary_user():
    whoever(USER)


@test
def what_a_grandchild_does_three_levels_deep_is_the_innermosts_for_root():
    whoever("root")


@test
def the_kernels_audit_records_name_the_one_inside():
    sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "sensor"))
    from audit import Audit
    rule = ["-F", "arch=b64", "-S", "openat,connect", "-F", "success=1", "-F", f"auid>={FIRST}", "-F", f"auid<={FIRST + COUNT - 1}"]
    if not pathlib.Path("/usr/sbin/auditctl").exists():
        raise Skip("auditctl")
    script = ("import os, socket\nif os.fork():\n    os.wait()\nelse:\n    os.setsid()\n    server = socket.socket()\n    server.bind(('127.0.0.1', 0))\n    server.listen()\n"
              "    open('made', 'w').write('x')\n    socket.create_connection(server.getsockname())\n")
    with World() as world, Workspace(USER) as work:
        workspace(work)
        keeper = Keeper(world, USER)
        channel = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 9)
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        channel.bind((0, 1))
        with Audit(spares=False):
            subprocess.run(["/usr/sbin/auditctl", "-a", "always,exit", *rule], check=True, capture_output=True)
            try:
                _, name, output = keeper.begin(work.policy, *three_levels(work, "python3", "-c", script))
                with output:
                    text = output.read()
                same(keeper.hear()[0], ["ended", "0"], text)
            finally:
                subprocess.run(["/usr/sbin/auditctl", "-d", "always,exit", *rule], check=True, capture_output=True)
        records = {}
        while select.select([channel], [], [], 0.5)[0]:
            data = channel.recv(16384)
            kind, = struct.unpack_from("=H", data, 4)
            text = data[16:].decode(errors="replace")
            records.setdefault(text.split(":")[1].split(")")[0], []).append((kind, text))
        keeper.close()
        wanted = levels(world, USER, name)[2][0]["identity"]["kernel"]["loginUid"]
        made = [group for group in records.values() if any(kind == 1302 and 'name="made"' in text and "CREATE" in text for kind, text in group)]
        connected = [group for group in records.values() if any(kind == 1300 and "syscall=42 " in text for kind, text in group) and
                     any(kind == 1306 and "saddr=0200" in text for kind, text in group)]
        for what, groups in (("file", made), ("connection", connected)):
            same(len(groups) > 0, True, f"records of the {what}")
            for group in groups:
                call = next(text for kind, text in group if kind == 1300)
                same(int(call.split(" auid=")[1].split()[0]), wanted, f"who the record of the {what} names: {call}")
