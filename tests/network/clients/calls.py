# SPDX-License-Identifier: Apache-2.0
"""Calls of a tool that is not granted, in bodies that two readers may understand differently: calls.py HOST PORT PATH"""
import http.client
import sys

host, port, path = sys.argv[1:]
CALL = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"remove","arguments":{}}}'
GOOD = CALL.replace("remove", "greet")
BODIES = [
    CALL,
    f"[{GOOD},{CALL}]",
    CALL.replace('"name":"remove"', '"name":"greet","name":"remove"'),
    CALL.replace('"params"', '"params":{"name":"greet"},"params"'),
    CALL.replace('"method":"tools/call"', '"method":"tools/list","method":"tools/call"'),
    CALL.replace("tools/call", "tools\\/call"),
    CALL.replace("remove", "\\u0072emove"),
    CALL.replace('"name"', '"n\\u0061me"'),
    CALL.replace('"name":"remove"', '"name":"remove","Name":"greet"'),
    f"{CALL}\n",
    f" \t\r\n{CALL}",
]


def post(body, kind):
    connection = http.client.HTTPConnection(host, int(port), timeout=5)
    try:
        connection.request("POST", path, body.encode("utf-8"), {"Content-Type": kind})
        return connection.getresponse().status
    except OSError:
        return 0


said = [post(body, "application/json") for body in BODIES] + [post(CALL, kind) for kind in ("text/plain", "application/JSON-RPC", "x/y")]
print("tried", len(said), said)
