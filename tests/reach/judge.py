#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hold what was reached inside against `expected`, or write the published table.

judge.py DIRECTORY CALLER...               DIRECTORY/cordon.CALLER is what reach printed; fails for what is not expected
judge.py --write FILE DIRECTORY CALLER...  the table of counts, and what is reached, for people
judge.py --expect DIRECTORY CALLER...      prints a list of what was reached, to be looked at and put into `expected`
"""
import fnmatch
import platform
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
CALLS = {number: name for number, name in (
    line.split()[:2] for line in (HERE.parent / "unit/tier/kernel-calls").read_text().splitlines()
    if line and not line.startswith("#"))}
CLASSES = {
    "call": "system calls (numbers 0 to 599)",
    "entry": "other tables of system calls (32-bit, x32)",
    "prctl": "`prctl` options", "arch_prctl": "`arch_prctl` options", "seccomp": "`seccomp` operations",
    "ptrace": "`ptrace` requests", "bpf": "`bpf` commands", "keyctl": "`keyctl` operations", "perf": "`perf` event types",
    "fcntl": "`fcntl` commands", "ioctl-terminal": "`ioctl` on a terminal of its own", "ioctl-file": "`ioctl` on a file",
    "ioctl-directory": "`ioctl` on a directory", "ioctl-internet": "`ioctl` on an internet socket",
    "ioctl-local": "`ioctl` on a local socket", "socket": "sockets (family, type, protocol)",
    "socket-option": "socket options", "dev": "devices that open", "proc-read": "files of /proc that open for reading",
    "proc-write": "files of /proc that open for writing", "sys-read": "files of /sys that open for reading",
    "sys-write": "files of /sys that open for writing", "network-link": "kinds of links in a network of its own (netlink)",
    "network-queue": "kinds of queueing there", "network-classifier": "kinds of classifiers there",
}
# Names that differ from machine to machine or are too many to list: what follows is one entry.
FOLDED = [(r"^(/proc/self/net|/proc/sys/\w+|/proc/fs|/proc/pressure|/dev/pts)/.*", r"\1/*"), (r"^(\d+\.\d+\.\d+\.\d+)\.\d+$", r"\1.*"),
          (r"^0x89..$", "0x89*"), (r"^/proc/self/(attr|fdinfo|ns)/.*", r"/proc/self/\1/*")]


def fold(kind, name):
    for pattern, folded in FOLDED:
        if kind.startswith(("proc", "dev", "socket-option", "ioctl")) and not (kind == "proc-write" and "sys" in pattern):
            name = re.sub(pattern, folded, name)
    return CALLS.get(name, name) if kind == "call" else name


def read(path):
    """What was reached, and how many were tried, by class."""
    reached, tried = {}, {}
    for line in path.read_text(errors="replace").splitlines():
        word, rest = line.split(" ", 1)
        if word == "total":
            kind, count = rest.split()
            tried[kind] = int(count)
        else:
            reached.setdefault(word, []).append(rest)
    return reached, tried


def expected(label):
    """With nested.namespaces there may be what is in `expected` and what `expected-nested` adds."""
    allowed = {}
    for name in ("expected", "expected-nested")[:1 + (label == "nested")]:
        for line in (HERE / name).read_text().splitlines():
            if line and not line.startswith("#"):
                kind, *names = line.split()
                allowed.setdefault(kind, set()).update(names)
    return allowed


def unexpected(reached, allowed):
    """Sorted, once each: what matches no name or pattern of its class."""
    found = set()
    for kind, names in reached.items():
        for name in {fold(kind, name) for name in names}:
            if name not in allowed.get(kind, ()) and \
                    not any("*" in pattern and fnmatch.fnmatchcase(name, pattern) for pattern in allowed.get(kind, ())):
                found.add(f"{kind} {name}")
    return sorted(found)


def self_test():
    """A system call, a device and a file that nobody expects are found; what is expected is not."""
    allowed = {"call": {"read"}, "dev": {"/dev/pts/*"}, "proc-read": {"/proc/self/*"}}
    reached = {"call": ["0", "425"], "dev": ["/dev/pts/3", "/dev/kvm"], "proc-read": ["/proc/self/stat", "/proc/kcore"]}
    assert unexpected(reached, allowed) == ["call io_uring_setup", "dev /dev/kvm", "proc-read /proc/kcore"]


def measured(directory, callers):
    """What of ours there is: root has no namespaces of its own inside."""
    return [(label, who) for label in ("cordon", "nested") for who in callers
            if label == "cordon" or (directory / f"nested.{who}").exists()]


def judge(directory, callers):
    self_test()
    failed = 0
    columns = measured(directory, callers)
    for label, who in columns:
        extra = unexpected(read(directory / f"{label}.{who}")[0], expected(label))
        where = "inside" if label == "cordon" else "in a sandbox of its own inside"
        for line in extra:
            print(f"reach: as {who} {where} the kernel is reached by what is not in tests/reach/expected: {line}")
        print(f"{'FAIL' if extra else 'ok  '} nothing new of the kernel is reachable {where} as {who}")
        failed += bool(extra)
    print(f"{len(columns) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


def union(directory, callers, label="cordon"):
    together = {}
    for who in callers:
        for kind, names in read(directory / f"{label}.{who}")[0].items():
            together.setdefault(kind, set()).update(fold(kind, name) for name in names)
    return together


def added_by_nesting(directory, callers):
    """What a sandbox inside reaches and the container around it does not."""
    callers = [who for label, who in measured(directory, callers) if label == "nested"]
    around = union(directory, callers)
    return {kind: names - around.get(kind, set()) for kind, names in union(directory, callers, "nested").items()
            if names - around.get(kind, set())}


def natural(name):
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def wrapped(kind, names, width=118):
    line = kind
    for name in sorted(names, key=natural):
        if len(line) + len(name) + 1 > width:
            yield line
            line = kind
        line += " " + name
    yield line


def expect(directory, callers):
    for title, found in (("expected", union(directory, callers)), ("expected-nested", added_by_nesting(directory, callers))):
        print(f"# {title}")
        for kind, names in found.items():
            print(*wrapped(kind, names), sep="\n")


def bwrap_version():
    result = subprocess.run(["bwrap", "--version"], check=False, capture_output=True, text=True)
    return result.stdout.strip() or "bwrap missing"


def write(path, directory, callers):
    columns = [(label, who) for label in ("unconfined", "bwrap", "cordon", "nested") for who in callers
               if (directory / f"{label}.{who}").exists()]
    data = {column: read(directory / f"{column[0]}.{column[1]}") for column in columns}
    lines = ["# How much of the kernel is reachable", "",
             "Generated by `tests/reach/run --write`; do not edit. Each thing is tried once with arguments that can do no "
             "harm: pointers",
             "and descriptors that are none. It counts as reached when what comes back was said by the call itself and not "
             "EPERM or",
             "ENOSYS at the entry; a call that the keeper of names makes on behalf counts, too. Files are opened and not "
             "read. What is",
             "reached is not what succeeds: see [the escape table](escape-table.md). `make check` fails when something "
             "becomes reachable",
             "that `tests/reach/expected` does not list.", "",
             f"Kernel {'.'.join(platform.release().split('.')[:2])}, {bwrap_version()} with the arguments of "
             "tests/escape/launchers/bwrap, Cordon's default policy.",
             "*nested*: with `nested.namespaces`, from a sandbox of the program's own that has every capability "
             "(tests/escape/launchers/cordon-nested).", "",
             "| | tried | " + " | ".join(f"{label}, {who}" for label, who in columns) + " |",
             "| --- | ---: |" + " ---: |" * len(columns)]
    for kind, title in CLASSES.items():
        tried = max((data[column][1].get(kind, 0) for column in columns), default=0)
        counts = (str(len(data[column][0].get(kind, []))) for column in columns)
        lines.append(f"| {title} | {tried} | " + " | ".join(counts) + " |")
    lines += ["", "## What is reached inside", "", "Of Cordon's default container, as either caller; patterns stand for many.", "",
              "```"]
    for kind, names in union(directory, callers).items():
        lines += wrapped(kind, names)
    lines += ["```", "", "## What `nested.namespaces` adds", "",
              "In a sandbox of the program's own, to what is reached without it.", "", "```"]
    for kind, names in added_by_nesting(directory, callers).items():
        lines += wrapped(kind, names)
    lines += ["```", ""]
    path.write_text("\n".join(lines))
    return 0


def main(arguments):
    if arguments[0] == "--write":
        return write(Path(arguments[1]), Path(arguments[2]), arguments[3:])
    if arguments[0] == "--expect":
        return expect(Path(arguments[1]), arguments[2:])
    return judge(Path(arguments[0]), arguments[1:])


sys.exit(main(sys.argv[1:]))
