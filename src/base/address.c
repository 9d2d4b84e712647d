/* SPDX-License-Identifier: Apache-2.0 */
/* Address blocks. */
#include "base/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/number.h"

static bool bit_is_set(const unsigned char *address, unsigned bit)
{
    return address[bit / 8] & (0x80u >> (bit % 8));
}

int net_block_parse(const char *text, struct net_block *ret_block, struct error *err)
{
    struct net_block block = {.family = strchr(text, ':') ? AF_INET6 : AF_INET};
    const char *slash = strchr(text, '/');
    char address[INET6_ADDRSTRLEN] = "";
    size_t length = slash ? (size_t)(slash - text) : strlen(text);
    unsigned bits = block.family == AF_INET ? 32 : 128;
    uint64_t prefix = bits;
    int status = 0;

    if (length < sizeof(address))
        memcpy(address, text, length);
    if (length >= sizeof(address) || inet_pton(block.family, address, block.address) != 1)
        return error_set(err, ERROR_INVALID, EINVAL, "'%s' is not an address block (write %s)",
                         text, "192.0.2.0/24 or 2001:db8::/32");
    if (slash)
        status = number_parse(slash + 1, 0, bits, &prefix, err);
    if (status < 0)
        return error_prepend(err, "prefix length");
    block.prefix = (unsigned)prefix;
    for (unsigned bit = block.prefix; bit < bits; bit++)
        if (bit_is_set(block.address, bit))
            return error_set(err, ERROR_INVALID, EINVAL,
                             "'%s' has address bits behind its prefix; set them to zero or "
                             "lengthen the prefix",
                             text);
    *ret_block = block;
    return 0;
}

bool net_block_contains(const struct net_block *outer, const struct net_block *inner)
{
    if (outer->family != inner->family || outer->prefix > inner->prefix)
        return false;
    for (unsigned bit = 0; bit < outer->prefix; bit++)
        if (bit_is_set(outer->address, bit) != bit_is_set(inner->address, bit))
            return false;
    return true;
}
