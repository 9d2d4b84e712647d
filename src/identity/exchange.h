/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may get which token: for itself, on a person's behalf (RFC 8693), and handed on to a container inside. Deciding alone: who
 * asks is known from elsewhere, and is believed here.
 */
#ifndef CORDON_IDENTITY_EXCHANGE_H
#define CORDON_IDENTITY_EXCHANGE_H

#include "identity/token.h"

struct exchange {
    const struct identity_name *actor; /* who asks */
    const char *const *allowed;        /* audiences that it may have at all; NULL = any */
    size_t allowed_count;
    enum token_kind kind;
    const char *const *audiences;
    size_t audience_count;
    const char *subject_token; /* a delegation to it; NULL = it acts by its own mandate, which an outermost container has */
    const char *may_act;       /* TOKEN_DELEGATION: the container inside that is to have it */
    const char *nonce;         /* TOKEN_ATTESTATION; NULL = none */
    const json_t *facts;       /* TOKEN_ATTESTATION */
    uint64_t seconds;          /* 0 = as usual */
    time_t now;
};

/*
 * Never for longer, nor for more audiences, than what it is exchanged for. ERROR_FORBIDDEN: that is not this one's to ask; ERROR_INVALID.
 * `*ret_until`: when it ends.
 */
int exchange_make(const struct issuer *issuer, const struct exchange *exchange, struct text *text, time_t *ret_until, struct error *err) must_check;

#endif
