/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose service a container is run by, and what is therefore not proved about it. Nobody who reads a record, a token or a list needs to know how Cordon
 * is built to know what it is worth: the words stand in each, and what they mean here.
 */
#ifndef CORDON_SDK_UNPROVED_H
#define CORDON_SDK_UNPROVED_H

#include <stdbool.h>
#include <stddef.h>

#include "sdk/keeping.h"

#define UNPROVED_MAX 6

/* "none", "user", "system" */
const char *service_name(enum service_of of);
/* SERVICE_NONE for what is none of them: nothing is proved by a word that nobody knows. */
enum service_of service_parse(const char *name);
/* For people: "the user's own service", ... */
const char *service_phrase(enum service_of of);

struct unproved {
    const char *what; /* a word: "signatures", "records", "audit", "files", "descendants", "keys" */
    const char *why;  /* one line */
};

/* `proof`: words of run.started. `protection`: of the authority's keys, "file", "tpm"; NULL = not known. How many there are, static. */
size_t unproved_find(enum service_of of, const char *const *proof, size_t proof_count, const char *protection, const struct unproved *ret_rows[UNPROVED_MAX]);

/* "unproved": [{what, why}] */
struct json;
void unproved_write(struct json *json, const struct unproved *const *found, size_t count);

#endif
