/* SPDX-License-Identifier: Apache-2.0 */
/* What the inspector itself answers: JSON that says what was refused, by which rule, and what would permit it. */
#ifndef CORDON_INSPECT_ANSWER_H
#define CORDON_INSPECT_ANSWER_H

#include <stdbool.h>

#include "inspect/buffer.h"
#include "net/rules.h"

struct answer {
    unsigned status; /* 400, 403, 421, 502, ... */
    const char *code;    /* for programs: "denied", "malformed", "wrong-host", "server-failed", ... */
    const char *message; /* for people */
    const char *rule;    /* NULL = none */
    const char *reason;
    const char *method, *path; /* NULL = not understood */
    const char *remedy;
};

/* The remedy for a refusal of this kind. */
const char *answer_remedy(enum net_reason reason);

/* {"error": {...}} */
bool answer_body(const struct answer *answer, struct buffer *ret_body) must_check;

/* All of it in HTTP/1.1. `has_body` is false for HEAD. */
bool answer_http1(const struct answer *answer, bool has_body, bool closes, struct buffer *out) must_check;

#endif
