/* SPDX-License-Identifier: Apache-2.0 */
#include "identity/exchange.h"

#include <errno.h>
#include <string.h>

static int refuse(struct error *err, const char *why)
{
    return error_set(err, ERROR_FORBIDDEN, EACCES, "token: %s", why);
}

static bool is_among(const char *text, const char *const *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(text, items[i]) == 0)
            return true;
    return false;
}

static int check_audiences(const struct exchange *exchange, struct error *err)
{
    if (!exchange->audience_count || exchange->audience_count > TOKEN_AUDIENCES_MAX)
        return error_set(err, ERROR_INVALID, EINVAL, "token: it is for 1 to %d audiences", TOKEN_AUDIENCES_MAX);
    for (size_t i = 0; i < exchange->audience_count; i++) {
        const char *audience = exchange->audiences[i];

        if (!token_word_is_valid(audience, TOKEN_AUDIENCE_SIZE))
            return error_set(err, ERROR_INVALID, EINVAL, "token: an audience is a text without blanks of at most %d characters", TOKEN_AUDIENCE_SIZE - 1);
        if (exchange->allowed && !is_among(audience, exchange->allowed, exchange->allowed_count))
            return error_set(err, ERROR_FORBIDDEN, EACCES, "token: '%.200s' is none of the audiences that this container may have tokens for: its policy has to name it (identity.audiences)", audience);
    }
    return 0;
}

static bool is_in_array(const json_t *array, const char *text)
{
    const json_t *one;
    size_t i;

    json_array_foreach(array, i, one) if (json_is_string(one) && strcmp(json_string_value(one), text) == 0) return true;
    return false;
}

/* A delegation to this very container, by the one around it. */
static int check_subject(const struct issuer *issuer, const struct exchange *exchange, struct token *ret_token, struct error *err)
{
    char host[IDENTITY_TEXT_SIZE], actor[IDENTITY_TEXT_SIZE];
    const struct token_expected expected = {.bundle = &issuer->bundle, .kind = TOKEN_DELEGATION, .audience = host, .now = exchange->now};
    struct identity_name around;
    const char *may_act;
    int status;

    identity_print(&issuer->host, host);
    identity_print(exchange->actor, actor);
    status = token_verify(exchange->subject_token, strlen(exchange->subject_token), &expected, ret_token, err);
    if (status < 0)
        return error_prepend(err, "subject token");
    may_act = json_string_value(json_object_get(json_object_get(ret_token->claims, "may_act"), "sub"));
    if (!may_act || strcmp(may_act, actor) != 0)
        return refuse(err, "the subject token was not handed to this container");
    if (!identity_around(exchange->actor, &around) || !identity_equal(&around, &ret_token->actors[0]))
        return refuse(err, "the subject token was not handed on by the container around this one");
    for (size_t i = 0; i < exchange->audience_count; i++)
        if (!is_in_array(json_object_get(ret_token->claims, "cordon_audiences"), exchange->audiences[i]))
            return error_set(err, ERROR_FORBIDDEN, EACCES, "token: '%.200s' is none of the audiences that were handed on", exchange->audiences[i]);
    return 0;
}

/* `act`: this one, and within it whoever the subject token says. Consumes nothing. */
static int set_actor(json_t *claims, const char *actor, const json_t *before, struct error *err)
{
    auto_json json_t *act = json_pack("{s:s}", "sub", actor);

    if (!act || (before && json_object_set(act, "act", (json_t *)(uintptr_t)before) < 0) || json_object_set(claims, "act", act) < 0 ||
        json_object_set_new(claims, "client_id", json_string(actor)) < 0)
        return error_memory(err);
    return 0;
}

static json_t *list_audiences(const struct exchange *exchange)
{
    json_t *list = json_array();

    for (size_t i = 0; list && i < exchange->audience_count; i++)
        if (json_array_append_new(list, json_string(exchange->audiences[i])) < 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

/* Handed on to a container that is directly inside, and to nobody else. */
static int set_delegation(const struct issuer *issuer, const struct exchange *exchange, json_t *claims, struct error *err)
{
    struct identity_name child, around;
    char host[IDENTITY_TEXT_SIZE];
    int status;

    if (!exchange->may_act)
        return error_set(err, ERROR_INVALID, EINVAL, "token: it is not said to whom it is handed on");
    status = identity_parse(exchange->may_act, strlen(exchange->may_act), &child, err);
    if (status < 0)
        return status;
    if (!identity_around(&child, &around) || !identity_equal(&around, exchange->actor))
        return refuse(err, "it can be handed on to a container directly inside of this one alone");
    identity_print(&issuer->host, host);
    if (json_object_set_new(claims, "may_act", json_pack("{s:s}", "sub", exchange->may_act)) < 0 ||
        json_object_set(claims, "cordon_audiences", json_object_get(claims, "aud")) < 0 || json_object_set_new(claims, "aud", json_pack("[s]", host)) < 0)
        return error_memory(err);
    return 0;
}

/* On a person's behalf. */
static int set_mandate(const struct issuer *issuer, const struct exchange *exchange, json_t *claims, time_t *until, struct error *err)
{
    auto_token struct token subject = {0};
    struct identity_name person;
    char actor[IDENTITY_TEXT_SIZE], text[IDENTITY_TEXT_SIZE];
    int status = 0;

    identity_print(exchange->actor, actor);
    identity_user(exchange->actor, exchange->actor->uid, &person);
    if (exchange->subject_token)
        status = check_subject(issuer, exchange, &subject, err);
    else if (exchange->actor->depth != 1)
        status = refuse(err, "a container inside another acts on somebody's behalf by what that one hands on: it needs a subject token");
    if (status < 0)
        return status;
    if (exchange->subject_token && subject.until < *until)
        *until = subject.until;
    identity_print(exchange->subject_token ? &subject.subject : &person, text);
    if (json_object_set_new(claims, "sub", json_string(text)) < 0)
        return error_memory(err);
    status = set_actor(claims, actor, json_object_get(subject.claims, "act"), err);
    return status < 0 || exchange->kind != TOKEN_DELEGATION ? status : set_delegation(issuer, exchange, claims, err);
}

static int set_self(const struct exchange *exchange, json_t *claims, struct error *err)
{
    char actor[IDENTITY_TEXT_SIZE];

    if (exchange->subject_token || exchange->may_act)
        return error_set(err, ERROR_INVALID, EINVAL, "token: what says who somebody is, is exchanged for nothing");
    identity_print(exchange->actor, actor);
    if (json_object_set_new(claims, "sub", json_string(actor)) < 0)
        return error_memory(err);
    if (exchange->kind != TOKEN_ATTESTATION)
        return 0;
    if (!json_is_object(exchange->facts))
        return error_set(err, ERROR_UNENFORCEABLE, ENODATA, "token: nobody has said how this container is contained");
    if (json_object_set(claims, "cordon", (json_t *)(uintptr_t)exchange->facts) < 0 ||
        (exchange->nonce && json_object_set_new(claims, "nonce", json_string(exchange->nonce)) < 0))
        return error_memory(err);
    return 0;
}

int exchange_make(const struct issuer *issuer, const struct exchange *exchange, struct text *text, time_t *ret_until, struct error *err)
{
    const struct token_kind_row *row = token_kind_row(exchange->kind);
    uint64_t seconds = exchange->seconds ? exchange->seconds : row->seconds;
    time_t until = exchange->now + (time_t)(seconds < row->seconds_max ? seconds : row->seconds_max);
    auto_json json_t *claims = json_object();
    int status = check_audiences(exchange, err);

    if (status < 0)
        return status;
    if (exchange->actor->kind != IDENTITY_AGENT || !identity_is_within(exchange->actor, &issuer->host))
        return refuse(err, "who asks is no container of this machine");
    if (exchange->nonce && !token_word_is_valid(exchange->nonce, TOKEN_NONCE_SIZE))
        return error_set(err, ERROR_INVALID, EINVAL, "token: a nonce is a text without blanks of at most %d characters", TOKEN_NONCE_SIZE - 1);
    if (!claims || json_object_set_new(claims, "aud", list_audiences(exchange)) < 0)
        return error_memory(err);
    status = row->subject == IDENTITY_USER ? set_mandate(issuer, exchange, claims, &until, err) : set_self(exchange, claims, err);
    if (status == 0)
        status = token_make(issuer, exchange->kind, claims, exchange->now, until, text, err);
    if (status == 0 && ret_until)
        *ret_until = until;
    return status;
}
