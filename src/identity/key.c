/* SPDX-License-Identifier: Apache-2.0 */
#include "identity/key.h"

#include <errno.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "identity/base64url.h"

#define COORDINATE 32

void key_free_at(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
    *key = NULL;
}

void json_free_at(json_t **json)
{
    json_decref(*json);
    *json = NULL;
}

int key_error(struct error *err, const char *what)
{
    ERR_clear_error();
    return error_set(err, ERROR_SYSTEM, EIO, "%s", what);
}

static int key_refuse(struct error *err, const char *what)
{
    ERR_clear_error();
    return error_set(err, ERROR_INVALID, EINVAL, "%s", what);
}

int key_make(EVP_PKEY **ret_key, struct error *err)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");

    if (!key)
        return key_error(err, "make a key");
    *ret_key = key;
    return 0;
}

const char *key_algorithm(const EVP_PKEY *key)
{
    char group[32];

    if (EVP_PKEY_is_a(key, "ED25519"))
        return "EdDSA";
    if (EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1 &&
        (strcmp(group, "prime256v1") == 0 || strcmp(group, "P-256") == 0))
        return "ES256";
    return NULL;
}

/* ---- PEM ---- */

int key_print(const EVP_PKEY *key, struct text *text, struct error *err)
{
    BIO *bio = BIO_new(BIO_s_secmem());
    const char *bytes = NULL;
    long size = bio && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1 ? BIO_get_mem_data(bio, &bytes) : 0;

    if (size > 0)
        text_add_n(text, bytes, (size_t)size);
    BIO_free(bio);
    return size > 0 ? 0 : key_error(err, "write a key");
}

/* Who asks for a password gets none: without this OpenSSL asks the terminal. */
static int no_password(char *unused_arg text, int unused_arg size, int unused_arg is_write, void *unused_arg context)
{
    return -1;
}

int key_read(const char *pem, size_t size, EVP_PKEY **ret_key, struct error *err)
{
    BIO *bio = size && size < 65536 ? BIO_new_mem_buf(pem, (int)size) : NULL;
    auto_key EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;

    BIO_free(bio);
    if (!key || !key_algorithm(key))
        return key_refuse(err, "this is no private key of P-256 or Ed25519");
    *ret_key = key;
    key = NULL;
    return 0;
}

/* ---- JWK ---- */

static int jwk_set(json_t *jwk, const char *member, const unsigned char *bytes, size_t size)
{
    auto_text struct text text = {0};

    base64url_add(&text, bytes, size);
    return text.is_broken ? -1 : json_object_set_new(jwk, member, json_string(text.data));
}

static bool set_point(json_t *jwk, const EVP_PKEY *key)
{
    unsigned char point[1 + 2 * COORDINATE];
    size_t size = 0;

    return EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &size) == 1 && size == sizeof(point) &&
           point[0] == POINT_CONVERSION_UNCOMPRESSED && json_object_set_new(jwk, "kty", json_string("EC")) == 0 &&
           json_object_set_new(jwk, "crv", json_string("P-256")) == 0 && jwk_set(jwk, "x", point + 1, COORDINATE) == 0 &&
           jwk_set(jwk, "y", point + 1 + COORDINATE, COORDINATE) == 0;
}

static bool set_edwards(json_t *jwk, const EVP_PKEY *key)
{
    unsigned char bytes[COORDINATE];
    size_t size = sizeof(bytes);

    return EVP_PKEY_get_raw_public_key(key, bytes, &size) == 1 && size == sizeof(bytes) && json_object_set_new(jwk, "kty", json_string("OKP")) == 0 &&
           json_object_set_new(jwk, "crv", json_string("Ed25519")) == 0 && jwk_set(jwk, "x", bytes, size) == 0;
}

int key_to_jwk(const EVP_PKEY *key, json_t **ret_jwk, struct error *err)
{
    const char *algorithm = key_algorithm(key);
    auto_json json_t *jwk = json_object();

    if (!jwk)
        return error_memory(err);
    if (!algorithm || !(strcmp(algorithm, "EdDSA") == 0 ? set_edwards(jwk, key) : set_point(jwk, key)))
        return key_error(err, "write a public key");
    *ret_jwk = jwk;
    jwk = NULL;
    return 0;
}

static bool jwk_is(const json_t *jwk, const char *member, const char *value)
{
    const char *text = json_string_value(json_object_get(jwk, member));

    return text && strcmp(text, value) == 0;
}

/* Exactly so many bytes. */
static bool jwk_get(const json_t *jwk, const char *member, unsigned char ret_bytes[COORDINATE])
{
    const json_t *value = json_object_get(jwk, member);
    unsigned char bytes[COORDINATE + 3];

    if (json_string_length(value) != (COORDINATE * 4 + 2) / 3 || base64url_decode(json_string_value(value), json_string_length(value), bytes) != COORDINATE)
        return false;
    memcpy(ret_bytes, bytes, COORDINATE);
    return true;
}

static EVP_PKEY *point_key(const unsigned char point[1 + 2 * COORDINATE])
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM *parameters = NULL;
    EVP_PKEY *key = NULL;

    if (context && build && OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * COORDINATE) == 1)
        parameters = OSSL_PARAM_BLD_to_param(build);
    if (!parameters || EVP_PKEY_fromdata_init(context) != 1 || EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters) != 1)
        key = NULL;
    OSSL_PARAM_free(parameters);
    OSSL_PARAM_BLD_free(build);
    EVP_PKEY_CTX_free(context);
    return key;
}

int key_from_jwk(const json_t *jwk, EVP_PKEY **ret_key, struct error *err)
{
    unsigned char point[1 + 2 * COORDINATE] = {POINT_CONVERSION_UNCOMPRESSED};
    EVP_PKEY *key = NULL;

    if (jwk_is(jwk, "kty", "EC") && jwk_is(jwk, "crv", "P-256") && jwk_get(jwk, "x", point + 1) && jwk_get(jwk, "y", point + 1 + COORDINATE))
        key = point_key(point);
    else if (jwk_is(jwk, "kty", "OKP") && jwk_is(jwk, "crv", "Ed25519") && jwk_get(jwk, "x", point))
        key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, point, COORDINATE);
    if (!key)
        return key_refuse(err, "this is no public key of P-256 or Ed25519 as JWK");
    *ret_key = key;
    return 0;
}

/* Required members in lexicographic order, without blanks: as RFC 7638 has it. */
int key_thumbprint(const EVP_PKEY *key, char ret_id[KEY_ID_SIZE], struct error *err)
{
    auto_json json_t *jwk = NULL;
    auto_text struct text text = {0};
    unsigned char digest[EVP_MAX_MD_SIZE];
    size_t size = 0;
    char *canonical;
    int status = key_to_jwk(key, &jwk, err);

    if (status < 0)
        return status;
    canonical = json_dumps(jwk, JSON_COMPACT | JSON_SORT_KEYS);
    if (canonical && EVP_Q_digest(NULL, "SHA256", NULL, canonical, strlen(canonical), digest, &size) == 1)
        base64url_add(&text, digest, size);
    free(canonical);
    if (text.length != KEY_ID_SIZE - 1 || text.is_broken)
        return error_memory(err);
    memcpy(ret_id, text.data, KEY_ID_SIZE);
    return 0;
}

/* ---- signatures ---- */

/* DER to r and s. */
static bool to_pair(const unsigned char *der, size_t size, unsigned char pair[KEY_SIGNATURE_SIZE])
{
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)size);
    bool is_done = signature && BN_bn2binpad(ECDSA_SIG_get0_r(signature), pair, COORDINATE) == COORDINATE &&
                   BN_bn2binpad(ECDSA_SIG_get0_s(signature), pair + COORDINATE, COORDINATE) == COORDINATE;

    ECDSA_SIG_free(signature);
    return is_done;
}

static int from_pair(const unsigned char pair[KEY_SIGNATURE_SIZE], unsigned char der[80])
{
    ECDSA_SIG *signature = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(pair, COORDINATE, NULL), *s = BN_bin2bn(pair + COORDINATE, COORDINATE, NULL);
    int size = -1;

    if (signature && r && s && ECDSA_SIG_set0(signature, r, s) == 1) {
        r = s = NULL; /* the signature's */
        size = i2d_ECDSA_SIG(signature, &der);
    }
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(signature);
    return size;
}

int key_sign(EVP_PKEY *key, const void *data, size_t size, unsigned char ret_signature[KEY_SIGNATURE_SIZE], struct error *err)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const char *algorithm = key_algorithm(key);
    bool is_edwards = algorithm && strcmp(algorithm, "EdDSA") == 0, is_done;
    unsigned char bytes[80];
    size_t length = sizeof(bytes);

    is_done = context && algorithm && EVP_DigestSignInit_ex(context, NULL, is_edwards ? NULL : "SHA256", NULL, NULL, key, NULL) == 1 &&
              EVP_DigestSign(context, bytes, &length, data, size) == 1;
    EVP_MD_CTX_free(context);
    if (is_done && is_edwards && length == KEY_SIGNATURE_SIZE)
        memcpy(ret_signature, bytes, length);
    else if (!is_done || is_edwards || !to_pair(bytes, length, ret_signature))
        return key_error(err, "sign");
    return 0;
}

bool key_verify(EVP_PKEY *key, const void *data, size_t size, const unsigned char signature[KEY_SIGNATURE_SIZE])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const char *algorithm = key_algorithm(key);
    bool is_edwards = algorithm && strcmp(algorithm, "EdDSA") == 0, holds;
    unsigned char der[80];
    int length = is_edwards ? KEY_SIGNATURE_SIZE : from_pair(signature, der);

    holds = context && algorithm && length > 0 &&
            EVP_DigestVerifyInit_ex(context, NULL, is_edwards ? NULL : "SHA256", NULL, NULL, key, NULL) == 1 &&
            EVP_DigestVerify(context, is_edwards ? signature : der, (size_t)length, data, size) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return holds;
}
