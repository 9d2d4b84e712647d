/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole packets for the raw sockets inside: a datagram that comes from where the program had sent one to, and the word
 * that nobody is there. Sockets bound to each of these addresses would do the same with a descriptor for each.
 */
#ifndef CORDON_GATEWAY_PACKET_H
#define CORDON_GATEWAY_PACKET_H

#include <stddef.h>
#include <stdint.h>

#include "net/address.h"

#define PACKET_HEADROOM 48 /* IPv6 and UDP */
#define PACKET_MAX      65535u

struct packet_end {
    struct net_address address;
    uint16_t port;
};

/*
 * A datagram's packet: `body` has PACKET_HEADROOM bytes before it, into which the headers are written. Returns where the
 * packet begins, NULL when it would be too long.
 */
unsigned char *packet_datagram(const struct packet_end *from, const struct packet_end *to, unsigned char *body,
                               size_t body_size, size_t *ret_size);

/* ICMP port unreachable, about a datagram of `size` bytes that `client` sent to `wanted`. Returns its size. */
#define PACKET_UNREACHABLE_MAX 96
size_t packet_unreachable(const struct packet_end *client, const struct packet_end *wanted, size_t size,
                          unsigned char ret_packet[PACKET_UNREACHABLE_MAX]);

/* ICMP administratively prohibited, about an echo request of `size` bytes (at least PACKET_QUOTED). */
#define PACKET_QUOTED 8u
size_t packet_prohibited(const struct net_address *client, const struct net_address *wanted, const unsigned char *echo,
                         size_t size, unsigned char ret_packet[PACKET_UNREACHABLE_MAX]);

/* What answers an echo request, its identifier and what follows: as packet_datagram(), `echo` is the ICMP message. */
unsigned char *packet_echo_reply(const struct net_address *from, const struct net_address *to, unsigned char *echo, size_t size,
                                 size_t *ret_size);

#endif
