/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a container that was attested no wider than a policy? By the digest of its policy, or by its documents, which travel along: each must be
 * one of those that the attestation names, and together they must be a proven subset. Layers only take away, so those that are
 * not shown can make it no wider.
 */
#ifndef CORDON_ATTEST_WITHIN_H
#define CORDON_ATTEST_WITHIN_H

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"

#define WITHIN_DOCUMENTS_MAX 32
#define WITHIN_WITNESS_SIZE  512

struct within_document {
    const char *name;     /* file; or, with is_profile, of a profile */
    const char *text;     /* NULL with is_profile */
    size_t size;
    bool is_profile;
    const char *const *sets; /* --set, in their order; NULL-terminated, or NULL */
};

enum within_answer {
    WITHIN_HOLDS = 1,
    WITHIN_WIDER,     /* or cannot be told apart from that */
};

struct within {
    enum within_answer answer;
    const char *by;                    /* "digest", "subset" */
    char witness[WITHIN_WITNESS_SIZE]; /* WITHIN_WIDER: something that it may and the policy does not allow */
};

/* `facts`: the member `cordon` of an attestation that was verified. Does its policy have that digest? */
void within_digest(const json_t *facts, const char *digest, struct within *ret_within);

/*
 * `is_ceiling`: the policy limits what it names and nothing else. ERROR_INVALID: a document is none of the container's, or no document;
 * the facts are none.
 */
int within_policy(const json_t *facts, const struct within_document *documents, size_t count, const char *policy_name, const char *policy, size_t policy_size,
                  bool is_ceiling, struct within *ret_within, struct error *err) must_check;

#endif
