# SPDX-License-Identifier: Apache-2.0
"""Each system call of a launch fails once."""
import errno
import os
import re

from world import PROBE_CANNOT_OPEN, PROBE_STATUS, Settings, World, check_contained, check_refusal, note, verdict

# No errno is ever returned by these, or they do not return.
NEVER_FAIL = set('exit exit_group rt_sigreturn getuid geteuid getgid getegid getpid gettid getppid umask '
                 'restart_syscall'.split())

# What a call is likely to fail with; everything else: EIO.
LIKELY = {
    errno.ENOMEM: 'mmap mremap mprotect munmap poll ppoll epoll_wait futex process_vm_readv',
    errno.EMFILE: 'open openat openat2 socket socketpair pipe2 dup dup2 dup3 fcntl epoll_create1 signalfd4 memfd_create '
                  'fsopen fsmount open_tree open_tree_attr pidfd_open',
    errno.EAGAIN: 'clone clone3 fork vfork',
    errno.ECHILD: 'wait4 waitid',
    errno.EPERM: 'mount move_mount mount_setattr pivot_root umount2 capset prctl seccomp landlock_create_ruleset '
                 'landlock_add_rule landlock_restrict_self setgroups setsid sethostname keyctl chdir fchdir prlimit64 '
                 'rt_sigaction rt_sigprocmask close_range kill pidfd_send_signal',
    errno.EACCES: 'getcwd execve execveat',
    errno.ENOSPC: 'write mkdir mkdirat mknodat symlinkat fallocate ftruncate',
}
LONG = [errno.EINTR, errno.EPERM, errno.ENOMEM, errno.EIO, errno.EMFILE, errno.ENOSPC]


def likely_errno(name):
    for number, names in LIKELY.items():
        if name in names.split():
            return number
    return errno.EIO


def read_tolerated():
    """The table of places where a launch goes on: role, call, a pattern for the path, whether by chance."""
    rows = []
    path = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'goes-on')
    with open(path, encoding='utf-8') as file:
        for line in file:
            words = line.split('#')[0].split(None, 3)
            if words:
                rows.append((words[0], re.compile(f'({words[1]})$'), re.compile(words[2]), words[3].startswith('by chance')))
    return rows


# What no machine may go on without: each is part of the containment itself. Elsewhere a launch may meet other objects than
# here and go on for a reason that `goes-on` does not know; the short run holds it to being contained, no more.
MUST_REFUSE = {
    'cordon': 'memfd_create execve',
    'init': 'mount move_mount open_tree open_tree_attr mount_setattr fsopen fsconfig fsmount pivot_root umount2 '
            'sethostname setgroups capset prctl fspick landlock_create_ruleset landlock_add_rule clone fork unshare setns',
    'keeper': 'prctl capset landlock_restrict_self seccomp',
    'serving': 'capset prctl setns',
    'program': 'prctl setsid setrlimit prlimit64 landlock_restrict_self seccomp execve',
    'worker': 'close_range setns mount chdir pivot_root umount2 landlock_create_ruleset landlock_restrict_self capset prctl bind',
}


WORKERS = ('gateway', 'inspector', 'holder')
OF_WORKERS = (*WORKERS, 'inside')


def until_ready(calls):
    """Of a worker's calls those up to the one by which it says that it is ready: the first it sends behind its filter."""
    shut = {role: index for role, index, name, _ in calls if role in WORKERS and name == 'prctl'}
    ready = {}
    for role, index, name, _ in calls:
        if role in shut and index > shut[role] and name in ('sendto', 'sendmsg'):
            ready.setdefault(role, index)
    return [call for call in calls if call[0] not in ready or call[1] <= ready[call[0]]]


def must_refuse(role, name):
    return name in MUST_REFUSE.get('worker' if role in OF_WORKERS else role, '').split()


class Sweep:
    tolerated = read_tolerated()
    used = set()  # rows that were needed, by any policy

    def __init__(self, policy):
        self.policy = policy
        self.counts = {'refused': 0, 'ended': 0, 'not reached': 0, 'went on': 0, 'of these unknown': 0}
        self.list_calls()

    @staticmethod
    def options(world, index=0):
        return ['--events', f'{world.base}/events'] + (['--json'] if index % 2 else [])

    def list_calls(self):
        """The calls of a good run; where the record is open and where the program starts."""
        world = World('good')
        report = world.trace(['-l'], world.command(self.policy, self.options(world)))
        self.calls = until_ready([(words[1], int(words[2]), words[3], words[4] if len(words) > 4 else '')
                                  for words in report if words[0] == 'call'])
        self.status = [words[1] for words in report if words[0] == 'status'] == [str(PROBE_STATUS)]
        self.errors = world.errors() + world.leftovers() + check_contained(world)
        self.order = {(role, index): at for at, (role, index, _, _) in enumerate(self.calls)}
        store = [at for at, call in enumerate(self.calls) if call[3].endswith('/events.jsonl')]
        execs = [at for at, call in enumerate(self.calls) if call[0] == 'program' and call[2] == 'execve']
        self.recorded_at = store[0] if store else 0
        self.started_at = execs[-1] if execs else 0
        world.close()

    def is_tolerated(self, role, name, path, errnum):
        for row in self.tolerated:
            if row[0] in (role, '(any)', 'worker' if role in OF_WORKERS else role) and row[2].search(path) and (
                    row[1].match(name) or row[1].match(f'{name}@{errno.errorcode[errnum]}')):
                self.used.add(row)
                return True
        return False

    def disturb(self, role, index, errnum):
        """Where a run makes a call less than the good one did, the number can be that of one that cannot fail, and whose
        failure means nothing: then another run is disturbed."""
        for _ in range(5):
            world = World('case')
            report = world.trace(['-r', role, '-i', str(index), '-e', str(errnum)], world.command(self.policy, self.options(world, index)))
            hit = [words for words in report if words[0] == 'disturbed']
            if all(words[3] not in NEVER_FAIL for words in hit):
                return world, report, hit
            world.close()
        return None, [], []

    def fail_once(self, role, index, name, errnum):
        world, report, hit = self.disturb(role, index, errnum)
        if not world:
            self.counts['not reached'] += 1
            return verdict(f'{self.policy}: {role} {index}: {name}', [], 'not reached: each run made another call there')
        status = ([int(words[1]) for words in report if words[0] == 'status'] or [None])[-1]
        problems = [' '.join(words) for words in report if words[0] in ('left', 'hangs')]
        if status is None:
            world.close()
            return verdict(f'{self.policy}: {role} {index}: {name}', ['the tracer was ended: nothing is known'])
        problems += world.leftovers(is_killed=bool(hit) and hit[0][3] in ('rmdir', 'waitid'))
        problems += check_contained(world, status == PROBE_STATUS)
        what = f'{role} {index}: {name}'
        if hit:
            name, path = hit[0][3], hit[0][4] if len(hit[0]) > 4 else ''
            what = f'{role} {index}: {name}({path}) fails with {errno.errorcode[errnum]}'
        problems += self.judge(world, role, index, name, path if hit else '', errnum, status, bool(hit))
        said = f'status {status}, said: {" / ".join(world.errors()[:2])}'
        if problems and world.errors():
            problems.append(said)
        world.close()
        return verdict(f'{self.policy}: {what}', problems, said)

    def judge(self, world, role, index, name, path, errnum, status, is_hit):
        events = world.events()
        last = events[-1].get('type', 'cut short') if events else 'none'
        at = self.order.get((role, index), 0)
        if role == 'keeper' and at > self.started_at and name != 'futex':
            role = 'serving'
        if status == PROBE_STATUS or (role == 'serving' and status == PROBE_CANNOT_OPEN):
            return self.judge_going_on(world, role, name, path, last, errnum if is_hit else None)
        allowed = (126, 127) if role == 'program' and name == 'execve' else ()
        if status != 125 and status not in allowed:
            return [f'status {status}, last record {last}']
        if world.has_run() or last == 'run.exited':
            return self.judge_ended(world, last)
        self.counts['refused'] += 1
        problems = check_refusal(world)
        text = world.errors()[0] if world.errors() else ''
        if last != 'run.failed' and not (last in ('none', 'cut short') and
                                         (at <= self.recorded_at + 2 or '(not recorded)' in text or name == 'write')):
            problems.append(f'the last record is {last}')
        if last == 'run.failed' and events[-1]['text'] not in text:
            problems.append(f"record and line differ: {events[-1]['text']}")
        return problems

    def judge_going_on(self, world, role, name, path, last, errnum):
        self.counts['went on' if errnum else 'not reached'] += 1
        problems = []
        if world.errors():
            problems.append('an error was said and the program went on')
        if last != 'run.exited':
            problems.append(f'the last record is {last}')
        if errnum and must_refuse(role, name):
            problems.append(f'went on without it: {role} {name} {path}')
        elif errnum and not self.is_tolerated(role, name, path, errnum):
            self.counts['of these unknown'] += 1
            if Settings.is_long:
                problems.append(f'went on, and no row of the table says why: {role} {name} {path}')
        return problems

    def judge_ended(self, world, last):
        """After the start: ended, said so, and recorded."""
        self.counts['ended'] += 1
        problems = []
        errors = world.errors()
        if len(errors) != 1 or not errors[0].startswith('cordon: '):
            problems.append(f'{len(errors)} lines of error: {errors[:3]}')
        elif 'started' not in errors[0] and 'the program ended with status' not in errors[0]:
            problems.append(f'it does not say that the program had started: {errors[0]}')
        if last not in ('run.failed', 'run.exited') and not (errors and '(not recorded)' in errors[0]):
            problems.append(f'the last record is {last}')
        return problems


def choose(calls):
    """All calls in the long run. Else of the many that are alike (mounting each of 80 directories) one in three, another
    one for each caller; of the workers one of each kind, and every other kind for each caller."""
    seen, chosen, kinds = {}, [], 0
    for call in calls:
        group = (call[0], call[2])
        seen[group] = seen.get(group, 0) + 1
        if call[0] in OF_WORKERS and not Settings.is_long:
            kinds += seen[group] == 1
            if seen[group] == 1 and kinds % 2 == (Settings.who == 'root'):
                chosen.append(call)
        elif seen[group] <= 6 or Settings.is_long or seen[group] % 3 == (Settings.who == 'root'):
            chosen.append(call)
    return chosen


def run(policy='full', only=None):
    sweep = Sweep(policy)
    if not verdict(f'{policy}: an undisturbed run under the tracer', sweep.errors + ([] if sweep.status else ['status'])):
        return
    cases = 0
    for role, index, name, path in choose(sweep.calls):
        if name in NEVER_FAIL or (only and not re.search(only, f'{role} {name} {path}')):
            continue
        for errnum in dict.fromkeys([likely_errno(name)] + (LONG if Settings.is_long and name != 'brk' else [])):
            sweep.fail_once(role, index, name, errnum)
            cases += 1
    note(f'{policy}: {len(sweep.calls)} calls, {cases} failures: ' +
         ', '.join(f'{count} {what}' for what, count in sweep.counts.items()))
    return sweep


def list_unneeded():
    """For tests/fault/run, which looks for rows that no caller needs."""
    for row in Sweep.tolerated:
        if row not in Sweep.used and not row[3]:
            print(f'unneeded: {row[0]} {row[1].pattern} {row[2].pattern}')
