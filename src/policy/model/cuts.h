/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules cut the space of destinations into boxes (addresses x ports x protocols x names) within which two policies answer
 * alike. One destination of each box is asked.
 */
#ifndef CORDON_POLICY_MODEL_CUTS_H
#define CORDON_POLICY_MODEL_CUTS_H

#include "policy/model/destinations.h"

#define CUTS_ANY_NAME "*.a.name.that.no.rule.has"

struct cut_address {
    unsigned char bytes[16];
    bool may_be_own; /* some rule names this very address, as one of the host's own must be */
};

struct cuts {
    struct arena *arena;
    struct net_rules *a, *b;
    struct cut_address *addresses[2]; /* first addresses of ranges: IPv4, IPv6; ascending */
    size_t address_count[2];
    uint16_t *ports; /* first ports of ranges, in no order */
    size_t port_count;
    const char **hosts;  /* a name of each class */
    const char **labels; /* of each: as rules write it, "*.example.org", or CUTS_ANY_NAME */
    size_t host_count;
    uint64_t rule_count;
    struct narrowed *narrowed; /* NULL = destinations are all that there is to compare */
};

/* Of `arena` and nothing else. -ENOMEM. */
int cuts_find(struct cuts *cuts, const struct policy *a, const struct policy *b) must_check;

#endif
