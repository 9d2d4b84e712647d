/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies, answers and ends of HTTP/1.1 as they go by. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "test.h"
#include "world.h"

static char got[300000];

static const struct net_requests every = {.has_websocket = true};
static const struct world_rules open_rules = {.requests = &every};

enum { GOES_ON = 0, SERVER_ENDS = 1 /* after the answer */, PROGRAM_ENDED = 2 };

struct exchange {
    const char *request, *sent_on; /* what the program says, what the server hears */
    const char *answer, *passed;   /* what the server says, what the program hears */
    unsigned ends;
};

static void check_exchange(struct world *world, const struct exchange *exchange)
{
    struct link link = world_link(world, false);
    size_t heard = strlen(exchange->sent_on), passed = strlen(exchange->passed);

    link_send(link.program, exchange->request);
    link_read_until(link.server, exchange->sent_on + (heard > 20 ? heard - 20 : 0), got, sizeof(got));
    check_string(got, exchange->sent_on);
    link_send(link.server, exchange->answer);
    if (exchange->ends & SERVER_ENDS)
        shutdown(link.server, SHUT_WR);
    if (exchange->ends & PROGRAM_ENDED)
        link_read_all(link.program, got, sizeof(got));
    else
        link_read_until(link.program, exchange->passed + (passed > 20 ? passed - 20 : 0), got, sizeof(got));
    check_string(got, exchange->passed);
    check((exchange->ends & PROGRAM_ENDED) || link_is_silent(link.program));
    link_close(&link);
}

#define GET     "GET /a HTTP/1.1\r\nHost: api.test\r\n\r\n"
#define HEAD    "HEAD /a HTTP/1.1\r\nHost: api.test\r\n\r\n"
#define OLD     "GET /a HTTP/1.0\r\nHost: api.test\r\n\r\n"
#define OLD_ON  "GET /a HTTP/1.0\r\nHost: api.test\r\nConnection: close\r\n\r\n"
#define OK      "HTTP/1.1 200 OK\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n"
#define CLOSE   "Connection: close\r\n"

TEST(bodies_and_answers_keep_their_meaning)
{
    static const struct exchange rows[] = {
        /* servers that do not expect a body take it for the next request, which nobody has judged: there is none */
        {"GET /a HTTP/1.1\r\nHost: api.test\r\nContent-Length: 3\r\n\r\nabc" GET,
         "GET /a HTTP/1.1\r\nHost: api.test\r\n" CLOSE "Content-Length: 3\r\n\r\nabc", OK "Content-Length: 0\r\n\r\n",
         OK CLOSE "Content-Length: 0\r\n\r\n", PROGRAM_ENDED},
        {"HEAD /a HTTP/1.1\r\nHost: api.test\r\nContent-Length: 3\r\n\r\nabc" GET,
         "HEAD /a HTTP/1.1\r\nHost: api.test\r\n" CLOSE "Content-Length: 3\r\n\r\nabc", OK "Content-Length: 0\r\n\r\n",
         OK CLOSE "Content-Length: 0\r\n\r\n", PROGRAM_ENDED},
        {"DELETE /a HTTP/1.1\r\nHost: api.test\r\nContent-Length: 3\r\n\r\nabc" GET,
         "DELETE /a HTTP/1.1\r\nHost: api.test\r\n" CLOSE "Content-Length: 3\r\n\r\nabc", OK "Content-Length: 0\r\n\r\n",
         OK CLOSE "Content-Length: 0\r\n\r\n", PROGRAM_ENDED},
        {"OPTIONS /a HTTP/1.1\r\nHost: api.test\r\nContent-Length: 3\r\n\r\nabc" GET,
         "OPTIONS /a HTTP/1.1\r\nHost: api.test\r\n" CLOSE "Content-Length: 3\r\n\r\nabc", OK "Content-Length: 0\r\n\r\n",
         OK CLOSE "Content-Length: 0\r\n\r\n", PROGRAM_ENDED},
        /* chunks are written anew, their extensions and trailers stay behind */
        {"POST /a HTTP/1.1\r\nHost: api.test\r\n" CHUNKED "\r\n3;x=y\r\nabc\r\n00\r\nTrailer-Field: x\r\n\r\n",
         "POST /a HTTP/1.1\r\nHost: api.test\r\n" CHUNKED "\r\n3\r\nabc\r\n0\r\n\r\n", OK "Content-Length: 1\r\n\r\nx",
         OK "Content-Length: 1\r\n\r\nx", GOES_ON},
        {"GET /a HTTP/1.1\r\nHost: api.test\r\nTE: trailers\r\nConnection: TE\r\nTrailer: X-A\r\n\r\n", GET,
         OK CHUNKED "Trailer: X-B\r\n\r\n1\r\na\r\n0\r\nX-B: c\r\n\r\n", OK CHUNKED "\r\n1\r\na\r\n0\r\n\r\n", GOES_ON},
        {GET, GET, OK "transfer-encoding: Chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", OK CHUNKED "\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", GOES_ON},
        /* nothing follows where nothing may follow */
        {HEAD, HEAD, OK "Content-Length: 10\r\n\r\n", OK "Content-Length: 10\r\n\r\n", GOES_ON},
        {GET, GET, "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", GOES_ON},
        {GET, GET, "HTTP/1.1 204 None\r\n\r\n", "HTTP/1.1 204 None\r\n\r\n", GOES_ON},
        {GET, GET, OK "Content-Length: 0\r\n\r\n", OK "Content-Length: 0\r\n\r\n", GOES_ON},
        /* until the end */
        {GET, GET, OK "\r\nabc", OK CLOSE "\r\nabc", SERVER_ENDS | PROGRAM_ENDED},
        {GET, GET, OK CLOSE "Content-Length: 3\r\n\r\nabc", OK CLOSE "Content-Length: 3\r\n\r\nabc", PROGRAM_ENDED},
        {GET, GET, "HTTP/1.0 200 OK\r\n\r\nabc", OK CLOSE "\r\nabc", SERVER_ENDS | PROGRAM_ENDED},
        {"GET /a HTTP/1.1\r\nHost: api.test\r\nConnection: close\r\n\r\n", "GET /a HTTP/1.1\r\nHost: api.test\r\nConnection: close\r\n\r\n",
         OK "Content-Length: 1\r\n\r\nx", OK CLOSE "Content-Length: 1\r\n\r\nx", PROGRAM_ENDED},
        /* HTTP/1.0 knows no chunks and no second request */
        {"GET /a HTTP/1.0\r\nHost: api.test\r\nConnection: keep-alive\r\n\r\n", OLD_ON, OK CHUNKED "\r\n3\r\nabc\r\n0\r\n\r\n",
         OK CLOSE "\r\nabc", PROGRAM_ENDED},
        /* what comes before an answer */
        {GET, GET, "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" OK "Content-Length: 1\r\n\r\nx",
         "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" OK "Content-Length: 1\r\n\r\nx", GOES_ON},
        {OLD, OLD_ON, "HTTP/1.1 103 Early Hints\r\n\r\n" OK "Content-Length: 1\r\n\r\nx", OK CLOSE "Content-Length: 1\r\n\r\nx",
         PROGRAM_ENDED},
        /* other protocols are not offered */
        {"GET /a HTTP/1.1\r\nHost: api.test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\n\r\n", GET,
         OK "Content-Length: 1\r\nUpgrade: h2c\r\n\r\nx", OK "Content-Length: 1\r\n\r\nx", GOES_ON},
        {"GET http://API.test./a HTTP/1.1\r\nHost: api.test.\r\n\r\n", GET, OK "Content-Length: 1\r\n\r\nx", OK "Content-Length: 1\r\n\r\nx", GOES_ON},
        {"OPTIONS * HTTP/1.1\r\nHost: api.test\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: api.test\r\n\r\n", OK "Content-Length: 1\r\n\r\nx", OK "Content-Length: 1\r\n\r\nx", GOES_ON},
    };
    struct world world;

    world_begin(&world, &open_rules, NULL);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        check_exchange(&world, &rows[i]);
    world_end(&world);
}

TEST(an_answer_that_two_programs_could_read_differently_becomes_a_502)
{
    static const char *const answers[] = {
        OK "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        OK "Content-Length: 1\r\n" CHUNKED "\r\n0\r\n\r\n",
        OK "A: b\n\r\n",
        OK "A : b\r\n\r\n",
        OK CHUNKED CHUNKED "\r\n0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        "HTTP/2 200 OK\r\n\r\n",
        "SSH-2.0-x\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
    };
    struct world world;

    world_begin(&world, &open_rules, NULL);
    for (size_t i = 0; i < ARRAY_COUNT(answers); i++) {
        struct link link = world_link(&world, false);

        link_send(link.program, GET);
        link_read_until(link.server, "\r\n\r\n", got, sizeof(got));
        link_send(link.server, answers[i]);
        link_read_all(link.program, got, sizeof(got));
        if (!strstr(got, "HTTP/1.1 502 Bad Gateway\r\n"))
            test_fail(__FILE__, __LINE__, "'%s': '%s'", answers[i], got);
        link_close(&link);
    }
    world_end(&world);
}

TEST(an_answer_that_breaks_off_is_not_made_whole)
{
    static const char *const answers[] = {"", OK, OK "Content-Length: 5\r\n\r\nabc", OK CHUNKED "\r\n5\r\nabc", OK CHUNKED "\r\n3\r\nabc\r\n"};
    struct world world;

    world_begin(&world, &open_rules, NULL);
    for (size_t i = 0; i < ARRAY_COUNT(answers); i++) {
        struct link link = world_link(&world, false);

        link_send(link.program, GET);
        link_read_until(link.server, "\r\n\r\n", got, sizeof(got));
        link_send(link.server, answers[i]);
        shutdown(link.server, SHUT_WR);
        link_read_all(link.program, got, sizeof(got));
        check(!strstr(got, "0\r\n\r\n"));
        check(world_event(&world, WORKER_CLOSED).errnum != 0);
        link_close(&link);
    }
    world_end(&world);
}

TEST(an_answer_is_passed_on_even_if_its_server_does_not_read_to_the_end)
{
    struct world world;
    struct link link;

    world_begin(&world, &open_rules, NULL);
    link = world_link(&world, false);
    link_send(link.program, "POST /a HTTP/1.1\r\nHost: api.test\r\nContent-Length: 4\r\n\r\nabcd");
    check_int(recv(link.server, got, 10, 0), 10);
    link_send(link.server, OK CLOSE "Content-Length: 5\r\n\r\nhello");
    close(link.server); /* with something unread: a reset */
    link.server = -1;
    link_read_all(link.program, got, sizeof(got));
    check_string(got, OK CLOSE "Content-Length: 5\r\n\r\nhello");
    link_close(&link);
    world_end(&world);
}

TEST(pipelined_requests_wait_for_the_answer_before_them)
{
    struct world world;
    struct link link;

    world_begin(&world, &open_rules, NULL);
    link = world_link(&world, false);
    link_send(link.program, GET "POST /b HTTP/1.1\r\nHost: api.test\r\nContent-Length: 2\r\n\r\nxy" GET);
    link_read_until(link.server, "\r\n\r\n", got, sizeof(got));
    check_string(got, GET);
    check(link_is_silent(link.server));
    link_send(link.server, OK "Content-Length: 1\r\n\r\n1");
    link_read_until(link.server, "xy", got, sizeof(got));
    check(link_is_silent(link.server));
    link_send(link.server, OK "Content-Length: 1\r\n\r\n2");
    link_read_until(link.server, "\r\n\r\n", got, sizeof(got));
    link_send(link.server, OK "Content-Length: 1\r\n\r\n3");
    link_read_until(link.program, "\r\n\r\n3", got, sizeof(got));
    check_string(got, OK "Content-Length: 1\r\n\r\n1" OK "Content-Length: 1\r\n\r\n2" OK "Content-Length: 1\r\n\r\n3");
    link_close(&link);
    world_end(&world);
}

TEST(who_expects_to_be_told_to_go_on_is_told_by_the_server)
{
    struct world world;
    struct link link;

    world_begin(&world, &open_rules, NULL);
    link = world_link(&world, false);
    link_send(link.program, "PUT /a HTTP/1.1\r\nHost: api.test\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    link_read_until(link.server, "\r\n\r\n", got, sizeof(got));
    check_contains(got, "Expect: 100-continue\r\n");
    check(link_is_silent(link.program));
    link_send(link.server, "HTTP/1.1 100 Continue\r\n\r\n");
    link_read_until(link.program, "\r\n\r\n", got, sizeof(got));
    check_string(got, "HTTP/1.1 100 Continue\r\n\r\n");
    link_send(link.program, "xy");
    link_read_until(link.server, "xy", got, sizeof(got));
    link_close(&link);
    world_end(&world);
}

TEST(a_websocket_becomes_a_tunnel_both_ways_where_it_was_asked_for)
{
    static const char ask[] = "GET /ws HTTP/1.1\r\nHost: api.test\r\nSec-WebSocket-Key: x\r\n";
    struct world world;
    struct link link;

    world_begin(&world, &open_rules, NULL);
    link = world_link(&world, false);
    link_send(link.program, ask);
    link_send(link.program, "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\nearly");
    link_read_until(link.server, "\r\n\r\n", got, sizeof(got));
    check_contains(got, "Sec-WebSocket-Key: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    check(!strstr(got, "early"));
    link_send(link.server, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: y\r\n\r\nhello");
    link_read_until(link.program, "hello", got, sizeof(got));
    check_contains(got, "Sec-WebSocket-Accept: y\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello");
    link_read_until(link.server, "early", got, sizeof(got));
    link_send(link.program, "\x81\x80" "GET / HTTP/1.1");
    link_read_until(link.server, "HTTP/1.1", got, sizeof(got));
    check_int(world_event(&world, WORKER_REQUEST).count, 101);
    link_close(&link);
    world_end(&world);
}

/* Write until nothing more is taken; how much it was. */
static size_t stuff(int fd)
{
    static const char block[4096];
    size_t all = 0;
    struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};

    while (all < (64u << 20) && poll(&poll_fd, 1, 300) == 1) {
        ssize_t sent = send(fd, block, sizeof(block), MSG_DONTWAIT | MSG_NOSIGNAL);

        all += sent > 0 ? (size_t)sent : 0;
    }
    return all;
}

TEST(a_server_that_does_not_read_stops_the_program_and_is_given_all_in_the_end)
{
    struct world world;
    struct link link;
    size_t all, heard = 0;
    ssize_t size;

    world_begin(&world, &open_rules, NULL);
    link = world_link(&world, false);
    link_send(link.program, "PUT /a HTTP/1.1\r\nHost: api.test\r\nContent-Length: 100000000\r\n\r\n");
    all = stuff(link.program);
    check(all < (4u << 20)); /* sockets hold some, the inspector no more than its bound */
    shutdown(link.program, SHUT_WR);
    link_read_until(link.server, "\r\n\r\n", got, 80);
    heard = strlen(got) - (size_t)(strstr(got, "\r\n\r\n") + 4 - got);
    while ((size = recv(link.server, got, sizeof(got), 0)) > 0)
        heard += (size_t)size;
    check(heard <= all);
    check(world_event(&world, WORKER_CLOSED).errnum != 0); /* its body was not whole */
    link_close(&link);
    world_end(&world);
}

TEST(a_large_body_arrives_whole)
{
    enum { SIZE = 5 << 20 };
    struct world world;
    struct link link;
    char *body = malloc(SIZE);
    size_t heard = 0;
    pid_t pid;

    world_begin(&world, &open_rules, NULL);
    link = world_link(&world, false);
    for (size_t i = 0; i < SIZE; i++)
        body[i] = (char)(1 + i * 7 % 251);
    link_send(link.program, GET);
    link_read_until(link.server, "\r\n\r\n", got, sizeof(got));
    pid = fork();
    if (pid == 0) {
        char head[100];
        size_t sent = 0;

        alarm(60);
        snprintf(head, sizeof(head), OK "Content-Length: %d\r\n\r\n", SIZE);
        link_send(link.server, head);
        while (sent < SIZE)
            sent += (size_t)send(link.server, body + sent, SIZE - sent, MSG_NOSIGNAL);
        _exit(0);
    }
    link_read_until(link.program, "\r\n\r\n", got, 60);
    heard = strlen(strstr(got, "\r\n\r\n") + 4);
    check(heard < 60);
    while (heard < SIZE) {
        ssize_t size = recv(link.program, got, sizeof(got), 0);

        check(size > 0);
        check(memcmp(got, body + heard, (size_t)size) == 0);
        heard += (size_t)size;
    }
    check_int(heard, SIZE);
    free(body);
    link_close(&link);
    world_end(&world);
}

TEST(rules_that_come_later_end_what_they_refuse)
{
    static const struct world_rules others = {.requests = &every, .host = "other.test"};
    struct world world;
    struct link link;

    world_begin(&world, &open_rules, NULL);
    link = world_link(&world, false);
    link_send(link.program, GET);
    link_read_until(link.server, "\r\n\r\n", got, sizeof(got));
    world_set_rules(&world, &open_rules);
    link_send(link.server, OK "Content-Length: 1\r\n\r\nx");
    link_read_until(link.program, "\r\n\r\nx", got, sizeof(got));
    world_set_rules(&world, &others);
    link_read_all(link.program, got, sizeof(got));
    check_string(got, "");
    link_close(&link);
    world_end(&world);
}

TEST(rules_that_open_tls_come_too_late_for_a_container_without_an_authority)
{
    static const struct world_rules terminating = {.requests = &every, .terminates = true};
    struct worker_message why;
    struct world world;
    struct link link;

    world_begin(&world, &open_rules, NULL);
    check(!world.authority);
    world_try_rules(&world, &terminating, &why);
    check_int(why.kind, ERROR_UNENFORCEABLE);
    check_contains(why.where, "started without an authority");
    link = world_link(&world, false);
    link_send(link.program, GET);
    link_read_until(link.server, "\r\n\r\n", got, sizeof(got));
    link_close(&link);
    world_end(&world);
}
