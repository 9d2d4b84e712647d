/* SPDX-License-Identifier: Apache-2.0 */
/* What a container may ask for. A container asks about itself: which one it is, is known from its keeper's connection. */
#include <errno.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/clock.h"
#include "identity/statement.h"
#include "identity/svid.h"
#include "signer/signer.h"

struct question {
    struct signer *signer;
    struct signer_container *container;
    const struct protocol_message *message;
    time_t now, until;
    int kind; /* of the row */
};

static void tell_certificate(const struct question *question, const X509 *made, time_t until, bool is_first)
{
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(made), NULL);
    char *serial = number ? BN_bn2hex(number) : NULL;

    signer_tell(question->signer, question->container,
                &(struct signer_note){.code = is_first ? "issued" : "renewed", .what = "x509", .serial = serial && strlen(serial) < 64 ? serial : NULL, .until = until});
    OPENSSL_free(serial);
    BN_free(number);
}

/* Its certificate, new when it is half through. */
static int renew(struct question *question, struct error *err)
{
    struct signer_container *container = question->container;
    const struct issuer_generation *signs = issuer_signs(question->signer->issuer, question->now);
    time_t until = question->now + SVID_SECONDS;
    X509 *made = NULL;
    int status = 0;

    if (container->certificate && question->now < container->renew && question->now + SVID_SECONDS >= container->renew)
        return 0;
    if (!signs)
        return error_set(err, ERROR_SYSTEM, ETIME, "the authority has no key for this time");
    if (!container->key)
        status = key_make(&container->key, err);
    if (until > signs->until)
        until = signs->until;
    if (status == 0)
        status = svid_make(container->key, &container->name, signs->certificate, signs->keys[BUNDLE_X509], question->now, until, &made, err);
    if (status < 0)
        return status;
    tell_certificate(question, made, until, !container->certificate);
    X509_free(container->certificate);
    container->certificate = made;
    container->renew = question->now + (until - question->now) / 2;
    return 0;
}

static int answer_x509(struct question *question, struct text *text, struct error *err)
{
    int status = renew(question, err);

    question->until = question->container->renew;
    return status < 0 ? status : certificate_write_pem(question->container->certificate, text, err);
}

static int answer_bundle(struct question *question, struct text *text, struct error *err)
{
    question->until = question->now + BUNDLE_REFRESH_S;
    return bundle_write(&question->signer->issuer->bundle, text, err);
}

static int answer_bundle_pem(struct question *question, struct text *text, struct error *err)
{
    question->until = question->now + BUNDLE_REFRESH_S;
    return bundle_write_pem(&question->signer->issuer->bundle, text, err);
}

/* What is said of how a container is contained, and what this signer adds of its own knowledge. */
static int gather_facts(const struct question *question, json_t **ret_facts, struct error *err)
{
    const json_t *told = question->container->facts;
    json_t *facts = told ? json_copy((json_t *)(uintptr_t)told) : NULL;

    if (told && (!facts || json_object_set_new(facts, "keyProtection", json_string(question->signer->issuer->protection)) < 0 ||
                 json_object_set_new(facts, "service", json_string(question->signer->is_system ? "system" : "user")) < 0)) {
        json_decref(facts);
        return error_memory(err);
    }
    *ret_facts = facts;
    return 0;
}

static int answer_token(struct question *question, struct text *text, struct error *err)
{
    const struct protocol_message *message = question->message;
    const struct signer_container *container = question->container;
    const char *audiences[TOKEN_AUDIENCES_MAX + 1], *allowed[TOKEN_AUDIENCES_MAX];
    auto_json json_t *facts = NULL;
    struct exchange exchange = {
        .actor = &container->name,
        .allowed = container->is_restricted ? allowed : NULL,
        .allowed_count = container->allowed_count,
        .kind = (enum token_kind)question->kind,
        .audiences = audiences,
        .subject_token = protocol_text(message, TAG_SIGN_SUBJECT),
        .may_act = protocol_text(message, TAG_SIGN_TO),
        .nonce = protocol_text(message, TAG_SIGN_NONCE),
        .seconds = protocol_number(message, TAG_SIGN_SECONDS, 0),
        .now = question->now,
    };
    struct protocol_field field;
    int status = question->kind == TOKEN_ATTESTATION ? gather_facts(question, &facts, err) : 0;

    for (size_t i = 0; i < container->allowed_count; i++)
        allowed[i] = container->allowed[i];
    for (size_t at = 0; protocol_next(message, &at, &field) && exchange.audience_count <= TOKEN_AUDIENCES_MAX;)
        if (field.tag == TAG_SIGN_AUDIENCE)
            audiences[exchange.audience_count++] = field.data;
    exchange.facts = facts;
    return status < 0 ? status : exchange_make(question->signer->issuer, &exchange, text, &question->until, err);
}

static int answer_statement(struct question *question, struct text *text, struct error *err)
{
    struct statement statement = {
        .kind = (enum statement_kind)question->kind,
        .name = &question->container->name,
        .context = protocol_text(question->message, TAG_SIGN_CONTEXT),
        .now = question->now,
    };
    int status = renew(question, err);

    if (status < 0)
        return status;
    statement.digest = protocol_bytes(question->message, TAG_SIGN_DIGEST, &statement.digest_size);
    statement.certificate = question->container->certificate;
    statement.key = question->container->key;
    return statement_make(&statement, text, err);
}

#define TAKES(tag_name) (1u << (TAG_SIGN_##tag_name - TAG_SIGN_NAME))
#define TAKES_ALWAYS    (TAKES(NAME) | TAKES(WHAT))

/* What can be asked for, and with which fields. */
static const struct question_row {
    const char *name;
    const char *code; /* as which it is told; NULL = it is nothing new, or told by itself */
    int kind;
    unsigned takes;
    int (*answer)(struct question *question, struct text *text, struct error *err);
} rows[] = {
    {"x509", NULL, 0, 0, answer_x509},
    {"bundle", NULL, 0, 0, answer_bundle},
    {"bundle-pem", NULL, 0, 0, answer_bundle_pem},
    {"svid", "issued", TOKEN_SVID, TAKES(AUDIENCE) | TAKES(SECONDS), answer_token},
    {"access", "exchanged", TOKEN_ACCESS, TAKES(AUDIENCE) | TAKES(SECONDS) | TAKES(SUBJECT), answer_token},
    {"delegation", "exchanged", TOKEN_DELEGATION, TAKES(AUDIENCE) | TAKES(SECONDS) | TAKES(SUBJECT) | TAKES(TO), answer_token},
    {"attestation", "issued", TOKEN_ATTESTATION, TAKES(AUDIENCE) | TAKES(SECONDS) | TAKES(NONCE), answer_token},
    {"statement", "signed", STATEMENT_JWS, TAKES(CONTEXT) | TAKES(DIGEST), answer_statement},
    {"tls13-client", "signed", STATEMENT_TLS13_CLIENT, TAKES(DIGEST), answer_statement},
    {"tls13-server", "signed", STATEMENT_TLS13_SERVER, TAKES(DIGEST), answer_statement},
};

/* A bucket of tokens that fills with time. */
static bool may_sign(struct signer_container *container)
{
    uint64_t now = clock_monotonic_ns(), earned = (now - container->filled_ns) / (NS_PER_S / SIGNER_PER_SECOND);

    if (earned) {
        container->tokens = container->tokens + earned > SIGNER_BURST ? SIGNER_BURST : container->tokens + earned;
        container->filled_ns += earned * (NS_PER_S / SIGNER_PER_SECOND);
    }
    if (!container->tokens)
        return false;
    container->tokens--;
    return true;
}

static int check_fields(const struct question_row *row, const struct protocol_message *message, struct error *err)
{
    struct protocol_field field;

    for (size_t at = 0; protocol_next(message, &at, &field);)
        if (!((row->takes | TAKES_ALWAYS) & 1u << (field.tag - TAG_SIGN_NAME)))
            return error_set(err, ERROR_INVALID, EINVAL, "'%s' has no %s", row->name, protocol_tag_row(field.tag)->name);
    return 0;
}

static void tell(struct question *question, const struct question_row *row, int status, const struct error *why)
{
    const struct signer_note done = {.code = row->code, .what = row->name, .question = question->message, .until = question->until};
    const struct signer_note refused = {.code = "refused", .what = row->name, .question = question->message, .why = why};

    if (status < 0)
        signer_tell(question->signer, question->container, &refused);
    else if (row->code)
        signer_tell(question->signer, question->container, &done);
}

static int answer(struct question *question, const struct question_row *row, struct text *text, struct error *err)
{
    int status = check_fields(row, question->message, err);

    if (status == 0 && !may_sign(question->container))
        status = error_set(err, ERROR_LIMIT, EDQUOT, "this container asks for more than %d signatures in a second", SIGNER_PER_SECOND);
    question->kind = row->kind;
    if (status == 0)
        status = row->answer(question, text, err);
    return status == 0 && text->is_broken ? error_memory(err) : status;
}

int signer_answer(struct signer *signer, struct signer_container *container, const struct protocol_message *message, struct text *text,
                  time_t *ret_until, struct error *err)
{
    const char *what = protocol_text(message, TAG_SIGN_WHAT);
    struct question question = {.signer = signer, .container = container, .message = message, .now = signer->now()};
    int status;

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        if (strcmp(rows[i].name, what) != 0)
            continue;
        status = answer(&question, &rows[i], text, err);
        tell(&question, &rows[i], status, err);
        *ret_until = question.until;
        return status;
    }
    return error_set(err, ERROR_INVALID, EINVAL, "'%s' is nothing that can be asked for", what);
}
