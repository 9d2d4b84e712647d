/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An answer of HTTP/1 (RFC 9112), read strictly: chunks are joined before values are looked for, and an answer with two
 * readings is none. The server is the one that was verified, and still what it says may have been written by a program.
 */
#ifndef CORDON_INSPECT_HOLDER_ANSWER_H
#define CORDON_INSPECT_HOLDER_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "inspect/hold.h"
#include "inspect/queue.h"

enum answer_event {
    ANSWER_MORE = 0, /* all was read, and there is more to come */
    ANSWER_HEAD,
    ANSWER_DATA, /* of the body */
    ANSWER_END,
};

struct answer {
    unsigned state;
    bool is_of_head;   /* the request was HEAD */
    unsigned interims; /* 1xx before it */
    struct queue head; /* its lines, from ANSWER_HEAD on until answer_begin() */
    unsigned char last;
    size_t fields_at; /* within the head */
    unsigned status;
    enum hold_body body;
    bool is_old; /* HTTP/1.0 */
    bool has_length, is_chunked, is_closing, is_encoded;
    uint64_t length, left;
    char line[1024]; /* of a chunk's size */
    size_t line_size, trailer_size;
};

struct answer_field {
    const char *name, *value;
    size_t name_size, value_size;
};

/* Before each. */
void answer_begin(struct answer *answer, bool is_of_head);
void answer_finish(struct answer *answer);

/*
 * An event, -EPROTO, or -ENOMEM; *ret_used: how many bytes were read; with ANSWER_DATA `*ret_data` of them are the body's.
 * Failures name their kind. ANSWER_END comes once, without anything read where the body had its length.
 */
int answer_read(struct answer *answer, const unsigned char *bytes, size_t size, size_t *ret_used,
                const unsigned char **ret_data, size_t *ret_size, enum hold_failure *ret_failure, struct error *err) must_check;

/* The server has said that it ends: ANSWER_END where that ends the body, else -EPIPE. */
int answer_close(struct answer *answer, enum hold_failure *ret_failure, struct error *err) must_check;

/* Has nothing of it been read? */
bool answer_is_fresh(const struct answer *answer);

/* The next field that is the program's to see; *at begins as 0. Valid until answer_begin(). */
bool answer_next_field(const struct answer *answer, size_t *at, struct answer_field *ret_field);

/* May another request follow on the connection? */
bool answer_goes_on(const struct answer *answer);

#endif
