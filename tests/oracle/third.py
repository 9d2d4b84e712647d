# SPDX-License-Identifier: Apache-2.0
"""The third opinion: what the plan itself says of an operation (`cordon why --questions`, plan_judge()), held against what the
kernel answered. It is asked about names as the model resolves them, at the moment of the operation."""
import json
import subprocess

# Of what the plan refuses, the errors of one kind: a permission, a mount, an absence. Host permissions come before a mount.
CLASSES = {
    'EACCES': {'EACCES', 'EPERM'}, 'EPERM': {'EACCES', 'EPERM'},
    'EROFS': {'EROFS', 'EXDEV', 'EBUSY', 'EACCES', 'EPERM'}, 'EXDEV': {'EROFS', 'EXDEV', 'EBUSY'},
    'EBUSY': {'EROFS', 'EXDEV', 'EBUSY'}, 'ENOENT': {'ENOENT', 'EROFS', 'ENOTDIR', 'EACCES'}, 'EISDIR': {'EISDIR', 'EROFS', 'EACCES'},
}
# What the kernel says whatever the policy is: there is nothing to do.
NO_POLICY = {'ENOENT', 'ENOTDIR', 'EEXIST', 'EISDIR', 'EINVAL', 'ELOOP', 'ENOTEMPTY', 'ENODATA', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP'}


class Asked:
    """One operation of a case as questions, each with what is needed to hold its answer against the kernel's."""
    __slots__ = ('index', 'op', 'questions')

    def __init__(self, index, op, questions):
        self.index, self.op, self.questions = index, op, questions


def question(operation, place, second=None, **more):
    asked = {'operation': operation, 'path': place.path, 'exact': True,
             'exists': place.status == 'there' and not place.node.fresh, 'directory': bool(place.node and place.node.kind == 'd')}
    if second is not None:
        asked['second'] = second.path
    asked.update(more)
    return asked


def questions_of(world, op):
    """None where the model does not follow, or where a question says less than the operation (attributes, nameless files)."""
    kind = op[0]

    def at(path, follow):
        place = world.resolve(path, follow)
        return place if place.status in ('there', 'new') and place.path and not private(place) else None

    def private(place):
        # Whether a name in a directory of the container's own is there the model does not keep apart from the host's.
        return bool(place.parent is not None and place.parent.private or place.node is not None and place.node.private)

    if kind in ('read', 'list', 'stat', 'readlink'):
        place = at(op[1], kind in ('read', 'list'))
        return place and [question({'read': 'read', 'list': 'list'}.get(kind, 'look'), place)]
    if kind in ('write', 'append', 'opentrunc', 'truncate', 'mmap', 'opencreate'):
        place = at(op[1], True)
        if place and place.status == 'new' and kind != 'opencreate':
            return None
        return place and [question('write' if place.status == 'there' else 'create', place)]
    if kind in ('create', 'mkdir', 'symlink'):
        place = at(op[2] if kind == 'symlink' else op[1], False)
        return place and place.status == 'new' and [question('create', place, directory=kind == 'mkdir')] or None
    if kind in ('unlink', 'rmdir'):
        place = at(op[1], False)
        return place and place.status == 'there' and [question('delete', place)] or None
    if kind == 'chmod':
        place = at(op[1], True)
        return place and place.status == 'there' and [question('metadata', place)] or None
    if kind in ('rename', 'renamenew', 'exchange', 'link'):
        one, two = at(op[1], False), at(op[2], False)
        if not one or not two or one.status != 'there' or kind == 'link' and (two.status == 'there' or one.node.kind == 'd'):
            return None
        if kind in ('rename', 'renamenew', 'exchange') and not world.move_is_possible(
                one, two, {'rename': 'replace', 'renamenew': 'new'}.get(kind, kind)):
            return None
        if kind == 'link':
            return [question('link', one, two)]
        both = [question('rename', one, two)]
        if kind == 'exchange':
            both.append(question('rename', two, one))
        elif two.status == 'there' and two.path != one.path:
            both.append(question('delete', two))
        return both
    return None


def answers(cordon, policies, environment, cwd, asked):
    lines = ''.join(json.dumps(q) + '\n' for one in asked for q in one.questions)
    command = [cordon, 'why', *policies, '--questions', '-']
    done = subprocess.run(command, check=False, input=lines.encode(), capture_output=True, env=environment, cwd=cwd)
    if done.returncode != 0:
        return None, done.stderr.decode().strip()
    return [json.loads(line) for line in done.stdout.decode().splitlines()], None


def hold(one, said, name):
    """What is wrong with the answers `said` to one operation that the kernel answered with `name`; None, or 'open'."""
    verdicts = [s['verdict'] for s in said]
    refusing = [s for s in said if s['verdict'] in ('refused', 'hidden')]
    if any(v == 'depends' for v in verdicts) and not refusing:
        return 'open'
    if refusing:
        if name == 'ok':
            return 'the plan says %s (%s), and it was done' % (refusing[0]['verdict'], refusing[0]['reason'])
        allowed = set().union(*(CLASSES.get(s['errno'], {s['errno']}) for s in refusing))
        if 'depends' in verdicts:
            allowed.add('EACCES')  # process 1 looks into a directory that moves before the kernel is asked
        if any(s['first'] == 'keeper' and s['behind'] == 'mount' for s in refusing):
            allowed |= CLASSES['EBUSY']  # a directory above a rule: process 1 refuses where its content is protected, else the mount
        if any(s['first'] == 'mode' for s in refusing):
            allowed.add('EROFS')  # opening to truncate asks the mount of a prepared inode before its mode
        if name not in allowed and name not in NO_POLICY:
            return 'the plan says %s, the kernel %s' % (refusing[0]['errno'], name)
        return None
    if name != 'ok' and name not in NO_POLICY:
        return 'the plan says %s, the kernel %s' % (verdicts[0], name)
    return None

