/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a policy lets a program connect to. A destination is an address, a protocol and a port,
 * and the name by which it was asked for and that the connection says, if any, canonical (net/name.h).
 */
#ifndef CORDON_POLICY_MODEL_DESTINATIONS_H
#define CORDON_POLICY_MODEL_DESTINATIONS_H

#include "policy/model/effective.h"

struct destination {
    const char *host;          /* NULL = by address */
    int family;                /* AF_INET, AF_INET6 */
    unsigned char address[16]; /* network order; 4 bytes used for AF_INET */
    bool is_own;               /* of the host's own interfaces */
    enum net_protocol protocol; /* NET_TCP, NET_UDP, NET_ICMP */
    uint16_t port;             /* 0 where the protocol has none */
};

bool destination_is_permitted(const struct net_rules *rules, const struct destination *destination);

/* First and last address of a block. */
void block_bounds(const struct net_block *block, unsigned char ret_first[16],
                  unsigned char ret_last[16]);

#endif
