/* SPDX-License-Identifier: Apache-2.0 */
/* Packets byte by byte; that the kernel takes them is shown by the live tests. */
#include "gateway/packet.h"

#include <netinet/in.h>

#include "gateway/udp.h"
#include "test.h"

static struct packet_end end(const char *text, unsigned port)
{
    struct packet_end made = {.port = (uint16_t)port};

    check_int(net_address_parse(text, strlen(text), &made.address), 0);
    return made;
}

static unsigned fold(uint32_t all)
{
    while (all >> 16)
        all = (all & 0xffff) + (all >> 16);
    return all;
}

static uint32_t add_words(const unsigned char *bytes, size_t size)
{
    uint32_t all = 0;

    for (size_t i = 0; i < size; i++)
        all += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
    return all;
}

TEST(a_datagram_comes_from_where_it_was_sent_to)
{
    unsigned char buffer[PACKET_HEADROOM + 5] = "", *packet, *body = buffer + PACKET_HEADROOM;
    struct packet_end from = end("93.184.216.34", 443), to = end("192.0.0.2", 40000);
    size_t size;

    memcpy(body, "hello", 5);
    packet = packet_datagram(&from, &to, body, 5, &size);
    check(packet == body - 28);
    check_int(size, 33);
    check_int(packet[0], 0x45);
    check_int(packet[9], IPPROTO_UDP);
    check_int(memcmp(packet + 12, "\x5d\xb8\xd8\x22\xc0\0\0\2", 8), 0);
    check_int(fold(add_words(packet, 20)), 0xffff);
    check_int(memcmp(packet + 20, "\1\xbb\x9c\x40\0\x0d", 6), 0);
    check_int(memcmp(packet + 28, "hello", 5), 0);
}

TEST(datagrams_of_version_6_have_a_right_checksum)
{
    unsigned char buffer[PACKET_HEADROOM + 5] = "", *packet, *body = buffer + PACKET_HEADROOM;
    struct packet_end from = end("2606:2800:220:1::34", 443), to = end("fdc0:7d09::2", 40000);
    size_t size;

    memcpy(body, "hello", 5);
    packet = packet_datagram(&from, &to, body, 5, &size);
    check(packet == buffer);
    check_int(size, 53);
    check_int(packet[6], IPPROTO_UDP);
    /* addresses, payload, length and protocol: what the receiver adds up */
    check_int(fold(add_words(packet + 8, 32) + add_words(packet + 40, 13) + 13 + IPPROTO_UDP), 0xffff);
}

TEST(what_no_packet_can_hold_is_none)
{
    static unsigned char buffer[PACKET_HEADROOM + 65536];
    struct packet_end from = end("93.184.216.34", 443), to = end("192.0.0.2", 40000);
    size_t size;

    check(packet_datagram(&from, &to, buffer + PACKET_HEADROOM, 65535 - 28, &size) != NULL);
    check(packet_datagram(&from, &to, buffer + PACKET_HEADROOM, 65535 - 27, &size) == NULL);
}

TEST(only_what_can_begin_quic_is_quic)
{
    static const unsigned char initial[] = {0xc3, 0, 0, 0, 1, 8, 0}, grease[] = {0xf0, 0x1a, 0x2a, 0x3a, 0x4a, 0, 0},
                               negotiation[] = {0xc0, 0, 0, 0, 0, 0, 0}, ntp[] = {0x23, 0, 6, 0xec, 0, 0, 0},
                               short_header[] = {0x40, 1, 2, 3, 4, 5, 6};

    check(udp_is_quic(initial, sizeof(initial)));
    check(udp_is_quic(grease, sizeof(grease)));
    check(!udp_is_quic(initial, 6));
    check(!udp_is_quic(negotiation, sizeof(negotiation)));
    check(!udp_is_quic(ntp, sizeof(ntp)));
    check(!udp_is_quic(short_header, sizeof(short_header)));
}
