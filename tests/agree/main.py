# SPDX-License-Identifier: Apache-2.0
"""main.py [OPTION]... PROPERTY CALLER ROOT CORDON PERFORM: tests/agree/run starts it."""
import argparse
import collections
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, '..', 'oracle')]
import bench as benches  # noqa: E402
import simulated  # noqa: E402
import suggested  # noqa: E402

PROPERTIES = {'simulated': simulated, 'suggested': suggested}
FAILURES_MAX = 50


def numbers(options):
    """Of the cases to be tried, until the time is over."""
    started, number = time.monotonic(), options.case or 0
    while not options.seconds or time.monotonic() - started < options.seconds:
        yield number
        number += 1
        if options.case is not None or number == options.cases:
            return


def read_options():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('--seed', default='1')
    parser.add_argument('--cases', type=int, default=1000000)
    parser.add_argument('--seconds', type=float, default=0)
    parser.add_argument('--case', type=int)
    parser.add_argument('--twin', action='store_true', help='what is asked is wrong, and must be found out')
    parser.add_argument('property', choices=PROPERTIES)
    for name in ('caller', 'root', 'cordon', 'perform'):
        parser.add_argument(name)
    return parser.parse_args()


def main():
    options = read_options()
    bench = benches.Bench(options.root, options.cordon, options.perform, None)
    asked = PROPERTIES[options.property]
    counts, bad = collections.Counter(), 0
    for number in numbers(options):
        cases, operations = benches.make(options.seed + options.caller, number)
        operations = bench.possible(cases[0], operations)
        for line in asked.judge(bench, cases, operations, counts, options.twin):
            bad += 1
            print('%s %s, seed %s, case %d, %s: %s' % ('found' if options.twin else 'FAIL', options.property, options.seed, number,
                                                       options.caller, line), flush=True)
        counts['cases'] += 1
        if bad >= (1 if options.twin else FAILURES_MAX):
            break
    print('%s, %s: %s' % (options.property, options.caller, ', '.join('%d %s' % (count, name) for name, count in sorted(counts.items()))))
    if options.twin:
        print('%s the twin of %s, %s' % ('ok  ' if bad else 'FAIL', options.property, options.caller))
        print('result %d %d' % (bad > 0, not bad))
        return not bad
    held = counts[asked.COUNTED]
    print('result %d %d' % (max(0, held - bad), bad + (held == 0)))  # where nothing was held, nothing was shown
    return bad > 0 or held == 0


sys.exit(main())
