/* SPDX-License-Identifier: Apache-2.0 */
/* Budgets in the running gateway: what is over is refused, told once, and nothing more goes by. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "policy.h"
#include "test.h"

static struct net_budget total;

static void begin(struct world *world, struct policy *policy, struct net_budget budget)
{
    total = budget;
    total.where = "test: network.budget";
    policy_init(policy);
    policy->rules.budgets = &total;
    policy->rules.budget_count = policy->rules.total_count = 1;
    policy_begin_with(world, policy);
}

static void check_told(struct world *world, const char *kind, uint64_t limit, bool ends_run)
{
    struct worker_message message = world_expect(world, WORKER_BUDGET);

    check_string(message.method, kind);
    check_string(message.where, "test: network.budget");
    check_int(message.count, limit);
    check_int(message.ends_run, ends_run);
}

/* How many of these bytes come back, 0 to 99. */
struct bytes {
    int type;
    size_t size, each;
};

static int send_bytes(void *data)
{
    const struct bytes *bytes = data;
    char out[65536] = "", in[65536];
    int fd = world_connect(bytes->type, WORLD_SERVER4, 7001);
    size_t back = 0;

    if (fd < 0)
        return 99;
    for (size_t sent = 0; sent < bytes->size; sent += bytes->each) {
        ssize_t got;

        if (send(fd, out, bytes->each, MSG_NOSIGNAL) != (ssize_t)bytes->each)
            break;
        for (size_t left = bytes->each; left; left -= (size_t)got) {
            got = recv(fd, in, left, 0);
            if (got <= 0)
                return (int)(back * 98 / bytes->size);
            back += (size_t)got;
        }
    }
    return (int)(back * 98 / bytes->size);
}

TEST(connections_beyond_a_budget_are_refused_and_the_others_go_on)
{
    struct world world;
    struct policy policy;
    struct worker_message message;

    begin(&world, &policy, (struct net_budget){.connections = 2, .ends_run = true});
    check_int(policy_attempt(&world, SOCK_STREAM, WORLD_SERVER4, 7001), ECHOED);
    check_int(policy_attempt(&world, SOCK_DGRAM, WORLD_SERVER4, 7001), ECHOED);
    check_int(policy_attempt(&world, SOCK_STREAM, WORLD_SERVER4, 7001), ECONNRESET);
    check_told(&world, "connections", 2, true);
    message = world_expect(&world, WORKER_DENIED);
    check_int(message.reason, NET_BUDGET);
    check_string(message.where, "test: network.budget");
    check_int(policy_attempt(&world, SOCK_DGRAM, WORLD_SERVER6, 7001), ECONNREFUSED);
    do
        message = world_receive(&world);
    while (message.kind == WORKER_CLOSED); /* of what went by, whenever it ended */
    check_int(message.kind, WORKER_DENIED); /* not told again */
    world_end(&world);
}

TEST(bytes_up_to_a_budget_go_by_and_not_one_more)
{
    static const struct bytes fits = {SOCK_STREAM, 50000, 10000}, over = {SOCK_STREAM, 98000, 1000};
    struct world world;
    struct policy policy;
    struct worker_message message;

    begin(&world, &policy, (struct net_budget){.bytes_up = 100000});
    check_int(world_inside(&world, send_bytes, (void *)&fits), 98);
    check_int(world_expect(&world, WORKER_CLOSED).bytes_up, 50000);
    check_int(world_inside(&world, send_bytes, (void *)&over), 50);
    check_told(&world, "bytesUp", 100000, false);
    message = world_expect(&world, WORKER_CLOSED);
    check_int(message.bytes_up, 50000);
    check_int(message.errnum, EDQUOT);
    check_int(policy_attempt(&world, SOCK_STREAM, WORLD_SERVER4, 7001), ECONNRESET);
    check_int(world_expect(&world, WORKER_DENIED).reason, NET_BUDGET);
    check_int(policy_attempt(&world, SOCK_DGRAM, WORLD_SERVER4, 7001), ECONNREFUSED);
    world_end(&world);
}

/* In bulk, where the bytes are spliced. */
TEST(bytes_down_are_counted_to_the_last_one)
{
    static const struct bytes bulk = {SOCK_STREAM, 65536 * 98, 65536};
    struct world world;
    struct policy policy;

    begin(&world, &policy, (struct net_budget){.bytes_down = 65536 * 49 + 7});
    check(world_inside(&world, send_bytes, (void *)&bulk) <= 49); /* a reset may overtake the last of them */
    check_told(&world, "bytesDown", 65536 * 49 + 7, false);
    check_int(world_expect(&world, WORKER_CLOSED).bytes_down, 65536 * 49 + 7);
    world_end(&world);
}

TEST(a_datagram_that_a_budget_has_no_room_for_ends_its_flow)
{
    static const struct bytes over = {SOCK_DGRAM, 9800, 100};
    struct world world;
    struct policy policy;

    begin(&world, &policy, (struct net_budget){.bytes_up = 4950});
    check_int(world_inside(&world, send_bytes, (void *)&over), 49);
    check_told(&world, "bytesUp", 4950, false);
    check_int(world_expect(&world, WORKER_CLOSED).bytes_up, 4900);
    world_end(&world);
}

TEST(a_budget_without_limits_changes_nothing)
{
    static const struct bytes bulk = {SOCK_STREAM, 65536 * 98, 65536};
    struct world world;
    struct policy policy;

    begin(&world, &policy, (struct net_budget){.bytes_up = UINT64_MAX, .bytes_down = UINT64_MAX});
    check_int(world_inside(&world, send_bytes, (void *)&bulk), 98);
    check_int(world_expect(&world, WORKER_CLOSED).bytes_down, 65536 * 98);
    world_end(&world);
}

/* 300 kB a second, both ways together: 98 kB there and back are 196 kB, of which a quarter of a second is free. */
TEST(what_is_over_a_rate_waits_and_arrives)
{
    static const struct bytes bytes = {SOCK_STREAM, 98000, 7000};
    struct world world;
    struct policy policy;
    uint64_t began_ns, took_ms;

    begin(&world, &policy, (struct net_budget){.bytes_per_second = 300000});
    began_ns = clock_monotonic_ns();
    check_int(world_inside(&world, send_bytes, (void *)&bytes), 98);
    took_ms = (clock_monotonic_ns() - began_ns) / NS_PER_MS;
    check(took_ms >= 400);
    check_int(world_expect(&world, WORKER_CLOSED).bytes_up, 98000);
    world_end(&world);
}

TEST(new_rules_that_give_more_let_what_was_refused_go_on)
{
    struct world world;
    struct policy policy;

    begin(&world, &policy, (struct net_budget){.connections = 1});
    check_int(policy_attempt(&world, SOCK_STREAM, WORLD_SERVER4, 7001), ECHOED);
    check_int(policy_attempt(&world, SOCK_STREAM, WORLD_SERVER4, 7001), ECONNRESET);
    total.connections = 2;
    world_send_rules(&world, &policy.rules);
    check_int(world_await_answer(&world).type, WORKER_APPLIED);
    check_int(policy_attempt(&world, SOCK_STREAM, WORLD_SERVER4, 7001), ECHOED);
    check_int(policy_attempt(&world, SOCK_STREAM, WORLD_SERVER4, 7001), ECONNRESET);
    check_told(&world, "connections", 2, false);
    world_end(&world);
}

TEST(the_budget_of_a_rule_counts_what_that_rule_grants)
{
    struct net_budget budget = {.connections = 1, .where = "test: allow[0].budget"};
    struct net_rule rules[2];
    struct world world;
    struct policy policy;
    struct worker_message message;

    policy_init(&policy);
    policy.rules.budgets = &budget;
    policy.rules.budget_count = 1;
    rules[0] = rules[1] = policy.rule;
    rules[0].port_count = 1; /* TCP */
    rules[0].budget = 1;
    rules[1].ports++;
    rules[1].port_count = 1; /* UDP */
    policy.layer.allow = rules;
    policy.layer.allow_count = 2;
    policy_begin_with(&world, &policy);
    for (int i = 0; i < 3; i++)
        check_int(policy_attempt(&world, SOCK_DGRAM, WORLD_SERVER4, 7001), ECHOED);
    check_int(policy_attempt(&world, SOCK_STREAM, WORLD_SERVER4, 7001), ECHOED);
    check_int(policy_attempt(&world, SOCK_STREAM, WORLD_SERVER4, 7001), ECONNRESET);
    check_string(world_expect(&world, WORKER_BUDGET).where, "test: allow[0].budget");
    message = world_expect(&world, WORKER_DENIED);
    check_int(message.reason, NET_BUDGET);
    check_string(message.where, "test: allow[0].budget");
    check_int(policy_attempt(&world, SOCK_DGRAM, WORLD_SERVER4, 7001), ECHOED);
    world_end(&world);
}
