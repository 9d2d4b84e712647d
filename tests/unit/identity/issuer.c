/* SPDX-License-Identifier: Apache-2.0 */
/* The authority: made once, found again, followed by the next. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/x509.h>

#include "base/file.h"
#include "base/memory.h"
#include "identity/statement.h"
#include "identity/svid.h"
#include "scene.h"

#define DAYS(count) (NOW + (time_t)(count) * ISSUER_DAY_S)

static void path_of(const struct scene *scene, char path[128])
{
    snprintf(path, 128, "%s/authority.json", scene->directory);
}

TEST(an_authority_is_found_again_with_its_keys)
{
    struct scene scene;
    struct issuer *again = NULL;
    char path[128], *token;
    struct stat st;
    auto_token struct token read = {0};

    scene_open(&scene);
    path_of(&scene, path);
    check_int(stat(path, &st), 0);
    check_int(st.st_mode & 0777, 0600);
    token = scene_token(&scene, &scene.agent, TOKEN_SVID, NULL, NULL);
    check_int(issuer_open(scene.directory, &scene.host, NOW + 5, &again, &scene.err), 0);
    check_int(again->sequence, scene.issuer->sequence);
    issuer_free(scene.issuer);
    scene.issuer = again;
    check_int(scene_verify(&scene, TOKEN_SVID, token, NOW + 5, &read), 0);
    mem_free(token);
    scene_close(&scene);
}

TEST(the_next_keys_are_believed_before_they_sign_and_the_last_ones_after)
{
    struct scene scene;
    uint64_t first;
    char *token;
    auto_token struct token read = {0}, read_late = {0};

    scene_open(&scene);
    first = issuer_signs(scene.issuer, NOW)->number;
    token = scene_token(&scene, &scene.agent, TOKEN_SVID, NULL, NULL);
    check_int(issuer_step(scene.issuer, DAYS(59), &scene.err), 0);
    check_int(scene.issuer->count, 1);
    check_int(issuer_step(scene.issuer, DAYS(61), &scene.err), 1);
    check_int(scene.issuer->count, 2);
    check_int(issuer_signs(scene.issuer, DAYS(61))->number, first);
    check_int(issuer_signs(scene.issuer, DAYS(62) + 1)->number, first + 1);
    check_int(issuer_step(scene.issuer, DAYS(62), &scene.err), 0);
    check_int(scene_verify(&scene, TOKEN_SVID, token, NOW, &read), 0);
    check_int(issuer_step(scene.issuer, DAYS(90) + 1, &scene.err), 1); /* the first ended */
    check_int(scene.issuer->count, 1);
    check(scene_verify(&scene, TOKEN_SVID, token, NOW, &read_late) < 0);
    mem_free(token);
    scene_close(&scene);
}

TEST(an_authority_that_slept_through_its_end_begins_anew_at_once)
{
    struct scene scene;

    scene_open(&scene);
    check_int(issuer_step(scene.issuer, DAYS(200), &scene.err), 1);
    check_int(scene.issuer->count, 1);
    check(issuer_signs(scene.issuer, DAYS(200)) != NULL);
    check(issuer_signs(scene.issuer, DAYS(200))->number == 2);
    scene_close(&scene);
}

TEST(a_clock_that_went_back_before_all_keys_is_told_and_nothing_is_lost)
{
    struct scene scene;
    struct issuer *again = NULL;

    scene_open(&scene);
    check(issuer_open(scene.directory, &scene.host, NOW - 90000, &again, &scene.err) < 0 || issuer_signs(again, NOW - 90000) != NULL);
    issuer_free(again);
    again = NULL;
    check_int(issuer_open(scene.directory, &scene.host, NOW + 1, &again, &scene.err), 0);
    check(issuer_signs(again, NOW + 1) != NULL);
    issuer_free(again);
    scene_close(&scene);
}

TEST(two_that_have_it_open_go_to_the_same_next_keys)
{
    struct scene scene;
    struct issuer *other = NULL;

    scene_open(&scene);
    check_int(issuer_open(scene.directory, &scene.host, NOW, &other, &scene.err), 0);
    check_int(issuer_step(other, DAYS(61), &scene.err), 1);
    check_int(issuer_step(scene.issuer, DAYS(61), &scene.err), 1);
    check_int(scene.issuer->count, 2);
    check_string(scene.issuer->generations[1].ids[BUNDLE_JWT], other->generations[1].ids[BUNDLE_JWT]);
    issuer_free(other);
    scene_close(&scene);
}

static void check_open_refused(struct scene *scene, const char *why)
{
    struct issuer *issuer = NULL;

    scene->err = ERROR_INIT;
    if (issuer_open(scene->directory, &scene->host, NOW, &issuer, &scene->err) == 0)
        test_fail(__FILE__, __LINE__, "taken, and should be refused: %s", why);
    check_contains(scene->err.text, why);
}

TEST(keys_that_somebody_else_could_have_read_or_changed_are_refused)
{
    struct scene scene;
    char path[128], other[160];

    scene_open(&scene);
    path_of(&scene, path);
    check_int(chmod(path, 0640), 0);
    check_open_refused(&scene, "0600");
    check_int(chmod(path, 0600), 0);
    check_int(chmod(scene.directory, 0777), 0);
    check_open_refused(&scene, "go-w");
    check_int(chmod(scene.directory, 0700), 0);
    snprintf(other, sizeof(other), "%s/elsewhere", scene.directory);
    check_int(rename(path, other), 0);
    check_int(symlink(other, path), 0);
    check_open_refused(&scene, "authority.json");
    scene_close(&scene);
}

TEST(a_state_that_was_damaged_is_never_replaced)
{
    struct scene scene;
    char path[128], *text = NULL, *after = NULL;
    size_t size = 0, size_after = 0;

    scene_open(&scene);
    path_of(&scene, path);
    check_int(file_read(path, 1 << 20, &text, &size, &scene.err), 0);
    for (size_t at = 0; at < size; at += size / 40) {
        char was = text[at];

        text[at] = was == '%' ? '&' : '%';
        test_write_file(path, text, 0600);
        struct issuer *issuer = NULL;
        int status = issuer_open(scene.directory, &scene.host, NOW, &issuer, &scene.err);

        check_int(file_read(path, 1 << 20, &after, &size_after, &scene.err), 0);
        check(size_after == size && memcmp(after, text, size) == 0);
        mem_free(after);
        issuer_free(issuer);
        check(status < 0 || text[at] != was);
        text[at] = was;
    }
    test_write_file(path, "", 0600);
    check_open_refused(&scene, "restore it");
    text[size / 2] = '\0';
    test_write_file(path, text, 0600);
    check_open_refused(&scene, "restore it");
    mem_free(text);
    scene_close(&scene);
}

TEST(the_authority_of_another_machine_is_refused)
{
    struct scene scene;
    struct identity_name other;
    struct issuer *issuer = NULL;

    scene_open(&scene);
    check_int(identity_host("local.other", "box", &other, &scene.err), 0);
    check_int(issuer_open(scene.directory, &other, NOW, &issuer, &scene.err), -EINVAL);
    check_contains(scene.err.text, "another machine");
    scene_close(&scene);
}

/* ---- keys that something else keeps ---- */

static char kept[2 * WRAP_KEY_SIZE + 1];
static int asked;

static int fake_seal(void *unused_arg context, const unsigned char key[WRAP_KEY_SIZE], char **ret_sealed, struct error *unused_arg err)
{
    asked++;
    for (size_t i = 0; i < WRAP_KEY_SIZE; i++)
        snprintf(kept + 2 * i, 3, "%02x", key[i]);
    *ret_sealed = mem_string("sealed");
    return 0;
}

static int fake_unseal(void *unused_arg context, const char *sealed, unsigned char ret_key[WRAP_KEY_SIZE], struct error *unused_arg err)
{
    asked++;
    check_string(sealed, "sealed");
    for (size_t i = 0; i < WRAP_KEY_SIZE; i++) {
        unsigned value;

        check_int(sscanf(kept + 2 * i, "%2x", &value), 1);
        ret_key[i] = (unsigned char)value;
    }
    return 0;
}

static const struct issuer_protection fake = {.name = "tpm", .seal = fake_seal, .unseal = fake_unseal};

TEST(keys_that_something_else_keeps_are_not_on_the_disk_and_it_is_asked_once)
{
    struct scene scene = {.directory = "/tmp/test-identity-XXXXXX", .err = ERROR_INIT};
    struct issuer *issuer = NULL, *again = NULL;
    char path[128], *text = NULL;
    size_t size = 0;

    check(test_make_directory(scene.directory) != NULL);
    check_int(identity_parse(HOST, strlen(HOST), &scene.host, &scene.err), 0);
    check_int(issuer_open_by(scene.directory, &scene.host, &fake, NOW, &issuer, &scene.err), 0);
    check_int(asked, 1);
    check_int(issuer_step(issuer, DAYS(61), &scene.err), 1);
    check_int(asked, 1); /* what keeps it is out of reach by then */
    path_of(&scene, path);
    check_int(file_read(path, 1 << 20, &text, &size, &scene.err), 0);
    check(!strstr(text, "PRIVATE") && !strstr(text, kept));
    check_int(issuer_open_by(scene.directory, &scene.host, &fake, NOW, &again, &scene.err), 0);
    check_int(asked, 2);
    check_string(again->generations[1].ids[BUNDLE_JWT], issuer->generations[1].ids[BUNDLE_JWT]);
    check_open_refused(&scene, "protected by a TPM");
    kept[0] = kept[0] == '0' ? '1' : '0'; /* another key */
    issuer_free(again);
    again = NULL;
    check(issuer_open_by(scene.directory, &scene.host, &fake, NOW, &again, &scene.err) < 0);
    mem_free(text);
    issuer_free(issuer);
}

TEST(what_was_wrapped_is_unwrapped_in_its_place_by_its_key_alone)
{
    unsigned char key[WRAP_KEY_SIZE] = {1}, other[WRAP_KEY_SIZE] = {2};
    auto_text struct text wrapped = {0};
    struct error err = ERROR_INIT;
    char *text = NULL;
    size_t size = 0;

    check_int(wrap_text(key, "1 x509", "a secret", 8, &wrapped, &err), 0);
    check_int(unwrap_text(key, "1 x509", wrapped.data, wrapped.length, &text, &size, &err), 0);
    check(size == 8 && memcmp(text, "a secret", 8) == 0);
    mem_free(text);
    check(unwrap_text(other, "1 x509", wrapped.data, wrapped.length, &text, &size, &err) < 0);
    check(unwrap_text(key, "2 x509", wrapped.data, wrapped.length, &text, &size, &err) < 0);
    for (size_t i = 0; i < wrapped.length; i++) {
        char was = wrapped.data[i];

        wrapped.data[i] = was == 'A' ? 'B' : 'A';
        check(unwrap_text(key, "1 x509", wrapped.data, wrapped.length, &text, &size, &err) < 0);
        wrapped.data[i] = was;
        check(unwrap_text(key, "1 x509", wrapped.data, i, &text, &size, &err) < 0);
    }
}

/* ---- certificates ---- */

/* As others get it. */
static X509 *leaf_of(struct scene *scene, const struct identity_name *name, EVP_PKEY **ret_key)
{
    const struct issuer_generation *signs = issuer_signs(scene->issuer, NOW);
    auto_text struct text pem = {0};
    X509 *made = NULL, *leaf = NULL;

    check_int(key_make(ret_key, &scene->err), 0);
    if (svid_make(*ret_key, name, signs->certificate, signs->keys[BUNDLE_X509], NOW, NOW + SVID_SECONDS, &made, &scene->err) < 0)
        test_fail(__FILE__, __LINE__, "%s", scene->err.text);
    check_int(certificate_write_pem(made, &pem, &scene->err), 0);
    check_int(svid_read_pem(pem.data, pem.length, &leaf, &scene->err), 0);
    X509_free(made);
    return leaf;
}

TEST(a_certificate_names_its_container_for_an_hour)
{
    struct scene scene;
    struct identity_name name;
    auto_key EVP_PKEY *key = NULL;
    X509 *leaf;

    scene_open(&scene);
    leaf = leaf_of(&scene, &scene.child, &key);
    check_int(svid_verify(leaf, &scene.issuer->bundle, NOW + 3599, &name, &scene.err), 0);
    check(identity_equal(&name, &scene.child));
    check(svid_verify(leaf, &scene.issuer->bundle, NOW + 3601, &name, &scene.err) < 0);
    check_contains(scene.err.text, "expired");
    check(svid_verify(leaf, &scene.issuer->bundle, NOW - 120, &name, &scene.err) < 0);
    check_contains(scene.err.text, "not yet valid");
    X509_free(leaf);
    scene_close(&scene);
}

TEST(a_certificate_of_another_authority_or_of_the_authority_itself_is_refused)
{
    struct scene scene, other;
    struct identity_name name;
    auto_key EVP_PKEY *key = NULL, *key_inner = NULL;
    X509 *leaf, *inner = NULL;

    scene_open(&scene);
    scene_open(&other); /* of the same name, with other keys */
    leaf = leaf_of(&other, &scene.agent, &key);
    check(svid_verify(leaf, &scene.issuer->bundle, NOW, &name, &scene.err) < 0);
    check_int(scene.err.kind, ERROR_FORBIDDEN);
    /* signed by a container's key */
    check_int(key_make(&key_inner, &scene.err), 0);
    X509_free(leaf);
    key_free_at(&key);
    leaf = leaf_of(&scene, &scene.agent, &key);
    check_int(svid_make(key_inner, &scene.child, leaf, key, NOW, NOW + 60, &inner, &scene.err), 0);
    check(svid_verify(inner, &scene.issuer->bundle, NOW, &name, &scene.err) < 0);
    check(svid_verify(scene.issuer->generations[0].certificate, &scene.issuer->bundle, NOW, &name, &scene.err) < 0);
    check_contains(scene.err.text, "authority");
    X509_free(leaf);
    X509_free(inner);
    scene_close(&scene);
    scene_close(&other);
}

TEST(a_bundle_is_the_same_after_it_was_written)
{
    struct scene scene;
    auto_bundle struct bundle bundle = {0}, other = {0};
    auto_text struct text text = {0}, again = {0};
    auto_key EVP_PKEY *key = NULL;
    struct identity_name name;
    X509 *leaf;

    scene_open(&scene);
    check_int(bundle_write(&scene.issuer->bundle, &text, &scene.err), 0);
    check_contains(text.data, "\"spiffe_sequence\"");
    check(!strstr(text.data, "\"d\""));
    check_int(bundle_read(text.data, text.length, "local.test", &bundle, &scene.err), 0);
    check_int(bundle_write(&bundle, &again, &scene.err), 0);
    check_string(again.data, text.data);
    leaf = leaf_of(&scene, &scene.agent, &key);
    check_int(svid_verify(leaf, &bundle, NOW, &name, &scene.err), 0);
    check_int(bundle_read(text.data, text.length, "other.test", &other, &scene.err), 0);
    check(svid_verify(leaf, &other, NOW, &name, &scene.err) < 0);
    check_contains(scene.err.text, "trust domain");
    X509_free(leaf);
    scene_close(&scene);
}

TEST(what_is_no_bundle_is_refused)
{
    static const char *const texts[] = {"", "{}", "[]", "{\"keys\":[]}", "{\"keys\":{}}", "{\"keys\":[{\"use\":\"jwt-svid\",\"kty\":\"oct\"}]}",
                                        "{\"keys\":[{\"use\":\"x509-svid\",\"kty\":\"EC\"}]}", "{\"keys\":[{\"use\":\"x509-svid\",\"x5c\":[\"AA==\"]}]}",
                                        "{\"keys\":[{\"use\":\"enc\",\"kty\":\"EC\"}]}", "{\"keys\":[],\"keys\":[]}"};
    struct error err = ERROR_INIT;

    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        auto_bundle struct bundle bundle = {0};

        check(bundle_read(texts[i], strlen(texts[i]), "a", &bundle, &err) < 0);
    }
}

/* ---- what a container's own key signs ---- */

TEST(a_statement_says_who_signed_what_for_which_purpose)
{
    struct scene scene;
    auto_key EVP_PKEY *key = NULL;
    auto_text struct text text = {0};
    unsigned char digest[32] = {1, 2, 3}, other[32] = {1, 2, 4};
    struct identity_name name;
    struct statement statement = {.kind = STATEMENT_JWS, .context = "receipt/v1", .digest = digest, .digest_size = 32, .now = NOW};
    time_t made;

    scene_open(&scene);
    statement.name = &scene.agent;
    statement.certificate = leaf_of(&scene, &scene.agent, &key);
    statement.key = key;
    check_int(statement_make(&statement, &text, &scene.err), 0);
    check_int(statement_verify(text.data, text.length, &scene.issuer->bundle, "receipt/v1", digest, &name, &made, &scene.err), 0);
    check(identity_equal(&name, &scene.agent) && made == NOW);
    check(statement_verify(text.data, text.length, &scene.issuer->bundle, "receipt/v2", digest, &name, &made, &scene.err) < 0);
    check(statement_verify(text.data, text.length, &scene.issuer->bundle, "receipt/v1", other, &name, &made, &scene.err) < 0);
    for (enum token_kind kind = TOKEN_SVID; kind <= TOKEN_ATTESTATION; kind++) {
        auto_token struct token token = {0};

        check(scene_verify(&scene, kind, text.data, NOW, &token) < 0);
    }
    X509_free(statement.certificate);
    scene_close(&scene);
}

TEST(nothing_but_a_digest_and_a_plain_context_is_signed)
{
    static const char *const contexts[] = {NULL, "", "a b", "a\"", "a\n", "TLS 1.3, client CertificateVerify", "\xc3\xa9",
                                           "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    struct scene scene;
    auto_key EVP_PKEY *key = NULL;
    unsigned char digest[64] = {0};
    struct statement statement = {.kind = STATEMENT_JWS, .digest = digest, .digest_size = 32, .now = NOW};

    scene_open(&scene);
    statement.name = &scene.agent;
    statement.certificate = leaf_of(&scene, &scene.agent, &key);
    statement.key = key;
    for (size_t i = 0; i < ARRAY_COUNT(contexts); i++) {
        auto_text struct text text = {0};

        statement.context = contexts[i];
        check_int(statement_make(&statement, &text, &scene.err), -EINVAL);
    }
    statement.context = "a";
    for (statement.digest_size = 0; statement.digest_size <= 64; statement.digest_size++)
        for (statement.kind = STATEMENT_JWS; statement.kind <= STATEMENT_TLS13_SERVER; statement.kind++) {
            auto_text struct text text = {0};
            bool is_good;

            statement.context = statement.kind == STATEMENT_JWS ? "a" : NULL;
            is_good = statement.digest_size == 32 || (statement.digest_size == 48 && statement.kind != STATEMENT_JWS);
            check_int(statement_make(&statement, &text, &scene.err), is_good ? 0 : -EINVAL);
        }
    X509_free(statement.certificate);
    scene_close(&scene);
}
