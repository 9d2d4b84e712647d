/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 by libmd. */
#include "base/digest.h"

#include <errno.h>
#include <sha256.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define READ_SIZE ((size_t)64 * 1024)

void digest_text(const void *data, size_t size, char ret_text[DIGEST_TEXT_SIZE])
{
    SHA256_CTX context;

    SHA256Init(&context);
    SHA256Update(&context, data, size);
    memcpy(ret_text, "sha256:", 7);
    SHA256End(&context, ret_text + 7);
}

int digest_fd(int fd, unsigned char ret_digest[DIGEST_SIZE])
{
    unsigned char buffer[READ_SIZE];
    SHA256_CTX context;
    ssize_t got;

    SHA256Init(&context);
    do {
        got = read(fd, buffer, sizeof(buffer));
        if (got > 0)
            SHA256Update(&context, buffer, (size_t)got);
    } while (got > 0 || (got < 0 && errno == EINTR));
    if (got < 0)
        return -errno;
    SHA256Final(ret_digest, &context);
    return 0;
}

void digest_hmac(const void *key, size_t key_size, const void *data, size_t size, unsigned char ret_digest[DIGEST_SIZE])
{
    unsigned char inner[SHA256_BLOCK_LENGTH] = {0}, outer[SHA256_BLOCK_LENGTH];
    SHA256_CTX context;

    SHA256Init(&context);
    if (key_size > sizeof(inner)) {
        SHA256Update(&context, key, key_size);
        SHA256Final(inner, &context);
        SHA256Init(&context);
    } else {
        memcpy(inner, key, key_size);
    }
    for (size_t i = 0; i < sizeof(inner); i++) {
        outer[i] = inner[i] ^ 0x5c;
        inner[i] ^= 0x36;
    }
    SHA256Update(&context, inner, sizeof(inner));
    SHA256Update(&context, data, size);
    SHA256Final(ret_digest, &context);
    SHA256Init(&context);
    SHA256Update(&context, outer, sizeof(outer));
    SHA256Update(&context, ret_digest, DIGEST_SIZE);
    SHA256Final(ret_digest, &context);
    explicit_bzero(inner, sizeof(inner));
    explicit_bzero(outer, sizeof(outer));
}

void digest_print(const unsigned char digest[DIGEST_SIZE], char ret_text[DIGEST_TEXT_SIZE])
{
    static const char digits[] = "0123456789abcdef";

    memcpy(ret_text, "sha256:", 7);
    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        ret_text[7 + 2 * i] = digits[digest[i] >> 4];
        ret_text[8 + 2 * i] = digits[digest[i] & 15];
    }
    ret_text[DIGEST_TEXT_SIZE - 1] = '\0';
}
