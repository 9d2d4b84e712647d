/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DNS messages on the side that faces the container (RFC 1035, EDNS of RFC 6891, extended errors of RFC 8914): one
 * question in, one answer out. Pure functions over the caller's bytes: no allocation, no clock, no decision.
 */
#ifndef CORDON_GATEWAY_DNS_CODEC_H
#define CORDON_GATEWAY_DNS_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "net/address.h"
#include "net/name.h"

#define DNS_QUESTION_MAX   1232 /* bytes of a message that is read; a longer one is not a question */
#define DNS_UDP_SIZE       512  /* what everybody takes (RFC 1035, 4.2.1) */
#define DNS_UDP_SIZE_MAX   1232 /* what is not fragmented (DNS flag day 2020) */
#define DNS_ANSWER_MAX     2048 /* the longest that dns_answer_write() makes */
#define DNS_ADDRESSES_MAX  16
#define DNS_ERROR_TEXT_MAX 400

enum dns_rcode {
    DNS_NOERROR = 0,
    DNS_FORMERR = 1,
    DNS_SERVFAIL = 2,
    DNS_NXDOMAIN = 3,
    DNS_NOTIMP = 4,
    DNS_REFUSED = 5,
    DNS_BADVERS = 16, /* only in a message with OPT */
};

enum dns_type { DNS_A = 1, DNS_PTR = 12, DNS_AAAA = 28, DNS_OPT = 41 };

/* Extended errors (RFC 8914, 4) that are answered. */
enum dns_extended {
    DNS_EXTENDED_NONE = -1,
    DNS_EXTENDED_OTHER = 0,
    DNS_EXTENDED_BLOCKED = 15,        /* a deny rule, or an address that may not be reached */
    DNS_EXTENDED_PROHIBITED = 18,     /* no rule grants it */
    DNS_EXTENDED_NOT_SUPPORTED = 21,
    DNS_EXTENDED_NO_AUTHORITY = 22,   /* nobody answered */
};

struct dns_question {
    uint16_t id, flags, type;
    bool has_edns;
    size_t udp_size;                      /* what may be sent back in one datagram: 512..1232 */
    char name[NET_NAME_SIZE];             /* canonical */
    char shown[NET_NAME_SIZE];            /* for a person: what is no letter, digit, '-', '_' is '?' */
    unsigned char section[255 + 4];       /* the question as it was asked, to be repeated in the answer */
    size_t section_size;                  /* 0 = it could not be read */
};

/*
 * Read a message of the container. 0: a question of class IN whose name is canonical. Positive, enum dns_rcode: not to
 * be asked, answer so; `ret_question` has what the answer repeats. -EBADMSG: not to be answered at all (no whole header,
 * or itself an answer). Compressed names, a second question, records other than one OPT, bytes behind the end: FORMERR.
 */
int dns_question_read(const void *message, size_t size, struct dns_question *ret_question) must_check;

struct dns_answer {
    enum dns_rcode rcode;
    uint32_t ttl_s;
    const struct net_address *addresses; /* of the question's type; at most DNS_ADDRESSES_MAX are written */
    size_t address_count;
    const char *pointer; /* canonical name, NULL = none */
    enum dns_extended extended;
    const char *text; /* of the extended error, NULL = none; at most DNS_ERROR_TEXT_MAX bytes are written */
};

/*
 * Write the answer in at most `limit` bytes (DNS_UDP_SIZE or more; nothing longer than DNS_ANSWER_MAX is made). What
 * finds no room goes: first the extended error's text, then the records, and TC is set. Returns the message's size.
 */
size_t dns_answer_write(const struct dns_question *question, const struct dns_answer *answer, size_t limit,
                        unsigned char ret_message[DNS_ANSWER_MAX]);

/* What "4.3.2.1.in-addr.arpa" or "... .ip6.arpa" is about (RFC 1035, 3.5; RFC 3596, 2.5). False for all else. */
bool dns_reverse_address(const char *name, struct net_address *ret_address);

#endif
