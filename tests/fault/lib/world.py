# SPDX-License-Identifier: Apache-2.0
"""What every fault test shares: one launch in a directory of its own, what it left, and what its record says."""
import json
import os
import re
import shutil
import subprocess
import sys
import time

PROBE_STATUS = 7  # of the probe when nothing disturbs it
PROBE_CANNOT_OPEN = 65  # and when its own first open() fails
GRACE_S = 10.0  # what lives so long after cordon's end is left behind
ENDS_S = 60  # a launch that takes longer hangs, however slow the machine is
EMPTY_S = 20.0  # for what is dying in a control group to be gone

POLICY = """\
version: cordon/1
extends: [coding-agent]
filesystem:
  readonlyPaths: ['@BIN@']
  deniedPaths: ['${workspace}/secret', '**/*.denied']
resources: {openFiles: 200, pids: 60, memory: 256MiB, disk: 64MiB}
isolation: {allowLoss: [resources.memory, resources.pids, protectedPaths.missing, groups]}
"""

# With all workers: the gateway, the inspector, the holder of a secret.
POLICY_NET = POLICY + """\
network: {egress: {allow: [{to: [{host: api.example.com}], ports: [{port: 443}], tls: terminate}]}}
secrets: [{name: TOKEN, source: 'env:FAULT_TOKEN', hosts: [api.example.com]}]
"""

# Neither a keeper of names nor a control group; output passes through Cordon, which counts it.
POLICY_PLAIN = """\
version: cordon/1
extends: [shell]
filesystem:
  readonlyPaths: ['@BIN@']
  readwritePaths: ['${workspace}']
  deniedPaths: ['${workspace}/secret', '${workspace}/a.denied']
network: {loopback: deny}
resources: {output: 1MiB}
isolation: {allowLoss: [protectedPaths.missing, groups]}
"""


class Settings:
    """Where things are; filled by main."""
    cordon = inject = probe = root = ''
    who = 'user'
    is_long = False
    counts = {'passed': 0, 'failed': 0, 'skipped': 0}
    host = None  # a socket that listens on the host's loopback, which no program may reach


def passed(name, said=''):
    Settings.counts['passed'] += 1
    if os.environ.get('FAULT_VERBOSE'):
        print(f'ok   {name} ({Settings.who}): {said}', flush=True)


def failed(name, why):
    Settings.counts['failed'] += 1
    print(f'FAILED {name} ({Settings.who}): {why}', flush=True)


def skipped(name, missing):
    required = os.environ.get('CORDON_TEST_REQUIRE', '').split(',')
    if 'all' in required or missing.split()[0] in required:
        failed(name, f'required: {missing}')
        return
    Settings.counts['skipped'] += 1
    print(f'skipped {name} ({Settings.who}): {missing}', flush=True)


def verdict(name, problems, said=''):
    if problems:
        failed(name, '; '.join(problems))
    else:
        passed(name, said)
    return not problems


def write_policies():
    for name, text in (('full', POLICY), ('net', POLICY_NET), ('plain', POLICY_PLAIN)):
        with open(f'{Settings.root}/{name}.yaml', 'w', encoding='utf-8') as file:
            file.write(text.replace('@BIN@', os.path.dirname(Settings.probe)))


def cgroup_directories():
    """The caller's own group in every hierarchy, and all above it: where a launch may make one."""
    mounts, found = {}, []
    with open('/proc/self/mountinfo', encoding='utf-8') as file:
        for line in file:
            left, right = line.split(' - ')
            kind, _, options = right.split()[:3]
            if kind.startswith('cgroup'):
                for word in ['2'] if kind == 'cgroup2' else options.split(','):
                    mounts[word] = left.split()[4]
    with open('/proc/self/cgroup', encoding='utf-8') as file:
        for line in file:
            number, controllers, path = line.strip().split(':', 2)
            mount = mounts.get('2' if number == '0' else controllers.split(',')[0])
            while mount:
                found.append(mount + path.rstrip('/'))
                if path in ('', '/'):
                    break
                path = os.path.dirname(path)
    return found


def inside_group(directory):
    """What the kernel still counts in a control group, for a report."""
    found = []
    for pid in World.read(f'{directory}/cgroup.procs').split():
        found.append(f"{pid} ({World.read(f'/proc/{pid}/comm').strip() or 'ending'})")
    return ', '.join(found) or 'nobody by its list'


def remove_group(directory, patience_s=EMPTY_S):
    """Removes a group as soon as what dies in it is gone; [] or what is wrong."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            os.rmdir(directory)
            return []
        except FileNotFoundError:
            return []
        except OSError as error:
            if time.monotonic() > deadline:
                return [f'{error.strerror}: the control group {directory} still has {inside_group(directory)}']
        time.sleep(0.01)


class World:
    """A home, a workspace and a file outside of it, in which one launch happens."""

    def __init__(self, name, base=None):
        self.base = f'{base or Settings.root}/{name}'
        shutil.rmtree(self.base, ignore_errors=True)
        self.home, self.work = f'{self.base}/home', f'{self.base}/work'
        self.marker = f'{self.work}/marker'
        for directory in (self.home, f'{self.work}/.git/hooks', f'{self.base}/tmp'):
            os.makedirs(directory)
        with open(f'{self.work}/.git/config', 'w', encoding='utf-8') as file:
            file.write('[core]\n\tbare = false\n')
        with open(f'{self.work}/port', 'w', encoding='utf-8') as file:
            file.write(f'{Settings.host.getsockname()[1]}\n')
        for path in (f'{self.work}/secret', f'{self.work}/a.denied', f'{self.base}/outside'):
            with open(path, 'w', encoding='utf-8') as file:
                file.write('secret\n')
        os.link(f'{self.work}/secret', f'{self.work}/alias')
        self.out, self.err = f'{self.base}/out', f'{self.base}/err'
        self.report = f'{self.base}/report'
        self.before = self.files()
        self.mounts_before = self.mounts()

    def environment(self):
        return {'PATH': '/usr/bin:/bin', 'HOME': self.home, 'LANG': 'C.UTF-8', 'TMPDIR': f'{self.base}/tmp',
                'FAULT_TOKEN': 'value-of-a-secret',
                'CORDON_HINT': '0'}  # errors are what is looked at

    def command(self, policy='full', options=(), last=(), timeout='20s'):
        kept = 'secret' if policy == 'plain' else 'new.denied'
        watch = ['--watch', os.environ['FAULT_WATCH']] if os.environ.get('FAULT_WATCH') else []
        return [Settings.cordon, 'run', *watch, '--policy', f'{Settings.root}/{policy}.yaml', '--workspace', self.work,
                '--timeout', timeout, *options, '--', Settings.probe, self.marker,
                ':'.join(f'{self.work}/{name}' for name in ('secret', 'a.denied', 'alias')),
                f'{self.work}/{kept}', f'{self.base}/outside', *last]

    def popen(self, command, **more):
        with open(self.out, 'wb') as out, open(self.err, 'wb') as err:
            settings = {'stdin': subprocess.DEVNULL, 'stdout': out, 'stderr': err, 'env': self.environment(),
                        'cwd': self.work, **more}
            return subprocess.Popen(command, **settings)

    def trace(self, arguments, command):
        """Through inject; returns its report as a list of words per line."""
        self.popen([Settings.inject, '-o', self.report, '-t', str(ENDS_S), *arguments, *command]).wait()
        return [line.split() for line in self.read(self.report).splitlines()]

    @staticmethod
    def read(path):
        try:
            with open(path, encoding='utf-8', errors='replace') as file:
                return file.read()
        except OSError:
            return ''

    def has_run(self):
        return os.path.exists(self.marker)

    def output(self):
        return self.read(self.out)

    def errors(self):
        """Lines of standard error; those of --json in the form of the others. What is said at the end of a program that failed,
        as the probe does, is no error."""
        lines = [line for line in self.read(self.err).splitlines() if not re.match(r'cordon: \d+ refused, such as ', line)]
        for at, line in enumerate(lines):
            if line.startswith('{"error":'):
                try:
                    lines[at] = 'cordon: ' + json.loads(line)['error']['text']
                except (ValueError, KeyError):
                    pass
        return lines

    def files(self):
        found = set()
        for directory, names, files in os.walk(self.base):
            for name in names + files:
                found.add(os.path.relpath(os.path.join(directory, name), self.base))
        return found

    def mounts(self):
        with open('/proc/self/mountinfo', encoding='utf-8') as file:
            return {line for line in file if Settings.root in line or 'cordon-init' in line}

    def runs(self):
        try:
            return sorted(os.listdir(f'{self.home}/.local/state/cordon/runs'))
        except OSError:
            return []

    def events(self, run=None):
        """The records of the last run, oldest first; a line that is cut short is an empty record."""
        runs = self.runs()
        found = []
        if not runs:
            return found
        for line in self.read(f'{self.home}/.local/state/cordon/runs/{run or runs[-1]}/events.jsonl').splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                found.append({})
        return found

    def leftovers(self, is_killed=False):
        """What is there that no launch may leave. A killed one may leave a control group, which a later one removes
        once what was killed with it is gone."""
        problems = []
        own = re.compile(r'(home/\.(local(/state(/cordon(/runs(/[0-9a-z]{26}(/(events\.jsonl|request\.json))?)?)?)?)?|cache(/cordon(/.*)?)?|'
                         r'config(/cordon)?)|work/marker|out|err|report|events|status)$')
        for path in sorted(self.files() - self.before):
            if not own.match(path):
                problems.append(f'left the file {path}')
        for mount in self.mounts() - self.mounts_before:
            problems.append(f'left the mount {mount.strip()}')
        for run in self.runs():
            for directory in CGROUPS:
                if os.path.isdir(f'{directory}/cordon-{run}'):
                    if is_killed:
                        problems += remove_group(f'{directory}/cordon-{run}')
                    else:
                        problems.append(f'left the control group {directory}/cordon-{run}')
        return problems

    def close(self):
        shutil.rmtree(self.base, ignore_errors=True)


CGROUPS = cgroup_directories()


def check_refusal(world, what=''):
    """One line that says what failed; the program did not run."""
    problems = []
    errors = world.errors()
    if world.has_run():
        problems.append('the program ran')
    if len(errors) != 1 or not errors[0].startswith('cordon: '):
        problems.append(f'{len(errors)} lines of error: {errors[:3]}')
    elif len(errors[0].split()) < 4:
        problems.append(f'the error does not say what failed on what: {errors[0]}')
    return problems


def check_contained(world, is_over=True):
    """A program that was ended may not have come to its last word, but says at once what does not hold."""
    problems = []
    if os.path.exists(f'{world.work}/new.denied'):
        problems.append('NOT CONTAINED: a kept name was made')
    if 'NOT CONTAINED' in world.output():
        problems.append(world.output().strip())
    if is_over and world.has_run() and 'contained\n' not in world.output():
        problems.append('the program ran and does not say that it is contained')
    return problems


def check_outcome(world, status, needs_record=True):
    """The general judgement of a launch under a shortage: contained in full, or refused in one line."""
    problems = world.leftovers()
    events = world.events()
    last = events[-1].get('type', 'cut short') if events else 'none'
    if status == PROBE_STATUS:
        problems += check_contained(world)
        if not world.has_run():
            problems.append("the program's status without its marker")
        if last != 'run.exited':
            problems.append(f'the last record is {last}')
        return problems
    if status == 125 and world.has_run():
        errors = world.errors()
        if len(errors) != 1 or 'had started' not in errors[0]:
            problems.append(f'it does not say that the program had started: {errors[:3]}')
        return problems + ([] if last in ('run.failed', 'run.exited') else [f'the last record is {last}'])
    if status not in (125, 126):
        problems.append(f'status {status}: {world.errors()[:2]}')
    problems += check_refusal(world)
    if needs_record and last != 'run.failed':
        problems.append(f'the last record is {last}')
    return problems


def note(text):
    print(f'     {text}', flush=True)


def is_ended(name):
    print(f'{name} ({Settings.who}): {Settings.counts}', file=sys.stderr)
