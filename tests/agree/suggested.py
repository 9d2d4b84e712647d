# SPDX-License-Identifier: Apache-2.0
"""What `cordon why` suggests for a recorded refusal allows it in a real run, and nothing beside it; and `cordon policy diff`
says just that gain."""
import errno
import json
import os
import random

import simulated

SUGGESTIONS = 3  # of a case
COUNTED = 'suggestions'
OF_NAMES = ('create', 'mkdir', 'symlink', 'unlink', 'rmdir', 'rename', 'link')  # they need the directory


def apply(document, patch):
    """RFC 6902, as far as Cordon writes it; what it takes away is returned."""
    taken = []
    for step in patch:
        place, keys = document, [key.replace('~1', '/').replace('~0', '~') for key in step['path'].split('/')[1:]]
        for key in keys[:-1]:
            place = place[int(key)] if isinstance(place, list) else place[key]
        key = keys[-1]
        if step['op'] == 'remove':
            taken.append(place.pop(int(key)) if isinstance(place, list) else place.pop(key))
        elif step['op'] == 'add' and isinstance(place, list):
            place.insert(len(place) if key == '-' else int(key), step['value'])
        elif step['op'] in ('add', 'replace'):
            place[int(key) if isinstance(place, list) else key] = step['value']
        else:
            raise RuntimeError('a patch has %s' % step)
    return taken


def paths_in(value):
    if isinstance(value, dict):
        return [path for one in value.values() for path in paths_in(one)]
    if isinstance(value, list):
        return [path for one in value for path in paths_in(one)]
    return [value] if isinstance(value, str) and ('/' in value) else []


def within(path, directory):
    return path == directory or path.startswith(directory.rstrip('/') + '/')


def aliases_of(bench, path):
    """The other names of a file in the tree, which is as the policy found it: a rule about one is about all."""
    if not os.path.lexists(path) or os.path.isdir(path) or os.lstat(path).st_nlink < 2:
        return []
    names = [os.path.join(directory, name) for directory, _, files in os.walk(bench.base) for name in files]
    return [name for name in names if os.path.samestat(os.lstat(name), os.lstat(path))]


class Suggestion:
    def __init__(self, bench, op, event, said):
        self.op, self.wider = op, said['wider']
        self.patch = said['documents'][0]['patch']
        workspace = os.path.join(bench.root, 'cwd')
        self.grants = [path.replace('${workspace}', workspace) for step in self.patch if 'value' in step for path in paths_in(step['value'])]
        self.names = {name for name in (event['object']['path'], event['object']['second'], event['object']['outside']) if name}
        self.names |= {word.replace('@', bench.base) for word in op[1:] if word.startswith('@')}

        self.names |= {alias for name in self.names for alias in aliases_of(bench, name)}

    def covers(self, names):
        """May what is done with these names change by it?"""
        if any(name in self.names for name in names):
            return True
        return self.op[0] in OF_NAMES and any(within(name, grant) for name in names for grant in self.grants)


def ask(bench, identifier):
    done = bench.call([bench.cordon, 'why', '--json', identifier])
    if done.returncode != 0:
        raise RuntimeError('why %s: %s' % (identifier, done.stderr.decode().strip()))
    return json.loads(done.stdout)


def names_of(bench, op, ran, index):
    names = [word.replace('@', bench.base) for word in op[1:] if word.startswith('@')]
    return names + [path for event in ran.events_of(index) for path in (event['object']['path'], event['object']['second']) if path]


def is_no_gain(bench, suggestion, op, error):
    """Done, and no right is behind it: a name in a directory that the container has around the grant and the host never sees, that
    directory itself, or a move between two writable places that a mount no longer divides."""
    name = (op[2] if op[0] in ('rename', 'link', 'symlink') else op[1]).replace('@', bench.base)
    if op[0] in ('create', 'mkdir', 'symlink', 'link') and not os.path.lexists(name):
        return True
    if op[0] in ('stat', 'list'):
        return any(within(grant, name) for grant in [*suggestion.grants, *suggestion.names])
    return op[0] in ('rename', 'link') and error == errno.EXDEV


def hold_run(bench, suggestion, index, operations, before, after, counts):
    """What is wrong with the run under the policy with the suggestion."""
    if not after.is_done(index):
        return ['it is still %s' % simulated.word(False, after.error(index))]
    wrong = []
    for at, op in enumerate(operations):
        names = names_of(bench, op, before, at)
        if before.is_done(at) and not after.is_done(at):
            if op[0] in ('rename', 'link') and after.error(at) == errno.EXDEV:
                counts['divided by a mount'] += 1  # both places are as writable as they were
                continue
            if any(os.path.lexists(name) and os.lstat(name).st_nlink > 1 for name in names):
                counts['shut under another name'] += 1  # the stricter of two rules for one file
                continue
            wrong.append('%s was done, and is %s' % (' '.join(op), simulated.word(False, after.error(at))))
        elif before.is_done(at) or at == index:
            continue
        elif not after.is_done(at):
            near = {os.path.dirname(name) for name in suggestion.names} | suggestion.names
            counts['neighbours that stay shut'] += any(name in near or os.path.dirname(name) in near for name in names)
        elif is_no_gain(bench, suggestion, op, before.error(at)):
            counts['nothing on the host'] += 1
        elif suggestion.covers(names):
            counts['other things with the same names'] += 1
        elif suggestion.wider:
            counts['things that a wider one opens'] += 1
        else:
            wrong.append('%s was %s, and is done' % (' '.join(op), simulated.word(False, before.error(at))))
    return wrong


def hold_diff(bench, suggestion, first, second):
    done = bench.call([bench.cordon, 'policy', 'diff', '--json', first, second])
    if done.returncode not in (1, 3):
        return ['diff ends with %d: %s' % (done.returncode, done.stderr.decode().strip())]
    wrong, gains = [], 0
    for item in json.loads(done.stdout)['items']:
        gains += item['change'] == 'wider'
        if suggestion.wider or item['change'] != 'wider' or item['area'] != 'files':
            continue
        for subject in item['subjects']:
            if subject not in suggestion.names and not any(within(subject, grant) for grant in suggestion.grants):
                wrong.append('diff says that %s is gained' % subject)
    return wrong if gains else ['diff says no gain']


def judge(bench, cases, operations, counts, twin=False):
    case = cases[0]
    document = bench.document(case, 0)
    first = bench.write('a.json', document)
    before = bench.run(case, first, operations, '--watch', 'full')
    if not before:
        counts['launches refused'] += 1
        return []
    rng = random.Random(json.dumps(operations))
    refused = [(index, events[0]) for index in range(len(operations))
               if len(events := before.events_of(index)) == 1 and not before.is_done(index) and events[0]['type'] == 'access.denied']
    wrong = []
    for index, event in rng.sample(refused, min(SUGGESTIONS, len(refused))):
        bench.lay(case)
        said = ask(bench, event['id'])
        if not said['suggestion'] or not said['suggestion']['documents']:
            counts['no rule can'] += 1
            if not (said['suggestion'] or {}).get('none') and not said['disagrees'] and said['verdict'] != 'depends':
                wrong.append('%s: neither a suggestion nor why there is none: %s' % (' '.join(operations[index]), json.dumps(said)))
            continue
        suggestion = Suggestion(bench, operations[index], event, said['suggestion'])
        changed = json.loads(json.dumps(document))
        apply(changed, suggestion.patch)
        if twin:  # the directory around what was asked for, as others suggest it
            suggestion.patch = []
            changed['filesystem'].setdefault('readwritePaths', []).append(bench.base + '/' + operations[index][1].split('/')[1])
        second = bench.write('b.json', changed)
        after = bench.run(case, second, operations)
        found = ['the launch is refused with it'] if not after else hold_run(bench, suggestion, index, operations, before, after, counts)
        found += hold_diff(bench, suggestion, first, second)
        counts['suggestions'] += 1
        counts['wider'] += suggestion.wider
        wrong += ['%s, with %s: %s' % (' '.join(operations[index]), json.dumps(suggestion.patch), line) for line in found]
    return wrong
