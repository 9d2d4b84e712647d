/* SPDX-License-Identifier: Apache-2.0 */
/* Placeholders: in their place towards their host the holder puts the value, everywhere else they are a denial. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "meet.h"
#include "test.h"

#define PLACEHOLDER "cordon-0123456789abcdef"
#define VALUE       "sehr \"geheim\" & wahr"

static const char *const hosts[] = {"api.test"}, *const other_hosts[] = {"other.test"};
static const struct net_secret_field places[] = {
    {NET_SECRET_HEADER, "Authorization"}, {NET_SECRET_QUERY, "key"}, {NET_SECRET_BASIC, ""}, {NET_SECRET_BODY, "/auth/token"},
    {NET_SECRET_BODY, "token"},
};
static struct net_secret mine = {.name = "TOKEN", .placeholder = PLACEHOLDER, .hosts = hosts, .host_count = 1, .fields = places,
                                 .field_count = ARRAY_COUNT(places), .value_length = sizeof(VALUE) - 1, .value = VALUE,
                                 .where = "test.yaml:9:1: secrets[0]"};
static struct net_secret others = {.name = "OTHER", .placeholder = PLACEHOLDER, .hosts = other_hosts, .host_count = 1, .fields = places,
                                   .field_count = ARRAY_COUNT(places), .value_length = sizeof(VALUE) - 1, .value = VALUE,
                                   .where = "test.yaml:9:1: secrets[0]"};
static const struct net_secrets for_this = {&mine, 1}, for_another = {&others, 1};

static const struct net_requests every = {.method_count = 0};
static const struct world_rules with_secrets = {.requests = &every, .terminates = true, .secrets = &for_this};
static const struct world_rules with_others = {.requests = &every, .terminates = true, .secrets = &for_another};

/* cordon-0123456789abcdef as user and password */
#define BASIC "dTpjb3Jkb24tMDEyMzQ1Njc4OWFiY2RlZg=="

static void check_sent(const char *request, const char *looked)
{
    struct meeting *meeting = calloc(1, sizeof(*meeting));
    SSL *tls;

    meet(meeting, &with_secrets, "api.test", true, looked);
    tls = program_open(meeting->context, &meeting->link, "api.test");
    check_int(SSL_connect(tls), 1);
    ask(meeting, tls, request, "with");
    if (!strstr(meeting->got, "\r\n\r\nwith") || strstr(meeting->got, "without"))
        test_fail(__FILE__, __LINE__, "'%s': '%s'", request, meeting->got);
    /* and the connection goes on */
    ask(meeting, tls, "GET /again HTTP/1.1\r\nHost: api.test\r\n\r\n", "without");
    SSL_free(tls);
    part(meeting);
    free(meeting);
}

TEST(in_its_place_the_value_is_sent)
{
    check_sent("GET /a HTTP/1.1\r\nHost: api.test\r\nAuthorization: Bearer " PLACEHOLDER "\r\n\r\n", "Authorization: Bearer " VALUE "\r\n");
    check_sent("GET /a?x=y&key=" PLACEHOLDER "&z HTTP/1.1\r\nHost: api.test\r\n\r\n", "key=sehr%20%22geheim%22%20%26%20wahr&z");
    check_sent("GET /a HTTP/1.1\r\nHost: api.test\r\nAuthorization: Basic " BASIC "\r\n\r\n", "Authorization: Basic dTpzZWhyICJnZWhlaW0iICYgd2Focg==");
}

TEST(in_its_place_in_a_body_the_value_is_sent_with_the_length_that_it_has)
{
    check_sent("POST /a HTTP/1.1\r\nHost: api.test\r\nContent-Type: application/json\r\nContent-Length: 59\r\n\r\n"
               "{\"a\": [1],  \"auth\":{\"token\":\"" PLACEHOLDER "\"}   }\n",
               "\r\n\r\n{\"a\": [1],  \"auth\":{\"token\":\"sehr \\\"geheim\\\" & wahr\"}   }\n");
    check_sent("POST /a HTTP/1.1\r\nHost: api.test\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n"
               "6\r\ntoken=\r\n17\r\n" PLACEHOLDER "\r\n4\r\n&a=b\r\n0\r\n\r\n",
               "\r\n\r\ntoken=sehr%20%22geheim%22%20%26%20wahr&a=b");
    check_sent("POST /a HTTP/1.1\r\nHost: api.test\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nabc", "\r\n\r\nabc");
}

TEST(a_length_of_nothing_is_said_where_a_body_is_expected)
{
    check_sent("POST /a HTTP/1.1\r\nHost: api.test\r\nContent-Length: 0\r\n\r\n", "\r\nContent-Length: 0\r\n\r\n");
    check_sent("GET /a HTTP/1.1\r\nHost: api.test\r\nContent-Length: 0\r\nX: y\r\n\r\n", "Accept-Encoding: identity\r\nX: y\r\n\r\n");
}

/* A server may answer in what it is asked for, and in UTF-16 no value is found. */
TEST(no_charset_is_asked_for)
{
    check_sent("GET /a HTTP/1.1\r\nHost: api.test\r\nAccept-Charset: utf-16\r\nX: y\r\n\r\n", "Accept-Encoding: identity\r\nX: y\r\n\r\n");
}

TEST(a_field_whose_name_the_holder_does_not_take_is_refused_as_such)
{
    struct meeting *meeting = calloc(1, sizeof(*meeting));
    char request[500], name[258] = "";
    SSL *tls;

    meet(meeting, &with_secrets, "api.test", true, "xxx: y\r\n");
    tls = program_open(meeting->context, &meeting->link, "api.test");
    check_int(SSL_connect(tls), 1);
    memset(name, 'x', 257);
    snprintf(request, sizeof(request), "GET /a HTTP/1.1\r\nHost: api.test\r\n%s: y\r\n\r\n", name);
    ask(meeting, tls, request, "}}\n");
    check_contains(meeting->got, "HTTP/1.1 400 ");
    check_contains(meeting->got, "more than 256 bytes");
    /* the connection goes on, and one byte less is taken */
    snprintf(request, sizeof(request), "GET /a HTTP/1.1\r\nHost: api.test\r\n%s: y\r\n\r\n", name + 1);
    ask(meeting, tls, request, "\r\n\r\nwith");
    check(!strstr(meeting->got, "without"));
    SSL_free(tls);
    part(meeting);
    free(meeting);
}

static void check_refused(const struct world_rules *rules, const char *request)
{
    struct meeting *meeting = calloc(1, sizeof(*meeting));
    struct worker_message event;
    SSL *tls;

    meet(meeting, rules, "api.test", true, VALUE);
    tls = program_open(meeting->context, &meeting->link, "api.test");
    check_int(SSL_connect(tls), 1);
    ask(meeting, tls, request, "}}\n");
    if (!strstr(meeting->got, "HTTP/1.1 403") || !strstr(meeting->got, "\"code\":\"secret\""))
        test_fail(__FILE__, __LINE__, "'%s': '%s'", request, meeting->got);
    event = world_event(&meeting->world, WORKER_SECRET_DENIED);
    check_string(event.secret, rules->secrets->items[0].name);
    check_string(event.name, "api.test");
    check_int(event.reason, NET_PLACEHOLDER);
    check_string(event.where, "test.yaml:9:1: secrets[0]");
    SSL_free(tls);
    part(meeting);
    free(meeting);
}

TEST(anywhere_else_a_placeholder_is_refused_and_told_of)
{
    static const char *const requests[] = {
        "GET /a HTTP/1.1\r\nHost: api.test\r\nX-Other: " PLACEHOLDER "\r\n\r\n",
        "GET /" PLACEHOLDER " HTTP/1.1\r\nHost: api.test\r\n\r\n",
        "GET /a?other=" PLACEHOLDER " HTTP/1.1\r\nHost: api.test\r\n\r\n",
        "GET /a?" PLACEHOLDER "=key HTTP/1.1\r\nHost: api.test\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: api.test\r\nX-Other: Basic " BASIC "\r\n\r\n",
        "POST /a HTTP/1.1\r\nHost: api.test\r\nContent-Type: application/json\r\nContent-Length: 36\r\n\r\n{\"other\": \"" PLACEHOLDER "\"}",
        "POST /a HTTP/1.1\r\nHost: api.test\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 29\r\n\r\nother=" PLACEHOLDER,
        "POST /a HTTP/1.1\r\nHost: api.test\r\nContent-Type: text/plain\r\nContent-Length: 25\r\n\r\nx " PLACEHOLDER,
        /* to who takes the first type it is a form, and the field another one */
        "POST /a HTTP/1.1\r\nHost: api.test\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Type: application/json\r\n"
        "Content-Length: 54\r\n\r\n{\"auth\":{\"token\":\"&comment=" PLACEHOLDER "&\"}}",
        "POST /a HTTP/1.1\r\nHost: api.test\r\nTransfer-Encoding: chunked\r\n\r\n7\r\ncordon-\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n",
    };

    for (size_t i = 0; i < ARRAY_COUNT(requests); i++)
        check_refused(&with_secrets, requests[i]);
}

TEST(towards_another_host_no_place_is_right)
{
    static const char *const requests[] = {
        "GET /a HTTP/1.1\r\nHost: api.test\r\nAuthorization: Bearer " PLACEHOLDER "\r\n\r\n",
        "GET /a HTTP/1.1\r\nHost: api.test\r\nAuthorization: Basic " BASIC "\r\n\r\n",
        "GET /a?key=" PLACEHOLDER " HTTP/1.1\r\nHost: api.test\r\n\r\n",
        ("POST /a HTTP/1.1\r\nHost: api.test\r\nContent-Length: 23\r\n\r\n" PLACEHOLDER),
        "POST /a HTTP/1.1\r\nHost: api.test\r\nTransfer-Encoding: chunked\r\n\r\n7\r\ncordon-\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n",
    };

    for (size_t i = 0; i < ARRAY_COUNT(requests); i++)
        check_refused(&with_others, requests[i]);
}

/* The server answers with what it heard: where it heard of a refused request, that would be in the answer to the next one. */
static void check_unheard(const struct world_rules *rules, const char *request)
{
    struct meeting *meeting = calloc(1, sizeof(*meeting));
    SSL *tls;

    meet(meeting, rules, "api.test", true, NULL);
    tls = program_open(meeting->context, &meeting->link, "api.test");
    check_int(SSL_connect(tls), 1);
    ask(meeting, tls, request, "}}\n");
    check_contains(meeting->got, "\"code\":\"secret\"");
    check(!strstr(meeting->got, "Connection: close"));
    ask(meeting, tls, "POST /twin HTTP/1.1\r\nHost: api.test\r\nContent-Length: 3\r\n\r\nabc", "\r\n\r\nabc");
    check_contains(meeting->got, "\r\n\r\nPOST /twin HTTP/1.1\r\n");
    check(!strstr(meeting->got, "/refused"));
    SSL_free(tls);
    part(meeting);
    free(meeting);
}

TEST(of_a_request_with_a_short_body_that_is_refused_the_server_hears_nothing)
{
    static const char *const requests[] = {
        "POST /refused HTTP/1.1\r\nHost: api.test\r\nContent-Type: application/json\r\nContent-Length: 36\r\n\r\n{\"other\": \"" PLACEHOLDER "\"}",
        "POST /refused HTTP/1.1\r\nHost: api.test\r\nContent-Type: text/plain\r\nContent-Length: 25\r\n\r\nx " PLACEHOLDER,
    };

    for (size_t i = 0; i < ARRAY_COUNT(requests); i++) {
        check_unheard(&with_secrets, requests[i]);
        check_unheard(&with_others, requests[i]);
    }
    check_unheard(&with_secrets, "POST /refused HTTP/1.1\r\nHost: api.test\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n"
                                 "7\r\ncordon-\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n");
}

/* A longer one goes by: what is before the placeholder is with the server, the placeholder and the end of the request are not. */
TEST(of_a_request_with_a_long_body_the_server_never_hears_the_end)
{
    enum { LONG = 200000 };
    char *body = malloc(LONG + sizeof(PLACEHOLDER)), *got = malloc(2 * LONG);
    struct world world;
    struct link link;

    memset(body, 'x', LONG);
    memcpy(body + LONG - 100, PLACEHOLDER, sizeof(PLACEHOLDER) - 1);
    world_begin(&world, &(struct world_rules){.requests = &every, .secrets = &for_this}, NULL);
    link = world_link(&world, false);
    link_send(link.program, "POST /a HTTP/1.1\r\nHost: api.test\r\nContent-Length: 200000\r\n\r\n");
    if (fork() == 0) {
        link_send_n(link.program, body, LONG);
        _exit(0);
    }
    link_read_all(link.server, got, 2 * LONG);
    check_contains(got, "POST /a HTTP/1.1\r\n");
    check(strlen(got) < LONG && !strstr(got, "cordon-"));
    check_string(world_event(&world, WORKER_SECRET_DENIED).secret, "TOKEN");
    link_close(&link);
    world_end(&world);
    check(wait(NULL) > 0);
    free(body);
    free(got);
}

/* Nobody reads on behind the refusal. */
static void check_large_refused(const char *request, const char *status, const char *code)
{
    struct meeting *meeting = calloc(1, sizeof(*meeting));
    pid_t writer;
    SSL *tls;

    signal(SIGPIPE, SIG_IGN);
    meet(meeting, &with_secrets, "api.test", true, VALUE);
    tls = program_open(meeting->context, &meeting->link, "api.test");
    check_int(SSL_connect(tls), 1);
    writer = fork();
    if (writer == 0) {
        (void)SSL_write(tls, request, (int)strlen(request));
        _exit(0);
    }
    ask(meeting, tls, "", "}}\n");
    check_contains(meeting->got, status);
    check_contains(meeting->got, code);
    SSL_free(tls);
    part(meeting);
    check_int(waitpid(writer, NULL, 0), writer);
    free(meeting);
}

enum { LARGE = 1200000 };

/* In one chunk, which the caller frees; the placeholder stands at `at`, nowhere if that is negative. */
static char *large_request(const char *type, long at)
{
    char *request = malloc(LARGE + 300);
    int head = sprintf(request, "POST /a HTTP/1.1\r\nHost: api.test\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n", type, LARGE);

    memset(request + head, 'x', LARGE);
    if (at >= 0)
        memcpy(request + head + at, PLACEHOLDER, sizeof(PLACEHOLDER) - 1);
    strcpy(request + head + LARGE, "\r\n0\r\n\r\n");
    return request;
}

/* As git pushes: the length is known to nobody, and no secret may be in it. */
TEST(a_large_body_in_chunks_goes_by_to_a_host_with_a_secret)
{
    char *request = large_request("application/x-git-receive-pack-request", -1);

    check_sent(request, "\r\nTransfer-Encoding: chunked\r\n\r\n");
    check_sent(request, "xxx\r\n0\r\n\r\n");
    free(request);
    /* its short twin is collected, and has a length */
    check_sent("POST /a HTTP/1.1\r\nHost: api.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "\r\nContent-Length: 3\r\n\r\nabc");
}

TEST(a_placeholder_in_a_large_body_in_chunks_is_refused_wherever_it_stands)
{
    static const long at[] = {0, 60000, 65530, LARGE - 23};

    for (size_t i = 0; i < ARRAY_COUNT(at); i++) {
        char *request = large_request("application/octet-stream", at[i]);

        check_large_refused(request, "403", "\"code\":\"secret\"");
        free(request);
    }
}

TEST(a_large_body_in_which_a_value_may_stand_is_refused)
{
    char *request = large_request("application/json", -1);

    check_large_refused(request, "413", "\"code\":\"too-large\"");
    free(request);
}

TEST(over_plain_http_no_placeholder_leaves)
{
    struct world world;
    struct link link;
    static char got[5000];

    world_begin(&world, &(struct world_rules){.requests = &every, .secrets = &for_this}, NULL);
    link = world_link(&world, false);
    link_send(link.program, "GET /a HTTP/1.1\r\nHost: api.test\r\nAuthorization: Bearer " PLACEHOLDER "\r\n\r\n");
    link_read_until(link.program, "}}\n", got, sizeof(got));
    check_contains(got, "\"code\":\"secret\"");
    check_string(world_event(&world, WORKER_SECRET_DENIED).secret, "TOKEN");
    /* its twin has none in it */
    link_send(link.program, "GET /a HTTP/1.1\r\nHost: api.test\r\nAuthorization: Bearer x\r\n\r\n");
    link_read_until(link.server, "\r\n\r\n", got, sizeof(got));
    check_contains(got, "Bearer x");
    link_close(&link);
    world_end(&world);
}

TEST(a_server_that_is_not_believed_gets_no_value)
{
    struct meeting *meeting = calloc(1, sizeof(*meeting));
    SSL *tls;

    meet(meeting, &with_secrets, "evil.test", true, VALUE);
    tls = program_open(meeting->context, &meeting->link, "api.test");
    check_int(SSL_connect(tls), 1);
    ask(meeting, tls, "GET /a HTTP/1.1\r\nHost: api.test\r\nAuthorization: Bearer " PLACEHOLDER "\r\n\r\n", "}}\n");
    check_contains(meeting->got, "502 Bad Gateway");
    check_contains(meeting->got, "mismatch");
    SSL_free(tls);
    part(meeting);
    free(meeting);
}

/* The gateway counts it no more. What the program asks is answered, and gives it no time. */
TEST(a_connection_without_a_server_ends_in_time_whatever_the_program_sends)
{
    static const char *const reading[] = {"GET"};
    static const struct net_requests narrow = {.methods = reading, .method_count = 1};
    static const struct world_rules plain = {.requests = &narrow, .terminates = true};
    static const struct world_rules held = {.requests = &narrow, .terminates = true, .secrets = &for_this};
    static const struct {
        const struct world_rules *rules;
        const char *server;
        bool is_believed;
    } rows[] = {{&plain, "api.test", true}, {&held, "api.test", true}, {&plain, "evil.test", false}, {&held, "evil.test", false}};
    struct meeting *meetings = calloc(ARRAY_COUNT(rows), sizeof(*meetings));
    SSL *tls[ARRAY_COUNT(rows)];

    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        meet(&meetings[i], rows[i].rules, rows[i].server, true, NULL);
        tls[i] = program_open(meetings[i].context, &meetings[i].link, "api.test");
        check_int(SSL_connect(tls[i]), 1);
        ask(&meetings[i], tls[i], "POST /a HTTP/1.1\r\nHost: api.test\r\nContent-Length: 0\r\n\r\n", "}}\n");
        check_contains(meetings[i].got, "403 Forbidden");
        check_int(SSL_write(tls[i], "GET /b HTTP/1.1\r\n", 17), 17);
        check(link_is_silent(meetings[i].link.program));
    }
    /* the last first: the servers of the later ones have what is open of the earlier ones */
    for (size_t i = ARRAY_COUNT(rows); i-- > 0;) {
        struct pollfd program = {.fd = meetings[i].link.program, .events = POLLIN};

        if (rows[i].is_believed) {
            ask(&meetings[i], tls[i], "Host: api.test\r\n\r\n", "\r\n\r\nGET /b HTTP/1.1\r\n");
        } else {
            check_int(poll(&program, 1, 15000), 1);
            check(SSL_read(tls[i], meetings[i].got, sizeof(meetings[i].got)) <= 0);
        }
        SSL_free(tls[i]);
        part(&meetings[i]);
    }
    free(meetings);
}
