/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4) by libmd, for naming documents, policies, plans and machines. */
#ifndef CORDON_BASE_DIGEST_H
#define CORDON_BASE_DIGEST_H

#include <stddef.h>

#include "base/compiler.h"

#define DIGEST_SIZE      32
#define DIGEST_TEXT_SIZE (sizeof("sha256:") + 2 * (size_t)DIGEST_SIZE)

/* "sha256:<64 hex digits>", NUL-terminated. */
void digest_text(const void *data, size_t size, char ret_text[DIGEST_TEXT_SIZE]);

/* Of what is left on a descriptor, however long. 0 or -errno. */
int digest_fd(int fd, unsigned char ret_digest[DIGEST_SIZE]) must_check;

/* HMAC-SHA256 (RFC 2104). */
void digest_hmac(const void *key, size_t key_size, const void *data, size_t size, unsigned char ret_digest[DIGEST_SIZE]);

/* As digest_text() prints it. */
void digest_print(const unsigned char digest[DIGEST_SIZE], char ret_text[DIGEST_TEXT_SIZE]);

#endif
