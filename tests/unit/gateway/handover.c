/* SPDX-License-Identifier: Apache-2.0 */
/* Connections whose requests decide: what goes to the inspector, what never does, and how much of what it says is believed. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "net/inside.h"
#include "policy.h"
#include "test.h"
#include "worker/budget.h"

static const char plain[] = "GET /v1 HTTP/1.1\r\nHost: 93.184.216.34\r\n\r\n";
static const char raw[] = "hello\n";
/* As much of TLS as says that it is TLS, without a server name. */
static const unsigned char hello[] = {22, 3, 1, 0, 47, 1, 0, 0, 43, 3, 3, [43] = 0, [44] = 0, [45] = 2, [46] = 0x13, [47] = 1,
                                      [48] = 1, [49] = 0, [50] = 0, [51] = 0};

static struct net_requests requests;
static const char *const methods[] = {"GET"};

static void narrow(struct policy *policy)
{
    policy_init(policy);
    requests = (struct net_requests){.methods = methods, .method_count = 1};
    policy->rule.requests = &requests;
    policy->rule.port_count = 1; /* TCP */
}

static void begin(struct world *world, struct policy *policy)
{
    struct worker_message message;
    int fds[2];

    world_begin(world);
    policy_echo_everywhere();
    if (!world_attach_inspected(world, &policy->rules, &message))
        test_fail(__FILE__, __LINE__, "attach: %s", message.where);
    check_int(world_inspector_receive(world, fds).type, WORKER_COUNTERS);
    close(fds[0]);
}

/* In the container, beside this process: what it sends, and the exit status is what it saw. */
struct talk {
    const void *bytes;
    size_t size;
    uint32_t mark;
    const char *expected; /* as an answer; NULL = none, and a reset */
};

static int talk(void *data)
{
    const struct talk *talk = data;
    char answer[64] = "";
    int fd;

    world_set_mark(talk->mark);
    fd = world_connect(SOCK_STREAM, WORLD_SERVER4, 7001);
    if (fd < 0)
        return 1;
    if (send(fd, talk->bytes, talk->size, MSG_NOSIGNAL) != (ssize_t)talk->size)
        return 2;
    if (recv(fd, answer, sizeof(answer) - 1, 0) < 0)
        return talk->expected ? 3 : errno == ECONNRESET ? 0 : 4;
    return talk->expected && strcmp(answer, talk->expected) == 0 ? 0 : 5;
}

static pid_t talk_beside(struct world *world, const struct talk *about)
{
    pid_t pid = fork();

    check(pid >= 0);
    if (pid == 0)
        _exit(world_inside(world, talk, (void *)about));
    return pid;
}

static void check_ended(pid_t pid)
{
    int status;

    check_int(waitpid(pid, &status, 0), pid);
    check(WIFEXITED(status));
    check_int(WEXITSTATUS(status), 0);
}

TEST(a_connection_goes_to_the_inspector_whole_and_unread)
{
    static const struct talk about = {plain, sizeof(plain) - 1, NET_MARK(0, 77), "denied"};
    struct world world;
    struct policy policy;
    struct worker_message flow, message;
    char bytes[128] = "";
    int fds[2];
    pid_t pid;

    narrow(&policy);
    begin(&world, &policy);
    pid = talk_beside(&world, &about);
    flow = world_inspector_receive(&world, fds);
    check_int(flow.type, WORKER_FLOW);
    check_int(flow.port, 7001);
    check_int(flow.family, AF_INET);
    check_int(flow.pid, 77);
    check_int(flow.is_tls, 0);
    check_int(flow.connection, 1);
    check_string(flow.where, "test: allow[0]");
    check_int(recv(fds[0], bytes, sizeof(bytes), 0), sizeof(plain) - 1);
    check_string(bytes, plain);
    /* the server's is connected, and nothing has gone up */
    check_int(send(fds[1], "ping", 4, MSG_NOSIGNAL), 4);
    usleep(20000);
    memset(bytes, 0, sizeof(bytes));
    while (recv(fds[1], bytes, sizeof(bytes), 0) < 0)
        check_int(errno, EAGAIN);
    check_string(bytes, "ping");
    check_int(send(fds[0], "denied", 6, MSG_NOSIGNAL), 6);
    check_ended(pid);
    /* what it says of address and port is not believed, what it says of the request is */
    message = flow;
    message.type = WORKER_EVENT;
    message.kind = WORKER_REQUEST;
    message.port = 1;
    message.address[0] = 8;
    message.pid = 1;
    strcpy(message.method, "GET");
    strcpy(message.path, "/v1");
    strcpy(message.where, "test: allow[0]");
    world_inspector_say(&world, &message);
    message = world_expect(&world, WORKER_REQUEST);
    check_int(message.port, 7001);
    check_int(message.address[0], 93);
    check_int(message.pid, 77);
    check_string(message.path, "/v1");
    close(fds[0]);
    close(fds[1]);
    world_end(&world);
}

static void check_never_given(const struct talk *about, bool has_inspector)
{
    struct world world;
    struct policy policy;
    struct worker_message message;
    char byte;

    narrow(&policy);
    if (has_inspector) {
        begin(&world, &policy);
    } else {
        world_begin(&world);
        policy_echo_everywhere();
        check(world_attach(&world, &policy.rules, &message));
    }
    check_int(world_inside(&world, talk, (void *)about), 0);
    message = world_expect(&world, WORKER_DENIED);
    check_int(message.reason, NET_OPAQUE);
    if (has_inspector)
        check_int(recv(world.inspector, &byte, 1, MSG_DONTWAIT), -1);
    world_end(&world);
}

TEST(what_nobody_could_read_is_refused_and_not_given)
{
    check_never_given(&(struct talk){.bytes = raw, .size = sizeof(raw) - 1}, true);
    check_never_given(&(struct talk){.bytes = hello, .size = sizeof(hello)}, true);
}

TEST(without_an_inspector_what_requests_decide_is_refused)
{
    check_never_given(&(struct talk){.bytes = plain, .size = sizeof(plain) - 1}, false);
}

TEST(tls_that_is_to_be_opened_is_given)
{
    static const struct talk about = {.bytes = hello, .size = sizeof(hello)};
    struct world world;
    struct policy policy;
    struct worker_message flow;
    int fds[2];
    pid_t pid;

    narrow(&policy);
    policy.rule.terminates = true;
    begin(&world, &policy);
    pid = talk_beside(&world, &about);
    flow = world_inspector_receive(&world, fds);
    check_int(flow.type, WORKER_FLOW);
    check_int(flow.is_tls, 1);
    check_int(flow.is_terminated, 1);
    check_string(flow.name, "");
    close(fds[1]);
    setsockopt(fds[0], SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger));
    close(fds[0]);
    check_ended(pid);
    world_end(&world);
}

/* ---- what the inspector may say ---- */

static struct worker_message give_one(struct world *world)
{
    static const struct talk about = {.bytes = plain, .size = sizeof(plain) - 1, .expected = ""};
    struct worker_message flow;
    int fds[2];
    pid_t pid = talk_beside(world, &about);

    flow = world_inspector_receive(world, fds);
    check_int(flow.type, WORKER_FLOW);
    check_int(recv(fds[0], &(char[128]){0}, 128, 0), sizeof(plain) - 1);
    close(fds[0]);
    close(fds[1]);
    check_ended(pid);
    flow.type = WORKER_EVENT;
    return flow;
}

TEST(events_that_are_not_its_own_are_lost_and_counted)
{
    static const struct talk refused = {.bytes = raw, .size = sizeof(raw) - 1};
    struct world world;
    struct policy policy;
    struct worker_message about, message;

    narrow(&policy);
    begin(&world, &policy);
    about = give_one(&world);
    message = about;
    message.kind = WORKER_REQUEST;
    message.connection = 99;
    world_inspector_say(&world, &message); /* no such connection */
    message.connection = about.connection;
    message.kind = WORKER_NAME_DENIED;
    world_inspector_say(&world, &message); /* not its kind */
    message.kind = 1000;
    world_inspector_say(&world, &message);
    message.kind = WORKER_REQUEST_DENIED;
    message.reason = NET_CROWDED + 1;
    world_inspector_say(&world, &message);
    message.kind = WORKER_BUDGET;
    message.ends_run = 1;
    strcpy(message.where, "no such budget");
    world_inspector_say(&world, &message);
    message = about;
    message.kind = WORKER_CLOSED;
    message.bytes_up = 5;
    world_inspector_say(&world, &message);
    message = world_receive(&world);
    check_int(message.kind, WORKER_LOST);
    check_int(message.count, 5);
    message = world_receive(&world);
    check_int(message.kind, WORKER_CLOSED);
    check_int(message.bytes_up, 5);
    /* it has ended: nothing more is believed of it */
    message.kind = WORKER_REQUEST;
    world_inspector_say(&world, &message);
    check_int(world_inside(&world, talk, (void *)&refused), 0); /* what it tells is told after what was lost */
    message = world_receive(&world);
    check_int(message.kind, WORKER_LOST);
    check_int(message.count, 1);
    world_end(&world);
}

static void check_gone(struct world *world, const char *text)
{
    struct worker_message message = world_await_answer(world);
    int status;

    check_int(message.type, WORKER_ERROR);
    check_contains(message.where, text);
    check_int(waitpid(world->gateway, &status, 0), world->gateway);
    check(WIFEXITED(status) && WEXITSTATUS(status) != 0);
    world->gateway = 0;
    check_int(policy_attempt(world, SOCK_STREAM, WORLD_SERVER4, 7001), ECONNREFUSED);
    world_end(world);
}

TEST(a_message_out_of_its_place_ends_the_network)
{
    struct worker_message message = {.type = WORKER_APPLIED}; /* to rules that nobody sent */
    struct world world;
    struct policy policy;

    narrow(&policy);
    begin(&world, &policy);
    world_inspector_say(&world, &message);
    check_gone(&world, "what it may not say");
}

TEST(the_inspectors_end_is_the_networks)
{
    struct world world;
    struct policy policy;

    narrow(&policy);
    begin(&world, &policy);
    fd_close_at(&world.inspector);
    world.inspector = -1;
    check_gone(&world, "the inspector ended");
}

/* The starter goes, and the inspector is told to end: how long the gateway stays. */
static uint64_t ms_to_the_end(struct world *world)
{
    uint64_t began_ns = clock_monotonic_ns();
    int status;

    check_int(shutdown(world->channel, SHUT_WR), 0);
    check_int(waitpid(world->gateway, &status, 0), world->gateway);
    check(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    world->gateway = 0;
    return (clock_monotonic_ns() - began_ns) / NS_PER_MS;
}

TEST(an_inspector_that_says_no_end_of_things_does_not_keep_the_gateway)
{
    struct worker_message message = {.type = WORKER_EVENT, .kind = WORKER_LOST, .count = 1};
    struct world world;
    struct policy policy;
    pid_t talker;

    narrow(&policy);
    begin(&world, &policy);
    talker = fork();
    check(talker >= 0);
    if (talker == 0) { /* until nobody is there to hear it, or for ten seconds */
        for (int i = 0; i < 200 && send(world.inspector, &message, sizeof(message), MSG_NOSIGNAL) > 0; i++)
            usleep(50000);
        _exit(0);
    }
    check(ms_to_the_end(&world) < 2000);
    check_int(waitpid(talker, NULL, 0), talker);
    world_end(&world);
}

TEST(what_the_inspector_says_of_its_end_is_passed_on)
{
    struct world world;
    struct policy policy;
    struct worker_message message;
    pid_t talker;
    char byte;

    narrow(&policy);
    begin(&world, &policy);
    message = give_one(&world);
    talker = fork();
    check(talker >= 0);
    if (talker == 0) { /* is told to end, and says what became of its connection */
        if (recv(world.inspector, &byte, 1, 0) != 0)
            _exit(1);
        message.kind = WORKER_CLOSED;
        message.bytes_up = 7;
        _exit(send(world.inspector, &message, sizeof(message), MSG_NOSIGNAL) != sizeof(message));
    }
    fd_close_at(&world.inspector);
    world.inspector = -1;
    ms_to_the_end(&world);
    check_ended(talker);
    check_int(world_expect(&world, WORKER_CLOSED).bytes_up, 7);
    world_end(&world);
}

/* ---- rules ---- */

TEST(new_rules_hold_for_both_or_for_neither)
{
    struct worker_message applied = {.type = WORKER_APPLIED};
    struct worker_message refused = {.type = WORKER_ERROR, .kind = ERROR_LIMIT, .errnum = E2BIG, .where = "too many"};
    static const struct talk about = {.bytes = raw, .size = sizeof(raw) - 1}; /* granted by the new rules only */
    struct world world;
    struct policy policy;
    struct worker_message message;
    int fds[2];

    narrow(&policy);
    begin(&world, &policy);
    policy.rule.requests = NULL;
    world_send_rules(&world, &policy.rules);
    check_int(world_inspector_receive(&world, fds).type, WORKER_RULES);
    close(fds[0]);
    check_int(world_inside(&world, talk, (void *)&about), 0); /* not yet */
    world_inspector_say(&world, &refused);
    message = world_await_answer(&world);
    check_int(message.type, WORKER_ERROR);
    check_contains(message.where, "too many");
    check_int(message.kind, ERROR_LIMIT);
    check_int(world_inside(&world, talk, (void *)&about), 0);
    world_send_rules(&world, &policy.rules);
    check_int(world_inspector_receive(&world, fds).type, WORKER_RULES);
    close(fds[0]);
    world_inspector_say(&world, &applied);
    check_int(world_await_answer(&world).type, WORKER_APPLIED);
    check_int(policy_attempt(&world, SOCK_STREAM, WORLD_SERVER4, 7001), ECHOED);
    world_end(&world);
}

/* ---- budgets ---- */

/* What came about the budget since; the connections that went by end when they like. */
static void check_denied_and_no_more(struct world *world)
{
    struct worker_message message;

    check_int(policy_attempt(world, SOCK_STREAM, WORLD_SERVER4, 7001), ECONNRESET);
    do
        message = world_receive(world);
    while (message.kind == WORKER_CLOSED);
    check_int(message.kind, WORKER_DENIED);
    check_int(message.reason, NET_BUDGET);
}

TEST(a_budget_that_is_used_up_is_told_once_whatever_rules_are_refused)
{
    struct worker_message applied = {.type = WORKER_APPLIED};
    struct worker_message refused = {.type = WORKER_ERROR, .kind = ERROR_LIMIT, .errnum = E2BIG, .where = "too many"};
    struct net_budget budget = {.connections = 1, .where = "test: network.budget"};
    struct world world;
    struct policy policy;
    int fds[2];

    policy_init(&policy);
    policy.rules.budgets = &budget;
    policy.rules.budget_count = policy.rules.total_count = 1;
    begin(&world, &policy);
    check_int(policy_attempt(&world, SOCK_STREAM, WORLD_SERVER4, 7001), ECHOED);
    check_int(policy_attempt(&world, SOCK_STREAM, WORLD_SERVER4, 7001), ECONNRESET);
    check_string(world_expect(&world, WORKER_BUDGET).where, "test: network.budget");
    check_int(world_expect(&world, WORKER_DENIED).reason, NET_BUDGET);
    for (int i = 0; i < 2; i++) {
        world_send_rules(&world, &policy.rules);
        check_int(world_inspector_receive(&world, fds).type, WORKER_RULES);
        close(fds[0]);
        check_denied_and_no_more(&world); /* while they are looked at */
        world_inspector_say(&world, &refused);
        check_int(world_await_answer(&world).type, WORKER_ERROR);
        check_denied_and_no_more(&world);
    }
    /* those that hold tell of their own */
    world_send_rules(&world, &policy.rules);
    check_int(world_inspector_receive(&world, fds).type, WORKER_RULES);
    close(fds[0]);
    world_inspector_say(&world, &applied);
    check_int(world_await_answer(&world).type, WORKER_APPLIED);
    check_int(policy_attempt(&world, SOCK_STREAM, WORLD_SERVER4, 7001), ECONNRESET);
    check_string(world_expect(&world, WORKER_BUDGET).where, "test: network.budget");
    world_end(&world);
}
