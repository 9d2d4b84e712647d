# SPDX-License-Identifier: Apache-2.0
"""Many containers alive at once: all start, all answer, all end; what each costs."""
import os
import statistics
import subprocess
import time

from deaths import become_subreaper, init_of, reap_all
from world import Settings, World, note, verdict


def pss_kib(pid):
    """Proportional memory of a process; None where it may not be read."""
    try:
        with open(f'/proc/{pid}/smaps_rollup', encoding='utf-8') as file:
            return sum(int(line.split()[1]) for line in file if line.startswith('Pss:'))
    except (OSError, IndexError):
        return None


def start_one(number):
    world = World(f'crowd/{number}')
    started = time.monotonic()
    process = world.popen(world.command('full', last=['wait'], timeout='30m'), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    first = process.stdout.readline()
    return world, process, first, (time.monotonic() - started) * 1000


def memory_of(crowd):
    cordons = [pss_kib(process.pid) for _, process, _, _ in crowd]
    inits = [pss_kib(pid) for _, process, _, _ in crowd for pid in init_of(process.pid)]
    return [value for value in cordons if value is not None], [value for value in inits if value is not None]


def run():
    become_subreaper()
    count = 1000 if Settings.is_long else 50
    part = max(10, count // 20)
    problems, crowd = [], []
    for number in range(count):
        crowd.append(start_one(number))
        if crowd[-1][2] != b'contained\n':
            problems.append(f'container {number}: {crowd[-1][2]!r} {crowd[-1][0].errors()[:1]}')
    verdict(f'{count} containers start while the others live', problems[:3])
    cordons, inits = memory_of(crowd)
    problems = []
    for number, (world, process, _, _) in enumerate(crowd):
        answer, _ = process.communicate(b'%d\n' % number)
        if answer != b'answer %d\n' % number or process.returncode != 0:
            problems.append(f'container {number}: {answer!r}, status {process.returncode} {world.errors()[:1]}')
        problems += world.leftovers()
    verdict(f'{count} containers answer and end', problems[:3])
    verdict(f'nothing is left of {count} containers', [] if reap_all(1.0) else ['a process'])
    times = [one[3] for one in crowd]
    note(f'{count} at once: start p50 of the first {part}: {statistics.median(times[:part]):.1f} ms, '
         f'of the last {part}: {statistics.median(times[-part:]):.1f} ms')
    if cordons and inits:
        note(f'proportional memory of an idle one: cordon {statistics.median(cordons):.0f} KiB, '
             f'its process 1 {statistics.median(inits):.0f} KiB')
    for world, _, _, _ in crowd:
        world.close()
