# SPDX-License-Identifier: Apache-2.0
"""Random cases that are really run: a tree, two policies over it, and operations of which none is in another's way.

All of a case follows from its seed and number. The trees and rules are the oracle's (tests/oracle/generate.py); the operations
are others: each has an object of its own, so that what one may do does not depend on what became of those before.
"""
import json
import os
import random
import subprocess

import generate
import oracle

OPERATIONS = 28
# With a pattern process 1 keeps names, and so sees what makes, removes and moves them.
KEPT = {'kind': 'denied', 'path': '@/ws/**/never.there'}
# For each operation that makes or removes: how its own object is there before, if it is.
VICTIMS = {'unlink': 'f', 'rmdir': 'd', 'rename': 'f', 'link': 'f'}


class Ran:
    """What became of each operation under one policy, and what the record says of it."""

    def __init__(self, answers, events):
        self.answers, self.events = answers, events
        self.started = [e for e in events if e['type'] == 'run.started'][0]
        self.of_process = {}
        for event in events:
            if event['type'] in ('access.denied', 'access.used'):
                self.of_process.setdefault(event['process']['pid'], []).append(event)

    def is_done(self, index):
        return self.answers[index][0] == 0

    def error(self, index):
        return self.answers[index][0]

    def events_of(self, index):
        return self.of_process.get(self.answers[index][1], [])


def names_of(generator, kinds):
    return [path for path, kind in generator.kinds.items() if path and kind in kinds and '.git' not in path]


def operation(rng, generator, number):
    """(operation, what must be laid out for it)"""
    kind = rng.choice(['read', 'read', 'read', 'list', 'stat', 'append', 'append', 'opentrunc', 'execute', 'execute', 'create', 'create', 'mkdir',
                       'symlink', 'chmod', 'unlink', 'unlink', 'rmdir', 'rename', 'rename', 'link'])
    directories, files = names_of(generator, 'd'), names_of(generator, 'f')
    directory = rng.choice(directories)
    new = '@/%s/%s' % (rng.choice(directories), rng.choice(['made%d', '.made%d', 'made%d.pem', 'made%d.txt']) % number)
    if kind in VICTIMS:
        victim = '%s/%s' % (directory, rng.choice(['gone%d', 'gone%d.pem']) % number)
        laid = [victim, VICTIMS[kind]] + (['x'] if VICTIMS[kind] == 'f' else [])
        return [kind, '@/' + victim] + ([new] if kind in ('rename', 'link') else []), laid
    if kind in ('create', 'mkdir', 'symlink'):
        return {'create': ['create', new, 'x'], 'mkdir': ['mkdir', new], 'symlink': ['symlink', 'nowhere', new]}[kind], None
    if kind == 'list' or not files:
        return ['list', '@/' + directory], None
    path = '@/' + rng.choice(files if kind != 'stat' else files + directories)
    return {'append': ['append', path, 'x'], 'opentrunc': ['opentrunc', path, ''], 'chmod': ['chmod', path, '755']}.get(
        kind, [kind, path]), None


def candidate(rng, generator, rules):
    """Another policy, mostly the same: some rules less, some more, some of another kind."""
    found = [dict(rule) for rule in rules if rng.random() < 0.75]
    for rule in found:
        if rng.random() < 0.2:
            rule['kind'] = rng.choice(['readwrite', 'readonly', 'denied'] if '*' not in rule['path'] and '?' not in rule['path'] else
                                      ['denied', 'readonly'])
    found += [rule for rule in generator.rules() if rng.random() < 0.35]
    return found


def make(seed, number):
    rng = random.Random('%s/%s' % (seed, number))
    generator = generate.Generator(rng, None)
    generator.grow()
    first = generator.rules()
    second = candidate(rng, generator, first)
    operations, taken = [], set()
    for at in range(OPERATIONS):
        op, laid = operation(rng, generator, at)
        said = ('write' if op[0] in ('append', 'opentrunc') else op[0], op[1])  # equal uses are one record
        if said in taken:
            continue
        taken.add(said)
        operations.append(op)
        if laid:
            generator.tree.append(laid)
    first = first + [KEPT]
    cases = [{'tree': generator.tree, 'rules': rules, 'builtin': rng.random() < 0.4} for rules in (first, second)]
    return cases, operations


class Bench(oracle.Bench):
    """Lays trees out and runs the operations in them."""

    def document(self, case, layer):
        document = super().document(case, layer)
        document['isolation'] = {'allowLoss': ['protectedPaths.missing']}
        return document

    def write(self, name, document):
        path = os.path.join(self.root, name)
        with open(path, 'w', encoding='utf-8') as file:
            json.dump(document, file)
        return path

    def lay(self, case):
        """The tree as it was before anything ran."""
        self.prepare(case)
        for directory, _, files in os.walk(self.base):
            for name in files:
                path = os.path.join(directory, name)
                if not os.path.islink(path):
                    os.chmod(path, 0o755)

    def call(self, words, text=''):
        return subprocess.run(words, check=False, input=text.encode(), capture_output=True, env=self.environment,
                              cwd=os.path.join(self.root, 'cwd'), timeout=300)

    def text(self, operations):
        return ''.join('\t'.join(op).replace('@', self.base) + '\n' for op in operations)

    def possible(self, case, operations):
        """Those that can be done without a policy: what another one refuses, it refuses."""
        self.lay(case)
        answers = self.answers(self.call([self.perform, 'apart'], self.text(operations)))
        return [op for op, answer in zip(operations, answers) if answer[0] == 0]

    @staticmethod
    def answers(done):
        return [tuple(int(word) for word in line.split('\t')) for line in done.stdout.decode().splitlines()]

    def run(self, case, policy, operations, *options):
        """None where the launch is refused."""
        self.lay(case)
        events = os.path.join(self.root, 'events.jsonl')
        if os.path.exists(events):
            os.unlink(events)
        done = self.call([self.cordon, 'run', '--policy', policy, '--events', events, *options, '--', self.perform, 'apart'],
                         self.text(operations))
        if done.returncode == 125:
            return None
        answers = self.answers(done)
        if done.returncode != 0 or len(answers) != len(operations):
            raise RuntimeError('%d of %d operations, status %d: %s' % (len(answers), len(operations), done.returncode,
                                                                      done.stderr.decode().strip()))
        with open(events, encoding='utf-8') as file:
            return Ran(answers, [json.loads(line) for line in file])
