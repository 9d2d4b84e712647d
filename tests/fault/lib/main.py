# SPDX-License-Identifier: Apache-2.0
"""One caller's fault tests: main.py WHO ROOT CORDON BIN [--long] [PART...]"""
import os
import socket
import sys
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import calls
import crowd
import deaths
import shortage
from world import Settings, failed, note, write_policies


# The workers' own calls, and those by which cordon begins them and talks to them; what else it does is in the others' sweeps.
WORKERS = '^(cordon (socketpair|sendmsg|recvmsg|memfd_create|clone3?|vfork|fstat|pread64)|gateway|inside|inspector|holder) '


def sweep_calls():
    calls.run('full', os.environ.get('FAULT_CALLS'))
    calls.run('net', os.environ.get('FAULT_CALLS') or WORKERS)
    if Settings.is_long:
        calls.run('plain', os.environ.get('FAULT_CALLS'))
        if not os.environ.get('FAULT_CALLS'):
            calls.list_unneeded()


PARTS = {'calls': sweep_calls, 'deaths': deaths.run, 'shortage': shortage.run, 'crowd': crowd.run}


def run_parts(names):
    for name in names or PARTS:
        started = time.monotonic()
        try:
            PARTS[name]()
        except Exception:  # pylint: disable=broad-except
            # Whatever the harness did not think of: a failure with its place, and the other parts are still tried.
            traceback.print_exc(file=sys.stdout)
            failed(f'the part {name}', 'the test itself broke down')
        note(f'{name}: {time.monotonic() - started:.1f} s')


def main(arguments):
    Settings.is_long = '--long' in arguments
    who, root, cordon, binaries, *parts = [word for word in arguments if word != '--long']
    Settings.who, Settings.root, Settings.cordon = who, root, cordon
    Settings.inject, Settings.probe = f'{binaries}/inject', f'{binaries}/probe'
    Settings.host = socket.create_server(('127.0.0.1', 0))
    write_policies()
    run_parts(parts)
    print('%(passed)d passed, %(failed)d failed, %(skipped)d skipped' % Settings.counts)
    return Settings.counts['failed'] != 0


sys.exit(main(sys.argv[1:]))
