# SPDX-License-Identifier: Apache-2.0
"""What `cordon policy simulate` says of a recorded run under another policy is what a real run under that policy does."""
import errno
import json

COUNTED = 'operations'
NAMES = ('newlyDenied', 'newlyAllowed', 'unchanged', 'undecided')


def simulate(bench, policy, ran, events):
    lines = [ran.started, *events]
    done = bench.call([bench.cordon, 'policy', 'simulate', '--json', '--fail-on', 'never', '--events', '-', policy],
                      ''.join(json.dumps(line) + '\n' for line in lines))
    if done.returncode != 0:
        raise RuntimeError('simulate: %s' % done.stderr.decode().strip())
    said = json.loads(done.stdout)
    return {name: said[name] for name in NAMES}


def predicted(said, was_done):
    """True: it will be done; False: it will be refused; None: it is not said."""
    if said['undecided']:
        return None
    if said['newlyDenied']:
        return False
    if was_done or said['newlyAllowed'] and not said['unchanged']:
        return True
    return False if said['unchanged'] else None  # refused before: what of it still is decides


def word(is_done, error):
    return 'done' if is_done else 'refused (%s)' % errno.errorcode.get(error, error)


def judge(bench, cases, operations, counts, twin=False):
    """What does not agree, one line each. The twin is asked about the policy that was recorded under, in place of the other."""
    first, second = (bench.write(name, bench.document(case, 0)) for name, case in zip(('a.json', 'b.json'), cases))
    before = bench.run(cases[0], first, operations, '--watch', 'full')
    after = bench.run(cases[0], second, operations)
    if not before or not after:
        counts['launches refused'] += 1
        return []
    bench.lay(cases[0])
    wrong = []
    for index, op in enumerate(operations):
        events, was_done, is_done = before.events_of(index), before.is_done(index), after.is_done(index)
        if not events:
            if was_done:
                wrong.append('%s: done, and not recorded' % ' '.join(op))
            counts['refused and not recorded (%s)' % errno.errorcode.get(before.error(index))] += not was_done
            continue
        said = simulate(bench, first if twin else second, before, events)
        will = predicted(said, was_done)
        if will is None:
            counts['undecided'] += 1
            continue
        counts['operations'] += 1
        counts['that change'] += was_done != is_done
        if will != is_done:
            wrong.append('%s: %s, and then %s, but what is said is %s' % (
                ' '.join(op), word(was_done, before.error(index)), word(is_done, after.error(index)),
                {name: count for name, count in said.items() if count}))
    return wrong
