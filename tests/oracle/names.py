# SPDX-License-Identifier: Apache-2.0
"""The policy of the reference model: what the semantics table of cordon(5) says about every name of one tree.

Written from the table, not from the program. A rule is about a path; paths are real paths inside (no link in them).
"""
import functools
import re

ABSENT, DENIED, READ, WRITE = range(4)
LINKS_MAX = 40
STAMP = 1000000000

# The built-in protected names that trees of the generator can hold. `old`: only what was there before is kept.
BUILTIN = {
    '.git/hooks': 'kept', '.git/config': 'old', '.git/config.worktree': 'kept', '.git/commondir': 'kept',
    '.gitmodules': 'kept', '.gitconfig': 'kept', '.bashrc': 'kept', '.profile': 'kept', '.envrc': 'kept',
    '.npmrc': 'kept', '.vscode': 'kept', '.mcp.json': 'kept', '.husky': 'kept',
}
# One rule each that --broken-model turns round.
FLIPS = ['tie', 'specific', 'pattern', 'protected', 'builtin', 'object', 'missing', 'pin', 'layers', 'marks', 'plan']


class Node:
    # `stamp` is when it was changed, None: during the run. `mark` is its extended attribute.
    __slots__ = ('kind', 'data', 'mode', 'entries', 'private', 'fresh', 'stamp', 'mark', 'gone')

    def __init__(self, kind, data=None, mode=0o644, private=False, fresh=False):
        self.kind, self.data, self.mode, self.private, self.fresh = kind, data, mode, private, fresh
        self.entries = {} if kind == 'd' else None
        self.stamp, self.mark = None if fresh else STAMP, None
        self.gone = False  # removed, and seen by a view all the same


def join(directory, name):
    return directory + name if directory == '/' else directory + '/' + name


def parent_of(path):
    return path.rpartition('/')[0] or '/'


def prefixes(path):
    """The path, then its ancestors up to /."""
    while True:
        yield path
        if path == '/':
            return
        path = parent_of(path)


@functools.lru_cache(maxsize=4096)
def compile_pattern(pattern):
    """Matches the path itself; `**` stands for any number of components."""
    text = ''
    for part in pattern.split('/'):
        if part == '':
            continue
        if part == '**':
            text += '(/[^/]+)*'
        else:
            text += '/' + ''.join('[^/]*' if c == '*' else '[^/]' if c == '?' else re.escape(c) for c in part)
    return re.compile(text + r'\Z')


def is_pattern(path):
    return any(c in path for c in '*?[')


class Names:
    """One tree and what its policy says. `base` is the tree's own directory; what lies above it is skeleton."""

    def __init__(self, case, base, flip=None):
        self.case, self.base, self.flip = case, base, flip
        self.host = Node('d', mode=0o755)
        for entry in case['tree']:
            self.plant(entry)
        self.rules, self.kept, self.caps, self.writable_roots = {}, [], [], []
        self.patterns, self.views, self.grants = [], [], []
        self.led, self.missing, self.dangling, self.launch_open, self.taken = [], [], [], False, []
        self.memo, self.domain_memo = {}, {}
        self.put_rules()
        self.put_links()
        self.put_builtin()
        self.put_objects()
        self.put_skeleton()
        self.put_mounts()
        # What only the host could make there is kept by nobody: the launch may be refused for it.
        self.launch_open |= any(self.access(*self.nearest(path))[0] < WRITE for path in self.missing)

    # ---- the tree ----

    def plant(self, entry):
        path, kind = entry[0], entry[1]
        directory, _, name = path.rpartition('/')
        parent = self.at(directory) if directory else self.host
        if parent is None or parent.kind != 'd':
            return
        if kind == 'h':
            node = self.at(entry[2])
            if node is None or node.kind != 'f':
                return
        else:
            node = Node(kind, entry[2] if len(entry) > 2 else None, 0o755 if kind == 'd' else 0o644)
            if kind == 'l':
                node.data = node.data.replace('@', self.base)
            elif len(entry) > 3:
                node.mark = entry[3]
        parent.entries[name] = node

    def at(self, relative):
        node = self.host
        for part in relative.split('/'):
            if node is None or node.kind != 'd':
                return None
            node = node.entries.get(part)
        return node

    def walk_host(self, node=None, path=None):
        """Every (path, node) below the base, parents first, links not followed."""
        node, path = node or self.host, path or self.base
        for name in node.entries:
            child = node.entries[name]
            yield join(path, name), child
            if child.kind == 'd':
                yield from self.walk_host(child, join(path, name))

    def resolve_host(self, path):
        """(real path, node or None, links passed): as it stands at the launch."""
        todo, done, links = [p for p in path.split('/') if p][::-1], '/', []
        while todo:
            part = todo.pop()
            if part == '..':
                done = parent_of(done)
                continue
            if part == '.':
                continue
            here = join(done, part)
            node = self.host_node(here)
            if isinstance(node, Node) and node.kind == 'l':
                links.append(here)
                if len(links) > LINKS_MAX:
                    return here, None, links
                if node.data.startswith('/'):
                    done = '/'
                todo += [p for p in node.data.split('/') if p][::-1]
                continue
            done = here
        node = self.host_node(done)
        return done, node if isinstance(node, Node) else None, links

    def host_node(self, path):
        if path == self.base:
            return self.host
        if not path.startswith(self.base + '/'):
            return None
        return self.at(path[len(self.base) + 1:])

    def nearest(self, path):
        """The deepest ancestor that is there, and its node."""
        for prefix in prefixes(parent_of(path)):
            node = self.host_node(prefix)
            if node is not None:
                return prefix, node
        return '/', None

    # ---- the policy at the launch ----

    def put_rules(self):
        found, layers = [], [{}, {}] if self.case.get('layered') else [{}]
        for index, rule in enumerate(self.case['rules']):
            kind, path = rule['kind'], rule['path'].replace('@', self.base)
            if is_pattern(path):
                if self.flip != 'pattern':
                    self.patterns.append((DENIED if kind == 'denied' else READ, compile_pattern(path), path))
                continue
            real, node, links = self.resolve_host(path)
            found.append((index, kind, real, node, links))
            if node is None:
                if kind in ('denied', 'protected') or kind == 'readonly' and rule.get('optional'):
                    self.missing.append(real)
                    if self.flip != 'missing':
                        self.kept.append((DENIED if kind == 'denied' else READ, real))
                continue
            if kind == 'readwrite' and node.kind == 'd':
                self.writable_roots.append(real)
            if kind == 'unknown':
                continue
            if kind == 'protected':
                if self.flip != 'protected':
                    self.caps.append(real)
                continue
            access = {'denied': DENIED, 'readonly': READ, 'readwrite': WRITE}[kind]
            choose = max if self.flip == 'tie' else min
            layer = layers[0 if self.flip == 'layers' else rule.get('layer', 0)]
            layer[real] = choose(access, layer.get(real, access))
        self.put_layers(layers[:1] if self.flip == 'layers' else layers)
        for view in self.case.get('views', []):
            real, node, links = self.resolve_host(view['source'].replace('@', self.base))
            self.views.append((view['target'].replace('@', self.base), real,
                               WRITE if view['access'] == 'readwrite' else READ, node))
            self.launch_open = True
        # A name that leads through a link: a grant may be refused (the program could turn the link), a restriction
        # holds for the link's name as well.
        for index, kind, real, node, links in found:
            if not links:
                continue
            self.launch_open = True
            if kind in ('readwrite', 'readonly') and node is not None:
                self.led.extend(links)
            if kind == 'readwrite' or self.flip == 'missing':
                continue
            (self.kept if node else self.dangling).extend((READ, link) for link in links)

    def put_links(self):
        """A denied pattern that matches a link names what it leads to."""
        for path, node in self.walk_host():
            if node.kind == 'l' and self.literal(path) >= READ and \
                    any(taken == DENIED and pattern.match(path) for taken, pattern, text in self.patterns):
                real, there, links = self.resolve_host(path)
                self.launch_open = True
                if there is not None:
                    self.kept.append((DENIED, real))

    def put_layers(self, layers):
        """What holds is what all documents grant: between two rules of any of them it does not change."""
        for path in {path for layer in layers for path in layer}:
            said = [next((layer[p] for p in prefixes(path) if p in layer), ABSENT) for layer in layers]
            if min(said) > ABSENT:
                self.rules[path] = min(said)
            elif len(layers) > 1:
                self.taken.append(path)

    def put_builtin(self):
        self.builtin_roots, self.old_configs = [], {}
        self.builtin_names = [] if self.flip == 'builtin' else [
            name for name in BUILTIN if name not in self.case.get('unprotected', [])]
        if not self.case.get('builtin'):
            self.builtin_names = []
        if not self.builtin_names:
            return
        self.builtin_roots = self.writable_roots
        for target, source, access, node in self.views:
            if access == WRITE and node is not None and node.kind == 'd':
                self.builtin_roots += [target, source]
        for path, node in self.walk_host():
            if path.endswith('/.git/config') and '.git/config' in self.builtin_names and self.below_root(path):
                self.old_configs[id(node)] = node

    def below_root(self, path):
        return any(path.startswith(root + '/') for root in self.builtin_roots) or (
            any(path == root + '/config' and root.endswith('/.git') for root in self.builtin_roots))

    def builtin_cap(self, path):
        """Is the path, or an ancestor, a built-in name? `.git/config` is a matter of the object, not of the name."""
        for root in self.builtin_roots:
            if not path.startswith(root + '/'):
                continue
            rest = path[len(root) + 1:]
            for name in self.builtin_names:
                if BUILTIN[name] == 'kept' and (rest + '/').startswith(name + '/'):
                    return True
                # A root that is itself the beginning of the name has the rest of it protected.
                if '/' in name and root.endswith('/' + name.split('/')[0]) and \
                        (rest + '/').startswith(name.split('/')[1] + '/'):
                    return True
            if '.git/hooks' in self.builtin_names and '/.git/hooks/' in '/' + rest + '/':
                return True
        return False

    def literal(self, path, top=''):
        """What the deepest rule says that is not above `top`."""
        found = None
        for prefix in prefixes(path):
            if len(prefix) < len(top):
                break
            access = self.rules.get(prefix)
            if access is not None:
                found = access
                if self.flip != 'specific':
                    return access
        return ABSENT if found is None else found

    def static(self, path):
        """(access, why) by the names alone."""
        known = self.memo.get(path)
        if known is None:
            known = self.memo[path] = self.compute(path)
        return known

    def compute(self, path):
        access, why, others = self.literal(path), 'literal', []
        for target, source, view_access, node in self.views:
            if path == target or path.startswith(target + '/'):
                # The view is a rule about its source: what is said of that name or deeper ones tightens it.
                shown = source + path[len(target):]
                there = self.literal(shown, source)
                access = view_access if there == ABSENT else min(there, view_access)
                why, others = 'view', list(prefixes(shown))
        if access == ABSENT:
            return ABSENT, 'absent'
        # Names only take away: from the name inside, and from the name that the object has outside.
        lineage = list(prefixes(path)) + others
        if any(p in self.caps for p in lineage) and access > READ:
            access, why = READ, 'protected'
        if access > READ and (self.builtin_cap(path) or others and self.builtin_cap(others[0])):
            access, why = READ, 'builtin' if self.builtin_cap(path) else 'pattern-view'
        for kept, name in self.kept:
            if name in lineage and access > kept:
                access, why = kept, 'missing'
        for kept, name in self.dangling:
            if name in lineage and access > kept:
                access, why = kept, 'dangling'
        for taken, pattern, text in self.patterns:
            if access > taken and any(pattern.match(p) for p in lineage):
                own = any(pattern.match(p) for p in prefixes(path))
                access, why = taken, 'pattern' if own else 'pattern-view'
        return access, why

    def access(self, path, node):
        access, why = self.static(path)
        if access == ABSENT or node is None:
            return access, why
        cap = self.object_caps.get(id(node))
        if cap is not None and cap < access:
            return cap, 'object'
        if access > READ and id(node) in self.old_configs and ('/.git/config' in path or self.is_in_view(path)):
            return READ, 'config'
        return access, why

    def is_in_view(self, path):
        return any((path + '/').startswith(target + '/') for target, _, _, _ in self.views)

    def put_objects(self):
        """One object under several names gets the tightest rule of them all."""
        self.object_caps, self.half_absent = {}, set()
        names = {}
        for path, node in self.walk_host():
            if node.kind == 'f':
                names.setdefault(id(node), []).append(path)
        if self.flip == 'object':
            return
        for path, node in self.walk_host():
            paths = names.get(id(node), [])
            if len(paths) < 2:
                continue
            found = [self.static(p)[0] for p in paths]
            if id(node) in self.old_configs:
                found.append(READ)
            if ABSENT in found:
                self.half_absent.add(id(node))
            found = [a for a in found if a != ABSENT]
            if found:
                self.object_caps[id(node)] = min(found)

    def put_skeleton(self):
        """Directories that stand around what is granted, and denied ones that can be passed."""
        self.skeleton = {}
        for path in prefixes(self.base):
            self.skeleton_at(path)
        granted = [(path, self.host_node(path)) for path, access in self.rules.items() if access >= READ]
        granted += [(target, node) for target, source, access, node in self.views]
        # What a rule grants and another shuts, where nothing around is granted: shown as shut, or not at all.
        self.hidden = {path for path, node in granted if (node is None or self.access(path, node)[0] < READ) and
                       self.static(parent_of(path))[0] < READ}
        self.hidden_ways = {way for path in self.hidden for way in prefixes(path)}
        for path, node in granted:
            if path not in self.hidden and self.static(path)[0] >= READ:
                self.attach(path, node)
        for path in self.led:
            if self.static(parent_of(path))[0] < READ:
                self.attach(path, Node('l', self.host_node(path).data, private=True))

    def skeleton_at(self, path):
        if path not in self.skeleton:
            self.skeleton[path] = Node('d', mode=0o755, private=True)
            if path != '/':
                parent = parent_of(path)
                if self.static(parent)[0] < READ:
                    self.skeleton_at(parent).entries[path.rpartition('/')[2]] = self.skeleton[path]
        return self.skeleton[path]

    def attach(self, path, node):
        if path == self.base:
            self.skeleton[path] = node
        parent = parent_of(path)
        if path != '/' and self.static(parent)[0] < READ:
            self.skeleton_at(parent).entries[path.rpartition('/')[2]] = node

    def put_mounts(self):
        """Names that may be mount points, and directories that are pinned."""
        self.mounts, self.pinned, strict = set(self.rules), set(), set()
        strict.update(p for p, access in self.rules.items() if access < WRITE)
        strict.update(self.caps)
        self.mounts.update(p for _, p in self.kept + self.dangling)
        for path, node in self.walk_host():
            access, why = self.static(path)
            if access == ABSENT:
                continue
            if why == 'builtin' and self.static(parent_of(path))[0] == WRITE:
                self.mounts.add(path)
                rest_in = [path[len(r) + 1:] for r in self.builtin_roots if path.startswith(r + '/')]
                if any(rest in self.builtin_names for rest in rest_in):
                    strict.add(path)
            if why in ('pattern', 'pattern-view') and self.static(parent_of(path))[0] > access:
                self.mounts.add(path)
                if access == DENIED:
                    strict.add(path)
            if id(node) in self.object_caps or id(node) in self.old_configs:
                self.mounts.add(path)
        self.mounts.update(strict)
        self.mounts.update(view[0] for view in self.views)
        self.mounts.update(view[1] for view in self.views)
        for path in list(self.mounts):
            if self.static(path)[0] == ABSENT and path not in self.rules:
                continue
            for prefix in prefixes(parent_of(path)):
                if self.static(prefix)[0] != WRITE:
                    break
                self.mounts.add(prefix)
                if path in strict and self.flip != 'pin':
                    self.pinned.add(prefix)
                if prefix in self.rules:
                    break
        for target, source, _, _ in self.views:
            for names in (self.mounts, self.pinned):
                names.update([target + p[len(source):] for p in names if p.startswith(source + '/')])
            # What is a mount inside of a view holds the directories on the way to it there, too.
            for path in [p for p in self.mounts if p.startswith(target + '/')]:
                ways = [p for p in prefixes(parent_of(path)) if p.startswith(target + '/')]
                self.mounts.update(ways)
                if source + path[len(target):] in strict and self.flip != 'pin':
                    self.pinned.update(ways)

    def domain(self, path):
        known = self.domain_memo.get(path)
        if known is None:
            known = next((p for p in prefixes(path) if p in self.mounts), '')
            self.domain_memo[path] = known
        return known

    # ---- the end ----

    def snapshot(self):
        """Every name below the base: kind, content, mode, time, attribute, and which names are one object."""
        return group({path[len(self.base) + 1:]: (node.kind, node.data if node.kind != 'd' else None,
                                                  node.mode if node.kind != 'l' else 0, node.stamp, node.mark, id(node))
                      for path, node in self.walk_host()})


def group(rows):
    """The last column, what the object is, becomes the first of its names."""
    first = {}
    for path in sorted(rows):
        first.setdefault(rows[path][-1], path)
    return {path: row[:-1] + (first[row[-1]],) for path, row in rows.items()}
