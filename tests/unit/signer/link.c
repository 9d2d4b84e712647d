/* SPDX-License-Identifier: Apache-2.0 */
/* Many containers over one connection that nobody waits for: with the program itself, and with one that is slow, silent or gone, played here. */
#include "signer/link.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "protocol/socket.h"
#include "scene.h"

#define MEMBERS 3

#define OTHER_PERSONS  HOST "/user/1001/agent/coder/" INSTANCE
#define OTHER_MACHINES "spiffe://local.test/host/other/user/1000/agent/coder/" INSTANCE

struct answers {
    unsigned good, bad;
    int status;
    char text[512];
};

struct stage {
    struct signer_link *link;
    struct signer_member members[MEMBERS];
    struct answers answers[MEMBERS];
    int far; /* the signer's end */
    struct protocol_received said;
    struct error err;
};

static int introduce(void *context, struct signer_link *link, struct error *err)
{
    const struct signer_member *member = context;

    return signer_link_say(link, member->name, "{\"policyDigest\":\"sha256:x\"}", NULL, err);
}

static int cannot_introduce(void *unused_arg context, struct signer_link *unused_arg link, struct error *err)
{
    return error_set(err, ERROR_LIMIT, ENOMEM, "no words for it");
}

static void heard(void *context, int status, const char *bytes, size_t size, uint64_t unused_arg until, const struct error *why)
{
    struct answers *answers = context;

    answers->status = status;
    answers->good += status == 0;
    answers->bad += status < 0;
    snprintf(answers->text, sizeof(answers->text), "%.*s", (int)(status < 0 ? strlen(why->text) : size), status < 0 ? why->text : bytes);
}

static struct stage *stage_open(void)
{
    struct stage *stage = mem_alloc(sizeof(*stage));

    check(stage != NULL);
    stage->far = -1;
    check_int(signer_link_new(&stage->link, &stage->err), 0);
    for (int i = 0; i < MEMBERS; i++) {
        stage->members[i] = (struct signer_member){.present = introduce, .context = &stage->members[i]};
        snprintf(stage->members[i].name, sizeof(stage->members[i].name), PERSON "/agent/coder/01kb5k3zt0aaaaaaaaaaaaaaa%d", i);
    }
    return stage;
}

static void stage_close(struct stage *stage)
{
    for (int i = 0; i < MEMBERS; i++)
        signer_link_leave(stage->link, &stage->members[i]);
    signer_link_free(stage->link);
    fd_close_at(&stage->far);
    mem_free(stage);
}

static void connect_fake(struct stage *stage)
{
    int ends[2];

    fd_close_at(&stage->far);
    check_int(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    stage->far = ends[1];
    signer_link_connect(stage->link, ends[0]);
}

static void ask(struct stage *stage, int i, const char *what)
{
    const struct signer_question question = {.what = what};

    if (signer_link_ask(stage->link, &stage->members[i], &question, heard, &stage->answers[i], &stage->err) < 0)
        test_fail(__FILE__, __LINE__, "%s", stage->err.text);
}

/* The type of what the link says next, 0 = nothing. It stays in `said`. */
static uint16_t next_said(struct stage *stage)
{
    int status = protocol_receive(stage->far, MSG_DONTWAIT, &stage->said, &stage->err);

    protocol_drop(&stage->said);
    return status > 0 ? stage->said.message.type : 0;
}

static void say(struct stage *stage, uint16_t type)
{
    auto_protocol struct protocol_out out;
    struct error refused = ERROR_INIT;

    (void)!error_set(&refused, ERROR_FORBIDDEN, EPERM, "no container of whom");
    protocol_begin(&out, type, stage->said.message.request);
    if (type == PROTOCOL_SIGN_ANSWER)
        protocol_add_bytes(&out, TAG_SIGN_RESULT, "signed", 6);
    if (type == PROTOCOL_FAILED)
        protocol_add_error(&out, &refused, NULL);
    check_int(protocol_send(stage->far, MSG_DONTWAIT, &out, NULL, 0, &stage->err), 0);
}

/* All that was said by now, as a signer does that knows everybody. */
static unsigned serve_all(struct stage *stage)
{
    unsigned count = 0;

    for (uint16_t type; (type = next_said(stage)) != 0; count++)
        say(stage, type == PROTOCOL_SIGN_ASK ? PROTOCOL_SIGN_ANSWER : PROTOCOL_DONE);
    check(signer_link_step(stage->link));
    return count;
}

TEST(each_container_is_answered_over_one_connection)
{
    struct scene scene;
    struct stage *stage = stage_open();
    struct signer_status status;

    scene_open(&scene);
    signer_link_connect(stage->link, take_fd(scene.keeper));
    scene.keeper = -1;
    for (int i = 0; i < MEMBERS; i++)
        ask(stage, i, "x509");
    for (unsigned good = 0; good < MEMBERS;) {
        struct pollfd polled = {.fd = signer_link_fd(stage->link), .events = POLLIN};

        check_int(poll(&polled, 1, 60000), 1);
        check(signer_link_step(stage->link));
        good = 0;
        for (int i = 0; i < MEMBERS; i++) {
            check_int(stage->answers[i].bad, 0);
            good += stage->answers[i].good;
        }
    }
    for (int i = 0; i < MEMBERS; i++)
        check_contains(stage->answers[i].text, "BEGIN CERTIFICATE");
    check_int(signer_serve(scene.process.control, PERSON, &scene.keeper, &scene.err), 0);
    check_int(signer_status(scene.keeper, &status, &scene.err), 0);
    check_int(status.containers, MEMBERS);
    signer_link_leave(stage->link, &stage->members[0]); /* its key goes, and no other */
    do
        check_int(signer_status(scene.keeper, &status, &scene.err), 0);
    while (status.containers == MEMBERS);
    check_int(status.containers, MEMBERS - 1);
    stage_close(stage);
    scene_close(&scene);
}

TEST(what_was_not_answered_is_asked_again_over_the_next_connection_and_nobody_is_told_twice)
{
    struct stage *stage = stage_open();

    ask(stage, 0, "svid"); /* before there is any */
    connect_fake(stage);
    check_int(next_said(stage), PROTOCOL_SIGN_OPEN);
    check_string(protocol_text(&stage->said.message, TAG_SIGN_NAME), stage->members[0].name);
    check_int(next_said(stage), PROTOCOL_SIGN_ASK);
    close(take_fd(stage->far));
    check(!signer_link_step(stage->link));
    signer_link_connect(stage->link, -1);
    check_int(stage->answers[0].good + stage->answers[0].bad, 0);
    connect_fake(stage);
    check_int(serve_all(stage), 2);
    check_int(stage->answers[0].good, 1);
    check_string(stage->answers[0].text, "signed");
    ask(stage, 0, "svid"); /* it is known by now */
    check_int(serve_all(stage), 1);
    ask(stage, 0, "attestation"); /* how it is contained is said anew */
    check_int(serve_all(stage), 2);
    check_int(stage->answers[0].good, 3);
    check_int(stage->answers[0].bad, 0);
    stage_close(stage);
}

TEST(a_signer_that_is_silent_holds_nobody_up_and_its_late_answer_is_nobodys)
{
    struct stage *stage = stage_open();
    uint64_t due, begin = clock_monotonic_ns();

    check_int(signer_link_expire(stage->link, begin), 0);
    connect_fake(stage);
    ask(stage, 0, "svid");
    ask(stage, 1, "svid");
    due = signer_link_expire(stage->link, clock_monotonic_ns());
    check(due >= begin + SIGNER_WAIT_S * NS_PER_S);
    check_int(stage->answers[0].bad, 0);
    check_int(signer_link_expire(stage->link, due + NS_PER_S * 3600), 0);
    check_int(stage->answers[0].bad, 1);
    check_int(stage->answers[1].status, -ETIMEDOUT);
    check_contains(stage->answers[1].text, "ask again");
    check_int(serve_all(stage), 4); /* at last */
    check_int(stage->answers[0].good + stage->answers[1].good, 0);
    ask(stage, 0, "svid");
    check_int(serve_all(stage), 1);
    check_int(stage->answers[0].good, 1);
    stage_close(stage);
}

TEST(a_signer_has_few_questions_at_once_and_the_others_wait_in_their_order_up_to_a_number)
{
    struct stage *stage = stage_open();
    const struct signer_question question = {.what = "svid"};
    unsigned said = 0, total = 0;

    connect_fake(stage);
    for (int i = 0; i < SIGNER_LINK_WAITING; i++)
        if (signer_link_ask(stage->link, &stage->members[i % MEMBERS], &question, heard, &stage->answers[i % MEMBERS], &stage->err) < 0)
            break;
        else
            total++;
    check(total >= SIGNER_LINK_WAITING - MEMBERS); /* what says who they are counts, too */
    check_int(signer_link_ask(stage->link, &stage->members[0], &question, heard, &stage->answers[0], &stage->err), -EAGAIN);
    while (next_said(stage))
        said++;
    check_int(said, SIGNER_LINK_AT_ONCE);
    stage->err = ERROR_INIT;
    connect_fake(stage); /* and after all that, each is answered */
    while (serve_all(stage))
        ;
    check_int(stage->answers[0].good + stage->answers[1].good + stage->answers[2].good, total);
    stage_close(stage);
}

TEST(why_a_container_is_not_known_is_said_to_who_asks_and_the_next_question_tries_again)
{
    struct stage *stage = stage_open();

    connect_fake(stage);
    ask(stage, 0, "svid");
    check_int(next_said(stage), PROTOCOL_SIGN_OPEN);
    say(stage, PROTOCOL_FAILED);
    check_int(next_said(stage), PROTOCOL_SIGN_ASK);
    say(stage, PROTOCOL_FAILED);
    check(signer_link_step(stage->link));
    check_int(stage->answers[0].status, -EPERM);
    check_contains(stage->answers[0].text, "no container of whom");
    ask(stage, 0, "svid");
    check_int(serve_all(stage), 2);
    check_int(stage->answers[0].good, 1);
    stage->members[1].present = cannot_introduce; /* its own fault, and nobody else's */
    ask(stage, 1, "svid");
    check_int(stage->answers[1].status, -ENOMEM);
    ask(stage, 0, "svid");
    check_int(serve_all(stage), 1);
    stage_close(stage);
}

TEST(who_leaves_is_answered_and_a_signer_that_says_what_is_no_answer_is_left)
{
    struct stage *stage = stage_open();

    connect_fake(stage);
    ask(stage, 0, "svid");
    ask(stage, 1, "svid");
    signer_link_leave(stage->link, &stage->members[0]);
    check_int(stage->answers[0].status, -ECANCELED);
    check_int(serve_all(stage), 5); /* two of each, and that one of them is no more */
    check_int(stage->answers[0].good, 0);
    check_int(stage->answers[1].good, 1);
    say(stage, PROTOCOL_SIGN_ANSWER); /* to a question that was answered: nobody's */
    check(signer_link_step(stage->link));
    check_int(send(stage->far, "no message", 10, 0), 10);
    check(!signer_link_step(stage->link));
    stage_close(stage);
}

/* For what serves one container, beside the keeper: exactly that one. */
TEST(a_connection_that_a_keeper_hands_on_is_for_one_container_of_its_own)
{
    static const char *const others[] = {
        PERSON,
        HOST,
        OTHER_PERSONS,
        OTHER_MACHINES,
    };
    const struct signer_question question = {.what = "x509"};
    struct scene scene;
    int handed = -1, kept;

    scene_open(&scene);
    check_int(signer_serve(scene.keeper, CHILD, &handed, &scene.err), 0);
    check_int(signer_open(handed, AGENT, NULL, NULL, &scene.err), -EPERM);
    check_int(signer_open(handed, CHILD, NULL, NULL, &scene.err), 0);
    kept = scene.keeper;
    scene.keeper = handed;
    mem_free(scene_ask(&scene, CHILD, &question));
    scene_refused(&scene, AGENT, &question, "no container");
    scene.keeper = kept;
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        int fd = -1;

        scene.err = ERROR_INIT;
        check_int(signer_serve(scene.keeper, others[i], &fd, &scene.err), -EPERM);
        check_contains(scene.err.text, "no container of whom");
        check_int(fd, -1);
    }
    check_int(signer_serve(handed, AGENT, &kept, &scene.err), -EPERM);
    close(handed);
    scene_close(&scene);
}
