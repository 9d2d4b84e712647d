/* SPDX-License-Identifier: Apache-2.0 */
/* A keeper that wants what is not its own. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "protocol/service.h"
#include "protocol/socket.h"
#include "scene.h"

static const char *const one[] = {"https://api.example.org"};

static void open_refused(struct scene *scene, int fd, const char *name, const char *why)
{
    scene->err = ERROR_INIT;
    if (signer_open(fd, name, NULL, NULL, &scene->err) == 0)
        test_fail(__FILE__, __LINE__, "'%s' was opened", name);
    check_contains(scene->err.text, why);
}

TEST(a_keeper_opens_containers_of_its_own_user_alone)
{
    static const char *const others[] = {
        HOST "/user/1001/agent/coder/" INSTANCE, "spiffe://local.test/host/other/user/1000/agent/coder/" INSTANCE,
        "spiffe://other/host/box/user/1000/agent/coder/" INSTANCE, PERSON, HOST, HOST "/user/100/agent/coder/" INSTANCE,
    };
    struct scene scene;

    scene_open(&scene);
    for (size_t i = 0; i < ARRAY_COUNT(others); i++)
        open_refused(&scene, scene.keeper, others[i], "no container of whom");
    open_refused(&scene, scene.keeper, "root", "not a name");
    open_refused(&scene, scene.keeper, CHILD, "around it");
    check_int(signer_open(scene.keeper, AGENT, NULL, NULL, &scene.err), 0);
    check_int(signer_open(scene.keeper, CHILD, NULL, NULL, &scene.err), 0);
    scene_close(&scene);
}

TEST(a_keeper_neither_takes_over_nor_asks_for_another_keepers_container)
{
    struct scene scene;
    int mine, other = -1;
    const struct signer_question question = {.what = "svid", .audiences = one, .audience_count = 1};

    scene_open(&scene);
    check_int(signer_serve(scene.process.control, PERSON, &other, &scene.err), 0);
    check_int(signer_open(scene.keeper, AGENT, NULL, NULL, &scene.err), 0);
    open_refused(&scene, other, AGENT, "another keeper");
    open_refused(&scene, other, CHILD, "another keeper's");
    mine = scene.keeper;
    scene.keeper = other;
    scene_refused(&scene, AGENT, &question, "no container");
    check(signer_close_name(other, AGENT, &scene.err) < 0);
    scene.keeper = mine;
    mem_free(scene_ask(&scene, AGENT, &question));
    close(other);
    scene_close(&scene);
}

TEST(a_keepers_end_is_the_end_of_its_containers_and_a_stranger_does_not_inherit_them)
{
    struct scene scene;
    int other = -1;

    scene_open(&scene);
    check_int(signer_open(scene.keeper, AGENT, NULL, NULL, &scene.err), 0);
    close(scene.keeper);
    check_int(signer_serve(scene.process.control, PERSON, &other, &scene.err), 0);
    scene.keeper = other;
    scene_refused(&scene, AGENT, &(struct signer_question){.what = "bundle"}, "no container");
    check_int(signer_open(scene.keeper, AGENT, NULL, NULL, &scene.err), 0);
    scene_close(&scene);
}

TEST(what_does_not_belong_to_a_question_is_refused)
{
    static const unsigned char digest[64];
    struct scene scene;
    const struct {
        struct signer_question question;
        const char *why;
    } rows[] = {
        {{.what = "key"}, "nothing that can be asked"},
        {{.what = ""}, "nothing that can be asked"},
        {{.what = "private"}, "nothing that can be asked"},
        {{.what = "svid"}, "1 to 16"},
        {{.what = "svid", .audiences = one, .audience_count = 1, .nonce = "n"}, "has no SIGN_NONCE"},
        {{.what = "x509", .digest = digest, .digest_size = 32}, "has no SIGN_DIGEST"},
        {{.what = "access", .audiences = one, .audience_count = 1, .to = CHILD}, "has no SIGN_TO"},
        {{.what = "statement", .digest = digest, .digest_size = 32}, "context"},
        {{.what = "statement", .context = "a", .digest = digest, .digest_size = 31}, "SHA-256"},
        {{.what = "statement", .context = "a"}, "SHA-256"},
        {{.what = "statement", .context = "a\nb", .digest = digest, .digest_size = 32}, "context"},
        {{.what = "tls13-client", .context = "a", .digest = digest, .digest_size = 32}, "has no SIGN_CONTEXT"},
        {{.what = "tls13-server", .digest = digest, .digest_size = 64}, "32 or 48"},
        {{.what = "attestation", .audiences = one, .audience_count = 1}, "how this container is contained"},
        {{.what = "delegation", .audiences = one, .audience_count = 1}, "to whom"},
    };

    scene_open(&scene);
    check_int(signer_open(scene.keeper, AGENT, NULL, NULL, &scene.err), 0);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        scene_refused(&scene, AGENT, &rows[i].question, rows[i].why);
    mem_free(scene_ask(&scene, AGENT, &(struct signer_question){.what = "x509"}));
    scene_close(&scene);
}

TEST(who_may_have_tokens_for_nobody_has_none)
{
    static const char *const none[] = {NULL};
    struct scene scene;

    scene_open(&scene);
    check_int(signer_open(scene.keeper, AGENT, NULL, NULL, &scene.err), 0);
    mem_free(scene_ask(&scene, AGENT, &(struct signer_question){.what = "svid", .audiences = one, .audience_count = 1}));
    check_int(signer_open(scene.keeper, AGENT, NULL, none, &scene.err), 0);
    scene_refused(&scene, AGENT, &(struct signer_question){.what = "svid", .audiences = one, .audience_count = 1}, "identity.audiences");
    mem_free(scene_ask(&scene, AGENT, &(struct signer_question){.what = "x509"})); /* who it is, is no token */
    scene_close(&scene);
}

TEST(facts_are_an_object_of_json_and_audiences_words)
{
    static const char *const bad[] = {"", "x", "[]", "7", "{\"a\":1,\"a\":2}", "{\"a\":1} x", "\xff"};
    static const char *const words[] = {"a b", NULL}, *const only[] = {"https://only.example.org", NULL};
    struct scene scene;

    scene_open(&scene);
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        check(signer_open(scene.keeper, AGENT, bad[i], NULL, &scene.err) < 0);
    check(signer_open(scene.keeper, AGENT, NULL, words, &scene.err) < 0);
    check_int(signer_open(scene.keeper, AGENT, NULL, only, &scene.err), 0);
    scene_refused(&scene, AGENT, &(struct signer_question){.what = "svid", .audiences = one, .audience_count = 1}, "none of the audiences");
    check_int(signer_open(scene.keeper, AGENT, NULL, NULL, &scene.err), 0); /* what was shut stays shut */
    scene_refused(&scene, AGENT, &(struct signer_question){.what = "svid", .audiences = one, .audience_count = 1}, "none of the audiences");
    scene_close(&scene);
}

/* The other end hangs up. */
static bool is_let_go(int fd)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN | POLLRDHUP};
    char byte;

    return poll(&wait, 1, 60000) == 1 && recv(fd, &byte, 1, MSG_DONTWAIT) <= 0;
}

TEST(who_says_what_is_not_a_keepers_to_say_is_let_go_and_others_are_not)
{
    static const uint16_t types[] = {PROTOCOL_SIGN_BEGIN, PROTOCOL_SIGN_ANSWER, PROTOCOL_DONE, PROTOCOL_HELLO};
    struct scene scene;

    scene_open(&scene);
    check_int(signer_open(scene.keeper, AGENT, NULL, NULL, &scene.err), 0);
    for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
        auto_protocol struct protocol_out out;
        int fd = -1;

        check_int(signer_serve(scene.process.control, PERSON, &fd, &scene.err), 0);
        protocol_begin(&out, types[i], 1);
        if (types[i] == PROTOCOL_SIGN_BEGIN)
            protocol_add_text(&out, TAG_PATH, "/tmp");
        if (types[i] == PROTOCOL_SIGN_BEGIN)
            protocol_add_text(&out, TAG_SIGN_NAME, HOST "/user/0");
        if (types[i] == PROTOCOL_SIGN_ANSWER)
            protocol_add_bytes(&out, TAG_SIGN_RESULT, "x", 1);
        if (types[i] == PROTOCOL_HELLO) {
            protocol_add_number(&out, TAG_VERSION_LEAST, 1);
            protocol_add_number(&out, TAG_VERSION_MOST, 1);
        }
        check_int(protocol_send(fd, 0, &out, NULL, 0, &scene.err), 0);
        check(is_let_go(fd));
        close(fd);
    }
    mem_free(scene_ask(&scene, AGENT, &(struct signer_question){.what = "x509"}));
    scene_close(&scene);
}

/* Whoever has taken cordond over says whose keepers there are, and no more: for a container that has its keeper nothing is signed, and nothing is told of it. */
TEST(cordonds_own_connection_has_nothing_signed_and_ends_with_the_attempt)
{
    static const uint16_t types[] = {PROTOCOL_SIGN_OPEN, PROTOCOL_SIGN_ASK, PROTOCOL_SIGN_CLOSE};

    for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
        auto_protocol struct protocol_out out;
        struct scene scene;
        int other = -1;

        scene_open(&scene);
        check_int(signer_open(scene.keeper, AGENT, NULL, NULL, &scene.err), 0);
        check_int(signer_serve(scene.process.control, HOST "/user/1001", &other, &scene.err), 0); /* that it can */
        check(signer_serve(scene.process.control, "spiffe://local.test/host/other/user/1000", &scene.process.pidfd, &scene.err) < 0);
        check(signer_serve(scene.process.control, HOST, &scene.process.pidfd, &scene.err) < 0);
        open_refused(&scene, other, AGENT, "no container of whom");
        close(other);
        protocol_begin(&out, types[i], 1);
        protocol_add_text(&out, TAG_SIGN_NAME, AGENT);
        if (types[i] == PROTOCOL_SIGN_ASK)
            protocol_add_text(&out, TAG_SIGN_WHAT, "x509");
        check_int(protocol_send(scene.process.control, 0, &out, NULL, 0, &scene.err), 0);
        check(is_let_go(scene.process.control));
        scene_close(&scene);
    }
}

TEST(bytes_that_are_no_message_and_descriptors_that_nobody_asked_for_end_the_connection)
{
    struct scene scene;
    unsigned char bytes[64];
    int fd = -1;

    scene_open(&scene);
    for (int i = 0; i < 40; i++) {
        for (size_t j = 0; j < sizeof(bytes); j++)
            bytes[j] = (unsigned char)(i * 7 + (int)j * 13);
        check_int(signer_serve(scene.process.control, PERSON, &fd, &scene.err), 0);
        check_int(send(fd, bytes, sizeof(bytes) - (size_t)i, MSG_NOSIGNAL), (ssize_t)(sizeof(bytes) - (size_t)i));
        check(is_let_go(fd));
        close(fd);
    }
    check_int(signer_open(scene.keeper, AGENT, NULL, NULL, &scene.err), 0);
    scene_close(&scene);
}

TEST(one_container_that_asks_without_end_is_told_so_and_another_is_answered)
{
    struct scene scene;
    const struct signer_question question = {.what = "bundle"};
    bool is_refused = false;
    int asked = 0;

    scene_open(&scene);
    check_int(signer_open(scene.keeper, AGENT, NULL, NULL, &scene.err), 0);
    check_int(signer_open(scene.keeper, PERSON "/agent/coder/" INNER, NULL, NULL, &scene.err), 0);
    for (uint64_t until = clock_monotonic_ns() + 20 * NS_PER_S; !is_refused && clock_monotonic_ns() < until; asked++) {
        auto_text struct text text = {0};

        is_refused = signer_ask(scene.keeper, AGENT, &question, &text, NULL, &scene.err) < 0;
    }
    if (!is_refused && asked < 20 * 120)
        test_skip("time to ask more often than it may");
    check(is_refused);
    check_contains(scene.err.text, "signatures in a second");
    mem_free(scene_ask(&scene, PERSON "/agent/coder/" INNER, &question));
    scene_close(&scene);
}

TEST(a_keeper_that_does_not_read_its_answers_is_let_go)
{
    struct scene scene;
    struct signer_status status;
    int fd = -1;

    scene_open(&scene);
    check_int(signer_serve(scene.process.control, PERSON, &fd, &scene.err), 0);
    for (int i = 0; i < 100000; i++) {
        auto_protocol struct protocol_out out;

        protocol_begin(&out, PROTOCOL_SIGN_STATUS, 1);
        if (protocol_send(fd, MSG_DONTWAIT, &out, NULL, 0, NULL) < 0 && errno != EAGAIN)
            break;
    }
    check_int(signer_status(scene.process.control, &status, &scene.err), 0);
    check_string(status.host, HOST);
    check_string(status.protection, "file");
    close(fd);
    scene_close(&scene);
}

/* ---- cordond comes, goes, and comes again ---- */

static pid_t start_listening(const char *directory, const char *path, const char *control_user)
{
    struct error err = ERROR_INIT;
    int fd = -1;
    pid_t pid;

    if (service_listen(path, 0666, &fd, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    pid = fork();
    if (pid == 0) {
        dup2(fd, 30);
        dup2(30, 3);
        setenv("LISTEN_FDS", "1", 1);
        setenv("LISTEN_FDNAMES", "signer", 1);
        execl(CORDON_TEST_SIGNER, "cordon-signer", "--directory", directory, "--domain", "local.test", "--host", "box",
              control_user ? "--control-user" : NULL, control_user, (char *)NULL);
        _exit(127);
    }
    close(fd);
    return pid;
}

TEST(a_keeper_keeps_its_containers_when_cordond_ends_and_the_next_one_comes)
{
    struct scene scene = {.directory = "/tmp/test-signer-XXXXXX", .keeper = -1, .err = ERROR_INIT};
    char path[80];
    int control = -1, other = -1, status;
    pid_t pid;

    check(test_make_directory(scene.directory) != NULL);
    snprintf(path, sizeof(path), "%s/signer.sock", scene.directory);
    pid = start_listening(scene.directory, path, NULL);
    check_int(service_connect(path, &control, &scene.err), 0);
    check_int(signer_serve(control, PERSON, &scene.keeper, &scene.err), 0);
    check_int(signer_open(scene.keeper, AGENT, NULL, NULL, &scene.err), 0);
    close(control);
    mem_free(scene_ask(&scene, AGENT, &(struct signer_question){.what = "x509"}));
    check_int(service_connect(path, &control, &scene.err), 0);
    check_int(signer_serve(control, PERSON, &other, &scene.err), 0);
    open_refused(&scene, other, AGENT, "another keeper");
    mem_free(scene_ask(&scene, AGENT, &(struct signer_question){.what = "x509"}));
    close(other);
    close(control);
    close(scene.keeper);
    kill(pid, SIGTERM);
    check(waitpid(pid, &status, 0) == pid);
}

TEST(whoever_else_comes_to_its_socket_is_turned_away)
{
    struct scene scene = {.directory = "/tmp/test-signer-XXXXXX", .keeper = -1, .err = ERROR_INIT};
    const char *other = geteuid() == 0 ? "nobody" : "root";
    char path[80];
    int control = -1, status;
    pid_t pid;

    check(test_make_directory(scene.directory) != NULL);
    snprintf(path, sizeof(path), "%s/signer.sock", scene.directory);
    pid = start_listening(scene.directory, path, other);
    check_int(service_connect(path, &control, &scene.err), 0);
    check(signer_serve(control, PERSON, &scene.keeper, &scene.err) < 0);
    close(control);
    kill(pid, SIGTERM);
    check(waitpid(pid, &status, 0) == pid);
    check(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM); /* it was there all the time */
}
