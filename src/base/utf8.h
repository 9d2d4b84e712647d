/* SPDX-License-Identifier: Apache-2.0 */
/* Just enough UTF-8 to keep foreign bytes from a terminal, a log line and a JSON string. */
#ifndef CORDON_BASE_UTF8_H
#define CORDON_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of the valid sequence (RFC 3629) at `string`, 0 when it is invalid or the string ends. */
size_t utf8_length(const char *string);

/* As utf8_length(), but 0 also for control characters (C0, DEL, C1), the bidirectional controls and what has no width. */
size_t utf8_printable(const char *string);

/* Whole buffer valid and without NUL? */
bool utf8_is_valid(const char *bytes, size_t length);

#endif
