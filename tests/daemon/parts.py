#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What cordond says of the parts beside it: parts.py RUNTIME. With the name of one: how many of its connections are keepers', by the part itself. With
"containers": how many of the caller's there are, those included that are handed to a keeper and of which it has not said anything."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from wire import MOST, TAG, TYPE, connect, fields_of, hello, kind_of, message, value_of


def ask(path, wanted, *messages):
    with connect(path) as own:
        for one in messages:
            own.send(one)
        while True:
            data = own.recv(MOST)
            if not data:
                sys.exit(f"{path} has closed the connection")
            if kind_of(data) == wanted:
                return fields_of(data)


runtime = sys.argv[1]
if len(sys.argv) == 2:
    for tag, data in ask(f"{runtime}/control.sock", TYPE.STATUS_IS, hello(), message(TYPE.STATUS)):
        if tag == TAG.SERVICE:
            print(data.rstrip(b"\0").decode())
elif sys.argv[2] == "containers":
    for tag, data in ask(f"{runtime}/control.sock", TYPE.STATUS_IS, hello(), message(TYPE.STATUS)):
        if tag == TAG.COUNT:
            print(value_of(data))
elif sys.argv[2] == "logger":
    # without this connection and cordond's
    for tag, data in ask(f"{runtime}/private/logger.sock", TYPE.LOG_STATUS_IS, message(TYPE.LOG_BEGIN), message(TYPE.LOG_STATUS)):
        if tag == TAG.COUNT:
            print(value_of(data) - 2)
