/* SPDX-License-Identifier: Apache-2.0 */
/* How a value is written in each encoding of a request. One function for lengths and bytes: they cannot differ. */
#ifndef CORDON_INSPECT_SPELLING_H
#define CORDON_INSPECT_SPELLING_H

#include <stddef.h>

#include "inspect/hold.h"

/* How many bytes; they are written where `ret` is given, which has room for SPELLING_MAX(size). */
size_t spelling_write(enum hold_encoding encoding, const char *value, size_t size, char *ret);
#define SPELLING_MAX(size) ((size) * 6)

/* Base64 (RFC 4648, 4), padded. SPELLING_BASE64(size) bytes. */
size_t spelling_base64(const void *bytes, size_t size, char *ret);
#define SPELLING_BASE64(size) (((size) + 2) / 3 * 4)

/* What a name or value of a form or a query means: %XX, '+'. Its length, at most `size`; -EINVAL for a broken %XX or a NUL. */
int spelling_form_read(const char *text, size_t size, char *ret) must_check;

/* Base64, padded or not, without blanks. The length, at most `size`; -EINVAL, also for bits that mean nothing. */
int spelling_base64_read(const char *text, size_t size, char *ret) must_check;

#endif
