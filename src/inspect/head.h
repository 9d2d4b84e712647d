/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of an HTTP/1 message: read so strictly that two programs cannot read it differently (RFC 9112), twice, by this
 * file and by http_parser, which have to agree. Nothing is repaired: what is not exact is refused with the reason.
 */
#ifndef CORDON_INSPECT_HEAD_H
#define CORDON_INSPECT_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <http_parser.h>

#include "base/compiler.h"

#define HEAD_MAX        (64u << 10)
#define HEAD_FIELDS_MAX 128u
#define HEAD_METHOD_MAX 32u

struct span {
    const char *at;
    size_t size;
};

struct field {
    struct span name, value; /* value: without blanks around it */
};

enum head_body { HEAD_BODY_NONE = 0, HEAD_BODY_LENGTH, HEAD_BODY_CHUNKED, HEAD_BODY_UNTIL_END };

/* Points into the bytes that it was read from. */
struct head {
    struct span all; /* the bytes themselves */
    struct field fields[HEAD_FIELDS_MAX];
    unsigned field_count;
    bool is_old; /* HTTP/1.0 */
    enum head_body body; /* as the fields say */
    bool has_body;       /* not where method or status say that none follows */
    uint64_t length;
    bool closes;    /* the connection ends with this message */
    bool upgrades;  /* to a WebSocket */
    /* of a request */
    struct span method, target;
    struct span host;
    bool expects; /* 100-continue */
    /* of a response */
    unsigned status;
    struct span reason;
};

/*
 * How many bytes the head at the beginning has, its empty line included; 0 = it goes on; -EBADMSG with *ret_what for bytes
 * that no head has. `from`: so many have been looked at before.
 */
long head_size(const char *bytes, size_t size, size_t from, const char **ret_what) must_check;

/*
 * A whole head. 0, or -EBADMSG with *ret_what: what is wrong, for people. *ret_parser has read the head as well and goes
 * on with the body; its data is the caller's to set.
 */
int head_read_request(const char *bytes, size_t size, struct head *ret_head, http_parser *ret_parser, const char **ret_what) must_check;
/* `is_head`: the request that it answers was HEAD. */
int head_read_response(const char *bytes, size_t size, bool is_head, struct head *ret_head, http_parser *ret_parser,
                       const char **ret_what) must_check;

bool span_is(struct span span, const char *text);         /* but for case */
bool span_equals(struct span span, const char *text);     /* to the byte */
bool head_is_hop(const struct field *field);              /* of one connection: never passed on as it is */

#endif
