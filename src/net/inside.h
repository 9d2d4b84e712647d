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

/*
 * The mark (SO_MARK) of a program's sockets says whose they are: the keeper sets it when the program connects, the gateway
 * finds it on what it accepts (net.ipv4.tcp_fwmark_accept). A socket without one is of an unknown program. Nobody inside can
 * set one: it takes CAP_NET_ADMIN or CAP_NET_RAW.
 */
#define NET_MARK_PID_BITS        22u /* PID_MAX_LIMIT */
#define NET_MARK(program, pid)   ((uint32_t)(program) << NET_MARK_PID_BITS | (uint32_t)(pid))
#define NET_MARK_PROGRAM(mark)   ((uint16_t)((uint32_t)(mark) >> NET_MARK_PID_BITS)) /* from 1: of net_rules.programs; 0 = none of them */
#define NET_MARK_PID(mark)       ((uint32_t)(mark) & ((1u << NET_MARK_PID_BITS) - 1)) /* in the container's numbers; 0 = not known */

#endif
