/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: messages of both sides of the resolver. The first byte says which; then, for a question of the
 * container: how it is answered, and the message. What is read as a question is written again and reads the same; each
 * answer to it is one that a reader of its own finds well-formed and within its limit. For an answer of a name server: the
 * type that was asked, and the message, which leads to a bounded number of addresses of that type.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "gateway/dns_codec.h"
#include "gateway/dns_upstream.h"
#include "gateway/pins.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hold(bool condition)
{
    if (!condition)
        abort();
}

/* ---- a reader of answers, which believes nothing ---- */

struct cursor {
    const unsigned char *bytes;
    size_t size, at;
};

static unsigned take(struct cursor *cursor, size_t size)
{
    unsigned value = 0;

    hold(size <= cursor->size - cursor->at);
    while (size--)
        value = value << 8 | cursor->bytes[cursor->at++];
    return value;
}

static void skip(struct cursor *cursor, size_t size)
{
    hold(size <= cursor->size - cursor->at);
    cursor->at += size;
}

static void skip_name(struct cursor *cursor)
{
    for (unsigned length = take(cursor, 1); length; length = take(cursor, 1)) {
        hold(length < 64);
        skip(cursor, length);
    }
}

static void check_answer(const unsigned char *bytes, size_t size, const struct dns_question *question, size_t limit)
{
    struct cursor cursor = {.bytes = bytes, .size = size};
    unsigned flags, questions, answers, others;

    hold(size >= 12 && size <= limit && size <= DNS_ANSWER_MAX);
    hold(take(&cursor, 2) == question->id);
    flags = take(&cursor, 2);
    questions = take(&cursor, 2);
    answers = take(&cursor, 2);
    hold(flags & 0x8000 && (flags & 0x7910) == (question->flags & 0x7910u) && take(&cursor, 2) == 0);
    others = take(&cursor, 2);
    hold(questions == (question->section_size != 0) && others == question->has_edns && answers <= DNS_ADDRESSES_MAX + 1);
    hold(!(flags & 0x0200) || !answers);
    if (questions) {
        hold(memcmp(bytes + cursor.at, question->section, question->section_size) == 0);
        skip_name(&cursor);
        skip(&cursor, 4);
        hold(cursor.at == 12 + question->section_size);
    }
    for (unsigned i = 0; i < answers; i++) {
        hold(take(&cursor, 2) == 0xc00c); /* the name behind the header */
        skip(&cursor, 8);
        skip(&cursor, take(&cursor, 2));
    }
    if (others) {
        hold(take(&cursor, 1) == 0 && take(&cursor, 2) == DNS_OPT);
        skip(&cursor, 6);
        skip(&cursor, take(&cursor, 2));
    }
    hold(cursor.at == size);
}

/* ---- questions of the container ---- */

/* The same question, and nothing that the reader left out of account. */
static void check_again(const struct dns_question *question)
{
    unsigned char bytes[12 + sizeof(question->section) + 11] = {0};
    size_t size = 12 + question->section_size;
    struct dns_question again;

    bytes[0] = (unsigned char)(question->id >> 8);
    bytes[1] = (unsigned char)question->id;
    bytes[2] = (unsigned char)(question->flags >> 8);
    bytes[3] = (unsigned char)question->flags;
    bytes[5] = 1;
    bytes[11] = question->has_edns;
    memcpy(bytes + 12, question->section, question->section_size);
    if (question->has_edns) {
        bytes[size + 2] = DNS_OPT;
        bytes[size + 3] = (unsigned char)(question->udp_size >> 8);
        bytes[size + 4] = (unsigned char)question->udp_size;
        size += 11;
    }
    hold(dns_question_read(bytes, size, &again) == 0);
    hold(strcmp(again.name, question->name) == 0 && again.type == question->type);
    hold(again.udp_size == question->udp_size && again.section_size == question->section_size);
}

static void check_name(const struct dns_question *question)
{
    char again[NET_NAME_SIZE];
    struct net_address address;

    hold(net_name_canonical(question->name, strlen(question->name), again, NULL) == 0);
    hold(strcmp(again, question->name) == 0 && strlen(question->shown) == strlen(question->name));
    if (dns_reverse_address(question->name, &address))
        hold(address.family == AF_INET || address.family == AF_INET6);
}

static void answer_all(const struct dns_question *question, int rcode, unsigned how)
{
    struct net_address addresses[DNS_ADDRESSES_MAX + 4];
    size_t limit = how & 1 ? DNS_ANSWER_MAX : question->udp_size;
    struct dns_answer answer = {.rcode = (enum dns_rcode)rcode,
                                .ttl_s = how * 1000u,
                                .addresses = addresses,
                                .address_count = how >> 3,
                                .pointer = how & 2 && question->name[0] ? question->name : NULL,
                                .extended = how & 4 ? DNS_EXTENDED_BLOCKED : DNS_EXTENDED_NONE,
                                .text = how & 4 ? question->shown : NULL};
    unsigned char *bytes = malloc(DNS_ANSWER_MAX);

    hold(bytes);
    if (answer.address_count > sizeof(addresses) / sizeof(*addresses))
        answer.address_count = sizeof(addresses) / sizeof(*addresses);
    for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++)
        addresses[i] = (struct net_address){.family = question->type == DNS_A ? AF_INET : AF_INET6};
    check_answer(bytes, dns_answer_write(question, &answer, limit, bytes), question, limit);
    free(bytes);
}

static void try_question(unsigned how, const unsigned char *message, size_t size)
{
    struct dns_question question = {.id = 7};
    int rcode = dns_question_read(message, size, &question);

    if (rcode < 0) {
        hold(rcode == -EBADMSG && question.id == 7 && (size < 12 || message[2] & 0x80));
        return;
    }
    hold(question.udp_size >= DNS_UDP_SIZE && question.udp_size <= DNS_UDP_SIZE_MAX);
    hold(question.section_size <= sizeof(question.section));
    if (!rcode) {
        check_name(&question);
        check_again(&question);
    }
    answer_all(&question, rcode, how);
}

/* ---- answers of name servers ---- */

static void try_reply(unsigned how, const unsigned char *message, size_t size)
{
    enum dns_type type = how & 1 ? DNS_AAAA : DNS_A;
    struct dns_result result;

    dns_reply_read(message, size, type, &result);
    hold(result.count <= DNS_ADDRESSES_MAX && (result.outcome == DNS_FOUND) == (result.count != 0));
    hold(result.ttl_s >= DNS_NEGATIVE_TTL_S && result.ttl_s <= PINS_TTL_MAX_S);
    for (size_t i = 0; i < result.count; i++)
        hold(result.addresses[i].family == (type == DNS_A ? AF_INET : AF_INET6));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned char *message;

    if (size < 2)
        return 0;
    message = malloc(size - 2 ? size - 2 : 1); /* exactly: a byte read behind it is found */
    hold(message);
    memcpy(message, data + 2, size - 2);
    if (data[0] & 1)
        try_reply(data[1], message, size - 2);
    else
        try_question(data[1], message, size - 2);
    free(message);
    return 0;
}
