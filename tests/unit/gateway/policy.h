/* SPDX-License-Identifier: Apache-2.0 */
/* A small policy for the world of the gateway's tests, servers that echo, and programs inside that try to reach them. */
#ifndef CORDON_TESTS_GATEWAY_POLICY_H
#define CORDON_TESTS_GATEWAY_POLICY_H

#include "world.h"

struct policy {
    struct net_peer peers[2];
    struct net_ports ports[2];
    struct net_rule rule;
    struct net_layer layer;
    struct net_rules rules;
};

/* The server's two addresses at ports 7001 to 7009, TCP and UDP. */
void policy_init(struct policy *policy);
struct net_block policy_block(const char *text);

/* At port 7001 of both, TCP and UDP, and where no rule leads. */
void policy_echo_everywhere(void);
/* World, servers and gateway with this policy; skips where the kernel cannot. */
void policy_begin(struct world *world, struct policy *policy);
/* The same with a policy that has been changed since policy_init(). */
void policy_begin_with(struct world *world, const struct policy *policy);

struct attempt {
    int type;
    const char *address;
    unsigned port;
    uint32_t mark;
};

enum { ECHOED = 0, WRONG_ECHO = 1, NO_ANSWER = 2, REFUSED = 10 /* and errno */ };

/* world_inside(): five bytes, and back. */
int policy_try_echo(void *attempt);
int policy_attempt(struct world *world, int type, const char *address, unsigned port);

#endif
