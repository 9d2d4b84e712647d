/* SPDX-License-Identifier: Apache-2.0 */
#include "identity/statement.h"

#include <errno.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/digest.h"
#include "identity/jws.h"
#include "identity/svid.h"

static const char *const names[] = {[STATEMENT_JWS] = "statement", [STATEMENT_TLS13_CLIENT] = "tls13-client", [STATEMENT_TLS13_SERVER] = "tls13-server"};

const char *statement_kind_name(enum statement_kind kind)
{
    return names[kind];
}

enum statement_kind statement_kind_parse(const char *name)
{
    for (size_t i = STATEMENT_JWS; i < ARRAY_COUNT(names); i++)
        if (strcmp(names[i], name) == 0)
            return (enum statement_kind)i;
    return 0;
}

static bool context_is_valid(const char *text)
{
    size_t length = text ? strnlen(text, STATEMENT_CONTEXT_SIZE) : 0;

    return length && length < STATEMENT_CONTEXT_SIZE &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/:") == length;
}

static int make_jws(const struct statement *statement, struct text *text, struct error *err)
{
    char name[IDENTITY_TEXT_SIZE], digest[DIGEST_TEXT_SIZE];
    auto_json json_t *chain = json_array(), *payload = NULL;

    if (!context_is_valid(statement->context) || statement->digest_size != DIGEST_SIZE)
        return error_set(err, ERROR_INVALID, EINVAL, "sign: a statement has a context (at most %d of A-Z a-z 0-9 . _ - / :) and a SHA-256 digest",
                         STATEMENT_CONTEXT_SIZE - 1);
    identity_print(statement->name, name);
    digest_print(statement->digest, digest);
    payload = json_pack("{s:s, s:s, s:s, s:I}", "sub", name, "context", statement->context, "digest", digest, "iat", (json_int_t)statement->now);
    if (!payload || !chain || json_array_append_new(chain, certificate_to_x5c(statement->certificate)) < 0)
        return error_memory(err);
    return jws_write(statement->key, STATEMENT_TYPE, NULL, chain, payload, text, err);
}

static int make_handshake(const struct statement *statement, struct text *text, struct error *err)
{
    const char *role = statement->kind == STATEMENT_TLS13_CLIENT ? "TLS 1.3, client CertificateVerify" : "TLS 1.3, server CertificateVerify";
    unsigned char content[64 + 64 + 48], signature[80];
    size_t size = 64, length = sizeof(signature);
    EVP_MD_CTX *context;
    bool is_done;

    if (statement->context || (statement->digest_size != 32 && statement->digest_size != 48))
        return error_set(err, ERROR_INVALID, EINVAL, "sign: %s has the hash of a handshake, of 32 or 48 bytes, and no context", names[statement->kind]);
    memset(content, ' ', size);
    memcpy(content + size, role, strlen(role) + 1); /* with its zero */
    size += strlen(role) + 1;
    memcpy(content + size, statement->digest, statement->digest_size);
    size += statement->digest_size;
    context = EVP_MD_CTX_new();
    is_done = context && EVP_DigestSignInit_ex(context, NULL, "SHA256", NULL, NULL, statement->key, NULL) == 1 &&
              EVP_DigestSign(context, signature, &length, content, size) == 1;
    EVP_MD_CTX_free(context);
    if (!is_done)
        return key_error(err, "sign");
    text_add_n(text, (const char *)signature, length);
    return text->is_broken ? error_memory(err) : 0;
}

int statement_make(const struct statement *statement, struct text *text, struct error *err)
{
    return statement->kind == STATEMENT_JWS ? make_jws(statement, text, err) : make_handshake(statement, text, err);
}

static bool says(const json_t *payload, const char *member, const char *expected)
{
    const json_t *value = json_object_get(payload, member);

    return json_is_string(value) && json_string_length(value) == strlen(expected) && strcmp(json_string_value(value), expected) == 0;
}

int statement_verify(const char *jws_text, size_t length, const struct bundle *bundle, const char *context, const unsigned char digest[32],
                     struct identity_name *ret_name, time_t *ret_made, struct error *err)
{
    auto_jws struct jws jws = {0};
    char name_text[IDENTITY_TEXT_SIZE], digest_words[DIGEST_TEXT_SIZE];
    struct identity_name name;
    const json_t *chain, *made;
    X509 *leaf;
    int status = jws_read(jws_text, length, &jws, err);

    if (status < 0)
        return status;
    chain = json_object_get(jws.header, "x5c");
    made = json_object_get(jws.payload, "iat");
    if (strcmp(jws.type, STATEMENT_TYPE) != 0 || jws.key_id[0] || json_array_size(chain) != 1 || !json_is_integer(made) || json_integer_value(made) < 0)
        return error_set(err, ERROR_INVALID, EINVAL, "statement: this is none");
    leaf = certificate_from_x5c(json_array_get(chain, 0));
    if (!leaf)
        return error_set(err, ERROR_INVALID, EINVAL, "statement: it has no certificate");
    status = svid_verify(leaf, bundle, (time_t)json_integer_value(made), &name, err);
    if (status == 0)
        status = jws_check(&jws, X509_get0_pubkey(leaf), err);
    X509_free(leaf);
    if (status < 0)
        return error_prepend(err, "statement");
    identity_print(&name, name_text);
    digest_print(digest, digest_words);
    if (!says(jws.payload, "sub", name_text) || !says(jws.payload, "context", context) || !says(jws.payload, "digest", digest_words))
        return error_set(err, ERROR_FORBIDDEN, EKEYREJECTED, "statement: it says something else, or of somebody else");
    *ret_name = name;
    *ret_made = (time_t)json_integer_value(made);
    return 0;
}
