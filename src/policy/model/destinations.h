/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a policy lets a program connect to. A destination is an address, a protocol and a port,
 * and the name by which it was asked for, if any, canonical (net/name.h).
 */
#ifndef CORDON_POLICY_MODEL_DESTINATIONS_H
#define CORDON_POLICY_MODEL_DESTINATIONS_H

#include "policy/policy.h"

/* Protocols beside those that rules name, which only rules for every protocol cover. */
#define PROTOCOL_OTHER (NET_ICMP + 1)

struct destination {
    const char *host;          /* NULL = by address */
    int family;                /* AF_INET, AF_INET6 */
    unsigned char address[16]; /* network order; 4 bytes used for AF_INET */
    int protocol;              /* NET_TCP, NET_UDP, NET_ICMP, PROTOCOL_OTHER */
    uint16_t port;             /* 0 where the protocol has none */
};

bool policy_may_connect(const struct policy *policy, const struct destination *destination);

/* First and last address of a block. */
void block_bounds(const struct net_block *block, unsigned char ret_first[16],
                  unsigned char ret_last[16]);

#endif
