/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-1, where a format of others says so. It proves nothing against who can choose what is digested. */
#ifndef CORDON_BASE_FINGERPRINT_H
#define CORDON_BASE_FINGERPRINT_H

#include <stddef.h>

#define SHA1_SIZE 20

/* Of the two parts as if they were one. */
void sha1_of(const void *first, size_t first_size, const void *second, size_t second_size, unsigned char ret_digest[SHA1_SIZE]);

#endif
