/* SPDX-License-Identifier: Apache-2.0 */
/* A text that is kept where others could read it: AES-256-GCM, for a place that is named with it. */
#ifndef CORDON_IDENTITY_WRAP_H
#define CORDON_IDENTITY_WRAP_H

#include "base/text.h"

#define WRAP_KEY_SIZE 32

/* base64url is added to `out`. */
int wrap_text(const unsigned char key[WRAP_KEY_SIZE], const char *place, const char *text, size_t size, struct text *out, struct error *err) must_check;
/* ERROR_INVALID: another key, another place, or not what was wrapped. *ret_text is the caller's to mem_free(), after it has overwritten it. */
int unwrap_text(const unsigned char key[WRAP_KEY_SIZE], const char *place, const char *wrapped, size_t length, char **ret_text, size_t *ret_size,
                struct error *err) must_check;

#endif
