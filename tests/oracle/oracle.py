#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs random cases in containers and holds what the kernel says against the model. tests/oracle/run starts it."""
import argparse
import collections
import copy
import errno
import json
import os
import shutil
import subprocess
import sys
import time

import generate
import launchers
import model
import names
import third

STAMP = names.STAMP
MARK = 'user.oracle'
LOOKS = ('read', 'list', 'stat', 'readlink', 'getmark')
MEMBERS = {'readwrite': 'readwritePaths', 'readonly': 'readonlyPaths', 'denied': 'deniedPaths',
           'protected': 'protectedPaths', 'unknown': 'unknownPaths'}


class Disagreement(Exception):
    def __init__(self, index, op, why, expected, got):
        super().__init__('%s: expected %s, got %s' % (' '.join(op) if op else 'launch', expected, got))
        self.index, self.op, self.why, self.expected, self.got = index, op, why, expected, got

    def key(self):
        """What stays the same while a case is shrunk, and what a known disagreement names."""
        return (self.op[0] if self.op else 'launch', self.why, self.expected.split(' ')[0])


class Known:
    """Lines of tests/oracle/known-disagreements: operations, why, expected: reason."""

    def __init__(self, path):
        self.rows = []
        with open(path, encoding='utf-8') as lines:
            for line in lines:
                if line.strip() and not line.startswith('#'):
                    head, _, reason = line.partition(':')
                    operations, why, expected = head.split()
                    self.rows.append('%s %s %s: %s' % (operations, why, expected, reason.strip()))
        self.count = collections.Counter()

    def covers(self, found):
        operation, why, expected = found.key()
        for row in self.rows:
            operations, row_why, row_expected = row.partition(':')[0].split()
            if (operation in operations.split(',') or operations == '*') and (row_why, row_expected) == (why, expected):
                self.count[row] += 1
                return True
        return False


class Bench:
    """The directory in which the cases of one caller live."""

    def __init__(self, root, cordon, perform, known, flip=None, launcher=None):
        self.launcher = launcher
        self.root, self.cordon, self.perform, self.known, self.flip = root, cordon, perform, known, flip
        self.base = os.path.join(root, 'tree')
        self.policies = [os.path.join(root, name) for name in ('policy.json', 'second.json')]
        self.environment = {'HOME': os.path.join(root, 'home'), 'PATH': '/usr/bin:/bin'}
        self.counts = collections.Counter()
        for name in ('home', 'cwd'):
            os.makedirs(os.path.join(root, name), exist_ok=True)
        try:
            os.setxattr(os.path.join(root, 'cwd'), MARK, b'x')
        except OSError:
            model.World.has_marks = False

    # ---- one case ----

    def prepare(self, case):
        shutil.rmtree(self.base, ignore_errors=True)
        os.mkdir(self.base, 0o755)
        world = model.World(case, self.base, self.flip)
        made = {}
        for path, node in world.walk_host():
            if id(node) in made:
                os.link(made[id(node)], path)
                continue
            made[id(node)] = path
            if node.kind == 'd':
                os.mkdir(path)
                os.chmod(path, 0o755)
            elif node.kind == 'l':
                os.symlink(node.data, path)
            else:
                with open(path, 'w', encoding='ascii') as file:
                    file.write(node.data)
                os.chmod(path, 0o644)
        for path, node in reversed(list(world.walk_host())):
            if node.mark is not None and world.has_marks:
                os.setxattr(path, MARK, node.mark.encode())
            os.utime(path, (STAMP, STAMP), follow_symlinks=False)
        for layer, path in enumerate(self.policies):
            with open(path, 'w', encoding='ascii') as file:
                json.dump(self.document(case, layer), file)
        return world

    def document(self, case, layer):
        files = {}
        for rule in case['rules']:
            if rule.get('layer', 0) != layer:
                continue
            path = rule['path'].replace('@', self.base)
            item = {'path': path, 'optional': True} if rule.get('optional') else path
            files.setdefault(MEMBERS[rule['kind']], []).append(item)
        files.setdefault('readonlyPaths', []).append(self.perform)
        if layer:
            return {'version': 'cordon/1', 'filesystem': files}
        if case.get('builtin'):
            files['protectBuiltin'] = True
        if case.get('unprotected'):
            files['unprotectedPaths'] = case['unprotected']
        if case.get('views'):
            files['views'] = [{'source': v['source'].replace('@', self.base),
                               'target': v['target'].replace('@', self.base), 'access': v['access']}
                              for v in case['views']]
        return {'version': 'cordon/1', 'filesystem': files}

    def judge(self, case):
        """Runs the case; raises Disagreement at the first one that is not known."""
        world = self.prepare(case)
        ops = [[word.replace('@', self.base) for word in op] for op in case['ops']]
        text = ''.join('\t'.join(op) + '\n' for op in ops)
        policies = ['--policy', self.policies[0]] + (['--policy', self.policies[1]] if case.get('layered') else [])
        command = self.launcher(self, world, case) if self.launcher else \
            [self.cordon, 'run', *policies, '--', self.perform]
        done = subprocess.run(command, check=False,
                              input=text.encode(), capture_output=True, env=self.environment,
                              cwd=os.path.join(self.root, 'cwd'))
        self.counts['containers'] += 1
        if not self.launcher and not self.judge_launch(case, world, done):
            return
        answers = done.stdout.decode().splitlines()
        if done.returncode != 0 or len(answers) != len(ops):
            if self.launcher:
                self.counts['not started'] += 1
                return
            raise Disagreement(len(answers), None, 'run', 'status 0 and %d answers' % len(ops),
                               '%d and %d: %s' % (done.returncode, len(answers), done.stderr.decode().strip()))
        asked = []
        self.judge_operations(world, ops, answers, asked)
        self.judge_plan(case, policies, asked)

    def judge_operations(self, world, ops, answers, asked):
        for index, op in enumerate(ops):
            try:
                if not self.launcher:
                    questions = third.questions_of(world, op)
                    if questions:
                        asked.append((third.Asked(index, op, questions), answers[index]))
                self.judge_operation(world, index, op, answers[index])
            except model.Unjudged:
                self.counts['left'] += 1
                if not answers[index].startswith('0\t') or op[0] in LOOKS:
                    continue
                # Something was changed where the model does not follow: its state is no longer the kernel's.
                self.counts['left'] += len(ops) - index - 1
                return
        self.judge_end(world, ops)

    def judge_plan(self, case, policies, asked):
        """The plan is of the tree as it was before the operations, so that is laid out again."""
        if not asked:
            return
        self.prepare(case)
        said, refusal = third.answers(self.cordon, policies, self.environment, os.path.join(self.root, 'cwd'),
                                      [one for one, _ in asked])
        if said is None:
            raise Disagreement(-1, None, 'plan', 'answers', refusal)
        for one, answer in asked:
            number = answer.partition('\t')[0]
            name = errno.errorcode.get(int(number), number) if number != '0' else 'ok'
            own, said = said[:len(one.questions)], said[len(one.questions):]
            if self.flip == 'plan':
                own = [dict(s, verdict='allowed') if s['verdict'] == 'refused' else s for s in own]
            wrong = third.hold(one, own, name)
            if wrong == 'open':
                self.counts['plan open'] += 1
                continue
            self.counts['plan'] += 1
            self.counts['plan refused'] += name not in third.NO_POLICY and name != 'ok'
            if wrong:
                self.disagree(Disagreement(one.index, one.op, 'plan', 'agreement of the plan', wrong))

    def judge_launch(self, case, world, done):
        """True when the operations ran."""
        members = [case['spoiled']] if case.get('spoiled') else []
        for rule in case['rules']:
            if rule['kind'] in ('readwrite', 'readonly') and not rule.get('optional') and '*' not in rule['path'] and \
                    '?' not in rule['path'] and \
                    world.resolve_host(rule['path'].replace('@', self.base))[1] is None:
                members.append('filesystem.' + MEMBERS[rule['kind']])
        refused = done.returncode == 125
        said = done.stderr.decode().strip()
        self.counts['pairs'] += 1
        if refused and not members and world.launch_open and 'filesystem.' in said:
            self.counts['open'] += 1
            return False
        if refused != bool(members):
            self.disagree(Disagreement(-1, None, 'launch', 'refused ' + ' '.join(members) if members else 'ok', said))
        elif refused and not any(member in said for member in members):
            self.disagree(Disagreement(-1, None, 'member', 'refused naming ' + ' or '.join(members), said))
        return not refused

    def disagree(self, found):
        if not self.known.covers(found):
            raise found
        self.counts['known'] += 1

    def judge_operation(self, world, index, op, answer):
        number, _, seen = answer.partition('\t')
        name = errno.errorcode.get(int(number), number) if number != '0' else 'ok'
        verdict = world.judge(op)
        self.counts['pairs'] += 1
        self.counts['op ' + op[0] + ' ' + verdict.kind] += 1
        if verdict.kind == 'either':
            self.counts['open'] += 1
        elif (verdict.kind == 'ok') != (name == 'ok'):
            self.disagree(Disagreement(index, op, verdict.why, verdict.kind, (name + ' ' + seen).strip()))
            if name == 'ok' and verdict.kind != 'ok':
                raise model.Unjudged
        # A view that a rule shuts may be shown as shut, or not at all.
        if verdict.kind == 'refused' and name != 'ok' and verdict.errors and name not in verdict.errors and \
                not world.views:
            wanted = 'refused with one of ' + ' '.join(sorted(verdict.errors))
            self.disagree(Disagreement(index, op, verdict.why, wanted, name))
        if name == 'ok':
            if verdict.seen:
                self.judge_seen(index, op, verdict, seen)
            if verdict.apply:
                verdict.apply()

    def judge_seen(self, index, op, verdict, seen):
        kind, truth = verdict.seen
        if kind == 'data':
            right = bytes.fromhex(seen).decode('latin-1') == truth
        elif kind in ('names', 'within'):
            shown = {bytes.fromhex(part).decode() for part in seen.split('/') if part}
            right = shown == truth if kind == 'names' else shown <= truth
        else:
            letter, size, stamp, owner = seen.split()
            right = letter == truth.kind and owner == 'self'
            if kind == 'hidden':
                right = right and stamp != str(STAMP) and (
                    letter != 'f' or int(size) != len(truth.data) or not truth.data)
            else:
                right = right and (letter != 'f' or int(size) == len(truth.data)) and \
                    (truth.stamp is None or int(stamp) == truth.stamp)
        if not right:
            wanted = sorted(truth) if isinstance(truth, set) else truth if isinstance(truth, str) else truth.kind
            why = 'object' if verdict.why == 'object' else kind
            self.disagree(Disagreement(index, op, why, 'seen %s' % wanted, seen))

    def judge_end(self, world, ops):
        expected, found = world.snapshot(), self.snapshot()
        if expected != found:
            for path in sorted(set(expected) | set(found)):
                if not self.is_same(expected.get(path), found.get(path)):
                    self.disagree(Disagreement(len(ops), None, 'end', 'host %s %s' % (path, expected.get(path)),
                                               str(found.get(path))))

    @staticmethod
    def is_same(expected, found):
        if expected is None or found is None or expected[3] is not None and expected[3] != found[3]:
            return expected is found
        return expected[:3] + expected[4:] == found[:3] + found[4:]

    @staticmethod
    def mark(path):
        try:
            return os.getxattr(path, MARK, follow_symlinks=False).decode()
        except OSError:
            return None

    def snapshot(self):
        result = {}

        def walk(directory, relative):
            for entry in os.scandir(directory):
                path = relative + entry.name
                status = entry.stat(follow_symlinks=False)
                if entry.is_symlink():
                    kind, data, mode = 'l', os.readlink(entry.path), 0
                elif entry.is_dir(follow_symlinks=False):
                    kind, data, mode = 'd', None, status.st_mode & 0o7777
                else:
                    with open(entry.path, encoding='latin-1') as file:
                        kind, data, mode = 'f', file.read(), status.st_mode & 0o7777
                mark = self.mark(entry.path) if kind != 'l' else None
                result[path] = (kind, data, mode, int(status.st_mtime), mark, status.st_ino)
                if kind == 'd':
                    walk(entry.path, path + '/')
        walk(self.base, '')
        return names.group(result)

    # ---- shrinking ----

    def still(self, case, key):
        try:
            self.judge(case)
        except Disagreement as found:
            return found.key() == key
        except (model.Unjudged, OSError, KeyError, ValueError):
            return False
        return False

    def shrink(self, case, found):
        """The smallest case that disagrees in the same way: fewer operations, rules, names."""
        case = copy.deepcopy(case)
        if found.op and found.index >= 0:
            case['ops'] = case['ops'][:found.index + 1]
        again = True
        deadline = time.monotonic() + 30
        while again and time.monotonic() < deadline:
            again = False
            for part in ('ops', 'rules', 'tree', 'views', 'unprotected'):
                again |= self.shrink_list(case, part, found.key(), deadline)
            if case.get('builtin') and self.still(dict(case, builtin=False), found.key()):
                case['builtin'], again = False, True
        return case

    def shrink_list(self, case, part, key, deadline):
        items, changed = case.get(part, []), False
        size = max(1, len(items) // 2)
        while items and time.monotonic() < deadline:
            start = 0
            while start < len(items):
                fewer = items[:start] + items[start + size:]
                if self.still(dict(case, **{part: fewer}), key):
                    items, changed = fewer, True
                    case[part] = items
                else:
                    start += size
            if size == 1:
                break
            size //= 2
        return changed


def describe(case, found, options, number):
    lines = ['DISAGREE --caller %s --seed %s --case %s: %s (%s)' % (options.caller, options.seed, number, found,
                                                                   found.why), '  tree:']
    lines += ['    ' + ' '.join(str(word) for word in entry) for entry in case['tree']]
    lines += ['  policy: builtin %s unprotected %s views %s' % (case.get('builtin'), case.get('unprotected', []),
                                                               case.get('views', []))]
    lines += ['    %s%s %s%s' % ('second document: ' if r.get('layer') else '', r['kind'], r['path'],
                                 ' optional' if r.get('optional') else '') for r in case['rules']]
    lines += ['  operations:'] + ['    ' + ' '.join(op) for op in case['ops']]
    return '\n'.join(lines)


def print_tally(bench, tally, options):
    counts = bench.counts
    for kind, count in sorted(tally.counts.items()):
        print('tally\t%s\t%s\t%d' % (options.launcher, kind, count))
    judged = counts['pairs'] - counts['open']
    for kind, count in (('pairs', judged), ('open by the table', counts['open']), ('not judged', counts['left']),
                        ('containers', counts['containers']), ('containers that did not start', counts['not started'])):
        print('tally\t%s\t%s\t%d' % (options.launcher, kind, count))
    # The answers are counted, not judged: only a run that counted nothing has failed.
    print('result %d %d 0' % (judged, judged == 0))
    return judged == 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--pairs', type=int, default=3000)
    parser.add_argument('--seconds', type=float, default=0, help='stop after this time, too (0: no limit)')
    parser.add_argument('--seed', default='1')
    parser.add_argument('--caller', default='user')
    parser.add_argument('--case', type=int, help='only this one')
    parser.add_argument('--report-max', type=int, default=8)
    parser.add_argument('--broken-model', choices=names.FLIPS)
    parser.add_argument('--launcher', choices=launchers.LAUNCHERS, help='count how another tool answers the same cases')
    parser.add_argument('--summary', action='store_true', help='count per operation and verdict')
    parser.add_argument('root')
    parser.add_argument('cordon')
    parser.add_argument('perform')
    parser.add_argument('known')
    options = parser.parse_args()

    known = launchers.Tally() if options.launcher else Known(options.known)
    simplify = launchers.simple if options.launcher else None
    bench = Bench(options.root, options.cordon, options.perform, known, options.broken_model,
                  launchers.LAUNCHERS.get(options.launcher))
    bad, number, started, reported = 0, options.case or 0, time.monotonic(), set()
    while bench.counts['pairs'] < options.pairs:
        if options.seconds and time.monotonic() - started > options.seconds:
            break
        case = generate.generate(options.seed + options.caller, number, simplify)
        try:
            bench.judge(case)
        except Disagreement as found:
            bad += 1
            if options.broken_model:
                print('found out: %s (%s)' % (found, found.why))
                break
            if found.key() not in reported and len(reported) < options.report_max:
                reported.add(found.key())
                counts = bench.counts.copy()
                small = bench.shrink(case, found)
                try:
                    bench.judge(small)
                except Disagreement as smaller:
                    found = smaller
                bench.counts = counts
                print(describe(small, found, options, number), flush=True)
        if bad >= 200:
            break
        number += 1
        if options.case is not None:
            break
        if bench.counts['not started'] > 50 and not bench.counts['pairs']:
            break
    shutil.rmtree(bench.base, ignore_errors=True)
    if options.launcher:
        return print_tally(bench, known, options)
    for row in known.rows:
        print('skipped %d times, known: %s' % (known.count[row], row))
    if options.summary:
        for name in sorted(n for n in bench.counts if n.startswith('op ')):
            print('  %-24s %d' % (name[3:], bench.counts[name]))
    counts = bench.counts
    print('%d answers of the plan held against the kernel, %d of them refusals, %d depend on more' % (
        counts['plan'], counts['plan refused'], counts['plan open']))
    print('%d pairs in %d containers, %d of them open by the table, %d not judged, %d known, %.0f s' % (
        counts['pairs'], counts['containers'], counts['open'], counts['left'], counts['known'],
        time.monotonic() - started))
    print('result %d %d %d' % (counts['pairs'] - counts['known'] - bad, bad, counts['known'] + counts['left']))
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
