/* SPDX-License-Identifier: Apache-2.0 */
/* Single addresses: as text, as the kernel has them, what is special about them. */
#include "net/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "net/special.h"

/*
 * The IANA registries of special addresses (RFC 6890), as far as they matter to who dials one. Within a row that only a rule
 * inside it can grant (link-local, metadata) lies no other row: tests/unit/net holds this.
 */
static const struct net_special rows[] = {
    {{AF_INET, {100, 100, 100, 200}, 32}, NET_METADATA}, /* Alibaba */
    {{AF_INET, {168, 63, 129, 16}, 32}, NET_METADATA},   /* Azure */
    {{AF_INET, {192, 0, 0, 192}, 32}, NET_METADATA},     /* Oracle */
    {{AF_INET, {0}, 8}, NET_UNUSABLE},                   /* the kernel dials itself for 0.0.0.0 */
    {{AF_INET, {127}, 8}, NET_LOOPBACK},
    {{AF_INET, {169, 254}, 16}, NET_LINK_LOCAL},
    {{AF_INET, {10}, 8}, NET_PRIVATE},
    {{AF_INET, {172, 16}, 12}, NET_PRIVATE},
    {{AF_INET, {192, 168}, 16}, NET_PRIVATE},
    {{AF_INET, {100, 64}, 10}, NET_PRIVATE}, /* carriers, and overlays of organisations */
    {{AF_INET, {198, 18}, 15}, NET_PRIVATE}, /* benchmarks */
    {{AF_INET, {192, 0, 0}, 24}, NET_PRIVATE},
    {{AF_INET, {224}, 4}, NET_UNUSABLE},
    {{AF_INET, {240}, 4}, NET_UNUSABLE},
    {{AF_INET6, {[15] = 1}, 128}, NET_LOOPBACK},
    {{AF_INET6, {0xfd, 0x00, 0x0e, 0xc2}, 32}, NET_METADATA},                          /* Amazon */
    {{AF_INET6, {0xfd, 0x20, 0x00, 0xce, [14] = 0x02, [15] = 0x54}, 128}, NET_METADATA}, /* Google */
    {{AF_INET6, {0xfd, 0x00, 0x00, 0x42, [15] = 0x42}, 128}, NET_METADATA},            /* Scaleway */
    {{AF_INET6, {0xfe, 0x80}, 10}, NET_LINK_LOCAL},
    {{AF_INET6, {0xfc}, 7}, NET_PRIVATE},
    {{AF_INET6, {0xfe, 0xc0}, 10}, NET_PRIVATE},
    {{AF_INET6, {0x00, 0x64, 0xff, 0x9b}, 96}, NET_PUBLIC}, /* by what it embeds */
    {{AF_INET6, {0x20}, 3}, NET_PUBLIC},
    {{AF_INET6, {0}, 0}, NET_UNUSABLE}, /* not given to anyone, multicast, local translation (64:ff9b:1::/48) */
};

/* Where an IPv4 address stands within one of IPv6. */
static const struct embedding {
    struct net_block block;
    unsigned at;    /* byte */
    bool is_turned; /* every bit */
} embeddings[] = {
    {{AF_INET6, {0x00, 0x64, 0xff, 0x9b}, 96}, 12, false},             /* NAT64, RFC 6052 */
    {{AF_INET6, {0x20, 0x02}, 16}, 2, false},                          /* 6to4, RFC 3056 */
    {{AF_INET6, {0x20, 0x01, 0, 0}, 32}, 12, true},                    /* Teredo, RFC 4380 */
    {{AF_INET6, {[8] = 0xff, [9] = 0xff}, 96}, 12, false},             /* IPv4-translated, RFC 2765 */
    {{AF_INET6, {0}, 96}, 12, false},                                  /* IPv4-compatible, RFC 4291 */
};

static const unsigned char mapped_prefix[12] = {[10] = 0xff, [11] = 0xff};

const char *net_address_class_name(enum net_address_class class)
{
    static const char *const names[] = {
        [NET_PUBLIC] = "public",         [NET_UNUSABLE] = "unusable", [NET_LOOPBACK] = "loopback",
        [NET_LINK_LOCAL] = "link-local", [NET_METADATA] = "metadata", [NET_PRIVATE] = "private",
    };

    return (size_t)class < ARRAY_COUNT(names) ? names[class] : "unknown";
}

int net_address_parse(const char *text, size_t size, struct net_address *ret_address)
{
    struct net_address address = {0};
    char copy[NET_ADDRESS_TEXT_SIZE];

    if (!size || size >= sizeof(copy) || memchr(text, '\0', size))
        return -EINVAL;
    memcpy(copy, text, size);
    copy[size] = '\0';
    address.family = strchr(copy, ':') ? AF_INET6 : AF_INET;
    if (inet_pton(address.family, copy, address.bytes) != 1)
        return -EINVAL;
    *ret_address = address;
    return 0;
}

void net_address_print(const struct net_address *address, char ret_text[NET_ADDRESS_TEXT_SIZE])
{
    if (!inet_ntop(address->family, address->bytes, ret_text, NET_ADDRESS_TEXT_SIZE))
        memcpy(ret_text, "?", sizeof("?"));
}

struct net_address net_address_unmapped(const struct net_address *address)
{
    struct net_address inner = {.family = AF_INET};

    if (address->family != AF_INET6 || memcmp(address->bytes, mapped_prefix, sizeof(mapped_prefix)) != 0)
        return *address;
    memcpy(inner.bytes, address->bytes + 12, 4);
    return inner;
}

struct net_block net_block_unmapped(const struct net_block *block)
{
    struct net_block inner = {.family = AF_INET};

    if (block->family != AF_INET6 || block->prefix < 96 ||
        memcmp(block->address, mapped_prefix, sizeof(mapped_prefix)) != 0)
        return *block;
    memcpy(inner.address, block->address + 12, 4);
    inner.prefix = block->prefix - 96;
    return inner;
}

static bool has_prefix(const unsigned char *address, const unsigned char *prefix, unsigned bits)
{
    unsigned rest = bits % 8;

    if (memcmp(address, prefix, bits / 8) != 0)
        return false;
    return !rest || (address[bits / 8] ^ prefix[bits / 8]) >> (8 - rest) == 0;
}

bool net_block_has(const struct net_block *block, const struct net_address *address)
{
    struct net_block outer = net_block_unmapped(block);
    struct net_address inner = net_address_unmapped(address);

    return outer.family == inner.family && has_prefix(inner.bytes, outer.address, outer.prefix);
}

/* An interface identifier of ISATAP (RFC 5214, 6.1), under whatever prefix. */
static bool is_isatap(const struct net_address *address)
{
    return (address->bytes[8] & 0xfd) == 0 && address->bytes[9] == 0 && address->bytes[10] == 0x5e &&
           address->bytes[11] == 0xfe;
}

/* "::" and "::1" look IPv4-compatible and are not. */
static bool is_zero_or_one(const struct net_address *address)
{
    static const unsigned char zero[15];

    return memcmp(address->bytes, zero, sizeof(zero)) == 0 && address->bytes[15] <= 1;
}

bool net_address_embedded_at(const struct net_address *address, struct net_address *ret_inner, unsigned *ret_offset)
{
    static const struct embedding isatap = {.at = 12};
    const struct embedding *found = NULL;
    struct net_address inner = {.family = AF_INET};

    if (address->family != AF_INET6 || is_zero_or_one(address))
        return false;
    for (size_t i = 0; i < ARRAY_COUNT(embeddings) && !found; i++)
        if (has_prefix(address->bytes, embeddings[i].block.address, embeddings[i].block.prefix))
            found = &embeddings[i];
    if (!found && is_isatap(address))
        found = &isatap;
    if (!found)
        return false;
    for (unsigned i = 0; i < 4; i++)
        inner.bytes[i] = (unsigned char)(address->bytes[found->at + i] ^ (found->is_turned ? 0xff : 0));
    *ret_inner = inner;
    *ret_offset = found->at * 8;
    return true;
}

bool net_address_embedding(const struct net_address *inner, size_t index, struct net_address *ret_outer, bool *ret_is_turned)
{
    const struct embedding *way = &embeddings[index];
    struct net_address outer = {.family = AF_INET6};

    if (index >= ARRAY_COUNT(embeddings))
        return false;
    memcpy(outer.bytes, way->block.address, sizeof(outer.bytes));
    for (unsigned i = 0; i < 4; i++)
        outer.bytes[way->at + i] = (unsigned char)(inner->bytes[i] ^ (way->is_turned ? 0xff : 0));
    *ret_outer = outer;
    *ret_is_turned = way->is_turned;
    return true;
}

const struct net_block *net_embedding_block(size_t index)
{
    return index < ARRAY_COUNT(embeddings) ? &embeddings[index].block : NULL;
}

bool net_address_embedded(const struct net_address *address, struct net_address *ret_inner)
{
    unsigned offset;

    return net_address_embedded_at(address, ret_inner, &offset);
}

const struct net_special *net_special_rows(size_t *ret_count)
{
    *ret_count = ARRAY_COUNT(rows);
    return rows;
}

const struct net_special *net_special_of(const struct net_address *address)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (rows[i].block.family == address->family &&
            has_prefix(address->bytes, rows[i].block.address, rows[i].block.prefix))
            return &rows[i];
    return NULL;
}

enum net_address_class net_address_class(const struct net_address *address)
{
    static const unsigned strictness[] = {
        [NET_PUBLIC] = 0,     [NET_PRIVATE] = 1,  [NET_LINK_LOCAL] = 2,
        [NET_METADATA] = 3,   [NET_LOOPBACK] = 4, [NET_UNUSABLE] = 5,
    };
    struct net_address dialled = net_address_unmapped(address), inner;
    const struct net_special *row = net_special_of(&dialled);
    enum net_address_class class = row ? row->class : NET_PUBLIC;

    if (dialled.family != AF_INET && dialled.family != AF_INET6)
        return NET_UNUSABLE;
    if (net_address_embedded(&dialled, &inner)) {
        row = net_special_of(&inner);
        if (row && strictness[row->class] > strictness[class])
            class = row->class;
    }
    return class;
}

bool net_address_equals(const struct net_address *a, const struct net_address *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, a->family == AF_INET ? 4 : 16) == 0;
}

int net_address_of(const struct sockaddr *from, size_t size, struct net_address *ret_address, unsigned *ret_port)
{
    struct net_address address = {0};
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;

    if (size < sizeof(from->sa_family))
        return -EINVAL;
    address.family = from->sa_family;
    if (address.family == AF_INET && size >= sizeof(ipv4)) {
        memcpy(&ipv4, from, sizeof(ipv4));
        memcpy(address.bytes, &ipv4.sin_addr, 4);
        *ret_port = ntohs(ipv4.sin_port);
    } else if (address.family == AF_INET6 && size >= sizeof(ipv6)) {
        memcpy(&ipv6, from, sizeof(ipv6));
        memcpy(address.bytes, &ipv6.sin6_addr, 16);
        *ret_port = ntohs(ipv6.sin6_port);
    } else {
        return -EINVAL;
    }
    *ret_address = address;
    return 0;
}
