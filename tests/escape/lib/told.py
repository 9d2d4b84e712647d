# SPDX-License-Identifier: Apache-2.0
"""Who told of each refusal: told.py RESULTS RECORDS TOLD [NAME...]

A result is what lib/judge.sh left of a property, a record what the run store had of one contained trial, as one caller. TOLD gets
a file for each property: the word for the table. What is refused and of which the record says nothing, though it is of no
class that UNTOLD has, is printed, one line each; as is an event that names neither a rule nor a layer.
"""
import json
import re
import sys
from pathlib import Path

CALLERS = ('user', 'root')
EVENTS = {'access.denied', 'network.denied', 'network.name-denied', 'network.request-denied', 'network.secret-denied', 'network.budget'}
# Of what no source tells, and why: what an attempt says that it was refused with, and what the table says of it. The sources' own
# words are in `watch` of run.started and in docs/events.md.
UNTOLD = [
    (r'^(?!.*\b(E[A-Z0-9]{2,})\b)', 'nothing to tell: it is not there, or nothing was refused'),
    (r'ESRCH|ECHILD', 'nothing to tell: there is no such process inside'),
    (r'EBADF|ENXIO|ENODEV|ENOTTY|EINVAL|ENODATA|EEXIST', 'nothing to tell: there is no such object inside'),
    (r'EMFILE|ENFILE|EAGAIN|ENOSPC|ENOMEM|EFBIG|EDQUOT', 'not seen: limits of which the program alone is told'),
    (r'ENOSYS|EOPNOTSUPP|^clone3|^io_uring', 'not seen: calls that programs try as a matter of course'),
    (r'ETXTBSY', 'not seen: a file that is being executed is the kernel\'s to refuse'),
    (r'ENOENT|ENOTDIR|ELOOP', 'not seen: what is absent'),
    (r'ECONNREFUSED', 'nothing to tell: nobody listens there inside'),
    (r'EPROTOTYPE|EPIPE|EISCONN|EPROTONOSUPPORT', 'not seen: sockets of another kind, or shut'),
    (r'^(SCM_CREDENTIALS|TIOC|F_SET)|ENAMETOOLONG', 'not seen: what the kernel refuses whatever the policy is'),
    (r'^(sendto|sendmsg|answer)\b', 'not seen: datagrams without connect()'),
    (r'^(descriptor|times_descriptor|attribute_descriptor|reopen|pwrite|ftruncate|fchmod|fchown|futimens|mmap|map)', 'not seen: what is done to open descriptors'),
    (r'^(open|read|stat|look|list|access|opendir|scandir|every thread|exec|execve|run)\b.*(EACCES|EPERM)', 'not seen: what only reads, looks or executes'),
]


def read_record(path):
    if not path.exists():
        return []
    records = []
    for line in path.read_text(errors='replace').splitlines():
        try:
            records.append(json.loads(line))
        except ValueError:
            pass
    return records


def named(event):
    """Rule and layer of an event, as the table has them; None where it names neither."""
    if event['type'].startswith('network.'):
        rule = event.get('rule')
        return 'gateway: ' + member(rule) if rule else 'gateway' if event.get('reason') else None
    rule, layer = event.get('rule'), event.get('layer')
    if not rule and not layer:
        return None
    return f"{event['source']}: {member(rule) if rule else layer}"


def member(rule):
    """Without file and line, and without which of a list."""
    return re.sub(r'\[\d+\]', '', rule.split(': ', 1)[1] if ': ' in rule else rule).strip()


def untold(text):
    """Why no source tells of this; None where one should."""
    return next((why for pattern, why in UNTOLD if re.search(pattern, text)), None)


def judge(fields, records, who):
    """(word for the table, what is wrong or None) of one property as one caller."""
    cell = fields[4 + (who == 'root')]
    texts = fields[6].split('; as root: ')
    text = texts[-1] if who == 'root' else texts[0]
    if cell.startswith('refused at launch'):
        failed = [record for record in records if record['type'] == 'run.failed']
        return ('run.failed', None) if failed else ('-', None)
    if cell not in ('refused', 'ended by the limit'):
        return '-', None
    denied = [event for event in records if event['type'] in EVENTS]
    nameless = [event for event in denied if named(event) is None]
    if nameless:
        return 'nobody by name', f"an event names neither rule nor layer: {json.dumps(nameless[0])[:300]}"
    if denied:
        return ', '.join(dict.fromkeys(named(event) for event in denied[:40])), None
    if not any(record['type'] == 'run.started' for record in records):
        return 'no record is left', None
    why = untold(text)
    return (why, None) if why else ('nobody', f'refused ({text}), and no event says so')


def self_test():
    """What should be found is, and nothing else."""
    def said(text, *events):
        return judge(['pass', '', '', '', 'refused', '-', text], [{'type': 'run.started'}, *events], 'user')

    event = {'type': 'access.denied', 'source': 'keeper', 'rule': 'a.yaml:3:5: filesystem.deniedPaths[2]', 'layer': 'mode'}
    assert said('unlink: EACCES')[1] and not said('unlink: ENOENT')[1] and not said('it did not run')[1]
    assert said('unlink: EACCES', event) == ('keeper: filesystem.deniedPaths', None)
    assert said('unlink: EACCES', dict(event, rule=None)) == ('keeper: mode', None)
    assert said('unlink: EACCES', dict(event, rule=None, layer=None))[1]
    return 0


def main(results, records, told, *names):
    wrong = 0
    for name in names:
        fields = (Path(results) / name).read_text(errors='replace').split('\n')
        words = []
        for who in CALLERS:
            if len(fields) < 7 or fields[4 + (who == 'root')] == '-':
                continue
            word, problem = judge(fields, read_record(Path(records) / f'{name}.{who}'), who)
            words.append(word)
            if problem:
                wrong += 1
                print(f'{name}\t{who}\t{problem}')
        Path(told, name).write_text('; as root: '.join(dict.fromkeys(words)) + '\n')
    return wrong > 0


if __name__ == '__main__':
    sys.exit(self_test() if sys.argv[1:] == ['--self-test'] else main(*sys.argv[1:]))
