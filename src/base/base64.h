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

/* Room for the text of so many bytes, with its NUL. */
#define BASE64_TEXT_SIZE(size) (((size) + 2) / 3 * 4 + 1)

/* With padding, NUL-terminated; the length of the text. */
size_t base64_encode(const void *bytes, size_t size, char *ret_text);

/*
 * As base64_decode(), but only the one spelling that base64_encode() gives the bytes: no white space, and nothing that two texts
 * could say. -1 also where there are more than `most` bytes.
 */
ssize_t base64_decode_exact(const char *text, size_t length, unsigned char *ret_bytes, size_t most);

#endif
