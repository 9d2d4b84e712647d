/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connect() by the keeper, with plans made by hand: a socket file of the host in a granted tree is not connected to, whatever
 * its name; those that are made inside are, and one that is mounted itself. The host's side listens and must see nobody.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/memory.h"
#include "plan.h"
#include "test.h"

static struct hand_plan hand;
static char output[65536], workspace[64], path[128];
static struct tier_status status;
static struct error err;
static int listener;

/* What every script begins with: `reach(how)` says what became of a connection. */
#define PRELUDE                                                                                                        \
    "exec python3 -c 'import ctypes, errno, os, socket, sys, threading, time\n"                                        \
    "os.chdir(\"/ws\")\n"                                                                                              \
    "def reach(to, kind=socket.SOCK_STREAM):\n"                                                                        \
    "  s = socket.socket(socket.AF_UNIX, kind)\n"                                                                      \
    "  try: s.connect(to); print(\"through\")\n"                                                                       \
    "  except OSError as e: print(errno.errorcode[e.errno])\n"                                                         \
    "  return s\n"                                                                                                     \
    "def serve(at):\n"                                                                                                 \
    "  s = socket.socket(socket.AF_UNIX); s.bind(at); s.listen(64); return s\n"

static void open_workspace(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};

    strcpy(workspace, "/tmp/cordon-unit-XXXXXX");
    check(test_make_directory(workspace) != NULL);
    snprintf(path, sizeof(path), "%s/host", workspace);
    strcpy(name.sun_path, path);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    check(listener >= 0);
    check_int(bind(listener, (struct sockaddr *)&name, sizeof(name)), 0);
    check_int(listen(listener, 64), 0);
    hand_plan_init(&hand, workspace);
    hand.plan.filter.keeps_sockets = true;
}

static void run(const char *script)
{
    check_int(hand_run(&hand, script, &status, output, sizeof(output), &err), 0);
    check_int(status.end, TIER_EXITED);
}

static int count_accepted(void)
{
    int count = 0, fd;

    while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
        close(fd);
        count++;
    }
    return count;
}

static void close_workspace(void)
{
    char command[160];

    close(listener);
    snprintf(command, sizeof(command), "rm -rf %s", workspace);
    check_int(system(command), 0);
}

TEST(a_socket_of_the_host_is_not_connected_to_under_any_name)
{
    open_workspace();
    run(PRELUDE "reach(\"host\"); reach(\"/ws/./host\"); os.symlink(\"host\", \"link\"); reach(\"link\")\n"
                "os.link(\"host\", \"hard\"); reach(\"hard\"); os.rename(\"host\", \"renamed\"); reach(\"renamed\")\n"
                "fd = os.open(\"renamed\", os.O_PATH); reach(\"/proc/self/fd/%d\" % fd)\n"
                "reach(\"/proc/self/cwd/renamed\"); reach(\"/proc/self/root/ws/renamed\")\n"
                "reach(\"none\"); serve(\"own\"); reach(\"own/\")'");
    check_string(output, "EACCES\nEACCES\nEACCES\nEACCES\nEACCES\nEACCES\nEACCES\nEACCES\nENOENT\nENOTDIR\n");
    check_int(count_accepted(), 0);
    close_workspace();
}

TEST(without_a_keeper_it_would_be)
{
    open_workspace();
    hand.plan.filter.keeps_sockets = false;
    run(PRELUDE "reach(\"host\")'");
    check_string(output, "through\n");
    check_int(count_accepted(), 1);
    close_workspace();
}

TEST(a_socket_that_is_mounted_itself_is_connected_to)
{
    struct stat st;
    struct plan_mount *mount;

    open_workspace();
    check_int(stat(path, &st), 0);
    mount = hand_plan_add(&hand, PLAN_BIND, "/tmp/granted", path, false);
    mount->is_socket = true;
    mount->is_directory = false;
    mount->device = st.st_dev;
    mount->inode = st.st_ino;
    run(PRELUDE "reach(\"/tmp/granted\")'");
    check_string(output, "through\n");
    check_int(count_accepted(), 1);
    close_workspace();
}

TEST(a_socket_that_was_made_inside_is_connected_to_wherever_it_is_moved)
{
    open_workspace();
    run(PRELUDE "a = serve(\"mine\"); b = serve(\"/tmp/mine\"); reach(\"mine\"); reach(\"/tmp/mine\")\n"
                "os.mkdir(\"d\"); os.rename(\"mine\", \"d/other\"); reach(\"d/other\"); os.symlink(\"d/other\", \"l\"); reach(\"l\")\n"
                "c = socket.socket(socket.AF_UNIX); c.bind(\"\\0name\"); c.listen(); reach(\"\\0name\")\n"
                "d = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); d.bind(\"q\"); d.listen()\n"
                "reach(\"q\", socket.SOCK_SEQPACKET); print(reach(\"d/other\").getpeername())'");
    check_string(output, "through\nthrough\nthrough\nthrough\nthrough\nthrough\nthrough\nmine\n");
    check_int(count_accepted(), 0);
    close_workspace();
}

/* Its number is free as soon as it is removed: one of the host's must not inherit the right. */
TEST(more_sockets_than_are_remembered_are_refused_rather_than_mistaken)
{
    open_workspace();
    run(PRELUDE "kept = [serve(\"s%d\" % i) for i in range(300)]; reach(\"s0\"); reach(\"s299\")\n"
                "for i in range(300): os.unlink(\"s%d\" % i)\n"
                "more = [serve(\"t%d\" % i) for i in range(250)]; reach(\"t0\"); reach(\"t249\"); reach(\"host\")'");
    check_string(output, "EACCES\nthrough\nthrough\nthrough\nEACCES\n");
    check_int(count_accepted(), 0);
    close_workspace();
}

/* Another thread exchanges the address while the call is under way. */
TEST(what_changes_during_the_call_is_not_connected_to)
{
    open_workspace();
    run(PRELUDE "own = serve(\"mine\")\n"
                "c = ctypes.CDLL(None, use_errno=True); names = [b\"\\x01\\0\" + n for n in (b\"mine\\0\", b\"host\\0\")]\n"
                "memory = ctypes.create_string_buffer(names[0], 7); over = [0]\n"
                "def swap():\n"
                "  while not over[0]:\n"
                "    for n in names: ctypes.memmove(memory, n, 7)\n"
                "t = threading.Thread(target=swap); t.start(); got = 0\n"
                "tried = 0\n"
                "while tried < 1500 or (tried < 100000 and not 0 < got < tried):\n"
                "  tried += 1\n"
                "  s = socket.socket(socket.AF_UNIX)\n"
                "  if c.connect(s.fileno(), memory, 7) == 0: own.accept()[0].close(); got += 1\n"
                "  s.close()\n"
                "over[0] = 1; t.join(); print(0 < got < tried)'");
    check_string(output, "True\n");
    check_int(count_accepted(), 0);
    close_workspace();
}

TEST(connections_wait_and_fail_as_the_kernel_s_own_do)
{
    open_workspace();
    run(PRELUDE
        "a = socket.socket(socket.AF_UNIX); a.bind(\"small\"); a.listen(0); held = [reach(\"small\")]\n"
        "n = socket.socket(socket.AF_UNIX); n.setblocking(False)\n"
        "try: n.connect(\"small\"); print(\"room\")\n"
        "except BlockingIOError: print(\"full\")\n"
        "def take():\n"
        "  time.sleep(0.2); held.append(a.accept())\n"
        "t = threading.Thread(target=take); t.start(); reach(\"small\"); t.join()\n"
        "l = socket.create_server((\"127.0.0.1\", 0)); s = socket.socket(); s.connect(l.getsockname())\n"
        "print(s.getpeername() == l.getsockname(), s.getblocking())\n"
        "n = socket.socket(); n.setblocking(False); print(errno.errorcode[n.connect_ex(l.getsockname())], n.getblocking())\n"
        "at = l.getsockname(); l.close(); print(errno.errorcode[socket.socket().connect_ex(at)])\n"
        "print(errno.errorcode[socket.socket().connect_ex((\"10.9.9.9\", 1))])\n"
        "u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.connect((\"127.0.0.1\", 9)); print(\"udp\")\n"
        "c = ctypes.CDLL(None, use_errno=True)\n"
        "print([(c.connect(f, p, n), errno.errorcode[ctypes.get_errno()]) for f, p, n in\n"
        "  ((99, b\"xx\", 2), (0, b\"xx\", 2), (s.fileno(), None, 16), (s.fileno(), b\"x\" * 200, 200))])'");
    check_string(output, "through\nfull\nthrough\nTrue True\nEINPROGRESS False\nECONNREFUSED\nENETUNREACH\nudp\n"
                         "[(-1, 'EBADF'), (-1, 'ENOTSOCK'), (-1, 'EFAULT'), (-1, 'EINVAL')]\n");
    check_int(count_accepted(), 0);
    close_workspace();
}

/* `word(how)` says what became of a datagram to the host's socket by each of three calls. */
#define DATAGRAMS                                                                                                      \
    "def word(how):\n"                                                                                                 \
    "  try: how(); print(\"sent\")\n"                                                                                  \
    "  except OSError as e: print(errno.errorcode[e.errno])\n"                                                        \
    "def words(s):\n"                                                                                                  \
    "  word(lambda: s.sendto(b\"x\", \"host\")); word(lambda: s.sendmsg([b\"x\"], [], 0, \"host\"))\n"                   \
    "  word(lambda: (s.connect(\"host\"), s.send(b\"x\")))\n"

/* The host's listener is one of datagrams. */
static void open_datagrams(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};

    open_workspace();
    close(listener);
    check_int(unlink(path), 0);
    strcpy(name.sun_path, path);
    listener = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    check_int(bind(listener, (struct sockaddr *)&name, sizeof(name)), 0);
}

static int count_heard(void)
{
    char word[8];
    int count = 0;

    while (recv(listener, word, sizeof(word), 0) > 0)
        count++;
    return count;
}

TEST(no_datagram_leaves_for_a_name)
{
    open_datagrams();
    run(PRELUDE DATAGRAMS
        "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); words(s); words(socket.socket(socket.AF_UNIX, socket.SOCK_RAW))\n"
        "s.shutdown(socket.SHUT_RD); words(s.dup())\n"
        "c = ctypes.CDLL(None); print(c.connect(s.fileno(), bytes(16), 16)); word(lambda: s.sendto(b\"x\", \"host\"))\n"
        "a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM); word(lambda: a.sendto(b\"x\", \"host\")); print(b.recv(9))'");
    check_string(output, "EPIPE\nEPIPE\nEPROTOTYPE\nEPIPE\nEPIPE\nEPROTOTYPE\nEPIPE\nEPIPE\nEPROTOTYPE\n0\nEPIPE\nsent\nb'x'\n");
    check_int(count_heard(), 0);
    close_workspace();
}

TEST(where_the_plan_says_so_it_does)
{
    open_datagrams();
    hand.plan.filter.sends_datagrams = true;
    run(PRELUDE DATAGRAMS
        "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); word(lambda: s.sendto(b\"x\", \"host\"))\n"
        "word(lambda: s.connect(\"host\")); r = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); r.bind(\"own\")\n"
        "word(lambda: (s.connect(\"own\"), s.send(b\"x\"))); print(r.recv(9))'");
    check_string(output, "sent\nEACCES\nsent\nb'x'\n");
    check_int(count_heard(), 1);
    close_workspace();
}

/* Names alone are kept: no directory of the host is there that could hold another. */
TEST(where_only_names_are_kept_it_does)
{
    open_datagrams();
    hand.plan.filter.keeps_sockets = false;
    hand.plan.filter.keeps_names = true;
    hand.plan.names = (struct plan_name *)&(const struct plan_name){"/ws/**/.env", PLAN_NAME_KEPT, NULL};
    hand.plan.name_count = 1;
    run(PRELUDE DATAGRAMS
        "s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); word(lambda: s.sendto(b\"x\", \"host\"))\n"
        "r = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); r.bind(\"own\")\n"
        "word(lambda: (s.connect(\"own\"), s.send(b\"x\"))); print(r.recv(9))'");
    check_string(output, "sent\nsent\nb'x'\n");
    check_int(count_heard(), 1);
    close_workspace();
}

TEST(what_else_datagram_sockets_are_for_goes_on)
{
    open_datagrams();
    run(PRELUDE
        "import fcntl\n"
        "print(socket.if_nametoindex(\"lo\")); r = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)\n"
        "r.bind(\"own\"); print(r.getsockname(), r.getblocking(), fcntl.fcntl(r, fcntl.F_GETFD))\n"
        "p = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM); p[0].send(b\"one\"); p[0].send(b\"two\")\n"
        "print(p[1].recv(9), p[1].recv(9)); p[1].send(b\"three\"); print(p[0].recv(9))\n"
        "c = ctypes.CDLL(None, use_errno=True); two = (ctypes.c_int * 2)()\n"
        "def raw(*a): print(c.socketpair(*a), errno.errorcode[ctypes.get_errno()])\n"
        "raw(1, 2, 0, ctypes.c_void_p(8)); raw(1, 2, 99, two); raw(1, 2 | 0x100000, 0, two); print(c.socket(1, 2, 99))\n"
        "before = os.listdir(\"/proc/self/fd\"); import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (3, 99))\n"
        "raw(1, 2, 0, two); resource.setrlimit(resource.RLIMIT_NOFILE, (99, 99)); print(os.listdir(\"/proc/self/fd\") == before)\n"
        "print(c.socketpair(1, 2, 0, two), [fcntl.fcntl(f, fcntl.F_GETFD) for f in two])'");
    check_string(output, "1\nown False 1\nb'one' b'two'\nb'three'\n-1 EFAULT\n-1 EPROTONOSUPPORT\n-1 EINVAL\n-1\n-1 EMFILE\nTrue\n"
                         "0 [0, 0]\n");
    check_int(count_heard(), 0);
    close_workspace();
}

/* A datagram socket that is handed over would be what none made inside is. */
TEST(a_datagram_socket_is_not_handed_over)
{
    const char *argv[] = {"true", NULL};
    struct tier_start start = {.plan = &hand.plan, .argv = argv, .init_path = hand_init_path(), .run_id = "unit"};
    struct tier_run *started = NULL;
    int pair[2];

    open_datagrams();
    check_int(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair), 0);
    start.stdio[0] = pair[0];
    start.stdio[1] = start.stdio[2] = -1;
    check_int(tier_process.start(&start, NULL, &started, &err), -ENOTSUP);
    check_contains(err.text, "standard input (descriptor");
    check_contains(err.text, "is a datagram socket");
    hand.plan.filter.sends_datagrams = true;
    check_int(tier_process.start(&start, NULL, &started, &err), -ENOTSUP);
    check_contains(err.text, "without a fixed peer");
    hand.plan.network = PLAN_NET_HOST;
    check_int(tier_process.start(&start, NULL, &started, &err), 0);
    tier_process.finish(started);
    close(pair[0]);
    close(pair[1]);
    close_workspace();
}
