/* SPDX-License-Identifier: Apache-2.0 */
/* What the tier says of connections, with plans made by hand and a gateway that only nods. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "plan.h"
#include "test.h"

#define TOLD_MAX 512

static struct hand_plan hand;
static char output[65536];
static struct tier_status status;
static struct error err;
static struct net_rules rules;
static struct tier_refusal told[TOLD_MAX];
static size_t told_count;
static uint64_t lost;

/* What the first two processes that print their number executed, as the tier says when they are gone. */
static char first_exe[512], second_exe[512], told_exe[512];

static int keep(void *context, const struct tier_refusal *refusal, struct error *ret_err)
{
    (void)context;
    (void)ret_err;
    lost += refusal->lost;
    if (refusal->family && told_count < TOLD_MAX) {
        told[told_count++] = *refusal;
        strncpy(told_exe, refusal->exe ? refusal->exe : "nobody", sizeof(told_exe) - 1);
    }
    return 0;
}

static void look(const struct tier_run *run)
{
    unsigned first = 0, second = 0;
    char small[8];

    sscanf(output, "%*s %u\n%*s %u", &first, &second);
    if (!tier_process.executed(run, first, first_exe, sizeof(first_exe)))
        strcpy(first_exe, "nobody");
    if (!tier_process.executed(run, second, second_exe, sizeof(second_exe)))
        strcpy(second_exe, "nobody");
    check(!tier_process.executed(run, first, small, sizeof(small)));
    check(!tier_process.executed(run, first + 1024, second_exe + 256, 256)); /* in the same place */
    check(!tier_process.executed(run, 0, second_exe + 256, 256));
}

static void run(enum plan_network network, const char *script)
{
    hand_plan_init(&hand, NULL);
    hand.plan.network = network;
    hand.plan.net_rules = &rules;
    hand.plan.filter.keeps_sockets = true;
    hand_refused = keep;
    hand_look = look;
    told_count = lost = 0;
    check_int(hand_run(&hand, script, &status, output, sizeof(output), &err), 0);
    check_int(status.end, TIER_EXITED);
    hand_refused = NULL;
    hand_look = NULL;
}

#define PYTHON "exec python3 -c 'import errno, os, socket, sys\n"                                    \
               "def ask(to, how=socket.SOCK_STREAM, family=socket.AF_INET, waits=True):\n"           \
               "  s = socket.socket(family, how); s.setblocking(waits)\n"                            \
               "  r = s.connect_ex(to); print(errno.errorcode.get(r, r), os.getpid(), flush=True)\n" \
               "l = socket.socket(); l.bind((\"127.0.0.1\", 0)); l.listen(8); to = l.getsockname()\n"

TEST(what_a_process_executed_when_it_connected_is_known_when_it_is_gone)
{
    run(PLAN_NET_GATEWAY, PYTHON "ask(to)\n"
                                 "if os.fork() == 0: ask(to); os._exit(0)\n"
                                 "os.wait()'");
    check_contains(first_exe, "/usr/bin/python3");
    check_string(second_exe, first_exe);
    check_int(told_count + lost, 0);
}

TEST(it_is_what_it_executed_when_it_connected_last)
{
    run(PLAN_NET_GATEWAY, PYTHON "ask(to); sys.stdout.flush(); os.execv(\"/usr/bin/perl\", [\"perl\", \"-e\", \"use Socket; socket(S, PF_INET, SOCK_DGRAM, 0);"
                                 "connect(S, pack_sockaddr_in($ARGV[0], inet_aton(q(127.0.0.1)))) or die $!\", str(to[1])])'");
    check_string(first_exe, "/usr/bin/perl");
    run(PLAN_NET_GATEWAY, PYTHON "ask(to); sys.stdout.flush(); os.execv(\"/usr/bin/perl\", [\"perl\", \"-e\", \"exit 0\"])'");
    check_contains(first_exe, "/usr/bin/python3");
}

/* It calls itself what it likes. */
TEST(a_copy_of_a_program_is_told_as_what_it_is)
{
    run(PLAN_NET_GATEWAY, "cp /usr/bin/perl /tmp/other && exec perl -e 'exec {\"/tmp/other\"} (\"/usr/bin/git\", \"-MSocket\", \"-e\",\n"
                          "q{socket(S, PF_INET, SOCK_DGRAM, 0); connect(S, pack_sockaddr_in(9, inet_aton(q(127.0.0.1)))) or die $!; print qq(0 $$\\n)})'");
    check_string(first_exe, "/tmp/other");
}

TEST(without_a_gateway_only_who_is_refused_is_told_of)
{
    run(PLAN_NET_LOOPBACK, PYTHON "ask(to)'");
    check_int(told_count, 0);
    check_string(first_exe, "nobody");
    run(PLAN_NET_LOOPBACK, PYTHON "ask((\"192.0.2.1\", 80))'");
    check_int(told_count, 1);
    check_contains(told_exe, "/usr/bin/python3");
    check_string(first_exe, "nobody");
}

static void check_refusal(const struct tier_refusal *one, int family, const char *address, unsigned port, unsigned protocol)
{
    char text[INET6_ADDRSTRLEN] = "";

    check(one->pid && !one->program);
    check_int(one->errnum, ENETUNREACH);
    check_int(one->family, family);
    check_string(inet_ntop(family, one->address, text, sizeof(text)), address);
    check_int(one->port, port);
    check_int(one->protocol, protocol);
}

TEST(what_the_kernel_refuses_is_told_with_where_it_was_going)
{
    run(PLAN_NET_GATEWAY, PYTHON "ask((\"192.0.2.1\", 80)); ask((\"192.0.2.2\", 443), waits=False); ask((\"192.0.2.3\", 53), socket.SOCK_DGRAM)\n"
                                 "ask((\"2001:db8::1\", 22), family=socket.AF_INET6); ask((\"192.0.2.1\", 80)); ask(to)'");
    check_int(told_count, 5);
    check_string(told_exe, "nobody"); /* what connected is known already */
    check_contains(first_exe, "/usr/bin/python3");
    check_refusal(&told[0], AF_INET, "192.0.2.1", 80, IPPROTO_TCP);
    check_refusal(&told[1], AF_INET, "192.0.2.2", 443, IPPROTO_TCP);
    check_refusal(&told[2], AF_INET, "192.0.2.3", 53, IPPROTO_UDP);
    check_refusal(&told[3], AF_INET6, "2001:db8::1", 22, IPPROTO_TCP);
    check_refusal(&told[4], AF_INET, "192.0.2.1", 80, IPPROTO_TCP);
    check_int(lost, 0);
}

/* A server that is not up yet, a name in the file tree that nobody listens on: nothing of the network. */
TEST(what_is_refused_within_the_container_is_not_told)
{
    run(PLAN_NET_LOOPBACK, PYTHON "shut = socket.socket(); shut.bind((\"127.0.0.1\", 0)); at = shut.getsockname(); ask(at); ask(at, waits=False)\n"
                                  "ask((\"0.0.0.0\", at[1])); ask((\"::1\", at[1]), family=socket.AF_INET6)\n"
                                  "ask((\"::ffff:127.0.0.1\", at[1]), family=socket.AF_INET6); ask(\"/tmp/none\", family=socket.AF_UNIX)'");
    check_contains(output, "ECONNREFUSED");
    check_int(told_count + lost, 0);
}

/* Nobody reads while it runs, and it comes to its end all the same. */
TEST(more_than_there_is_room_for_is_counted)
{
    run(PLAN_NET_LOOPBACK, "exec python3 -c 'import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
                           "for i in range(3000): s.connect_ex((\"192.0.2.1\", 1 + i))'");
    check(told_count > 8 && told_count < TOLD_MAX);
    check_int(told_count + lost, 3000);
    check(lost > 0);
}
