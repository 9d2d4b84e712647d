/* SPDX-License-Identifier: Apache-2.0 */
/* What a Content-Type says of a body (RFC 9110, 8.3). */
#ifndef CORDON_INSPECT_MEDIA_H
#define CORDON_INSPECT_MEDIA_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Is it this type, in UTF-8, whether that is said or not? In another charset (UTF-7, say, which many servers know) the same bytes
 * are another text; of other parameters it is not known what servers make.
 */
bool media_is(const char *type, size_t size, const char *name);

/* Does it name a charset in which what is ASCII is not written as its bytes? */
bool media_hides_ascii(const char *type, size_t size);

#endif
