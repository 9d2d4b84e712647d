# SPDX-License-Identifier: Apache-2.0
"""Cordon or its process 1 is killed: at chosen system calls, and at random moments without a tracer."""
import ctypes
import os
import random
import signal
import subprocess
import time

from world import (CGROUPS, ENDS_S, GRACE_S, PROBE_STATUS, Settings, World, check_contained, check_outcome, note, remove_group,
                   skipped, verdict)

PR_SET_CHILD_SUBREAPER = 36


def become_subreaper():
    """What a killed launch leaves becomes a child of this process, and can be counted."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children():
    with open(f'/proc/self/task/{os.getpid()}/children', encoding='utf-8') as file:
        return [int(word) for word in file.read().split()]


def reap_all(seconds):
    """True when no child is left before the time is over; what is left then is killed."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return True
        if pid:
            continue
        if time.monotonic() > deadline:
            break
        time.sleep(0.002)
    for pid in children():
        kill(pid)
    return False


def kill(pid):
    """False when it is gone."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def end_of(process):
    """Its status, or that it hangs."""
    try:
        return process.wait(timeout=ENDS_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return 'none: it hangs'


def init_of(pid):
    """The container's process 1, seen from outside."""
    try:
        with open(f'/proc/{pid}/task/{pid}/children', encoding='utf-8') as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def check_death(world, victim, status):
    problems = check_contained(world, is_over=False) + world.leftovers(is_killed=victim == 'cordon')
    if victim == 'cordon':
        return problems
    errors, events = world.errors(), world.events()
    last = events[-1].get('type', 'cut short') if events else 'none'
    if status == 7 and last == 'run.exited':
        return problems  # it came too late
    if status != 125:
        problems.append(f'status {status}')
    if len(errors) != 1 or not errors[0].startswith('cordon: '):
        problems.append(f'{len(errors)} lines of error: {errors[:3]}')
    if last not in ('run.failed', 'run.exited'):
        problems.append(f'the last record is {last}')
    return problems


def kill_at_random(number, victim, longest):
    world = World('death')
    process = world.popen(world.command('full', last=['sleep']))
    time.sleep(random.uniform(0, longest))
    targets = [process.pid] if victim == 'cordon' else init_of(process.pid)
    for pid in targets:
        kill(pid)
    if not targets:
        kill(process.pid)
        victim = 'cordon'
    status = end_of(process)
    problems = [] if reap_all(GRACE_S) else [f'a process lived {GRACE_S} s later']
    had_run = world.has_run()
    problems += check_death(world, victim, status)
    world.close()
    return had_run, verdict(f'{victim} is killed at a random moment, {number}', problems)


def at_random(count):
    ran = 0
    started = time.monotonic()
    world = World('pace')
    world.popen(world.command('full')).wait()
    world.close()
    longest = max(0.01, 1.5 * (time.monotonic() - started))
    for number in range(count):
        ran += kill_at_random(number, ('cordon', 'init')[number % 2], longest)[0]
    note(f'{count} kills within {longest * 1000:.0f} ms of the start, {ran} after the program had begun')


def worker_of(process, name):
    """The worker of this name as soon as it is executed; None where the launch is over before."""
    while process.poll() is None:
        for pid in init_of(process.pid):
            try:
                with open(f'/proc/{pid}/cmdline', encoding='utf-8') as file:
                    if file.read().split('\0')[0] == name:
                        return pid
            except OSError:
                pass
    return None


def kill_worker(number, name, longest):
    """The launch is refused in one line, or the program is left without a network, which the record says."""
    world = World('death')
    process = world.popen(world.command('net'))
    pid = worker_of(process, name)
    time.sleep(random.uniform(0, longest))
    problems = [] if pid else ['it was never there']
    is_late = pid is None or process.poll() is not None or not kill(pid)
    status = end_of(process)
    problems += [] if reap_all(GRACE_S) else [f'a process lived {GRACE_S} s later']
    problems += check_outcome(world, status)
    said = '; '.join(world.errors())
    world.close()
    verdict(f'{name} is killed {number}', problems, said)
    return status != PROBE_STATUS, is_late


def workers_at_random(count):
    started = time.monotonic()
    world = World('pace')
    status = world.popen(world.command('net')).wait()
    problems = check_outcome(world, status) + ([] if status == PROBE_STATUS else world.errors())
    world.close()
    if not verdict('an undisturbed run with all workers', problems):
        return
    longest = time.monotonic() - started
    ends = [kill_worker(number, ('cordon-gateway', 'cordon-inspector', 'cordon-holder')[number % 3], longest)
            for number in range(count)]
    note(f'{count} kills of workers within {longest * 1000:.0f} ms, {sum(end[0] for end in ends)} launches refused, '
         f'{sum(end[1] for end in ends)} too late')


def at_calls(step):
    """At system calls of cordon and of process 1: nobody can be killed at a more unlucky moment."""
    world = World('good')
    report = world.trace(['-l'], world.command('full'))
    world.close()
    calls = [(words[1], words[2], words[3]) for words in report if words[0] == 'call']
    count = 0
    for victim, where in (('cordon', ('cordon', 'init', 'keeper', 'program')), ('init', ('cordon', 'init', 'keeper', 'program'))):
        for role, index, name in calls[::step]:
            if role not in where:
                continue
            count += 1
            world = World('death')
            report = world.trace(['-r', role, '-i', index, '-k', victim], world.command('full'))
            status = ([int(words[1]) for words in report if words[0] == 'status'] or [None])[-1]
            problems = [] if status is not None else ['the tracer was ended: nothing is known']
            problems += [' '.join(words) for words in report if words[0] in ('left', 'hangs')]
            problems += check_death(world, 'cordon' if status == 137 else victim, status)
            world.close()
            verdict(f'{victim} is killed when {role} makes call {index}, {name}', problems)
    note(f'{count} kills at system calls')


def groups():
    """What is still in a control group is told, and waited for: what is killed leaves it later than it ends."""
    name = 'a control group is removed when what dies in it is gone'
    directory = next((made for made in (f'{path}/fault-{os.getpid()}' for path in CGROUPS) if is_made(made)), None)
    if not directory:
        skipped(name, 'a control group that can be made')
        return
    with subprocess.Popen(['sleep', '1000'], cwd='/') as inside:
        try:
            with open(f'{directory}/cgroup.procs', 'w', encoding='utf-8') as file:
                file.write(str(inside.pid))
            told = remove_group(directory, patience_s=0.1)
            problems = [] if told and f'{inside.pid} (' in told[0] else [f'somebody lives in it, and what is told is {told}']
        except OSError as error:
            problems = [f'{directory} takes nobody: {error.strerror}']
        finally:
            inside.kill()
        problems += remove_group(directory) + remove_group(directory)  # which is no error when another one did it
    verdict(name, problems)


def is_made(directory):
    try:
        os.mkdir(directory)
    except OSError:
        return False
    return os.path.exists(f'{directory}/cgroup.procs')


def run():
    become_subreaper()
    groups()
    random.seed(int(os.environ.get('FAULT_SEED', '0')) or None)
    at_random(2000 if Settings.is_long else 20)
    workers_at_random(600 if Settings.is_long else 18)
    at_calls(1 if Settings.is_long else 29)
