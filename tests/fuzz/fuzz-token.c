/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a stranger shows to a server: a token, a statement, a certificate, a bundle, a name, facts. The first byte says which. With a
 * token the payload is signed by keys that are believed, so that what is behind the signature is reached. Whatever is taken is
 * what it has to be: within the trust domain, for whom it was looked at, not over.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "attest/within.h"
#include "base/memory.h"
#include "identity/base64url.h"
#include "identity/statement.h"
#include "identity/svid.h"
#include "identity/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW      ((time_t)1800000000)
#define AUDIENCE "https://api.example.org"
#define KEY_ID   "k"

static EVP_PKEY *key;
static struct bundle bundle;

static void hold(bool condition, const char *why)
{
    if (!condition) {
        fprintf(stderr, "%s\n", why);
        abort();
    }
}

static void make_bundle(void)
{
    struct error err = ERROR_INIT;

    hold(key_make(&key, &err) == 0, "no key");
    strcpy(bundle.domain, "local.test");
    for (enum bundle_use use = BUNDLE_JWT; use <= BUNDLE_TOKEN; use++) {
        EVP_PKEY_up_ref(key);
        hold(bundle_add_key(&bundle, use, KEY_ID, key, &err) == 0, "no bundle");
    }
}

static void look(const char *text, size_t length, enum token_kind kind)
{
    const struct token_expected expected = {.bundle = &bundle, .kind = kind, .audience = AUDIENCE, .now = NOW};
    auto_token struct token token = {0};
    struct error err = ERROR_INIT;

    if (token_verify(text, length, &expected, &token, &err) < 0) {
        hold(err.kind != ERROR_NONE && err.text[0], "refused without a word");
        return;
    }
    hold(strcmp(token.subject.domain, "local.test") == 0 && token.subject.kind == token_kind_row(kind)->subject, "of somebody else");
    hold(token.until > NOW && token.issued <= NOW + TOKEN_EARLY_S && token.until - token.issued <= (time_t)token_kind_row(kind)->seconds_max, "at another time");
    for (size_t i = 0; i < token.actor_count; i++)
        hold(identity_is_within(&token.actors[i], &token.subject), "somebody else acts");
}

/* As if the authority had signed it. */
static void look_signed(const uint8_t *data, size_t size, enum token_kind kind)
{
    auto_text struct text text = {0};
    unsigned char signature[KEY_SIGNATURE_SIZE];
    char header[128];

    snprintf(header, sizeof(header), "{\"alg\":\"ES256\",\"typ\":\"%s\",\"kid\":\"" KEY_ID "\"}", token_kind_row(kind)->type);
    base64url_add(&text, header, strlen(header));
    text_add(&text, ".");
    base64url_add(&text, data, size);
    hold(key_sign(key, text.data, text.length, signature, NULL) == 0, "not signed");
    text_add(&text, ".");
    base64url_add(&text, signature, sizeof(signature));
    look(text.data, text.length, kind);
}

static void look_bundle(const uint8_t *data, size_t size)
{
    auto_bundle struct bundle read = {0}, again = {0};
    auto_text struct text text = {0}, second = {0};

    if (bundle_read((const char *)data, size, "local.test", &read, NULL) < 0)
        return;
    if (bundle_write(&read, &text, NULL) < 0) /* a certificate whose key is of no kind that is known */
        return;
    hold(bundle_read(text.data, text.length, "local.test", &again, NULL) == 0, "what was written is not read");
    hold(bundle_write(&again, &second, NULL) == 0 && strcmp(text.data, second.data) == 0, "two spellings of one bundle");
}

static void look_name(const uint8_t *data, size_t size)
{
    struct identity_name name;
    char text[IDENTITY_TEXT_SIZE];

    if (identity_parse((const char *)data, size, &name, NULL) < 0)
        return;
    identity_print(&name, text);
    hold(strlen(text) == size && memcmp(text, data, size) == 0, "two spellings of one name");
}

static void look_facts(const uint8_t *data, size_t size)
{
    static const char policy[] = "version: cordon/1\n";
    const struct within_document document = {.name = "a", .text = policy, .size = sizeof(policy) - 1};
    auto_json json_t *facts = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
    struct within within = {0};

    within_digest(facts, "sha256:x", &within);
    if (within_policy(facts, &document, 1, "p", policy, sizeof(policy) - 1, false, &within, NULL) == 0)
        hold(within.answer == WITHIN_HOLDS || within.witness[0], "wider without a witness");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned char digest[32];
    struct identity_name name;
    time_t made;
    X509 *leaf = NULL;

    if (!key)
        make_bundle();
    if (!size)
        return 0;
    for (enum token_kind kind = TOKEN_SVID; kind <= TOKEN_ATTESTATION; kind++) {
        if (data[0] == 0)
            look((const char *)data + 1, size - 1, kind);
        if (data[0] == kind)
            look_signed(data + 1, size - 1, kind);
    }
    if (data[0] == 5)
        hold(statement_verify((const char *)data + 1, size - 1, &bundle, "a", digest, &name, &made, NULL) < 0, "a statement of nobody");
    if (data[0] == 6 && svid_read_pem((const char *)data + 1, size - 1, &leaf, NULL) == 0)
        hold(svid_verify(leaf, &bundle, NOW, &name, NULL) < 0, "a certificate of nobody");
    X509_free(leaf);
    if (data[0] == 7)
        look_bundle(data + 1, size - 1);
    if (data[0] == 8)
        look_name(data + 1, size - 1);
    if (data[0] == 9)
        look_facts(data + 1, size - 1);
    return 0;
}
