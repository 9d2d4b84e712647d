/* SPDX-License-Identifier: Apache-2.0 */
/* Single internet addresses, and what is special about some of them. */
#ifndef CORDON_NET_ADDRESS_H
#define CORDON_NET_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/address.h"
#include "base/compiler.h"

#define NET_ADDRESS_TEXT_SIZE 46

struct sockaddr;
struct net_address {
    int family;              /* AF_INET, AF_INET6 */
    unsigned char bytes[16]; /* network order; 4 bytes used for AF_INET, the rest zero */
};

enum net_address_class {
    NET_PUBLIC = 0,
    NET_UNUSABLE,   /* unspecified, multicast, broadcast, reserved, not given to anyone: never reached */
    NET_LOOPBACK,   /* 127.0.0.0/8, ::1 */
    NET_LINK_LOCAL, /* 169.254.0.0/16 (where cloud metadata lives), fe80::/10 */
    NET_METADATA,   /* metadata services elsewhere: fd00:ec2::254, 100.100.100.200, 168.63.129.16, ... */
    NET_PRIVATE,    /* 10/8, 172.16/12, 192.168/16, 100.64/10, 198.18/15, 192.0.0/24, fc00::/7, fec0::/10 */
};
const char *net_address_class_name(enum net_address_class class); /* "private", "link-local", ... */

/* IPv4 in its four decimal parts, or IPv6 without a zone; nothing else that some parsers accept. */
int net_address_parse(const char *text, size_t size, struct net_address *ret_address) must_check;
void net_address_print(const struct net_address *address, char ret_text[NET_ADDRESS_TEXT_SIZE]);

/* IPv4 within IPv6 becomes that IPv4 where the kernel would dial it (::ffff:0:0/96); else unchanged. */
struct net_address net_address_unmapped(const struct net_address *address);

/*
 * The IPv4 address that a gateway on the way would dial: NAT64 (64:ff9b::/96), 6to4, Teredo, ISATAP, IPv4-translated and
 * -compatible. Where one stands in 64:ff9b:1::/48 only that network knows (RFC 8215): NET_UNUSABLE.
 */
bool net_address_embedded(const struct net_address *address, struct net_address *ret_inner);

/* The strictest of the address's own class and that of what it embeds. */
enum net_address_class net_address_class(const struct net_address *address);

/* The bytes of one family compared; IPv4-mapped and IPv4 are two addresses here, one below. */
bool net_address_equals(const struct net_address *a, const struct net_address *b);
bool net_block_has(const struct net_block *block, const struct net_address *address);

/* From and to the kernel's form. `size` as the kernel gave it; -EINVAL for other families. */
int net_address_of(const struct sockaddr *from, size_t size, struct net_address *ret_address, unsigned *ret_port) must_check;

#endif
