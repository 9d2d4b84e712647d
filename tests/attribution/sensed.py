# SPDX-License-Identifier: Apache-2.0
"""What the kernel's audit tells of a container is in that container's record, and what it tells of the human is in none."""
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile

from seen import Workspace, same, wait_for
from world import BUILD, COUNT, FIRST, Keeper, World

USER, Skip = "agent1", Exception
TESTS = {}


def test(function):
    TESTS[function.__name__] = function
    return function


# Refused by permissions, which only the kernel's audit tells of, and by what process 1 keeps; of a grandchild, in another session, without its parents.
CODE = """
import os, time
if os.fork():
    time.sleep(60)
os.setsid()
if os.fork():
    os._exit(0)
def attempt(path, *mode):
    try:
        open(path, *mode).close()
    except OSError:
        pass
for change in (os.setuid, os.setgid):
    try:
        change(12)
    except OSError:
        pass
attempt("refused")
attempt("kept", "w")
open("done", "w").close()
time.sleep(60)
"""


class Heard:
    """A sensor, a launcher and a keeper that has its connection, as cordond would have arranged it."""

    def __init__(self, user, *options):
        sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "sensor"))
        try:
            import sensord
            from audit import Audit
        except ImportError as err:
            raise Skip(str(err)) from None
        self.s, self.Audit, self.user, self.options = sensord, Audit, user, options

    def __enter__(self):
        if not pathlib.Path("/usr/sbin/auditctl").exists():
            raise Skip("auditctl")
        self.place = tempfile.mkdtemp(prefix="cordon-sensor-")
        self.before = self.Audit().before
        self.sensor = self.s.Sensord(str(BUILD / "src/sensor/cordon-sensord"), self.place, "--login-uids", f"{FIRST}-{FIRST + COUNT - 1}", *self.options)
        try:
            self.sensor.begin()
        except OSError as err:
            raise Skip(f"cordon-sensord: {err}") from None
        self.world = World()
        self.keeper = Keeper(self.world, self.user)
        self.control = self.sensor.connect()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        answer = self.s.Sensord.ask_on(self.control, self.s.KEEPER, owner=self.keeper.uid, pid=self.keeper.pid, fds=[theirs.fileno()])
        theirs.close()
        same(answer.type, self.s.READY, "the sensor's answer about the keeper")
        self.keeper.tell("sensor", fd=ours.fileno())
        same(self.keeper.hear()[0][0], "sensor", "the keeper's answer")
        ours.close()
        return self

    def __exit__(self, *_):
        self.keeper.close()
        self.world.close()
        self.control.close()
        self.sensor.end()
        subprocess.run(["rm", "-rf", self.place], check=True)

    def record(self, name):
        lines = (self.world.home(self.user) / f".local/state/cordon/runs/{name}/events.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]


def prepare(work):
    for name, mode in (("refused", 0o644), ("kept", 0o644)):
        (work.place / name).write_text("x")
        (work.place / name).chmod(mode)
        os.chown(work.place / name, work.entry.pw_uid, work.entry.pw_gid)
    work.write(f"  deniedPaths: [{work.place}/refused]\n  readonlyPaths: [{work.place}/kept]\n")


def refusals(events, name):
    return [(e["source"], e["operation"], e["count"]) for e in events if e["type"] == "access.denied" and str(e["object"].get("path")).endswith("/" + name)]


def whoever(user):
    with Heard(user, "--calls", "always") as heard, Workspace(user) as work:
        prepare(work)
        pid, name, output = heard.keeper.begin(work.policy, "/usr/bin/env", "-C", str(work.place), "python3", "-c", CODE)
        human = "import os\nfor p in ('/etc/shadow', '/root/none'):\n    try:\n        open(p)\n    except OSError:\n        pass"
        nobody = subprocess.run(["python3", "-c", human], user=65534, group=65534, check=True)
        same(nobody.returncode, 0, "the human")
        wait_for((work.place / "done").exists, "the grandchild's doing")
        events = wait_for(lambda: (lambda found: found if refusals(found, "refused") and refusals(found, "kept") else None)(heard.record(name)),
                          "what it was refused, in its record")
        same([r[:2] for r in refusals(events, "refused")], [("audit", "read")], "what permissions refused, by its call")
        same([r[0] for r in refusals(events, "kept")], ["keeper"], "what process 1 tells is told once")
        same([e for e in events if "shadow" in json.dumps(e)], [], "the human's in the container's record")
        started = next(e for e in events if e["type"] == "run.started")
        same("landlock" in [w["source"] for w in started["watch"]], True, f"what watches it: {started.get('watch')}")
        one = next(e for e in events if e["type"] == "access.denied" and e["source"] == "audit")
        same((one["rule"] or "").endswith("filesystem.deniedPaths[0]"), True, f"the rule: {one['rule']}")
        output.close()


@test
def what_the_kernel_refuses_a_grandchild_of_an_ordinary_users_container_is_in_its_record():
    whoever(USER)


@test
def what_the_kernel_refuses_a_grandchild_of_roots_container_is_in_its_record():
    whoever("root")


@test
def what_was_refused_just_before_the_end_is_in_the_record():
    with Heard(USER, "--calls", "always") as heard, Workspace(USER) as work:
        prepare(work)
        for _ in range(5):
            _, name, output = heard.keeper.begin(work.policy, "/bin/cat", f"{work.place}/refused")
            output.read()
            output.close()
            same(heard.keeper.hear()[0], ["ended", "1"], "end")
            events = heard.record(name)
            same([r[:2] for r in refusals(events, "refused")], [("audit", "read")], f"what permissions refused, of {[e['type'] for e in events]}")
            same(events[-1]["type"], "run.exited", "the last record")


@test
def the_log_says_by_which_login_uid_the_kernel_has_it():
    with World() as world, Workspace("root") as work:
        keeper = Keeper(world, "root")
        _, name, output = keeper.begin(work.policy, "/bin/cat", "/proc/self/loginuid")
        output.read()
        output.close()
        same(keeper.hear()[0], ["ended", "0"], "end")
        keeper.close()
        ours = {"HOME": str(world.home("root")), "PATH": "/usr/bin:/bin"}
        subprocess.run([BUILD / "src/cli/cordon", "audit", "record"], env=ours, check=True, capture_output=True)
        found = subprocess.run([BUILD / "src/cli/cordon", "audit", "search", "--kind", "run.started", "--json"], env=ours, check=True, capture_output=True).stdout
        record = json.loads(found.splitlines()[-1])["record"]
        same(record["metadata"]["correlation_uid"], name, "the run")
        events = [json.loads(line) for line in (world.home("root") / f".local/state/cordon/runs/{name}/events.jsonl").read_text().splitlines()]
        kernel = events[0]["identity"]["kernel"]
        same((record.get("x_login_uid"), record.get("x_cgroup")), (kernel["loginUid"], kernel["cgroup"]), "login uid and control group")
        same(FIRST <= record["x_login_uid"] < FIRST + COUNT, True, "it is one of containers'")


@test
def a_sensor_that_goes_is_a_gap_in_the_record_and_the_container_goes_on():
    with Heard(USER) as heard, Workspace(USER) as work:
        prepare(work)
        _, name, output = heard.keeper.begin(work.policy, "/usr/bin/env", "-C", str(work.place), "sh", "-c", "while [ ! -e go ]; do sleep 0.05; done; echo went on")
        heard.sensor.end()
        (work.place / "go").write_text("")
        same(output.read(), "went on\n", "output")
        same(heard.keeper.hear()[0], ["ended", "0"], "end")
        lost = [e for e in heard.record(name) if e["type"] == "access.lost" and e["source"] == "landlock"]
        same(len(lost), 1, f"what is said to be missing, of {[e['type'] for e in heard.record(name)]}")
        heard.sensor.begin() # which is ended with the rest
        output.close()
