/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container with a gateway finds in its network namespace: one interface, lo, with these addresses. What may be
 * reached is routed to lo as well, where the gateway listens for all of it (docs/decisions/0110).
 */
#ifndef CORDON_NET_INSIDE_H
#define CORDON_NET_INSIDE_H

/* Of 192.0.0.0/29 (RFC 7335), which is never routed, and of an own fc00::/7. */
#define NET_INSIDE_ADDRESS4 "192.0.0.2" /* the container's */
#define NET_INSIDE_ADDRESS6 "fdc0:7d09::2"
#define NET_INSIDE_GATEWAY4 "192.0.0.1" /* the resolver's, and whatever else the gateway itself answers */
#define NET_INSIDE_GATEWAY6 "fdc0:7d09::1"

/* Where redirected connections and datagrams arrive. A program cannot listen there: the kernel takes it as reserved. */
#define NET_INSIDE_PORT 1
#define NET_INSIDE_DNS_PORT 53

#endif
