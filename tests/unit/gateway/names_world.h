/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A resolver under test in a network namespace of its own: the resolver in one process, the host's name server in another
 * that answers by what is asked for, and the test as the program inside.
 */
#ifndef CORDON_TESTS_NAMES_WORLD_H
#define CORDON_TESTS_NAMES_WORLD_H

#include <stdbool.h>

#include "dns_message.h"

/* Where the resolver is asked. */
#define WORLD_RESOLVER "127.0.0.2"
#define WORLD_OTHER    "8.8.4.4" /* another address that leads to it */

struct world {
    int resolver_pid, server_pid;
    int events;  /* lines "NAME REASON", of what was refused */
    int control; /* to the resolver's process */
};

/* Rules as rules_of() reads them; `hosts` is the text of a hosts file, NULL = none. */
void world_begin(struct world *world, const char *rules, const char *hosts);
void world_end(struct world *world);

void world_forget_route6(void); /* the host has no way to any address of version 6 any more */

/* Ask by datagram, or by TCP, with EDNS. The answer's id is checked, and that it comes from where it was asked. */
void world_ask(const char *name, unsigned type, struct reply *ret_reply);
void world_ask_tcp(const char *name, unsigned type, struct reply *ret_reply);
void world_ask_at(const char *resolver, const char *name, unsigned type, struct reply *ret_reply);
void world_ask_tcp_at(const char *resolver, const char *name, unsigned type, struct reply *ret_reply);

/* Addresses of the answer, joined by blanks in order; "" = none. Valid until the next call. */
const char *world_addresses(const char *name, unsigned type);

/* The next event, waited for a second; "" = none. Valid until the next call. */
const char *world_event(struct world *world);

/* What names_of() says of an address: "DIAL NAME..." or "-ERRNO". Valid until the next call. */
const char *world_names_of(struct world *world, const char *address);

/* names_set_rules(); 0 or -errno. */
int world_set_rules(struct world *world, const char *rules);

int world_udp(void); /* a connected datagram socket to the resolver, with a time limit of 8 s; the caller's to close */
int world_tcp(void);

#endif
