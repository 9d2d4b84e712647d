/* SPDX-License-Identifier: Apache-2.0 */
/* Made, and verified: in the order in which each check may rely on those before it. */
#include "identity/token.h"

#include <errno.h>
#include <string.h>

#include <openssl/rand.h>

#include "base/text.h"
#include "identity/base64url.h"

static const struct token_kind_row rows[] = {
    [TOKEN_SVID] = {"svid", "JWT", BUNDLE_JWT, IDENTITY_AGENT, 300, 3600},
    [TOKEN_ACCESS] = {"access", "at+jwt", BUNDLE_TOKEN, IDENTITY_USER, 300, 3600},
    [TOKEN_DELEGATION] = {"delegation", "cordon-delegation+jwt", BUNDLE_TOKEN, IDENTITY_USER, 600, 3600},
    [TOKEN_ATTESTATION] = {"attestation", "cordon-attestation+jwt", BUNDLE_TOKEN, IDENTITY_AGENT, 60, 600},
};

const struct token_kind_row *token_kind_row(enum token_kind kind)
{
    return &rows[kind];
}

enum token_kind token_kind_parse(const char *name)
{
    for (size_t i = TOKEN_SVID; i < ARRAY_COUNT(rows); i++)
        if (strcmp(rows[i].name, name) == 0)
            return (enum token_kind)i;
    return 0;
}

bool token_word_is_valid(const char *text, size_t size_max)
{
    size_t length = strnlen(text, size_max);

    for (size_t i = 0; i < length; i++)
        if (text[i] <= ' ' || text[i] > '~' || text[i] == '"' || text[i] == '\\')
            return false;
    return length && length < size_max;
}

void token_finish(struct token *token)
{
    json_decref(token->claims);
    *token = (struct token){0};
}

/* ---- made ---- */

static json_t *make_id(void)
{
    unsigned char chance[16];
    auto_text struct text text = {0};

    if (RAND_bytes(chance, sizeof(chance)) != 1)
        return NULL;
    base64url_add(&text, chance, sizeof(chance));
    return text.is_broken ? NULL : json_string(text.data);
}

int token_make(const struct issuer *issuer, enum token_kind kind, json_t *claims, time_t now, time_t until, struct text *text, struct error *err)
{
    const struct issuer_generation *signs = issuer_signs(issuer, now);
    const struct token_kind_row *row = &rows[kind];
    char host[IDENTITY_TEXT_SIZE];

    if (!signs)
        return error_set(err, ERROR_SYSTEM, ETIME, "token: the authority has no key for this time");
    if (until > now + (time_t)row->seconds_max)
        until = now + (time_t)row->seconds_max;
    if (until > signs->until)
        until = signs->until;
    if (until <= now)
        return error_set(err, ERROR_INVALID, EINVAL, "token: it would have ended before it begins");
    identity_print(&issuer->host, host);
    if (json_object_set_new(claims, "iss", json_string(host)) < 0 || json_object_set_new(claims, "iat", json_integer(now)) < 0 ||
        json_object_set_new(claims, "exp", json_integer(until)) < 0 || json_object_set_new(claims, "jti", make_id()) < 0)
        return error_memory(err);
    return jws_write(signs->keys[row->use], row->type, signs->ids[row->use], NULL, claims, text, err);
}

/* ---- verified ---- */

static int refuse(struct error *err, int errnum, const char *why)
{
    return error_set(err, ERROR_FORBIDDEN, errnum, "token: %s", why);
}

/* A JWT-SVID need not say what it is; others do, word for word. */
static int check_type(const struct jws *jws, enum token_kind kind, struct error *err)
{
    bool is_it = strcmp(jws->type, rows[kind].type) == 0 || (kind == TOKEN_SVID && (!jws->type[0] || strcmp(jws->type, "JOSE") == 0));

    if (is_it && !json_object_get(jws->header, "x5c"))
        return 0;
    return error_set(err, ERROR_FORBIDDEN, EINVAL, "token: it is of type '%s', not %s: '%s'", jws->type, rows[kind].name, rows[kind].type);
}

static int check_signature(const struct jws *jws, const struct token_expected *expected, struct error *err)
{
    EVP_PKEY *key = jws->key_id[0] ? bundle_find(expected->bundle, rows[expected->kind].use, jws->key_id) : NULL;

    if (!key)
        return refuse(err, EKEYREJECTED, jws->key_id[0] ? "its key is none of those that are believed for this kind" : "it does not say which key signed it");
    return jws_check(jws, key, err);
}

/* NULL where it is not one short text. */
static const char *word_of(const json_t *object, const char *member, size_t size_max)
{
    const json_t *value = json_object_get(object, member);
    const char *text = json_string_value(value);

    return text && strlen(text) == json_string_length(value) && token_word_is_valid(text, size_max) ? text : NULL;
}

static int name_of(const json_t *object, const char *domain, struct identity_name *ret_name, struct error *err)
{
    const char *text = word_of(object, "sub", IDENTITY_TEXT_SIZE);
    int status = text ? identity_parse(text, strlen(text), ret_name, err) : refuse(err, EINVAL, "it names nobody");

    if (status < 0)
        return error_prepend(err, "token");
    return strcmp(ret_name->domain, domain) == 0 ? 0 : refuse(err, EINVAL, "it names somebody of another trust domain");
}

static int check_audience(const json_t *claims, const char *audience, struct error *err)
{
    const json_t *value = json_object_get(claims, "aud"), *one;
    size_t i;

    if (json_is_string(value) && strlen(json_string_value(value)) == json_string_length(value) && strcmp(json_string_value(value), audience) == 0)
        return 0;
    if (json_array_size(value) <= TOKEN_AUDIENCES_MAX)
        json_array_foreach(value, i, one) if (json_is_string(one) && strlen(json_string_value(one)) == json_string_length(one) &&
                                              strcmp(json_string_value(one), audience) == 0) return 0;
    return error_set(err, ERROR_FORBIDDEN, EACCES, "token: it is not for '%.200s'", audience);
}

static int check_times(const json_t *claims, const struct token_expected *expected, struct token *token, struct error *err)
{
    const json_t *issued = json_object_get(claims, "iat"), *until = json_object_get(claims, "exp"), *from = json_object_get(claims, "nbf");
    json_int_t now = (json_int_t)expected->now, end = json_integer_value(until), begin = json_integer_value(issued);

    /* whatever a calculation with it could pass */
    if (!json_is_integer(until) || !json_is_integer(issued) || (from && !json_is_integer(from)) || end < 0 || begin < 0 || end > INT64_MAX / 4 ||
        begin > INT64_MAX / 4)
        return refuse(err, EINVAL, "its times are none");
    if (now >= end)
        return refuse(err, ETIME, "it has expired");
    if (begin > now + TOKEN_EARLY_S || (from && json_integer_value(from) > now + TOKEN_EARLY_S))
        return refuse(err, ETIME, "it is of a time that has not come");
    if (end - begin > (json_int_t)rows[expected->kind].seconds_max)
        return refuse(err, ETIME, "it holds for longer than such a token may");
    token->issued = (time_t)begin;
    token->until = (time_t)end;
    return 0;
}

/* RFC 8693, 4.1: each says who, and who was before. */
static int read_actors(const json_t *claims, const char *domain, struct token *token, struct error *err)
{
    const json_t *act = json_object_get(claims, "act");
    const char *member;
    const json_t *value;
    int status = 0;

    for (; act && status == 0; act = json_object_get(act, "act")) {
        if (!json_is_object(act) || token->actor_count == IDENTITY_DEPTH_MAX)
            return refuse(err, EINVAL, "'act' does not say who acts");
        json_object_foreach((json_t *)(uintptr_t)act, member, value) if (strcmp(member, "sub") != 0 && strcmp(member, "act") != 0) return refuse(
            err, EINVAL, "'act' says what is not understood");
        status = name_of(act, domain, &token->actors[token->actor_count], err);
        if (status == 0 && token->actors[token->actor_count].kind != IDENTITY_AGENT)
            status = refuse(err, EINVAL, "'act' names what is no container");
        token->actor_count++;
    }
    return status;
}

/* Who acts is inside of who acted before, and all of them are the subject's. */
static int check_actors(const struct token *token, struct error *err)
{
    bool is_wanted = rows[token->kind].subject == IDENTITY_USER;
    struct identity_name around;

    if (is_wanted != (token->actor_count > 0))
        return refuse(err, EINVAL, is_wanted ? "it does not say who acts" : "somebody else acts, and this kind says who somebody is");
    for (size_t i = 0; i < token->actor_count; i++) {
        const struct identity_name *outer = i + 1 < token->actor_count ? &token->actors[i + 1] : &token->subject;

        if (!identity_around(&token->actors[i], &around) || !identity_equal(&around, outer))
            return refuse(err, EINVAL, "who acts is not one of those on whose behalf");
    }
    return 0;
}

static int check_issuer(const json_t *claims, const struct token_expected *expected, struct token *token, struct error *err)
{
    const char *text = word_of(claims, "iss", IDENTITY_TEXT_SIZE), *id = word_of(claims, "jti", TOKEN_ID_SIZE);
    struct identity_name host;
    int status;

    if (!text && expected->kind == TOKEN_SVID && !json_object_get(claims, "iss"))
        return 0; /* SPIFFE asks for none */
    if (!text || (!id && expected->kind != TOKEN_SVID))
        return refuse(err, EINVAL, "it does not say who made it, or which one it is");
    status = identity_parse(text, strlen(text), &host, err);
    if (status < 0)
        return error_prepend(err, "token");
    if (host.kind != IDENTITY_HOST || !identity_is_within(&token->subject, &host))
        return refuse(err, EINVAL, "who made it is not the subject's machine");
    text_put(token->issuer, sizeof(token->issuer), text);
    text_put(token->id, sizeof(token->id), id ? id : "");
    return 0;
}

static int check_claims(const json_t *claims, const struct token_expected *expected, struct token *token, struct error *err)
{
    const char *nonce = word_of(claims, "nonce", TOKEN_NONCE_SIZE);
    int status = name_of(claims, expected->bundle->domain, &token->subject, err);

    if (status == 0 && token->subject.kind != rows[expected->kind].subject)
        status = refuse(err, EINVAL, "its subject is not of this kind");
    if (status == 0)
        status = check_issuer(claims, expected, token, err);
    if (status == 0)
        status = check_audience(claims, expected->audience, err);
    if (status == 0)
        status = check_times(claims, expected, token, err);
    if (status == 0 && expected->nonce && (!nonce || strcmp(nonce, expected->nonce) != 0))
        status = refuse(err, EACCES, "it is not the answer to this question: another nonce");
    if (status == 0)
        status = read_actors(claims, expected->bundle->domain, token, err);
    return status < 0 ? status : check_actors(token, err);
}

int token_verify(const char *text, size_t length, const struct token_expected *expected, struct token *ret_token, struct error *err)
{
    auto_jws struct jws jws = {0};
    struct token token = {.kind = expected->kind};
    int status = jws_read(text, length, &jws, err);

    if (status == 0)
        status = check_type(&jws, expected->kind, err);
    if (status == 0)
        status = check_signature(&jws, expected, err);
    if (status == 0)
        status = check_claims(jws.payload, expected, &token, err);
    if (status < 0)
        return status;
    token.claims = json_incref(jws.payload);
    *ret_token = token;
    return 0;
}
