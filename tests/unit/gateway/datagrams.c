/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams through the running gateway, and what is told of those that nobody answers. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "policy.h"
#include "test.h"

TEST(datagrams_come_back_from_where_they_went)
{
    struct world world;
    struct policy policy;

    policy_begin(&world, &policy);
    check_int(policy_attempt(&world, SOCK_DGRAM, WORLD_SERVER4, 7001), ECHOED);
    check_int(policy_attempt(&world, SOCK_DGRAM, WORLD_SERVER6, 7001), ECHOED);
    check_int(world_expect(&world, WORKER_CONNECTED).protocol, NET_UDP);
    /* nobody there: the outer world's word for it is passed in */
    check_int(policy_attempt(&world, SOCK_DGRAM, WORLD_SERVER4, 7002), ECONNREFUSED);
    check_int(policy_attempt(&world, SOCK_DGRAM, WORLD_SERVER6, 7002), ECONNREFUSED);
    check_int(world_expect(&world, WORKER_FAILED).errnum, ECONNREFUSED);
    world_end(&world);
}

/* Whoever listens there says nothing. */
static int send_only(void *data)
{
    int fd = world_connect(SOCK_DGRAM, WORLD_SERVER4, 7005);

    (void)data;
    return fd >= 0 && send(fd, "hello", 5, MSG_NOSIGNAL) == 5 ? 0 : 1;
}

static void check_unanswered(struct world *world, int number)
{
    struct worker_message message = world_receive(world);

    check_int(message.type, WORKER_EVENT);
    check_int(message.kind, WORKER_FAILED);
    check_int(message.protocol, NET_UDP);
    check_int(message.port, 7005);
    check_int(message.errnum, number);
    check_int(message.bytes_up, 5);
    check_int(message.bytes_down, 0);
}

TEST(datagrams_that_nobody_answered_were_never_connected)
{
    struct world world;
    struct policy policy;
    int silent;

    policy_begin(&world, &policy);
    silent = world_listen(SOCK_DGRAM, WORLD_SERVER4, 7005);
    check(silent >= 0);
    check_int(world_inside(&world, send_only, NULL), 0);
    check_int(shutdown(world.channel, SHUT_WR), 0);
    check_unanswered(&world, ETIMEDOUT);
    close(silent);
    world_end(&world);
}

TEST(datagrams_that_were_answered_are_connected_and_closed)
{
    struct world world;
    struct policy policy;
    struct worker_message message;

    policy_begin(&world, &policy);
    check_int(policy_attempt(&world, SOCK_DGRAM, WORLD_SERVER4, 7001), ECHOED);
    check_int(world_receive(&world).kind, WORKER_CONNECTED);
    check_int(shutdown(world.channel, SHUT_WR), 0);
    message = world_receive(&world);
    check_int(message.kind, WORKER_CLOSED);
    check_int(message.errnum, 0);
    check_int(message.bytes_up, 5);
    check_int(message.bytes_down, 5);
    world_end(&world);
}

TEST(new_rules_end_datagrams_by_what_became_of_them)
{
    struct world world;
    struct policy policy;
    int silent;

    policy_begin(&world, &policy);
    silent = world_listen(SOCK_DGRAM, WORLD_SERVER4, 7005);
    check(silent >= 0);
    check_int(world_inside(&world, send_only, NULL), 0);
    policy.rule.port_count = 1; /* TCP */
    world_send_rules(&world, &policy.rules);
    check_int(world_receive(&world).kind, WORKER_DENIED);
    check_unanswered(&world, EACCES);
    check_int(world_receive(&world).type, WORKER_APPLIED);
    close(silent);
    world_end(&world);
}
