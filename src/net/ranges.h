/* SPDX-License-Identifier: Apache-2.0 */
/* For the files of this part: sets of numbers as ranges, for addresses and ports. In an arena; -ENOMEM is the one failure. */
#ifndef CORDON_NET_RANGES_H
#define CORDON_NET_RANGES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/memory.h"

typedef unsigned __int128 net_number;

struct net_range {
    net_number first, last;
};

/* Ascending, neither overlapping nor adjacent, once net_ranges_settle() was called. */
struct net_ranges {
    struct net_range *items;
    size_t count;
};

int net_ranges_add(struct arena *arena, struct net_ranges *set, net_number first, net_number last) must_check;
void net_ranges_settle(struct net_ranges *set);

/* Of settled sets, into a new settled one. */
int net_ranges_minus(struct arena *arena, const struct net_ranges *from, const struct net_ranges *what,
                     struct net_ranges *ret_rest) must_check;
int net_ranges_both(struct arena *arena, const struct net_ranges *a, const struct net_ranges *b,
                    struct net_ranges *ret_both) must_check;

#endif
