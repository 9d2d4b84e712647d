# SPDX-License-Identifier: Apache-2.0
"""What the launcher tells cordond of what it does: on a connection that asked for it, which can be asked nothing any more."""
import socket
import struct

from held import begin, settled
from seen import same, wait_for
from world import COUNTS, FIRST, KEEPER, KILL, ORDER, OWN_UID, REPLY, Ended, Keeper, Refused, Reply, World, ask, request

USER, Skip = "agent1", Exception
TESTS = {}
HEAR = 14
BEGAN, STARTED, KEEPER_ENDED, OWNED, GIVEN, TAKEN, REFUSED = range(1, 8)
NOTE = struct.Struct("=2I2Q8I32s64s448s")
RING = 512
NONE = 0xFFFFFFFF


def test(function):
    TESTS[function.__name__] = function
    return function


class Note:
    def __init__(self, data):
        same(len(data), NOTE.size, "the size of what it tells")
        (_, self.kind, self.time_ns, self.lost, self.user, self.uid, self.login_uid, self.session, self.pid, self.count, self.type, _, group, name, text) = NOTE.unpack(data)
        self.group, self.name, self.text = (field.split(b"\0")[0].decode() for field in (group, name, text))


class Hearing:
    """A daemon that hears, from now on."""

    def __init__(self, world):
        self.socket = world.connect(world.daemon_path)
        ask(self.socket, request(HEAR))
        self.socket.settimeout(60)
        self.heard = []

    def until(self, kind, **wanted):
        while True:
            data = self.socket.recv(4096)
            if not data:
                raise Ended()
            note = Note(data)
            self.heard.append(note)
            if note.kind == kind and all(getattr(note, name) == value for name, value in wanted.items()):
                return note


def refuse(connection, data):
    try:
        ask(connection, data)
    except Refused as why:
        return why
    raise AssertionError("it was carried out")


def answer_between(connection, data):
    """Notes of its own refusals come there, too."""
    connection.send(data)
    while len(answer := connection.recv(4096)) != REPLY.size:
        same(Note(answer).kind, REFUSED, "what is told")
    return Reply(answer, [])


@test
def what_it_gives_is_told_with_what_it_took_to_know_it_by():
    with World() as world:
        hearing = Hearing(world)
        same(hearing.until(BEGAN).uid, FIRST, "the first uid")  # it waited for somebody who hears it
        keeper = Keeper(world, "root")
        started = hearing.until(STARTED, group=keeper.group)
        same((started.user, started.pid), (0, keeper.pid), "user and keeper")
        reply, _ = begin(keeper.launcher(), "a", flags=OWN_UID)
        settled(reply.pid)
        given = hearing.until(GIVEN, name="a")
        owned = [note for note in hearing.heard if note.kind == OWNED]
        same([(note.user, note.uid <= reply.uid < note.uid + note.count) for note in owned], [(0, True)], "whose they are from now on")
        same((given.user, given.uid, given.login_uid, given.session, given.pid, given.group), (0, reply.uid, reply.login_uid, reply.session, reply.pid, keeper.group), "what it gave")
        ask(world.daemon, request(ORDER, group=keeper.group, name="a", order=KILL))
        keeper.close()
        same(hearing.until(TAKEN, name="a").uid, reply.uid, "what it took back")
        hearing.until(KEEPER_ENDED, group=keeper.group)


@test
def who_hears_asks_nothing_any_more_and_the_next_one_takes_its_place():
    with World() as world:
        first = Hearing(world)
        first.until(BEGAN)
        for kind in (KEEPER, ORDER, COUNTS, HEAR):  # the twin: the daemon's own connection is answered for what is wrong with the request
            same("not for this peer" in answer_between(first.socket, request(kind, group="x", name="a", order=KILL)).text, True, f"request {kind}")
        same("no such keeper" in refuse(world.daemon, request(ORDER, group="x", name="a", order=KILL)).text, True, "the daemon may ask")
        second = Hearing(world)
        wait_for(lambda: ended(first.socket), "the end of the first")
        Keeper(world, "root").close()
        second.until(KEEPER_ENDED)
        other = Keeper(world, USER)
        same("not for this peer" in refuse(other.launcher(), request(HEAR)).text, True, "a keeper hears nothing")
        other.close()


def ended(connection):
    try:
        while connection.recv(4096):
            pass
    except (ConnectionResetError, BlockingIOError, socket.timeout):
        return False
    return True


@test
def what_nobody_heard_is_told_to_the_next_and_what_found_no_room_is_counted():
    with World() as world:
        Hearing(world).socket.close()
        for _ in range(RING + 100):  # refusals of no keeper are a few a second: of the daemon itself none fills the ring
            refuse(world.daemon, request(KEEPER))
        keeper = Keeper(world, "root")
        hearing = Hearing(world)
        hearing.until(STARTED, group=keeper.group)
        refusals = [note for note in hearing.heard if note.kind == REFUSED]
        same(0 < len(refusals) < RING + 100, True, f"{len(refusals)} refusals")
        refuse(world.daemon, request(KEEPER))
        keeper.close()
        hearing.until(KEEPER_ENDED, group=keeper.group)
        hearing.socket.close()
        for _ in range(RING // 2 + 20):  # two each: a keeper and its end
            Keeper(world, "root").close()
        wait_for(lambda: not list((world.place / "records").iterdir()), "the keepers' end")
        last = Keeper(world, "root")
        hearing = Hearing(world)
        while len(hearing.heard) < RING:
            hearing.until(hearing_next(hearing))
        another = Keeper(world, "root")
        same(hearing.until(STARTED, group=another.group).lost > 0, True, "what was lost is counted")
        last.close()
        another.close()


def hearing_next(hearing):
    """The kind of what comes next, whatever it is."""
    data = hearing.socket.recv(4096, socket.MSG_PEEK)
    return Note(data).kind
