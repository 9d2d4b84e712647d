# SPDX-License-Identifier: Apache-2.0
"""A name server for one name: one-name.py ADDRESS NAME ANSWER"""
import socket
import struct
import sys

place, name, answer = sys.argv[1:]
wanted = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind((place, 53))
print("ready", flush=True)
while True:
    message, peer = server.recvfrom(4096)
    end = 12 + len(wanted)
    question, kind = message[12:end + 4], message[end:end + 2]
    is_it = message[12:end].lower() == wanted
    record = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 300, 4) + socket.inet_aton(answer) if is_it and kind == b"\0\1" else b""
    head = message[:2] + struct.pack(">HHHHH", 0x8180 if is_it else 0x8183, 1, 1 if record else 0, 0, 0)
    server.sendto(head + (question if is_it else message[12:]) + record, peer)
