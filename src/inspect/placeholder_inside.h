/* SPDX-License-Identifier: Apache-2.0 */
/* For the files placeholder*.c. */
#ifndef CORDON_INSPECT_PLACEHOLDER_INSIDE_H
#define CORDON_INSPECT_PLACEHOLDER_INSIDE_H

#include "inspect/placeholder.h"

bool placeholder_is_for(const struct net_secret *secret, const char *host);

/* Does the secret's `field` of this place name this parameter, as forms write it? */
bool placeholder_is_parameter(const struct net_secret *secret, enum net_secret_place place, const char *name, size_t size);

/* The next placeholder in clear from `from` on. */
bool placeholder_next(const struct net_secrets *secrets, const char *bytes, size_t size, size_t from, size_t *ret_at,
                      unsigned *ret_secret);

/* Each is searched for from the one before, so there is a bound to them before anything else is asked of them. */
static inline bool placeholder_is_too_many(unsigned count, unsigned secret, unsigned *ret_secret)
{
    *ret_secret = secret;
    return count > HOLD_USES_MAX;
}

/* -EACCES, with what is wrong about it: nobody verified, another host, another place. */
int placeholder_refuse(const struct placeholders *placeholders, unsigned secret, const char *host, const char *where,
                       unsigned *ret_secret, struct error *err) must_check;

/* Pieces of a text in which every placeholder in clear has been judged, behind those of `text`. -ENOMEM, -E2BIG. */
int placeholder_cut(const struct net_secrets *secrets, const char *bytes, size_t size, enum hold_encoding encoding,
                    struct placeholder_text *text) must_check;

/*
 * After splitting `bytes` with `status` so far: refuses what is in there in a coding, and gives `text` away or frees it.
 */
int placeholder_finish_split(struct placeholders *placeholders, const char *bytes, size_t size, const char *where,
                             struct placeholder_text *text, int status, struct placeholder_text *ret_text, unsigned *ret_secret,
                             struct error *err) must_check;

#endif
