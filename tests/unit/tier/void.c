/* SPDX-License-Identifier: Apache-2.0 */
/* The void: what is looked for in vain, and what is denied, with plans made by hand. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/kernel/syscalls.h"
#include "base/memory.h"
#include "plan.h"
#include "tier/process/sources.h"
#include "tier/process/told_take.h"
#include "test.h"

#define SEEN_MAX 4096

struct one {
    enum operation operation;
    enum mechanism layer;
    int errnum;
    char named[4200], path[4200], exe[512];
};

static struct hand_plan hand;
static char output[65536], inode_path[512];
static struct tier_status status;
static struct error err;
static struct one *seen;
static size_t seen_count, other_count;
static uint64_t lost;

static void copy(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from ? from : "(none)");
}

static int keep(void *context, const struct tier_access *access, const char *source, uint64_t more, struct error *ret_err)
{
    struct one *one = &seen[seen_count];

    (void)context;
    (void)ret_err;
    if (strcmp(source, "void") != 0) {
        other_count += access != NULL;
        return 0;
    }
    lost += more;
    if (!access || strcmp(access->path ? access->path : "", "/etc/ld.so.preload") == 0) /* the loader of each program */
        return 0;
    check(seen_count < SEEN_MAX);
    seen_count++;
    one->operation = access->operation;
    one->layer = access->layer;
    one->errnum = access->errnum;
    copy(one->named, sizeof(one->named), access->named ? access->named : "");
    copy(one->path, sizeof(one->path), access->path);
    copy(one->exe, sizeof(one->exe), access->process.exe);
    return 0;
}

static void add_mask(const char *workspace, const char *name, const char *target)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", workspace, name);
    hand_plan_add(&hand, PLAN_MASK, target, path, false);
}

/* With /ws/secret and /ws/shut/ denied, and a home of its own. `level`: how much is looked at. */
static int run_at(enum tier_watch_level level, const char *script)
{
    const struct tier_watcher watcher = {.level = level, .accessed = keep};
    const char *workspace = hand_workspace_make();
    char command[600];
    int result;

    if (!seen)
        seen = mem_alloc(SEEN_MAX * sizeof(*seen));
    check(seen != NULL);
    snprintf(command, sizeof(command), "cd '%s' && echo text >secret && mkdir shut && echo text >shut/in && echo text >open", workspace);
    check_int(system(command), 0);
    hand_plan_init(&hand, workspace);
    hand_plan_add(&hand, PLAN_PRIVATE, "/home", NULL, true)->mode = 0700;
    hand_plan_add(&hand, PLAN_BIND, "/dev/one", "/dev/zero", false)->is_device = true;
    hand_plan_add(&hand, PLAN_BIND, "/dev/two", "/dev/null", false)->is_device = true;
    hand.env[1] = "HOME=/home";
    add_mask(workspace, "secret", "/ws/secret");
    add_mask(workspace, "shut", "/ws/shut");
    hand.plan.filter.keeps_names = true;
    hand.plan.filter.keeps_sockets = true;
    hand.plan.filter.allows_inet = true;
    hand.plan.cwd = "/ws";
    hand_watcher = &watcher;
    seen_count = other_count = lost = 0;
    result = hand_run(&hand, script, &status, output, sizeof(output), &err);
    hand_watcher = NULL;
    hand_workspace_remove(workspace);
    return result;
}

static void run(const char *script)
{
    if (access("/dev/fuse", R_OK | W_OK) < 0)
        test_skip("fuse");
    check_int(run_at(TIER_WATCH_HIDDEN, script), 0);
}

static void finish(void)
{
    mem_free(take_ptr(seen));
}

static void check_one(size_t i, enum operation operation, int errnum, const char *named, const char *path)
{
    check(i < seen_count);
    check_string(operation_name(seen[i].operation), operation_name(operation));
    check_int(seen[i].errnum, errnum);
    check_int(seen[i].layer, errnum == ENOENT ? BY_ABSENCE : BY_MODE);
    check_string(seen[i].named, named);
    check_string(seen[i].path, path);
    check_contains(seen[i].exe, "python3");
}

/* no(): the errno of a call. */
#define PYTHON                                                                    \
    "exec python3 -IS -c 'import errno, os, socket, sys, threading\n"            \
    "def no(what, *a, **k):\n"                                                     \
    "  try: what(*a, **k); print(\"through\", end=\" \")\n"                        \
    "  except OSError as e: print(errno.errorcode[e.errno], end=\" \")\n"          \
    "sys.stdout.flush(); os.stat(\"/begin\") if 0 else no(os.stat, \"/begin\")\n"

/* The same errno for each as without the void. */
static void compare(const char *script)
{
    static char without[sizeof(output)];

    check_int(run_at(TIER_WATCH_REFUSED, script), 0);
    memcpy(without, output, sizeof(output));
    check(without[0] != 0);
    run(script);
    check_string(output, without);
}

/* What Python itself looks for comes before /begin. */
static size_t first(void)
{
    for (size_t i = 0; i < seen_count; i++)
        if (strcmp(seen[i].path, "/begin") == 0)
            return i + 1;
    check(!"the beginning was not seen");
    return 0;
}

TEST(what_is_looked_for_in_vain_is_told_with_where_what_for_and_by_whom)
{
    size_t i;

    run(PYTHON "no(open, \"/etc/shadow\"); no(os.listdir, \"/opt/x\"); no(os.stat, \"/ws/../root/.ssh/id\"); no(os.execv, \"/usr/../tool\", [\"x\"])\n"
               "os.chdir(\"/etc\"); no(open, \"../etc/none/deep\"); no(open, \"/home/.npmrc\"); no(os.readlink, \"/none\"); no(os.stat, \"/ws/none\")'");
    check_string(output, "ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ");
    i = first();
    check_one(i + 0, OPERATION_READ, ENOENT, "/etc/shadow", "/etc/shadow");
    check_one(i + 1, OPERATION_LIST, ENOENT, "/opt/x", "/opt/x");
    check_one(i + 2, OPERATION_LOOK, ENOENT, "/ws/../root/.ssh/id", "/root/.ssh/id");
    check_one(i + 3, OPERATION_EXECUTE, ENOENT, "/usr/../tool", "/tool");
    check_one(i + 4, OPERATION_READ, ENOENT, "../etc/none/deep", "/etc/none/deep");
    check_one(i + 5, OPERATION_READ, ENOENT, "/home/.npmrc", "/home/.npmrc");
    check_one(i + 6, OPERATION_LOOK, ENOENT, "/none", "/none");
    check_int(seen_count, i + 7); /* a granted tree is the host's own: what is not there is nowhere */
    check_int(lost, 0);
    finish();
}

TEST(what_is_granted_or_was_made_is_not_told)
{
    size_t i;

    run(PYTHON "open(\"/home/own\", \"w\").write(\"x\"); print(open(\"/home/own\").read()); os.mkdir(\"/home/d\"); os.rename(\"/home/d\", \"/home/e\")\n"
               "open(\"/home/e/f\", \"w\"); os.listdir(\"/home\"); os.listdir(\"/\"); os.stat(\"/etc\"); open(\"/ws/open\").read(); os.rmdir if 0 else os.remove(\"/home/e/f\")\n"
               "print(sorted(os.listdir(\"/home\")), sorted(os.listdir(\"/ws\")), os.stat(\"/\").st_mode == 0o40755)'");
    check_contains(output, "['e', 'own'] ['open', 'secret', 'shut'] True");
    for (i = first(); i < seen_count; i++) /* before it was made it was not there */
        check(strcmp(seen[i].path, "/home/own") != 0 && strcmp(seen[i].path, "/home/e/f") != 0);
    finish();
}

TEST(a_denied_object_is_told_when_it_is_used_and_not_when_it_is_looked_at)
{
    size_t i;

    compare(PYTHON "no(os.stat, \"secret\"); no(os.lstat, \"shut\"); no(os.open, \"secret\", os.O_PATH); no(os.access, \"secret\", os.F_OK)\n"
               "no(open, \"secret\"); no(os.listdir, \"shut\"); no(os.stat, \"shut/in\"); no(open, \"shut/in\"); no(os.chdir, \"shut\"); no(os.execv, \"./secret\", [\"x\"])\n"
               "no(open, \"secret\", \"w\"); s = os.stat(\"secret\"); print(s.st_size, oct(s.st_mode), os.access(\"secret\", os.R_OK))'");
    check_string(output, "ENOENT through through through through EACCES EACCES EACCES EACCES EACCES EACCES EROFS 0 0o100000 False\n");
    i = first();
    check_one(i + 0, OPERATION_READ, EACCES, "secret", "/ws/secret");
    check_one(i + 1, OPERATION_LIST, EACCES, "shut", "/ws/shut");
    check_one(i + 2, OPERATION_LOOK, EACCES, "shut/in", "/ws/shut/in");
    check_one(i + 3, OPERATION_READ, EACCES, "shut/in", "/ws/shut/in");
    check_one(i + 4, OPERATION_LOOK, EACCES, "shut", "/ws/shut");
    check_one(i + 5, OPERATION_EXECUTE, EACCES, "./secret", "/ws/secret");
    check_one(i + 6, OPERATION_LOOK, EACCES, "secret", "/ws/secret");
    check_int(seen_count, i + 7); /* the writing is the keeper's to tell */
    check(other_count > 0);
    finish();
}

/* Each directory of it is listed whole, whatever the plan puts beside what is always there. */
TEST(directories_are_listed_whole)
{
    compare("ls -a / /dev /etc /home | sort; ls -A /dev | grep -c . ; stat -c %F /dev/null /dev/pts /dev/stdin");
    check_contains(output, "ptmx");
    finish();
}

TEST(nothing_of_it_is_there_where_nobody_asked)
{
    check_int(run_at(TIER_WATCH_REFUSED, "cat /etc/shadow; cat secret; stat -f -c %T /; echo done"), 0);
    check_contains(output, "tmpfs\ndone\n");
    check_int(seen_count, 0);
    check_int(lost, 0);
    finish();
}

TEST(names_of_any_length_and_kind_end_as_they_do_without_it)
{
    compare(PYTHON "no(os.stat, \"/\" + \"x\" * 255); no(os.stat, \"/\" + \"x\" * 256); no(os.stat, \"/\" + \"y/\" * 2000); no(os.stat, \"/\" + \"z\" * 5000)\n"
               "no(os.stat, b\"/\\xff\\x1b[2J\\n\"); no(os.mkfifo, \"/fifo\"); no(os.mkdir, \"/d\"); no(os.symlink, \"a\", \"/l\"); no(os.rename, \"/ws/open\", \"/etc/o\")\n"
               "no(os.link, \"/ws/secret\", \"/ws/h\"); no(socket.socket(socket.AF_UNIX).bind, \"/s\"); no(socket.socket(socket.AF_UNIX).connect, \"/s\")\n"
               "no(os.rmdir, \"/etc\"); no(os.rename, \"/ws/shut\", \"/ws/t\"); no(os.chmod, \"/\", 0o777); no(os.truncate, \"/ws/secret\", 0)'");
    finish();
}

/* Each name is new, so each look-up comes to the void: 32 threads, while others list the directory. */
TEST(a_flood_is_answered_and_counted)
{
    run(PYTHON "from _thread import *\n"
               "def flood(n):\n"
               "  for i in range(400):\n"
               "    try: os.stat(\"/f%d-%d\" % (n, i)); print(\"through\")\n"
               "    except FileNotFoundError: pass\n"
               "    if i % 50 == 0 and len(os.listdir(\"/\")) < 8: print(\"listing\")\n"
               "t = [threading.Thread(target=flood, args=(n,)) for n in range(32)]\n"
               "[x.start() for x in t]; [x.join() for x in t]; print(\"over\")'");
    check_string(output, "ENOENT over\n");
    check(seen_count - first() + lost >= 12800);
    check(lost > 0);
    finish();
}

/* A caller that is killed, or stands still, in the middle keeps nobody else waiting. */
TEST(callers_that_are_stopped_or_killed_hold_up_nobody)
{
    run("for i in 1 2 3 4 5 6 7 8; do (while :; do cat /etc/none$i /x$i; done) >/dev/null 2>&1 & p=\"$p $!\"; done\n"
        "sleep 0.2; set -- $p; kill -STOP $1 $2 $3; cat /etc/after 2>/dev/null; kill -KILL $p; wait; cat /last 2>/dev/null; echo over");
    check_string(output, "over\n");
    check(seen_count > 8 || lost > 0);
    check_int(status.code, 0);
    finish();
}

/*
 * What the program puts into its home may lead back to the void, whose thread looks there and follows no link. Nor could it meet one:
 * the overlay asks beneath a name only where nothing or a directory lies on it, and holds the home's lock until it is answered, if
 * who asked is killed as well. So this holds the kernel to that, and passes even where the thread would follow.
 */
TEST(links_in_the_home_that_lead_back_keep_nobody_waiting)
{
    run(PYTHON "import signal, time\n"
               "end = time.monotonic() + 1; i = 0\n"
               "while time.monotonic() < end and i < 1500:\n"
               "  i += 1; name = \"/home/n%d\" % i; pid = os.fork()\n"
               "  if pid == 0:\n"
               "    no(os.stat, name); os._exit(0)\n"
               "  for _ in range(i % 60 * 40): pass\n"
               "  os.kill(pid, signal.SIGKILL); os.symlink(\"/etc/none%d\" % i, name); os.waitpid(pid, 0)\n"
               "  if i % 100 == 0: no(os.stat, name)\n"
               "os.symlink(\"/\", \"/home/root\"); os.symlink(\"/home/loop\", \"/home/loop\"); os.symlink(\"/proc/1/root\", \"/home/one\")\n"
               "no(os.stat, \"/home/root/etc/last\"); no(os.stat, \"/home/loop\"); no(os.stat, \"/home/one/x\"); no(os.stat, \"/home/root/home/root/none\"); print(\"over\")'");
    check_contains(output, "ENOENT ELOOP EACCES ENOENT over\n");
    check(seen_count > 2);
    check_string(seen[seen_count - 1].path, "/none");
    check_string(seen[seen_count - 1].named, "/home/root/home/root/none");
    finish();
}

/* Passed on, kept, or reached by another way: each leads as far as without the void, and what is told has the right name. */
TEST(descriptors_of_it_lead_no_further_than_names)
{
    size_t i;

    compare(PYTHON "import ctypes, array\n"
                   "libc = ctypes.CDLL(None, use_errno=True)\n"
                   "def watch(name):\n"
                   "  print(\"through\" if libc.inotify_add_watch(libc.inotify_init(), name, 0x100) >= 0 else errno.errorcode[ctypes.get_errno()], end=\" \")\n"
                   "a, b = socket.socketpair()\n"
                   "if not os.fork():\n"
                   "  got = array.array(\"i\"); got.frombytes(b.recvmsg(1, 64)[1][0][2]); root, shut, secret = got\n"
                   "  no(os.stat, \"etc/../opt/far\", dir_fd=root); no(os.open, \"in\", 0, dir_fd=shut); no(os.open, \"/proc/self/fd/%d\" % secret, 0)\n"
                   "  no(os.fchdir, shut); no(os.fchdir, root); no(os.listdir, \"opt2\"); no(os.stat, \"..\"); no(os.stat, \"../../gone\")\n"
                   "  watch(b\"/\"); watch(b\"/ws/shut\"); watch(b\"/ws/secret\"); no(os.link, \"/ws/secret\", \"/ws/l\"); no(os.rename, \"/ws/open\", \"/ws/secret\")\n"
                   "  sys.stdout.flush(); os._exit(0)\n"
                   "fds = array.array(\"i\", [os.open(\"/\", os.O_PATH), os.open(\"shut\", os.O_PATH), os.open(\"secret\", os.O_PATH)])\n"
                   "sys.stdout.flush(); a.sendmsg([b\"x\"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)]); os.wait()'");
    check_contains(output, "ENOENT EACCES EACCES EACCES through ENOENT through ENOENT through EACCES EACCES ");
    i = first();
    check_one(i + 0, OPERATION_LOOK, ENOENT, "etc/../opt/far", "/opt/far");
    check_one(i + 1, OPERATION_LIST, EACCES, "in", "/ws/shut"); /* what it is in is known, and that it is opened */
    check_one(i + 2, OPERATION_READ, EACCES, seen[i + 2].named, "/ws/secret");
    check_one(i + 3, OPERATION_LOOK, EACCES, "", "/ws/shut");
    check_one(i + 4, OPERATION_LIST, ENOENT, "opt2", "/opt2");
    check_one(i + 5, OPERATION_LOOK, ENOENT, "../../gone", "/gone");
    finish();
}

TEST(a_name_that_appears_outside_meanwhile_stays_absent)
{
    run("cat /etc/hostname 2>/dev/null || echo absent; sleep 1.1; cat /etc/hostname 2>/dev/null || echo absent");
    check_string(output, "absent\nabsent\n");
    finish();
}

TEST(what_it_is_called_is_no_name_of_the_host)
{
    run("grep -c . /proc/self/mountinfo >/dev/null; grep ' - fuse' /proc/self/mountinfo | sed 's/.* - //' | sort -u; readlink /proc/self/cwd");
    snprintf(inode_path, sizeof(inode_path), "fuse void rw,user_id=%d,group_id=%d,default_permissions,allow_other\n/ws\n", (int)geteuid(), (int)getegid());
    check_string(output, inode_path);
    finish();
}

TEST(its_thread_cannot_be_touched)
{
    run("test -d /proc/1/task/3 || echo none; kill -9 3 2>/dev/null && echo killed; kill -STOP 3 2>/dev/null && echo stopped\n"
        "prlimit --pid 3 --nofile=3 2>/dev/null && echo limited; renice -n 19 -p 3 >/dev/null 2>&1 && echo slowed\n"
        "cat /proc/1/task/3/mem /proc/1/task/3/syscall 2>/dev/null; cat /etc/none 2>/dev/null; echo over");
    check_string(output, "over\n");
    check_string(seen[seen_count - 1].path, "/etc/none");
    finish();
}

TEST(a_plan_that_cannot_be_seen_is_refused_and_not_run_unseen)
{
    if (geteuid() == 0)
        check(setgid(65534) == 0 && setuid(65534) == 0);
    if (access("/dev/fuse", R_OK | W_OK) == 0)
        test_skip("a closed /dev/fuse");
    check_int(run_at(TIER_WATCH_HIDDEN, "echo ran"), -EACCES);
    check_contains(err.text, "/dev/fuse");
    check_string(output, "");
    finish();
}

TEST(what_a_look_was_for_is_told_by_the_call)
{
    const uint64_t directory[6] = {0, 0, O_DIRECTORY}, path[6] = {0, 0, O_PATH}, none[6] = {0};

    check_int(told_look(__NR_openat, none, OPERATION_READ), OPERATION_READ);
    check_int(told_look(__NR_openat, directory, OPERATION_READ), OPERATION_LIST);
    check_int(told_look(__NR_openat, path, OPERATION_READ), OPERATION_LOOK);
    check_int(told_look(__NR_execve, none, OPERATION_SYSCALL), OPERATION_EXECUTE);
    check_int(told_look(__NR_statx, none, OPERATION_SYSCALL), OPERATION_LOOK);
    check_int(told_look(-1, none, OPERATION_SYSCALL), OPERATION_LOOK);
    check_int(told_look(__NR_truncate, none, OPERATION_WRITE), OPERATION_WRITE);
}

TEST(what_the_void_cannot_see_is_said)
{
    struct tier_source sources[SOURCES_MAX];
    struct plan plan = {.filter.keeps_names = true};

    check_int(sources_fill(&plan, &(struct tier_watcher){.level = TIER_WATCH_HIDDEN}, 1, sources), 3);
    check_string(sources[2].name, "void");
    check_contains(sources[2].blind, "absent in the home");
    check_int(sources_fill(&plan, &(struct tier_watcher){.level = TIER_WATCH_HIDDEN}, 2, sources), 3);
    check(strstr(sources[2].blind, "absent in the home") == NULL);
    check(sources[2].sees & 1u << OPERATION_READ && !(sources[2].sees & 1u << OPERATION_WRITE));
}
