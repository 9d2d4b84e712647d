# SPDX-License-Identifier: Apache-2.0
"""An upstream name server that is scripted: honest names, and names whose owner wants to lead a container elsewhere."""
import ipaddress
import struct
import threading

A, CNAME, SOA, TXT, AAAA, OPT, HTTPS = 1, 5, 6, 16, 28, 41, 65
ALLOWED = [(A, "93.184.216.34"), (AAAA, "2606:2800:220:1::34")]
DENIED = [(A, "93.184.216.35"), (AAAA, "2606:2800:220:1::35")]
SHARED = [(A, "93.184.216.36"), (AAAA, "2606:2800:220:1::36")]
ZONE = {
    "allowed.example": ALLOWED,
    "denied.example": DENIED,
    "four.example": ALLOWED[:1],
    "six.example": ALLOWED[1:],
    "six-denied.example": DENIED[1:],
    "wild.example": ALLOWED,
    "a.wild.example": ALLOWED,
    "b.wild.example": ALLOWED,
    "deep.a.wild.example": ALLOWED,
    "xn--bcher-kva.example": ALLOWED,
    "shared-a.example": SHARED,
    "shared-b.example": SHARED,
    "alias.example": [(CNAME, "allowed.example")],
    "alias-inward.example": [(CNAME, "inward.example")],
    "inward.example": [(A, "10.1.2.3")],
    "mixed.example": [(A, "10.1.2.3"), ALLOWED[0]],
    "loopback.example": [(A, "127.0.0.1"), (AAAA, "::1")],
    "unspecified.example": [(A, "0.0.0.0"), (AAAA, "::")],
    "own.example": [(A, "203.0.113.2"), (AAAA, "fd00:113::2")],
    "metadata.example": [(A, "169.254.169.254"), (AAAA, "fd00:ec2::254")],
    "mapped.example": [(AAAA, "::ffff:10.1.2.3")],
    "nat64.example": [(AAAA, "64:ff9b::10.1.2.3")],
    "nat64-public.example": [(AAAA, "64:ff9b::93.184.216.34")],
    "sixtofour.example": [(AAAA, "2002:a01:203::1")],
    "big.example": [(A, "93.184.216.34")] + [(A, f"93.184.216.{last}") for last in range(100, 220)],
    "words.example": [(TXT, "words that nobody asked for")],
}


def records_of(name, seen):
    """The records of a name; `seen` counts the questions for names that change. None: there is no such name."""
    if name.endswith(".rebind.example"):  # once where it may be, then inward
        seen[name] = seen.get(name, 0) + 1
        return ALLOWED[:1] if seen[name] <= 1 else [(A, "10.1.2.3")]
    if name.endswith(".tunnel.example"):  # answers whatever is asked: data in labels
        return ALLOWED[:1]
    return ZONE.get(name)


def read_name(message, offset):
    labels = []
    while message[offset]:
        length = message[offset]
        if length > 63:
            raise ValueError("a pointer in a question")
        labels.append(message[offset + 1:offset + 1 + length].decode("latin-1"))
        offset += 1 + length
    return ".".join(labels), offset + 1


def write_name(name):
    return b"".join(bytes([len(label)]) + label.encode("latin-1") for label in name.split(".") if label) + b"\0"


def write_record(owner, kind, value, ttl):
    data = {A: lambda: ipaddress.IPv4Address(value).packed, AAAA: lambda: ipaddress.IPv6Address(value).packed,
            CNAME: lambda: write_name(value), TXT: lambda: bytes([len(value)]) + value.encode()}[kind]()
    return write_name(owner) + struct.pack(">HHIH", kind, 1, ttl, len(data)) + data


def find(name, kind, seen):
    """Answers as bytes, and the response code."""
    records, answers = records_of(name.lower(), seen), []
    if name.lower() == "servfail.example":
        return [], 2
    if records is None:
        return [], 3
    ttl = 0 if "rebind" in name.lower() else 300
    for _ in range(4):
        alias = next((value for record, value in records if record == CNAME), None)
        if alias is None:
            break
        answers.append(write_record(name, CNAME, alias, ttl))
        name, records = alias, records_of(alias, seen) or []
    answers += [write_record(name, record, value, ttl) for record, value in records if record == kind]
    return answers, 0


def answer(message, limit, seen, record, way):
    """The reply to one message, or None for silence."""
    number, flags, questions = struct.unpack(">HHH", message[:6])
    if flags & 0x8000 or questions != 1:
        return None
    name, end = read_name(message, 12)
    kind, _ = struct.unpack(">HH", message[end:end + 4])
    question = message[12:end + 4]
    record.line("dns", way, name.lower(), kind)
    if name.lower() == "silent.example":
        return None
    answers, code = find(name, kind, seen)
    body = question + b"".join(answers)
    head = struct.pack(">HHHHHH", number, 0x8180 | code, 1, len(answers), 0, 0)
    if len(head + body) > limit:
        return struct.pack(">HHHHHH", number, 0x8380 | code, 1, 0, 0, 0) + question
    return head + body


def limit_of(message):
    """What fits into a datagram to whoever asks: 512 bytes, or what its OPT record says."""
    additional = struct.unpack(">H", message[10:12])[0]
    if not additional:
        return 512
    _, end = read_name(message, 12)
    kind, size = struct.unpack(">HH", message[end + 5:end + 9])
    return max(512, size) if kind == OPT else 512


class NameServer:
    def __init__(self, record):
        self.record, self.seen, self.lock = record, {}, threading.Lock()

    def datagram(self, message):
        try:
            with self.lock:
                return answer(message, limit_of(message), self.seen, self.record, "udp")
        except (ValueError, IndexError, struct.error):
            return None

    def stream(self, connection):
        with connection.makefile("rwb") as file:
            while head := file.read(2):
                with self.lock:
                    reply = answer(file.read(struct.unpack(">H", head)[0]), 65535, self.seen, self.record, "tcp")
                if reply is None:
                    return
                file.write(struct.pack(">H", len(reply)) + reply)
                file.flush()
