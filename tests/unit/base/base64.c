/* SPDX-License-Identifier: Apache-2.0 */
/* Base64, and SHA-1 where a format of others says so. */
#include "base/base64.h"

#include <string.h>

#include "base/fingerprint.h"
#include "test.h"

static ssize_t decode(const char *text, unsigned char bytes[64])
{
    return base64_decode(text, strlen(text), bytes);
}

TEST(base64_gives_the_bytes_that_were_meant)
{
    unsigned char bytes[64];

    check_int(decode("", bytes), 0);
    check_int(decode("TQ==", bytes), 1);
    check_int(decode("TWE=", bytes), 2);
    check_int(decode("TWFu", bytes), 3);
    check(memcmp(bytes, "Man", 3) == 0);
    check_int(decode(" T W\r\nFu\tTWE= \n", bytes), 5);
    check(memcmp(bytes, "ManMa", 5) == 0);
    check_int(decode("+/+/", bytes), 3);
    check(memcmp(bytes, "\xfb\xff\xbf", 3) == 0);
}

TEST(base64_that_could_be_spelt_otherwise_is_none)
{
    static const char *const bad[] = {"T", "TQ", "TQ=", "TWF", "TR==", "TWF=", "T===", "====", "TQ==TWFu", "TQ=a", "TW-u", "TWFu*", "TQ==="};
    unsigned char bytes[64];

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        check_int(decode(bad[i], bytes), -1);
}

TEST(sha1_of_two_parts_is_that_of_the_whole)
{
    /* FIPS 180-1, "abc" */
    static const unsigned char expected[SHA1_SIZE] = {0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81, 0x6a, 0xba, 0x3e,
                                                      0x25, 0x71, 0x78, 0x50, 0xc2, 0x6c, 0x9c, 0xd0, 0xd8, 0x9d};
    unsigned char digest[SHA1_SIZE];

    sha1_of("ab", 2, "c", 1, digest);
    check(memcmp(digest, expected, SHA1_SIZE) == 0);
    sha1_of("", 0, "abd", 3, digest);
    check(memcmp(digest, expected, SHA1_SIZE) != 0);
}

TEST(what_is_encoded_is_decoded_exactly)
{
    unsigned char bytes[64], back[64];
    char text[BASE64_TEXT_SIZE(sizeof(bytes))];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(i * 37 + 5);
    for (size_t size = 0; size <= sizeof(bytes); size++) {
        size_t length = base64_encode(bytes, size, text);

        check_int(length, BASE64_TEXT_SIZE(size) - 1);
        check_int(strlen(text), length);
        check_int(base64_decode_exact(text, length, back, sizeof(back)), (long long)size);
        check(memcmp(back, bytes, size) == 0);
    }
    check_int(base64_encode("Hello", 5, text), 8);
    check_string(text, "SGVsbG8=");
}

TEST(bytes_have_one_exact_spelling)
{
    unsigned char back[16];

    check_int(base64_decode_exact("SGVsbG8=", 8, back, 5), 5);
    check_int(base64_decode_exact("SGVsbG8=", 8, back, 4), -1);
    check_int(base64_decode_exact("SGVsbG9=", 8, back, 5), -1); /* a bit that carries nothing */
    check_int(base64_decode_exact("SGVs bG8", 8, back, 5), -1);
    check_int(base64_decode_exact("SGVsbG8", 7, back, 5), -1);
    check_int(base64_decode_exact("====", 4, back, 5), -1);
}
