/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 (RFC 4648), as PEM and Basic authentication have it. */
#ifndef CORDON_BASE_BASE64_H
#define CORDON_BASE_BASE64_H

#include <stddef.h>
#include <sys/types.h>

/*
 * The bytes of `text`, in which white space counts for nothing; at most length / 4 * 3 of them. How many, or -1 for whatever is
 * not base64 with its padding and no bit set that carries nothing.
 */
ssize_t base64_decode(const char *text, size_t length, unsigned char *ret_bytes);

#endif
