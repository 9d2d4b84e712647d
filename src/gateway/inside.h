/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway's side within the container: one thread enters its network namespace, makes addresses, routes, filter and
 * listeners there, and stays only where connections into the container have to be made later.
 */
#ifndef CORDON_GATEWAY_INSIDE_H
#define CORDON_GATEWAY_INSIDE_H

#include "gateway/names.h"
#include "gateway/ruleset.h"

struct inside;

struct inside_want {
    const struct ruleset *set;
    bool has_ping; /* echo requests are to be taken */
    bool is_again; /* there are routes and a filter, for other rules */
    int settings; /* /proc/sys of the host, O_PATH; -1 = not there. Looked up by whoever is inside, it is the container's */
    struct blocks synthetic[2]; /* routed to the gateway as well; at most one each */
};

/* What was opened inside, non-blocking and close-on-exec; -1 = the family is not there. The caller's to close. */
struct inside_sockets {
    int tcp[2];                /* transparent listeners; [0] IPv4, [1] IPv6 */
    int udp[2];                /* with IP_RECVORIGDSTADDR */
    int raw[2];                /* to send whole packets on */
    int ping[2];               /* where echo requests arrive, with the address that was asked; -1 = nowhere */
    struct names_sockets names;
    int (*outward)[2];         /* of each outward door; mem_free() */
};

/*
 * Enter the user namespace that owns `network`, as the only thread of this process; from here on this process has every
 * capability there and none elsewhere.
 */
int inside_enter_owner(int network, struct error *err) must_check;

/* Routes and filter of other rules in the place of those that are there, by this process itself, which then ends. */
int inside_capture_again(int network, const struct ruleset *set, struct error *err) must_check;

/* The blocks of synthetic addresses that these rules need; `blocks` and `want` live as long. */
void inside_want_synthetic(struct inside_want *want, struct net_block blocks[2]);

/* Start the thread and wait until it is done. */
int inside_open(int network, const struct inside_want *want, struct inside **ret_inside,
                struct inside_sockets *ret_sockets, struct error *err) must_check;
void inside_close(struct inside *inside);

/* A TCP socket inside, non-blocking. Only with inward doors. -errno. */
int inside_socket(struct inside *inside, int family) must_check;

/* ---- steps of the thread, each in a file of its own ---- */

/* lo, its addresses and the routes. *ret_has_ipv6 = this kernel has it. */
int inside_make_routes(const struct inside_want *want, bool *ret_has_ipv6, struct error *err) must_check;
/* The settings of that network (sysctl) that the gateway needs. */
int inside_make_settings(const struct inside_want *want, bool has_ipv6, struct error *err) must_check;
int inside_make_filter(const struct inside_want *want, bool has_ipv6, struct error *err) must_check;
int inside_make_sockets(const struct inside_want *want, bool has_ipv6, struct inside_sockets *sockets,
                        struct error *err) must_check;

#endif
