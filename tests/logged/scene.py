# SPDX-License-Identifier: Apache-2.0
"""Daemons in places of their own, with a log: one of a user, and the machine's, of root's and an ordinary user's."""
import fcntl
import json
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
os.environ.setdefault("CORDON", str(HERE / "../../build/src/cli/cordon"))
CORDON = pathlib.Path(os.environ.get("CORDON", HERE / "../../build/src/cli/cordon")).resolve()
BUILD = CORDON.parents[2]
CORDOND = BUILD / "src/daemon/cordond"
VERIFY = BUILD / "src/audit/cordon-verify"
PATIENCE_S = 60
PARTS = ("cordon", "cordon-log", "cordon-id", "cordon-sensor")


def until(holds, seconds=PATIENCE_S):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.05)
    return bool(holds())


def hold(condition, what):
    if not condition:
        raise AssertionError(what)


class Skipped(Exception):
    pass


def children(of):
    """Processes whose parent this is: (pid, name)."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                name, rest = pathlib.Path("/proc", entry, "stat").read_text().split("(", 1)[1].rsplit(")", 1)
            except OSError:
                continue
            if int(rest.split()[1]) == of and rest.split()[0] != "Z":
                found.append((int(entry), name))
    return found


class Person:
    """Somebody with a home and a directory to work in."""

    def __init__(self, name, place):
        self.name, self.user = name, pwd.getpwnam(name)
        self.home = place / f"home.{name}"
        self.work = self.home / "work"
        self.work.mkdir(parents=True)
        for path in (self.home, self.work):
            os.chown(path, self.user.pw_uid, self.user.pw_gid)
        self.environment = {"HOME": str(self.home), "PATH": "/usr/local/bin:/usr/bin:/bin", "CORDON_DAEMON": "required", "CORDON_HINT": "0", "TMPDIR": "/tmp", "USER": name}

    def begin(self, *words, **more):
        become = {} if self.user.pw_uid == os.geteuid() else {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}
        return subprocess.Popen([str(word) for word in words], cwd=self.work, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, **become, **more)

    def run(self, *words, check=0):
        process = self.begin(*words)
        process.said, process.complained = process.communicate(timeout=3 * PATIENCE_S)
        if check is not None:
            hold(process.returncode == check, f"{' '.join(map(str, words))}: status {process.returncode}: {process.said}{process.complained}")
        return process

    def cordon(self, *words, check=0):
        return self.run(CORDON, *words, check=check)

    def write(self, name, text):
        path = self.work / name
        path.write_text(text)
        os.chown(path, self.user.pw_uid, self.user.pw_gid)
        return path

    def run_of(self, *words, check=0):
        """A run, by its id, which its own events say."""
        events = self.work / "events.jsonl"
        self.cordon("run", "--events", events, *words, check=check)
        run = json.loads(events.read_text().splitlines()[0])["run"]
        events.unlink()
        return run


class Users:
    """The daemon of one user."""
    is_machine = False

    def __init__(self, name):
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="cordon-logged."))
        os.chmod(self.place, 0o755)
        self.person = Person(name, self.place)
        self.people = [self.person]
        self.runtime = self.person.home / "run"
        self.runtime.mkdir(mode=0o700)
        os.chown(self.runtime, self.person.user.pw_uid, self.person.user.pw_gid)
        self.person.environment["XDG_RUNTIME_DIR"] = str(self.runtime)
        self.log = self.person.home / ".local/state/cordon/log"
        self.said = open(self.place / "daemon.log", "ab")
        self.daemon = None
        self.begin()

    def begin(self):
        become = {} if self.person.user.pw_uid == os.geteuid() else {"user": self.person.user.pw_uid, "group": self.person.user.pw_gid, "extra_groups": []}
        before = self.daemon_log().count("logger: ready")
        self.daemon = subprocess.Popen([CORDOND, "--user"], env=self.person.environment, cwd=self.person.work, stdin=subprocess.DEVNULL, stdout=self.said, stderr=self.said, **become)
        hold(until(lambda: self.daemon_log().count("logger: ready") > before), "the daemon has no log: " + self.daemon_log()[-1000:])

    def daemon_log(self):
        return (self.place / "daemon.log").read_text(errors="replace")

    def part(self, name):
        found = [pid for pid, called in children(self.daemon.pid) if called == name[:15]]
        return found[0] if found else None

    def keepers(self):
        found = []
        for record in (self.runtime / "cordon/keepers").glob("*"):
            try:
                found += [int(record.read_text().split()[2])]
            except (OSError, ValueError, IndexError):
                continue
        return [pid for pid in found if os.path.exists(f"/proc/{pid}")]

    def end(self):
        if self.daemon and self.daemon.poll() is None:
            core = self.part("cordond")
            self.daemon.terminate()
            self.daemon.wait()
            until(lambda: not core or not os.path.exists(f"/proc/{core}"))
        for pid in self.keepers():
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
        until(lambda: not self.keepers())

    def close(self):
        self.end()
        self.said.close()
        shutil.rmtree(self.place, ignore_errors=True)

    # ---- what is in the log ----

    def found(self, *conditions):
        done = subprocess.run([str(CORDON), "audit", "search", "--json", "--no-index", "--log", str(self.log), *map(str, conditions)], capture_output=True, text=True, timeout=PATIENCE_S,
                              env={"HOME": str(self.place), "PATH": "/usr/bin:/bin", "XDG_CACHE_HOME": str(self.place / "cache")})
        return [json.loads(line) for line in done.stdout.splitlines()] if done.returncode == 0 else []

    def finds(self, *conditions, holds=lambda record: True, count=1):
        """So many records, at least, of which that holds; all of them."""
        def matching():
            return [entry for entry in self.found(*conditions) if holds(entry["record"])]
        hold(until(lambda: len(matching()) >= count), f"{count} records {conditions}: found {json.dumps(self.found(*conditions))[:3000]}")
        return matching()

    def exported(self, *conditions):
        done = subprocess.run([str(CORDON), "audit", "export", "--log", str(self.log), *conditions], capture_output=True, text=True, timeout=PATIENCE_S,
                              env={"HOME": str(self.place), "PATH": "/usr/bin:/bin", "XDG_CACHE_HOME": str(self.place / "cache")})
        hold(done.returncode == 0, done.stderr)
        return done.stdout.splitlines()

    def timeline(self, *conditions):
        done = subprocess.run([str(CORDON), "audit", "timeline", "--no-index", "--log", str(self.log), *conditions], capture_output=True, text=True, timeout=PATIENCE_S,
                              env={"HOME": str(self.place), "PATH": "/usr/bin:/bin", "XDG_CACHE_HOME": str(self.place / "cache")})
        hold(done.returncode == 0, done.stderr)
        return done.stdout

    def verifies(self):
        done = subprocess.run([VERIFY, "log", "--key", (self.log / "key.pub").read_text().strip(), self.log], capture_output=True, text=True, timeout=PATIENCE_S)
        hold(done.returncode == 0, done.stdout + done.stderr)


class Machine(Users):
    """The daemon of the machine, which root starts by hand."""
    is_machine = True

    def __init__(self, ordinary):
        if os.geteuid():
            raise Skipped("root")
        self.made, self.lock = [], open("/run/cordon-test-system.lock", "w")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        for name in PARTS:
            if subprocess.run(["getent", "passwd", name], capture_output=True).returncode == 0:
                continue
            if subprocess.run(["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name], capture_output=True).returncode:
                self.forget_users()
                raise Skipped("users of its own (useradd)")
            self.made.append(name)
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="cordon-logged."))
        os.chmod(self.place, 0o755)
        self.runtime, self.log = self.place / "run", self.place / "state/log"
        self.cgroup = f"/cordon-test-{os.getpid()}"
        self.people = [Person(name, self.place) for name in ("root", ordinary)]
        self.person = self.people[1]
        for person in self.people:
            person.environment["CORDON_CONTROL"] = str(self.runtime / "control.sock")
        self.said = open(self.place / "daemon.log", "ab")
        self.daemon = None
        self.begin()
        if "Linux 6.5" in self.daemon_log():
            self.close()
            raise Skipped("Linux 6.5")

    def begin(self):
        before = self.daemon_log().count("logger: ready")
        self.daemon = subprocess.Popen([CORDOND, "--system", "--runtime", self.runtime, "--state", self.place / "state", "--cgroup", self.cgroup],
                                       stdin=subprocess.DEVNULL, stdout=self.said, stderr=self.said)
        hold(until(lambda: self.daemon_log().count("logger: ready") > before), "the daemon has no log: " + self.daemon_log()[-1000:])

    def keepers(self):
        found = []
        for record in (self.runtime / "keepers").glob("*"):
            try:
                found += [int(record.read_text().split()[2])]
            except (OSError, ValueError, IndexError):
                continue
        return [pid for pid in found if os.path.exists(f"/proc/{pid}")]

    def groups(self):
        mounts = [line.split()[1] for line in open("/proc/mounts") if line.split()[2] in ("cgroup", "cgroup2")]
        return [pathlib.Path(mount + self.cgroup) for mount in mounts if os.path.isdir(mount + self.cgroup)]

    def end(self):
        for pid in self.keepers():
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
        until(lambda: not self.keepers())
        until(lambda: not any(path.is_dir() for group in self.groups() for path in group.iterdir()))
        if self.daemon and self.daemon.poll() is None:
            self.daemon.terminate()
            self.daemon.wait()

    def forget_users(self):
        for name in self.made:
            subprocess.run(["userdel", name], capture_output=True)
        self.made = []
        self.lock.close()

    def close(self):
        super().close()
        for group in self.groups():
            try:
                group.rmdir()
            except OSError:
                pass
        self.forget_users()
