/* SPDX-License-Identifier: Apache-2.0 */
/* Echo requests of programs: answered from outside where a rule grants them, by nobody else and to nobody else. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/memory.h"
#include "net/inside.h"
#include "policy.h"
#include "test.h"

static struct net_ports icmp = {.protocol = NET_ICMP, .last = 65535};

/* ---- the host's part: who may send echo requests ---- */

/* Nobody may in a network that is new. */
static void let_host_ping(void)
{
    int fd = open("/proc/sys/net/ipv4/ping_group_range", O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, "0 0", 3) < 0)
        test_skip("/proc/sys that can be written");
    close(fd);
}

static void init(struct policy *policy)
{
    policy_init(policy);
    policy->rule.ports = &icmp;
    policy->rule.port_count = 1;
}

static void begin(struct world *world, struct policy *policy)
{
    struct worker_message message;

    world_begin(world);
    let_host_ping();
    if (!world_attach(world, &policy->rules, &message))
        test_fail(__FILE__, __LINE__, "attach: %s (%d)", message.where, message.errnum);
}

static void have_host_say_nothing(void)
{
    static const char *const settings[] = {"/proc/sys/net/ipv4/icmp_echo_ignore_all", "/proc/sys/net/ipv6/icmp/echo_ignore_all"};

    for (size_t i = 0; i < ARRAY_COUNT(settings); i++) {
        int fd = open(settings[i], O_WRONLY | O_CLOEXEC);

        if (fd < 0 || write(fd, "1", 1) < 0)
            test_skip("/proc/sys that can be written");
        close(fd);
    }
}

/* ---- a program's ---- */

enum { ANSWERED = 0, NO_SOCKET = 1, OTHER_ANSWER = 2, SILENCE = 3 /* else errno */ };

static int ping(void *data)
{
    static const struct timeval patience = {.tv_sec = 2};
    const struct attempt *attempt = data;
    bool is_six = strchr(attempt->address, ':');
    unsigned char echo[1000] = {is_six ? 128 : 8, 0, 0, 0, 0, 0, 0x12, 0x34, 'p', 'i', 'n', 'g'}, back[1500];
    int fd = socket(is_six ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, is_six ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
    struct sockaddr_storage to;
    ssize_t got;

    if (fd < 0)
        return NO_SOCKET;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (attempt->mark)
        setsockopt(fd, SOL_SOCKET, SO_MARK, &attempt->mark, sizeof(attempt->mark));
    if (connect(fd, (struct sockaddr *)&to, world_address(attempt->address, 0, &to)) < 0)
        return errno;
    if (send(fd, echo, sizeof(echo), 0) != sizeof(echo))
        return errno;
    got = recv(fd, back, sizeof(back), 0);
    if (got < 0)
        return errno == EAGAIN ? SILENCE : errno;
    return got == sizeof(echo) && back[0] == (is_six ? 129 : 0) && memcmp(back + 6, echo + 6, sizeof(echo) - 6) == 0 ? ANSWERED
                                                                                                                     : OTHER_ANSWER;
}

static int ping_from(struct world *world, const char *address)
{
    struct attempt attempt = {.address = address, .mark = NET_MARK(0, 77)};

    return world_inside(world, ping, &attempt);
}

TEST(a_granted_address_answers_to_echo_requests)
{
    struct world world;
    struct policy policy;
    struct worker_message message;

    init(&policy);
    begin(&world, &policy);
    check_int(ping_from(&world, WORLD_SERVER4), ANSWERED);
    message = world_expect(&world, WORKER_CONNECTED);
    check_int(message.protocol, NET_ICMP);
    check_int(message.pid, 77);
    check_int(message.address[0], 93);
    check_int(ping_from(&world, WORLD_SERVER6), ANSWERED);
    check_int(world_expect(&world, WORKER_CONNECTED).family, AF_INET6);
    /* its own loopback and address are itself */
    check_int(ping_from(&world, "127.0.0.1"), ANSWERED);
    check_int(ping_from(&world, "::1"), ANSWERED);
    check_int(ping_from(&world, NET_INSIDE_ADDRESS4), ANSWERED);
    /* and a rule about icmp is about nothing else */
    check_int(ping_from(&world, WORLD_OTHER4), EACCES);
    check_int(policy_attempt(&world, SOCK_STREAM, WORLD_SERVER4, 7001), ECONNREFUSED);
    world_end(&world);
}

/* Routed for the sake of another rule: it is taken, and refused by name. */
TEST(an_address_that_is_granted_for_something_else_does_not_answer)
{
    struct net_peer other = {.has_block = true};
    struct net_rule rules[2];
    struct world world;
    struct policy policy;
    struct worker_message message;

    init(&policy);
    rules[0] = policy.rule;
    rules[1] = policy.rule;
    other.block = policy_block(WORLD_OTHER4 "/32");
    rules[1].peers = &other;
    rules[1].peer_count = 1;
    rules[1].ports = policy.ports;
    policy.layer.allow = rules;
    policy.layer.allow_count = 2;
    begin(&world, &policy);
    check_int(ping_from(&world, WORLD_OTHER4), EHOSTUNREACH); /* administratively prohibited */
    message = world_expect(&world, WORKER_DENIED);
    check_int(message.protocol, NET_ICMP);
    check_int(message.reason, NET_NO_RULE);
    check_int(ping_from(&world, WORLD_SERVER4), ANSWERED);
    world_end(&world);
}

TEST(nobody_answers_where_no_rule_is_about_icmp)
{
    struct world world;
    struct policy policy;

    policy_init(&policy); /* TCP and UDP */
    begin(&world, &policy);
    check_int(ping_from(&world, WORLD_SERVER4), NO_SOCKET);
    world_end(&world);
}

TEST(what_nobody_answers_was_never_connected)
{
    static const char *const addresses[] = {WORLD_SERVER4, WORLD_SERVER6};
    struct world world;
    struct policy policy;
    struct worker_message message;

    init(&policy);
    begin(&world, &policy);
    have_host_say_nothing();
    for (size_t i = 0; i < ARRAY_COUNT(addresses); i++)
        check_int(ping_from(&world, addresses[i]), SILENCE);
    check_int(shutdown(world.channel, SHUT_WR), 0); /* the gateway ends, and says what became of them */
    for (size_t i = 0; i < ARRAY_COUNT(addresses); i++) {
        message = world_receive(&world);
        check_int(message.type, WORKER_EVENT);
        check_int(message.kind, WORKER_FAILED);
        check_int(message.errnum, ETIMEDOUT);
        check_int(message.bytes_up, 1000);
        check_int(message.bytes_down, 0);
    }
    world_end(&world);
}

TEST(what_was_answered_is_connected_and_closed)
{
    struct world world;
    struct policy policy;
    struct worker_message message;

    init(&policy);
    begin(&world, &policy);
    check_int(ping_from(&world, WORLD_SERVER4), ANSWERED);
    check_int(shutdown(world.channel, SHUT_WR), 0);
    check_int(world_receive(&world).kind, WORKER_CONNECTED);
    message = world_receive(&world);
    check_int(message.kind, WORKER_CLOSED);
    check_int(message.errnum, 0);
    check_int(message.bytes_up, 1000);
    check_int(message.bytes_down, 1000);
    world_end(&world);
}

TEST(without_the_gateway_nobody_answers)
{
    struct world world;
    struct policy policy;

    init(&policy);
    begin(&world, &policy);
    check_int(ping_from(&world, WORLD_SERVER4), ANSWERED);
    world_kill_gateway(&world);
    check_int(ping_from(&world, WORLD_SERVER4), SILENCE);
    world_end(&world);
}

TEST(a_host_that_lets_nobody_ping_is_said_where_a_rule_names_icmp)
{
    struct world world;
    struct policy policy;
    struct worker_message message;

    init(&policy);
    world_begin(&world);
    check(!world_attach(&world, &policy.rules, &message));
    check_int(message.kind, ERROR_UNENFORCEABLE);
    check_contains(message.where, "net.ipv4.ping_group_range");
    world_end(&world);
}

/* A rule without ports grants icmp as well, and is about more than that. */
TEST(a_host_that_lets_nobody_ping_is_no_reason_to_refuse_a_rule_about_everything)
{
    struct world world;
    struct policy policy;
    struct worker_message message;

    init(&policy);
    policy.rule.port_count = 0;
    world_begin(&world);
    policy_echo_everywhere();
    check(world_attach(&world, &policy.rules, &message));
    check_int(policy_attempt(&world, SOCK_STREAM, WORLD_SERVER4, 7001), ECHOED);
    check_int(ping_from(&world, WORLD_SERVER4), NO_SOCKET);
    world_end(&world);
}

TEST(new_rules_end_what_they_no_longer_grant)
{
    struct world world;
    struct policy policy;

    init(&policy);
    begin(&world, &policy);
    check_int(ping_from(&world, WORLD_SERVER4), ANSWERED);
    policy.rule.ports = policy.ports;
    check_int(world_capture(&world, &policy.rules).type, WORKER_READY);
    world_send_captured(&world, &policy.rules);
    check_int(world_await_answer(&world).type, WORKER_APPLIED);
    check(ping_from(&world, WORLD_SERVER4) != ANSWERED);
    world_end(&world);
}
