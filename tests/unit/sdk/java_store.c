/* SPDX-License-Identifier: Apache-2.0 */
/* Java's trust store, byte for byte; tests/network has a Java that reads one. */
#include "sdk/java_store.h"

#include <errno.h>
#include <string.h>

#include "base/fingerprint.h"
#include "test.h"

#define CERTIFICATE(text) "-----BEGIN CERTIFICATE-----\n" text "\n-----END CERTIFICATE-----\n"

static struct error err;

TEST(a_store_has_an_entry_for_each_certificate_and_its_digest_behind)
{
    static const char pem[] = CERTIFICATE("QUJD") CERTIFICATE("REU=");
    static const char expected[] = "\xfe\xed\xfe\xed\0\0\0\2\0\0\0\2"
                                   "\0\0\0\2\0\10cordon-1\0\0\0\0\0\0\0\0\0\5X.509\0\0\0\3" "ABC"
                                   "\0\0\0\2\0\10cordon-2\0\0\0\0\0\0\0\0\0\5X.509\0\0\0\2" "DE";
    static const char password[] = "\0c\0h\0a\0n\0g\0e\0i\0t" "Mighty Aphrodite";
    unsigned char digest[SHA1_SIZE];
    auto_text struct text store = {0};

    check_int(java_store_write(pem, strlen(pem), &store, &err), 0);
    check_int(store.length, sizeof(expected) - 1 + SHA1_SIZE);
    check(memcmp(store.data, expected, sizeof(expected) - 1) == 0);
    sha1_of(password, sizeof(password) - 1, expected, sizeof(expected) - 1, digest);
    check(memcmp(store.data + sizeof(expected) - 1, digest, SHA1_SIZE) == 0);
}

TEST(a_certificate_that_is_none_makes_no_store)
{
    static const char *const bad[] = {CERTIFICATE("Q?JD"), CERTIFICATE(""), "-----BEGIN CERTIFICATE-----\nQUJD\n"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        auto_text struct text store = {0};

        check_int(java_store_write(bad[i], strlen(bad[i]), &store, &err), -EBADMSG);
    }
}

TEST(without_certificates_the_store_is_empty_and_whole)
{
    auto_text struct text store = {0};

    check_int(java_store_write("", 0, &store, &err), 0);
    check_int(store.length, 12 + SHA1_SIZE);
}
