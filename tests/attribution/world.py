# SPDX-License-Identifier: Apache-2.0
"""A launcher of its own, with this process as cordond, and keepers of the tests' for clients of any user."""
import array
import errno
import fcntl
import os
import pathlib
import pwd
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("CORDON_BUILD", ROOT / "build")).resolve()
FIRST, COUNT = 1879048192, 65536
KEEPER, ATTACH, SPAWN, IDMAP, LIMIT, ORDER, COUNTS, END, ADMIT, NESTER, KEEP, KEPT, AGAIN = range(1, 14)
KEEPS, LEAVES, FORGETS = 1, 2, 3
FREEZE, THAW, KILL = 1, 2, 3
OWN_UID = 1
MAGIC = 0x32636C43
REQUEST = struct.Struct("=4I4Q32s64s64sI64i128s4x")
REPLY = struct.Struct("=IiIIIIIIQ9QII32s448s384s")


def fds_of(ancillary):
    found = array.array("i")
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            found.frombytes(data[: len(data) - len(data) % found.itemsize])
    return list(found)


def request(kind, *, flags=0, order=0, capabilities=0, limits=(0, 0, 0), group="", name="", around="", numbers=(), names=(), count=None, magic=MAGIC, key=b""):
    numbers = list(numbers)
    joined = b"".join(n.encode().ljust(16, b"\0")[:16] for n in names)
    return REQUEST.pack(magic, kind, flags, order, capabilities, *limits, group.encode(), name.encode(), around.encode(),
                        len(numbers) + len(names) if count is None else count, *(numbers + [0] * (64 - len(numbers))), key or joined)


class Refused(Exception):
    def __init__(self, status, text):
        super().__init__(text)
        self.status, self.text = status, text


class Ended(Exception):
    """The launcher closed the connection."""


class Reply:
    def __init__(self, data, fds):
        fields = REPLY.unpack(data)
        (self.magic, self.status, self.kind, self.pid, self.uid, self.gid, self.login_uid, self.session, self.cgroup_id) = fields[:9]
        self.counts = dict(zip(("memory", "memory_peak", "processes", "processes_peak", "cpu_us", "user_us", "system_us", "oom_kills",
                                "refused_forks", "known", "is_frozen"), fields[9:20]))
        self.group, self.cgroup, self.text = (f.split(b"\0")[0].decode("utf-8", "replace") for f in fields[20:])
        self.fds = fds


def ask(connection, data, fds=()):
    """Raises Refused for an error of the launcher's, Ended where it hung up."""
    try:
        socket.send_fds(connection, [data], list(fds))
        answer, ancillary, _, _ = connection.recvmsg(4096, 4096, socket.MSG_CMSG_CLOEXEC)
    except (BrokenPipeError, ConnectionResetError) as err:
        raise Ended() from err
    except OSError as err:
        if err.errno != errno.ENOTCONN:
            raise
        raise Ended() from err
    if not answer:
        raise Ended()
    reply = Reply(answer, fds_of(ancillary))
    if reply.status < 0:
        raise Refused(reply.status, reply.text)
    return reply


class Client:
    """A process of a user that makes a socket pair, keeps one end and gives the other away. `before` runs in it first, `after` then."""

    def __init__(self, user, before=None, after=None):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.pid = os.fork()
        if self.pid == 0:
            try:
                number = theirs.fileno()
                os.closerange(3, number)
                os.closerange(number + 1, 1024)
                entry = pwd.getpwnam(user)
                if entry.pw_uid:
                    os.initgroups(user, entry.pw_gid)
                    os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
                    os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)
                if before:
                    before()
                kept, given = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                socket.send_fds(theirs, [b"pair"], [kept.fileno(), given.fileno()])
                kept.close()
                given.close()
                if after:
                    after()
                theirs.recv(1)
            finally:
                os._exit(0)
        theirs.close()
        self.hold = ours
        _, fds, _, _ = socket.recv_fds(ours, 16, 2)
        if len(fds) != 2:
            raise OSError("the client could not make a socket pair")
        self.kept, self.given = socket.socket(fileno=fds[0]), fds[1]

    def close(self):
        self.kept.close()
        if self.given >= 0:
            os.close(self.given)
            self.given = -1
        self.hold.close()
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        self.pid = 0


class Keeper:
    def __init__(self, world, user):
        self.client = Client(user)
        self.home, self.world = world.home(user), world
        reply = ask(world.daemon, request(KEEPER, names=["client"]), [self.client.given])
        os.close(self.client.given)
        self.client.given = -1
        self.pid, self.group, self.uid, self.pidfd = reply.pid, reply.group, reply.uid, reply.fds[0]

    def tell(self, *strings, fd=None):
        socket.send_fds(self.client.kept, [b"".join(s.encode() + b"\0" for s in strings)], [] if fd is None else [fd])

    def hear(self, seconds=60):
        self.client.kept.settimeout(seconds)
        data, fds, _, _ = socket.recv_fds(self.client.kept, 16384, 4)
        return data.decode().split(" ", 2) if data else ["gone"], fds

    def begin(self, policy, *argv):
        """(pid, id, file to read its output from)"""
        output, theirs = os.pipe()
        self.tell("run", str(self.home), str(policy), *argv, fd=theirs)
        os.close(theirs)
        answer, _ = self.hear()
        if answer[0] != "started":
            os.close(output)
            raise RuntimeError(" ".join(answer))
        return int(answer[1]), answer[2], os.fdopen(output)

    def run(self, policy, *argv):
        """(status, output)"""
        _, _, output = self.begin(policy, *argv)
        with output:
            text = output.read()
        answer, _ = self.hear()
        return int(answer[1]) if answer[0] == "ended" else " ".join(answer), text

    def connect(self):
        """As a keeper does that lost its launcher."""
        self.tell("connect", self.world.keepers_path)
        _, fds = self.hear()
        return socket.socket(fileno=fds[0])

    def launcher(self):
        """The socket by which the launcher knows it: for a keeper that is hostile."""
        self.tell("launcher")
        _, fds = self.hear()
        return socket.socket(fileno=fds[0])

    def close(self):
        try:
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.client.close()
        os.close(self.pidfd)


class World:
    def __init__(self, *options, keeper=None, place=None):
        self.place = pathlib.Path(place or tempfile.mkdtemp(prefix="cordon-launcher-"))
        self.place.chmod(0o755)
        self.owns_place = place is None
        self.cgroup = group_of(os.getpid())
        self.options, self.keeper = options, keeper or BUILD / "tests/test-keeper"
        self.daemon_path, self.keepers_path = str(self.place / "daemon.sock"), str(self.place / "keepers.sock")
        self.start()

    def listen(self, path):
        pathlib.Path(path).unlink(missing_ok=True)
        made = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        made.bind(path)
        os.chmod(path, 0o666 if path == self.keepers_path else 0o600)
        made.listen(64)
        return made

    def start(self):
        sockets = [self.listen(self.daemon_path), self.listen(self.keepers_path)]
        high = [fcntl.fcntl(s.fileno(), fcntl.F_DUPFD, 100) for s in sockets]
        command = [str(BUILD / "src/launcher/cordon-launcher"), "--daemon", "0", "--cgroup", self.cgroup, "--state", str(self.place / "state"),
                   "--records", str(self.place / "records"), "--keeper", str(self.keeper),
                   "--init", str(BUILD / "src/tier/process/cordon-init"), "--nester", str(BUILD / "src/sdk/cordon-nester"), *self.options]
        ready, theirs = os.pipe()
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) # as systemd has it
        notify.bind(f"\0cordon-launcher-test-{os.getpid()}-{id(self)}")
        notify.settimeout(20)
        self.log = open(self.place / "log", "a")
        # LISTEN_FDS begin at 3; what is closed at exec is the rest
        self.process = subprocess.Popen(
            ["/bin/bash", "-c", f"umask 077; exec 3<&{high[0]} 4<&{high[1]} {high[0]}<&- {high[1]}<&-; "
             f"NOTIFY_SOCKET=@cordon-launcher-test-{os.getpid()}-{id(self)} "
             "LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=daemon:keepers exec \"$@\"", "bash", *command],
            pass_fds=high, stdin=subprocess.DEVNULL, stdout=self.log, stderr=theirs)
        for fd in high:
            os.close(fd)
        os.close(theirs)
        for made in sockets:
            made.close()
        said = b""
        while b"ready\n" not in said:
            got = os.read(ready, 4096)
            if not got:
                raise RuntimeError(f"the launcher did not begin: {said.decode()}")
            said += got
        self.said, self.ready = said.decode(), ready
        if notify.recv(100) != b"READY=1":
            raise RuntimeError("the launcher did not say that it is ready")
        notify.close()
        self.daemon = self.connect(self.daemon_path)

    def home(self, user):
        """Where its runs are recorded; accounts of tests may have none."""
        entry, made = pwd.getpwnam(user), self.place / f"home-{user}"
        made.mkdir(mode=0o755, exist_ok=True)
        os.chown(made, entry.pw_uid, entry.pw_gid)
        return made

    def connect(self, path):
        made = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        made.connect(path)
        return made

    def stop(self, number=signal.SIGTERM):
        self.daemon.close()
        self.process.send_signal(number)
        status = self.process.wait(30)
        os.close(self.ready)
        self.log.close()
        return status

    def close(self):
        end = time.monotonic() + 10
        while time.monotonic() < end and any(os.listdir(self.place / "records")):
            time.sleep(0.02)  # what keepers of tests that failed have left is none of ours
        self.stop()
        remove_groups(self.cgroup)
        if self.owns_place:
            shutil.rmtree(self.place)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def hierarchies():
    with open("/proc/self/mountinfo") as file:
        lines = [line.split(" - ") for line in file]
    return [first.split()[4] for first, second in lines if second.split()[0] in ("cgroup", "cgroup2")]


def group_of(pid):
    """Of the launchers of this process of tests."""
    return f"/cordon-test-{pid}"


def remove_groups(path):
    for mount in hierarchies():
        for directory, _, _ in os.walk(mount + path, topdown=False):
            try:
                os.rmdir(directory)
            except OSError:
                pass


def status_of(pid):
    with open(f"/proc/{pid}/status") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def login_of(pid):
    with open(f"/proc/{pid}/loginuid") as file:
        return int(file.read())


def cgroups_of(pid):
    with open(f"/proc/{pid}/cgroup") as file:
        return {line.rstrip("\n").split(":", 2)[1]: line.rstrip("\n").split(":", 2)[2] for line in file}
