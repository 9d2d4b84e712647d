# SPDX-License-Identifier: Apache-2.0
"""Random cases: a small tree, a policy over it, a list of operations. All of a case follows from its number.

Paths begin with `@`, the directory of the tree. A case is plain data, so that it can be printed, shrunk and run again.
"""
import random

import model
import names

BASE = '/base'
DEPTH_MAX = 5
NODES_MAX = 26
FILES = ['f', 'g', 'h.txt', 'k.pem', '.env', 'secret', '.bashrc', '.envrc', 'config']
DIRECTORIES = ['a', 'b', 'c', 'd', 'keys.pem', '.vscode']
NEW_NAMES = ['n1', 'n2', 'n3', 'new.pem', '.env', 'secret', '.bashrc', '.vscode', 'f', 'a', 'b', 'hooks', '.git',
             'config']
PATTERNS = ['{}/**/*.pem', '{}/**/.env', '{}/*/secret', '{}/**/a/f', '{}/*/b/*', '{}/n?', '**/.env', '{}/**/c/**/g']


def generate(seed, number, simplify=None):
    return Generator(random.Random('%s/%s' % (seed, number)), simplify).case()


class Generator:
    def __init__(self, rng, simplify):
        self.rng, self.simplify = rng, simplify
        self.tree = []
        self.kinds = {'': 'd'}
        self.aliases = []

    def chance(self, probability):
        return self.rng.random() < probability

    def case(self):
        self.grow()
        self.case_data = {'tree': self.tree, 'rules': self.rules(), 'builtin': self.chance(0.4)}
        if self.case_data['builtin'] and self.chance(0.15):
            self.case_data['unprotected'] = [self.rng.choice(['.vscode', '.bashrc', '.git/hooks'])]
        if self.chance(0.12):
            self.case_data['views'] = self.views()
        elif self.chance(0.2):
            self.second_document()
        world = model.World(self.case_data, BASE)
        self.case_data['rules'] = [r for r in self.case_data['rules'] if '*' in r['path'] or not
                                   world.resolve_host(r['path'].replace('@', BASE))[0].startswith('/etc')]
        if self.chance(0.05):
            self.spoil()
        if self.simplify:
            self.case_data = self.simplify(self.case_data)
        self.case_data['ops'] = self.operations(self.rng.randint(30, 150))
        return self.case_data

    # ---- the tree ----

    def add(self, path, kind, *rest):
        if path not in self.kinds and len(self.tree) < NODES_MAX:
            self.kinds[path] = kind
            if kind in 'df' and self.chance(0.3):
                rest = [*(rest or [None]), self.text()]
            self.tree.append([path, kind, *rest])

    def grow(self):
        for top in ['ws', 'lib', 'out'][:self.rng.randint(2, 3)]:
            self.add(top, 'd')
            self.grow_in(top, 1)
        for _ in range(self.rng.randint(0, 3)):
            self.add_link()
        for _ in range(self.rng.choice([0, 0, 1, 2])):
            self.add_alias()

    def grow_in(self, directory, depth):
        for _ in range(self.rng.randint(1, 4)):
            if depth < DEPTH_MAX - 1 and self.chance(0.45):
                path = directory + '/' + self.rng.choice(DIRECTORIES)
                if path not in self.kinds:
                    self.add(path, 'd')
                    self.grow_in(path, depth + 1)
            else:
                self.add(directory + '/' + self.rng.choice(FILES), 'f', self.text())
        if self.chance(0.15) and depth < DEPTH_MAX - 1:
            git = directory + '/.git'
            self.add(git, 'd')
            if self.chance(0.6):
                self.add(git + '/config', 'f', self.text())
            if self.chance(0.5):
                self.add(git + '/hooks', 'd')
                self.add(git + '/hooks/h.txt', 'f', self.text())

    def text(self):
        return ''.join(self.rng.choice('abcdefghij') for _ in range(self.rng.randint(1, 12)))

    def pick(self, kinds, below=''):
        found = [p for p, k in self.kinds.items() if p and k in kinds and p.startswith(below)]
        return self.rng.choice(found) if found else None

    def add_link(self):
        directory, there = self.pick('d'), self.pick('dfl')
        if not directory or not there or '.git' in directory:
            return
        target = self.rng.choice([
            '@/' + there, '@/' + there, '../' * directory.count('/') + '../' + there,
            '@/' + there + '/missing', '@/' + directory + '/nothere', '/etc/passwd', '/nonexistent/x'])
        self.add(directory + '/ln%d' % self.rng.randint(0, 3), 'l', target)

    def add_alias(self):
        directory, there = self.pick('d'), self.pick('f')
        if directory and there and '.git' not in directory:
            path = directory + '/hard%d' % self.rng.randint(0, 2)
            self.add(path, 'h', there)
            self.aliases.append((path, there))

    # ---- the policy ----

    def rules(self):
        rules = [{'kind': 'readwrite', 'path': '@/ws'}] if self.chance(0.9) else []
        for _ in range(self.rng.randint(0, 6)):
            kind = self.rng.choice(['readwrite', 'readonly', 'readonly', 'denied', 'denied', 'protected'])
            path = '@/' + (self.pick('dddfffl', 'ws' if self.chance(0.75) else '') or 'ws')
            rule = {'kind': kind, 'path': path}
            if self.chance(0.15):
                rule['path'] += '/' + self.rng.choice(NEW_NAMES)
                if kind in ('readonly', 'readwrite') and self.chance(0.9):
                    rule['optional'] = True
            rules.append(rule)
        for _ in range(self.rng.choice([0, 0, 0, 1, 2])):
            where = '@/' + (self.pick('d', 'ws' if self.chance(0.8) else '') or 'ws')
            rules.append({'kind': self.rng.choice(['denied', 'denied', 'readonly']),
                          'path': self.rng.choice(PATTERNS).format(where)})
        for pair in self.aliases:
            if self.chance(0.5):
                kinds = ['readwrite', 'readonly', 'denied', 'protected']
                rules += [{'kind': self.rng.choice(kinds), 'path': '@/' + path} for path in pair]
        self.rng.shuffle(rules)
        return rules

    def second_document(self):
        """Mostly the first one's grants, so that something is left of both."""
        self.case_data['layered'] = True
        second = [dict(rule, layer=1) for rule in self.case_data['rules']
                  if rule['kind'] in ('readwrite', 'readonly') and self.chance(0.7)]
        second += [dict(rule, layer=1) for rule in self.rules() if self.chance(0.5)]
        self.case_data['rules'] += second

    def views(self):
        source = self.pick('df') or 'ws'
        return [{'source': '@/' + source, 'target': '@/v%d' % self.rng.randint(0, 1),
                 'access': self.rng.choice(['readonly', 'readwrite'])}]

    def spoil(self):
        """One thing that a launch must refuse, by the name of the member."""
        rule, member = self.rng.choice([
            ({'kind': 'readonly', 'path': '@/ws/never/was'}, 'filesystem.readonlyPaths'),
            ({'kind': 'readwrite', 'path': '@/never'}, 'filesystem.readwritePaths'),
            ({'kind': 'readwrite', 'path': '@/ws/../out'}, 'filesystem.readwritePaths'),
            ({'kind': 'denied', 'path': 'ws/f'}, 'filesystem.deniedPaths'),
            ({'kind': 'readwrite', 'path': '@/ws/*.txt'}, 'filesystem.readwritePaths'),
            ({'kind': 'readwrite', 'path': '/proc/self'}, 'filesystem.readwritePaths'),
            ({'kind': 'readonly', 'path': '/dev'}, 'filesystem.readonlyPaths'),
            ({'kind': 'unknown', 'path': '@/ws'}, 'filesystem.unknownPaths'),
        ])
        self.case_data['rules'].append(rule)
        self.case_data['spoiled'] = member

    # ---- what the program tries ----

    def operations(self, count):
        """The model goes along, so that most operations find something to do."""
        self.world = model.World(self.case_data, BASE)
        self.named = [r['path'] for r in self.case_data['rules'] if '*' not in r['path'] and r['path'].startswith('@/')]
        self.named += [view['target'] for view in self.case_data.get('views', [])] + ['@/' + p for p in self.kinds if p]
        ops = []
        for _ in range(4 * count):
            if len(ops) >= count:
                break
            self.live = [('@' + path[len(BASE):], node) for path, node in self.world.walk_host()]
            for op in self.operation():
                if self.follow(op):
                    ops.append(op)
        return ops

    def follow(self, op):
        try:
            verdict = self.world.judge([word.replace('@', BASE) for word in op])
        except model.Unjudged:
            return False
        if verdict.kind == 'fail' and self.chance(0.6):
            return False
        if verdict.kind == 'ok' and verdict.apply:
            verdict.apply()
        return True

    def old(self, kinds='dfl'):
        """A name that is there, mostly one below a grant."""
        if self.chance(0.12):
            return self.rng.choice(self.named)
        found = [path for path, node in self.live if node.kind in kinds]
        inside = [path for path in found if self.world.static(BASE + path[1:])[0] != names.ABSENT]
        found = inside if inside and self.chance(0.9) else found
        path = self.rng.choice(found) if found else '@/ws'
        for view in self.case_data.get('views', []):
            if path.startswith(view['source']) and self.chance(0.5):
                path = view['target'] + path[len(view['source']):]
        if self.chance(0.04) and path.count('/') > 2:
            head, _, tail = path.rpartition('/')
            path = head + '/../' + head.rpartition('/')[2] + '/' + tail
        return path

    def place(self):
        """A name to be made."""
        if self.chance(0.2):
            return self.rng.choice(self.named)
        if self.chance(0.1):
            return self.old()
        return self.old('d') + '/' + self.rng.choice(NEW_NAMES)

    def operation(self):
        kind = self.rng.choice([
            'read', 'read', 'read', 'list', 'stat', 'stat', 'readlink', 'write', 'write', 'append', 'opentrunc',
            'truncate', 'create', 'create', 'opencreate', 'mkdir', 'mkdir', 'unlink', 'rmdir',
            'rename', 'rename', 'rename',
            'renamenew', 'exchange', 'link', 'link', 'symlink', 'chmod', 'tmpfile', 'mmap', 'away', 'utime', 'chown',
            'getmark', 'setmark', 'dropmark'])
        if kind in ('read', 'list', 'stat', 'readlink'):
            return [[kind, self.old({'read': 'f', 'list': 'd', 'readlink': 'l'}.get(kind, 'dfl'))]]
        if kind in ('write', 'append', 'opentrunc', 'mmap'):
            return [[kind, self.old('fffl'), self.text()]]
        if kind == 'truncate':
            return [[kind, self.old('f'), str(self.rng.randint(0, 14))]]
        if kind in ('create', 'opencreate'):
            return [[kind, self.place(), self.text()]]
        if kind == 'mkdir':
            return [[kind, self.place()]]
        if kind in ('unlink', 'rmdir'):
            return [[kind, self.old('fl' if kind == 'unlink' else 'd')]]
        if kind in ('getmark', 'dropmark'):
            return [[kind, self.old('dfff')]]
        if kind == 'setmark':
            return [[kind, self.old('df'), self.text()]]
        if kind == 'utime':
            return [[kind, self.old('df'), str(self.rng.randint(1, 2 ** 31 - 1))]]
        if kind == 'chown':
            return [[kind, self.old('df'), self.rng.choice(['self', 'other'])]]
        if kind == 'chmod':
            return [[kind, self.old(), self.rng.choice(['700', '755', '750'])]]
        if kind == 'tmpfile':
            return [[kind, self.old('d'), self.place(), self.text()]]
        if kind == 'symlink':
            target = self.rng.choice([self.old(), self.old(), 'f', '../a', '/etc/passwd', '/nonexistent/x'])
            return [[kind, target, self.place()]]
        if kind == 'away':
            return self.away()
        if kind == 'exchange':
            return [[kind, self.old(), self.old()]]
        return [[kind, self.old('fl' if kind == 'link' else 'dfl'), self.place()]]

    def away(self):
        """An ancestor goes, something is tried below its new name, it comes back."""
        directory, other = self.old('d'), self.place()
        inner = [path[len(directory):] for path, _ in self.live if path.startswith(directory + '/')]
        name = self.rng.choice(inner) if inner and self.chance(0.6) else '/' + self.rng.choice(NEW_NAMES + FILES)
        attempt = self.rng.choice([['create', other + name, self.text()], ['write', other + name, self.text()],
                                   ['unlink', other + name], ['read', other + name], ['mkdir', other + name]])
        return [['rename', directory, other], attempt, ['rename', other, directory], ['read', directory + name]]
