/* SPDX-License-Identifier: Apache-2.0 */
/* DNS messages for tests, written and read without the code under test. */
#ifndef CORDON_TESTS_DNS_MESSAGE_H
#define CORDON_TESTS_DNS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MESSAGE_MAX 4096

struct message {
    unsigned char bytes[MESSAGE_MAX];
    size_t size;
};

void message_add(struct message *message, const void *bytes, size_t size);
void message_add_u16(struct message *message, unsigned value);
void message_add_name(struct message *message, const char *dotted); /* "" = the root; no trailing dot */

/* RD set, one question of class IN; with `udp_size` an OPT record behind it. */
struct message message_question(unsigned id, const char *name, unsigned type, unsigned udp_size);

/* What an answer says. The test fails when it is no well-formed answer. */
struct reply {
    unsigned id, flags, rcode; /* with the upper bits of OPT */
    bool is_truncated, has_question, has_opt;
    char name[256]; /* of the question, as it was asked */
    unsigned type, answer_count;
    struct {
        unsigned type, ttl, size;
        unsigned char data[256];
        char text[256]; /* addresses as text, PTR as a name */
    } answers[32];
    int extended; /* -1 = none */
    char text[512];
};
void reply_read(const void *bytes, size_t size, struct reply *ret_reply);

#endif
