/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 by libmd. */
#include "base/digest.h"

#include <sha256.h>
#include <stdint.h>
#include <string.h>

void digest_text(const void *data, size_t size, char ret_text[DIGEST_TEXT_SIZE])
{
    SHA256_CTX context;

    SHA256Init(&context);
    SHA256Update(&context, data, size);
    memcpy(ret_text, "sha256:", 7);
    SHA256End(&context, ret_text + 7);
}
