/* SPDX-License-Identifier: Apache-2.0 */
/* Rules, servers and attempts. */
#include "policy.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "test.h"

/* ---- rules ---- */

struct net_block policy_block(const char *text)
{
    struct net_block made;

    check_int(net_block_parse(text, &made, NULL), 0);
    return made;
}

void policy_init(struct policy *policy)
{
    *policy = (struct policy){
        .peers = {{.has_block = true, .block = policy_block(WORLD_SERVER4 "/32")},
                  {.has_block = true, .block = policy_block(WORLD_SERVER6 "/128")}},
        .ports = {{.first = 7001, .last = 7009, .has_port = true, .protocol = NET_TCP},
                  {.first = 7001, .last = 7009, .has_port = true, .protocol = NET_UDP}},
    };
    policy->rule = (struct net_rule){.peers = policy->peers, .peer_count = 2, .ports = policy->ports, .port_count = 2,
                                     .where = "test: allow[0]"};
    policy->layer = (struct net_layer){.where = "test: default", .allow = &policy->rule, .allow_count = 1};
    policy->rules = (struct net_rules){.layers = &policy->layer, .layer_count = 1};
}

void policy_echo_everywhere(void)
{
    const int listeners[] = {
        world_listen(SOCK_STREAM, WORLD_SERVER4, 7001), world_listen(SOCK_STREAM, WORLD_SERVER6, 7001),
        world_listen(SOCK_DGRAM, WORLD_SERVER4, 7001),  world_listen(SOCK_DGRAM, WORLD_SERVER6, 7001),
        world_listen(SOCK_STREAM, WORLD_OTHER4, 7001),  world_listen(SOCK_STREAM, WORLD_SERVER4, 7050),
    };

    world_echo(listeners, ARRAY_COUNT(listeners));
}

void policy_begin(struct world *world, struct policy *policy)
{
    policy_init(policy);
    policy_begin_with(world, policy);
}

void policy_begin_with(struct world *world, const struct policy *policy)
{
    struct worker_message message;

    world_begin(world);
    policy_echo_everywhere();
    if (!world_attach(world, &policy->rules, &message)) {
        if (message.errnum == ENOENT || message.errnum == EOPNOTSUPP)
            test_skip("nft_tproxy");
        test_fail(__FILE__, __LINE__, "attach: %s (%d)", message.where, message.errnum);
    }
}

/* ---- what a program tries ---- */

int policy_try_echo(void *data)
{
    const struct attempt *attempt = data;
    char bytes[8] = "";
    int fd;

    world_set_mark(attempt->mark);
    fd = world_connect(attempt->type, attempt->address, attempt->port);
    if (fd < 0)
        return -fd;
    if (send(fd, "hello", 5, MSG_NOSIGNAL) != 5)
        return errno;
    if (recv(fd, bytes, sizeof(bytes), 0) < 0)
        return errno == EAGAIN ? NO_ANSWER : errno;
    return memcmp(bytes, "hello", 5) == 0 ? ECHOED : WRONG_ECHO;
}

int policy_attempt(struct world *world, int type, const char *address, unsigned port)
{
    struct attempt one = {.type = type, .address = address, .port = port};

    return world_inside(world, policy_try_echo, &one);
}
