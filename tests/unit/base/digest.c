/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 against the examples of FIPS 180-4. */
#include "base/digest.h"

#include "test.h"

TEST(digests_are_those_of_the_standard)
{
    static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    char text[DIGEST_TEXT_SIZE];

    digest_text("", 0, text);
    check_string(text, "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    digest_text("abc", 3, text);
    check_string(text, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    digest_text(two_blocks, sizeof(two_blocks) - 1, text);
    check_string(text, "sha256:248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(a_nul_byte_counts)
{
    char with[DIGEST_TEXT_SIZE], without[DIGEST_TEXT_SIZE];

    digest_text("a\0b", 3, with);
    digest_text("a", 1, without);
    check(strcmp(with, without) != 0);
    check_int(strlen(with), DIGEST_TEXT_SIZE - 1);
}

TEST(hmac_is_that_of_rfc_4231)
{
    unsigned char key[131], digest[DIGEST_SIZE];
    char text[DIGEST_TEXT_SIZE];

    memset(key, 0x0b, 20);
    digest_hmac(key, 20, "Hi There", 8, digest);
    digest_print(digest, text);
    check_string(text, "sha256:b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    digest_hmac("Jefe", 4, "what do ya want for nothing?", 28, digest);
    digest_print(digest, text);
    check_string(text, "sha256:5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    memset(key, 0xaa, sizeof(key));
    digest_hmac(key, sizeof(key), "Test Using Larger Than Block-Size Key - Hash Key First", 54, digest);
    digest_print(digest, text);
    check_string(text, "sha256:60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}
