/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens that hold, and each way in which one does not. */
#include <errno.h>
#include <stdlib.h>

#include "base/memory.h"
#include "scene.h"

static EVP_PKEY *signing_key(struct scene *scene, enum bundle_use use)
{
    return issuer_signs(scene->issuer, NOW)->keys[use];
}

static const char *signing_id(struct scene *scene, enum bundle_use use)
{
    return issuer_signs(scene->issuer, NOW)->ids[use];
}

static void check_refused(struct scene *scene, enum token_kind kind, char *text, const char *why)
{
    auto_token struct token token = {0};

    if (scene_verify(scene, kind, text, NOW, &token) == 0)
        test_fail(__FILE__, __LINE__, "taken, and should be refused: %s", why);
    check_contains(scene->err.text, why);
    mem_free(text);
}

/* A JWT-SVID that is signed by the right key and says what the caller wants. */
static char *claiming(struct scene *scene, const char *format, ...) __attribute__((format(printf, 2, 3)));
static char *claiming(struct scene *scene, const char *format, ...)
{
    char header[256], payload[4096];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(payload, sizeof(payload), format, arguments);
    va_end(arguments);
    snprintf(header, sizeof(header), "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"kid\":\"%s\"}", signing_id(scene, BUNDLE_JWT));
    return scene_forge(signing_key(scene, BUNDLE_JWT), header, payload);
}

#define TIMES "\"iat\":1800000000,\"exp\":1800000300"

TEST(each_kind_of_token_says_who_and_holds_for_its_audience)
{
    static const struct {
        enum token_kind kind;
        const char *subject;
    } rows[] = {{TOKEN_SVID, AGENT}, {TOKEN_ACCESS, PERSON}, {TOKEN_ATTESTATION, AGENT}};
    struct scene scene;

    scene_open(&scene);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        auto_token struct token token = {0};
        char *text = scene_token(&scene, &scene.agent, rows[i].kind, NULL, NULL), subject[IDENTITY_TEXT_SIZE];

        if (scene_verify(&scene, rows[i].kind, text, NOW, &token) < 0)
            test_fail(__FILE__, __LINE__, "%s", scene.err.text);
        identity_print(&token.subject, subject);
        check_string(subject, rows[i].subject);
        check_string(token.issuer, HOST);
        check_int(token.issued, NOW);
        mem_free(text);
    }
    scene_close(&scene);
}

TEST(no_kind_of_token_is_taken_for_another)
{
    struct scene scene;

    scene_open(&scene);
    for (enum token_kind made = TOKEN_SVID; made <= TOKEN_ATTESTATION; made++)
        for (enum token_kind wanted = TOKEN_SVID; wanted <= TOKEN_ATTESTATION; wanted++) {
            auto_token struct token token = {0};
            char *text = made == TOKEN_DELEGATION ? scene_token(&scene, &scene.agent, made, NULL, CHILD)
                                                  : scene_token(&scene, &scene.agent, made, NULL, NULL);

            check(scene_verify(&scene, wanted, text, NOW, &token) == 0 ? made == wanted && made != TOKEN_DELEGATION : made != wanted || made == TOKEN_DELEGATION);
            mem_free(text);
        }
    scene_close(&scene);
}

TEST(a_token_that_has_expired_or_has_not_begun_is_refused)
{
    struct scene scene;
    auto_token struct token token = {0}, late = {0};
    char *text;

    scene_open(&scene);
    text = scene_token(&scene, &scene.agent, TOKEN_SVID, NULL, NULL);
    check_int(scene_verify(&scene, TOKEN_SVID, text, NOW + 299, &token), 0);
    check_int(scene_verify(&scene, TOKEN_SVID, text, NOW + 300, &late), -ETIME);
    check_contains(scene.err.text, "expired");
    check_int(scene_verify(&scene, TOKEN_SVID, text, NOW - 61, &late), -ETIME);
    check_contains(scene.err.text, "has not come");
    mem_free(text);
    check_refused(&scene, TOKEN_SVID, claiming(&scene, "{\"sub\":\"" AGENT "\",\"aud\":\"" AUDIENCE "\",\"iat\":1800000000,\"exp\":1900000000}"), "longer");
    check_refused(&scene, TOKEN_SVID, claiming(&scene, "{\"sub\":\"" AGENT "\",\"aud\":\"" AUDIENCE "\",\"iat\":1800000000}"), "times");
    check_refused(&scene, TOKEN_SVID, claiming(&scene, "{\"sub\":\"" AGENT "\",\"aud\":\"" AUDIENCE "\",\"exp\":1800000300}"), "times");
    check_refused(&scene, TOKEN_SVID, claiming(&scene, "{\"sub\":\"" AGENT "\",\"aud\":\"" AUDIENCE "\",\"iat\":\"1800000000\",\"exp\":1800000300.5}"), "times");
    check_refused(&scene, TOKEN_SVID, claiming(&scene, "{\"sub\":\"" AGENT "\",\"aud\":\"" AUDIENCE "\",\"iat\":-9223372036854775807,\"exp\":9223372036854775807}"), "times");
    check_refused(&scene, TOKEN_SVID, claiming(&scene, "{\"sub\":\"" AGENT "\",\"aud\":\"" AUDIENCE "\"," TIMES ",\"nbf\":1800000200}"), "has not come");
    scene_close(&scene);
}

TEST(a_token_for_others_is_refused)
{
    struct scene scene;
    auto_token struct token token = {0};
    char *text;

    scene_open(&scene);
    check_refused(&scene, TOKEN_SVID, claiming(&scene, "{\"sub\":\"" AGENT "\",\"aud\":\"https://other.example.org\"," TIMES "}"), "not for");
    check_refused(&scene, TOKEN_SVID, claiming(&scene, "{\"sub\":\"" AGENT "\",\"aud\":[\"" AUDIENCE ".evil\",\"https://\"]," TIMES "}"), "not for");
    check_refused(&scene, TOKEN_SVID, claiming(&scene, "{\"sub\":\"" AGENT "\",\"aud\":[]," TIMES "}"), "not for");
    check_refused(&scene, TOKEN_SVID, claiming(&scene, "{\"sub\":\"" AGENT "\"," TIMES "}"), "not for");
    check_refused(&scene, TOKEN_SVID, claiming(&scene, "{\"sub\":\"" AGENT "\",\"aud\":{\"" AUDIENCE "\":1}," TIMES "}"), "not for");
    check_refused(&scene, TOKEN_SVID, claiming(&scene, "{\"sub\":\"" AGENT "\",\"aud\":\"" AUDIENCE "\\u0000x\"," TIMES "}"), "not");
    text = claiming(&scene, "{\"sub\":\"" AGENT "\",\"aud\":[\"https://a\",\"" AUDIENCE "\"]," TIMES "}");
    check_int(scene_verify(&scene, TOKEN_SVID, text, NOW, &token), 0);
    mem_free(text);
    scene_close(&scene);
}

TEST(who_is_named_is_a_container_of_this_trust_domain)
{
    struct scene scene;

    scene_open(&scene);
    check_refused(&scene, TOKEN_SVID, claiming(&scene, "{\"sub\":\"" PERSON "\",\"aud\":\"" AUDIENCE "\"," TIMES "}"), "kind");
    check_refused(&scene, TOKEN_SVID, claiming(&scene, "{\"sub\":\"spiffe://other/host/box/user/1/agent/x/" INSTANCE "\",\"aud\":\"" AUDIENCE "\"," TIMES "}"), "trust domain");
    check_refused(&scene, TOKEN_SVID, claiming(&scene, "{\"sub\":\"root\",\"aud\":\"" AUDIENCE "\"," TIMES "}"), "not a name");
    check_refused(&scene, TOKEN_SVID, claiming(&scene, "{\"aud\":\"" AUDIENCE "\"," TIMES "}"), "names nobody");
    check_refused(&scene, TOKEN_SVID, claiming(&scene, "{\"sub\":[\"" AGENT "\"],\"aud\":\"" AUDIENCE "\"," TIMES "}"), "names nobody");
    check_refused(&scene, TOKEN_SVID, claiming(&scene, "{\"sub\":\"" AGENT "\",\"sub\":\"" CHILD "\",\"aud\":\"" AUDIENCE "\"," TIMES "}"), "payload");
    check_refused(&scene, TOKEN_SVID, claiming(&scene, "{\"iss\":\"spiffe://local.test/host/other\",\"sub\":\"" AGENT "\",\"aud\":\"" AUDIENCE "\"," TIMES "}"), "machine");
    scene_close(&scene);
}

TEST(an_algorithm_that_is_none_or_not_the_keys_is_refused)
{
    static const char payload[] = "{\"sub\":\"" AGENT "\",\"aud\":\"" AUDIENCE "\"," TIMES "}";
    static const char *const algorithms[] = {"none", "None", "NONE", "", "HS256", "EdDSA", "ES384", "RS256", "PS256", "es256"};
    struct scene scene;
    char header[256];

    scene_open(&scene);
    for (size_t i = 0; i < ARRAY_COUNT(algorithms); i++) {
        auto_token struct token token = {0};
        char *text;

        snprintf(header, sizeof(header), "{\"alg\":\"%s\",\"kid\":\"%s\"}", algorithms[i], signing_id(&scene, BUNDLE_JWT));
        text = scene_forge(signing_key(&scene, BUNDLE_JWT), header, payload);
        check(scene_verify(&scene, TOKEN_SVID, text, NOW, &token) < 0);
        mem_free(text);
    }
    check_refused(&scene, TOKEN_SVID, scene_forge(NULL, "{\"alg\":\"none\"}", payload), "key");
    check_refused(&scene, TOKEN_SVID, scene_forge(signing_key(&scene, BUNDLE_JWT), "{\"alg\":[\"ES256\"]}", payload), "algorithm");
    scene_close(&scene);
}

TEST(which_key_signed_is_the_verifiers_to_find_and_not_the_tokens_to_bring)
{
    static const char payload[] = "{\"sub\":\"" AGENT "\",\"aud\":\"" AUDIENCE "\"," TIMES "}";
    struct scene scene;
    auto_key EVP_PKEY *own = NULL;
    char header[1024];
    static const char *const headers[] = {
        "{\"alg\":\"ES256\",\"kid\":\"../../etc/passwd\"}", "{\"alg\":\"ES256\",\"kid\":\"' OR 1=1 --\"}", "{\"alg\":\"ES256\",\"kid\":\"\"}",
        "{\"alg\":\"ES256\"}", "{\"alg\":\"ES256\",\"kid\":7}", "{\"alg\":\"ES256\",\"kid\":null}", "{\"alg\":\"ES256\",\"kid\":\"x\\u0000y\"}",
        "{\"alg\":\"ES256\",\"jku\":\"https://evil.example/keys\"}", "{\"alg\":\"ES256\",\"jwk\":{}}", "{\"alg\":\"ES256\",\"x5u\":\"https://evil.example\"}",
        "{\"alg\":\"ES256\",\"crit\":[\"b64\"],\"b64\":false}", "{\"alg\":\"ES256\",\"x5c\":[]}", "{\"alg\":\"ES256\",\"cty\":\"JWT\"}",
    };

    scene_open(&scene);
    check_int(key_make(&own, &scene.err), 0);
    for (size_t i = 0; i < ARRAY_COUNT(headers); i++) {
        auto_token struct token token = {0};
        char *text = scene_forge(own, headers[i], payload);

        check(scene_verify(&scene, TOKEN_SVID, text, NOW, &token) < 0);
        mem_free(text);
    }
    /* somebody else's key under the right name; the right machine's key that is for other tokens; the header twice */
    snprintf(header, sizeof(header), "{\"alg\":\"ES256\",\"kid\":\"%s\"}", signing_id(&scene, BUNDLE_JWT));
    check_refused(&scene, TOKEN_SVID, scene_forge(own, header, payload), "does not hold");
    check_refused(&scene, TOKEN_SVID, scene_forge(signing_key(&scene, BUNDLE_TOKEN), header, payload), "does not hold");
    snprintf(header, sizeof(header), "{\"alg\":\"ES256\",\"kid\":\"%s\"}", signing_id(&scene, BUNDLE_TOKEN));
    check_refused(&scene, TOKEN_SVID, scene_forge(signing_key(&scene, BUNDLE_TOKEN), header, payload), "none of those");
    snprintf(header, sizeof(header), "{\"alg\":\"ES256\",\"kid\":\"%s\",\"x5c\":[\"AA==\"]}", signing_id(&scene, BUNDLE_JWT));
    check_refused(&scene, TOKEN_SVID, scene_forge(signing_key(&scene, BUNDLE_JWT), header, payload), "type");
    snprintf(header, sizeof(header), "{\"alg\":\"ES256\",\"alg\":\"none\",\"kid\":\"%s\"}", signing_id(&scene, BUNDLE_JWT));
    check_refused(&scene, TOKEN_SVID, scene_forge(signing_key(&scene, BUNDLE_JWT), header, payload), "header");
    scene_close(&scene);
}

TEST(every_character_of_a_token_counts)
{
    struct scene scene;
    char *text;

    scene_open(&scene);
    text = scene_token(&scene, &scene.agent, TOKEN_SVID, NULL, NULL);
    for (size_t i = 0; text[i]; i++) {
        auto_token struct token token = {0};
        char was = text[i];

        text[i] = was == 'A' ? 'B' : 'A';
        if (scene_verify(&scene, TOKEN_SVID, text, NOW, &token) == 0)
            test_fail(__FILE__, __LINE__, "character %zu does not count", i);
        text[i] = was;
    }
    for (size_t length = 0; length < strlen(text); length++) {
        const struct token_expected expected = {.bundle = &scene.issuer->bundle, .kind = TOKEN_SVID, .audience = AUDIENCE, .now = NOW};
        auto_token struct token token = {0};

        check(token_verify(text, length, &expected, &token, NULL) < 0);
    }
    mem_free(text);
    scene_close(&scene);
}

TEST(the_answer_to_another_question_is_refused)
{
    struct scene scene;
    auto_token struct token token = {0}, other = {0};
    struct token_expected expected = {.kind = TOKEN_ATTESTATION, .audience = AUDIENCE, .nonce = "n-1", .now = NOW};
    char *text;

    scene_open(&scene);
    expected.bundle = &scene.issuer->bundle;
    text = scene_token(&scene, &scene.agent, TOKEN_ATTESTATION, NULL, NULL);
    check_int(token_verify(text, strlen(text), &expected, &token, &scene.err), 0);
    check_string(json_string_value(json_object_get(json_object_get(token.claims, "cordon"), "policyDigest")), "sha256:x");
    expected.nonce = "n-2";
    check_int(token_verify(text, strlen(text), &expected, &other, &scene.err), -EACCES);
    check_contains(scene.err.text, "nonce");
    mem_free(text);
    scene_close(&scene);
}

TEST(who_acts_is_always_inside_of_who_is_acted_for)
{
    static const char *const acts[] = {
        "{\"sub\":\"" HOST "/user/1001/agent/x/" INSTANCE "\"}",   /* another person's */
        "{\"sub\":\"" CHILD "\"}",                                  /* a level is missing */
        "{\"sub\":\"" AGENT "\",\"act\":{\"sub\":\"" CHILD "\"}}", /* the other way around */
        "{\"sub\":\"" PERSON "\"}", "{\"sub\":7}", "{}", "[]", "\"x\"", "{\"sub\":\"" AGENT "\",\"admin\":true}",
        "{\"sub\":\"" AGENT "\",\"act\":[]}",
    };
    struct scene scene;
    char header[256], payload[2048];

    scene_open(&scene);
    snprintf(header, sizeof(header), "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}", signing_id(&scene, BUNDLE_TOKEN));
    for (size_t i = 0; i < ARRAY_COUNT(acts); i++) {
        auto_token struct token token = {0};
        char *text;

        snprintf(payload, sizeof(payload), "{\"iss\":\"" HOST "\",\"jti\":\"x\",\"sub\":\"" PERSON "\",\"aud\":\"" AUDIENCE "\"," TIMES ",\"act\":%s}", acts[i]);
        text = scene_forge(signing_key(&scene, BUNDLE_TOKEN), header, payload);
        if (scene_verify(&scene, TOKEN_ACCESS, text, NOW, &token) == 0)
            test_fail(__FILE__, __LINE__, "'act' %s is believed", acts[i]);
        mem_free(text);
    }
    scene_close(&scene);
}
