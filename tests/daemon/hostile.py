#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A hostile client of cordond: hostile.py CONTROL_SOCKET. Everything that no honest one says, and the daemon is asked after each what it has."""
import fcntl
import os
import random
import resource
import socket
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from wire import BOUND_S, MOST, TAG, TYPE, becomes, connect, field, fields_of, hello, kind_of, message, number, pair, receive, send, text, value_of

CONTROL = sys.argv[1]
STRANGER = "01m83n5msf9p0nzme74pas0ws5"  # nobody's container


class Client:
    def __init__(self, greet=True):
        self.socket = connect(CONTROL)
        if greet:
            self.say(hello())

    def say(self, data, *fds):
        return send(self.socket, data, *fds)

    def hear(self):
        """Type and body of the next message; (0, b"") at the end."""
        try:
            data = self.socket.recv(MOST)
        except (ConnectionResetError, BrokenPipeError):
            return 0, b""
        return kind_of(data), data[16:]

    def close(self):
        self.socket.close()


def is_well():
    """Another client is served as ever."""
    client = Client()
    client.say(message(TYPE.STATUS))
    kind, _ = client.hear()
    client.close()
    return kind == TYPE.STATUS_IS


def is_ended_by(data, *fds, greet=True):
    """What was said is refused, and the connection with it."""
    client = Client(greet)
    client.say(data, *fds)
    kind, _ = client.hear()
    if kind == TYPE.FAILED:
        kind, _ = client.hear()
    client.close()
    return kind == 0


def opened(name=None):
    return message(TYPE.OPEN, number(TAG.KIND, 1), field(TAG.KEY, b"k" * 32), *([text(TAG.NAME, name)] if name else []))


def rows_that_are_not_a_client_s():
    """Whatever another part says, a client may not: each type that there could be, with and without a descriptor."""
    for kind in list(range(5, 8)) + [10] + list(range(20, 76)) + [100, 101, 150, 200, 1000, 1001, 40000]:
        if not is_ended_by(message(kind)) or not is_ended_by(message(kind), 0):
            return False
    return True


def before_hello():
    return all(is_ended_by(data, greet=False) for data in (message(TYPE.STATUS), message(TYPE.LIST), opened(), message(TYPE.REMOVE, text(TAG.ID, "a"))))


def hello_twice():
    return is_ended_by(hello())


def another_version():
    client = Client(False)
    client.say(message(TYPE.HELLO, number(TAG.VERSION_LEAST, 7), number(TAG.VERSION_MOST, 9)))
    kind, body = client.hear()
    client.close()
    return kind == TYPE.FAILED and b"version" in body


def malformed():
    good = message(TYPE.REACH, number(TAG.KIND, 1), text(TAG.ID, "abc"))
    bad = [b"", b"x", good[:-1], good[:20], good + b"\0" * 8, message(TYPE.REACH, number(TAG.KIND, 1)), message(TYPE.REACH, number(TAG.KIND, 1), text(TAG.ID, "a"), text(TAG.ID, "b")),
           message(TYPE.REACH, number(TAG.KIND, 1), field(TAG.ID, b"ab")), message(TYPE.REACH, number(TAG.KIND, 1), text(TAG.ID, "x" * 65)), message(TYPE.STATUS, magic=1), message(TYPE.STATUS, version=2),
           message(TYPE.STATUS, size=4096), b"\xff" * 4096, os.urandom(60000), os.urandom(98304 + 8)]
    return all(is_ended_by(data) for data in bad if data)


def wrong_descriptors():
    one, other = pair()
    good = opened()
    result = is_ended_by(good) and is_ended_by(good, other.fileno(), other.fileno()) and is_ended_by(message(TYPE.STATUS), 0)
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
    for data in (opened(), message(TYPE.REACH, number(TAG.KIND, 3), text(TAG.ID, STRANGER))):
        client = Client()
        client.say(data, fds[1])
        kind, body = client.hear()
        client.close()
        result = result and kind == TYPE.FAILED and b"a client makes its own" in body
    here.close()
    there.close()
    os.kill(maker, 9)
    os.waitpid(maker, 0)
    for fd in fds:
        os.close(fd)
    return result


def keeper_is_told_nonsense():
    """The end that leads to a keeper: anything but a request, half a request, a request and its end."""
    for data, fds in ((b"nonsense", 0), (message(TYPE.SIGNAL, number(TAG.SIGNAL, 9)), 0), (message(TYPE.GO), 0), (message(TYPE.REQUEST_IS), 1), (message(TYPE.REQUEST_IS), 2),
                      (message(TYPE.LOST, text(TAG.ID, "a")), 0), (os.urandom(5000), 0)):
        client, (one, other) = Client(), pair()
        client.say(opened(), other.fileno())
        other.close()
        one.settimeout(BOUND_S)
        memory = os.memfd_create("unsealed")
        send(one, data, *[memory] * fds)
        os.close(memory)
        try:
            if kind_of(one.recv(MOST)) not in (TYPE.FAILED, 0):
                return False
        except ConnectionResetError:
            pass
        one.close()
        client.close()
    return True


def nobody_s_container():
    client, (one, other) = Client(), pair()
    client.say(message(TYPE.REACH, number(TAG.KIND, 3), text(TAG.ID, STRANGER)), other.fileno())
    kind, body = client.hear()
    for end in (client, one, other):
        end.close()
    return kind == TYPE.FAILED and b"stale_id" in body


def ask_for(opening, *words, behind=()):
    """By hand, and what is said behind it in the same breath: the answer, whole, and the connection that it is on."""
    client, (one, other) = Client(), pair()
    client.say(opening, other.fileno())
    other.close()
    one.settimeout(BOUND_S)
    record = os.memfd_create("request", os.MFD_ALLOW_SEALING)
    os.write(record, message(TYPE.RECORD_REQUEST, *words, text(TAG.ENVIRONMENT, "PATH=/usr/bin:/bin"), text(TAG.ENVIRONMENT, "HOME=" + os.environ["HOME"])))
    fcntl.fcntl(record, 1033, 1 | 2 | 4 | 8)
    here = os.open(".", os.O_PATH | os.O_DIRECTORY)
    send(one, message(TYPE.REQUEST_IS), record, here)
    send(one, message(TYPE.GO))
    for data in behind:
        send(one, data)
    os.close(record)
    os.close(here)
    data = b"?" * 16
    while kind_of(data) not in (0, TYPE.FAILED, TYPE.STARTED):
        data = one.recv(MOST)
    client.close()
    return data, one


def create(name):
    """A kept container, started."""
    data, one = ask_for(message(TYPE.OPEN, number(TAG.KIND, 2), field(TAG.KEY, b"h" * 32), text(TAG.NAME, name)))
    one.close()
    return kind_of(data) == TYPE.STARTED


def gives_up_at_once():
    """What had begun by then is told, and runs on; of what had not it is said that it was given up."""
    for _ in range(3):
        data, one = ask_for(opened(), text(TAG.ARG, "sleep"), text(TAG.ARG, "1000"), behind=[message(TYPE.GIVE_UP)] * 2)
        if kind_of(data) == TYPE.STARTED:
            send(one, message(TYPE.SIGNAL, number(TAG.SIGNAL, 15)))
            while kind_of(data) not in (0, TYPE.OVER):
                data, fds, _, _ = socket.recv_fds(one, MOST, 2)
                for fd in fds:
                    os.close(fd)
            if kind_of(data) != TYPE.OVER:
                return False
        elif kind_of(data) != TYPE.FAILED or value_of(dict(fields_of(data))[TAG.ERRNUM]) != 125:
            return False
        one.close()
    return True


def visitor_says_everything():
    """Whoever visits a container may say what the table lets a client say, in any order, and the keeper stands."""
    if not create("victim"):
        return False
    answers = []
    for data in (message(TYPE.ANSWER, number(TAG.NUMBER, 1), text(TAG.DIGEST, "sha256:0"), number(TAG.ANSWER, 1)), message(TYPE.COUNT_CHANGES), message(TYPE.SIGNAL, number(TAG.SIGNAL, 99)),
                 message(TYPE.SIGNAL, number(TAG.SIGNAL, 0)), message(TYPE.KILL), message(TYPE.FREEZE), message(TYPE.THAW), message(TYPE.STOP, number(TAG.LEFT_MS, 1 << 60)),
                 message(TYPE.STATS), message(TYPE.LOGS), message(TYPE.START), message(TYPE.START), message(TYPE.GIVE_UP),
                 message(TYPE.ANSWER, number(TAG.NUMBER, 1), text(TAG.DIGEST, "x"), number(TAG.ANSWER, 2)), message(TYPE.COUNT_CHANGES), message(TYPE.STATS), message(TYPE.LOGS),
                 message(TYPE.DROP), message(TYPE.SIGNAL, number(TAG.SIGNAL, 15)), message(TYPE.STOP, number(TAG.LEFT_MS, 0)), message(TYPE.DROP), message(TYPE.DROP)):
        client, (one, other) = Client(), pair()
        client.say(message(TYPE.REACH, number(TAG.KIND, 3), text(TAG.ID, "victim")), other.fileno())
        other.close()
        one.settimeout(20)
        try:
            one.send(data)
            while got := one.recv(MOST):
                answers.append(kind_of(got))
                if len(answers) > 1000:
                    return False
                one.settimeout(0.3)
        except (TimeoutError, ConnectionResetError, BrokenPipeError):
            pass
        one.close()
        client.close()
    return TYPE.STATS_ARE in answers  # after all that was said to it while it ran, somebody answers


def ends_that_are_none():
    """A time that cannot be kept is refused, not taken for none."""
    if not create("endless"):
        return False
    late = 9223372036855  # the first millisecond behind what 63 bits of nanoseconds hold
    for said in [number(TAG.UNTIL_MS, at) for at in (late, 1 << 63, (1 << 64) - 1)] + [number(TAG.LEFT_MS, left) for left in (late - 1, 1 << 63, (1 << 64) - 1)]:
        client, (one, other) = Client(), pair()
        client.say(message(TYPE.REACH, number(TAG.KIND, 3), text(TAG.ID, "endless")), other.fileno())
        other.close()
        one.settimeout(BOUND_S)
        one.send(message(TYPE.RENEW, said))
        kind, fields = receive(one)
        while kind not in (0, TYPE.DONE, TYPE.FAILED):
            kind, fields = receive(one)
        for end in (one, client):
            end.close()
        if kind != TYPE.FAILED or b"2262" not in fields[TAG.TEXT]:
            return False
    return True


def bad_names():
    for name in ("", ".", "9a", "a b", "a/b", "a" * 64, "\x1b[2J", "-x"):
        client, (one, other) = Client(), pair()
        client.say(opened(name) if name else message(TYPE.OPEN, number(TAG.KIND, 1), field(TAG.KEY, b"k" * 32), text(TAG.NAME, "")), other.fileno())
        kind, _ = client.hear()
        for end in (client, one, other):
            end.close()
        if kind != TYPE.FAILED:
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
        client.say(message(TYPE.STATUS))
        refused += client.hear()[0] in (TYPE.FAILED, 0)
    for client in clients:
        client.close()
    return becomes(is_well) and refused > 0


def too_many_requests():
    client, refused = Client(), 0
    for _ in range(400):
        client.say(message(TYPE.LIST))
        while True:
            kind, body = client.hear()
            refused += kind == TYPE.FAILED and b"requests a second" in body
            if kind != TYPE.LISTED:
                break
        if not kind:
            return False
    client.close()
    return refused > 0


def one_that_does_not_read():
    """It asks and never takes the answer: others are served."""
    client = Client()
    client.socket.setblocking(False)
    for _ in range(50):
        try:
            client.socket.send(message(TYPE.LIST))
        except OSError:
            break
    result = becomes(is_well)
    client.close()
    return result


def random_bytes():
    chance = random.Random(7)
    for _ in range(300):
        client = Client(chance.random() < 0.7)
        data = bytearray(chance.choice([hello(), opened("n"), message(TYPE.LIST), message(TYPE.STATUS), message(TYPE.REACH, number(TAG.KIND, 1), text(TAG.ID, "a"))]))
        for _ in range(chance.randrange(1, 6)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        client.say(bytes(data[:chance.randrange(1, len(data) + 1)]), *([0] if chance.random() < 0.2 else []))
        client.close()
    return True


resource.setrlimit(resource.RLIMIT_NOFILE, (1024, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
failed = 0
for attempt in (rows_that_are_not_a_client_s, before_hello, hello_twice, another_version, malformed, wrong_descriptors, wrong_kind_of_descriptor,
                another_process_s_pair, keeper_is_told_nonsense, nobody_s_container, gives_up_at_once, visitor_says_everything, ends_that_are_none, bad_names, too_many_connections, too_many_requests, one_that_does_not_read, random_bytes):
    if sys.argv[2:] and attempt.__name__ not in sys.argv[2:]:
        continue
    held = attempt()
    well = becomes(is_well)
    if not (held and well):
        print(f"{attempt.__name__}: {'taken' if not held else 'the daemon does not answer'}")
        failed += 1
sys.exit(1 if failed else 0)
