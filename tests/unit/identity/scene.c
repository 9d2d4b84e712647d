/* SPDX-License-Identifier: Apache-2.0 */
#include "scene.h"

#include <unistd.h>

#include "base/memory.h"
#include "identity/base64url.h"

static struct identity_name named(const char *text)
{
    struct identity_name name;

    check_int(identity_parse(text, strlen(text), &name, NULL), 0);
    return name;
}

void scene_open(struct scene *scene)
{
    *scene = (struct scene){.directory = "/tmp/test-identity-XXXXXX", .err = ERROR_INIT};
    check(test_make_directory(scene->directory) != NULL);
    scene->host = named(HOST);
    scene->agent = named(AGENT);
    scene->child = named(CHILD);
    scene->deeper = named(CHILD "/sub/" DEEPER);
    if (issuer_open(scene->directory, &scene->host, NOW, &scene->issuer, &scene->err) < 0)
        test_fail(__FILE__, __LINE__, "%s", scene->err.text);
}

void scene_close(struct scene *scene)
{
    issuer_free(scene->issuer);
}

char *scene_token(struct scene *scene, const struct identity_name *actor, enum token_kind kind, const char *subject_token, const char *may_act)
{
    const char *audience = AUDIENCE;
    auto_json json_t *facts = json_pack("{s:s}", "policyDigest", "sha256:x");
    const struct exchange exchange = {.actor = actor, .kind = kind, .audiences = &audience, .audience_count = 1, .subject_token = subject_token,
                                      .may_act = may_act, .nonce = kind == TOKEN_ATTESTATION ? "n-1" : NULL, .facts = facts, .now = NOW};
    struct text text = {0};
    char *token = NULL;

    if (exchange_make(scene->issuer, &exchange, &text, NULL, &scene->err) < 0 || text_take(&text, &token, &scene->err) < 0)
        test_fail(__FILE__, __LINE__, "%s", scene->err.text);
    return token;
}

void scene_refused(struct scene *scene, const struct exchange *exchange, const char *why)
{
    struct text text = {0};

    scene->err = ERROR_INIT;
    if (exchange_make(scene->issuer, exchange, &text, NULL, &scene->err) == 0)
        test_fail(__FILE__, __LINE__, "not refused: %s", why);
    check(!text.length);
    check_contains(scene->err.text, why);
}

int scene_verify(struct scene *scene, enum token_kind kind, const char *text, time_t now, struct token *ret_token)
{
    const struct token_expected expected = {.bundle = &scene->issuer->bundle, .kind = kind, .audience = AUDIENCE, .now = now};

    scene->err = ERROR_INIT;
    return token_verify(text, strlen(text), &expected, ret_token, &scene->err);
}

char *scene_forge(EVP_PKEY *key, const char *header, const char *payload)
{
    struct text text = {0};
    unsigned char signature[KEY_SIGNATURE_SIZE] = {0};
    char *token = NULL;

    base64url_add(&text, header, strlen(header));
    text_add(&text, ".");
    base64url_add(&text, payload, strlen(payload));
    if (key)
        check_int(key_sign(key, text.data, text.length, signature, NULL), 0);
    text_add(&text, ".");
    base64url_add(&text, signature, sizeof(signature));
    check_int(text_take(&text, &token, NULL), 0);
    return token;
}
