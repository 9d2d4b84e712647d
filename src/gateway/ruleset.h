/* SPDX-License-Identifier: Apache-2.0 */
/* The rules as one RULES message brought them, with what has to be captured for them. */
#ifndef CORDON_GATEWAY_RULESET_H
#define CORDON_GATEWAY_RULESET_H

#include <stdbool.h>

#include "net/rules.h"

struct blocks {
    struct net_block *items;
    size_t count;
};

struct ports {
    struct net_ports *items;
    size_t count;
};

struct ruleset {
    struct arena *arena;
    struct net_rules *rules;
    struct blocks reachable[2]; /* [0] IPv4, [1] IPv6 */
    struct blocks resolvers[2]; /* port 53 of these is not the gateway's resolver: a rule grants it by address */
    struct ports tcp, udp;
    bool has_ping;   /* some rule could grant ICMP */
    bool names_ping; /* and says so: `protocol: icmp` */
    bool is_logged;  /* what they grant waits until it is recorded */
};

/* Of a sealed memory file. The descriptor stays the caller's. `is_asked`: somebody is asked about what none of them grants. */
int ruleset_read(int fd, bool is_asked, struct ruleset **ret_ruleset, struct error *err) must_check;
void ruleset_free(struct ruleset *ruleset);

/* Has `held` all doors of `wanted`? ERROR_UNENFORCEABLE with what is missing: they are listened at once, at the start. */
int ruleset_check_doors(const struct ruleset *held, const struct ruleset *wanted, struct error *err) must_check;

/* Does what was captured for `held` suffice for `wanted`? ERROR_UNENFORCEABLE with what does not. */
int ruleset_check_within(const struct ruleset *held, const struct ruleset *wanted, struct error *err) must_check;

#endif
