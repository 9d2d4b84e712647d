# SPDX-License-Identifier: Apache-2.0
"""A shell in a home of its own, as root or as an ordinary user, in which one command follows another."""
import os
import pwd
import shutil
import signal
import string
import subprocess
import tempfile
from pathlib import Path

SECONDS_MAX = 10 # to end, once nothing more is asked


def make_home(user):
    """A directory whose path is as long as /home/me: lines are broken where they are broken there."""
    letters = string.ascii_lowercase
    for number in range(os.getpid(), os.getpid() + len(letters) ** 3):
        name = letters[number // 676 % 26] + letters[number // 26 % 26] + letters[number % 26]
        home = Path("/tmp") / name
        try:
            home.mkdir(mode=0o755)
        except FileExistsError:
            continue
        entry = pwd.getpwnam(user)
        os.chown(home, entry.pw_uid, entry.pw_gid)
        return home
    raise RuntimeError("/tmp has no free name of three letters")


class Session:
    """`run` gives the lines that a command wrote, and its status."""

    def __init__(self, cordon, user):
        self.home = make_home(user)
        self.scratch = tempfile.TemporaryDirectory()
        self.output = Path(self.scratch.name) / "output"
        self.output.touch()
        os.chmod(self.scratch.name, 0o755)
        os.chmod(self.output, 0o666)
        drop = []
        if os.getuid() == 0 and user != "root":
            entry = pwd.getpwnam(user)
            drop = ["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--init-groups", "--"]
        environment = {"HOME": str(self.home), "PATH": f"{os.path.dirname(os.path.abspath(cordon))}:/usr/local/bin:/usr/bin:/bin",
                       "USER": user, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TERM": "dumb"}
        self.shell = subprocess.Popen([*drop, "bash", "--norc", "--noprofile"], cwd=self.home, env=environment, text=True,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                      start_new_session=True)

    def run(self, command):
        """What it wrote to both streams, in order."""
        with open(self.output, "w", encoding="utf-8"):
            pass
        self.shell.stdin.write(f"{{ {command}\n}} </dev/null >'{self.output}' 2>&1; echo $?\n")
        self.shell.stdin.flush()
        status = self.shell.stdout.readline().strip()
        text = self.output.read_text(encoding="utf-8", errors="replace")
        return text, int(status) if status else -1

    def write(self, name, text):
        """A file in the shell's current directory, executable where it is a script."""
        directory, _ = self.run("pwd")
        path = Path(directory.strip()) / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755 if text.startswith("#!") else 0o644)
        entry = os.stat(self.home)
        os.chown(path, entry.st_uid, entry.st_gid)
        os.chown(path.parent, entry.st_uid, entry.st_gid)

    def close(self):
        self.shell.stdin.close()
        try:
            self.shell.wait(SECONDS_MAX)
        except subprocess.TimeoutExpired:
            os.killpg(self.shell.pid, signal.SIGKILL)
            self.shell.wait()
        self.shell.stdout.close()
        self.scratch.cleanup()
        shutil.rmtree(self.home, ignore_errors=True)
