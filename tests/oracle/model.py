# SPDX-License-Identifier: Apache-2.0
"""The verdicts of the reference model: what happens to each of a list of operations on one tree under one policy.

Every operation gets one: 'ok', 'fail' (there is nothing to do: it fails without a policy, too), 'refused' (by the
policy) or 'either' where the table leaves it open; the state then follows the kernel.
"""
from names import DENIED, LINKS_MAX, READ, WRITE, Names, Node, join, parent_of, prefixes


class Unjudged(Exception):
    """The operation led where the model does not follow; the rest of the case is not judged."""


class Place:
    """What a path leads to. Its status: there, new (the last name is free), none, shut (by a denied directory), or
    hidden (granted by one rule and shut by another, where nothing around it is granted)."""
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


class World(Names):
    """The tree as the program inside finds it, and what it may do there."""

    has_marks = True  # the file system keeps extended attributes

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
                # A grant below it that another name of the object takes away again.
                if '/'.join([here, part, *reversed(todo)]) in self.hidden:
                    return Place('hidden')
                if here in self.hidden_ways:
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
                    # Refused, but a link to nothing says ENOENT: a path is judged by where it leads.
                    return Place('shut link')
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
        if place.status == 'shut link':
            return refused('shut')
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
        for rule in list(self.rules) + self.taken + [name for _, name in self.kept] + self.caps + [v[0] for v in self.views]:
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
        """An old object that was given the name .git/config during the run, or none that git obeys."""
        return bool(self.builtin_names) and '/.git/config' in place.path and (
            not place.node.fresh or self.is_odd_config(place.path, place.node))

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
            node.data, node.stamp = change(node.data), None
        return self.change(place, apply)

    @staticmethod
    def is_odd_config(path, node):
        """A .git/config that is no file, or what lies in one: git obeys neither."""
        return '/.git/config/' in path or path.endswith('/.git/config') and node.kind != 'f'

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

    def change_label(self, path, apply, needs=None):
        """Owner, times, extended attributes: what is changed about an object and not in it."""
        place = self.resolve(path, True)
        bad = self.found(place, content=True)
        if bad:
            return bad
        if needs and not needs(place.node):
            # What is not there cannot be taken away; a policy may say so first.
            return FAIL
        verdict = self.change(place, lambda: apply(place.node))
        if verdict.kind == 'refused' and verdict.why not in ('literal', 'protected', 'absent') and \
                self.access(place.path, place.node)[0] == READ:
            # A name that is kept is one that nobody makes, changes or renames: other times are none of these.
            return Verdict('either', verdict.why, lambda: apply(place.node))
        return verdict

    def op_utime(self, path, stamp):
        def apply(node):
            node.stamp = int(stamp)
        return self.change_label(path, apply)

    def op_chown(self, path, owner):
        """To the caller, whose it is, or to somebody whom the container does not know."""
        verdict = self.change_label(path, lambda node: None)
        if owner == 'self' or verdict.kind == 'refused':
            return verdict
        return FAIL

    def mark_verdict(self, verdict):
        # Where names are kept the calls are not there at all: an attribute can be permissions.
        if verdict.kind == 'ok' and (not self.has_marks or self.keeps_names()):
            verdict.kind = 'either'
        if verdict.kind == 'refused':
            verdict.errors = verdict.errors | {'ENOTSUP', 'EOPNOTSUPP'} if verdict.errors else None
        return verdict

    def keeps_names(self):
        return bool(self.patterns or self.kept or self.dangling or self.builtin_names or self.caps or self.taken) or \
            any(access < WRITE for access in self.rules.values())

    def op_setmark(self, path, text):
        def apply(node):
            node.mark = text
        return self.mark_verdict(self.change_label(path, apply))

    def op_dropmark(self, path):
        def apply(node):
            node.mark = None
        return self.mark_verdict(self.change_label(path, apply, lambda node: node.mark is not None))

    def op_getmark(self, path):
        place = self.resolve(path, True)
        bad = self.found(place, LOOK_ERRORS, True)
        if bad:
            return bad
        access, why = self.access(place.path, place.node)
        if self.inside_skeleton(place):
            return Verdict('either', 'skeleton')
        if place.node.mark is None:
            return FAIL
        if access == DENIED and self.flip != 'marks':
            return refused(why)
        return Verdict(self.soft(place), why, seen=('data', place.node.mark))

    def room(self, place):
        """May a name be made or removed in this directory? None, or the Verdict that says no."""
        if place.parent.private:
            if self.static(place.parent_path)[0] == DENIED:
                return refused('literal')
            return None
        if place.parent.gone:
            return Verdict('fail', 'gone')
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
            place.parent.stamp = None
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
        node = Node('f', text, 0o644, fresh=True)
        # In the clock's tick of the start such a file looks as old as one that was there: it was made under no name.
        node.fresh = False
        verdict = self.create(path, node)
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
        # Where no name may be made the table does not say whether a file without one may.
        if self.domain(where.path) != self.domain(place.parent_path) or self.softened(where.path) or \
                self.static(join(where.path, 'x'))[0] < WRITE:
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
            place.parent.stamp, place.node.gone = None, want_directory
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
            new.parent.stamp = None
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
            one.parent.stamp = two.parent.stamp = None
            for node in (moved, replaced):
                if node is not None and node.kind == 'd':
                    node.stamp = None  # file systems differ in whether a directory that moves was changed
            if how == 'exchange':
                one.parent.entries[first] = replaced
            else:
                del one.parent.entries[first]
                if replaced is not None:
                    replaced.gone = replaced.kind == 'd'
        answers = [self.leave(one), self.name(two, moved), self.carried(one.path, two.path, moved)]
        if replaced is not None:
            answers.append(self.leave(two))
            if how == 'exchange':
                answers += [self.name(one, replaced), self.carried(two.path, one.path, replaced)]
        answers = [a for a in answers if a]
        if moved is replaced:
            return Verdict('either', 'same', None) if answers else Verdict('either', 'same')
        for answer in answers:
            if answer.kind in ('refused', 'fail'):
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
        if node.kind != 'd' or node.private or self.flip == 'pin':
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
            if path in self.mounts or any(self.is_moved_config(Place('there', path=p, node=child))
                                          for p in (path, there)):
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
