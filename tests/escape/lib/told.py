# SPDX-License-Identifier: Apache-2.0
"""Who told of each refusal: told.py RESULTS RECORDS TOLD [NAME...]

A result is what lib/judge.sh left of a property, a record what the run store had of one contained trial, as one caller. TOLD gets
a file for each property: the word for the table. What is refused and of which the record says nothing, though it is of no
class that UNTOLD has, is printed, one line each; as is an event that names neither a rule nor a layer. An event counts only
where it is of the attempt: its errno and operation as the attempt's last word states them, about one of the attempt's arguments.
"""
import json
import os.path
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

# The operation that an attempt states by the first of its words.
STATED = [
    (r'^(unlink|rmdir)\b', {'delete'}),
    (r'^(rename\w*|exchange\w*|whiteout|ancestor_away)\b', {'rename'}),
    (r'^(link|linkat|link_descriptor|tmpfile)\b', {'link'}),
    (r'^(mkdir|mkdirat|mkfifo|mknod|creat|create|symlink|symlinkat|dangling_link|O_TMPFILE|dots|odd_name|through_link|not_dumpable|child|'
     r'relative|descriptor_before|proc_\w+|open_plain|openat)\b', {'create', 'write'}),
    (r'^(open for writing|reopen|truncate|write)\b', {'write', 'create'}),
    (r'^(chmod|chown|utimensat|times|mode|owner)\w*:', {'metadata'}),
    (r'^(mount|umount2?|unmount|remount|move|overlay|options|shared|idmap|bind mount|open_tree|fsopen|mount_setattr|pivot_root)\b', {'mount'}),
    (r'^(ptrace|kcmp|process_vm\w*)\b', {'ptrace'}),
    (r'^(kill|tgkill|signal)\b', {'signal'}),
    (r'^bind\b', {'bind', 'mount'}),
    (r'^connect\b', {'connect'}),
]
# Where the last word is not about what was refused, but about a step behind it, which could not succeed without: what counts instead.
BEHIND = [
    (r'^copy_file_range', {'write'}),
    (r'^mprotect of a shared mapping', {'write'}),
    (r'^every thread of process 1', {'ptrace', 'syscall', 'signal'}),
]
PLACELESS = {'syscall', 'mount', 'ptrace', 'signal', 'limit'}


def is_near(text, argument):
    """Is the object the argument, something in it, or the directory in which it lies?"""
    text, argument = os.path.normpath(text), os.path.normpath(argument)
    if not text.startswith('/'):
        return ('/' + argument).endswith('/' + text) or text.startswith(os.path.basename(argument))
    return text == argument or text.startswith(argument + '/') or (
        argument.startswith(text + '/') and text.count('/') >= argument.count('/') - 2)


def is_of_peer(event, arguments):
    """A name, else a port, that the attempt was given."""
    if event.get('name'):
        return any(event['name'] in argument or argument.split('\\')[0].split('%')[0] in event['name'] for argument in arguments)
    return not event.get('port') or str(event['port']) in arguments


def is_of(event, text, arguments):
    """Is it this that the attempt was refused?"""
    if event['type'] not in ('access.denied',):
        return not arguments or is_of_peer(event, arguments)
    behind = next((operations for pattern, operations in BEHIND if re.search(pattern, text)), None)
    errnos = re.findall(r'\bE[A-Z0-9]{2,}\b', text)
    if errnos and event['errno'] not in errnos and not behind:
        return False
    operations = behind or next((operations for pattern, operations in STATED if re.search(pattern, text)), None)
    if operations and event['operation'] not in operations and event.get('call') != text.split(':')[0]:
        return False
    paths = [argument for argument in arguments if argument.startswith('/')]
    thing = event['object']
    names = [thing[name] for name in ('named', 'path', 'secondNamed', 'second', 'outside') if thing.get(name)]
    return not paths or event['operation'] in PLACELESS or any(is_near(name, path) for name in names for path in paths)


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


def judge(fields, records, who, arguments=()):
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
    of_it = [event for event in denied if is_of(event, text, arguments)]
    if of_it:
        return ', '.join(dict.fromkeys(named(event) for event in of_it[:40])), None
    if not any(record['type'] == 'run.started' for record in records):
        return 'no record is left', None
    why = untold(text)
    other = f', only of {denied[0].get("operation")} {json.dumps(denied[0].get("object"))[:200]}' if denied else ''
    return (why, None) if why else ('nobody', f'refused ({text}), and no event says so{other}')


def self_test():
    """What should be found is, and nothing else."""
    def said(text, *events, arguments=('/w/config/.env',)):
        return judge(['pass', '', '', '', 'refused', '-', text], [{'type': 'run.started'}, *events], 'user', arguments)

    event = {'type': 'access.denied', 'source': 'keeper', 'rule': 'a.yaml:3:5: filesystem.deniedPaths[2]', 'layer': 'mode',
             'operation': 'delete', 'call': 'unlink', 'errno': 'EACCES', 'object': {'named': 'config/.env', 'path': '/w/config/.env'}}
    assert said('unlink: EACCES')[1] and not said('unlink: ENOENT')[1] and not said('it did not run')[1]
    assert said('unlink: EACCES', event) == ('keeper: filesystem.deniedPaths', None)
    assert said('unlink: EACCES', dict(event, rule=None)) == ('keeper: mode', None)
    assert said('unlink: EACCES', dict(event, rule=None, layer=None))[1]
    for other in ({'errno': 'EROFS'}, {'operation': 'write', 'call': 'open'}, {'object': {'named': 'x', 'path': '/w/x'}}):
        assert said('unlink: EACCES', dict(event, **other))[1] and not said('unlink: EACCES', dict(event, **other), event)[1]
    assert said('unlink: EACCES', dict(event, object={'named': 'x', 'path': '/w/x'}), arguments=())[1] is None
    network = {'type': 'network.denied', 'rule': None, 'reason': 'no rule', 'name': None, 'port': 80}
    assert said('connect: ECONNRESET', network, arguments=('tcp', '80'))[1] is None and said('connect: ECONNRESET', network, arguments=('tcp', '81'))[1]
    return 0


def main(results, records, told, *names):
    wrong = 0
    for name in names:
        fields = (Path(results) / name).read_text(errors='replace').split('\n')
        words = []
        for who in CALLERS:
            if len(fields) < 7 or fields[4 + (who == 'root')] == '-':
                continue
            given = Path(records, f'{name}.{who}.arguments')
            arguments = given.read_text(errors='replace').splitlines() if given.exists() else []
            word, problem = judge(fields, read_record(Path(records) / f'{name}.{who}'), who, arguments)
            words.append(word)
            if problem:
                wrong += 1
                print(f'{name}\t{who}\t{problem}')
        Path(told, name).write_text('; as root: '.join(dict.fromkeys(words)) + '\n')
    return wrong > 0


if __name__ == '__main__':
    sys.exit(self_test() if sys.argv[1:] == ['--self-test'] else main(*sys.argv[1:]))
