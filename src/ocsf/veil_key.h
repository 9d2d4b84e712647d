/* SPDX-License-Identifier: Apache-2.0 */
/* The files of persons' keys, and base64 without padding for tokens. */
#ifndef CORDON_OCSF_VEIL_KEY_H
#define CORDON_OCSF_VEIL_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "base/error.h"

#define VEIL_PERSON_SIZE 16                         /* hex digits: which file */
#define VEIL_NAME_SIZE   (VEIL_PERSON_SIZE + 1 + 8) /* "person.key" */

struct veil_key {
    unsigned char seal[32], salt[32];
    char name[VEIL_NAME_SIZE + 1];
};

/* Of `subject`; with may_make made where there is none. */
int veil_key_open(const char *directory, const char *subject, bool may_make, struct veil_key *ret_key, struct error *err) must_check;
/* The one of this name. */
bool veil_key_find(const char *directory, const char *name, struct veil_key *ret_key) must_check;
bool veil_key_is_erased(const char *directory, const char *name);
int veil_key_erase(const char *directory, const char *subject, bool *ret_was, struct error *err) must_check;

/* RFC 4648, 5, without padding: what was written, which is not terminated. */
size_t veil_base64(const unsigned char *bytes, size_t size, char *ret_text);
/* How many bytes, -1 for what is not this or does not fit. */
ssize_t veil_unbase64(const char *text, size_t size, unsigned char *ret_bytes, size_t ret_size);

#endif
