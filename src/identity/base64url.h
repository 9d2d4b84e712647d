/* SPDX-License-Identifier: Apache-2.0 */
/* base64url without padding (RFC 7515, appendix C). */
#ifndef CORDON_IDENTITY_BASE64URL_H
#define CORDON_IDENTITY_BASE64URL_H

#include <stddef.h>
#include <sys/types.h>

#include "base/text.h"

void base64url_add(struct text *text, const void *bytes, size_t size);

/* At most length / 4 * 3 + 2 bytes. How many, or -1 for whatever is not base64url, or has a bit set that carries nothing. */
ssize_t base64url_decode(const char *text, size_t length, unsigned char *ret_bytes);

#endif
