/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the rules mean for a name as a whole, before any port is known: may its addresses be answered, and may two names
 * share one? Asked of net_decide() at every port at which a rule begins or ends to hold, so nothing is decided twice.
 */
#ifndef CORDON_GATEWAY_DNS_JUDGE_H
#define CORDON_GATEWAY_DNS_JUDGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/error.h"
#include "net/rules.h"

struct dns_judge;

/* `rules` stay the caller's, and valid for as long as the judge is used. ERROR_LIMIT: more different ports than are tried. */
int dns_judge_new(const struct net_rules *rules, struct dns_judge **ret_judge, struct error *err) must_check;
void dns_judge_free(struct dns_judge *judge);

/* Is any connection to this address permitted to who asked for this name? The decision is the first that permits, or one
 * that refuses. */
struct net_decision dns_judge_address(const struct dns_judge *judge, const char *name, const struct net_address *address,
                                      bool is_own);

/*
 * Would every connection that does not say whom it means be decided the same for both names at this address? Ports 80 and
 * 443 are left out: what is spoken there says its name.
 */
bool dns_judge_are_alike(const struct dns_judge *judge, const char *a, const char *b, const struct net_address *address,
                         bool is_own);

/* May datagrams be sent to port 53 of this address by its address alone: may everything be asked there? */
bool dns_judge_is_open_resolver(const struct dns_judge *judge, const struct net_address *address, bool is_own);

#endif
