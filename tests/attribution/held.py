# SPDX-License-Identifier: Apache-2.0
"""What having a uid of its own holds a container back from, and what the launcher keeps and gives back."""
import json
import os
import pathlib
import signal
import socket
import stat
import subprocess
import time

from seen import USER, Workspace, is_own, same, wait_for
from world import (ATTACH, BUILD, COUNT, COUNTS, END, FIRST, FREEZE, IDMAP, KILL, Ended, Keeper, LIMIT, ORDER, OWN_UID, Refused, SPAWN, THAW, World, ask,
                   cgroups_of, hierarchies, login_of, request, status_of)

Skip = Exception
TESTS = {}


def test(function):
    TESTS[function.__name__] = function
    return function


def begin(launcher, name, flags=OWN_UID, around=""):
    """cordon-init, which waits to be told how to begin. (reply, the channel's other end)"""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        reply = ask(launcher, request(SPAWN, flags=flags, name=name, around=around), [theirs.fileno()])
    return reply, ours


def is_there(pid):
    return pathlib.Path(f"/proc/{pid}").exists()


def settled(pid):
    """It is who it is to be: the answer comes before it has executed cordon-init."""
    wait_for(lambda: status_of(pid)["Name"] == "cordon-init", "cordon-init")
    return status_of(pid)


@test
def what_others_own_in_a_workspace_stays_theirs():
    with World() as world, Workspace(USER) as work:
        for name, mode, uid in (("shown", 0o644, 0), ("kept", 0o600, 0), ("suid", 0o4755, 0), ("given", 0o666, 0)):
            (work.place / name).write_bytes(pathlib.Path("/usr/bin/id").read_bytes() if name == "suid" else b"x\n")
            os.chown(work.place / name, uid, uid)
            (work.place / name).chmod(mode)
        (work.place / "all").mkdir()
        (work.place / "all").chmod(0o1777)
        keeper = Keeper(world, USER)
        script = (f"cd {work.place}; cat shown; cat kept; echo y >shown; echo y >given; ./suid -u; rm -f shown; chmod 777 kept; echo z >all/new; chown 0 all/new; "
                  "chmod 4755 all/new; true")
        _, text = keeper.run(work.policy, "/bin/sh", "-c", script)
        same([line for line in text.split("\n") if line and "ermitted" not in line and "denied" not in line and "annot" not in line and "nvalid" not in line],
             ["x", str(work.entry.pw_uid)], "what it could read, and who it became")
        same((work.place / "kept").stat().st_mode & 0o7777, 0o600, "kept")
        same((work.place / "shown").exists(), False, "removed from its own directory, as its caller may")
        same((work.place / "given").read_text(), "y\n", "given to all")
        made = (work.place / "all/new").stat()
        same((made.st_uid, made.st_gid), (work.entry.pw_uid, work.entry.pw_gid), "new")
        keeper.close()


@test
def a_uid_of_the_range_reaches_no_process_of_the_caller():
    with World() as world:
        keeper = Keeper(world, USER)
        launcher = keeper.launcher()
        reply, channel = begin(launcher, "a")
        sleeper = subprocess.Popen(["sleep", "60"], user=keeper.uid, group=keeper.uid)
        target = sleeper.pid
        for uid, wanted in ((reply.uid, "1 1"), (keeper.uid, "0 0")):  # the caller's own may
            found = subprocess.run(["/bin/sh", "-c", f"kill -0 {target} 2>/dev/null; a=$?; cat /proc/{target}/environ >/dev/null 2>&1; echo $a $?"], user=uid,
                                   group=uid, capture_output=True, text=True, check=False).stdout.strip()
            same(found, wanted, f"what uid {uid} reaches")
        sleeper.kill()
        sleeper.wait()
        channel.close()
        keeper.close()


@test
def where_a_file_system_has_no_id_maps_it_is_the_caller_and_still_told_apart():
    with World() as world, Workspace(USER) as work:
        for name in ("lower", "upper", "work", "merged"):
            (work.place / name).mkdir()
            os.chown(work.place / name, work.entry.pw_uid, work.entry.pw_gid)
        merged = work.place / "merged"
        options = f"lowerdir={work.place}/lower,upperdir={work.place}/upper,workdir={work.place}/work"
        if subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, str(merged)], capture_output=True, check=False).returncode:
            raise Skip("overlay")
        try:
            keeper = Keeper(world, USER)
            pid, name, output = keeper.begin(work.policy, "/bin/sh", "-c", f"echo x >{merged}/made; exec sleep 60")
            wait_for((merged / "made").exists, "the file")
            same(int(status_of(pid)["Uid"].split()[0]), work.entry.pw_uid, "uid")
            same(is_own(login_of(pid)), True, "login uid")
            same((merged / "made").stat().st_uid, work.entry.pw_uid, "whose the file is")
            record = json.loads((keeper.home / f".local/state/cordon/runs/{name}/events.jsonl").read_text().split("\n")[0])
            same("uid" in record["identity"]["proof"], False, "the record says that it has a uid of its own")
            same("id maps" in record["identity"]["kernel"]["asCaller"], True, str(record["identity"]))
            output.close()
            keeper.close()
            wait_for(lambda: not is_there(pid), "its end")
        finally:
            subprocess.run(["umount", str(merged)], check=True)


@test
def files_that_say_who_it_is_are_there_for_a_uid_of_its_own():
    """Its first process writes them, since whoever keeps it has no uid there."""
    with World() as world, Workspace(USER) as work:
        work.write("identity: {files: true}\n")
        keeper = Keeper(world, USER)
        pid, name, output = keeper.begin(work.policy, "/bin/sh", "-c", "cd /run/cordon/id && cat svid.pem && ls && ! touch new 2>&1; exec sleep 60")
        with output:
            text = ""
            while "Read-only" not in text:
                line = output.readline()
                same(bool(line), True, f"it ended: {text}")
                text += line
        same(is_own(int(status_of(pid)["Uid"].split()[0])), True, "it has no uid of its own")
        same(text.count("-----BEGIN CERTIFICATE-----") == 1 and "bundle.pem\njwks.json\nsvid.pem\n" in text, True, text)
        done = subprocess.run(["openssl", "x509", "-noout", "-ext", "subjectAltName"], input=text[:text.index("bundle.pem")], capture_output=True, text=True, check=True)
        same(f"/user/{work.entry.pw_uid}/agent/" in done.stdout and name in done.stdout, True, done.stdout)
        keeper.close()
        wait_for(lambda: not is_there(pid), "its end")


@test
def it_is_frozen_thawed_limited_counted_and_ended_by_its_group():
    with World() as world, Workspace(USER) as work:
        keeper = Keeper(world, USER)
        launcher = keeper.launcher()
        reply, channel = begin(launcher, "a")
        settled(reply.pid)
        ask(launcher, request(LIMIT, name="a", limits=(64 << 20, 5, 500)))
        ask(launcher, request(ORDER, name="a", order=FREEZE))
        wait_for(lambda: ask(launcher, request(COUNTS, name="a")).counts["is_frozen"], "frozen")
        ask(world.daemon, request(ORDER, group=keeper.group, name="a", order=THAW))
        wait_for(lambda: not ask(launcher, request(COUNTS, name="a")).counts["is_frozen"], "thawed")
        same(ask(world.daemon, request(COUNTS, group=keeper.group, name="a")).counts["processes"], 1, "processes")
        limits = [pathlib.Path(mount + reply.cgroup, "pids.max") for mount in hierarchies()]
        same([p.read_text().strip() for p in limits if p.exists()][:1], ["5"], "the limit of processes")
        ask(launcher, request(ORDER, name="a", order=KILL))
        wait_for(lambda: not is_there(reply.pid), "its end")
        ask(launcher, request(END, name="a"))
        wait_for(lambda: not any(os.path.exists(mount + reply.cgroup) for mount in hierarchies()), "its group is gone")
        try:
            ask(launcher, request(COUNTS, name="a"))
            raise AssertionError("it has ended and is counted")
        except Refused as refused:
            same(refused.status, -116, "stale")
        channel.close()
        keeper.close()


@test
def uids_are_given_back_and_come_again_last_and_never_to_another_user():
    with World() as world:
        keeper, other = Keeper(world, USER), Keeper(world, "root")
        launcher = keeper.launcher()
        seen = []
        for i in range(5):
            reply, channel = begin(launcher, f"a{i}")
            seen.append(reply.uid)
            channel.close()
            ask(launcher, request(END, name=f"a{i}"))
            wait_for(lambda: not any(os.path.exists(mount + reply.cgroup) for mount in hierarchies()), "its end")
        same(seen, list(range(seen[0], seen[0] + 5)), "uids one after the other")
        reply, channel = begin(other.launcher(), "a")
        same(reply.uid // 256 != seen[0] // 256 and is_own(reply.uid), True, f"root's {reply.uid} is not of {USER}'s block")
        channel.close()
        keeper.close()
        other.close()


@test
def a_keepers_end_ends_its_containers_and_nothing_is_left():
    with World() as world, Workspace(USER) as work:
        keeper = Keeper(world, USER)
        launcher = keeper.launcher()  # held open: whoever else has the socket is no keeper
        pid, name, output = keeper.begin(work.policy, "/bin/sh", "-c", "setsid sleep 60 & exec sleep 60")
        raw, channel = begin(launcher, "raw")
        os.kill(keeper.pid, signal.SIGKILL)
        wait_for(lambda: not is_there(pid) and not is_there(raw.pid), "the containers' end")
        wait_for(lambda: not any(os.path.exists(f"{mount}{world.cgroup}/{keeper.group}") for mount in hierarchies()), "its groups are gone")
        same(os.listdir(world.place / "records"), [], "records")
        launcher.settimeout(10)
        same(launcher.recv(1), b"", "the connection is closed")
        output.close()
        channel.close()
        keeper.close()


@test
def a_launcher_that_begins_again_finds_what_runs():
    with World() as world, Workspace(USER) as work:
        keeper = Keeper(world, USER)
        launcher = keeper.launcher()
        reply, channel = begin(launcher, "a")
        settled(reply.pid)
        world.stop(signal.SIGKILL)
        same(is_there(reply.pid) and is_there(keeper.pid), True, "they run on")
        world.start()
        same(ask(world.daemon, request(COUNTS, group=keeper.group, name="a")).counts["processes"], 1, "found again")
        stranger = world.connect(world.keepers_path)  # this process is no keeper
        try:
            ask(stranger, request(ATTACH, group=keeper.group))
            raise AssertionError("a stranger was taken for a keeper")
        except Ended:
            pass
        back = keeper.connect()
        ask(back, request(ATTACH, group=keeper.group))
        same(ask(back, request(COUNTS, name="a")).counts["processes"], 1, "the keeper has its container again")
        try:
            ask(back, request(ATTACH, group="0-1"))
            raise AssertionError("it was taken for another keeper")
        except Refused as refused:
            same(refused.status, -1, "EPERM")
        more = [keeper.connect() for _ in range(6)]
        heard = []
        for one in more:
            try:
                heard.append(ask(one, request(COUNTS, name="a")).status)
            except Ended:
                pass
        same(heard, [0, 0, 0], "at most four connections at once")
        for one in (back, *more):
            one.close()
        again = Keeper(world, USER)
        new, other = begin(again.launcher(), "b")
        same(new.uid != reply.uid, True, "the uid of the one that runs was given again")
        same(again.group != keeper.group, True, "the group's name was given again")
        os.kill(keeper.pid, signal.SIGKILL)
        wait_for(lambda: not is_there(reply.pid), "its end")
        wait_for(lambda: not any(os.path.exists(f"{mount}{world.cgroup}/{keeper.group}") for mount in hierarchies()), "its groups are gone")
        for end in (channel, other):
            end.close()
        keeper.close()
        again.close()


@test
def what_ends_while_the_launcher_is_away_is_taken_back():
    with World() as world:
        keeper = Keeper(world, USER)
        begun = {name: begin(keeper.launcher(), name) for name in ("a", "b", "c")}
        for reply, _ in begun.values():
            settled(reply.pid)
        os.kill(begun["c"][0].pid, signal.SIGKILL)
        time.sleep(3)
        same((world.place / f"records/{keeper.group}.c").exists(), True, "what ended is there until its keeper has read what it used")
        world.stop(signal.SIGKILL)
        os.kill(begun["a"][0].pid, signal.SIGKILL)  # and its END is heard by nobody
        world.start()
        os.kill(begun["b"][0].pid, signal.SIGKILL)  # likewise, before the keeper is back
        for name in begun:
            wait_for(lambda: not (world.place / f"records/{keeper.group}.{name}").exists(), f"the record of {name}")
        same(is_there(keeper.pid), True, "the keeper")
        for _, channel in begun.values():
            channel.close()
        keeper.close()


@test
def a_launcher_that_is_killed_at_any_moment_leaves_nothing_behind():
    """Starts under way when it ends: at the next one's end all processes, groups and records are gone, and no uid was given twice."""
    with World() as world:
        for moment in (0, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.008):
            keeper = Keeper(world, USER)
            launcher = keeper.launcher()
            held = []
            for i in range(3):
                ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                socket.send_fds(launcher, [request(SPAWN, flags=OWN_UID, name=f"k{i}")], [theirs.fileno()])
                theirs.close()
                held.append(ours)
            time.sleep(moment)
            world.stop(signal.SIGKILL)
            world.start()
            for ours in held:
                ours.close()
            keeper.close()
            launcher.close()
        wait_for(lambda: not os.listdir(world.place / "records"), f"records: {os.listdir(world.place / 'records')}")
        wait_for(lambda: not any(found for mount in hierarchies() for found in pathlib.Path(mount + world.cgroup).glob("*-*")), "groups")
        running = [pid for pid in os.listdir("/proc") if pid.isdigit() and is_there(pid) and login_is_own(pid)]
        same([pid for pid in running if any(path.startswith(world.cgroup) for path in cgroups_of(pid).values())], [], "processes")


def login_is_own(pid):
    try:
        return is_own(login_of(pid)) and not status_of(pid)["State"].startswith(("Z", "X"))  # ended, and process 1 of the machine is slow
    except OSError:
        return False


@test
def the_launcher_keeps_few_rights_and_the_list_of_calls():
    with World() as world:
        front = status_of(world.process.pid)
        hand = status_of(int(pathlib.Path(f"/proc/{world.process.pid}/task/{world.process.pid}/children").read_text().split()[0]))
        chown, kill, setgid, setuid, ptrace, admin, setfcap = 1 << 0, 1 << 5, 1 << 6, 1 << 7, 1 << 19, 1 << 21, 1 << 31
        same(int(front["CapEff"], 16), kill | setgid | setuid | ptrace | admin | setfcap, "the first process")
        same(int(front["CapBnd"], 16), int(front["CapEff"], 16), "and no way to others")
        same((front["NoNewPrivs"], front["Seccomp"]), ("1", "2"), "no_new_privs, filter")
        same(int(hand["CapEff"], 16) & ~(1 << 30), chown | setgid | setuid, "the hand")
        same(int(hand["CapBnd"], 16), int(hand["CapEff"], 16), "and no way to others")


@test
def without_root_it_says_what_is_there_instead():
    found = subprocess.run([str(BUILD / "src/launcher/cordon-launcher")], user=USER, capture_output=True, text=True, check=False)
    same((found.returncode, "cordond --user" in found.stderr), (125, True), found.stderr)


@test
def a_range_that_is_somebodys_is_refused(tmp="/tmp"):
    for uids, word in (("1000-1255", "accounts of this machine"), ("700000-765535", "systemd"), ("1879048192-1879048200", "multiple"), ("5", "FIRST-LAST")):
        found = subprocess.run([str(BUILD / "src/launcher/cordon-launcher"), "--uids", uids, "--daemon", "0"], capture_output=True, text=True, check=False)
        same((found.returncode, word in found.stderr), (125, True), found.stderr)
