#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A hostile client of cordond: hostile.py CONTROL_SOCKET. Everything that no honest one says, and the daemon is asked after each what it has."""
import array
import fcntl
import os
import random
import resource
import socket
import struct
import sys
import time

CONTROL = sys.argv[1]
MAGIC, VERSION = 0x4E444F43, 1
HELLO, OPEN, REACH, LIST, LISTED, DONE, FAILED, REMOVE, STATUS, STATUS_IS = range(1, 11)
NUMBERS = {"least": 1, "most": 2, "kind": 4}
KEY, NAME, ID = 5, 6, 7


def field(tag, data):
    return struct.pack("<HHI", tag, 0, len(data)) + data + b"\0" * (-len(data) % 8)


def number(tag, value):
    return field(tag, struct.pack("<Q", value))


def text(tag, value):
    return field(tag, value.encode() + b"\0")


def message(kind, *fields, request=1, magic=MAGIC, version=VERSION, size=None):
    body = b"".join(fields)
    return struct.pack("<IHHII", magic, version, kind, request, len(body) if size is None else size) + body


def hello():
    return message(HELLO, number(1, 1), number(2, 1))


class Client:
    def __init__(self, greet=True):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.connect(CONTROL) # however long the queue is
        self.socket.settimeout(20)
        if greet:
            self.say(hello())

    def say(self, data, *fds):
        try:
            self.socket.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else [])
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def hear(self):
        """Type and body of the next message; (0, b"") at the end."""
        try:
            data = self.socket.recv(1 << 17)
        except (ConnectionResetError, BrokenPipeError):
            return 0, b""
        return (struct.unpack_from("<IHHII", data)[2], data[16:]) if data else (0, b"")

    def close(self):
        self.socket.close()


def is_well():
    """Another client is served as ever."""
    client = Client()
    client.say(message(STATUS))
    kind, _ = client.hear()
    client.close()
    return kind == STATUS_IS


def is_ended_by(data, *fds, greet=True):
    """What was said is refused, and the connection with it."""
    client = Client(greet)
    client.say(data, *fds)
    kind, _ = client.hear()
    if kind == FAILED:
        kind, _ = client.hear()
    client.close()
    return kind == 0


def pair():
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def opened(name=None):
    return message(OPEN, number(4, 1), field(KEY, b"k" * 32), *([text(NAME, name)] if name else []))


def rows_that_are_not_a_client_s():
    """Whatever another part says, a client may not: each type that there could be, with and without a descriptor."""
    for kind in list(range(5, 8)) + [10] + list(range(20, 76)) + [100, 101, 150, 200, 1000, 1001, 40000]:
        if not is_ended_by(message(kind)) or not is_ended_by(message(kind), 0):
            return False
    return True


def before_hello():
    return all(is_ended_by(data, greet=False) for data in (message(STATUS), message(LIST), opened(), message(REMOVE, text(ID, "a"))))


def hello_twice():
    return is_ended_by(hello())


def another_version():
    client = Client(False)
    client.say(message(HELLO, number(1, 7), number(2, 9)))
    kind, body = client.hear()
    client.close()
    return kind == FAILED and b"version" in body


def malformed():
    good = message(REACH, number(4, 1), text(ID, "abc"))
    bad = [b"", b"x", good[:-1], good[:20], good + b"\0" * 8, message(REACH, number(4, 1)), message(REACH, number(4, 1), text(ID, "a"), text(ID, "b")),
           message(REACH, number(4, 1), field(ID, b"ab")), message(REACH, number(4, 1), text(ID, "x" * 65)), message(STATUS, magic=1), message(STATUS, version=2),
           message(STATUS, size=4096), b"\xff" * 4096, os.urandom(60000), os.urandom(98304 + 8)]
    return all(is_ended_by(data) for data in bad if data)


def wrong_descriptors():
    one, other = pair()
    good = opened()
    result = is_ended_by(good) and is_ended_by(good, other.fileno(), other.fileno()) and is_ended_by(message(STATUS), 0)
    result = result and is_ended_by(good, *[other.fileno()] * 3) and is_ended_by(good, *[other.fileno()] * 200)
    one.close()
    other.close()
    return result


def wrong_kind_of_descriptor():
    """A file, a pipe, a socket that somebody else made: the keeper asks the kernel who made it."""
    for fd in (os.open("/dev/null", os.O_RDWR), os.pipe()[0], os.memfd_create("x"), socket.socket(socket.AF_INET).detach(),
               socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).detach(), socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).detach()):
        client = Client()
        client.say(opened(), fd)
        os.close(fd)
        client.close()
    return True


def another_process_s_pair():
    """Made by another process, which lives and gave both ends away: who holds them would be served as that one."""
    here, there = pair()
    maker = os.fork()
    if maker == 0:
        ends = pair()
        socket.send_fds(there, [b"x"], [end.fileno() for end in ends])
        there.recv(1)
        os._exit(0)
    _, fds, _, _ = socket.recv_fds(here, 1, 2)
    result = len(fds) == 2
    for data in (opened(), message(REACH, number(4, 3), text(ID, "01m83n5msf9p0nzme74pas0ws5"))):
        client = Client()
        client.say(data, fds[1])
        kind, body = client.hear()
        client.close()
        result = result and kind == FAILED and b"a client makes its own" in body
    here.close()
    there.close()
    os.kill(maker, 9)
    os.waitpid(maker, 0)
    for fd in fds:
        os.close(fd)
    return result


def keeper_is_told_nonsense():
    """The end that leads to a keeper: anything but a request, half a request, a request and its end."""
    for data, fds in ((b"nonsense", 0), (message(40, number(18, 9)), 0), (message(24), 0), (message(20), 1), (message(20), 2), (message(63, text(ID, "a")), 0), (os.urandom(5000), 0)):
        client, (one, other) = Client(), pair()
        client.say(opened(), other.fileno())
        other.close()
        one.settimeout(20)
        memory = os.memfd_create("unsealed")
        one.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [memory] * fds))] if fds else [])
        os.close(memory)
        try:
            got = one.recv(4096)
            if got and struct.unpack_from("<IHHII", got)[2] != FAILED:
                return False
        except ConnectionResetError:
            pass
        one.close()
        client.close()
    return True


def nobody_s_container():
    client, (one, other) = Client(), pair()
    client.say(message(REACH, number(4, 3), text(ID, "01m83n5msf9p0nzme74pas0ws5")), other.fileno())
    kind, body = client.hear()
    for end in (client, one, other):
        end.close()
    return kind == FAILED and b"stale_id" in body


def create(name):
    """A kept container by hand, started; its id."""
    client, (one, other) = Client(), pair()
    client.say(message(OPEN, number(4, 2), field(KEY, b"h" * 32), text(NAME, name)), other.fileno())
    other.close()
    one.settimeout(20)
    record = os.memfd_create("request", os.MFD_ALLOW_SEALING)
    os.write(record, message(1000, text(71, "PATH=/usr/bin:/bin"), text(71, "HOME=" + os.environ["HOME"])))
    fcntl.fcntl(record, 1033, 1 | 2 | 4 | 8)
    here = os.open(".", os.O_PATH | os.O_DIRECTORY)
    one.sendmsg([message(20)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [record, here]))])
    one.send(message(24))
    kinds = []
    while not kinds or kinds[-1] not in (0, 7, 31):
        got = one.recv(1 << 16)
        kinds.append(struct.unpack_from("<IHHII", got)[2] if got else 0)
    for end in (one, client):
        end.close()
    os.close(record)
    os.close(here)
    return kinds[-1] == 31


def visitor_says_everything():
    """Whoever visits a container may say what the table lets a client say, in any order, and the keeper stands."""
    if not create("victim"):
        return False
    answers = []
    for data in (message(42, number(13, 1), text(20, "sha256:0"), number(19, 1)), message(44), message(40, number(18, 99)), message(40, number(18, 0)), message(41), message(47), message(48),
                 message(46, number(26, 1 << 60)), message(51), message(53), message(49), message(49), message(42, number(13, 1), text(20, "x"), number(19, 2)), message(44), message(51),
                 message(53), message(50), message(40, number(18, 15)), message(46, number(26, 0)), message(50), message(50)):
        client, (one, other) = Client(), pair()
        client.say(message(REACH, number(4, 3), text(ID, "victim")), other.fileno())
        other.close()
        one.settimeout(20)
        try:
            one.send(data)
            while got := one.recv(1 << 16):
                answers.append(struct.unpack_from("<IHHII", got)[2])
                if len(answers) > 1000:
                    return False
                one.settimeout(0.3)
        except (TimeoutError, ConnectionResetError, BrokenPipeError):
            pass
        one.close()
        client.close()
    return 52 in answers # STATS_ARE: after all that was said to it while it ran, somebody answers


def bad_names():
    for name in ("", ".", "9a", "a b", "a/b", "a" * 64, "\x1b[2J", "-x"):
        client, (one, other) = Client(), pair()
        client.say(opened(name) if name else message(OPEN, number(4, 1), field(KEY, b"k" * 32), text(NAME, "")), other.fileno())
        kind, _ = client.hear()
        for end in (client, one, other):
            end.close()
        if kind != FAILED:
            return False
    return True


def too_many_connections():
    clients = []
    for _ in range(300):
        try:
            clients.append(Client())
        except OSError:
            break
    refused = 0
    for client in clients[250:]:
        client.say(message(STATUS))
        refused += client.hear()[0] in (FAILED, 0)
    for client in clients:
        client.close()
    deadline = time.monotonic() + 20
    while not is_well():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return refused > 0


def too_many_requests():
    client, refused = Client(), 0
    for _ in range(400):
        client.say(message(LIST))
        while True:
            kind, body = client.hear()
            refused += kind == FAILED and b"requests a second" in body
            if kind != LISTED:
                break
        if not kind:
            return False
    client.close()
    time.sleep(1)
    return refused > 0


def one_that_does_not_read():
    """It asks and never takes the answer: others are served."""
    client = Client()
    client.socket.setblocking(False)
    for _ in range(50):
        try:
            client.socket.send(message(LIST))
        except OSError:
            break
    result = is_well_soon()
    client.close()
    return result


def is_well_soon():
    for _ in range(50):
        if is_well():
            return True
        time.sleep(0.1)
    return False


def random_bytes():
    chance = random.Random(7)
    for _ in range(300):
        client = Client(chance.random() < 0.7)
        data = bytearray(chance.choice([hello(), opened("n"), message(LIST), message(STATUS), message(REACH, number(4, 1), text(ID, "a"))]))
        for _ in range(chance.randrange(1, 6)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        client.say(bytes(data[:chance.randrange(1, len(data) + 1)]), *([0] if chance.random() < 0.2 else []))
        client.close()
        if _ % 50 == 0:
            time.sleep(0.05)
    time.sleep(1)
    return True


resource.setrlimit(resource.RLIMIT_NOFILE, (1024, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
failed = 0
for attempt in (rows_that_are_not_a_client_s, before_hello, hello_twice, another_version, malformed, wrong_descriptors, wrong_kind_of_descriptor,
                another_process_s_pair, keeper_is_told_nonsense, nobody_s_container, visitor_says_everything, bad_names, too_many_connections, too_many_requests, one_that_does_not_read, random_bytes):
    if sys.argv[2:] and attempt.__name__ not in sys.argv[2:]:
        continue
    held = attempt()
    well = is_well_soon()
    if not (held and well):
        print(f"{attempt.__name__}: {'taken' if not held else 'the daemon does not answer'}")
        failed += 1
sys.exit(1 if failed else 0)
