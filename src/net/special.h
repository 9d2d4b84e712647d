/* SPDX-License-Identifier: Apache-2.0 */
/* For the files of this part: the table of special addresses, and where an IPv4 address stands within another. */
#ifndef CORDON_NET_SPECIAL_H
#define CORDON_NET_SPECIAL_H

#include <stddef.h>

#include "net/address.h"

struct net_special {
    struct net_block block;
    enum net_address_class class;
};

/* Every address is in one row or none (public); where it is in several, the first counts. */
const struct net_special *net_special_rows(size_t *ret_count);
const struct net_special *net_special_of(const struct net_address *address);

/* As net_address_embedded(); *ret_offset: the bits before it. */
bool net_address_embedded_at(const struct net_address *address, struct net_address *ret_inner, unsigned *ret_offset);

/*
 * An IPv6 address that embeds this IPv4 one, its other bits zero; `index` counts the ways, false = there are no more. Not
 * ISATAP, which may have any prefix. *ret_is_turned: what follows an address here precedes it there.
 */
bool net_address_embedding(const struct net_address *inner, size_t index, struct net_address *ret_outer, bool *ret_is_turned);

/* Where all addresses are that embed one in this way; NULL = there are no more ways. */
const struct net_block *net_embedding_block(size_t index);

/* A block of ::ffff:0:0/96 becomes the IPv4 block that it means; else unchanged. */
struct net_block net_block_unmapped(const struct net_block *block);

#endif
