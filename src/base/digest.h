/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4) by libmd, for naming documents, policies and plans. */
#ifndef CORDON_BASE_DIGEST_H
#define CORDON_BASE_DIGEST_H

#include <stddef.h>

#define DIGEST_TEXT_SIZE (sizeof("sha256:") + 64)

/* "sha256:<64 hex digits>", NUL-terminated. */
void digest_text(const void *data, size_t size, char ret_text[DIGEST_TEXT_SIZE]);

#endif
