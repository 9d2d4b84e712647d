# SPDX-License-Identifier: Apache-2.0
"""Look everywhere for something of the shape of a value: search.py PREFIX [PID...]. Prints where it was found.

Without pids: variables, command lines, memory of every process that can be read, and every file that is not the system's.
The prefix's first letter goes into a class of its own, so that neither it nor this program's memory is found by it.
"""
import os
import re
import sys

prefix, *pids = sys.argv[1:]
SHAPE = re.compile(f"[{prefix[0]}]{prefix[1:]}[0-9]{{24}}".encode())
SKIPPED = ("/proc", "/sys", "/dev", "/usr", "/lib", "/lib64", "/bin", "/sbin")


def look(what, data):
    if SHAPE.search(data):
        print("found in", what)


def look_into_memory(pid):
    with open(f"/proc/{pid}/maps", encoding="ascii", errors="replace") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            span, rights, *_ = line.split()
            first, last = (int(word, 16) for word in span.split("-"))
            if rights[0] != "r" or last - first > 1 << 28 or "[v" in line:
                continue
            try:
                memory.seek(first)
                look(f"memory of {pid}", memory.read(last - first))
            except (OSError, ValueError):
                pass


def attempt(function, *arguments):
    try:
        function(*arguments)
    except OSError:
        pass


def look_into_file(path):
    with open(path, "rb") as file:
        look(path, file.read(1 << 22))


def look_into_tree():
    for top, directories, files in os.walk("/"):
        directories[:] = [name for name in directories if not os.path.join(top, name).startswith(SKIPPED)]
        for name in files:
            path = os.path.join(top, name)
            if os.path.isfile(path) and os.stat(path).st_size < 1 << 24:
                attempt(look_into_file, path)


for pid in pids or [name for name in os.listdir("/proc") if name.isdigit()]:
    attempt(look_into_memory, pid)
    if not pids:
        attempt(look_into_file, f"/proc/{pid}/environ")
        attempt(look_into_file, f"/proc/{pid}/cmdline")
if not pids:
    look_into_tree()
print("searched")
