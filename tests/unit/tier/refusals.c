/* SPDX-License-Identifier: Apache-2.0 */
/* What the tier tells of refusals, with plans made by hand. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/kernel/syscalls.h"
#include "base/memory.h"
#include "plan.h"
#include "tier/process/sources.h"
#include "tier/process/told_take.h"
#include "test.h"

#define TOLD_MAX 4096

struct one {
    enum operation operation;
    enum mechanism layer;
    char source[16];
    int errnum, call;
    uint64_t args[6], count;
    char named[4200], path[4200], second[512], second_named[512], exe[512], command[64], parent[512];
    unsigned pid, parent_pid;
    size_t parent_count, command_size;
    bool is_directory, is_cut;
};

static struct hand_plan hand;
static char output[65536];
static struct tier_status status;
static struct error err;
static struct one *told;
static size_t told_count;
static uint64_t lost, lost_of_filter, last_count;
static bool any_count;
static enum tier_watch_level level;

static const struct plan_name patterns[] = {{"/ws/**/.env", PLAN_NAME_KEPT, NULL}};

static void copy(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from ? from : "(none)");
}

static int keep(void *context, const struct tier_access *access, const char *source, uint64_t more, struct error *ret_err)
{
    struct one *one = &told[told_count];

    (void)context;
    (void)ret_err;
    lost += more;
    lost_of_filter += strcmp(source, "filter") == 0 ? more : 0;
    if (!access)
        return 0;
    check(told_count < TOLD_MAX);
    check(access->count == 1 || any_count || level == TIER_WATCH_FULL);
    last_count = access->count;
    told_count++;
    *one = (struct one){
        .operation = access->operation,
        .layer = access->layer,
        .errnum = access->errnum,
        .count = access->count,
        .call = access->call,
        .pid = access->process.pid,
        .parent_count = access->parent_count,
        .parent_pid = access->parent_count ? access->parents[0].pid : 0,
        .command_size = access->process.command_line_size,
        .is_directory = access->is_directory,
        .is_cut = access->process.is_cut,
    };
    memcpy(one->args, access->args, sizeof(one->args));
    copy(one->source, sizeof(one->source), access->source);
    copy(one->named, sizeof(one->named), access->named);
    copy(one->path, sizeof(one->path), access->path);
    copy(one->second, sizeof(one->second), access->second);
    copy(one->second_named, sizeof(one->second_named), access->second_named);
    copy(one->exe, sizeof(one->exe), access->process.exe);
    copy(one->command, sizeof(one->command), access->process.command_line);
    copy(one->parent, sizeof(one->parent), access->parent_count ? access->parents[0].exe : NULL);
    return 0;
}

static void run(const char *script)
{
    const struct tier_watcher watcher = {.level = level, .accessed = keep};
    const char *workspace = hand_workspace_make();

    if (!told)
        told = mem_alloc(TOLD_MAX * sizeof(*told));
    check(told != NULL);
    hand_plan_init(&hand, workspace);
    hand.plan.names = (struct plan_name *)patterns;
    hand.plan.name_count = ARRAY_COUNT(patterns);
    hand.plan.filter.keeps_names = true;
    hand.plan.filter.keeps_sockets = true;
    hand.plan.filter.allows_inet = true;
    hand.plan.cwd = "/ws";
    hand_watcher = &watcher;
    told_count = lost = lost_of_filter = 0;
    check_int(hand_run(&hand, script, &status, output, sizeof(output), &err), 0);
    hand_watcher = NULL;
    hand_workspace_remove(workspace);
}

static void finish(void)
{
    mem_free(take_ptr(told));
}

#define PYTHON                                                                                     \
    "exec python3 -c 'import ctypes, errno, os, socket, sys, threading\n"                           \
    "def no(what, *a, **k):\n"                                                                      \
    "  try: what(*a, **k); print(\"through\", a)\n"                                                 \
    "  except OSError as e: print(errno.errorcode[e.errno], end=\" \")\n"                           \
    "libc = ctypes.CDLL(None, use_errno=True)\n"                                                    \
    "def call(n, *a):\n"                                                                            \
    "  r = libc.syscall(n, *[ctypes.c_long(x) if isinstance(x, int) else x for x in a])\n"          \
    "  print(errno.errorcode.get(ctypes.get_errno(), 0) if r < 0 else \"through\", end=\" \")\n"

static void check_one(size_t i, enum operation operation, enum mechanism layer, int errnum, const char *path)
{
    const struct one *one = &told[i];

    check(i < told_count);
    check_string(operation_name(one->operation), operation_name(operation));
    check_int(one->layer, layer);
    check_int(one->errnum, errnum);
    check_string(one->path, path);
    check_contains(one->exe, "python3");
    check(one->pid > 1);
}

TEST(each_refusal_of_a_change_is_told_once_with_where_and_who)
{
    run("mkdir d; echo 1 >f; " PYTHON "no(open, \"/usr/new\", \"w\"); no(open, \"/usr/bin/env\", \"w\"); no(os.mkdir, \"/usr/d\")\n"
        "no(os.unlink, \"/usr/bin/env\"); no(os.rmdir, \"/usr/bin\"); no(os.rename, \"f\", \"d/.env\"); no(os.link, \"f\", \".env\")\n"
        "no(os.symlink, \"x\", \"d/../.env\"); no(os.mkfifo, \"/usr/fifo\"); no(os.symlink, \"x\", \"/usr/l\")\n"
        "no(os.chmod, \"/usr/bin/env\", 0o700); no(socket.socket(socket.AF_UNIX).bind, \"/usr/s\")\n"
        "open(\"g\", \"w\"); os.rename(\"g\", \"h\"); os.unlink(\"h\"); no(open, \"nowhere/x\", \"w\"); no(os.mkdir, \"d\")'");
    check_string(output, "EROFS EROFS EROFS EROFS EROFS EACCES EACCES EACCES EROFS EROFS EROFS EROFS ENOENT EEXIST ");
    check_int(told_count, 12);
    check_one(0, OPERATION_CREATE, BY_MOUNT, EROFS, "/usr/new");
    check_one(1, OPERATION_WRITE, BY_MOUNT, EROFS, "/usr/bin/env");
    check_one(2, OPERATION_CREATE, BY_MOUNT, EROFS, "/usr/d");
    check(told[2].is_directory && !told[0].is_directory);
    check_one(3, OPERATION_DELETE, BY_MOUNT, EROFS, "/usr/bin/env");
    check_one(5, OPERATION_RENAME, BY_KEEPER, EACCES, "/ws/f");
    check_string(told[5].named, "f");
    check_string(told[5].second, "/ws/d/.env");
    check_one(6, OPERATION_LINK, BY_KEEPER, EACCES, "/ws/f");
    check_string(told[6].second, "/ws/.env");
    check_one(7, OPERATION_CREATE, BY_KEEPER, EACCES, "/ws/.env");
    check_string(told[7].named, "d/../.env");
    check_one(8, OPERATION_CREATE, BY_MOUNT, EROFS, "/usr/fifo");
    check_one(9, OPERATION_CREATE, BY_MOUNT, EROFS, "/usr/l");
    check_one(10, OPERATION_METADATA, BY_MOUNT, EROFS, "/usr/bin/env");
    check_one(11, OPERATION_BIND, BY_MOUNT, EROFS, "/usr/s");
    check_int((int)lost, 0);
    finish();
}

static void check_second(size_t i, const char *named, const char *path)
{
    check_string(told[i].second_named, named);
    check_string(told[i].second, path);
}

/* Whichever of the two is in the way; by relative names, through links and below what is denied. */
TEST(of_two_names_both_are_told_with_where_they_lead)
{
    run("mkdir d; echo 1 >f; ln -s d l; mkdir -m 700 shut; echo 1 >shut/f; mkdir shut/sub; ln -s ../shut/sub d/in; " PYTHON
        "os.chmod(\"shut\", 0); d = os.open(\"d\", os.O_PATH)\n"
        "no(os.rename, \"shut/f\", \"l/out\"); no(os.rename, \"f\", \"shut/f\"); no(os.rename, \"l/in/a/b\", \"../ws/./d/x\"); no(os.rename, \"shut/f\", \"in/a/../b\", dst_dir_fd=d)\n"
        "no(os.link, \"shut/f\", \"l/out\"); no(os.link, \"f\", \"l/in/f\"); no(os.rename, \"/usr/bin/env\", \"l/env\")\n"
        "call(316, -100, b\"f\", -100, b\"shut/f\", 2); call(316, -100, b\"shut/f\", -100, b\"l/f\", 2); call(316, -100, b\"shut/f\", -100, 1, 2); call(316, -100, b\"l/x\", -100, b\".env\", 4)\n"
        "no(os.symlink, \"/etc/shadow\", \"shut/l\"); no(os.symlink, \"../x\", \"/usr/l\"); no(open, \"l/in/f\", \"w\"); os.symlink(\"/etc/shadow\", \"fine\"); no(os.mkdir, \"/usr/d\"); os.chmod(\"shut\", 0o700)'");
    check_string(output, "EACCES EACCES EACCES EACCES EACCES EACCES EXDEV EACCES EACCES EFAULT EPERM EACCES EROFS EACCES EROFS ");
    check_int(told_count, 14);
    check_one(0, OPERATION_RENAME, BY_KERNEL, EACCES, "/ws/shut/f");
    check_second(0, "l/out", "/ws/d/out");
    check_one(1, OPERATION_RENAME, BY_KERNEL, EACCES, "/ws/f");
    check_second(1, "shut/f", "/ws/shut/f");
    check_one(2, OPERATION_RENAME, BY_KERNEL, EACCES, "/ws/shut/sub/a/b");
    check_second(2, "../ws/./d/x", "/ws/d/x");
    check_second(3, "in/a/../b", "/ws/shut/sub/b");
    check_one(4, OPERATION_LINK, BY_KERNEL, EACCES, "/ws/shut/f");
    check_second(4, "l/out", "/ws/d/out");
    check_second(5, "l/in/f", "/ws/shut/sub/f");
    check_second(6, "l/env", "/ws/d/env");
    check_second(7, "shut/f", "/ws/shut/f");
    check_second(8, "l/f", "/ws/d/f");
    check_one(9, OPERATION_RENAME, BY_KEEPER, EPERM, "/ws/d/x");
    check_second(9, ".env", "/ws/.env");
    check_one(10, OPERATION_CREATE, BY_KERNEL, EACCES, "/ws/shut/l");
    check_second(10, "/etc/shadow", "(none)");
    check_second(11, "../x", "(none)");
    check_one(12, OPERATION_WRITE, BY_KERNEL, EACCES, "/ws/shut/sub/f");
    check_second(12, "(none)", "(none)");
    check_second(13, "(none)", "(none)");
    finish();
}

TEST(a_file_without_a_name_is_made_as_ever_or_told_where_it_is_refused)
{
    run("mkdir d; ln -s d l; umask 027; " PYTHON
        "T = os.O_TMPFILE; f = os.open(\"l\", T | os.O_RDWR, 0o666); os.write(f, b\"x\"); print(oct(os.fstat(f).st_mode), os.fstat(f).st_uid == os.getuid(), end=\" \"); call(265, -100, b\"/proc/self/fd/%d\" % f, -100, b\"d/made\", 0x400)\n"
        "print(open(\"d/made\").read(), oct(os.stat(\"d/made\").st_mode), end=\" \"); no(os.open, \"l\", T | os.O_RDWR | os.O_NOFOLLOW); no(os.open, \"d/made\", T | os.O_RDWR); no(os.open, \"none\", T | os.O_RDWR)\n"
        "no(os.open, \"d\", T | os.O_RDWR | os.O_CREAT); no(os.open, \"d\", T & ~os.O_DIRECTORY | os.O_RDWR); no(os.open, \"d\", T | os.O_RDONLY)\n"
        "g = os.open(\"d\", T | os.O_WRONLY | os.O_EXCL, 0o600); call(265, -100, b\"/proc/self/fd/%d\" % g, -100, b\"d/never\", 0x400); print(os.get_inheritable(g), end=\" \")\n"
        "no(os.open, \"/usr/lib\", T | os.O_RDWR, 0o600); no(os.open, \"/\", T | os.O_RDWR, 0o600); os.chmod(\"d\", 0o500); no(os.open, \"l\", T | os.O_RDWR, 0o600); os.chmod(\"d\", 0o700)'");
    check_string(output, "0o100640 True through x 0o100640 ELOOP ENOTDIR ENOENT EINVAL EINVAL EINVAL ENOENT False EROFS EROFS EACCES ");
    check_int(told_count, 3);
    check_one(0, OPERATION_CREATE, BY_MOUNT, EROFS, "/usr/lib/?");
    check_string(told[0].named, "/usr/lib");
    check(!told[0].is_directory);
    check_one(1, OPERATION_CREATE, BY_MOUNT, EROFS, "/?");
    check_one(2, OPERATION_CREATE, BY_KERNEL, EACCES, "/ws/d/?");
    finish();
}

TEST(nothing_is_told_of_what_goes_through)
{
    run("mkdir d; echo 1 >f; mv f d/g; ln d/g h; ln -s h i; chmod 600 h; cp -p h j; rm -r d; sed -i s/1/2/ h; install h k; "
        "python3 -c 'import threading, socket; t = threading.Thread(); t.start(); t.join(); s = socket.socket(socket.AF_UNIX); s.bind(\"s\")'; "
        "ls -la >/dev/null; test -f h && echo fine");
    check_string(output, "fine\n");
    check_int((int)(told_count + lost), 0);
    finish();
}

/* In the plan's own directories, where the host may have it; whoever records it asks. A link is followed to where it leads nowhere. */
TEST(what_is_made_or_changed_where_there_is_nothing_is_told)
{
    run(PYTHON
        "no(open, \"/opt/x/new\", \"w\"); no(os.mkdir, \"/opt/x/y/z\"); no(open, \"/etc/none\", \"r+\"); no(os.unlink, \"/etc/none\")\n"
        "os.symlink(\"/opt/deep\", \"away\"); os.symlink(\"/etc/none\", \"end\"); no(open, \"away/../new\", \"w\"); no(open, \"end\", \"r+\"); no(os.unlink, \"away/f\")\n"
        "no(os.rename, \"/etc/none\", \"g\"); open(\"g\", \"w\"); no(os.rename, \"g\", \"/opt/x/g\"); no(os.utime, \"/opt/x\"); no(os.chown, \"/opt/../etc/none\", -1, -1)\n"
        "no(os.unlink, \"none\"); no(open, \"none/x\", \"w\"); no(os.utime, \"none\"); no(os.mkdir, \"none/x\"); no(socket.socket(socket.AF_UNIX).connect, \"/run/x/bus\")'");
    /* the kernel looks whether a mount is read-only, or another one, before it looks for the name */
    check_string(output, "ENOENT ENOENT ENOENT EROFS ENOENT ENOENT ENOENT EXDEV ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ENOENT ");
    check_int(told_count, 11);
    check_one(0, OPERATION_CREATE, BY_ABSENCE, ENOENT, "/opt/x/new");
    check_one(1, OPERATION_CREATE, BY_ABSENCE, ENOENT, "/opt/x/y/z");
    check_one(2, OPERATION_WRITE, BY_ABSENCE, ENOENT, "/etc/none");
    check_one(3, OPERATION_DELETE, BY_MOUNT, EROFS, "/etc/none");
    check_one(4, OPERATION_CREATE, BY_ABSENCE, ENOENT, "/opt/new");
    check_string(told[4].named, "away/../new");
    check_one(5, OPERATION_WRITE, BY_ABSENCE, ENOENT, "/etc/none");
    check_string(told[5].named, "end");
    check_one(6, OPERATION_DELETE, BY_ABSENCE, ENOENT, "/opt/deep/f");
    check_string(told[6].named, "away/f");
    check_one(7, OPERATION_RENAME, BY_ABSENCE, ENOENT, "/ws/g");
    check_string(told[7].second, "/opt/x/g");
    check_one(8, OPERATION_METADATA, BY_ABSENCE, ENOENT, "/opt/x");
    check_one(9, OPERATION_METADATA, BY_ABSENCE, ENOENT, "/etc/none");
    check_one(10, OPERATION_CONNECT, BY_ABSENCE, ENOENT, "/run/x/bus");
    check_int((int)lost, 0);
    finish();
}

/* Times and owner, by whatever call and name: as the kernel has it, and told where a mount refuses it. */
TEST(times_and_owners_are_the_kernels_to_refuse_and_are_told)
{
    run(PYTHON
        "no(os.utime, \"/usr/bin/env\"); no(os.utime, \"/usr/bin/env\", (1, 2)); no(os.utime, \"/usr/bin/sh\", follow_symlinks=False); no(os.chown, \"/usr/bin/env\", -1, -1)\n"
        "no(os.lchown, \"/usr/bin/sh\", -1, -1); call(132, b\"/usr/bin/env\", 0); call(235, b\"/usr/bin/env\", 0); call(261, -100, b\"/usr/bin/env\", 0)\n"
        "f = os.open(\"f\", os.O_CREAT | os.O_RDWR); os.symlink(\"f\", \"l\"); os.mkdir(\"d\"); os.utime(\"l\", (1, 2)); os.utime(\"l\", (5, 6), follow_symlinks=False); os.utime(f, (3, 2)); d = os.open(\".\", os.O_PATH)\n"
        "print(os.stat(\"f\").st_atime, os.stat(\"f\").st_mtime, os.lstat(\"l\").st_mtime, end=\" \"); os.utime(\"f\", (7, 8), dir_fd=d); os.chown(\"l\", os.getuid(), os.getgid()); os.chown(f, -1, -1)\n"
        "print(os.stat(\"f\").st_mtime, end=\" \"); os.utime(\"/proc/self/fd/%d\" % f, (9, 9)); print(os.stat(\"f\").st_mtime, end=\" \"); no(os.utime, \"f/\"); no(os.utime, \"\"); no(os.chown, \"x\" * 300, 0, 0)\n"
        "os.utime(\"d/\", ns=(123456789, 987654321)); print(os.stat(\"d\").st_mtime_ns, end=\" \"); call(280, -100, 1, 0, 0); call(280, -100, b\"nowhere\", (ctypes.c_long * 4)(0, (1 << 30) - 2, 0, (1 << 30) - 2), 0)'");
    check_contains(output, "EROFS EROFS EROFS EROFS EROFS EROFS EROFS EROFS 3.0 2.0 6.0 8.0 9.0 ENOTDIR ENOENT ENAMETOOLONG 987654321 EFAULT through");
    check_int(told_count, 8);
    for (size_t i = 0; i < 8; i++)
        check_one(i, OPERATION_METADATA, BY_MOUNT, EROFS, i == 2 || i == 4 ? "/usr/bin/sh" : "/usr/bin/env");
    finish();
}

/* Neither by a number of process 1's own nor by one of its threads'. */
TEST(signals_to_process_1_are_refused_and_told)
{
    run(PYTHON
        "no(os.kill, 1, 0); no(os.kill, 1, 9); no(os.kill, 2, 15); call(200, 1, 9); call(234, 1, 1, 9); call(129, 1, 10, b\"x\" * 128); call(297, 1, 2, 10, b\"x\" * 128)\n"
        "os.kill(os.getpid(), 0); p = os.fork()\n"
        "if not p: os.kill(os.getppid(), 0); os._exit(0)\n"
        "os.wait(); no(os.kill, 12345, 0)'");
    check_string(output, "EPERM EPERM EPERM EPERM EPERM EPERM EPERM ESRCH ");
    check_int(told_count, 7);
    for (size_t i = 0; i < 7; i++) {
        check_int(told[i].operation, OPERATION_SIGNAL);
        check_int(told[i].layer, BY_SECCOMP);
        check_int(told[i].errnum, EPERM);
    }
    finish();
}

TEST(a_call_that_the_filter_refuses_answers_as_before_and_is_told_with_its_arguments)
{
    run(PYTHON "call(272, 0x10000000); call(165, b\"x\", b\"/mnt\", b\"tmpfs\", 0, 0); call(321, 0, 0, 0); call(101, 16, 1, 0, 0)\n"
               "call(310, 1, 0, 0, 0, 0, 0); call(135, 0x40000); call(250, 0, 0, 0, 0, 0); call(16, 0, 0x5412, b\"x\")\n"
               "call(41, 38, 5, 0); call(268, -100, b\"f\", 0o4755); call(435, 0, 0); call(425, 1, 0); call(9999)'");
#ifdef __x86_64__
    check_string(output, "EPERM EPERM EPERM EPERM EPERM EPERM ENOSYS EPERM EAFNOSUPPORT EPERM ENOSYS ENOSYS ENOSYS ");
    check_int(told_count, 10);
    check_one(0, OPERATION_SYSCALL, BY_SECCOMP, EPERM, "(none)");
    check_string(told[0].source, "filter");
    check_int(told[0].call, __NR_unshare);
    check(told[0].args[0] == 0x10000000);
    check_one(1, OPERATION_MOUNT, BY_SECCOMP, EPERM, "/mnt");
    check_int(told[2].call, __NR_bpf);
    check_int(told[3].call, __NR_ptrace);
    check_int(told[4].call, __NR_process_vm_readv);
    check_string(operation_name(told[4].operation), "ptrace");
    check_int(told[6].errnum, ENOSYS);
    check_int(told[7].call, __NR_ioctl);
    check_int(told[8].errnum, EAFNOSUPPORT);
    check_one(9, OPERATION_METADATA, BY_SECCOMP, EPERM, "/ws/f");
#endif
    finish();
}

TEST(without_somebody_who_wants_to_know_the_filter_answers_by_itself)
{
    hand_plan_init(&hand, NULL);
    hand.plan.filter.keeps_names = true;
    check_int(hand_run(&hand, PYTHON "call(272, 0x10000000); no(open, \"/usr/new\", \"w\")'", &status, output, sizeof(output), &err), 0);
    check_string(output, "EPERM EROFS ");
}

/* Long ones, bytes that a terminal would obey, and what is no name at all. */
TEST(a_path_is_told_as_it_was_written)
{
    run(PYTHON "long = b\"/usr/\" + b\"./\" * 2044 + b\"xy\"; print(len(long)); no(os.mkdir, long); no(os.mkdir, b\"/usr/\\x1b[2J\\n\\xff\")\n"
               "call(83, 1, 0o700); no(os.mkdir, long + b\"z\"); no(os.mkdir, b\"/usr/\" + b\"n\" * 256)'");
    check_string(output, "4095\nEROFS EROFS EFAULT ENAMETOOLONG ENAMETOOLONG ");
    check_int(told_count, 2);
    check_int(strlen(told[0].named), 4095);
    check_string(told[0].path, "/usr/xy");
    check_string(told[1].path, "/usr/\x1b[2J\n\xff");
    finish();
}

TEST(who_it_is_cannot_be_forged_and_what_it_says_of_itself_is_told_apart)
{
    run("cp /bin/sh /tmp/harmless; exec perl -e 'system {\"/tmp/harmless\"} \"/usr/bin/git\", \"-c\", "
        "\"mkdir /usr/a; exec -a \\\"\\\" true\"; "
        "$0 = \"x\" x 20; mkdir \"/usr/b\"; system {\"/bin/mkdir\"} (\"y\" x 6000, \"/usr/c\")'");
    check_int(told_count, 3);
    check_string(told[0].path, "/usr/a");
    check_contains(told[0].exe, "mkdir");
    check_string(told[0].parent, "/tmp/harmless");
    check_contains(told[1].exe, "/perl");
    check_contains(told[1].command, "xxxxxxxxxxxxxxxxxxxx");
    check(told[2].is_cut && told[2].command_size == 4095);
    check_int(told[2].parent_pid, told[1].pid);
    finish();
}

/* The same thread, and a program that takes the place of another: not who it was a moment ago. */
TEST(a_program_that_another_became_is_told_as_what_it_is_now)
{
    run("python3 -c 'import os\ntry: os.mkdir(\"/usr/a\")\nexcept OSError: pass\n"
        "os.execv(\"/bin/sh\", [\"sh\", \"-c\", \"echo >/usr/b; exec sh -c \\\"echo >/usr/c\\\" other\"])' 2>/dev/null");
    check_int(told_count, 3);
    check_contains(told[0].exe, "python3");
    check(!strstr(told[1].exe, "python3"));
    check_int(told[2].pid, told[0].pid);
    check(told[1].command_size != told[2].command_size);
    finish();
}

TEST(a_process_that_ends_at_once_is_told_of_all_the_same)
{
    run("for i in 1 2 3 4 5 6 7 8; do sh -c 'kill -9 $$ & exec mkdir /usr/a'; mkdir /usr/b; done 2>/dev/null; true");
    check(told_count >= 8);
    for (size_t i = 0; i < told_count; i++)
        check(told[i].pid > 1 && (!strcmp(told[i].path, "/usr/a") || !strcmp(told[i].path, "/usr/b")));
    finish();
}

/* One thread asks, another changes what it asks about: what was refused is what is told, not what stands there later. */
TEST(what_is_told_is_what_was_judged)
{
    run("mkdir a b; exec python3 -c '\n"
        "import ctypes, threading\n"
        "libc = ctypes.CDLL(None); buffer = ctypes.create_string_buffer(b\"/usr/new\"); stop = []\n"
        "def turn():\n"
        "  while not stop:\n"
        "    ctypes.memmove(buffer, b\"/ws/\", 4); ctypes.memmove(buffer, b\"/usr\", 4)\n"
        "threading.Thread(target=turn).start()\n"
        "through = sum(libc.mkdir(buffer, 0o700) == 0 and libc.rmdir(b\"/ws/new\") == 0 for i in range(3000)); stop.append(1)'");
    check(told_count > 0);
    for (size_t i = 0; i < told_count; i++)
        check_string(told[i].path, told[i].named);
    for (size_t i = 0; i < told_count; i++)
        check(strncmp(told[i].path, "/ws/", 4) != 0);
    finish();
}

/* Nobody reads while it runs. */
TEST(a_flood_is_counted_and_holds_nobody_up)
{
    run("exec python3 -c 'import ctypes\nlibc = ctypes.CDLL(None)\n"
        "for i in range(20000): libc.mkdir(b\"/usr/x\", 0)\nfor i in range(10000): libc.unshare(0x10000000)'");
    check_int(status.end, TIER_EXITED);
    check(told_count > 100);
    check(lost > 0 && lost_of_filter > 0);
    check_int((int)(told_count + lost), 30000);
    finish();
}

static void write_garbage(uint32_t put, uint32_t size, const struct told_record *record, bool is_refused)
{
    const struct tier_watcher watcher = {.level = level, .accessed = keep};
    struct told *taken = NULL;
    struct told_memory *memory;
    int fd = -1;

    told = mem_alloc(TOLD_MAX * sizeof(*told));
    check_int(told_open(&taken, &fd, &err), 0);
    memory = mmap(NULL, sizeof(*memory), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    check(memory != MAP_FAILED);
    check(ftruncate(fd, 4096) < 0); /* it stays as large as it is */
    if (record)
        memcpy(memory->ring, record, sizeof(*record));
    memcpy(memory->ring, &size, sizeof(size));
    memory->put = put;
    told_count = 0;
    check_int(told_take(taken, told_until(taken), &watcher, false, &err), is_refused ? -EBADMSG : 0);
    check_int(told_count, is_refused ? 0 : 1);
    munmap(memory, sizeof(*memory));
    told_free(taken);
    close(fd);
    finish();
}

TEST(what_nobody_could_have_written_is_refused)
{
    struct told_record record = {.source = TOLD_BY_KEEPER, .call = 1, .errnum = EACCES};

    write_garbage(sizeof(record), sizeof(record), &record, false);
    write_garbage(TOLD_RING_SIZE + 8, sizeof(record), &record, true);
    write_garbage(sizeof(record), sizeof(record) + 8, &record, true);
    write_garbage(sizeof(record), sizeof(record) - 8, &record, true);
    write_garbage(sizeof(record), 0, &record, true);
    write_garbage(TOLD_RING_SIZE, TOLD_RING_SIZE, &record, true);
    record.lengths[TOLD_PARENT_EXE] = 1;
    write_garbage(sizeof(record), sizeof(record), &record, true);
    record.lengths[TOLD_PARENT_EXE] = 0;
    record.parent_count = TOLD_PARENTS + 1;
    write_garbage(sizeof(record), sizeof(record), &record, true);
    record.parent_count = 0;
    record.source = TOLD_SOURCES;
    write_garbage(sizeof(record), sizeof(record), &record, true);
}

TEST(each_way_says_what_it_sees_and_what_it_cannot)
{
    struct tier_source sources[SOURCES_MAX];
    struct plan_limit limit = {"resources.pids", 8, BY_CGROUP, NULL};
    struct plan plan = {.filter.keeps_names = true};

    check_int(sources_fill(&plan, &(struct tier_watcher){.level = TIER_WATCH_REFUSED}, 0, sources), 2);
    check_string(sources[0].name, "keeper");
    check(sources[0].sees & 1u << OPERATION_RENAME && !(sources[0].sees & 1u << OPERATION_READ));
    check_contains(sources[0].blind, "reads");
    check_string(sources[1].name, "filter");
    check_int(sources_fill(&plan, &(struct tier_watcher){.ask_ms = 1}, 0, sources), 3);
    check_string(sources[2].name, "watch");
    check_int(sources[2].sees, 1u << OPERATION_READ);
    check_int(sources_fill(&plan, &(struct tier_watcher){.level = TIER_WATCH_FULL}, 0, sources), 3);
    check_string(sources[2].name, "watch");
    check(sources[2].sees & 1u << OPERATION_READ);
    plan.filter.keeps_names = false;
    check_int(sources_fill(&plan, &(struct tier_watcher){.level = TIER_WATCH_REFUSED}, 0, sources), 0);
    plan.limits = &limit;
    plan.limit_count = 1;
    check_int(sources_fill(&plan, &(struct tier_watcher){.level = TIER_WATCH_REFUSED}, 0, sources), 1);
    check_int(sources[0].sees, 1u << OPERATION_LIMIT);
}

/* Where no group can be made there is no such limit either: the launch is refused. */
TEST(a_limit_that_was_met_is_told_once_with_how_often)
{
    static const struct tier_watcher watcher = {.accessed = keep};
    int started;

    told = mem_alloc(TOLD_MAX * sizeof(*told));
    hand_plan_init(&hand, NULL);
    hand.limits[hand.plan.limit_count++] = (struct plan_limit){"resources.pids", 8, BY_CGROUP, NULL};
    hand_watcher = &watcher;
    any_count = true;
    started = hand_run(&hand, "exec perl -e 'for (1 .. 40) { my $p = fork; if (!defined $p) { $no++ } elsif (!$p) { sleep 60; exit } } print $no'",
                       &status, output, sizeof(output), &err);
    hand_watcher = NULL;
    if (started < 0)
        test_skip("cgroup");
    check_int(told_count, 1);
    check_int(told[0].operation, OPERATION_LIMIT);
    check_string(told[0].path, "resources.pids");
    check_int(told[0].errnum, EAGAIN);
    check(atoi(output) > 30 && (uint64_t)atoi(output) == last_count);
    finish();
}

TEST(a_limit_that_was_not_met_is_not_told)
{
    static const struct tier_watcher watcher = {.accessed = keep};

    told = mem_alloc(TOLD_MAX * sizeof(*told));
    hand_plan_init(&hand, NULL);
    hand.limits[hand.plan.limit_count++] = (struct plan_limit){"resources.pids", 64, BY_CGROUP, NULL};
    hand_watcher = &watcher;
    if (hand_run(&hand, "true", &status, output, sizeof(output), &err) < 0)
        test_skip("cgroup");
    hand_watcher = NULL;
    check_int(told_count, 0);
    finish();
}

/* All that was told of this operation and path: how many records, and how many uses they stand for. */
static size_t count_told(enum operation operation, int errnum, const char *path, uint64_t *ret_uses)
{
    size_t records = 0;

    *ret_uses = 0;
    for (size_t i = 0; i < told_count; i++)
        if (told[i].operation == operation && told[i].errnum == errnum && strcmp(told[i].path, path) == 0) {
            records++;
            *ret_uses += told[i].count;
        }
    return records;
}

static void run_watched(const char *script)
{
    level = TIER_WATCH_FULL;
    run(script);
    level = TIER_WATCH_REFUSED;
    check_int(lost, 0);
}

TEST(where_everything_is_watched_what_is_let_through_is_told_with_where_it_leads)
{
    uint64_t uses;

    run_watched("mkdir d; echo 1 >f; ln -s f l; " PYTHON "open(\"l\").read(); os.listdir(\"d\"); os.stat(\"d/../f\")\n"
                "no(open, \"missing\"); no(os.stat, \"/etc/none\"); os.symlink(\"/opt/none\", \"away\"); no(open, \"away/in\"); os.chdir(\"d\"); open(\"../f\").read(); os.rename(\"../f\", \"g\"); os.kill(os.getpid(), 0)\n"
                "print(call(59, b\"/no/such\", 0, 0, 0xc0de57a7))'");
    check_contains(output, "ENOENT");
    check_int(count_told(OPERATION_READ, 0, "/ws/f", &uses), 2); /* by two names */
    check_int(count_told(OPERATION_LIST, 0, "/ws/d", &uses), 1);
    check(count_told(OPERATION_LOOK, 0, "/ws/f", &uses) >= 1);
    check_int(count_told(OPERATION_READ, ENOENT, "/ws/missing", &uses), 0); /* in a granted tree: absent outside, too */
    check_int(count_told(OPERATION_LOOK, ENOENT, "/etc/none", &uses), 1);
    check_int(count_told(OPERATION_READ, ENOENT, "/opt/none/in", &uses), 1); /* by a link that leads there */
    check_int(count_told(OPERATION_CREATE, 0, "/ws/d", &uses), 1);
    check_int(count_told(OPERATION_RENAME, 0, "/ws/f", &uses), 1);
    check(count_told(OPERATION_EXECUTE, 0, "/usr/bin/mkdir", &uses) >= 1);
    check_int(count_told(OPERATION_EXECUTE, ENOENT, "/no/such", &uses), 1); /* whatever its fourth argument */
    check(count_told(OPERATION_SIGNAL, 0, "(none)", &uses) >= 1);
    finish();
}

/* What a name leads to is looked at again when a link or a directory may have come between. */
TEST(a_link_that_is_turned_after_it_was_seen_hides_nothing)
{
    uint64_t uses;

    run_watched("echo 1 >f; mkdir d e; echo 1 >d/f; ln -s f l; ln -s l m; " PYTHON "for i in range(6): open(\"l\").read(); open(\"d/f\").read()\n"
                "os.unlink(\"l\"); os.symlink(\"/etc/none\", \"l\"); no(open, \"l\"); no(open, \"m\"); os.rename(\"d\", \"g\"); os.symlink(\"/opt/none\", \"d\"); no(open, \"d/f\")'");
    check_string(output, "ENOENT ENOENT ENOENT ");
    check_int(count_told(OPERATION_READ, ENOENT, "/etc/none", &uses), 2);
    check_int(count_told(OPERATION_READ, ENOENT, "/opt/none/f", &uses), 1);
    finish();
}

TEST(where_everything_is_watched_existence_is_asked_in_no_way_unseen)
{
    uint64_t uses;

    run_watched(PYTHON "no(os.chdir, \"/etc/n1\"); no(os.statvfs, \"/etc/n2\"); no(os.getxattr, \"/etc/n3\", \"user.x\"); no(os.listxattr, \"/etc/n4\"); call(254, 99, b\"/etc/n5\", 1)\n"
                "call(303, -100, b\"/etc/n6\", 0, 0, 0); call(192, b\"/etc/n7\", b\"user.x\", 0, 0); call(195, b\"/etc/n8\", 0, 0); no(os.access, \"/etc/n9\", 0)'");
    for (int i = 1; i < 10; i++) {
        char path[32];

        snprintf(path, sizeof(path), "/etc/n%d", i);
        check_int(count_told(OPERATION_LOOK, ENOENT, path, &uses), 1);
    }
    finish();
}

/* A device's memory, for one: the kernel reads a path there, and nobody else. */
TEST(a_path_that_cannot_be_read_is_counted_as_lost)
{
    level = TIER_WATCH_FULL;
    run(PYTHON "call(2, 4096, 0); call(257, -100, 0, 0)'");
    level = TIER_WATCH_REFUSED;
    check_string(output, "EFAULT EFAULT ");
    check_int((int)lost, 1);
    finish();
}

/* Without randomised addresses two programs look alike from outside. */
TEST(a_program_that_executes_another_is_told_as_that)
{
    check(personality(ADDR_NO_RANDOMIZE) >= 0);
    run("cp /bin/sh sh1; cp /bin/sh sh2; echo 'if [ $A = 1 ]; then true >/usr/one; A=2 exec ./sh2 f; fi; true >/usr/two' >f; A=1 exec ./sh1 f");
    check_int(told_count, 2);
    check_string(told[0].path, "/usr/one");
    check_string(told[0].exe, "/ws/sh1");
    check_string(told[1].path, "/usr/two");
    check_string(told[1].exe, "/ws/sh2");
    finish();
}

TEST(equal_uses_are_told_seldom_and_counted)
{
    uint64_t uses;

    run_watched("echo 1 >f; " PYTHON "for i in range(1000): open(\"f\").close()\n'");
    check(count_told(OPERATION_READ, 0, "/ws/f", &uses) <= 11);
    check(uses >= 512 && uses <= 1000);
    finish();
}

TEST(where_only_refusals_are_watched_nothing_else_is_told)
{
    uint64_t uses;

    run("echo 1 >f; " PYTHON "open(\"f\").read(); no(open, \"missing\")'");
    check_int(told_count, 0);
    check_int(count_told(OPERATION_READ, 0, "/ws/f", &uses), 0);
    finish();
}
