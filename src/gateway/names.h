/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container's resolver and what it remembers: for which names this container was given which address. The dns_*.c
 * files implement it, the rest of the gateway asks it.
 */
#ifndef CORDON_GATEWAY_NAMES_H
#define CORDON_GATEWAY_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/error.h"
#include "gateway/names_look.h"
#include "worker/loop.h"
#include "net/rules.h"

struct names;

struct names_setup {
    struct loop *loop;
    const struct net_rules *rules; /* stays valid until names_set_rules() or names_close(); NULL = those come before names_listen() */
    /* A question that was refused. `name` canonical. */
    void (*denied)(void *context, const char *name, const struct net_decision *decision);
    /* Is this an address of the host's own interfaces? */
    bool (*is_own)(void *context, const struct net_address *address);
    void *context;
    const char *servers;    /* NULL: those of the host's resolv.conf; tests name theirs, as "127.0.0.1:5353" */
    const char *hosts_path; /* NULL: /etc/hosts */
};

/*
 * While files can still be read: the host's resolv.conf and hosts, what the library wants to load. Sockets towards the
 * host's resolvers are made later, as questions come: by the thread of the loop, AF_INET and AF_INET6 only.
 */
int names_open(const struct names_setup *setup, struct names **ret_names, struct error *err) must_check;
void names_close(struct names *names);

/*
 * Sockets in the container's namespace, non-blocking; [0] IPv4, [1] IPv6, -1 = the family is not there. Given away: closed
 * by names_close(). udp: bound to the gateway's address and port 53, IP_TRANSPARENT, IP_RECVORIGDSTADDR (IPv6: the same):
 * the control message says which address was asked, and the answer has to come from there (IP_PKTINFO, IPV6_PKTINFO).
 * tcp: listening, likewise; an accepted socket's own address is the one that was asked.
 */
struct names_sockets {
    int udp[2], tcp[2];
};
int names_listen(struct names *names, const struct names_sockets *sockets, struct error *err) must_check;

/*
 * From now on by these rules. Pins stay: what they may be used for is decided anew at each connection. On failure the former
 * rules still hold: ERROR_LIMIT where these name more ports than are tried, ERROR_MEMORY.
 */
int names_set_rules(struct names *names, const struct net_rules *rules, struct error *err) must_check;

/*
 * What the container was given `address` for, and where it leads. *ret_dial is `address` itself, or behind a synthetic one
 * the real one. The names stay valid until the loop goes on. At most `room` of them; `room` 0 asks only for *ret_dial.
 * -ENOENT for a synthetic address that was not given, or whose name has no address any more.
 */
int names_of(struct names *names, const struct net_address *address, struct net_address *ret_dial,
             const char **ret_names, size_t room, size_t *ret_count) must_check;
#define NAMES_ROOM 64 /* more names of one address than these: the rest is not said, and so not permitted */

/*
 * A connection to `address` (as it was asked for) that is permitted by `name` begins, and ends: for that long the address
 * stays given for the name, whatever its lifetime. Each hold needs its release; a name that does not have it is nothing.
 */
void names_hold(struct names *names, const struct net_address *address, const char *name);
void names_release(struct names *names, const struct net_address *address, const char *name);

/*
 * Whom a provisional address stands for (rules->is_asked): a name that no rule grants, which was not resolved. NULL = nobody. Valid until
 * the loop goes on.
 */
const char *names_provisional(struct names *names, const struct net_address *address);

/* The addresses of a name (names_look.h), which is nobody's but who asks. */
void names_look(struct names *names, const char *name, struct names_look *look);

/*
 * The block out of which synthetic addresses are given under these rules, to be routed to the gateway; false = none of
 * this family.
 */
bool names_synthetic_block(const struct net_rules *rules, int family, struct net_block *ret_block);

#endif
