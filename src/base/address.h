/* SPDX-License-Identifier: Apache-2.0 */
/* Internet address blocks as text: "192.0.2.0/24", "2001:db8::/32", "192.0.2.1". No names. */
#ifndef CORDON_BASE_ADDRESS_H
#define CORDON_BASE_ADDRESS_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/error.h"

struct net_block {
    int family;                /* AF_INET, AF_INET6 */
    unsigned char address[16]; /* network order; 4 bytes used for AF_INET */
    unsigned prefix;           /* bits */
};

/* An address without a prefix is one host. Bits behind the prefix must be zero. */
int net_block_parse(const char *text, struct net_block *ret_block, struct error *err) must_check;

/* Same family, and every address of `inner` is in `outer`. */
bool net_block_contains(const struct net_block *outer, const struct net_block *inner);

#endif
