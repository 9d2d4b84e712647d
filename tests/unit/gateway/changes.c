/* SPDX-License-Identifier: Apache-2.0 */
/* New rules for the running gateway: what they refuse ends, and what they need more has to be captured first. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "policy.h"
#include "test.h"

static int hold_and_wait(void *data)
{
    const int *pipes = data;
    char byte;
    int fd = world_connect(SOCK_STREAM, WORLD_SERVER4, 7001);

    if (fd < 0 || send(fd, "hello", 5, MSG_NOSIGNAL) != 5 || recv(fd, &byte, 1, 0) != 1)
        return 1;
    if (write(pipes[1], "", 1) != 1)
        return 2;
    for (;;) {
        ssize_t got = recv(fd, &byte, 1, 0);

        if (got <= 0)
            return got < 0 && errno == ECONNRESET ? 0 : 3;
    }
}

TEST(new_rules_hold_at_once_and_close_what_they_refuse)
{
    struct world world;
    struct policy policy;
    int pipes[2], status;
    char byte;
    pid_t holder;

    policy_begin(&world, &policy);
    check_int(pipe(pipes), 0);
    holder = fork();
    check(holder >= 0);
    if (holder == 0)
        _exit(world_inside(&world, hold_and_wait, pipes));
    check_int(read(pipes[0], &byte, 1), 1);
    close(pipes[0]);
    close(pipes[1]);
    policy.ports[0].first = 7002; /* TCP to 7001 is gone, UDP stays */
    world_send_rules(&world, &policy.rules);
    check_int(world_await_answer(&world).type, WORKER_APPLIED);
    check_int(waitpid(holder, &status, 0), holder);
    check(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    check_int(policy_attempt(&world, SOCK_STREAM, WORLD_SERVER4, 7001), ECONNRESET);
    check_int(world_expect(&world, WORKER_DENIED).port, 7001);
    check_int(policy_attempt(&world, SOCK_DGRAM, WORLD_SERVER4, 7001), ECHOED);
    world_end(&world);
}

TEST(rules_that_need_more_than_is_captured_are_refused_and_the_former_hold)
{
    struct world world;
    struct policy policy;
    struct worker_message message;

    policy_begin(&world, &policy);
    policy.ports[0].last = 7050;
    world_send_rules(&world, &policy.rules);
    message = world_receive(&world);
    check_int(message.type, WORKER_ERROR);
    check_contains(message.where, "TCP port");
    policy.ports[0].last = 7009;
    policy.peers[0].block = policy_block("93.184.216.0/24");
    world_send_rules(&world, &policy.rules);
    message = world_receive(&world);
    check_int(message.type, WORKER_ERROR);
    check_contains(message.where, "address");
    check_int(policy_attempt(&world, SOCK_STREAM, WORLD_SERVER4, 7001), ECHOED);
    check_int(policy_attempt(&world, SOCK_STREAM, WORLD_SERVER4, 7050), ECONNREFUSED);
    world_end(&world);
}

TEST(rules_that_need_more_hold_when_it_has_been_captured_for_them)
{
    struct world world;
    struct policy policy;
    struct worker_message message;

    policy_begin(&world, &policy);
    policy.ports[0].last = 7050;
    policy.peers[0].block = policy_block(WORLD_OTHER4 "/32");
    check_int(world_capture(&world, &policy.rules).type, WORKER_READY);
    /* by the routes alone nothing is granted */
    check_int(policy_attempt(&world, SOCK_STREAM, WORLD_OTHER4, 7001), ECONNRESET);
    check_int(world_expect(&world, WORKER_DENIED).reason, NET_NO_RULE);
    world_send_captured(&world, &policy.rules);
    check_int(world_await_answer(&world).type, WORKER_APPLIED);
    check_int(policy_attempt(&world, SOCK_STREAM, WORLD_OTHER4, 7001), ECHOED);
    check_int(policy_attempt(&world, SOCK_STREAM, WORLD_OTHER4, 7050), ECONNRESET); /* nobody there */
    check_int(world_expect(&world, WORKER_FAILED).errnum, ECONNREFUSED);
    check_int(policy_attempt(&world, SOCK_STREAM, WORLD_SERVER4, 7001), ECONNRESET); /* routed still, and not granted */
    check_int(policy_attempt(&world, SOCK_STREAM, WORLD_SERVER6, 7001), ECHOED);
    check_int(policy_attempt(&world, SOCK_DGRAM, WORLD_SERVER6, 7001), ECHOED);
    check_int(policy_attempt(&world, SOCK_STREAM, WORLD_OTHER4, 7051), ECONNREFUSED);
    check_int(policy_attempt(&world, SOCK_STREAM, "2001:db8::1", 7001), EACCES);
    /* less needs nothing, and more is refused again */
    policy.ports[0].first = 7002;
    world_send_rules(&world, &policy.rules);
    check_int(world_await_answer(&world).type, WORKER_APPLIED);
    check_int(policy_attempt(&world, SOCK_STREAM, WORLD_OTHER4, 7001), ECONNRESET);
    policy.ports[0].last = 7051;
    world_send_rules(&world, &policy.rules);
    message = world_await_answer(&world);
    check_int(message.type, WORKER_ERROR);
    check_contains(message.where, "TCP port");
    world_end(&world);
}

/* Rules about a name make everything local but a few blocks; from there to single addresses and back. */
TEST(captures_of_every_kind_follow_each_other)
{
    static struct net_peer named = {.host = "good.example.org"};
    struct world world;
    struct policy policy;
    struct net_rule by_name;

    policy_begin(&world, &policy);
    by_name = policy.rule;
    by_name.peers = &named;
    by_name.peer_count = 1;
    policy.layer.allow = &by_name;
    check_int(world_capture(&world, &policy.rules).type, WORKER_READY);
    world_send_captured(&world, &policy.rules);
    check_int(world_await_answer(&world).type, WORKER_APPLIED);
    check_int(policy_attempt(&world, SOCK_STREAM, WORLD_SERVER4, 7001), ECONNRESET);
    check_int(policy_attempt(&world, SOCK_STREAM, "2a00::1", 7001), ECONNRESET);
    check_int(world_expect(&world, WORKER_DENIED).family, AF_INET);
    check_int(policy_attempt(&world, SOCK_STREAM, "198.18.0.1", 7001), ECONNRESET);
    policy.layer.allow = &policy.rule;
    for (int i = 0; i < 3; i++) {
        check_int(world_capture(&world, &policy.rules).type, WORKER_READY);
        world_send_captured(&world, &policy.rules);
        check_int(world_await_answer(&world).type, WORKER_APPLIED);
        check_int(policy_attempt(&world, SOCK_STREAM, WORLD_SERVER4, 7001), ECHOED);
        check_int(policy_attempt(&world, SOCK_STREAM, WORLD_SERVER6, 7001), ECHOED);
    }
    world_end(&world);
}

TEST(what_was_not_captured_is_not_reached_whatever_is_said_of_it)
{
    struct world world;
    struct policy policy;

    policy_begin(&world, &policy);
    policy.peers[0].block = policy_block("93.184.216.0/24");
    world_send_captured(&world, &policy.rules);
    check_int(world_await_answer(&world).type, WORKER_APPLIED);
    check_int(policy_attempt(&world, SOCK_STREAM, WORLD_OTHER4, 7001), EACCES);
    world_end(&world);
}

static int hold_over(void *data)
{
    const int *pipes = data;
    char byte;
    int fd = world_connect(SOCK_STREAM, WORLD_SERVER4, 7001);

    if (fd < 0 || send(fd, "a", 1, MSG_NOSIGNAL) != 1 || recv(fd, &byte, 1, 0) != 1)
        return 1;
    if (write(pipes[1], "", 1) != 1 || read(pipes[2], &byte, 1) != 1)
        return 2;
    return send(fd, "b", 1, MSG_NOSIGNAL) == 1 && recv(fd, &byte, 1, 0) == 1 && byte == 'b' ? 0 : 3;
}

TEST(an_open_connection_outlives_a_capture)
{
    struct world world;
    struct policy policy;
    int pipes[4], status;
    char byte;
    pid_t holder;

    policy_begin(&world, &policy);
    check_int(pipe(pipes), 0);
    check_int(pipe(pipes + 2), 0);
    holder = fork();
    check(holder >= 0);
    if (holder == 0)
        _exit(world_inside(&world, hold_over, pipes));
    check_int(read(pipes[0], &byte, 1), 1);
    policy.ports[0].last = 7050;
    check_int(world_capture(&world, &policy.rules).type, WORKER_READY);
    world_send_captured(&world, &policy.rules);
    check_int(world_await_answer(&world).type, WORKER_APPLIED);
    check_int(write(pipes[3], "", 1), 1);
    check_int(waitpid(holder, &status, 0), holder);
    check(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    for (int i = 0; i < 4; i++)
        close(pipes[i]);
    world_end(&world);
}
