/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of addresses as MXC writes them: "10.0.0.0/8", "2001:db8::/32", or one address. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "policy/mxc/request.h"

static unsigned bits_of(int family)
{
    return family == AF_INET ? 32 : 128;
}

/* Is the part of `address` behind `prefix` bits zero? */
static bool is_network(const unsigned char *address, unsigned prefix, unsigned bits)
{
    for (unsigned i = prefix; i < bits; i++)
        if (address[i / 8] & (0x80u >> (i % 8)))
            return false;
    return true;
}

/* As Rust reads an u8: digits with an optional '+'. */
static bool parse_prefix(const char *text, unsigned bits, unsigned *ret_prefix)
{
    uint64_t value;

    if (number_parse(text + (*text == '+'), 0, bits, &value, NULL) < 0)
        return false;
    *ret_prefix = (unsigned)value;
    return true;
}

const char *mxc_cidr_parse(const char *text, struct net_block *ret_block)
{
    const char *slash = strchr(text, '/');
    size_t length = slash ? (size_t)(slash - text) : strlen(text);
    struct net_block block = {.family = AF_INET};
    char address[INET6_ADDRSTRLEN + 1];

    if (length >= sizeof(address))
        return "is no IP address";
    memcpy(address, text, length);
    address[length] = '\0';
    if (inet_pton(AF_INET, address, block.address) != 1) {
        block.family = AF_INET6;
        if (inet_pton(AF_INET6, address, block.address) != 1)
            return "is no IP address; names are not allowed here";
    }
    block.prefix = bits_of(block.family);
    if (slash && !parse_prefix(slash + 1, block.prefix, &block.prefix))
        return block.family == AF_INET ? "has a length that is not in 0..32"
                                       : "has a length that is not in 0..128";
    if (!is_network(block.address, block.prefix, bits_of(block.family)))
        return "host part of address was not zero";
    *ret_block = block;
    return NULL;
}

bool mxc_cidr_contains(const struct net_block *outer, const struct net_block *inner)
{
    if (outer->family != inner->family || outer->prefix > inner->prefix)
        return false;
    for (unsigned i = 0; i < outer->prefix; i++)
        if ((outer->address[i / 8] ^ inner->address[i / 8]) & (0x80u >> (i % 8)))
            return false;
    return true;
}

bool mxc_cidr_is_ambiguous(const struct net_block *block)
{
    static const struct net_block mapped = {
        .family = AF_INET6, .address = {[10] = 0xff, [11] = 0xff}, .prefix = 96};

    return block->prefix < 96 && mxc_cidr_contains(block, &mapped);
}
