/* SPDX-License-Identifier: Apache-2.0 */
/* Doors between the two loopbacks: ports of the one that lead to ports of the other, and nothing else of either. */
#ifndef CORDON_GATEWAY_DOORS_H
#define CORDON_GATEWAY_DOORS_H

#include "gateway/gateway.h"

/*
 * Listen on the host's loopback, for the inward doors. With the caller's rights, before anything is given up.
 * *ret_fds: two for each door, IPv4 and IPv6, -1 = the family is not there; mem_free().
 */
int doors_listen(const struct net_rules *rules, int (**ret_fds)[2], struct error *err) must_check;

/* Watch them, and those inside. Takes the descriptors, not the arrays. */
int doors_open(struct gateway *gateway, int (*inward)[2], int (*outward)[2], struct error *err) must_check;

/* By the rules that hold now: what is no door any more is shut. */
void doors_judge_all(struct gateway *gateway);
void doors_close(struct gateway *gateway);

/* The same door in these rules, NULL = none. */
const struct net_door *door_find(const struct net_rules *rules, bool is_inward, const struct net_door *door);

/* A socket on its way to where a door leads. -errno. */
int door_dial(struct gateway *gateway, bool is_inward, const struct net_address *address, unsigned port) must_check;

#endif
