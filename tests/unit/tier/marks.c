/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Marks on connections, with plans made by hand and a gateway that only nods: what the keeper writes on a socket is what
 * getsockopt() of the program reads of it, since reading takes no right.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "plan.h"
#include "test.h"
#include "tier/process/init/marks_filter.h"

static struct hand_plan hand;
static char output[65536];
static struct tier_status status;
static struct error err;
static struct net_program program;
static struct net_rules rules = {.programs = &program, .program_count = 1};

/* `marked()` connects and says (index of the program, is the process the caller?). */
#define PRELUDE                                                                                                        \
    "exec python3 -c 'import ctypes, errno, os, socket, struct, sys, threading\n"                                      \
    "def listener(family=socket.AF_INET, at=\"127.0.0.1\"):\n"                                                         \
    "  s = socket.socket(family); s.bind((at, 0)); s.listen(8); return s\n"                                            \
    "def mark(s):\n"                                                                                                   \
    "  m = s.getsockopt(socket.SOL_SOCKET, 36); return (m >> 22, m & 0x3fffff)\n"                                      \
    "def told(s):\n"                                                                                                   \
    "  index, pid = mark(s); print(index, pid == os.getpid(), flush=True)\n"                                           \
    "l = listener(); to = l.getsockname()\n"                                                                           \
    "def marked(how=socket.SOCK_STREAM):\n"                                                                            \
    "  s = socket.socket(socket.AF_INET, how); s.connect(to); told(s); return s\n"                                     \
    "def said(f, *a):\n"                                                                                               \
    "  try: f(*a); print(\"through\")\n"                                                                               \
    "  except OSError as e: print(errno.errorcode[e.errno])\n"

static void program_take(const char *path)
{
    char real[PATH_MAX];
    struct stat st;

    check(realpath(path, real) != NULL);
    check_int(stat(real, &st), 0);
    program = (struct net_program){.path = "/usr/bin/python3",
                                   .device = st.st_dev,
                                   .inode = st.st_ino,
                                   .size = (uint64_t)st.st_size,
                                   .change_s = st.st_ctim.tv_sec,
                                   .change_ns = (uint32_t)st.st_ctim.tv_nsec};
}

static void prepare(void)
{
    hand_plan_init(&hand, NULL);
    hand.plan.network = PLAN_NET_GATEWAY;
    hand.plan.net_rules = &rules;
    hand.plan.filter.keeps_sockets = hand.plan.filter.marks_programs = true;
    program_take("/usr/bin/python3");
}

static void run(const char *script)
{
    check_int(hand_run(&hand, script, &status, output, sizeof(output), &err), 0);
    check_int(status.end, TIER_EXITED);
}

TEST(a_connection_is_marked_with_the_process_and_the_program_that_made_it)
{
    prepare();
    run(PRELUDE "marked(); marked(socket.SOCK_DGRAM)\n"
                "t = threading.Thread(target=marked); t.start(); t.join()\n"
                "if os.fork() == 0: marked(); os._exit(0)\n"
                "os.wait(); six = listener(socket.AF_INET6, \"::1\")\n"
                "s = socket.socket(socket.AF_INET6); s.connect(six.getsockname()); told(s)\n"
                "s = socket.socket(); s.setblocking(False); s.connect_ex(to); told(s)'");
    check_string(output, "1 True\n1 True\n1 True\n1 True\n1 True\n1 True\n");
}

TEST(a_socket_that_is_connected_again_is_marked_again)
{
    prepare();
    run(PRELUDE "import subprocess\n"
                "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(to); told(s)\n"
                "perl = \"use Socket; open(S, q(+<&=), $ARGV[0]); connect(S, pack_sockaddr_in($ARGV[1], inet_aton(q(127.0.0.1)))) or die $!\"\n"
                "subprocess.check_call([\"perl\", \"-e\", perl, str(s.fileno()), str(to[1])], pass_fds=[s.fileno()])\n"
                "told(s); s.connect(to); told(s)'");
    check_string(output, "1 True\n0 False\n1 True\n");
}

TEST(another_program_is_none_of_the_rules)
{
    prepare();
    run("cp /usr/bin/python3 /tmp/python3 && exec /tmp/python3 " /* the same bytes, another file */
        "-c 'import os, socket\nl = socket.socket(); l.bind((\"127.0.0.1\", 0)); l.listen(1)\n"
        "s = socket.socket(); s.connect(l.getsockname()); m = s.getsockopt(socket.SOL_SOCKET, 36)\n"
        "print(m >> 22, m == os.getpid())'");
    check_string(output, "0 True\n");
}

TEST(a_program_that_was_changed_is_none_of_the_rules)
{
    struct net_program was;

    prepare();
    was = program;
    for (int i = 0; i < 5; i++) {
        program = was;
        program.inode += i == 0;
        program.size += i == 1;
        program.change_s += i == 2;
        program.change_ns += i == 3;
        program.device += i == 4;
        run(PRELUDE "marked()'");
        check_string(output, "0 True\n");
    }
}

TEST(the_second_of_two_programs_is_told_as_such)
{
    struct net_program two[2];

    prepare();
    two[0] = two[1] = program;
    two[0].inode++;
    rules = (struct net_rules){.programs = two, .program_count = 2};
    run(PRELUDE "marked()'");
    check_string(output, "2 True\n");
}

TEST(nobody_inside_writes_a_mark)
{
    prepare();
    run(PRELUDE "s = marked(); said(s.setsockopt, socket.SOL_SOCKET, 36, 1 << 22 | 1); told(s)\n"
                "n = socket.socket(); said(n.setsockopt, socket.SOL_SOCKET, 36, 0)'");
    check_string(output, "1 True\nEPERM\n1 True\nEPERM\n");
}

#define FAST                                                                                                           \
    "libc = ctypes.CDLL(None, use_errno=True); fast = 0x20000000; sin = struct.pack(\"=H\", 2) + struct.pack(\"!H\", to[1]) + bytes([127, 0, 0, 1]) + bytes(8)\n" \
    "def raw(f):\n"                                                                                                    \
    "  s = socket.socket(); r = f(s.fileno()); print(\"through\" if r >= 0 else errno.errorcode[ctypes.get_errno()])\n" \
    "iov = (ctypes.c_void_p * 2)(ctypes.cast(ctypes.c_char_p(b\"x\"), ctypes.c_void_p).value, 1)\n"                     \
    "name = ctypes.create_string_buffer(sin, 16)\n"                                                                    \
    "class M(ctypes.Structure): _fields_ = [(\"n\", ctypes.c_void_p), (\"l\", ctypes.c_uint), (\"i\", ctypes.c_void_p), (\"c\", ctypes.c_size_t), (\"a\", ctypes.c_void_p), (\"al\", ctypes.c_size_t), (\"f\", ctypes.c_int), (\"len\", ctypes.c_uint)]\n" \
    "m = M(ctypes.addressof(name), 16, ctypes.addressof(iov), 1)\n"                                                    \
    "raw(lambda s: libc.sendto(s, b\"x\", 1, fast, name, 16))\n"                                                        \
    "raw(lambda s: libc.sendmsg(s, ctypes.byref(m), fast))\n"                                                          \
    "raw(lambda s: libc.sendmmsg(s, ctypes.byref(m), 1, fast))'"

TEST(fast_open_does_not_go_around_the_keeper)
{
    prepare();
    run(PRELUDE FAST);
    check_string(output, "ENOTSUP\nENOTSUP\nENOTSUP\n");
    hand.plan.filter.marks_programs = false;
    rules.program_count = 0;
    run(PRELUDE FAST);
    check_string(output, "through\nthrough\nthrough\n");
}

/* TCP_FASTOPEN_CONNECT: the connection is made by the first byte, of a socket that connect() has marked. */
TEST(a_connection_that_waits_for_its_first_byte_has_its_mark)
{
    prepare();
    run(PRELUDE "s = socket.socket(); said(s.setsockopt, socket.IPPROTO_TCP, 30, 1); s.connect(to); told(s); s.send(b\"x\"); told(s)\n"
                "print(l.accept()[0].recv(1))'");
    check_string(output, "through\n1 True\n1 True\nb'x'\n");
}

TEST(the_keeper_has_one_right_more_and_only_while_it_marks)
{
    prepare();
    run("python3 -c '\nimport time\nfor wait in range(600):\n  lines = open(\"/proc/1/task/2/status\").readlines()\n" /* it may have begun just now */
        "  if \"Seccomp:\\t2\\n\" in lines: break\n  time.sleep(0.1)\n"
        "for line in lines:\n  k, v = line.split(\":\", 1)\n"
        "  if k in (\"CapEff\", \"CapBnd\", \"CapAmb\"): print(k, v.strip())\n"
        "  if k == \"CapPrm\": print(k, int(v, 16) ^ 1 << 19 in (1 << 12, 1 << 13))\n"
        "  if k == \"Seccomp\": print(k, v.strip())'\n"
        "grep -h Cap /proc/1/task/1/status /proc/self/status | sort -u");
    check_string(output, "CapPrm True\nCapEff 0000000000080000\nCapBnd 0000000000000000\nCapAmb 0000000000000000\nSeccomp 2\n"
                         "CapAmb:\t0000000000000000\nCapBnd:\t0000000000000000\nCapEff:\t0000000000000000\n"
                         "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\n");
}

/* To connect to a group of netlink takes the same capability. */
TEST(what_the_keeper_does_on_behalf_is_not_done_with_its_right)
{
    prepare();
    run(PRELUDE "marked(); n = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)\n"
                "said(n.connect, (0, 1)); said(n.connect, (0, 0))'");
    check_string(output, "1 True\nEPERM\nthrough\n");
    run(PRELUDE "said(socket.socket, socket.AF_INET, socket.SOCK_RAW, 1); s = socket.socket()\n"
                "said(s.setsockopt, socket.SOL_IP, 19, 1)\n"
                "said(s.bind, (\"192.0.2.1\", 4000))'");
    check_string(output, "EPERM\nEPERM\nEADDRNOTAVAIL\n");
}

/* The call is made under the keeper's filter; true = the process ended of it. */
static bool is_fatal(long number, long first, long second, long third)
{
    struct sock_fprog filter = {.len = ARRAY_COUNT(marks_filter), .filter = marks_filter};
    pid_t child = fork();
    int end = 0;

    if (child == 0) {
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) < 0)
            _exit(1);
        (void)syscall(number, first, second, third, 0, 0);
        _exit(0);
    }
    check_int(waitpid(child, &end, 0), child);
    check(WIFEXITED(end) ? WEXITSTATUS(end) == 0 : WTERMSIG(end) == SIGSYS);
    return WIFSIGNALED(end);
}

TEST(the_filter_of_the_keeper_ends_what_uses_its_right_for_else_under_any_number)
{
    static const struct {
        long number, arguments[3];
        bool is_fatal;
    } rows[] = {
        {SYS_socket, {AF_UNIX_FAMILY, 1, 0}, false},
        {SYS_socket, {AF_INET_FAMILY, 1, 0}, true},
        {SYS_socket, {16, 3, 0}, true}, /* netlink */
        {SYS_setsockopt, {-1, LEVEL_SOCKET, OPTION_MARK}, false},
        {SYS_setsockopt, {-1, LEVEL_SOCKET, OPTION_MARK - 1}, true},
        {SYS_setsockopt, {-1, 0, OPTION_MARK}, true},
        {SYS_ioctl, {-1, 0x5401, 0}, false},
        {SYS_ioctl, {-1, 0x8914, 0}, true},
        {SYS_bpf, {0, 0, 0}, true},
        {SYS_io_uring_setup, {1, 0, 0}, true},
        {SYS_getpid, {0, 0, 0}, false},
        {NUMBER_END - 1, {0, 0, 0}, false}, /* not there */
        {NUMBER_END + SYS_getpid, {0, 0, 0}, true},
        {NUMBER_END + SYS_socket, {AF_INET_FAMILY, 1, 0}, true},
        {NUMBER_END + SYS_socket, {AF_UNIX_FAMILY, 1, 0}, true},
        {NUMBER_END + 541, {-1, LEVEL_SOCKET, OPTION_MARK}, true}, /* setsockopt() of x32 */
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (is_fatal(rows[i].number, rows[i].arguments[0], rows[i].arguments[1], rows[i].arguments[2]) != rows[i].is_fatal)
            test_fail(__FILE__, __LINE__, "row %zu", i);
}

TEST(without_a_gateway_nothing_is_marked)
{
    prepare();
    hand.plan.network = PLAN_NET_LOOPBACK;
    run(PRELUDE "marked()'\n");
    check_string(output, "0 False\n");
    run("grep -h CapPrm /proc/1/task/2/status");
    check_string(output, "CapPrm:\t0000000000080000\n");
}

TEST(rules_about_programs_are_refused_where_nothing_can_be_marked)
{
    static const char *const argv[] = {"true", NULL};
    const struct tier_attach gateway = {0};
    struct tier_start start = {.plan = &hand.plan, .argv = argv, .stdio = {-1, -1, -1}, .gateway = &gateway};
    struct tier_run *made = NULL;

    for (int i = 0; i < 2; i++) {
        prepare();
        hand.plan.filter.keeps_sockets = i;
        hand.plan.filter.marks_programs = !i;
        check_int(tier_process.start(&start, NULL, &made, &err), -ENOTSUP);
        check_int(err.kind, ERROR_UNENFORCEABLE);
        check_contains(err.text, "programs");
    }
}
