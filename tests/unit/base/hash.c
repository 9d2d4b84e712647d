/* SPDX-License-Identifier: Apache-2.0 */
/* The keyed hash, against the vectors that its authors published. */
#include "test.h"

#include "base/hash.h"

/* Key 00 01 .. 0f, input 00 01 .. of this length: vectors.h of the reference implementation. */
static const struct {
    size_t size;
    uint64_t hash;
} vectors[] = {
    {0, 0x726fdb47dd0e0e31}, {1, 0x74f839c593dc67fd}, {7, 0xab0200f58b01d137},
    {8, 0x93f5f5799a932462}, {15, 0xa129ca6149be45e5},
};

static const struct hash_secret secret = {{0x0706050403020100, 0x0f0e0d0c0b0a0908}};

TEST(it_is_siphash)
{
    unsigned char input[16];

    for (size_t i = 0; i < sizeof(input); i++)
        input[i] = (unsigned char)i;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++)
        check(hash_bytes(&secret, input, vectors[i].size) == vectors[i].hash);
}

TEST(another_secret_length_or_byte_is_another_hash)
{
    const struct hash_secret other = {{0x0706050403020100, 0x0f0e0d0c0b0a0909}};

    check(hash_bytes(&secret, "abcdefghi", 9) != hash_bytes(&other, "abcdefghi", 9));
    check(hash_bytes(&secret, "abcdefghi", 9) != hash_bytes(&secret, "abcdefghi", 8));
    check(hash_bytes(&secret, "abcdefghi", 9) != hash_bytes(&secret, "abcdefghj", 9));
    check(hash_bytes(&secret, "\0", 1) != hash_bytes(&secret, "", 0));
}
