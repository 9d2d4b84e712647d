# SPDX-License-Identifier: Apache-2.0
"""What a command wrote against what is written down: what differs from run to run is made alike, or stands for itself."""
import re

RUN = r"[0-9a-hjkmnp-tv-z]{26}"
# What is measured, or depends on the machine.
SAME = [
    (re.compile(r"sha256:[0-9a-f]+"), "sha256:0123456789ab"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d+)?Z"), "2026-01-02 03:04:05Z"),
    (re.compile(r"\.lock\.[A-Za-z0-9]{6}\b"), ".lock.XXXXXX"),
]
HOME = "/home/me"
ELSE = "…"


def alike(text, home):
    """Without the caller's home, digests and times."""
    text = text.replace(home, HOME)
    for pattern, with_what in SAME:
        text = pattern.sub(with_what, text)
    return text


class Names:
    """Which id of this execution stands for one that is written down."""

    def __init__(self):
        self.known = {}

    def is_same(self, written, actual):
        return self.known.setdefault(written, actual) == actual

    def in_force(self, command):
        """A command that is written down, with the ids of this execution."""
        return re.sub(rf"({RUN})(\.\d+)?", lambda m: self.known.get(m[0], self.known.get(m[1], m[1]) + (m[2] or "")), command)

    def as_written(self, lines):
        """Lines of this execution, with the ids that stand for theirs."""
        written = {actual: name for name, actual in self.known.items()}
        return [re.sub(rf"{RUN}(\.\d+)?", lambda m: written.get(m[0], m[0]), line) for line in lines]


def line_matches(written, actual, names):
    """`…` in a written line is anything, an id another one that is always the same."""
    ids = []
    pattern = ""
    for part in re.split(rf"({RUN}(?:\.\d+)?|{ELSE})", written):
        if part == ELSE:
            pattern += ".*"
        elif re.fullmatch(rf"{RUN}(?:\.\d+)?", part):
            ids.append(part)
            pattern += rf"({RUN}{'[.][0-9]+' if '.' in part else ''})"
        else:
            pattern += re.escape(part)
    match = re.fullmatch(pattern, actual)
    return bool(match) and all(names.is_same(written_id, match[i + 1]) for i, written_id in enumerate(ids))


def first_difference(written, actual, names):
    """None, or the first written line that is not there. A line that is `...` stands for any number of lines."""
    at = 0
    skips = False
    for line in written:
        if line == "...":
            skips = True
            continue
        while skips and at < len(actual) and not line_matches(line, actual[at], names):
            at += 1
        if at >= len(actual) or not line_matches(line, actual[at], names):
            return f"written: {line!r}\n     actual: {actual[at]!r}" if at < len(actual) else f"written: {line!r}\n     actual: the end"
        at += 1
        skips = False
    if at < len(actual) and not skips:
        return f"written: the end\n     actual: {actual[at]!r}"
    return None
