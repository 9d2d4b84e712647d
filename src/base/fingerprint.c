/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fingerprint.h"

#include <stdint.h>
#include <sys/types.h>

#include <sha1.h>

void sha1_of(const void *first, size_t first_size, const void *second, size_t second_size, unsigned char ret_digest[SHA1_SIZE])
{
    SHA1_CTX context;

    SHA1Init(&context);
    SHA1Update(&context, first, first_size);
    SHA1Update(&context, second, second_size);
    SHA1Final(ret_digest, &context);
}
