/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For which names this container was given which address, and until when. A pin is there for as long as it was promised
 * and for as long as a connection uses it; it is never pushed out by another, so what is full answers no more questions.
 */
#ifndef CORDON_GATEWAY_PINS_H
#define CORDON_GATEWAY_PINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/error.h"
#include "net/address.h"
#include "net/name.h"

#define PINS_MAX        4096
#define PINS_NAMES_MAX  64 /* names of one address */
#define PINS_TTL_MIN_S  60 /* what a server says it wants is asked again no sooner: rebinding */
#define PINS_TTL_MAX_S  3600

/* Addresses that stand for a name and a real address, never for themselves. Of RFC 2544's, and of NET_INSIDE's fc00::/7. */
#define PINS_SYNTHETIC4 "198.18.0.0/15"
#define PINS_SYNTHETIC6 "fdc0:7d09:1::/64"

struct pins;

struct pin {
    char name[NET_NAME_SIZE];
    struct net_address given; /* what the container was told */
    struct net_address real;  /* what is dialled: the same but for synthetic ones */
    uint64_t until_ns;
    uint32_t uses;
    uint32_t next; /* in its chain; the table's own */
};

int pins_new(struct pins **ret_pins, struct error *err) must_check;
void pins_free(struct pins *pins);

uint32_t pins_ttl(uint32_t ttl_s); /* between the two limits */

/*
 * `name` has `real` and the container is told `real`. Pinned already: it lives at least until `now_ns` + `ttl_s`, clamped.
 * -ENOSPC: the table is full of live pins; -E2BIG: PINS_NAMES_MAX others have the address.
 */
int pins_add(struct pins *pins, const char *name, const struct net_address *real, uint64_t now_ns, uint32_t ttl_s) must_check;

/* As pins_add(), told an address that nobody else was. While that pin lives, the same name and address get the same. */
int pins_add_synthetic(struct pins *pins, const char *name, const struct net_address *real, uint64_t now_ns,
                       uint32_t ttl_s, struct net_address *ret_given) must_check;

/* The live pins of an address that the container was told, at most `room`. Valid until the next call that adds. */
size_t pins_find(const struct pins *pins, const struct net_address *given, uint64_t now_ns, const struct pin **ret_pins,
                 size_t room);

/* Is the address in one of the blocks that are synthetic? */
bool pins_is_synthetic(const struct net_address *address);

/* A connection of this name to this address begins, and ends. Neither is anything to a pin that is not there. */
void pins_hold(struct pins *pins, const struct net_address *given, const char *name);
void pins_release(struct pins *pins, const struct net_address *given, const char *name);

#endif
