/* SPDX-License-Identifier: Apache-2.0 */
/* Who may ask for what. */
#include <errno.h>

#include "base/memory.h"
#include "scene.h"

static const char *const one[] = {AUDIENCE}, *const two[] = {AUDIENCE, "https://b.example.org"};

TEST(a_child_acts_by_what_its_parent_handed_on_and_both_are_named_as_rfc_8693_orders_them)
{
    struct scene scene;
    auto_token struct token token = {0};
    char *delegation, *again, *access, name[IDENTITY_TEXT_SIZE];

    scene_open(&scene);
    delegation = scene_token(&scene, &scene.agent, TOKEN_DELEGATION, NULL, CHILD);
    again = scene_token(&scene, &scene.child, TOKEN_DELEGATION, delegation, CHILD "/sub/" DEEPER);
    access = scene_token(&scene, &scene.deeper, TOKEN_ACCESS, again, NULL);
    if (scene_verify(&scene, TOKEN_ACCESS, access, NOW, &token) < 0)
        test_fail(__FILE__, __LINE__, "%s", scene.err.text);
    identity_print(&token.subject, name);
    check_string(name, PERSON);
    check_int(token.actor_count, 3);
    identity_print(&token.actors[0], name);
    check_string(name, CHILD "/sub/" DEEPER);
    identity_print(&token.actors[1], name);
    check_string(name, CHILD);
    identity_print(&token.actors[2], name);
    check_string(name, AGENT);
    check_string(json_string_value(json_object_get(token.claims, "client_id")), CHILD "/sub/" DEEPER);
    mem_free(delegation);
    mem_free(again);
    mem_free(access);
    scene_close(&scene);
}

TEST(a_child_cannot_act_by_itself_nor_with_what_was_not_handed_to_it)
{
    struct scene scene;
    struct identity_name other, stranger;
    struct exchange exchange = {.kind = TOKEN_ACCESS, .audiences = one, .audience_count = 1, .now = NOW};
    char *delegation, *svid, *access, *grand;

    scene_open(&scene);
    check_int(identity_sub(&scene.agent, DEEPER, &other, &scene.err), 0);
    check_int(identity_parse(HOST "/user/1001/agent/coder/" INSTANCE, strlen(HOST "/user/1001/agent/coder/" INSTANCE), &stranger, NULL), 0);
    delegation = scene_token(&scene, &scene.agent, TOKEN_DELEGATION, NULL, CHILD);
    svid = scene_token(&scene, &scene.agent, TOKEN_SVID, NULL, NULL);
    access = scene_token(&scene, &scene.agent, TOKEN_ACCESS, NULL, NULL);
    grand = scene_token(&scene, &scene.child, TOKEN_DELEGATION, delegation, CHILD "/sub/" DEEPER);
    exchange.actor = &scene.child;
    scene_refused(&scene, &exchange, "hands on");
    exchange.subject_token = svid; /* its parent's */
    scene_refused(&scene, &exchange, "type");
    exchange.subject_token = access;
    scene_refused(&scene, &exchange, "type");
    exchange.subject_token = grand; /* its child's */
    scene_refused(&scene, &exchange, "not handed to this");
    exchange.subject_token = delegation;
    exchange.actor = &other; /* its brother */
    scene_refused(&scene, &exchange, "not handed to this");
    exchange.actor = &stranger;
    scene_refused(&scene, &exchange, "not handed to this");
    exchange.actor = &scene.agent; /* who made it */
    scene_refused(&scene, &exchange, "not handed to this");
    mem_free(delegation);
    mem_free(svid);
    mem_free(access);
    mem_free(grand);
    scene_close(&scene);
}

TEST(nothing_is_handed_on_but_to_a_container_directly_inside)
{
    static const char *const to[] = {AGENT, PERSON, CHILD "/sub/" DEEPER, HOST "/user/1001/agent/coder/" INSTANCE "/sub/" INNER,
                                     PERSON "/agent/coder/" INNER "/sub/" INNER};
    struct scene scene;
    struct exchange exchange = {.kind = TOKEN_DELEGATION, .audiences = one, .audience_count = 1, .now = NOW};

    scene_open(&scene);
    exchange.actor = &scene.agent;
    for (size_t i = 0; i < ARRAY_COUNT(to); i++) {
        exchange.may_act = to[i];
        scene_refused(&scene, &exchange, "directly inside");
    }
    exchange.may_act = "everybody";
    scene_refused(&scene, &exchange, "not a name");
    exchange.may_act = NULL;
    scene_refused(&scene, &exchange, "to whom");
    scene_close(&scene);
}

TEST(what_is_exchanged_is_never_for_longer_nor_for_more)
{
    struct scene scene;
    struct exchange exchange = {.kind = TOKEN_ACCESS, .audiences = one, .audience_count = 1, .now = NOW + 500, .seconds = 3600};
    auto_text struct text text = {0};
    auto_token struct token token = {0};
    char *delegation;
    time_t until = 0;

    scene_open(&scene);
    delegation = scene_token(&scene, &scene.agent, TOKEN_DELEGATION, NULL, CHILD); /* ends at NOW + 600 */
    exchange.actor = &scene.child;
    exchange.subject_token = delegation;
    check_int(exchange_make(scene.issuer, &exchange, &text, &until, &scene.err), 0);
    check_int(until, NOW + 600);
    check_int(scene_verify(&scene, TOKEN_ACCESS, text.data, NOW + 500, &token), 0);
    check_int(token.until, NOW + 600);
    exchange.audiences = two;
    exchange.audience_count = 2;
    scene_refused(&scene, &exchange, "handed on");
    exchange.audience_count = 1;
    exchange.now = NOW + 600;
    scene_refused(&scene, &exchange, "expired");
    mem_free(delegation);
    scene_close(&scene);
}

TEST(an_audience_is_one_that_the_container_may_have)
{
    struct scene scene;
    static const char *const bad[][1] = {{""}, {"a b"}, {"a\"b"}, {"a\\b"}, {"a\nb"}, {"\xc3\xa9"}};
    struct exchange exchange = {.kind = TOKEN_SVID, .audiences = two, .audience_count = 2, .allowed = one, .allowed_count = 1, .now = NOW};

    scene_open(&scene);
    exchange.actor = &scene.agent;
    scene_refused(&scene, &exchange, "none of the audiences");
    exchange.allowed_count = 0;
    exchange.audience_count = 1;
    scene_refused(&scene, &exchange, "none of the audiences");
    exchange.allowed = NULL;
    exchange.audience_count = 0;
    scene_refused(&scene, &exchange, "1 to 16");
    exchange.audience_count = 17;
    scene_refused(&scene, &exchange, "1 to 16");
    exchange.audience_count = 1;
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        exchange.audiences = bad[i];
        scene_refused(&scene, &exchange, "without blanks");
    }
    scene_close(&scene);
}

TEST(who_is_of_another_machine_gets_nothing)
{
    struct scene scene;
    struct identity_name other;
    struct exchange exchange = {.kind = TOKEN_SVID, .audiences = one, .audience_count = 1, .now = NOW};
    static const char *const names[] = {"spiffe://local.test/host/other/user/1000/agent/x/" INSTANCE, "spiffe://other/host/box/user/1000/agent/x/" INSTANCE, PERSON, HOST};

    scene_open(&scene);
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        check_int(identity_parse(names[i], strlen(names[i]), &other, NULL), 0);
        exchange.actor = &other;
        scene_refused(&scene, &exchange, "no container of this machine");
    }
    scene_close(&scene);
}

TEST(without_facts_nothing_is_attested_and_without_a_need_nothing_is_exchanged)
{
    struct scene scene;
    struct exchange exchange = {.kind = TOKEN_ATTESTATION, .audiences = one, .audience_count = 1, .now = NOW};

    scene_open(&scene);
    exchange.actor = &scene.agent;
    scene_refused(&scene, &exchange, "how this container is contained");
    exchange.nonce = "a b";
    scene_refused(&scene, &exchange, "nonce");
    exchange.nonce = NULL;
    exchange.kind = TOKEN_SVID;
    exchange.subject_token = "x";
    scene_refused(&scene, &exchange, "exchanged for nothing");
    scene_close(&scene);
}
