/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses that stand for a name about which somebody is asked, and for nothing else: the name is not resolved before the
 * answer, and nothing leads anywhere from here. Bounded; what is there is not pushed out, and what finds no room is refused
 * as without anybody being asked. Not among the pins, so that names that nobody granted take no room of those that somebody did.
 */
#ifndef CORDON_GATEWAY_PROVISIONAL_H
#define CORDON_GATEWAY_PROVISIONAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "net/address.h"

#define PROVISIONAL_MAX    256
#define PROVISIONAL_TTL_S  5  /* what the program is told */
#define PROVISIONAL_LIFE_S 60 /* after the last question or connection: programs that remember longer ask again */

struct provisional;

struct provisional *provisional_new(void) must_check; /* NULL without memory */
void provisional_free(struct provisional *provisional);

/* The address of this name, out of 198.19.0.0/16. False: there is no room. */
bool provisional_give(struct provisional *provisional, const char *name, uint64_t now_ns, struct net_address *ret_address);

/* Whom it stands for, which prolongs it; NULL = nobody. Valid until the next provisional_give(). */
const char *provisional_find(struct provisional *provisional, const struct net_address *address, uint64_t now_ns);

#endif
