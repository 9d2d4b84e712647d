/* SPDX-License-Identifier: Apache-2.0 */
#include "identity/jws.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "identity/base64url.h"

void jws_finish(struct jws *jws)
{
    json_decref(jws->header);
    json_decref(jws->payload);
    *jws = (struct jws){0};
}

static int refuse(struct error *err, const char *why)
{
    return error_set(err, ERROR_INVALID, EINVAL, "token: %s", why);
}

/* A part that is JSON: an object, no member twice. */
static int part_read(const char *text, size_t length, const char *what, json_t **ret_object, struct error *err)
{
    auto_free char *bytes = mem_alloc(length / 4 * 3 + 3);
    ssize_t size = bytes ? base64url_decode(text, length, (unsigned char *)bytes) : -1;
    json_t *object;

    if (!bytes)
        return error_memory(err);
    object = size > 0 ? json_loadb(bytes, (size_t)size, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (!json_is_object(object)) {
        json_decref(object);
        return error_set(err, ERROR_INVALID, EINVAL, "token: its %s is not an object of JSON as base64url", what);
    }
    *ret_object = object;
    return 0;
}

/* A text without surprises into `to`; absent = empty. */
static bool take_text(const json_t *value, char *to, size_t size)
{
    const char *text = json_string_value(value);

    to[0] = '\0';
    if (!value)
        return true;
    if (!text || !*text || json_string_length(value) >= size || strlen(text) != json_string_length(value))
        return false;
    for (size_t i = 0; text[i]; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return false;
    text_put(to, size, text);
    return true;
}

static int header_read(struct jws *jws, struct error *err)
{
    static const char *const known[] = {"alg", "typ", "kid", "x5c"};
    const char *member;
    json_t *value;

    json_object_foreach(jws->header, member, value)
    {
        bool is_known = false;

        for (size_t i = 0; i < ARRAY_COUNT(known); i++)
            is_known |= strcmp(member, known[i]) == 0;
        if (!is_known)
            return error_set(err, ERROR_INVALID, EINVAL, "token: its header says '%.60s', which is not understood and may change what it means", member);
    }
    if (!take_text(json_object_get(jws->header, "alg"), jws->algorithm, sizeof(jws->algorithm)) || !jws->algorithm[0])
        return refuse(err, "its header names no algorithm");
    if (!take_text(json_object_get(jws->header, "typ"), jws->type, sizeof(jws->type)))
        return refuse(err, "'typ' in its header is not a type");
    if (!take_text(json_object_get(jws->header, "kid"), jws->key_id, sizeof(jws->key_id)))
        return refuse(err, "'kid' in its header is not a name of a key");
    return 0;
}

int jws_read(const char *text, size_t length, struct jws *ret_jws, struct error *err)
{
    const char *first = length <= JWS_TEXT_MAX ? memchr(text, '.', length) : NULL, *end = text + length;
    const char *second = first ? memchr(first + 1, '.', (size_t)(end - first - 1)) : NULL;
    auto_jws struct jws jws = {.signed_text = text};
    unsigned char signature[KEY_SIGNATURE_SIZE + 3];
    int status;

    if (length > JWS_TEXT_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "token: longer than %zu bytes", JWS_TEXT_MAX);
    if (!second || memchr(second + 1, '.', (size_t)(end - second - 1)))
        return refuse(err, "it has not three parts");
    jws.signed_size = (size_t)(second - text);
    status = part_read(text, (size_t)(first - text), "header", &jws.header, err);
    if (status == 0)
        status = header_read(&jws, err);
    if (status == 0)
        status = part_read(first + 1, (size_t)(second - first - 1), "payload", &jws.payload, err);
    if (status < 0)
        return status;
    if ((size_t)(end - second - 1) != (KEY_SIGNATURE_SIZE * 4 + 2) / 3 ||
        base64url_decode(second + 1, (size_t)(end - second - 1), signature) != KEY_SIGNATURE_SIZE)
        return refuse(err, "its signature is not one of ES256 or EdDSA");
    memcpy(jws.signature, signature, KEY_SIGNATURE_SIZE);
    *ret_jws = jws;
    jws = (struct jws){0};
    return 0;
}

int jws_check(const struct jws *jws, EVP_PKEY *key, struct error *err)
{
    const char *algorithm = key_algorithm(key);

    if (!algorithm || strcmp(algorithm, jws->algorithm) != 0)
        return error_set(err, ERROR_FORBIDDEN, EKEYREJECTED, "token: it says '%s', and its key signs with %s", jws->algorithm, algorithm ? algorithm : "nothing");
    if (!key_verify(key, jws->signed_text, jws->signed_size, jws->signature))
        return error_set(err, ERROR_FORBIDDEN, EKEYREJECTED, "token: its signature does not hold");
    return 0;
}

static int part_write(struct text *text, const json_t *object, struct error *err)
{
    char *bytes = json_dumps(object, JSON_COMPACT);

    if (!bytes)
        return error_memory(err);
    base64url_add(text, bytes, strlen(bytes));
    free(bytes);
    return 0;
}

static json_t *header_make(EVP_PKEY *key, const char *type, const char *key_id, json_t *chain)
{
    json_t *header = json_pack("{s:s, s:s}", "alg", key_algorithm(key), "typ", type);

    if (header && ((key_id && json_object_set_new(header, "kid", json_string(key_id)) < 0) || (chain && json_object_set(header, "x5c", chain) < 0))) {
        json_decref(header);
        header = NULL;
    }
    return header;
}

int jws_write(EVP_PKEY *key, const char *type, const char *key_id, json_t *chain, const json_t *payload, struct text *text, struct error *err)
{
    auto_json json_t *header = header_make(key, type, key_id, chain);
    auto_text struct text whole = {0};
    unsigned char signature[KEY_SIGNATURE_SIZE];
    int status = header ? part_write(&whole, header, err) : error_memory(err);

    if (status == 0) {
        text_add(&whole, ".");
        status = part_write(&whole, payload, err);
    }
    if (status == 0 && whole.is_broken)
        status = error_memory(err);
    if (status == 0)
        status = key_sign(key, whole.data, whole.length, signature, err);
    if (status < 0)
        return status;
    text_add(&whole, ".");
    base64url_add(&whole, signature, sizeof(signature));
    if (whole.is_broken)
        return error_memory(err);
    text_add_n(text, whole.data, whole.length);
    return text->is_broken ? error_memory(err) : 0;
}
