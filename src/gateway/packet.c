/* SPDX-License-Identifier: Apache-2.0 */
/* Headers of IP, UDP and ICMP (RFC 791, 8200, 768, 792, 4443), byte by byte. */
#include "gateway/packet.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#define HEADER4 20u
#define HEADER6 40u
#define HEADER_UDP 8u
#define HEADER_ICMP 8u
#define HOPS 64

static void put16(unsigned char *at, size_t value)
{
    at[0] = (unsigned char)(value >> 8);
    at[1] = (unsigned char)value;
}

static size_t header_size(int family)
{
    return family == AF_INET ? HEADER4 : HEADER6;
}

static uint32_t sum(uint32_t so_far, const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i + 1 < size; i += 2)
        so_far += (uint32_t)bytes[i] << 8 | bytes[i + 1];
    if (size % 2)
        so_far += (uint32_t)bytes[size - 1] << 8;
    return so_far;
}

static uint16_t checksum(uint32_t all)
{
    while (all >> 16)
        all = (all & 0xffff) + (all >> 16);
    return (uint16_t)~all;
}

/* The pseudo header of IPv6 (RFC 8200, 8.1) and what follows. */
static uint16_t checksum6(const struct net_address *from, const struct net_address *to, unsigned protocol,
                          const unsigned char *bytes, size_t size)
{
    uint32_t all = sum(sum(0, from->bytes, 16), to->bytes, 16) + (uint32_t)size + protocol;

    return checksum(sum(all, bytes, size));
}

static void put_header(unsigned char *at, const struct net_address *from, const struct net_address *to,
                       unsigned protocol, size_t payload)
{
    memset(at, 0, header_size(from->family));
    if (from->family == AF_INET) {
        at[0] = 0x45;
        put16(at + 2, HEADER4 + payload);
        at[8] = HOPS;
        at[9] = (unsigned char)protocol;
        memcpy(at + 12, from->bytes, 4);
        memcpy(at + 16, to->bytes, 4);
        put16(at + 10, checksum(sum(0, at, HEADER4)));
        return;
    }
    at[0] = 0x60;
    put16(at + 4, payload);
    at[6] = (unsigned char)protocol;
    at[7] = HOPS;
    memcpy(at + 8, from->bytes, 16);
    memcpy(at + 24, to->bytes, 16);
}

static void put_udp(unsigned char *at, unsigned from, unsigned to, size_t body)
{
    put16(at, from);
    put16(at + 2, to);
    put16(at + 4, HEADER_UDP + body);
    put16(at + 6, 0); /* IPv4: none */
}

unsigned char *packet_datagram(const struct packet_end *from, const struct packet_end *to, unsigned char *body,
                               size_t body_size, size_t *ret_size)
{
    int family = from->address.family;
    unsigned char *udp = body - HEADER_UDP, *start = udp - header_size(family);
    size_t size = header_size(family) + HEADER_UDP + body_size;
    uint16_t check;

    if (size > PACKET_MAX || to->address.family != family)
        return NULL;
    put_header(start, &from->address, &to->address, IPPROTO_UDP, HEADER_UDP + body_size);
    put_udp(udp, from->port, to->port, body_size);
    if (family == AF_INET6) {
        check = checksum6(&from->address, &to->address, IPPROTO_UDP, udp, HEADER_UDP + body_size);
        put16(udp + 6, check ? check : 0xffff);
    }
    *ret_size = size;
    return start;
}

/* About a packet of `protocol` whose first eight bytes behind its header are `first`, and which had `size` in all of them. */
struct about {
    const struct net_address *client, *wanted;
    unsigned protocol;
    const unsigned char *first;
    size_t size;
};

static size_t put_error(const struct about *about, unsigned type, unsigned code, unsigned char ret_packet[PACKET_UNREACHABLE_MAX])
{
    int family = about->client->family;
    bool is_six = family == AF_INET6;
    size_t header = header_size(family), payload = HEADER_ICMP + header + PACKET_QUOTED;
    unsigned char *icmp = ret_packet + header, *quoted = icmp + HEADER_ICMP;

    memset(ret_packet, 0, PACKET_UNREACHABLE_MAX);
    put_header(quoted, about->client, about->wanted, about->protocol, about->size);
    memcpy(quoted + header, about->first, PACKET_QUOTED);
    icmp[0] = (unsigned char)type;
    icmp[1] = (unsigned char)code;
    put16(icmp + 2, is_six ? checksum6(about->wanted, about->client, IPPROTO_ICMPV6, icmp, payload)
                           : checksum(sum(0, icmp, payload)));
    put_header(ret_packet, about->wanted, about->client, is_six ? IPPROTO_ICMPV6 : IPPROTO_ICMP, payload);
    return header + payload;
}

size_t packet_unreachable(const struct packet_end *client, const struct packet_end *wanted, size_t size,
                          unsigned char ret_packet[PACKET_UNREACHABLE_MAX])
{
    bool is_six = client->address.family == AF_INET6;
    unsigned char udp[PACKET_QUOTED];
    struct about about = {&client->address, &wanted->address, IPPROTO_UDP, udp, HEADER_UDP + size};

    put_udp(udp, client->port, wanted->port, size);
    return put_error(&about, is_six ? 1 : 3, is_six ? 4 : 3, ret_packet); /* destination unreachable: port */
}

size_t packet_prohibited(const struct net_address *client, const struct net_address *wanted, const unsigned char *echo,
                         size_t size, unsigned char ret_packet[PACKET_UNREACHABLE_MAX])
{
    bool is_six = client->family == AF_INET6;
    struct about about = {client, wanted, is_six ? IPPROTO_ICMPV6 : IPPROTO_ICMP, echo, size};

    return put_error(&about, is_six ? 1 : 3, is_six ? 1 : 13, ret_packet); /* communication administratively prohibited */
}

unsigned char *packet_echo_reply(const struct net_address *from, const struct net_address *to, unsigned char *echo, size_t size,
                                 size_t *ret_size)
{
    bool is_six = from->family == AF_INET6;
    unsigned char *start = echo - header_size(from->family);

    if (header_size(from->family) + size > PACKET_MAX || to->family != from->family)
        return NULL;
    echo[0] = is_six ? 129 : 0;
    echo[1] = 0;
    put16(echo + 2, 0);
    put16(echo + 2, is_six ? checksum6(from, to, IPPROTO_ICMPV6, echo, size) : checksum(sum(0, echo, size)));
    put_header(start, from, to, is_six ? IPPROTO_ICMPV6 : IPPROTO_ICMP, size);
    *ret_size = header_size(from->family) + size;
    return start;
}
