#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A hostile keeper: refused.py KEEPER LAUNCHER takes that keeper's own connection to the launcher and asks a thousand times for what nobody can be given."""
import os
import signal
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "attribution")]
from signer import connection_of
from world import Refused, ask, request

TIMES, NO_TYPE = 1000, 99


def main(keeper, launcher):
    end = connection_of(keeper, launcher)
    os.kill(keeper, signal.SIGSTOP)  # which would hear the answers
    try:
        for _ in range(TIMES):
            try:
                ask(end, request(NO_TYPE))
            except Refused:
                continue
            sys.exit("it was carried out")
    finally:
        end.settimeout(None)  # it is the keeper's, too, which waits there
        os.kill(keeper, signal.SIGCONT)


main(int(sys.argv[1]), int(sys.argv[2]))
