/* SPDX-License-Identifier: Apache-2.0 */
/* What a container gets, and what those who never heard of Cordon say to it. */
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/file.h"
#include "base/memory.h"
#include "identity/statement.h"
#include "identity/svid.h"
#include "identity/token.h"
#include "scene.h"

/* As cordond starts its parts: a socket by name, and words. */
void scene_start(struct scene *scene)
{
    const struct timeval longest = {.tv_sec = 60};
    int ends[2];

    check_int(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    scene->process = SIGNER_PROCESS_INIT;
    scene->process.control = ends[0];
    scene->process.pid = fork();
    if (scene->process.pid == 0) {
        if (ends[1] == SIGNER_CHANNEL)
            ends[1] = fcntl(ends[1], F_DUPFD_CLOEXEC, 10);
        dup2(ends[1], SIGNER_CHANNEL);
        setenv("LISTEN_FDS", "1", 1);
        setenv("LISTEN_FDNAMES", "cordond", 1);
        execl(CORDON_TEST_SIGNER, "cordon-signer", "--directory", scene->directory, "--domain", "local.test", "--host", "box", scene->tpm ? "--tpm" : NULL,
              scene->tpm, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    if (signer_serve(scene->process.control, PERSON, &scene->keeper, &scene->err) < 0)
        test_fail(__FILE__, __LINE__, "%s", scene->err.text);
    /* on a busy machine an answer takes longer than a keeper would wait */
    check_int(setsockopt(scene->keeper, SOL_SOCKET, SO_RCVTIMEO, &longest, sizeof(longest)), 0);
}

void scene_open(struct scene *scene)
{
    *scene = (struct scene){.directory = "/tmp/test-signer-XXXXXX", .keeper = -1, .err = ERROR_INIT};
    check(test_make_directory(scene->directory) != NULL);
    scene_start(scene);
}

/* Its control connection is its life. */
void scene_close(struct scene *scene)
{
    int status;

    fd_close_at(&scene->keeper);
    fd_close_at(&scene->process.control);
#if defined(CORDON_SANITIZED)
    kill(scene->process.pid, SIGKILL); /* what a sanitizer does at the end is not on its list of calls */
    check(waitpid(scene->process.pid, &status, 0) == scene->process.pid);
#else
    check(waitpid(scene->process.pid, &status, 0) == scene->process.pid);
    check(WIFEXITED(status) && WEXITSTATUS(status) == 0);
#endif
}

char *scene_ask(struct scene *scene, const char *name, const struct signer_question *question)
{
    struct text text = {0};
    char *answer = NULL;

    if (signer_ask(scene->keeper, name, question, &text, NULL, &scene->err) < 0 || text_take(&text, &answer, &scene->err) < 0)
        test_fail(__FILE__, __LINE__, "%s: %s", question->what, scene->err.text);
    return answer;
}

void scene_refused(struct scene *scene, const char *name, const struct signer_question *question, const char *why)
{
    auto_text struct text text = {0};

    scene->err = ERROR_INIT;
    if (signer_ask(scene->keeper, name, question, &text, NULL, &scene->err) == 0)
        test_fail(__FILE__, __LINE__, "answered, and should be refused: %s", why);
    check_contains(scene->err.text, why);
}

static void open_agent(struct scene *scene)
{
    if (signer_open(scene->keeper, AGENT, "{\"policyDigest\":\"sha256:x\"}", NULL, &scene->err) < 0)
        test_fail(__FILE__, __LINE__, "%s", scene->err.text);
}

static int run_openssl(const char *const *argv)
{
    int status = -1;
    pid_t pid = fork();

    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

        dup2(null, 1);
        dup2(null, 2);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    check(waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(the_certificate_is_one_for_openssl_too_and_another_authoritys_is_not)
{
    struct scene scene, other;
    char leaf_path[80], bundle_path[80], other_path[80], *leaf, *bundle;
    const char *argv[] = {"openssl", "verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", bundle_path, leaf_path, NULL};

    scene_open(&scene);
    scene_open(&other);
    open_agent(&scene);
    leaf = scene_ask(&scene, AGENT, &(struct signer_question){.what = "x509"});
    bundle = scene_ask(&scene, AGENT, &(struct signer_question){.what = "bundle-pem"});
    snprintf(leaf_path, sizeof(leaf_path), "%s/leaf.pem", scene.directory);
    snprintf(bundle_path, sizeof(bundle_path), "%s/believed.pem", scene.directory);
    snprintf(other_path, sizeof(other_path), "%s/bundle.pem", other.directory);
    test_write_file(leaf_path, leaf, 0644);
    test_write_file(bundle_path, bundle, 0644);
    if (run_openssl((const char *const[]){"openssl", "version", NULL}) == 127)
        test_skip("openssl");
    check_int(run_openssl(argv), 0);
    argv[6] = other_path;
    check(run_openssl(argv) > 0);
    mem_free(leaf);
    mem_free(bundle);
    scene_close(&scene);
    scene_close(&other);
}

TEST(each_thing_that_can_be_asked_for_is_what_it_says)
{
    struct scene scene;
    const char *audience = "https://api.example.org";
    char *bundle_text, *text;
    auto_bundle struct bundle bundle = {0};
    struct token_expected expected = {.bundle = &bundle, .audience = audience, .nonce = NULL, .now = time(NULL)};
    static const struct {
        const char *what;
        enum token_kind kind;
    } rows[] = {{"svid", TOKEN_SVID}, {"access", TOKEN_ACCESS}, {"attestation", TOKEN_ATTESTATION}};

    scene_open(&scene);
    open_agent(&scene);
    bundle_text = scene_ask(&scene, AGENT, &(struct signer_question){.what = "bundle"});
    check_int(bundle_read(bundle_text, strlen(bundle_text), "local.test", &bundle, &scene.err), 0);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        auto_token struct token token = {0};

        text = scene_ask(&scene, AGENT, &(struct signer_question){.what = rows[i].what, .audiences = &audience, .audience_count = 1});
        expected.kind = rows[i].kind;
        if (token_verify(text, strlen(text), &expected, &token, &scene.err) < 0)
            test_fail(__FILE__, __LINE__, "%s", scene.err.text);
        if (rows[i].kind == TOKEN_ATTESTATION)
            check_string(json_string_value(json_object_get(json_object_get(token.claims, "cordon"), "keyProtection")), "file");
        mem_free(text);
    }
    mem_free(bundle_text);
    scene_close(&scene);
}

TEST(a_handshake_is_signed_as_tls_13_has_it_and_cannot_be_one_of_the_other_side)
{
    struct scene scene;
    unsigned char hash[32] = {7}, content[64 + 34 + 32];
    X509 *leaf = NULL;
    char *pem;
    auto_text struct text signature = {0};
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    scene_open(&scene);
    open_agent(&scene);
    pem = scene_ask(&scene, AGENT, &(struct signer_question){.what = "x509"});
    check_int(svid_read_pem(pem, strlen(pem), &leaf, &scene.err), 0);
    check_int(signer_ask(scene.keeper, AGENT, &(struct signer_question){.what = "tls13-client", .digest = hash, .digest_size = 32}, &signature, NULL, &scene.err), 0);
    memset(content, ' ', 64);
    memcpy(content + 64, "TLS 1.3, client CertificateVerify", 34);
    memcpy(content + 98, hash, 32);
    check_int(EVP_DigestVerifyInit_ex(context, NULL, "SHA256", NULL, NULL, X509_get0_pubkey(leaf), NULL), 1);
    check_int(EVP_DigestVerify(context, (unsigned char *)signature.data, signature.length, content, sizeof(content)), 1);
    memcpy(content + 64, "TLS 1.3, server CertificateVerify", 34);
    check_int(EVP_DigestVerifyInit_ex(context, NULL, "SHA256", NULL, NULL, X509_get0_pubkey(leaf), NULL), 1);
    check_int(EVP_DigestVerify(context, (unsigned char *)signature.data, signature.length, content, sizeof(content)), 0);
    EVP_MD_CTX_free(context);
    X509_free(leaf);
    mem_free(pem);
    scene_close(&scene);
}

TEST(the_key_stays_while_the_container_does_and_is_another_afterwards)
{
    struct scene scene;
    X509 *first = NULL, *same = NULL, *other = NULL;
    const struct signer_question question = {.what = "x509"};
    char *pem;

    scene_open(&scene);
    open_agent(&scene);
    pem = scene_ask(&scene, AGENT, &question);
    check_int(svid_read_pem(pem, strlen(pem), &first, &scene.err), 0);
    mem_free(pem);
    open_agent(&scene); /* again: other facts, the same container */
    pem = scene_ask(&scene, AGENT, &question);
    check_int(svid_read_pem(pem, strlen(pem), &same, &scene.err), 0);
    mem_free(pem);
    check_int(EVP_PKEY_eq(X509_get0_pubkey(first), X509_get0_pubkey(same)), 1);
    check_int(signer_close_name(scene.keeper, AGENT, &scene.err), 0);
    scene_refused(&scene, AGENT, &question, "no container");
    open_agent(&scene);
    pem = scene_ask(&scene, AGENT, &question);
    check_int(svid_read_pem(pem, strlen(pem), &other, &scene.err), 0);
    mem_free(pem);
    check_int(EVP_PKEY_eq(X509_get0_pubkey(first), X509_get0_pubkey(other)), 0);
    X509_free(first);
    X509_free(same);
    X509_free(other);
    scene_close(&scene);
}

TEST(a_new_signer_has_the_same_authority)
{
    struct scene scene;
    char *before, *after;

    scene_open(&scene);
    open_agent(&scene);
    before = scene_ask(&scene, AGENT, &(struct signer_question){.what = "bundle"});
    scene_close(&scene);
    scene.keeper = -1;
    scene_start(&scene);
    open_agent(&scene);
    after = scene_ask(&scene, AGENT, &(struct signer_question){.what = "bundle"});
    check_string(after, before);
    mem_free(before);
    mem_free(after);
    scene_close(&scene);
}

static void start_refused(const char *directory, const char *host, const char *why)
{
    struct signer_process process = SIGNER_PROCESS_INIT;
    struct error err = ERROR_INIT;
    int fd = -1, status = signer_start(CORDON_TEST_SIGNER, directory, host, AGENT, &process, &fd, &err);

    if (status == 0)
        status = signer_await(&process, &err);
    check(status < 0);
    check_contains(err.text, why);
    fd_close_at(&fd);
    signer_end(&process);
}

TEST(an_authority_that_cannot_be_kept_is_told_to_whoever_started_it)
{
    start_refused("/dev/null/identity", HOST, "authority");
    start_refused("relative", HOST, "absolute");
    start_refused("/tmp/test-signer-none", PERSON, "machine");
}

TEST(one_that_a_container_has_for_itself_serves_that_one_alone)
{
    char directory[] = "/tmp/test-signer-XXXXXX";
    struct signer_process process = SIGNER_PROCESS_INIT;
    struct scene scene = {.keeper = -1, .err = ERROR_INIT};
    int other = -1;

    check(test_make_directory(directory) != NULL);
    check_int(signer_start(CORDON_TEST_SIGNER, directory, HOST, CHILD, &process, &scene.keeper, &scene.err), 0);
    check_int(signer_await(&process, &scene.err), 0);
    check_int(signer_open(scene.keeper, CHILD, NULL, NULL, &scene.err), 0); /* what is around it is not its to open, nor needed */
    mem_free(scene_ask(&scene, CHILD, &(struct signer_question){.what = "x509"}));
    check(signer_open(scene.keeper, AGENT, NULL, NULL, &scene.err) < 0);
    check_contains(scene.err.text, "no container of whom");
    check(signer_serve(process.control, AGENT, &other, &scene.err) < 0);
    check_contains(scene.err.text, "one container's");
    fd_close_at(&scene.keeper);
    signer_end(&process);
}
