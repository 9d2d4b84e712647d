# SPDX-License-Identifier: Apache-2.0
"""What tests in a booted machine share: they say what holds, run commands as the developer, and go on after a reboot where they left."""
import json
import os
import pathlib
import pwd
import subprocess
import time

STATE = pathlib.Path("/var/tmp/cordon-image")
DEVELOPER = pwd.getpwnam("developer")
HOME, RUNTIME = pathlib.Path(DEVELOPER.pw_dir), pathlib.Path(f"/run/user/{DEVELOPER.pw_uid}")
counts = {"passed": 0, "failed": 0, "skipped": 0}


def say(ok, name, why=""):
    counts["passed" if ok else "failed"] += 1
    print(f"{'ok  ' if ok else 'FAIL'} {name}{'' if ok else ': ' + str(why)[:900]}", flush=True)
    return ok


def skip(name, missing):
    counts["skipped"] += 1
    print(f"skip {name}: missing: {missing}", flush=True)


def run(*command, **more):
    try:
        return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300, **more)
    except subprocess.TimeoutExpired as err:
        return subprocess.CompletedProcess(command, 124, str(err.stdout), "it did not end")


def prefix_of(user, *variables):
    """The beginning of a command that is this user's, without a session."""
    entry = pwd.getpwnam(user)
    return ["setpriv", f"--reuid={user}", f"--regid={entry.pw_gid}", "--init-groups", "env", "-i", f"HOME={entry.pw_dir}", "PATH=/usr/bin:/bin",
            "LANG=C.UTF-8", "CORDON_HINT=0", "CORDON_CARD=0", *variables]


def wait_for(condition, seconds=180):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got = condition()
        if got:
            return got
        time.sleep(0.3)
    return None


def workspace(user):
    entry = pwd.getpwnam(user)
    work = pathlib.Path(entry.pw_dir) / "work"
    work.mkdir(exist_ok=True)
    os.chown(work, entry.pw_uid, entry.pw_gid)
    return work


def journal_errors():
    return [line for line in run("journalctl", "-b", "-p", "err", "-o", "short-monotonic", "--no-pager").stdout.splitlines()
            if "cordon" in line and " kernel: " not in line]


def failed_units(*manager):
    return [line for line in run(*manager, "list-units", "--failed", "--plain", "--no-legend").stdout.splitlines() if "cordon" in line]


def boots(first, second):
    """The sum is said once, at the end of the second."""
    STATE.mkdir(exist_ok=True)
    before = STATE / "counts"
    is_first = not before.exists()
    if not is_first:
        counts.update(json.loads(before.read_text()))
    print(f"-- {os.uname().release}, the {'first' if is_first else 'second'} boot", flush=True)
    try:
        (first if is_first else second)()
    except Exception as err:  # the sum is wanted whatever came of it
        say(False, "it came to its end", repr(err))
    if is_first:
        before.write_text(json.dumps(counts))
        os.sync()
        run("systemctl", "reboot", "--force")
        time.sleep(600)
    print(", ".join(f"{number} {name}" for name, number in counts.items()), flush=True)
