/* SPDX-License-Identifier: Apache-2.0 */
/* Plain HTTP/1.1 through the inspector: what is permitted arrives as it was meant, the rest is answered with the reason. */
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "test.h"
#include "worker/channel.h"
#include "world.h"

#define ROOM 70000

static const char *const reading[] = {"GET", "HEAD", "POST"};
static const char *const paths[] = {"/v1/**"};
static const struct net_requests narrow = {.methods = reading, .method_count = 3, .paths = paths, .path_count = 1};

static char got[ROOM];

TEST(a_permitted_request_arrives_anew_and_its_answer_comes_back)
{
    struct world world;
    struct link link;
    struct worker_message event;

    world_begin(&world, &(struct world_rules){.requests = &narrow}, NULL);
    link = world_link(&world, false);
    link_send(link.program, "GET /v1/%7Ea?q=1 HTTP/1.1\r\nhOsT:  API.test\r\nX-A:   b c\t\r\nConnection: keep-alive\r\n\r\n");
    link_read_until(link.server, "\r\n\r\n", got, sizeof(got));
    check_string(got, "GET /v1/~a?q=1 HTTP/1.1\r\nHost: api.test\r\nX-A: b c\r\n\r\n");
    link_send(link.server, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nKeep-Alive: timeout=5\r\nX-B: c\r\n\r\nhello");
    link_read_until(link.program, "hello", got, sizeof(got));
    check_string(got, "HTTP/1.1 200 OK\r\nX-B: c\r\nContent-Length: 5\r\n\r\nhello");
    event = world_event(&world, WORKER_REQUEST);
    check_string(event.method, "GET");
    check_string(event.path, "/v1/~a");
    check_string(event.where, "test.yaml:1:1: network.egress.allow[0]");
    check_int(event.count, 200);
    check_int(event.connection, link.number);
    /* and once more on the same connection */
    link_send(link.program, "POST /v1/b HTTP/1.1\r\nHost: api.test:80\r\nContent-Length: 3\r\n\r\nabc");
    link_read_until(link.server, "abc", got, sizeof(got));
    check_string(got, "POST /v1/b HTTP/1.1\r\nHost: api.test\r\nContent-Length: 3\r\n\r\nabc");
    link_send(link.server, "HTTP/1.1 204 No Content\r\n\r\n");
    link_read_until(link.program, "\r\n\r\n", got, sizeof(got));
    check_string(got, "HTTP/1.1 204 No Content\r\n\r\n");
    shutdown(link.program, SHUT_WR);
    link_read_all(link.server, got, sizeof(got));
    event = world_event(&world, WORKER_CLOSED);
    check_int(event.bytes_up, 3);
    check_int(event.bytes_down, 5);
    check_int(event.errnum, 0);
    link_close(&link);
    world_end(&world);
}

struct wrong {
    const char *request;
    const char *status; /* of the answer */
    const char *part;   /* of its message */
};

/* Each after its twin, which is right but for one thing. */
static void check_refused(struct world *world, const struct wrong *wrong)
{
    struct link link = world_link(world, false);

    link_send(link.program, wrong->request);
    link_read_until(link.program, "}}\n", got, sizeof(got));
    if (!strstr(got, wrong->status) || !strstr(got, wrong->part))
        test_fail(__FILE__, __LINE__, "'%s': '%s'", wrong->request, got);
    shutdown(link.program, SHUT_WR);
    link_read_all(link.server, got, sizeof(got));
    check_string(got, "");
    world_event(world, WORKER_REQUEST_DENIED);
    link_close(&link);
}

TEST(what_two_programs_could_read_differently_is_answered_and_reaches_nobody)
{
    static const struct wrong rows[] = {
        {"GET /v1/a HTTP/1.1\r\nHost: api.test\n\r\n", "400", "line feed"},
        {"GET /v1/a HTTP/1.1\rX\r\nHost: api.test\r\n\r\n", "400", "carriage return"},
        {"GET /v1/a HTTP/1.1\r\nHost: api.test\r\nA: \x01\r\n\r\n", "400", "control byte"},
        {"GET /v1/a HTTP/1.1\r\nHost: api.test\r\nA: b\r\n c\r\n\r\n", "400", "folded"},
        {"GET /v1/a HTTP/1.1\r\nHost : api.test\r\n\r\n", "400", "behind a field's name"},
        {"GET /v1/a HTTP/1.1\r\nHost: api.test\r\nHost: api.test\r\n\r\n", "400", "more than one Host"},
        {"GET /v1/a HTTP/1.1\r\nA: b\r\n\r\n", "400", "no Host"},
        {"GET /v1/a\r\nHost: api.test\r\n\r\n", "400", "HTTP/0.9"},
        {"GET /v1/a HTTP/1.2\r\nHost: api.test\r\n\r\n", "400", "version"},
        {"GET  /v1/a HTTP/1.1\r\nHost: api.test\r\n\r\n", "400", "blank in the target"},
        {"G T /v1/a HTTP/1.1\r\nHost: api.test\r\n\r\n", "400", "blank in the target"},
        {"\r\nGET /v1/a HTTP/1.1\r\nHost: api.test\r\n\r\n", "400", "empty line"},
        {"POST /v1/a HTTP/1.1\r\nHost: api.test\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", "400", "more than one Content-Length"},
        {"POST /v1/a HTTP/1.1\r\nHost: api.test\r\nContent-Length: +1\r\n\r\nx", "400", "plain number"},
        {"POST /v1/a HTTP/1.1\r\nHost: api.test\r\nContent-Length: 1, 1\r\n\r\nx", "400", "plain number"},
        {"POST /v1/a HTTP/1.1\r\nHost: api.test\r\nContent-Length: 0x1\r\n\r\nx", "400", "plain number"},
        {"POST /v1/a HTTP/1.1\r\nHost: api.test\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400", "both"},
        {"POST /v1/a HTTP/1.1\r\nHost: api.test\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "400", "Transfer-Encoding"},
        {"POST /v1/a HTTP/1.1\r\nHost: api.test\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400", "Transfer-Encoding"},
        {"POST /v1/a HTTP/1.1\r\nHost: api.test\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "400", "Transfer-Encoding"},
        {"POST /v1/a HTTP/1.1\r\nHost: api.test\r\nTransfer-Encoding: \x0b" "chunked\r\n\r\n0\r\n\r\n", "400", "control byte"},
        {"POST /v1/a HTTP/1.0\r\nHost: api.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400", "HTTP/1.0"},
        {"GET /v1/a HTTP/1.1\r\nHost: api.test\r\nConnection: Authorization\r\n\r\n", "400", "Connection"},
        {"GET /v1/a HTTP/1.1\r\nHost: api.test\r\nExpect: 200-ok\r\n\r\n", "400", "Expect"},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400", ""},
        {"GET http://other.test/v1/a HTTP/1.1\r\nHost: api.test\r\n\r\n", "400", "another host"},
        {"GET http://api.test@other.test/v1/a HTTP/1.1\r\nHost: api.test\r\n\r\n", "400", "another host"},
        {"GET https://api.test/v1/a HTTP/1.1\r\nHost: api.test\r\n\r\n", "400", "scheme"},
        {"GET v1/a HTTP/1.1\r\nHost: api.test\r\n\r\n", "400", "second parser"},
        {"GET /v1/a#b HTTP/1.1\r\nHost: api.test\r\n\r\n", "400", "path"},
        {"GET /v1/a%00b HTTP/1.1\r\nHost: api.test\r\n\r\n", "400", "path"},
        {"GET /v1/a\x80 HTTP/1.1\r\nHost: api.test\r\n\r\n", "400", "unless it is encoded"},
        {"GET /v1/a?b=\xc3\xa9 HTTP/1.1\r\nHost: api.test\r\n\r\n", "400", "unless it is encoded"},
        {"GET /v1/a?\x7f HTTP/1.1\r\nHost: api.test\r\n\r\n", "400", "control byte"},
        {"ABCDEFG /v1/a HTTP/1.1\r\nHost: api.test\r\n\r\n", "400", "second parser"},
    };
    struct world world;

    world_begin(&world, &(struct world_rules){.requests = &narrow}, NULL);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        check_refused(&world, &rows[i]);
    world_end(&world);
}

/* More than the channel has room for. */
TEST(at_the_end_the_gateway_hears_of_each_connection)
{
    enum { LINKS = 300 };
    struct link links[LINKS];
    struct world world;
    struct worker_message message;
    struct error err = ERROR_INIT;
    int fd, status, ended = 0;

    world_begin(&world, &(struct world_rules){.requests = &narrow}, NULL);
    for (int i = 0; i < LINKS; i++)
        links[i] = world_link(&world, false);
    check_int(shutdown(world.gateway, SHUT_WR), 0); /* as the gateway does: what it gave is taken before its end is seen */
    while ((status = channel_receive(world.gateway, &message, &fd, &err)) > 0)
        ended += message.type == WORKER_EVENT && message.kind == WORKER_CLOSED;
    check_int(status, 0);
    check_int(ended, LINKS);
    check_int(waitpid(world.pid, &status, 0), world.pid);
    check_int(status, 0);
    close(world.starter);
    close(world.gateway);
    for (int i = 0; i < LINKS; i++)
        link_close(&links[i]);
    mem_free(world.authority);
}
