#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""
A second verifier of logs and proofs, written from the specifications alone (RFC 6962, RFC 8032, C2SP signed-note, tlog-checkpoint, tlog-tiles,
tlog-cosignature, tlog-proof) and nothing of Cordon's: it shares no line and no library with cordon-verify.

  verify.py log KEY DIRECTORY [WITNESS-KEY...]     verify.py proof KEY FILE [WITNESS-KEY...]

Prints 'holds SIZE ROOT' or what is wrong; status 0 or 1.
"""
import base64
import hashlib
import pathlib
import sys

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)


class Wrong(Exception):
    pass


def demand(condition, text):
    if not condition:
        raise Wrong(text)


# ---- RFC 8032: verification ----

def point_add(a, b):
    s, t = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    u, v = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = t - s, v - u, v + u, t + s
    return e * f % P, g * h % P, f * g % P, e * h % P


def point_times(n, point):
    total = (0, 1, 1, 0)
    while n:
        if n & 1:
            total = point_add(total, point)
        point, n = point_add(point, point), n >> 1
    return total


def point_read(octets):
    y = int.from_bytes(octets, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * ROOT_OF_MINUS_1 % P
    if (x * x - x2) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE = point_read((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def is_signed(public, message, signature):
    a, r, s = point_read(public), point_read(signature[:32]), int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or a is None or r is None or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    left, right = point_times(s, BASE), point_add(r, point_times(h, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


# ---- notes ----

def exact_base64(text):
    try:
        octets = base64.b64decode(text, validate=True)
    except ValueError as wrong:
        raise Wrong(f"no base64: {text[:40]}") from wrong
    demand(base64.b64encode(octets).decode() == text, "base64 with bits that carry nothing")
    return octets


class Key:
    def __init__(self, text):
        self.name, number, material = text.strip().split("+", 2)
        octets = exact_base64(material)
        self.kind, self.public = octets[0], octets[1:]
        self.number = self.number_of(self.kind)
        demand(self.number.hex() == number, "the key's id is not its own")

    def number_of(self, kind):
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([kind]) + self.public).digest()[:4]


class Note:
    def __init__(self, octets):
        try:
            text = octets.decode("utf-8", "strict")
        except UnicodeDecodeError as wrong:
            raise Wrong("no UTF-8") from wrong
        demand(not any(ord(c) < 32 and c != "\n" for c in text), "control characters")
        at = text.rfind("\n\n")
        demand(at >= 0 and text.endswith("\n"), "no signatures")
        self.body, self.lines = text[:at + 1], []
        for line in text[at + 2:-1].split("\n"):
            demand(line.startswith("\u2014 ") and line.count(" ") == 2, f"no signature line: {line[:40]!r}")
            _, name, signature = line.split(" ")
            octets = exact_base64(signature)
            demand(name and len(octets) > 4, "no signature line")
            self.lines.append((name, octets[:4], octets[4:]))

    def verify(self, key, kind):
        """The time (0 for a plain signature) with which this key signed; Wrong if it did not."""
        number, times = key.number_of(kind), []
        for name, found, signature in self.lines:
            if name != key.name or found != number:
                continue
            message, time = self.body.encode(), 0
            if kind == 4:
                time, signature = int.from_bytes(signature[:8], "big"), signature[8:]
                message = f"cosignature/v1\ntime {time}\n".encode() + message
            demand(is_signed(key.public, message, signature), f"the signature of {name} does not hold")
            times.append(time)
        demand(times, f"not signed by {key.name}")
        return max(times)

    def checkpoint(self):
        lines = self.body[:-1].split("\n")
        demand(len(lines) >= 3 and all(lines), "no checkpoint")
        demand(lines[1].isascii() and lines[1].isdigit() and str(int(lines[1])) == lines[1], "no size")
        root = exact_base64(lines[2])
        demand(len(root) == 32, "no root")
        return lines[0], int(lines[1]), root


# ---- RFC 6962 ----

def leaf_hash(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def tree_hash(hashes):
    """Of any number of leaves, level by level: an odd one goes up as it is."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    while len(hashes) > 1:
        pairs = [node_hash(hashes[i], hashes[i + 1]) for i in range(0, len(hashes) - 1, 2)]
        hashes = pairs + hashes[len(hashes) & ~1:]
    return hashes[0]


def is_included(leaf, index, size, proof, root):
    """By recursion from the root down, as RFC 6962 makes the path."""
    def climb(index, size, path):
        if size == 1:
            demand(not path, "a proof that is too long")
            return leaf
        demand(path, "a proof that is too short")
        k = 1
        while 2 * k < size:
            k *= 2
        if index < k:
            return node_hash(climb(index, k, path[:-1]), path[-1])
        return node_hash(path[-1], climb(index - k, size - k, path[:-1]))
    return index < size and climb(index, size, proof) == root


# ---- logs ----

def tile_name(level, index, width):
    groups = [f"{index % 1000:03d}"]
    while index >= 1000:
        index //= 1000
        groups.append(f"x{index % 1000:03d}")
    return f"tile/{level}/" + "/".join(reversed(groups)) + (f".p/{width}" if width < 256 else "")


def read_tile(root, level, index, width):
    for name in (tile_name(level, index, width), tile_name(level, index, 256)):
        path = root / name
        if path.is_file():
            return path.read_bytes(), width if name.endswith(f".p/{width}") else 256
    raise Wrong(f"{tile_name(level, index, width)} is missing")


def read_bundle(root, index, width):
    octets, width_there = read_tile(root, "entries", index, width)
    entries, at = [], 0
    while at < len(octets):
        length = int.from_bytes(octets[at:at + 2], "big")
        demand(at + 2 + length <= len(octets), f"bundle {index} ends in an entry")
        entries.append(octets[at + 2:at + 2 + length])
        at += 2 + length
    demand(len(entries) == width_there or width_there == 256 > width, f"bundle {index} has {len(entries)} entries")
    return entries[:width]


def check_level(root, level, hashes):
    """The tiles of a level hold what its entries or the level below give; what goes up to the next one."""
    above = []
    for index in range((len(hashes) + 255) // 256):
        part = hashes[256 * index:256 * index + 256]
        octets, width = read_tile(root, level, index, len(part))
        demand(len(octets) == 32 * width and octets[:32 * len(part)] == b"".join(part), f"tile {level}/{index} differs")
        if len(part) == 256:
            above.append(tree_hash(part))
    return above


def verify_log(key, directory, witnesses):
    root = pathlib.Path(directory)
    demand((root / "checkpoint").is_file(), "no checkpoint")
    note = Note((root / "checkpoint").read_bytes())
    note.verify(key, 1)
    note.verify(key, 4)
    origin, size, expected = note.checkpoint()
    demand(origin == key.name, "another log's")
    leaves = []
    for index in range((size + 255) // 256):
        for entry in read_bundle(root, index, min(256, size - 256 * index)):
            demand(entry.startswith(b'{"seq":%d,' % len(leaves)), f"entry {len(leaves)} has another number")
            leaves.append(leaf_hash(entry))
    demand(tree_hash(leaves) == expected, "another root")
    hashes, level = leaves, 0
    while hashes:
        hashes, level = check_level(root, level, hashes), level + 1
    for witness in witnesses:
        witnessed = Note((root / "witness/checkpoint").read_bytes())
        witnessed.verify(key, 1)
        witnessed.verify(witness, 4)
        then, old_size, old_root = witnessed.checkpoint()
        demand(then == origin and old_size <= size and tree_hash(leaves[:old_size]) == old_root, "rewritten since it was witnessed")
    return size, expected


def verify_proof(key, path, witnesses):
    octets = pathlib.Path(path).read_bytes()
    head, found, rest = octets.partition(b"\n\n")
    lines = head.decode("ascii", "replace").split("\n")
    demand(found and lines.pop(0) == "c2sp.org/tlog-proof@v1", "no proof")
    demand(lines and lines[0].startswith("extra "), "no entry in it")
    entry = exact_base64(lines.pop(0)[6:])
    demand(lines and lines[0].startswith("index ") and lines[0][6:].isdigit() and str(int(lines[0][6:])) == lines[0][6:], "no index")
    index = int(lines.pop(0)[6:])
    note = Note(rest)
    note.verify(key, 1)
    note.verify(key, 4)
    for witness in witnesses:
        note.verify(witness, 4)
    origin, size, root = note.checkpoint()
    demand(origin == key.name, "another log's")
    hashes = [exact_base64(line) for line in lines]
    demand(all(len(h) == 32 for h in hashes) and is_included(leaf_hash(entry), index, size, hashes, root), "not included")
    return size, root


def main(arguments):
    try:
        kind, key, what, *witnesses = arguments
        check = verify_log if kind == "log" else verify_proof
        size, root = check(Key(key), what, [Key(witness) for witness in witnesses])
    except Wrong as wrong:
        print(wrong)
        return 1
    print("holds", size, base64.b64encode(root).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
