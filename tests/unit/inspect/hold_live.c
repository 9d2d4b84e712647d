/* SPDX-License-Identifier: Apache-2.0 */
/* All of a flow with a secret: what goes up, what comes back, and what is not done for anybody. */
#include <errno.h>
#include <openssl/ssl.h>
#include <stdlib.h>

#include "base/memory.h"
#include "hold_scene.h"

static const struct identity right = {.name = "api.example.com", .alpn = "http/1.1"};

static void post(struct scene *scene)
{
    struct hold_client *client = scene->client;
    size_t length = hold_client_length(client, 0, HOLD_JSON);

    check_int(length, sizeof(VALUE) - 1);
    check_int(hold_client_length(client, 0, HOLD_FORM), sizeof(VALUE) - 1 + 6);
    check_int(hold_client_length(client, 1, HOLD_RAW), 0);
    OK(hold_client_request(client, "POST"));
    OK(hold_client_bytes(client, "/", 1));
    OK(hold_client_body(client, HOLD_LENGTH, length + 8));
    OK(hold_client_bytes(client, "{\"t\":\"", 6));
    OK(hold_client_secret(client, 0, HOLD_JSON));
    OK(hold_client_bytes(client, "\"}", 2));
    OK(hold_client_end(client));
}

TEST(a_value_goes_up_in_its_place_and_never_comes_back)
{
    static struct scene scene = {.wanted_ends = 2};
    static const struct script script = {
        .identity = {.name = "api.example.com", .alpn = "http/1.1"},
        .pieces = {{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Echo: <" VALUE ">\r\n", 0},
                   {"\r\n5\r\n{ghp_\r\n", 0},
                   {"12\r\n0123456789abcdef/+\r\n1\r\n&\r\n2\r\n}\n\r\n0\r\n\r\n", 0}},
        .requests = 2};

    scene_play(&scene, &script, scene_get);
    check_string(scene.told, "200|X-Echo=<***********************>|chunked|{***********************}\n|end"
                             "200|X-Echo=<***********************>|chunked|{***********************}\n|end");
    check_string(scene.server.heard, "GET /v1 HTTP/1.1\r\nHost: api.example.com\r\nAccept-Encoding: identity\r\n"
                                     "Authorization: Bearer " VALUE "\r\n\r\n");
    server_stop(&scene.server);
}

TEST(a_body_with_a_value_has_its_length)
{
    static struct scene scene = {.wanted_ends = 1};
    static const struct script script = {.identity = {.name = "api.example.com"},
                                         .pieces = {{"HTTP/1.1 201 Made\r\nContent-Length: 2\r\n\r\nok", 0}}};

    scene_play(&scene, &script, post);
    check_string(scene.told, "201|length|ok|end");
    check_contains(scene.server.heard, "Content-Length: 31\r\n\r\n{\"t\":\"" VALUE "\"}");
    server_stop(&scene.server);
}

TEST(a_request_may_be_said_before_there_is_a_connection)
{
    static struct scene scene = {.wanted_ends = 1, .is_early = true};
    static const struct script script = {.identity = {.name = "api.example.com"},
                                         .pieces = {{"HTTP/1.1 204 No\r\n\r\n", 0}}};

    scene_play(&scene, &script, scene_get);
    check_string(scene.told, "204|none||end");
    server_stop(&scene.server);
}

/* Nothing of the value may have left, whatever the server is. */
static void expect_failure(const struct identity *identity, const char *name, const char *failure)
{
    struct scene *scene = calloc(1, sizeof(*scene));
    struct script script = {.identity = *identity, .pieces = {{"HTTP/1.1 204 No\r\n\r\n", 0}}};

    check(scene != NULL);
    scene->is_early = true;
    scene_play_at(scene, &script, name, scene_get);
    if (strncmp(scene->told, failure, strlen(failure)) != 0)
        test_fail(__FILE__, __LINE__, "'%s' does not begin with '%s'", scene->told, failure);
    check(!scene->is_opened);
    check(!strstr(scene->server.heard, "ghp_"));
    server_stop(&scene->server);
    free(scene);
}

TEST(a_server_that_is_not_who_it_should_be_gets_nothing)
{
    const struct {
        struct identity identity;
        const char *name, *failure;
    } cases[] = {
        {{.name = "other.example.com"}, "api.example.com", "|failed not-verified: the server is not believed to be api.example.com"},
        {{.name = "api.example.com"}, "other.example.com", "|failed not-verified"},
        {{.name = "*.com"}, "api.example.com", "|failed not-verified"},
        {{.name = "api.example.com", .is_expired = true}, "api.example.com", "|failed not-verified: the server is not believed to be api.example.com: certificate has expired"},
        {{.name = "api.example.com", .is_of_stranger = true}, "api.example.com", "|failed not-verified"},
        {{.name = "api.example.com", .is_of_middle = true}, "api.example.com", "|failed not-verified"},
        {{.name = NULL}, "api.example.com", "|failed not-verified"},
        {{.name = "api.example.com", .tls_max = TLS1_1_VERSION}, "api.example.com", "|failed no-tls"},
        {{.name = "api.example.com", .alpn = "h2"}, "api.example.com", "|failed no-tls"},
        {{.name = "third.example.com"}, "third.example.com", "|failed not-for-host: no secret is for third.example.com"},
        {{.name = "api.example.com"}, "API.example.com", "|failed bad-record"},
        {{.name = "api.example.com"}, "", "|failed bad-record"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        expect_failure(&cases[i].identity, cases[i].name, cases[i].failure);
}

TEST(where_an_authority_is_no_certificate_no_server_gets_anything)
{
    const struct identity good = {.name = "api.example.com"};

    scene_more_trust = "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n";
    expect_failure(&good, "api.example.com",
                   "|failed not-verified: no server is believed to be api.example.com: the authorities: number 2 is no certificate");
    scene_more_trust = "";
}

/* As the inspector has it: whoever names an authority need not name the one that signed it. */
TEST(an_authority_is_believed_without_the_one_that_signed_it)
{
    static struct scene scene = {.wanted_ends = 1};
    static const struct script script = {.identity = {.name = "api.example.com", .is_of_middle = true},
                                         .pieces = {{"HTTP/1.1 204 No\r\n\r\n", 0}}};
    char text[4096], *middle;
    size_t size;

    middle = server_middle(&size);
    snprintf(text, sizeof(text), "%.*s", (int)size, middle);
    free(middle);
    scene_more_trust = text;
    scene_play(&scene, &script, scene_get);
    scene_more_trust = "";
    check_string(scene.told, "204|none||end");
    server_stop(&scene.server);
}

TEST(a_server_with_a_wildcard_of_one_label_is_believed)
{
    static struct scene scene = {.wanted_ends = 1};
    static const struct script script = {.identity = {.name = "*.example.com"}, .pieces = {{"HTTP/1.1 204 No\r\n\r\n", 0}}};

    scene_play(&scene, &script, scene_get);
    check_string(scene.told, "204|none||end");
    server_stop(&scene.server);
}

static void take_what_is_of_others(struct scene *scene)
{
    OK(hold_client_request(scene->client, "GET"));
    OK(hold_client_bytes(scene->client, "/v1", 3));
    OK(hold_client_field(scene->client, "Authorization", 13, false));
    OK(hold_client_secret(scene->client, 1, HOLD_RAW));
    OK(hold_client_body(scene->client, HOLD_NO_BODY, 0));
    OK(hold_client_end(scene->client));
}

static void take_what_does_not_exist(struct scene *scene)
{
    OK(hold_client_request(scene->client, "GET"));
    OK(hold_client_bytes(scene->client, "/v1", 3));
    OK(hold_client_field(scene->client, "Authorization", 13, false));
    OK(hold_client_secret(scene->client, 2, HOLD_RAW));
}

static void put_it_into_the_path(struct scene *scene)
{
    OK(hold_client_request(scene->client, "GET"));
    OK(hold_client_bytes(scene->client, "/v1/", 4));
    OK(hold_client_secret(scene->client, 0, HOLD_FORM));
}

TEST(an_inspector_in_other_hands_gets_no_value_to_where_it_is_not_for)
{
    static const struct {
        void (*act)(struct scene *scene);
        const char *failure;
    } cases[] = {
        {take_what_is_of_others, "|failed not-for-host: secret 'OTHER' is not for api.example.com"},
        {take_what_does_not_exist, "|failed bad-record"},
        {put_it_into_the_path, "|failed misplaced: secret 'TOKEN' is not for a path"},
    };
    struct script script = {.identity = right, .pieces = {{"HTTP/1.1 204 No\r\n\r\n", 0}}};

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct scene *scene = calloc(1, sizeof(*scene));

        check(scene != NULL);
        scene_play(scene, &script, cases[i].act);
        if (strncmp(scene->told, cases[i].failure, strlen(cases[i].failure)) != 0)
            test_fail(__FILE__, __LINE__, "'%s' does not begin with '%s'", scene->told, cases[i].failure);
        check(!strstr(scene->server.heard, "value of elsewhere") && !strstr(scene->server.heard, "ghp_"));
        server_stop(&scene->server);
        free(scene);
    }
}

TEST(answers_that_cannot_be_searched_or_are_cut_are_failures)
{
    static const struct {
        const char *answer;
        bool is_rude;
        const char *told;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", false, "|failed encoded"},
        {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", false, "|failed upgraded"},
        /* what would have been held back is not told either */
        {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab\nc", false, "200|length|ab\n|failed lost"},
        {"HTTP/1.1 200 OK\r\n\r\nabc", false, "200|chunked|abc|last"},
        {"HTTP/1.1 200 OK\r\n\r\nab\nc", true, "200|chunked|ab\n|failed lost"},
        {"HTTP/1.1 204 No\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", false, "204|none||end"},
        {"garbage\r\n\r\n", false, "|failed bad-answer"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct script script = {.identity = right, .pieces = {{cases[i].answer, 0}}, .is_rude = cases[i].is_rude};
        struct scene *scene = calloc(1, sizeof(*scene));

        check(scene != NULL);
        scene_play(scene, &script, scene_get);
        if (strncmp(scene->told, cases[i].told, strlen(cases[i].told)) != 0)
            test_fail(__FILE__, __LINE__, "'%s' does not begin with '%s'", scene->told, cases[i].told);
        server_stop(&scene->server);
        free(scene);
    }
}

static void wait_for_end(struct scene *scene)
{
    if (scene->ends == 0)
        scene_get(scene);
}

TEST(a_server_that_ends_between_requests_is_gone_and_not_a_failure)
{
    static struct scene scene = {.wanted_ends = 2};
    static const struct script script = {.identity = {.name = "api.example.com"},
                                         .pieces = {{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0}}};

    scene_play(&scene, &script, wait_for_end);
    check_string(scene.told, "200|length||end|gone");
    server_stop(&scene.server);
}

/* ---- much ---- */

#define UP_BYTES (300u << 10)

static unsigned sent_up;

static void post_much(struct scene *scene)
{
    static char piece[10000];
    int status = 0;

    memset(piece, 'u', sizeof(piece));
    if (sent_up == 0) {
        OK(hold_client_request(scene->client, "POST"));
        OK(hold_client_bytes(scene->client, "/", 1));
        OK(hold_client_body(scene->client, HOLD_LENGTH, UP_BYTES));
    }
    while (sent_up < UP_BYTES && status == 0) {
        size_t size = UP_BYTES - sent_up < sizeof(piece) ? UP_BYTES - sent_up : sizeof(piece);

        status = hold_client_bytes(scene->client, piece, size);
        sent_up += status == 0 ? (unsigned)size : 0;
    }
    if (status == 0)
        OK(hold_client_end(scene->client));
    else
        check_int(status, -EAGAIN);
}

TEST(a_large_body_waits_for_room_and_comes_whole)
{
    static struct scene scene = {.wanted_ends = 1};
    static const struct script script = {.identity = {.name = "api.example.com"},
                                         .pieces = {{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 0}}};

    scene_play(&scene, &script, post_much);
    check_string(scene.told, "200|length|ok|end");
    check(scene.room > 0);
    check_int(strspn(strstr(scene.server.heard, "\r\n\r\n") + 4, "u"), UP_BYTES);
    server_stop(&scene.server);
}

TEST(an_answer_before_the_end_of_the_request_ends_the_flow_behind_it)
{
    static struct scene scene = {.wanted_ends = 1};
    static const struct script script = {.identity = {.name = "api.example.com"},
                                         .pieces = {{"HTTP/1.1 413 Much\r\nContent-Length: 4\r\n\r\nmuch", 0}},
                                         .is_early = true};

    sent_up = 0;
    scene_play(&scene, &script, post_much);
    check_contains(scene.told, "413|length|much|");
    server_stop(&scene.server);
}

static struct loop_timer resume_timer;
static struct scene *paused_scene;

static void resume_later(struct loop_timer *timer)
{
    (void)timer;
    check(paused_scene->body < (1u << 20)); /* it held back what the queues and sockets do not */
    hold_client_pause(paused_scene->client, false);
}

static void get_and_pause(struct scene *scene)
{
    scene_get(scene);
    hold_client_pause(scene->client, true);
    paused_scene = scene;
    resume_timer.due = resume_later;
    loop_start(scene->loop, &resume_timer, 300);
}

TEST(a_slow_reader_holds_the_server_back_and_gets_everything)
{
    static struct scene scene = {.wanted_ends = 1};
    static char much[4 << 20];
    static struct script script = {.identity = {.name = "api.example.com"},
                                   .pieces = {{"HTTP/1.1 200 OK\r\n\r\n", 0}, {much, sizeof(much)}}};

    memset(much, 'd', sizeof(much));
    scene_play(&scene, &script, get_and_pause);
    check_int(scene.body, sizeof(much));
    check_contains(scene.told, "200|chunked|dddd");
    server_stop(&scene.server);
}

/* ---- a value in an answer, in two records of TLS, cut at each byte ---- */

TEST(a_value_is_found_across_records_of_tls_at_every_byte)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nX: " VALUE "\r\nContent-Length: 27\r\n\r\n<<" VALUE ">>";

    for (size_t cut = 1; cut < sizeof(text) - 1; cut += 3) {
        struct script script = {.identity = right, .pieces = {{text, cut}, {text + cut, 0}}};
        struct scene *scene = calloc(1, sizeof(*scene));

        check(scene != NULL);
        scene_play(scene, &script, scene_get);
        check_string(scene->told, "200|X=***********************|length|<<***********************>>|end");
        server_stop(&scene->server);
        free(scene);
    }
}
