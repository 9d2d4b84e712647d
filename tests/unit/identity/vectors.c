/* SPDX-License-Identifier: Apache-2.0 */
/* What the standards print: RFC 7515 (A.3), 7638, 8037 (A.2 to A.4). */
#include <stdlib.h>

#include "identity/base64url.h"
#include "identity/jws.h"
#include "test.h"

static EVP_PKEY *key_of(const char *text)
{
    auto_json json_t *jwk = json_loads(text, 0, NULL);
    EVP_PKEY *key = NULL;
    struct error err = ERROR_INIT;

    if (key_from_jwk(jwk, &key, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    return key;
}

#define EC_KEY_7515 "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}"
#define OKP_KEY_8037 "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}"
#define JWS_7515                                                                                                                                     \
    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."                           \
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"

TEST(the_example_of_es256_holds_and_no_other_byte_does)
{
    auto_key EVP_PKEY *key = key_of(EC_KEY_7515);
    auto_jws struct jws jws = {0};
    struct error err = ERROR_INIT;

    check_int(jws_read(JWS_7515, strlen(JWS_7515), &jws, &err), 0);
    check_string(jws.algorithm, "ES256");
    check_string(json_string_value(json_object_get(jws.payload, "iss")), "joe");
    check_int(jws_check(&jws, key, &err), 0);
    for (size_t i = 0; i < sizeof(JWS_7515) - 1; i++) {
        char text[] = JWS_7515;
        auto_jws struct jws other = {0};

        text[i] = text[i] == 'A' ? 'B' : 'A';
        if (jws_read(text, strlen(text), &other, NULL) == 0 && jws_check(&other, key, NULL) == 0)
            test_fail(__FILE__, __LINE__, "byte %zu does not count", i);
    }
}

TEST(the_example_of_eddsa_holds)
{
    static const char signed_text[] = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
    static const char text[] = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    auto_key EVP_PKEY *key = key_of(OKP_KEY_8037);
    unsigned char signature[KEY_SIGNATURE_SIZE + 3];
    char id[KEY_ID_SIZE];

    check_int(base64url_decode(text, strlen(text), signature), KEY_SIGNATURE_SIZE);
    check(key_verify(key, signed_text, strlen(signed_text), signature));
    signature[0] ^= 1;
    check(!key_verify(key, signed_text, strlen(signed_text), signature));
    check_int(key_thumbprint(key, id, NULL), 0);
    check_string(id, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

TEST(a_key_is_the_same_after_it_was_written)
{
    auto_key EVP_PKEY *key = NULL, *again = NULL, *public = NULL;
    auto_json json_t *jwk = NULL;
    auto_text struct text pem = {0};
    unsigned char signature[KEY_SIGNATURE_SIZE];
    struct error err = ERROR_INIT;

    check_int(key_make(&key, &err), 0);
    check_int(key_print(key, &pem, &err), 0);
    check_int(key_read(pem.data, pem.length, &again, &err), 0);
    check_int(key_to_jwk(key, &jwk, &err), 0);
    check(!json_object_get(jwk, "d"));
    check_int(key_from_jwk(jwk, &public, &err), 0);
    for (int i = 0; i < 200; i++) { /* r and s have leading zeros now and then */
        check_int(key_sign(again, &i, sizeof(i), signature, &err), 0);
        check(key_verify(public, &i, sizeof(i), signature));
    }
}

TEST(what_is_no_key_is_refused)
{
    static const char *const texts[] = {
        "{}", "[]", "{\"kty\":\"oct\",\"k\":\"AAAA\"}", "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}",
        /* not on the curve */
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5aw\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
    };

    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        auto_json json_t *jwk = json_loads(texts[i], 0, NULL);
        auto_key EVP_PKEY *key = NULL;

        check(key_from_jwk(jwk, &key, NULL) < 0);
    }
}

TEST(base64url_has_one_spelling)
{
    static const char *const bad[] = {"A", "AAAAA", "AA=", "AA==", "A+AA", "A/AA", "A A", "AB", "AAB", "\xc3\xa9"};
    static const char *const good[][2] = {{"", ""}, {"f", "Zg"}, {"fo", "Zm8"}, {"foo", "Zm9v"}, {"foob", "Zm9vYg"}, {"\xff\xfe", "__4"}};
    unsigned char bytes[16];

    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        check_int(base64url_decode(bad[i], strlen(bad[i]), bytes), -1);
    for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
        auto_text struct text text = {0};

        base64url_add(&text, good[i][0], strlen(good[i][0]));
        check_string(text.data ? text.data : "", good[i][1]);
        check_int(base64url_decode(good[i][1], strlen(good[i][1]), bytes), (ssize_t)strlen(good[i][0]));
        check(memcmp(bytes, good[i][0], strlen(good[i][0])) == 0);
    }
}
