/* SPDX-License-Identifier: Apache-2.0 */
/* What must be true of any rules and any question: for generated ones and for the fuzzer's. */
#ifndef CORDON_TESTS_NET_PROPERTIES_H
#define CORDON_TESTS_NET_PROPERTIES_H

#include "net/rules.h"

#define WHY_SIZE 512

/* What both families and all protocols of some rules could reach. */
struct reachable {
    struct net_block *blocks[2]; /* IPv4, IPv6 */
    size_t block_count[2];
    struct net_block *echoes[2]; /* by ICMP */
    size_t echo_count[2];
    struct net_ports *ports[NET_ICMP + 1];
    size_t port_count[NET_ICMP + 1];
};

/* -ENOMEM, or -EINVAL and `why` where a property does not hold. */
int reachable_init(struct reachable *reachable, struct arena *arena, const struct net_rules *rules, char why[WHY_SIZE]);
int check_question(const struct net_rules *rules, const struct reachable *reachable, const struct net_question *question,
                   char why[WHY_SIZE]);
int check_record(struct arena *arena, const struct net_rules *rules, char why[WHY_SIZE]);

bool reachable_has(const struct reachable *reachable, const struct net_address *address);

#endif
