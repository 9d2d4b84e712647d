# SPDX-License-Identifier: Apache-2.0
"""cordon-sensord for a test: started with a socket of the test's, spoken to as its listeners do."""
import os
import pathlib
import signal
import socket
import struct
import time

MINE, ALL, CONTAINER, KEEPER = 1, 2, 3, 4
READY, FAILED, DOMAIN, REFUSED, GONE, GAP = 1, 2, 3, 4, 5, 6
OVERRUN, KERNEL, SERIAL, OFF, UNKNOWN, LISTENER = 1, 2, 3, 4, 5, 6
NO_UID = 0xffffffff
FORM = "=IIQQQiIIIIIHH32s46s"


class Told:
    def __init__(self, message):
        (self.type, self.operation, self.domain, self.count, self.inode, self.errnum, self.pid, self.target, self.flags, self.port,
         self.login_uid, path, exe, self.right, self.address) = struct.unpack_from(FORM, message)
        texts = message[len(message) - path - exe:]
        self.path, self.exe = texts[:path].decode(), texts[path:].decode()
        self.right, self.address = (t.split(b"\0")[0].decode() for t in (self.right, self.address))

    def __repr__(self):
        return f"{self.type}:{self.right}:{self.path}x{self.count}!{self.errnum}({self.flags:#x},{self.login_uid:#x})"


def question(kind, owner=0, login=NO_UID, pid=0, cgroup=""):
    return struct.pack("=IIII512s", kind, owner, login, pid, cgroup.encode())


def hear(sock, until=lambda told: False, seconds=5.0, quiet=0.3):
    """What comes until `until` says so of all of it, or nothing more does; ends with None where the other end is gone."""
    told, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        sock.settimeout(quiet if until(told) else end - time.monotonic())
        try:
            message = sock.recv(16384)
        except (TimeoutError, BlockingIOError):
            break
        except ConnectionResetError:
            message = b""
        if not message:
            return told + [None]
        told.append(Told(message))
    return told


class Sensord:
    def __init__(self, program, place, *arguments, path=None, audit=None):
        self.program, self.place, self.arguments, self.audit = program, pathlib.Path(place), arguments, audit
        self.path = path or str(self.place / "sensor.sock")
        self.pid = 0

    def __enter__(self):
        self.begin()
        return self

    def begin(self):
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        pathlib.Path(self.path).unlink(missing_ok=True)
        self.listener.bind(self.path)
        os.chmod(self.path, 0o666)
        self.listener.listen(64)
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(f"\0cordon-sensor-test-{os.getpid()}-{id(self)}")
        notify.settimeout(20)
        given = [sock.fileno() for sock in (self.listener, self.audit) if sock]
        environment = {"LISTEN_FDS": str(len(given)), "LISTEN_FDNAMES": "sensor:audit", "NOTIFY_SOCKET": "@" + notify.getsockname()[1:].decode()}
        self.pid = os.fork()
        if self.pid == 0:
            try:
                for number, fd in enumerate(given):
                    os.dup2(fd, 100 + number)
                for number in range(len(given)):
                    os.dup2(100 + number, 3 + number)
                os.closerange(3 + len(given), 256)
                os.execve(self.program, ["cordon-sensord", "--state", str(self.place), *self.arguments], environment)
            finally:
                os._exit(99)
        try:
            assert notify.recv(100) == b"READY=1"
        except TimeoutError:
            os.kill(self.pid, signal.SIGKILL)
            raise OSError("cordon-sensord is not ready: " + repr(os.waitpid(self.pid, 0))) from None

    def end(self, with_signal=signal.SIGTERM):
        os.kill(self.pid, with_signal)
        pid, self.pid = self.pid, 0
        self.listener.close()
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def __exit__(self, *_):
        if self.pid:
            self.end()
        pathlib.Path(self.path).unlink(missing_ok=True)

    def children(self):
        return [int(p) for p in pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def connect(self):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        sock.connect(self.path)
        return sock

    def ask(self, *args, fds=(), **more):
        sock = self.connect()
        return sock, self.ask_on(sock, *args, fds=fds, **more)

    @staticmethod
    def ask_on(sock, *args, fds=(), **more):
        socket.send_fds(sock, [question(*args, **more)], list(fds))
        return next((t for t in hear(sock, lambda told: len(told) > 0, quiet=0.01)), None)

    def announce(self, control, **marks):
        """The reader's end of a container's records, and the answer."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        answer = self.ask_on(control, CONTAINER, fds=[theirs.fileno()], **marks)
        theirs.close()
        return ours, answer
