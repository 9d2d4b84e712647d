# SPDX-License-Identifier: Apache-2.0
# Programs' own sandboxes in a container with nested.namespaces: they work, they hold what they promise, and so does
# the container around them.

nested()
{
    OPTIONS+=(--set nested.namespaces=true)
}

program_test namespaces_inside_are_refused_to_root "unshare" root
test_namespaces_inside_are_refused_to_root()
{
    nested
    check_run 125 'nested.namespaces.*run Cordon as an ordinary user' true
}

program_test a_user_namespace_works_inside "unshare" user
test_a_user_namespace_works_inside()
{
    nested
    check_run 0 '^0$' unshare --user --map-root-user id -u || return 1
    check_run 0 '^done$' unshare --user --map-root-user --mount --net --ipc --uts --pid --fork sh -ec '
        mkdir stage; cd stage; mount -t tmpfs none .; cd ../stage
        echo text > file
        mkdir directory
        mount --bind .. directory
        echo through > directory/made
        hostname inside
        umount directory
        echo done' || return 1
    check_equal "$(cat made)" through
}

program_test many_covered_names_and_a_sandbox "unshare" user
test_many_covered_names_and_a_sandbox()
{
    nested
    mkdir many && for i in $(seq 2100); do echo secret >many/$i.pem; done
    OPTIONS+=(--set "filesystem.deniedPaths=[\"$PWD/many/*.pem\"]")
    # each is a mount of the container, which the keeper knows all
    check_run 0 '^denied, made, denied$' sh -c 'cat many/2099.pem 2>/dev/null || printf "denied, "
        unshare --user --map-root-user --mount sh -c "echo made >file && printf \"%s, \" \$(cat file) && mv many/7.pem many/8 2>/dev/null || echo denied"'
}

program_test namespaces_inside_are_numbered "unshare" user
test_namespaces_inside_are_numbered()
{
    nested
    check_run 0 '^1024$' cat /proc/sys/user/max_user_namespaces || return 1
    check_run 0 '^refused after 1024$' python3 -c '
import ctypes, os, time
libc, made = ctypes.CDLL(None), 0
while made < 1100:
    r, w = os.pipe()
    if os.fork() == 0:
        os.write(w, b"y" if libc.unshare(0x10000000) == 0 else b"n")
        time.sleep(300)
    if os.read(r, 1) == b"n":
        break
    os.close(r), os.close(w)
    made += 1
print("refused after", made)'
}

program_test id_maps_come_between_no_other_calls "unshare" user
test_id_maps_come_between_no_other_calls()
{
    nested
    # many calls that wait, then the id maps of a namespace inside: each call gets the object that it named
    check_run 0 '^180 pipes$' python3 -c '
import ctypes, os, stat, threading, time
libc, count = ctypes.CDLL(None), 180
openat = "257" if os.uname().machine == "x86_64" else "56"
got = [-1] * count
def wait(i):
    got[i] = os.open(f"pipe{i}", os.O_WRONLY)
for i in range(count):
    os.mkfifo(f"pipe{i}")
threads = [threading.Thread(target=wait, args=(i,)) for i in range(count)]
for thread in threads:
    thread.start()
def in_open(task):
    try:
        return open(f"/proc/self/task/{task}/syscall").read().split()[0] == openat
    except (OSError, IndexError):
        return False
while sum(in_open(task) for task in os.listdir("/proc/self/task")) < count:
    time.sleep(0.01)
uid = os.getuid()
if os.fork() == 0:
    assert libc.unshare(0x10000000) == 0
    open("/proc/self/uid_map", "w").write("0 %d 1" % uid)
    os._exit(0)
assert os.wait()[1] == 0
readers = [os.open(f"pipe{i}", os.O_RDONLY | os.O_NONBLOCK) for i in range(count)]
for thread in threads:
    thread.join()
print(sum(fd >= 0 and stat.S_ISFIFO(os.fstat(fd).st_mode) for fd in got), "pipes")' || return 1
    # nor is anything of them left behind, which would use up what process 1 may have open
    check_run 0 '^5000 opened, made$' python3 -c '
import ctypes, os
if os.fork() == 0:
    assert ctypes.CDLL(None).unshare(0x10000000) == 0
    for i in range(5000):
        open("/proc/self/uid_map", "w").close()
    os._exit(0)
assert os.wait()[1] == 0
open("made", "w").close()
print("5000 opened, made")'
}

program_test id_maps_are_opened_by_who_has_the_right "unshare" user
test_id_maps_are_opened_by_who_has_the_right()
{
    nested
    # without a capability: not those of its own namespace, but those of one that its child made
    check_run 0 '^opened, refused, written, 0 0 1$' python3 -c '
import ctypes, os
libc, uid, gid, said = ctypes.CDLL(None), os.getuid(), os.getgid(), []
def opens(path):
    try:
        open(path, "w").close()
        return "opened"
    except PermissionError:
        return "refused"
assert libc.unshare(0x10000000) == 0
said.append(opens("/proc/self/uid_map"))
for name, text in ("setgroups", "deny"), ("uid_map", "0 %d 1" % uid), ("gid_map", "0 %d 1" % gid):
    open("/proc/self/" + name, "w").write(text)
assert libc.capset((ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()) == 0
said.append(opens("/proc/self/gid_map"))
r, w = os.pipe()
go, goes = os.pipe()
child = os.fork()
if child == 0:
    assert libc.unshare(0x10000000) == 0
    os.write(w, b"x")
    os.read(go, 1)
    os._exit(0)
os.read(r, 1)
open("/proc/%d/uid_map" % child, "w").write("0 0 1")
said.append("written")
said.append(" ".join(open("/proc/%d/uid_map" % child).read().split()))
os.write(goes, b"x")
os.wait()
print(", ".join(said))'
}

program_test a_stopped_errand_holds_nobody_up "unshare" user
test_a_stopped_errand_holds_nobody_up()
{
    nested
    # every process that is made for a mount is stopped, if it is there long enough: the mounts go on and fail
    check_run 0 '^refused, and mounted again$' timeout -s KILL 60 python3 -c '
import ctypes, os, signal
libc, uid, gid = ctypes.CDLL(None, use_errno=True), os.getuid(), os.getgid()
def mount():
    if libc.mount(b"none", b"/dev/shm", b"tmpfs", 0, None) < 0:
        return ctypes.get_errno()
    libc.umount2(b"/dev/shm", 2)
    return 0
r, w = os.pipe()
mounter = os.fork()
if mounter == 0:
    assert libc.unshare(0x10020000) == 0
    for name, text in ("setgroups", "deny"), ("uid_map", "0 %d 1" % uid), ("gid_map", "0 %d 1" % gid):
        open("/proc/self/" + name, "w").write(text)
    os.write(w, b"ready")
    while mount() != 13: # EACCES
        pass
    os.write(w, b"refused")
    while mount():
        pass
    os.write(w, b", and mounted again")
    os._exit(0)
os.close(w)
assert os.read(r, 5) == b"ready"
os.set_blocking(r, False)
at, said, passes = mounter + 1, b"", 0
while not said:
    for pid in range(at, at + 40):
        try:
            os.kill(pid, signal.SIGSTOP)
            at = pid + 1
        except ProcessLookupError:
            pass
    passes += 1
    if passes % 50 == 0: # they may have gone by while this one waited for a processor
        newest = os.fork()
        if newest == 0:
            os._exit(0)
        os.waitpid(newest, 0)
        at = max(at, newest + 1)
    try:
        said = os.read(r, 7)
    except BlockingIOError:
        pass
os.set_blocking(r, True)
print((said + os.read(r, 99)).decode())'
}

# As sandbox-runtime and Codex call it.
bwrap_inside()
{
    check_run "$1" "$2" bwrap --new-session --die-with-parent --unshare-user --unshare-pid --unshare-net \
        --ro-bind / / --dev /dev --tmpfs /tmp --bind "$WORKSPACE" "$WORKSPACE" "${@:3}"
}

program_test bwrap_works_inside "bwrap" user
test_bwrap_works_inside()
{
    nested
    bwrap_inside 0 '^done$' -- sh -ec '
        echo text > made
        mkdir directory
        mv made directory/moved
        ln -s moved directory/link
        ln directory/moved directory/hard
        chmod 600 directory/link
        echo more >> directory/link
        echo private > /tmp/file
        [ "$(cat /tmp/file)" = private ]
        ! touch /usr/file 2>/dev/null
        echo > /dev/null
        echo done' || return 1
    check_equal "$(cat directory/hard)" "text
more"
    bwrap_inside 1 'Read-only file system' --ro-bind "$WORKSPACE" "$WORKSPACE" -- touch refused || return 1
    bwrap_inside 0 '^done$' --unshare-all --hostname other --uid 0 --gid 0 -- sh -ec '[ $(id -u) = 0 ]; hostname | grep -q other; echo done'
}

program_test names_are_kept_in_sandboxes_inside "bwrap git" user
test_names_are_kept_in_sandboxes_inside()
{
    as_caller git init -q . || return 1
    nested
    bwrap_inside 2 'Permission denied' -- sh -c 'echo evil >> .git/config' || return 1
    bwrap_inside 2 'Permission denied' --bind "$WORKSPACE" /tmp/w -- sh -c 'echo evil > /tmp/w/.bashrc' || return 1
    bwrap_inside 2 'Permission denied' --bind "$WORKSPACE" /tmp/w -- sh -ec 'git init -q /tmp/w/sub; echo evil > /tmp/w/sub/.git/hooks' || return 1
    bwrap_inside 0 '' -- sh -ec '
        git clone -q sub copy 2>/dev/null
        cd copy
        git config a.b c
        git status --porcelain' || return 1
    ! grep -rq evil . || complain 'a protected name was written'
}

# What is told when the run has ended, whatever the sandbox has mounted on it or where it has mounted it.
program_test configurations_are_told_from_sandboxes_inside "unshare git" user
test_configurations_are_told_from_sandboxes_inside()
{
    local file evil='[core]
        fsmonitor = evil'
    as_caller git init -q --bare bare && as_caller git init -q old && as_caller touch old/.git/config.worktree || return 1
    sleep 0.1 # older than the run by the clock of the file system
    nested
    check_run 0 'new/.git/config: core.fsmonitor = evil' env "evil=$evil" sh -ec '
        mkdir -p new/.git/objects
        echo "$evil" > new/.git/config
        touch benign alias
        unshare -Urm sh -ec "mount --bind benign new/.git/config; unshare -Urm mkdir new/.git/refs"' || return 1
    for file in bare/config old/.git/config.worktree; do
        check_run 0 "$file: core.fsmonitor = evil" env "evil=$evil" "file=$file" unshare -Urm sh -ec '
            mount --bind $file alias
            echo "$evil" >> alias' || return 1
    done
    # nothing of what a sandbox mounts itself
    check_equal "$(contained env "evil=$evil" sh -ec '
        mkdir own
        unshare -Urm sh -ec "mount -t tmpfs none own; mkdir own/objects own/refs; echo \"\$evil\" > own/config"
        echo done' 2>&1)" done
}

program_test chromium_sandboxes_itself_inside "chromium" user
test_chromium_sandboxes_itself_inside()
{
    local page='data:text/html,<p id=x></p><script>x.textContent="ran "+6*7</script>'
    local chromium=(/usr/lib/chromium/chromium --headless --disable-gpu "--user-data-dir=$WORKSPACE/profile")

    check_run '[1-9][0-9]*' 'No usable sandbox' "${chromium[@]}" --dump-dom "$page" || return 1
    nested
    check_run 0 'ran 42' "${chromium[@]}" --dump-dom "$page"
}

program_test codex_sandboxes_commands_inside "codex" user
test_codex_sandboxes_commands_inside()
{
    as_caller mkdir .codex home || return 1 # it would make the first one, a protected name
    nested
    # a home below the directory for temporary files it does not take
    local codex=(env "CODEX_HOME=$WORKSPACE/home" TMPDIR=/var/tmp codex)
    check_run 0 '^done$' "${codex[@]}" sandbox -c 'sandbox_mode="workspace-write"' -- sh -ec '
        echo text > made
        ! touch /usr/file ../file 2>/dev/null
        ! echo evil > .bashrc
        echo done' || return 1
    check_equal "$(cat made)" text
    check_run 1 'Read-only' "${codex[@]}" sandbox -c 'sandbox_mode="read-only"' -- touch refused
}

# bubblewrap sets up by openat2() since 0.12: O_PATH descriptors, then mounts on /proc/self/fd/N.
program_test a_sandbox_holds_on_to_objects_by_openat2 "unshare python3" user
test_a_sandbox_holds_on_to_objects_by_openat2()
{
    nested
    mkdir -p d/e && echo text >d/file && ln -s /etc/passwd d/link && mkfifo d/pipe
    check_run 0 '^outside 38, d True, file True, above 18, link 40, missing 2, new 38, write 38, magic 38, long 7, pipe True, mounted \[\]$' python3 -c '
import ctypes, os, struct
libc, uid, gid = ctypes.CDLL(None, use_errno=True), os.getuid(), os.getgid()
IN_ROOT, BENEATH, NO_MAGIC, NO_LINKS = 0x10, 0x08, 0x02, 0x04
said = []
def openat2(at, path, flags, resolve, size=24, mode=0):
    how = struct.pack("QQQ", flags, mode, resolve) + bytes(size - 24)
    fd = libc.syscall(437, at, path.encode(), how, size)
    return fd if fd >= 0 else -ctypes.get_errno()
def say(what, fd, same=None):
    said.append("%s %s" % (what, -fd if fd < 0 else os.path.sameopenfile(fd, os.open(same, os.O_PATH))))
say("outside", openat2(-100, "d", os.O_PATH, NO_MAGIC))
assert libc.unshare(0x10020000) == 0
for name, text in ("setgroups", "deny"), ("uid_map", "0 %d 1" % uid), ("gid_map", "0 %d 1" % gid):
    open("/proc/self/" + name, "w").write(text)
d = openat2(-100, "d", os.O_PATH, NO_MAGIC)
say("d", d, "d")
say("file", openat2(d, "/file", os.O_PATH | os.O_CLOEXEC, NO_MAGIC | IN_ROOT), "d/file")
say("above", openat2(d, "../d/file", os.O_PATH, NO_MAGIC | BENEATH))
say("link", openat2(d, "link", os.O_PATH, NO_MAGIC | NO_LINKS))
say("missing", openat2(d, "none", os.O_PATH, NO_MAGIC))
say("new", openat2(d, "new", os.O_CREAT | os.O_WRONLY, NO_MAGIC, mode=0o600))
say("write", openat2(d, "file", os.O_RDWR, NO_MAGIC))
say("magic", openat2(-100, "/proc/self/fd/%d" % d, os.O_PATH, 0))
say("long", openat2(d, "file", os.O_PATH, NO_MAGIC, 32))
say("pipe", openat2(d, "pipe", os.O_PATH, NO_MAGIC), "d/pipe")
at = b"/proc/self/fd/%d" % d
assert libc.mount(b"none", at, b"tmpfs", 0, None) == 0, ctypes.get_errno()
said.append("mounted %s" % os.listdir("d"))
assert not os.path.exists("d/new")
print(", ".join(said))' || return 1
    check_equal "$(ls d | tr '\n' ' ')" 'e file link pipe '
}
