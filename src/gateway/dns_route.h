/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the host has a way to an address. */
#ifndef CORDON_GATEWAY_DNS_ROUTE_H
#define CORDON_GATEWAY_DNS_ROUTE_H

#include <stdbool.h>

#include "net/address.h"

/*
 * Nothing is sent. A program inside believes every address to be within reach, as the gateway accepts for all of them, and
 * would not go on to the next one as it does outside: so what the host cannot reach is not answered.
 */
bool dns_route_exists(const struct net_address *address);

#endif
