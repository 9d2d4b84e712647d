/* SPDX-License-Identifier: Apache-2.0 */
#include "identity/bundle.h"

#include <errno.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/base64.h"
#include "base/memory.h"
#include "base/text.h"

#define DER_TEXT_MAX 65536

static const char *const uses[] = {[BUNDLE_X509] = "x509-svid", [BUNDLE_JWT] = "jwt-svid", [BUNDLE_TOKEN] = "sig"};

void bundle_finish(struct bundle *bundle)
{
    for (size_t i = 0; i < bundle->count; i++) {
        EVP_PKEY_free(bundle->keys[i].key);
        X509_free(bundle->keys[i].certificate);
    }
    *bundle = (struct bundle){0};
}

static int refuse_full(struct error *err)
{
    return error_set(err, ERROR_LIMIT, E2BIG, "trust bundle: more than %d keys", BUNDLE_KEYS_MAX);
}

int bundle_add_key(struct bundle *bundle, enum bundle_use use, const char *id, EVP_PKEY *key, struct error *err)
{
    struct bundle_key *slot = &bundle->keys[bundle->count];
    int status = 0;

    if (bundle->count == BUNDLE_KEYS_MAX)
        status = refuse_full(err);
    else if (!*id || strlen(id) >= sizeof(slot->id))
        status = error_set(err, ERROR_INVALID, EINVAL, "trust bundle: a key without a usable 'kid'");
    else if (bundle_find(bundle, use, id))
        status = error_set(err, ERROR_INVALID, EINVAL, "trust bundle: two keys have the name '%.100s'", id);
    if (status < 0) {
        EVP_PKEY_free(key);
        return status;
    }
    slot->use = use;
    slot->key = key;
    text_put(slot->id, sizeof(slot->id), id);
    bundle->count++;
    return 0;
}

int bundle_add_certificate(struct bundle *bundle, X509 *certificate, struct error *err)
{
    if (bundle->count == BUNDLE_KEYS_MAX) {
        X509_free(certificate);
        return refuse_full(err);
    }
    bundle->keys[bundle->count++] = (struct bundle_key){.use = BUNDLE_X509, .certificate = certificate};
    return 0;
}

EVP_PKEY *bundle_find(const struct bundle *bundle, enum bundle_use use, const char *id)
{
    for (size_t i = 0; i < bundle->count; i++)
        if (bundle->keys[i].use == use && bundle->keys[i].key && strcmp(bundle->keys[i].id, id) == 0)
            return bundle->keys[i].key;
    return NULL;
}

/* ---- certificates as text ---- */

json_t *certificate_to_x5c(X509 *certificate)
{
    unsigned char *der = NULL;
    int size = i2d_X509(certificate, &der);
    char *text = size > 0 ? mem_alloc((size_t)size / 3 * 4 + 5) : NULL;
    json_t *value = text && EVP_EncodeBlock((unsigned char *)text, der, size) > 0 ? json_string(text) : NULL;

    OPENSSL_free(der);
    mem_free(text);
    return value;
}

X509 *certificate_from_x5c(const json_t *value)
{
    size_t length = json_string_length(value);
    unsigned char *der = length && length < DER_TEXT_MAX ? mem_alloc(length) : NULL;
    ssize_t size = der ? base64_decode(json_string_value(value), length, der) : -1;
    const unsigned char *at = der;
    X509 *certificate = size > 0 ? d2i_X509(NULL, &at, (long)size) : NULL;

    if (certificate && at != der + size) {
        X509_free(certificate);
        certificate = NULL;
    }
    ERR_clear_error();
    mem_free(der);
    return certificate;
}

int certificate_write_pem(X509 *certificate, struct text *text, struct error *err)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const char *bytes = NULL;
    long size = bio && PEM_write_bio_X509(bio, certificate) == 1 ? BIO_get_mem_data(bio, &bytes) : 0;

    if (size > 0)
        text_add_n(text, bytes, (size_t)size);
    BIO_free(bio);
    return size > 0 && !text->is_broken ? 0 : error_memory(err);
}

int bundle_write_pem(const struct bundle *bundle, struct text *text, struct error *err)
{
    int status = 0;

    for (size_t i = 0; i < bundle->count && status == 0; i++)
        if (bundle->keys[i].certificate)
            status = certificate_write_pem(bundle->keys[i].certificate, text, err);
    return status;
}

/* ---- as a JWKS ---- */

static int key_write(const struct bundle_key *key, json_t *keys, struct error *err)
{
    auto_json json_t *jwk = NULL;
    EVP_PKEY *public = key->certificate ? X509_get0_pubkey(key->certificate) : key->key;
    int status = public ? key_to_jwk(public, &jwk, err) : key_error(err, "trust bundle: a certificate without a key");
    json_t *chain = key->certificate ? json_array() : NULL;

    if (status == 0 && (json_object_set_new(jwk, "use", json_string(uses[key->use])) < 0 ||
                        (key->id[0] && json_object_set_new(jwk, "kid", json_string(key->id)) < 0) ||
                        (chain && (json_array_append_new(chain, certificate_to_x5c(key->certificate)) < 0 || json_object_set(jwk, "x5c", chain) < 0)) ||
                        json_array_append(keys, jwk) < 0))
        status = error_memory(err);
    json_decref(chain);
    return status;
}

int bundle_write(const struct bundle *bundle, struct text *text, struct error *err)
{
    auto_json json_t *keys = json_array(), *document = NULL;
    char *bytes;
    int status = keys ? 0 : error_memory(err);

    for (size_t i = 0; i < bundle->count && status == 0; i++)
        status = key_write(&bundle->keys[i], keys, err);
    if (status < 0)
        return status;
    document = json_pack("{s:O, s:I, s:i}", "keys", keys, "spiffe_sequence", (json_int_t)bundle->sequence, "spiffe_refresh_hint", BUNDLE_REFRESH_S);
    bytes = document ? json_dumps(document, JSON_COMPACT) : NULL;
    if (bytes) {
        text_add(text, bytes);
        text_add(text, "\n");
    }
    free(bytes);
    return bytes && !text->is_broken ? 0 : error_memory(err);
}

static enum bundle_use use_of(const json_t *jwk)
{
    const char *use = json_string_value(json_object_get(jwk, "use"));

    for (size_t i = BUNDLE_X509; use && i < ARRAY_COUNT(uses); i++)
        if (strcmp(use, uses[i]) == 0)
            return (enum bundle_use)i;
    return 0;
}

/* One entry. What a later version may mean is passed over, what is wrong is refused. */
static int entry_read(struct bundle *bundle, const json_t *jwk, struct error *err)
{
    enum bundle_use use = use_of(jwk);
    const char *id = json_string_value(json_object_get(jwk, "kid"));
    const json_t *chain = json_object_get(jwk, "x5c");
    EVP_PKEY *key = NULL;
    X509 *certificate;
    int status;

    if (!use)
        return 0;
    if (use == BUNDLE_X509) {
        certificate = json_array_size(chain) == 1 ? certificate_from_x5c(json_array_get(chain, 0)) : NULL;
        return certificate ? bundle_add_certificate(bundle, certificate, err)
                           : error_set(err, ERROR_INVALID, EINVAL, "trust bundle: a key for X.509-SVIDs has one certificate in 'x5c'");
    }
    status = key_from_jwk(jwk, &key, err);
    if (status < 0)
        return error_prepend(err, "trust bundle");
    return bundle_add_key(bundle, use, id ? id : "", key, err);
}

int bundle_read(const char *text, size_t size, const char *domain, struct bundle *ret_bundle, struct error *err)
{
    auto_json json_t *document = size <= BUNDLE_TEXT_MAX ? json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL) : NULL;
    auto_bundle struct bundle bundle = {0};
    const json_t *keys = json_object_get(document, "keys"), *sequence = json_object_get(document, "spiffe_sequence"), *jwk;
    size_t i;
    int status = 0;

    if (!json_is_array(keys) || strlen(domain) >= sizeof(bundle.domain) || (sequence && json_integer_value(sequence) < 0))
        return error_set(err, ERROR_INVALID, EINVAL, "trust bundle: this is no object of JSON with 'keys', of at most %zu bytes", BUNDLE_TEXT_MAX);
    text_put(bundle.domain, sizeof(bundle.domain), domain);
    bundle.sequence = (uint64_t)json_integer_value(sequence);
    json_array_foreach(keys, i, jwk) if (status == 0) status = entry_read(&bundle, jwk, err);
    if (status == 0 && !bundle.count)
        status = error_set(err, ERROR_INVALID, EINVAL, "trust bundle: it has no key that is understood");
    if (status < 0)
        return status;
    *ret_bundle = bundle;
    bundle = (struct bundle){0};
    return 0;
}
