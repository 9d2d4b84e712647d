# SPDX-License-Identifier: Apache-2.0
"""The reference model: what the semantics table of cordon(5) says about one tree, one policy and a list of operations.

Written from the table, not from the program. A rule is about a path; paths are real paths inside (no link in them).
Every operation gets a verdict: 'ok', 'fail' (there is nothing to do: it fails without a policy, too), 'refused' (by the
policy) or 'either' where the table leaves it open; the state then follows the kernel.
"""
import functools
import re

ABSENT, DENIED, READ, WRITE = range(4)
NAMES = ['absent', 'denied', 'read-only', 'read-write']
LINKS_MAX = 40

# The built-in protected names that trees of the generator can hold. `old`: only what was there before is kept.
BUILTIN = {
    '.git/hooks': 'kept', '.git/config': 'old', '.git/config.worktree': 'kept', '.git/commondir': 'kept',
    '.gitmodules': 'kept', '.gitconfig': 'kept', '.bashrc': 'kept', '.profile': 'kept', '.envrc': 'kept',
    '.npmrc': 'kept', '.vscode': 'kept', '.mcp.json': 'kept', '.husky': 'kept',
}
# One rule each that --broken-model turns round.
FLIPS = ['tie', 'specific', 'pattern', 'protected', 'builtin', 'object', 'missing', 'pin']


class Unjudged(Exception):
    """The operation led where the model does not follow; the rest of the case is not judged."""


class Node:
    __slots__ = ('kind', 'data', 'mode', 'entries', 'private', 'fresh')

    def __init__(self, kind, data=None, mode=0o644, private=False, fresh=False):
        self.kind, self.data, self.mode, self.private, self.fresh = kind, data, mode, private, fresh
        self.entries = {} if kind == 'd' else None


class Place:
    """What a path leads to: status is there, new (the last name is free), none, or shut (a denied directory)."""
    __slots__ = ('status', 'parent', 'parent_path', 'path', 'node')

    def __init__(self, status, parent=None, parent_path=None, path=None, node=None):
        self.status, self.parent, self.parent_path, self.path, self.node = status, parent, parent_path, path, node


class Verdict:
    __slots__ = ('kind', 'why', 'apply', 'seen', 'errors')

    def __init__(self, kind, why='', apply=None, seen=None, errors=None):
        self.kind, self.why, self.apply, self.seen, self.errors = kind, why, apply, seen, errors


FAIL = Verdict('fail')
LOOK_ERRORS = {'EACCES'}
CHANGE_ERRORS = {'EACCES', 'EROFS', 'EBUSY', 'EXDEV', 'EPERM', 'ENOENT'}


def refused(why, errors=None):
    return Verdict('refused', why, errors=errors)


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


class World:
    """One tree under one policy. `base` is the tree's own directory; what lies above it is skeleton."""

    def __init__(self, case, base, flip=None):
        self.case, self.base, self.flip = case, base, flip
        self.host = Node('d', mode=0o755)
        for entry in case['tree']:
            self.plant(entry)
        self.rules, self.kept, self.caps, self.writable_roots = {}, [], [], []
        self.patterns, self.views, self.grants = [], [], []
        self.led, self.missing, self.dangling, self.launch_open = [], [], [], False
        self.memo, self.domain_memo = {}, {}
        self.put_rules()
        self.put_builtin()
        self.put_objects()
        self.put_skeleton()
        self.put_mounts()
        # What only the host could make there is kept by nobody: the launch may be refused for it.
        self.launch_open |= any(self.static(parent_of(path))[0] < WRITE for path in self.missing)

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

    # ---- the policy at the launch ----

    def put_rules(self):
        found = []
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
            self.rules[real] = choose(access, self.rules.get(real, access))
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
                if BUILTIN[name] == 'kept' and '/' in name and root.endswith('/' + name.split('/')[0]) and \
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
            access, why = READ, 'builtin'
        for kept, name in self.kept:
            if name in lineage and access > kept:
                access, why = kept, 'missing'
        for kept, name in self.dangling:
            if name in lineage and access > kept:
                access, why = kept, 'dangling'
        for taken, pattern, text in self.patterns:
            if access > taken and any(pattern.match(p) for p in lineage):
                access, why = taken, 'pattern'
        return access, why

    def access(self, path, node):
        access, why = self.static(path)
        if access == ABSENT or node is None:
            return access, why
        cap = self.object_caps.get(id(node))
        if cap is not None and cap < access:
            return cap, 'object'
        if access > READ and id(node) in self.old_configs and '/.git/config' in path:
            return READ, 'config'
        return access, why

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
            if why == 'pattern' and self.static(parent_of(path))[0] > access:
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

    def domain(self, path):
        known = self.domain_memo.get(path)
        if known is None:
            known = next((p for p in prefixes(path) if p in self.mounts), '')
            self.domain_memo[path] = known
        return known

    # ---- look-up inside ----

    def resolve(self, path, follow):
        todo, here = [p for p in path.split('/') if p][::-1], '/'
        node, parent, links = self.skeleton['/'], None, 0
        if not todo:
            raise Unjudged
        while True:
            part = todo.pop()
            if node.kind != 'd':
                return Place('none')
            access = self.access(here, node)[0]
            if access == DENIED and here not in self.skeleton:
                if node.private or self.view_shows_deeper(here):
                    raise Unjudged
                return Place('shut')
            if part == '..':
                here = parent_of(here)
                node = self.node_inside(here)
                if node is None or not todo:
                    raise Unjudged
                continue
            there = join(here, part)
            if there in self.hidden:
                if todo:
                    raise Unjudged
                return Place('hidden')
            child = self.skeleton.get(there)
            if child is None or not child.private and there != self.base:
                source = self.skeleton.get(here)
                source = source if source is not None else node
                child = source.entries.get(part)
            elif access < READ and part not in self.skeleton[here].entries:
                child = None
            if child is None:
                if there in self.hidden_ways:
                    raise Unjudged
                return Place('none') if todo else Place('new', node, here, there)
            if child.kind == 'l' and (todo or follow):
                if self.access(there, child)[0] == DENIED:
                    if child.private:
                        raise Unjudged
                    return Place('shut')
                links += 1
                if links > LINKS_MAX:
                    return Place('none')
                target = child.data
                if target == '':
                    return Place('none')
                if target.startswith('/'):
                    here, node = '/', self.skeleton['/']
                todo += [p for p in target.split('/') if p][::-1]
                if not todo:
                    raise Unjudged
                continue
            if not todo:
                return Place('there', node, here, there, child)
            here, node = there, child

    def view_shows_deeper(self, path):
        """Is something granted below what a view shuts?"""
        return any((path + '/').startswith(target + '/') and
                   any(rule.startswith(source + path[len(target):] + '/') for rule in self.rules)
                   for target, source, _, _ in self.views)

    def node_inside(self, path):
        if path == '/':
            return self.skeleton['/']
        place = self.resolve(path, False)
        return place.node if place.status == 'there' else None

    # ---- verdicts ----

    def judge(self, op):
        return getattr(self, 'op_' + op[0])(*op[1:])

    def inside_skeleton(self, place):
        """Made by the container itself: private, nothing of the host."""
        return place.node is not None and place.node.private

    def found(self, place, errors=CHANGE_ERRORS, content=False):
        """A Verdict when the path does not lead to an object; `content`: it is asked for what the object holds."""
        if place.status == 'there':
            return None
        if place.status == 'hidden':
            if content:
                return refused('object')
            raise Unjudged
        return refused('shut', errors) if place.status == 'shut' else FAIL

    def op_read(self, path):
        place = self.resolve(path, True)
        bad = self.found(place, LOOK_ERRORS, True)
        if bad:
            return bad
        access, why = self.access(place.path, place.node)
        if access == DENIED and not self.inside_skeleton(place):
            return refused(why, {'EACCES'})
        if place.node.kind != 'f':
            return FAIL
        return Verdict(self.soft(place), why, seen=('data', place.node.data))

    def soft(self, place):
        return 'either' if id(place.node) in self.half_absent else 'ok'

    def op_list(self, path):
        place = self.resolve(path, True)
        bad = self.found(place, LOOK_ERRORS, True)
        if bad:
            return bad
        if place.node.kind != 'd':
            return FAIL
        access, why = self.access(place.path, place.node)
        if access == DENIED and place.node.private and place.path not in self.skeleton:
            raise Unjudged
        if access == DENIED:
            between = place.node.private and place.path not in self.rules
            return refused('between' if between else why, {'EACCES'})
        if place.node.private:
            return Verdict('either', 'skeleton', seen=('within', set(place.node.entries) | self.around(place.path)))
        return Verdict('ok', why, seen=('names', set(place.node.entries)))

    def around(self, path):
        """Names of rules directly in a skeleton directory: denied ones may be shown."""
        names = set()
        for rule in list(self.rules) + [name for _, name in self.kept] + self.caps + [v[0] for v in self.views]:
            if rule.startswith(path.rstrip('/') + '/'):
                names.add(rule[len(path.rstrip('/')) + 1:].split('/')[0])
        if path in ('/', '/tmp', parent_of(self.base)):
            names.update(['proc', 'dev', 'tmp', 'var', 'root', 'home', 'bin'])
        return names

    def op_stat(self, path):
        place = self.resolve(path, False)
        bad = self.found(place, LOOK_ERRORS)
        if bad:
            return bad
        if place.node.private:
            return Verdict('either', 'skeleton')
        access, why = self.access(place.path, place.node)
        if place.node.kind == 'l':
            return Verdict('ok' if access > DENIED else 'either', why)
        if access == DENIED:
            return Verdict('ok' if why != 'view' else 'either', why, seen=('hidden', place.node))
        return Verdict(self.soft(place), why, seen=('stat', place.node))

    def op_readlink(self, path):
        place = self.resolve(path, False)
        bad = self.found(place, LOOK_ERRORS)
        if bad:
            return bad
        if place.node.kind != 'l':
            return FAIL
        access, why = self.access(place.path, place.node)
        return Verdict('ok' if access > DENIED else 'either', why, seen=('data', place.node.data))

    def change(self, place, apply):
        """The verdict on a change of what is there."""
        if place.node.private:
            return Verdict('either', 'skeleton', apply)
        access, why = self.access(place.path, place.node)
        if access == DENIED:
            return refused(why, CHANGE_ERRORS)
        if access < WRITE:
            return refused(why, CHANGE_ERRORS)
        if self.is_moved_config(place) or self.softened(place.path):
            return Verdict('either', 'config', apply)
        return Verdict(self.soft(place), why, apply)

    def softened(self, path):
        """Shown by a read-only view as well: the table can be read both ways."""
        return any(access == READ and (path + '/').startswith(source + '/')
                   for _, source, access, _ in self.views)

    def is_moved_config(self, place):
        """An old object that was given the name .git/config during the run."""
        return bool(self.builtin_names) and '/.git/config' in place.path and not place.node.fresh

    def change_file(self, path, change, missing=None):
        place = self.resolve(path, True)
        if place.status == 'new' and missing is not None:
            return self.make(place, Node('f', missing, 0o644, fresh=True))
        bad = self.found(place, content=missing is None)
        if bad:
            return bad
        if place.node.kind != 'f':
            return FAIL
        node = place.node

        def apply():
            node.data = change(node.data)
        return self.change(place, apply)

    def op_write(self, path, text):
        return self.change_file(path, lambda data: text + data[len(text):])

    def op_append(self, path, text):
        return self.change_file(path, lambda data: data + text)

    def op_opentrunc(self, path, text):
        return self.change_file(path, lambda data: text)

    def op_truncate(self, path, size):
        return self.change_file(path, lambda data: data[:int(size)].ljust(int(size), '\0'))

    def op_opencreate(self, path, text):
        return self.change_file(path, lambda data: text + data[len(text):], missing=text)

    def op_mmap(self, path, text):
        place = self.resolve(path, True)
        if place.status == 'there' and place.node.kind == 'f' and not place.node.data:
            return FAIL
        return self.change_file(path, lambda data: text[0] + data[1:])

    def op_chmod(self, path, mode):
        place = self.resolve(path, True)
        bad = self.found(place, content=True)
        if bad:
            return bad

        def apply():
            place.node.mode = int(mode, 8)
        return self.change(place, apply)

    def room(self, place):
        """May a name be made or removed in this directory? None, or the Verdict that says no."""
        if place.parent.private:
            if self.static(place.parent_path)[0] == DENIED:
                return refused('literal')
            return None
        access, why = self.access(place.parent_path, place.parent)
        return None if access == WRITE else refused(why, CHANGE_ERRORS)

    def name(self, place, node):
        """May this node get this name? None, or a Verdict without an effect."""
        bad = self.room(place)
        if bad:
            return bad
        if place.parent.private:
            return Verdict('either', 'skeleton')
        access, why = self.static(place.path)
        if access < WRITE:
            return refused(why, CHANGE_ERRORS)
        if self.builtin_names and place.path.endswith('/.git/config') and not node.fresh:
            return Verdict('either', 'config')
        if self.softened(place.path):
            return Verdict('either', 'view')
        return None

    def make(self, place, node):
        node.private = place.parent.private

        def apply():
            place.parent.entries[place.path.rpartition('/')[2]] = node
        bad = self.name(place, node)
        if bad:
            bad.apply = apply
            return bad
        return Verdict('ok', 'new', apply)

    def create(self, path, node):
        place = self.resolve(path, False)
        if place.status == 'there':
            return FAIL
        if place.status != 'new':
            return self.found(place)
        return self.make(place, node)

    def op_create(self, path, text):
        return self.create(path, Node('f', text, 0o644, fresh=True))

    def op_mkdir(self, path):
        return self.create(path, Node('d', None, 0o755, fresh=True))

    def op_symlink(self, target, path):
        return self.create(path, Node('l', target, 0o777, fresh=True))

    def op_tmpfile(self, directory, path, text):
        where = self.resolve(directory, True)
        bad = self.found(where)
        if bad:
            return bad
        if where.node.kind != 'd':
            return FAIL
        verdict = self.create(path, Node('f', text, 0o644, fresh=True))
        if verdict.kind not in ('ok', 'either'):
            return verdict
        place = self.resolve(path, False)
        if where.node.private != place.parent.private:
            return FAIL
        if where.node.private:
            return verdict
        access, why = self.access(where.path, where.node)
        if access < WRITE:
            return refused(why, CHANGE_ERRORS)
        if self.domain(where.path) != self.domain(place.parent_path) or self.softened(where.path):
            verdict.kind = 'either'
        return verdict

    def leave(self, place):
        """May this name be removed or given to something else? None, 'either', or a Verdict that says no."""
        bad = self.room(place)
        if bad:
            return bad
        if place.parent.private:
            if place.path in self.skeleton or not place.node.private:
                raise Unjudged
            return Verdict('either', 'skeleton')
        access, why = self.access(place.path, place.node)
        if why == 'object':
            return Verdict('either', 'object')
        if access < WRITE:
            return refused(why, CHANGE_ERRORS)
        if place.path in self.pinned:
            return refused('pin', CHANGE_ERRORS)
        if self.flip == 'pin':
            return None
        if place.path in self.mounts or self.softened(place.path) or self.is_moved_config(place):
            return Verdict('either', 'mount')
        return None if self.soft(place) == 'ok' else Verdict('either', 'object')

    def remove(self, path, want_directory):
        place = self.resolve(path, False)
        bad = self.found(place)
        if bad:
            return bad
        if (place.node.kind == 'd') != want_directory or want_directory and place.node.entries:
            return FAIL
        if place.path in self.skeleton:
            return FAIL if want_directory else refused('literal')

        def apply():
            del place.parent.entries[place.path.rpartition('/')[2]]
        bad = self.leave(place)
        if bad:
            bad.apply = apply
            return bad
        return Verdict('ok', 'removed', apply)

    def op_unlink(self, path):
        return self.remove(path, False)

    def op_rmdir(self, path):
        return self.remove(path, True)

    def op_link(self, source, target):
        place, new = self.resolve(source, False), self.resolve(target, False)
        if 'hidden' in (place.status, new.status):
            raise Unjudged
        if place.status != 'there' or place.node.kind == 'd' or new.status != 'new':
            return FAIL if 'shut' not in (place.status, new.status) else refused('shut')
        if place.node.private != new.parent.private:
            return FAIL
        node = place.node

        def apply():
            new.parent.entries[new.path.rpartition('/')[2]] = node
        if not node.private:
            access, why = self.access(place.path, node)
            if access < WRITE:
                return refused(why, CHANGE_ERRORS)
        bad = self.name(new, node)
        if bad:
            bad.apply = apply
            return bad
        if self.is_moved_config(place) or self.domain(place.parent_path) != self.domain(new.parent_path) or \
                place.path in self.mounts or self.soft(place) != 'ok' or self.softened(place.path):
            return Verdict('either', 'mount', apply)
        return Verdict('ok', 'new', apply)

    def op_rename(self, source, target):
        return self.move(source, target, 'replace')

    def op_renamenew(self, source, target):
        return self.move(source, target, 'new')

    def op_exchange(self, source, target):
        return self.move(source, target, 'exchange')

    def move(self, source, target, how):
        one, two = self.resolve(source, False), self.resolve(target, False)
        if 'hidden' in (one.status, two.status):
            raise Unjudged
        if one.status != 'there' or two.status not in ('there', 'new'):
            return FAIL if 'shut' not in (one.status, two.status) else refused('shut')
        if not self.move_is_possible(one, two, how):
            return FAIL
        if one.parent.private or two.parent.private:
            if one.path in self.skeleton or two.path in self.skeleton or one.parent.private != two.parent.private:
                raise Unjudged
        first, second = one.path.rpartition('/')[2], two.path.rpartition('/')[2]
        moved, replaced = one.node, two.node

        def apply():
            if moved is replaced:
                return
            two.parent.entries[second] = moved
            if how == 'exchange':
                one.parent.entries[first] = replaced
            else:
                del one.parent.entries[first]
        answers = [self.leave(one), self.name(two, moved), self.carried(one.path, two.path, moved)]
        if replaced is not None:
            answers.append(self.leave(two))
            if how == 'exchange':
                answers += [self.name(one, replaced), self.carried(two.path, one.path, replaced)]
        answers = [a for a in answers if a]
        if moved is replaced:
            return Verdict('either', 'same', None) if answers else Verdict('either', 'same')
        for answer in answers:
            if answer.kind == 'refused':
                return answer
        if answers or self.domain(one.parent_path) != self.domain(two.parent_path):
            return Verdict('either', answers[0].why if answers else 'mount', apply)
        return Verdict('ok', 'moved', apply)

    @staticmethod
    def move_is_possible(one, two, how):
        if (two.path + '/').startswith(one.path + '/') and two.path != one.path and one.node.kind == 'd':
            return False
        if how == 'exchange':
            return two.node is not None and not (
                two.node.kind == 'd' and (one.path + '/').startswith(two.path + '/') and one.path != two.path)
        if two.node is None:
            return True
        if how == 'new':
            return False
        if two.node is one.node:
            return True
        if two.node.kind == 'd' and (one.path + '/').startswith(two.path + '/'):
            return False
        if one.node.kind == 'd':
            return two.node.kind == 'd' and not two.node.entries
        return two.node.kind != 'd'

    def carried(self, old, new, node):
        """What a directory that moves takes along: nothing may come to a kept name or leave one."""
        if node.kind != 'd' or self.flip == 'pin':
            return None
        answer = None
        for kept, name in self.kept + self.dangling:
            if name.startswith(old + '/') or name.startswith(new + '/'):
                answer = Verdict('either', 'missing')
        for path, child in self.walk_host(node, old):
            there = new + path[len(old):]
            before, why = self.access(path, child)
            after, why_after = self.static(there)
            if path in self.pinned:
                return refused('pin', CHANGE_ERRORS)
            if path in self.mounts or any(self.is_moved_config(Place('there', path=p, node=child)) for p in (path, there)):
                answer = Verdict('either', 'mount')
            if why == 'object':
                answer = Verdict('either', 'object')
                continue
            if why == 'config' and after == WRITE:
                if '/.git/config' not in there:
                    return refused(why, CHANGE_ERRORS)
                after = before
            if before == WRITE > after:
                return refused(why_after, CHANGE_ERRORS)
            if before < WRITE and after > before:
                return refused(why, CHANGE_ERRORS)
            if before < WRITE:
                answer = Verdict('either', 'mount')
        return answer

    # ---- the end ----

    def snapshot(self):
        """Every name below the base: kind, content, mode, and which names are one object."""
        return group({path[len(self.base) + 1:]: (node.kind, node.data if node.kind != 'd' else None,
                                                  node.mode if node.kind != 'l' else 0, id(node))
                      for path, node in self.walk_host()})


def group(rows):
    """The last column, what the object is, becomes the first of its names."""
    first = {}
    for path in sorted(rows):
        first.setdefault(rows[path][3], path)
    return {path: row[:3] + (first[row[3]],) for path, row in rows.items()}
