# SPDX-License-Identifier: Apache-2.0
"""Who keeps containers is started again without a client: as who he was, where a keeper of his has said so, and no other way."""
import os
import pathlib
import pwd
import signal
import socket

from hostile import refused
from seen import USER, same, wait_for
from world import AGAIN, Client, FORGETS, KEEP, KEEPER, KEEPS, KEPT, Keeper, LEAVES, World, ask, request, status_of

TESTS = {}
ONE, OTHER = b"1" * 32, b"2" * 32


def test(function):
    TESTS[function.__name__] = function
    return function


def records(world):
    return sorted(os.listdir(world.place / "state/kept"))


def groups_now():
    return os.getgrouplist(USER, pwd.getpwnam(USER).pw_gid)


def wanted(world):
    """Name of the record that waits for a keeper."""
    return ask(world.daemon, request(KEPT)).group


def soon_wanted(world):
    found = []
    wait_for(lambda: found.append(wanted(world)) or found[-1], "a record that waits for a keeper")
    return found[-1]


def keep(keeper, what=KEEPS, key=ONE):
    with keeper.launcher() as launcher:
        return ask(launcher, request(KEEP, order=what, key=key))


class Again:
    """A keeper that was started by a record; `said` is cordond's end of its channel."""

    def __init__(self, world, name, groups):
        self.said, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            reply = ask(world.daemon, request(AGAIN, group=name, numbers=groups), [theirs.fileno()])
        self.pid, self.uid, self.pidfd = reply.pid, reply.uid, reply.fds[0]

    def launcher(self):
        self.said.send(b"launcher\0")
        self.said.settimeout(60)
        _, fds, _, _ = socket.recv_fds(self.said, 16384, 4)
        return socket.socket(fileno=fds[0])

    def close(self):
        signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)
        os.close(self.pidfd)
        self.said.close()


@test
def who_keeps_containers_is_started_again_as_who_he_was():
    with World() as world:
        keeper = Keeper(world, USER)
        keep(keeper)
        before = status_of(keeper.pid)
        same((wanted(world), len(records(world))), ("", 1), "while his keeper lives nobody is wanted")
        keeper.close()
        name = soon_wanted(world)
        same([name], records(world), "the record")
        again = Again(world, name, groups_now())
        wait_for(lambda: status_of(again.pid)["Name"] not in ("cordon-launcher",), "the keeper")
        found = status_of(again.pid)
        for key in ("Uid", "Gid", "CapEff", "CapPrm", "CapAmb", "Umask"):
            same(found[key], before[key], key)
        same(sorted(found["Groups"].split()), sorted(before["Groups"].split()), "Groups")
        same(wanted(world), "", "and nobody once more")
        with again.launcher() as launcher:
            ask(launcher, request(KEEP, order=KEEPS, key=ONE))
            ask(launcher, request(KEEP, order=FORGETS, key=ONE))
        same(records(world), [], "what is kept no more has no record")
        again.close()
        wait_for(lambda: not pathlib.Path(f"/proc/{again.pid}").exists(), "its end")
        same(wanted(world), "", "and nobody for it")


@test
def a_launcher_that_begins_again_knows_who_keeps_containers():
    with World() as world:
        keeper = Keeper(world, USER)
        keep(keeper)
        world.stop(signal.SIGKILL)
        world.start()
        same(wanted(world), "", "a keeper that lives has the time to say so")
        with keeper.connect() as connection:
            ask(connection, request(KEEP, order=KEEPS, key=ONE))
        keeper.close()
        name = soon_wanted(world)
        # damaged, it is nobody's, and it stays
        world.stop(signal.SIGKILL)
        os.truncate(world.place / "state/kept" / name, 100)
        world.start()
        same((wanted(world), records(world)), ("", [name]), "a damaged record")


@test
def a_keeper_keeps_for_its_own_user_and_for_one_key():
    with World() as world:
        keeper, other = Keeper(world, USER), Keeper(world, "root")
        keep(keeper)
        keep(other)
        same(len(records(world)), 2, "each has its own record of that key")
        with keeper.launcher() as launcher:
            for what in (KEEPS, LEAVES, FORGETS):
                refused(1, launcher, request(KEEP, order=what, key=OTHER))
            for what in (0, 4):
                refused(22, launcher, request(KEEP, order=what, key=ONE))
            ask(launcher, request(KEEP, order=FORGETS, key=ONE))
            same(len(records(world)), 1, "it forgets its own alone")
            # nor does it ask what cordond may
            refused(1, launcher, request(KEPT))
            refused(1, launcher, request(AGAIN, group=records(world)[0], numbers=[0]), [launcher.fileno()])
        refused(1, world.daemon, request(KEEP, order=KEEPS, key=ONE))
        keeper.close()
        other.close()


@test
def what_one_keeper_forgets_another_still_keeps():
    with World() as world:
        one, other = Keeper(world, USER), Keeper(world, USER)
        keep(one)
        keep(other)
        keep(one, FORGETS)
        same(len(records(world)), 1, "the other has some")
        one.close()
        wait_for(lambda: not pathlib.Path(f"/proc/{one.pid}").exists(), "its end")
        same(wanted(world), "", "and lives")
        keep(other, LEAVES)
        same(len(records(world)), 1, "there are some that it has not")
        other.close()
        wait_for(lambda: not pathlib.Path(f"/proc/{other.pid}").exists(), "its end")
        same(wanted(world), "", "and nobody is wanted for those")


@test
def the_end_of_one_of_two_keepers_of_a_key_has_another_started():
    with World() as world:
        one, other = Keeper(world, USER), Keeper(world, USER)
        keep(one)
        keep(other)
        one.close()
        again = Again(world, soon_wanted(world), groups_now())
        with again.launcher() as launcher:
            ask(launcher, request(KEEP, order=LEAVES, key=ONE))
        again.close()
        wait_for(lambda: not pathlib.Path(f"/proc/{again.pid}").exists(), "its end")
        same(wanted(world), "", "it had none")
        other.close()
        soon_wanted(world)


@test
def a_daemon_that_is_taken_over_has_nobody_started_but_who_is_wanted():
    with World() as world, socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as channel:
        keeper, fds = Keeper(world, USER), [channel.fileno()]
        keep(keeper)
        name, groups = records(world)[0], groups_now()
        refused(116, world.daemon, request(AGAIN, group=name, numbers=groups), fds)  # it has a keeper
        for unknown in ("", "k0-1", "kept"):
            refused(116, world.daemon, request(AGAIN, group=unknown, numbers=groups), fds)
        refused(22, world.daemon, request(AGAIN, group="../kept", numbers=groups), fds)
        refused(71, world.daemon, request(AGAIN, group=name, numbers=groups), [])
        refused(71, world.daemon, request(AGAIN, group=name, numbers=groups), fds * 2)
        keeper.close()
        same(soon_wanted(world), name, "wanted")
        # no account, or another first group: nobody is started, and it waits
        text = refused(1, world.daemon, request(AGAIN, group=name, numbers=[]), fds)
        same("no more in group" in text, True, text)
        refused(1, world.daemon, request(AGAIN, group=name, numbers=[0]), fds)
        refused(22, world.daemon, request(AGAIN, group=name, numbers=groups, count=65), fds)
        again = Again(world, name, groups)
        refused(116, world.daemon, request(AGAIN, group=name, numbers=groups), fds)  # once
        # whatever key it was told by whom: the record's alone
        with again.launcher() as launcher:
            refused(1, launcher, request(KEEP, order=KEEPS, key=OTHER))
            ask(launcher, request(KEEP, order=KEEPS, key=ONE))
        again.close()


@test
def groups_that_somebody_has_no_more_are_not_given_back():
    with World() as world:
        client = Client("root", before=lambda: (os.setgroups([pwd.getpwnam(USER).pw_gid, 5, 6]), os.setresgid(*[pwd.getpwnam(USER).pw_gid] * 3),
                                                os.setresuid(*[pwd.getpwnam(USER).pw_uid] * 3)))
        keeper = Keeper.__new__(Keeper)
        keeper.client, keeper.world = client, world
        reply = ask(world.daemon, request(KEEPER, names=["client"]), [client.given])
        keeper.pid, keeper.group, keeper.pidfd = reply.pid, reply.group, reply.fds[0]
        wait_for(lambda: status_of(keeper.pid)["Name"] not in ("cordon-launcher",), "the keeper")
        same("5 6" in status_of(keeper.pid)["Groups"], True, "groups of the client")
        keep(keeper)
        keeper.close()
        first = pwd.getpwnam(USER).pw_gid
        again = Again(world, soon_wanted(world), [first, 6, 0, 27])
        wait_for(lambda: status_of(again.pid)["Name"] not in ("cordon-launcher",), "the keeper")
        same(sorted(status_of(again.pid)["Groups"].split()), sorted({"6", str(first)}), "those that it had and has")
        again.close()


@test
def each_key_waits_by_itself():
    with World() as world:
        held = [Keeper(world, USER) for _ in range(3)]
        for number, keeper in enumerate(held):
            keep(keeper, key=bytes([65 + number]) * 32)
        same(len(records(world)), 3, "records")
        for keeper in held:
            keeper.close()
        same(sorted(soon_wanted(world) for _ in held), records(world), "each is told once")
        same(wanted(world), "", "and not again at once")
