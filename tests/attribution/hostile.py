# SPDX-License-Identifier: Apache-2.0
"""A keeper, a daemon and a client that are hostile: none of them gets more than the client's ids could anyway."""
import ctypes
import os
import pathlib
import pwd
import resource
import shutil
import signal
import socket
import subprocess
import tempfile

from held import begin, settled
from seen import Workspace, same, wait_for
from world import (ADMIT, ATTACH, COUNTS, Client, END, Ended, IDMAP, KEEPER, KILL, Keeper, LIMIT, ORDER, OWN_UID, Refused, SPAWN, World, ask, request, status_of)

USER, Skip = "agent1", Exception
TESTS = {}
libc = ctypes.CDLL(None, use_errno=True)
OPEN_TREE, MOVE_MOUNT, MOUNT_SETATTR = 428, 429, 442
CLONE, RECURSIVE, EMPTY = 1, 0x8000, 0x1000
NEWNS, NEWUSER, NEWNET, NEWUTS = 0x20000, 0x10000000, 0x40000000, 0x4000000
RDONLY, NOSUID, NODEV = 1, 2, 4


def test(function):
    TESTS[function.__name__] = function
    return function


def call(number, *arguments):
    result = libc.syscall(number, *(a.encode() if isinstance(a, str) else ctypes.c_long(a) if isinstance(a, int) else a for a in arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def refused(status, connection, data, fds=()):
    try:
        ask(connection, data, fds)
    except Refused as why:
        if why.status != -status:
            raise AssertionError(f"refused with {why.status}, not {-status}: {why.text}") from why
        return why.text
    raise AssertionError("it was carried out")


def tree(path, flags=RECURSIVE):
    return call(OPEN_TREE, -100, path, CLONE | flags)


class Apart:
    """A process of a user in user and mount namespaces of its own, which runs steps on request and hands over a descriptor."""

    def __init__(self, user, *steps):
        self.ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        entry = pwd.getpwnam(user)
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
                os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)
                libc.prctl(4, 1, 0, 0, 0)  # dumpable again, or its maps are root's to write
                if libc.unshare(NEWUSER | NEWNS):
                    raise OSError(ctypes.get_errno(), "unshare")
                pathlib.Path("/proc/self/setgroups").write_text("deny")
                pathlib.Path("/proc/self/uid_map").write_text(f"0 {entry.pw_uid} 1")
                pathlib.Path("/proc/self/gid_map").write_text(f"0 {entry.pw_gid} 1")
                for step in steps:
                    try:
                        fd = step()
                    except OSError as err:
                        theirs.send(f"errno {err.errno}".encode())
                    else:
                        socket.send_fds(theirs, [b"done"], [fd] if fd is not None else [])
                    theirs.recv(1)
            except BaseException as err:
                theirs.send(f"failed {err}".encode())
            finally:
                os._exit(0)
        theirs.close()

    def hear(self):
        data, fds, _, _ = socket.recv_fds(self.ours, 512, 2)
        return data.decode(), fds

    def go(self):
        self.ours.send(b"g")

    def close(self):
        self.ours.close()
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


class Hostile:
    """A keeper whose socket to the launcher is in our hands, with a container `a`."""

    def __enter__(self):
        self.world = World()
        self.keeper = Keeper(self.world, USER)
        self.socket = self.keeper.launcher()
        self.reply, self.channel = begin(self.socket, "a")
        settled(self.reply.pid)
        return self

    def __exit__(self, *_):
        self.channel.close()
        self.socket.close()
        self.keeper.close()
        self.world.close()


# ---- a keeper ----

@test
def a_keeper_cannot_name_its_way_out_of_its_groups():
    with Hostile() as it, open("/dev/null", "rb") as null:
        for name in ("", ".", "..", "../b", "a/b", "/b", "b\n", "b c", "b" * 64, "keeper"):
            refused(22, it.socket, request(SPAWN, name=name), [null.fileno()])
        refused(17, it.socket, request(SPAWN, name="a"), [null.fileno()])
        for group in ("../x", "x/y", "."):
            refused(22, it.socket, request(COUNTS, name="a", group=group))


@test
def a_keeper_has_no_words_but_its_own():
    with Hostile() as it:
        other = Keeper(it.world, "root")
        reply, channel = begin(other.launcher(), "theirs")
        settled(reply.pid)
        refused(1, it.socket, request(KEEPER, names=["client"]), [channel.fileno()])
        refused(1, it.socket, request(ATTACH, group=other.group))
        for kind in (COUNTS, LIMIT, END):
            refused(116, it.socket, request(kind, name="theirs", group=other.group))
        refused(116, it.socket, request(ORDER, name="theirs", group=other.group, order=KILL))
        same(status_of(reply.pid)["State"][0] in "RS", True, "the other's runs")
        refused(22, it.socket, request(ORDER, name="a", order=7))
        refused(71, it.socket, request(77, name="a"))
        refused(71, it.socket, request(COUNTS, name="a", magic=1))
        channel.close()
        other.close()


@test
def a_start_that_does_not_add_up_is_refused():
    with Hostile() as it, open("/dev/null", "rb") as null:
        fd = null.fileno()
        refused(71, it.socket, request(SPAWN, name="b"))
        for numbers, fds in (([4, 3], 3), ([2], 2), ([1024], 2), ([3, 3], 3), ([-1], 2), ([3], 3), ([3, 4], 2)):
            refused(22, it.socket, request(SPAWN, name="b", numbers=numbers), [fd] * fds)
        refused(22, it.socket, request(SPAWN, name="b", capabilities=1 << 60), [fd])
        refused(22, it.socket, request(SPAWN, name="b", flags=4), [fd])
        refused(22, it.socket, request(SPAWN, name="b", count=4294967295), [fd])


@test
def a_record_of_another_size_or_with_too_many_descriptors_ends_the_connection():
    for data, fds in ((b"", 1), (b"x", 0), (request(COUNTS, name="a")[:-1], 0), (request(COUNTS, name="a") + b"\0", 0), (request(COUNTS, name="a"), 66)):
        with Hostile() as it, open("/dev/null", "rb") as null:
            try:
                ask(it.socket, data, [null.fileno()] * fds)
                raise AssertionError(f"{len(data)} bytes and {fds} descriptors were answered")
            except Ended:
                pass
            same(ask(it.world.daemon, request(COUNTS, group=it.keeper.group, name="a")).status, 0, "the launcher lives")


@test
def what_is_no_detached_mount_gets_no_id_map():
    with Hostile() as it:
        for path in ("/root", "/etc/shadow", "/", "/proc", "/usr"):
            fd = os.open(path, os.O_PATH)
            refused(95, it.socket, request(IDMAP, name="a"), [fd])
            os.close(fd)
        ends = os.pipe()
        refused(95, it.socket, request(IDMAP, name="a"), [ends[0]])
        before = pathlib.Path("/proc/self/mountinfo").read_text()
        same("idmapped" in before, False, "an id map on a mount of the host")
        reply, channel = begin(it.socket, "same", flags=0)
        fd = tree("/usr")
        refused(22, it.socket, request(IDMAP, name="same"), [fd])
        ask(it.socket, request(IDMAP, name="a"), [fd])  # the control: one that is detached does
        refused(95, it.socket, request(IDMAP, name="a"), [fd])  # and never another one
        channel.close()


@test
def an_id_map_gives_nobody_a_file_that_its_caller_may_not_have():
    with Hostile() as it, Workspace(USER) as work:
        for name, uid, mode in (("root", 0, 0o600), ("own", it.keeper.uid, 0o600)):
            (work.place / name).write_text("x")
            os.chown(work.place / name, uid, uid)
            (work.place / name).chmod(mode)
        fd = tree(str(work.place))
        ask(it.socket, request(IDMAP, name="a"), [fd])
        script = "for f in root own; do cat $f >/dev/null 2>&1; echo -n \"$? \"; done; : >made; stat -c %u made"
        got = {}
        for uid in (it.reply.uid, it.keeper.uid):
            got[uid] = subprocess.run(["/bin/sh", "-c", script], cwd=f"/proc/self/fd/{fd}", user=uid, group=uid, extra_groups=[], pass_fds=[fd], capture_output=True,
                                      text=True, check=False).stdout.split()
        same(got[it.reply.uid], ["1", "0", str(it.reply.uid)], "the container's uid")
        same((work.place / "made").stat().st_uid, it.keeper.uid, "on disk it is the caller's")
        same(got[it.keeper.uid][:2], ["1", "1"], "the caller himself, in this mount, is nobody")
        os.close(fd)


def read_only(place):
    subprocess.run(["mount", "--bind", str(place), str(place)], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro,nosuid,nodev", str(place)], check=True)


@test
def what_is_locked_in_a_mount_stays_locked_in_one_with_an_id_map():
    """A read-only mount of the host's: the caller takes it apart as every user may, has it mapped, and tries to write."""
    with Hostile() as it, Workspace(USER) as work:
        read_only(work.place)
        try:
            taken = []

            def take():
                taken.append(tree(str(work.place)))
                return taken[0]

            def put():
                call(MOVE_MOUNT, taken[0], "", -100, "/mnt", 4)

            def write():
                attributes = (ctypes.c_uint64 * 4)(0, RDONLY | NOSUID | NODEV, 0, 0)
                call(MOUNT_SETATTR, -100, "/mnt", 0, attributes, 32)
            apart = Apart(USER, take, put, write)
            word, fds = apart.hear()
            same((word, len(fds)), ("done", 1), "taken apart")
            ask(it.socket, request(IDMAP, name="a"), fds)
            os.close(fds[0])
            apart.go()
            same(apart.hear()[0], "done", "mounted in its own namespace")
            apart.go()
            same(apart.hear()[0], "errno 1", "made writable again")
            apart.close()
            # the control: one that root took apart is not locked, which is why the launcher never takes any apart
            loose = tree(str(work.place))
            attributes = (ctypes.c_uint64 * 4)(0, RDONLY, 0, 0)
            call(MOUNT_SETATTR, loose, "", EMPTY, attributes, 32)
            os.close(loose)
        finally:
            subprocess.run(["umount", str(work.place)], check=True)


@test
def a_stopped_container_or_keeper_holds_nobody_up():
    with Hostile() as it:
        os.kill(it.keeper.pid, signal.SIGSTOP)
        os.kill(it.reply.pid, signal.SIGSTOP)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for _ in range(40):  # nobody reads the answers
            try:
                socket.send_fds(it.socket, [request(COUNTS, name="a")], [], socket.MSG_DONTWAIT)
            except BlockingIOError:
                break
        other = Keeper(it.world, USER)
        reply, channel = begin(other.launcher(), "b")
        settled(reply.pid)
        for end in (ours, theirs, channel):
            end.close()
        other.close()


@test
def a_caller_cannot_have_more_containers_than_its_share():
    with World() as world:
        keeper = Keeper(world, USER)
        launcher = keeper.launcher()
        held = [begin(launcher, f"c{i}") for i in range(300)]  # more than one block of uids
        same(len({reply.uid for reply, _ in held}), 300, "uids")
        for _, channel in held:
            channel.close()
        keeper.close()


# ---- a daemon, and who is sent to it ----

def no_keeper(world, errno, fd, names=("client",), more=()):
    return refused(errno, world.daemon, request(KEEPER, names=list(names)), [fd, *more])


@test
def a_daemon_cannot_make_a_keeper_of_somebody_who_did_not_ask():
    with World() as world, tempfile.TemporaryDirectory() as place:
        kinds = {}
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listener.bind(f"{place}/l")  # whoever connects has the listener's credentials for its peer's: root's
        listener.listen()
        connected = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        connected.connect(f"{place}/l")
        accepted, _ = listener.accept()
        named = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        kinds["connected"], kinds["accepted"], kinds["listening"] = (connected, 1), (accepted, 1), (listener, 107)
        kinds["unconnected"] = (named, 107)
        stream = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        datagram = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        own = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)  # this process stands for the launcher's parent here
        tcp = socket.socket()
        kinds["stream"], kinds["datagram"], kinds["own"], kinds["tcp"] = (stream[0], 91), (datagram[0], 91), (own[0], 1), (tcp, 91)
        for name, (made, errno) in kinds.items():
            try:
                no_keeper(world, errno, made.fileno())
            except AssertionError as err:
                raise AssertionError(f"{name}: {err}") from err
        pipe = os.pipe()
        no_keeper(world, 91, pipe[0])
        refused(71, world.daemon, request(KEEPER))
        client = Client(USER)
        for names in (["../x"], [""], ["a:b"], ["a=b"]):
            no_keeper(world, 22, client.given, names)
        no_keeper(world, 22, client.given, ["a", "b"])
        client.close()


@test
def a_daemon_has_no_words_of_keepers():
    with Hostile() as it:
        for kind in (SPAWN, IDMAP, LIMIT, END, ATTACH):
            refused(1, it.world.daemon, request(kind, name="a", group=it.keeper.group), [it.channel.fileno()] if kind in (SPAWN, IDMAP) else [])
        refused(116, it.world.daemon, request(ORDER, group="0-99", name="a", order=KILL))


@test
def who_is_no_daemon_is_not_heard():
    with World() as world:
        os.chmod(world.daemon_path, 0o666)
        found = subprocess.run(["python3", "-c", "import socket,sys; s=socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.connect(sys.argv[1]); s.settimeout(10); "
                                "print(len(s.recv(1)))", world.daemon_path], user=USER, capture_output=True, text=True, check=False)
        same(found.stdout.strip() == "0" or "Connection reset" in found.stderr, True, found.stderr)


def chrooted():
    os.chroot("/usr")


def gave_up():
    libc.prctl(38, 1, 0, 0, 0)


def elsewhere(flags):
    def leave():
        if libc.unshare(flags):
            raise OSError(ctypes.get_errno(), "unshare")
    return leave


@test
def a_client_that_is_confined_gets_no_keeper_that_is_not():
    with World() as world:
        for what, before, word in (("no_new_privs", gave_up, "no_new_privs"), ("user namespace", elsewhere(NEWUSER), "namespace"),
                                   ("mount namespace", elsewhere(NEWUSER | NEWNS), "namespace")):
            client = Client(USER, before)
            text = no_keeper(world, 1, client.given)
            same(word in text, True, f"{what}: {text}")
            client.close()
        for what, before, word in (("root directory", chrooted, "root directory"), ("network namespace", elsewhere(NEWNET), "network namespace"),
                                   ("host name", elsewhere(NEWUTS), "namespace")):
            client = Client("root", before)
            text = no_keeper(world, 1, client.given)
            same(word in text, True, f"{what}: {text}")
            client.close()
        client = Client(USER)
        os.kill(client.pid, signal.SIGKILL)
        os.waitpid(client.pid, 0)
        client.pid = 0
        text = refused_any(world, client.given)
        same("ended" in text or "kernel does not say" in text, True, text)
        client.close()


def other_login():
    pathlib.Path("/proc/self/loginuid").write_text("4711")


def fewer_groups():
    os.setgroups([12345])


def as_user(before):
    """First `before`, with root's rights, and then the user."""
    def change():
        entry = pwd.getpwnam(USER)
        os.setgroups(os.getgrouplist(USER, entry.pw_gid))
        before()
        os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
        os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)
        libc.prctl(4, 1, 0, 0, 0)
    return change


@test
def a_keeper_is_told_to_serve_nobody_but_its_clients_equal():
    with Hostile() as it, tempfile.TemporaryDirectory() as place:
        equal = Client("root", as_user(lambda: None))
        ask(it.socket, request(ADMIT), [equal.given])
        logins = [("another login", as_user(other_login))] if os.path.exists("/proc/self/loginuid") else []
        for what, before in [("root", None), ("other groups", as_user(fewer_groups)), ("no_new_privs", as_user(gave_up)),
                             ("another network", as_user(elsewhere(NEWNET))), ("a chroot", as_user(chrooted)), *logins]:
            client = Client("root", before)
            try:
                refused(1, it.socket, request(ADMIT), [client.given])
            except AssertionError as err:
                raise AssertionError(f"{what}: {err}") from err
            client.close()
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listener.bind(f"{place}/l")
        listener.listen()
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connected:
            connected.connect(f"{place}/l")
            refused(1, it.socket, request(ADMIT), [connected.fileno()])
        refused(71, it.socket, request(ADMIT))
        refused(1, it.world.daemon, request(ADMIT, group=it.keeper.group), [equal.given])
        ask(it.socket, request(ADMIT), [equal.given])
        equal.close()
        listener.close()


@test
def a_client_that_goes_on_as_a_set_user_id_program_is_no_peer_any_more():
    """Its limits are that program's, which may have raised them (sudo does), and the credentials of the pair are still the caller's."""
    with World() as world, tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        for name, mode, line in (("plain", 0o755, None), ("setuid", 0o4755, "Uid"), ("setgid", 0o2755, "Gid")):
            program = shutil.copy(shutil.which("sleep"), os.path.join(place, name))
            os.chmod(program, mode)
            client = Client(USER, after=lambda to=program: os.execv(to, ["sleep", "1000"]))
            try:
                wait_for(lambda at=client.pid, to=name: status_of(at)["Name"] == to, "the program")
                if line and status_of(client.pid)[line].split()[1] != "0":
                    raise Skip(f"set-user-ID programs in {place}")
                if line:
                    text = no_keeper(world, 1, client.given)
                    same("set-user-ID" in text, True, f"{name}: {text}")
                else: # whatever else is executed is still the caller
                    os.kill(ask(world.daemon, request(KEEPER, names=["client"]), [client.given]).pid, signal.SIGKILL)
            finally:
                client.close()


def refused_any(world, fd):
    try:
        ask(world.daemon, request(KEEPER, names=["client"]), [fd])
    except Refused as why:
        return why.text
    raise AssertionError("it was carried out")


@test
def a_keeper_is_its_client_and_nothing_more():
    with World() as world:
        client = Client(USER, lambda: (os.umask(0o027), resource.setrlimit(resource.RLIMIT_NOFILE, (100, 200)), os.nice(3)))
        wanted = status_of(client.pid)
        reply = ask(world.daemon, request(KEEPER, names=["client"]), [client.given])
        wait_for(lambda: status_of(reply.pid)["Name"] not in ("cordon-launcher",), "the keeper")
        found = status_of(reply.pid)
        for key in ("Uid", "Gid", "CapEff", "CapPrm", "CapAmb"):
            same(found[key], wanted[key], key)
        same(sorted(found["Groups"].split()), sorted(wanted["Groups"].split()), "Groups")
        same(found["Umask"], "0027", "umask")
        limits = pathlib.Path(f"/proc/{reply.pid}/limits").read_text()
        same([line.split()[3:5] for line in limits.split("\n") if line.startswith("Max open files")], [["100", "200"]], "open files")
        environ = pathlib.Path(f"/proc/{reply.pid}/environ").read_bytes().split(b"\0")
        same(sorted(entry.split(b"=")[0].decode() for entry in environ if entry)[:3], ["LISTEN_FDNAMES", "LISTEN_FDS", "LISTEN_PID"], "environment")
        # what loads its libraries has each of them open for a moment
        wait_for(lambda: sorted(int(fd) for fd in os.listdir(f"/proc/{reply.pid}/fd")) == [0, 1, 2, 3, 4, 5], "six descriptors")
        os.kill(reply.pid, signal.SIGKILL)
        client.close()
