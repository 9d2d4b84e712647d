/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What inspector and holder say on the stream of one flow (worker/wire.h: FLOW names host and port). Records of 16 bytes,
 * some with a payload behind them. The parts of a request come apart, so that the holder knows of each secret where it
 * goes without reading HTTP; the answer comes back in parts as well, and is never read twice.
 *
 *   inspector                        holder
 *                                <-  LENGTHS of each secret that is for this host, then OPENED; or FAILED and the end
 *   REQUEST method               ->
 *     BYTES, SECRET ...          ->  the target: "/path?query"
 *   FIELD name                   ->  any number, each with
 *     BYTES, SECRET ...          ->  its value; HOLD_BASIC: "user:password", which the holder encodes
 *   BODY kind, length            ->  ends the head
 *     BYTES, SECRET ...          ->
 *   END                          ->
 *                                <-  ANSWER status; FIELD name and value ...; BODY kind, length; BYTES ...; END
 *
 * The answer may begin before the request has ended. One request at a time; the next one after END with HOLD_GOES_ON.
 * The holder alone writes Host, Content-Length, Transfer-Encoding, Accept-Encoding and what is about the connection, and
 * refuses these fields (net_secret_is_reserved()); it asks for no coding, no charset and no part of an answer, and drops 1xx and trailers.
 * Of an answer it drops the same fields; Content-Length is told where there is no body (HEAD, 304), and BODY says it else.
 */
#ifndef CORDON_INSPECT_HOLD_H
#define CORDON_INSPECT_HOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

enum hold_type {
    HOLD_REQUEST = 1, /* payload: the method */
    HOLD_FIELD = 2,   /* of a request: payload = name; of an answer: `number` bytes of name, then the value */
    HOLD_BODY = 3,    /* `encoding`: enum hold_body; `count`: its bytes, where they are known */
    HOLD_BYTES = 4,   /* payload */
    HOLD_SECRET = 5,  /* `number`: from 0, in the order of the record of secrets; `encoding`: enum hold_encoding */
    HOLD_END = 6,     /* of an answer: `number` = HOLD_GOES_ON where another request may follow */
    HOLD_LENGTHS = 7, /* `number`: a secret; payload: struct hold_lengths */
    HOLD_OPENED = 8,
    HOLD_FAILED = 9, /* `number`: enum hold_failure; payload: why, for people. The last record. */
    HOLD_ANSWER = 10, /* `number`: status */
};

enum hold_encoding {
    HOLD_RAW = 0,  /* in a field, as it is */
    HOLD_FORM = 1, /* percent-encoded: in a query, and in a body of forms */
    HOLD_JSON = 2, /* within a string of JSON */
};
#define HOLD_ENCODINGS 3u

#define HOLD_BASIC   1u /* `encoding` of a FIELD: Authorization, by name and password */
#define HOLD_GOES_ON 1u

enum hold_body {
    HOLD_NO_BODY = 0,
    HOLD_LENGTH = 1, /* `count` bytes, secrets as they are spelled there */
    HOLD_CHUNKED = 2, /* as long as it comes */
};

enum hold_failure {
    HOLD_UNVERIFIED = 1, /* the server is not who it should be */
    HOLD_NO_TLS,         /* no connection over TLS came about */
    HOLD_NOT_FOR_HOST,   /* the secret is not for this host, or none is */
    HOLD_MISPLACED,      /* the secret may not stand there */
    HOLD_BAD_RECORD,     /* the inspector's own mistake */
    HOLD_BAD_ANSWER,     /* an answer that two programs could read differently, or that is too large */
    HOLD_ENCODED,        /* an answer in a coding or charset in which values cannot be found */
    HOLD_UPGRADED,       /* the server speaks another protocol from here on */
    HOLD_LOST,           /* the connection ended in the middle */
    HOLD_SLOW,           /* no connection within HOLD_OPEN_MS */
    HOLD_EXHAUSTED,      /* no memory, too many flows */
};
#define HOLD_FAILURES 11u

struct hold_record {
    uint8_t type;
    uint8_t encoding;
    uint16_t number;
    uint32_t size; /* of the payload */
    uint64_t count;
};

struct hold_lengths {
    uint32_t of[HOLD_ENCODINGS]; /* how many bytes the value takes in each encoding */
};

#define HOLD_PAYLOAD_MAX 16384u
#define HOLD_RECORD_MAX  (sizeof(struct hold_record) + HOLD_PAYLOAD_MAX)
#define HOLD_METHOD_MAX  32u
#define HOLD_NAME_MAX    256u
#define HOLD_TARGET_MAX  16384u  /* without values */
#define HOLD_HEAD_MAX    65536u  /* of a request without values, of an answer */
#define HOLD_FIELDS_MAX  256u
#define HOLD_USES_MAX    64u     /* secrets in one request */
#define HOLD_OPEN_MS     30000u

enum hold_side { HOLD_INSPECTOR, HOLD_HOLDER };

/*
 * The first record of `size` bytes that `from` has sent. Its length with its payload, which *ret_payload points to;
 * 0 = there is more to come; -EPROTO = no such record.
 */
int hold_read(enum hold_side from, const void *data, size_t size, struct hold_record *ret_record,
              const char **ret_payload) must_check;

/*
 * false: a body has no meaning in a request of this method (RFC 9110, 9.3), and there are servers that leave it unread and take it
 * for the next request: so none follows on that connection.
 */
bool hold_expects_body(const char *method, size_t size);

/* A token (RFC 9110, 5.6.2). */
bool hold_is_token(const char *text, size_t size);

/* What may stand in a field's value: no control bytes but the tab. */
bool hold_is_value(const char *text, size_t size);

/* "not-verified", ...: for events and tests. */
const char *hold_failure_name(enum hold_failure failure);

#endif
