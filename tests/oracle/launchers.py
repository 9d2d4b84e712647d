# SPDX-License-Identifier: Apache-2.0
"""The same cases for other tools: how a policy of paths is said in their terms, and how their answers are counted.

Only what a tool can say is asked: paths that are there, read-write, read-only or denied, in one document. A tool that
answers otherwise than the model is counted by the kind of the difference, not reported one by one.
"""
import collections
import json
import os

LOOKS = ('read', 'list', 'stat', 'readlink', 'getmark')
ORDER = {'readwrite': 2, 'readonly': 1, 'denied': 0}


def simple(case):
    """The case without what these tools have no words for."""
    case = {key: value for key, value in case.items() if key not in ('views', 'layered', 'unprotected', 'spoiled')}
    case['rules'] = [rule for rule in case['rules'] if not rule.get('layer') and rule['kind'] in ORDER and
                     not any(c in rule['path'] for c in '*?[')]
    case['builtin'] = False
    return case


def rules_of(world, case, base):
    """(path, kind) of what is there, ancestors first; of several rules for a path the tightest."""
    found = {}
    for rule in case['rules']:
        real, node, _ = world.resolve_host(rule['path'].replace('@', base))
        if node is not None and (real not in found or ORDER[rule['kind']] < ORDER[found[real]]):
            found[real] = rule['kind']
    return sorted(found.items())


def bwrap(bench, world, case):
    """As a careful caller would write it: mounts in the order of the paths, what is denied covered by something empty."""
    words = ['bwrap', '--unshare-all', '--die-with-parent', '--new-session', '--proc', '/proc', '--dev', '/dev',
             '--ro-bind', bench.perform, bench.perform]
    for path, kind in rules_of(world, case, bench.base):
        if kind == 'denied' and os.path.isdir(path):
            words += ['--tmpfs', path]
        elif kind == 'denied':
            words += ['--ro-bind', '/dev/null', path]
        else:
            words += ['--ro-bind' if kind == 'readonly' else '--bind', path, path]
    return words + ['--chdir', '/', '--', bench.perform]


def lxc_exec(bench, world, case):
    files = {name + 'Paths': [path for path, kind in rules_of(world, case, bench.base) if kind == name] for name in ORDER}
    files['readonlyPaths'].append(bench.perform)
    document = {'version': '1.0.0', 'process': {'commandLine': bench.perform}, 'filesystem': files}
    with open(bench.policies[0], 'w', encoding='ascii') as file:
        json.dump(document, file)
    return [os.environ['LXC_EXEC'], bench.policies[0]]


LAUNCHERS = {'cordon': None, 'bwrap': bwrap, 'lxc-exec': lxc_exec}


class Tally:
    """In place of the known disagreements: every one is counted by its kind."""
    rows = ()

    def __init__(self):
        self.counts = collections.Counter()

    def covers(self, found):
        self.counts[self.kind(found)] += 1
        return True

    @staticmethod
    def kind(found):
        look = found.op is not None and found.op[0] in LOOKS
        if found.op is None:
            return {'end': 'the host differs at the end'}.get(found.why, 'not started')
        if found.expected.startswith('refused with'):
            return 'refused, with another error'
        if found.expected == 'refused':
            if found.got.startswith('ok') and found.why == 'object':
                return 'read under another name (hard link)' if look else 'changed under another name (hard link)'
            if found.got.startswith('ok') and found.why == 'pin':
                return 'a directory above a restricted name was moved away'
            if found.got.startswith('ok'):
                return 'entered or listed, although denied' if look else 'changed, although denied or read-only'
            return 'refused, with another error'
        if found.expected.startswith('seen'):
            return 'something else was shown'
        if found.expected == 'ok':
            return 'not seen, although granted' if look else 'not changed, although writable'
        return 'done, although there is nothing to do'
