/* SPDX-License-Identifier: Apache-2.0 */
/* A program that asks about itself, and one that asks in other ways than it should. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cordon/cordon.h"
#include "sandbox.h"
#include "test.h"

#define CORDON CORDON_TEST_PROGRAM

static struct ran ran;

/* With the program in reach, as an installed one is. */
static void open_with_program(void)
{
    sandbox_open();
    RUN(&ran, "/bin/cp", CORDON, "cordon");
    check_int(ran.status, 0);
}

static void inside(const char *script)
{
    RUN(&ran, CORDON, "run", "--", "sh", "-c", script, "./cordon");
}

TEST(a_program_learns_what_it_was_refused_and_by_which_rule)
{
    open_with_program();
    inside("echo 2>/dev/null >/usr/a; \"$0\" why --self");
    check_int(ran.status, 0);
    check_contains(ran.out, "1 refused so far; the last first:\n  create /usr/a: EROFS, read-only here\n");
    inside("\"$0\" why --self --path /usr/b --create --json");
    check_string(ran.err, "");
    check_contains(ran.out, "\"judgement\":\"refused\",\"errno\":\"EROFS\"");
    check_contains(ran.out, "\"rule\":\"filesystem.readonlyPaths[0]\"");
    inside("\"$0\" why --self --path here --create");
    check_contains(ran.out, "here: allowed\nrule: filesystem.readwritePaths[0]\n");
    inside("\"$0\" why --self --syscall mount; \"$0\" why --self --host example.com:443");
    check_contains(ran.out, "syscall mount: refused (EPERM)");
    check_contains(ran.out, "connect example.com:443: refused (ENETUNREACH)");
    sandbox_close();
}

/* Two names of which only one is there outside get one answer. */
TEST(what_exists_outside_is_not_told)
{
    static struct ran there;

    open_with_program();
    inside("\"$0\" why --self --json --path /root/.bashrc | sed 's/bashrc/X/'");
    check_int(ran.status, 0);
    there = ran;
    inside("\"$0\" why --self --json --path /root/.not-there | sed 's/not-there/X/'");
    check_string(ran.out, there.out);
    sandbox_close();
}

TEST(outside_of_a_container_nobody_answers)
{
    sandbox_open();
    RUN(&ran, CORDON, "why", "--self");
    check_int(ran.status, 2);
    check_contains(ran.err, "--self: this is no container of Cordon that answers questions");
    RUN(&ran, CORDON, "why", "--self", "last");
    check_int(ran.status, 2);
    sandbox_close();
}

/* Whole records or none; so many sockets and no more; the run goes on, and so does who asks properly. */
static const char hostile[] =
    "import os, socket, struct, array, time\n"
    "def reach():\n"
    "    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
    "    for i in range(6000):\n"
    "        try: s.connect('/run/cordon/self'); break\n"
    "        except BlockingIOError: time.sleep(0.01)\n" /* process 1 waits for nobody */
    "    s.settimeout(60); return s\n"
    "def closed(s):\n"
    "    try: return s.recv(65536) == b''\n"
    "    except ConnectionResetError: return True\n"
    "size, turned = 2 * 4096 + 256 + 64 + 32, 0\n"
    "head = lambda magic, kind, operation=3, port=0, protocol=0: struct.pack('=IIIIIIiI', magic, kind, 0, operation, port, protocol, 0, 0)\n"
    "good = head(0x666c6553, 1)\n"
    "for bad in (b'x', b'\\0' * size, good, good + b'\\xff' * (size - 32), good.ljust(size + 1, b'\\0'), head(0x666c6553, 2, 99).ljust(size, b'\\0'),\n"
    "            head(0x666c6553, 2, 3, 70000).ljust(size, b'\\0')):\n"
    "    s = reach(); s.send(bad); turned += closed(s); s.close()\n"
    "s = reach(); s.send(head(0x666c6553, 9).ljust(size, b'\\0')); turned += struct.unpack('=i', s.recv(65536)[:4])[0] < 0; s.close()\n"
    "s = reach(); fds = array.array('i', [0] * 16)\n"
    "s.sendmsg([good.ljust(size, b'\\0')], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)]); turned += len(s.recv(65536)) > 4; s.close()\n"
    "many = [reach() for i in range(40)]; refused = 0\n"
    "for s in many:\n"
    "    try: s.send(good.ljust(size, b'\\0')); refused += s.recv(65536) == b''\n"
    "    except (BrokenPipeError, ConnectionResetError): refused += 1\n"
    "for s in many: s.close()\n"
    "silent, answered = [reach() for i in range(20)], 0\n" /* nobody is kept out for ever by who says nothing */
    "for i in range(100):\n"
    "    s = reach()\n"
    "    try: s.send(good.ljust(size, b'\\0')); answered = len(s.recv(65536)) > 4\n"
    "    except (BrokenPipeError, ConnectionResetError): pass\n"
    "    s.close()\n"
    "    if answered: break\n"
    "for s in silent: s.close()\n"
    "for i in range(2000):\n"
    "    s = reach(); s.close()\n"
    "s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM); s.connect('/run/cordon/self'); s.close()\n"
    "print('turned', turned, 'of 9, refused 32 of 40 or more, not all:', 32 <= refused < 40, 'answered beside 20 silent ones:', answered)\n";

TEST(a_hostile_program_gets_nothing_and_breaks_nothing)
{
    open_with_program();
    if (access("/usr/bin/python3", X_OK) < 0)
        test_skip("python3");
    RUN(&ran, CORDON, "run", "--", "sh", "-c",
        "/usr/bin/python3 -c \"$1\" && for i in $(seq 100); do \"$0\" why --self --path /usr/b --create 2>/dev/null && break; sleep 0.1; done", "./cordon", hostile);
    check_string(ran.err, "");
    check_int(ran.status, 0);
    check_contains(ran.out, "turned 9 of 9, refused 32 of 40 or more, not all: True answered beside 20 silent ones: True\n");
    check_contains(ran.out, "create /usr/b: refused (EROFS)");
    sandbox_close();
}
