# SPDX-License-Identifier: Apache-2.0
"""Launches where something is short: descriptors, processes, memory, disk, a reader."""
import glob
import os
import resource
import signal
import subprocess
import time

from deaths import end_of
from world import (ENDS_S, PROBE_STATUS, Settings, World, check_contained, check_outcome, note, remove_group, skipped,
                   verdict)

# Cordon itself could not be started: the dynamic loader says so, or the kernel ended the half executed program.
LOADER_FAILED = (127, -signal.SIGSEGV, -signal.SIGKILL)


def launch(name, before=None, policy='full', options=(), base=None, command=None, needs_record=True, may_be_killed=False):
    """One launch with something done in its process before; True when it was refused."""
    world = World('short', base)
    try:
        process = world.popen(command or world.command(policy, options), preexec_fn=before)
    except (OSError, subprocess.SubprocessError) as error:
        world.close()
        verdict(name, [f'it could not be begun: {error}'])
        return False
    status = end_of(process)
    if status in LOADER_FAILED and not world.runs() and not world.has_run() and \
            all('shared libraries' in line or 'TLS data structures' in line for line in world.errors()):
        problems = world.leftovers()
    elif may_be_killed and status == -signal.SIGKILL:
        problems = world.leftovers(is_killed=True) + check_contained(world, is_over=False)
    else:
        problems = check_outcome(world, status, needs_record)
    if problems and world.errors():
        problems.append(f'status {status}, said: {world.errors()[:2]}')
    world.close()
    verdict(name, problems)
    return status != PROBE_STATUS


def sweep(what, values, before, refused=None, **more):
    """A launch for each value: all are judged, and `refused` says whether some (True) or none (False) must be refused."""
    results = [launch(f'{what} {value}', lambda value=value: before(value), **more) for value in values]
    note(f'{what} {values[0]} to {values[-1]}: {sum(results)} of {len(results)} refused')
    if refused is not None:
        verdict(f'{what}: {"some are refused" if refused else "none is refused"}',
                [] if any(results) == refused else [f'{sum(results)} of {len(results)} were'])


def limit(kind):
    return lambda value: resource.setrlimit(kind, (value, value))


def descriptors():
    sweep('RLIMIT_NOFILE', range(3, 48, 1 if Settings.is_long else 4), limit(resource.RLIMIT_NOFILE), refused=True,
          policy='plain', needs_record=False)


def processes():
    """Root is not bound by it; how many an ordinary user has already is not ours to know, so 0 must refuse."""
    sweep('RLIMIT_NPROC', range(0, 12, 1 if Settings.is_long else 4), limit(resource.RLIMIT_NPROC),
          refused=None if Settings.who == 'root' else True)


def memory():
    step = 1 if Settings.is_long else 8
    sweep('RLIMIT_AS in MiB', range(1, 64, step), lambda value: limit(resource.RLIMIT_AS)(value << 20), needs_record=False)
    sweep('RLIMIT_DATA in KiB', range(0, 2048, 64 if Settings.is_long else 512),
          lambda value: limit(resource.RLIMIT_DATA)(value << 10), needs_record=False)
    sweep('RLIMIT_STACK in KiB', range(64, 1024, 64 if Settings.is_long else 384),
          lambda value: limit(resource.RLIMIT_STACK)(value << 10), needs_record=False)
    sweep('RLIMIT_MEMLOCK', [0], limit(resource.RLIMIT_MEMLOCK))
    sweep('RLIMIT_SIGPENDING', [0], limit(resource.RLIMIT_SIGPENDING))


def control_group(controller, name, values, **more):
    """The launcher itself sits in a small group of version 1 or 2."""
    tops = [path for path in (f'/sys/fs/cgroup/{controller}', '/sys/fs/cgroup') if os.path.exists(f'{path}/cgroup.procs')]
    if Settings.who != 'root' or not tops:
        skipped(f'a {controller} group around the launcher', 'root and a control group that can be made')
        return
    directory = f'{tops[0]}/fault-{os.getpid()}'
    try:
        os.mkdir(directory)
    except OSError as error:
        skipped(f'a {controller} group around the launcher', f'a control group that can be made: {error.strerror}')
        return
    try:
        if not os.path.exists(f'{directory}/{name}'):
            skipped(f'a {controller} group around the launcher', f'controller {controller}')
            return

        def enter(value):
            for file, text in ((name, value), ('cgroup.procs', 0)):
                with open(f'{directory}/{file}', 'w', encoding='utf-8') as opened:
                    opened.write(str(value if file == name else text))

        sweep(f'{controller} group, {name}', values, enter, **more)
    finally:
        problems = []
        for group in (*glob.glob(f'{directory}/cordon-*'), directory):
            problems += remove_group(group)
        verdict(f'the {controller} group around the launcher is empty at the end', problems)


def answer_of(process):
    """All that it says; what hangs is ended, and its status says so."""
    try:
        return process.communicate(timeout=ENDS_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.communicate()


def disk():
    """A file system with room for some blocks only: for the record and the directories at the start, or not."""
    small = f'{Settings.root}/small'
    if not os.path.ismount(small):
        skipped('a full disk', 'root to mount a small file system')
        return
    free = os.statvfs(small)
    for blocks in range(0, 20, 1 if Settings.is_long else 3):
        filler = f'{small}/filler'

        def fill():
            room = os.statvfs(small)
            with open(filler, 'wb') as file:
                file.write(b'\0' * max(0, (room.f_bavail - blocks) * room.f_bsize))

        world_made = World('short', small)
        fill()
        # the tree is there; only the launch finds the disk full
        process = world_made.popen(world_made.command('full', ['--events', f'{world_made.base}/events']),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = answer_of(process)
        os.unlink(filler)
        for path, data in ((world_made.out, out), (world_made.err, err)):
            with open(path, 'wb') as file:
                file.write(data)
        problems = []
        if process.returncode == PROBE_STATUS:
            problems += check_outcome(world_made, PROBE_STATUS)
        elif process.returncode not in (125, 65):
            problems.append(f'status {process.returncode}')
        elif process.returncode == 125 and len(world_made.errors()) != 1:
            problems.append(f'lines of error: {world_made.errors()}')
        problems += check_contained(world_made, process.returncode == PROBE_STATUS)
        problems += world_made.leftovers()
        if problems:
            problems.append(f'status {process.returncode}, said: {world_made.errors()[:2]}')
        world_made.close()
        verdict(f'a disk with {blocks} blocks of {free.f_bsize} left', problems)


def events_to_nowhere():
    for kind, options, more in (
            ('a full device', ['--events', '/dev/full'], {}),
            ('a directory that is not there', ['--events', '/nonexistent/events'], {}),
            ('a descriptor that is closed', ['--events', 'fd:9'], {}),
    ):
        launch(f'--events to {kind}', options=options, needs_record=False, **more)
    launch('a standard input that is closed', before=lambda: os.close(0))


def stopped_reader():
    """Nobody reads what the program writes: the time limit still ends the run, and nothing waits for the reader."""
    for policy in ('full', 'plain'):
        world = World('reader')
        command = [Settings.cordon, 'run', '--policy', f'{Settings.root}/{policy}.yaml', '--workspace', world.work,
                   '--timeout', '1s', '--', '/bin/sh', '-c', 'trap "" TERM; while :; do echo xxxxxxxxxxxxxxxxxxxx; done']
        reader, writer = os.pipe()
        started = time.monotonic()
        process = world.popen(command, stdout=writer)
        os.close(writer)
        status = end_of(process)
        took = time.monotonic() - started
        os.close(reader)
        problems = [] if status == 124 else [f'status {status} after {took:.1f} s: {world.errors()[:2]}']
        events = world.events()
        if not events or events[-1].get('type') != 'run.exited':
            problems.append('no run.exited')
        problems += world.leftovers()
        world.close()
        verdict(f'a reader of the output that stops ({policy})', problems)


def run():
    descriptors()
    processes()
    memory()
    control_group('pids', 'pids.max', range(1, 8, 1 if Settings.is_long else 2), refused=True)
    control_group('memory', 'memory.limit_in_bytes',
                  [kib << 10 for kib in range(256, 8192, 256 if Settings.is_long else 1024)],
                  needs_record=False, may_be_killed=True)
    disk()
    events_to_nowhere()
    stopped_reader()
