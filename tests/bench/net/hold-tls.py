# SPDX-License-Identifier: Apache-2.0
"""Connections over TLS, each used for one request and then kept until standard input ends: hold-tls.py HOST PATH COUNT"""
import http.client
import ssl
import sys

host, path, count = sys.argv[1:]
context = ssl.create_default_context()
held = []
for _ in range(int(count)):
    connection = http.client.HTTPSConnection(host, timeout=20, context=context)
    connection.request("GET", path)
    if connection.getresponse().read() == b"":
        sys.exit("an empty answer")
    held.append(connection)
print("held", flush=True)
sys.stdin.read()
