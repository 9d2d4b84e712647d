/* SPDX-License-Identifier: Apache-2.0 */
/* Connections that have more waiting than there is room for: they are refused, and the others go on. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "h2_visit.h"
#include "test.h"

#define LARGE (1u << 20) /* the longest body that is judged */
#define MANY  40u        /* of these are more than wait at once */
#define CALL  "{\"jsonrpc\":\"2.0\",\"method\":\"ping\"}"

static const char *const get[] = {"GET"};
static const struct net_requests calls = {.has_calls = true, .is_mcp = true}, getting = {.methods = get, .method_count = 1};

static char got[20000];

/* A call and blanks behind it. */
static char *large_call(void)
{
    char *body = malloc(LARGE);

    memset(body, ' ', LARGE);
    memcpy(body, CALL, strlen(CALL));
    return body;
}

static void say_head(struct link *link)
{
    char head[200];

    snprintf(head, sizeof(head), "POST /mcp HTTP/1.1\r\nHost: api.test\r\nContent-Type: application/json\r\nContent-Length: %u\r\n\r\n", LARGE);
    link_send(link->program, head);
}

/* A request that waits for nothing, and a call as long as can be. */
static void check_goes_on(struct world *world, bool has_room)
{
    struct link link = world_link(world, false);
    char *body = large_call();

    link_send(link.program, "GET /a HTTP/1.1\r\nHost: api.test\r\n\r\n");
    link_read_until(link.server, "\r\n\r\n", got, sizeof(got));
    link_send(link.server, "HTTP/1.1 204 None\r\n\r\n");
    link_read_until(link.program, "\r\n\r\n", got, sizeof(got));
    say_head(&link);
    link_send_n(link.program, body, LARGE);
    link_read_until(has_room ? link.server : link.program, has_room ? "\r\n\r\n" CALL : "}}\n", got, sizeof(got));
    if (!has_room)
        check_contains(got, "HTTP/1.1 503 Service Unavailable\r\n");
    free(body);
    link_close(&link);
}

TEST(bodies_that_wait_to_be_judged_have_a_bound_for_all_connections)
{
    char *body = large_call();
    struct link links[MANY];
    struct world world;
    size_t sent = 0;

    world_begin(&world, &(struct world_rules){.requests = &calls, .other = &getting}, NULL);
    check_goes_on(&world, true);
    for (unsigned i = 0; i < MANY; i++) {
        links[i] = world_link(&world, false);
        say_head(&links[i]);
        sent += send(links[i].program, body, LARGE - 1, MSG_NOSIGNAL) == LARGE - 1; /* its last byte never comes */
    }
    check(sent >= 30);
    check_int(world_event(&world, WORKER_REQUEST_DENIED).reason, NET_CROWDED);
    check_goes_on(&world, false);
    for (unsigned i = 0; i < MANY; i++)
        link_close(&links[i]);
    for (unsigned i = 0; i < MANY + 1; i++) /* that of the first one was before */
        (void)world_event(&world, WORKER_CLOSED);
    check_goes_on(&world, true);
    free(body);
    world_end(&world);
}

TEST(bodies_of_http2_that_wait_to_be_judged_count_for_the_same_bound)
{
    static const struct world_rules rules = {.requests = &calls, .other = &getting, .terminates = true};
    struct visit *visit = visit_begin(&rules);
    struct text bodies[MANY];
    char *body = large_call();
    bool is_refused = false;

    for (unsigned i = 0; i < MANY; i++) {
        bodies[i] = (struct text){.bytes = body, .size = LARGE, .is_open = true};
        (void)send_request(visit, "POST", "/v1/a", "api.test", &bodies[i]);
    }
    while (!is_refused) {
        check(turn(&visit->program));
        for (unsigned i = 0; i < MANY; i++)
            is_refused |= strcmp(visit->program.streams[i].status, "503") == 0;
    }
    check_int(world_event(&visit->world, WORKER_REQUEST_DENIED).reason, NET_CROWDED);
    check_goes_on(&visit->world, false);
    close(visit->link.program);
    visit->link.program = -1;
    for (unsigned i = 0; i < 2; i++)
        (void)world_event(&visit->world, WORKER_CLOSED);
    check_goes_on(&visit->world, true);
    free(body);
    visit_end(visit);
}

/* ---- what waits in HTTP/2 for a side that does not take it ---- */

static const struct world_rules open_rules = {.requests = &getting, .terminates = true};

/* More of them than the server takes at a time, each given up at once. The last one's status. */
static const char *give_up_many(struct visit *visit)
{
    enum { GIVEN_UP = 150 };
    size_t last = send_request(visit, "GET", "/v1/a", "api.test", NULL);

    /* how many it takes at a time came before its first answer */
    while (!visit->program.streams[last].is_closed)
        check(turn(&visit->program));
    (void)send_request(visit, "GET", "/v1/wait", "api.test", NULL);
    for (unsigned i = 0; i < GIVEN_UP; i++) {
        size_t at = send_request(visit, "GET", "/v1/a", "api.test", NULL);

        check(say(&visit->program));
        check_int(nghttp2_submit_rst_stream(visit->program.session, NGHTTP2_FLAG_NONE, (int32_t)(2 * at + 1), NGHTTP2_CANCEL), 0);
        check(say(&visit->program));
    }
    last = send_request(visit, "GET", "/v1/a", "api.test", NULL);
    while (!visit->program.streams[last].is_closed)
        check(turn(&visit->program));
    return visit->program.streams[last].status;
}

TEST(requests_that_wait_for_a_server_of_http2_have_a_bound)
{
    struct visit *visit = visit_begin_with(&open_rules, 1);

    check_string(give_up_many(visit), "503");
    check_int(world_event(&visit->world, WORKER_REQUEST_DENIED).reason, NET_CROWDED);
    visit_end(visit);
    /* and where the server takes them they wait for nothing */
    visit = visit_begin_with(&open_rules, 100);
    check_string(give_up_many(visit), "200");
    visit_end(visit);
}

/* The most that it ever had, in KiB. */
static unsigned long most_memory(pid_t pid)
{
    char path[64], line[256];
    unsigned long most = 0;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    file = fopen(path, "re");
    check(file != NULL);
    while (fgets(line, sizeof(line), file))
        if (sscanf(line, "VmHWM: %lu kB", &most) == 1)
            break;
    fclose(file);
    check(most > 0);
    return most;
}

TEST(fields_that_are_small_on_their_way_wait_in_a_bound_when_they_are_unpacked)
{
    struct visit *visit = visit_begin(&open_rules);
    unsigned long before = most_memory(visit->world.pid);
    struct link link;

    for (unsigned i = 0; i < 90; i++)
        (void)send_request(visit, "GET", "/v1/packed", "api.test", NULL);
    while (!visit->program.streams[0].status[0])
        check(turn(&visit->program));
    /* nothing of the rest is read; when the inspector has turned to others it has taken what it takes */
    for (unsigned i = 0; i < 3; i++) {
        link = world_link(&visit->world, false);
        link_send(link.program, "GET /a HTTP/1.1\r\nHost: api.test\r\n\r\n");
        link_read_until(link.server, "\r\n\r\n", got, sizeof(got));
        link_close(&link);
    }
    if (most_memory(visit->world.pid) > before + (16u << 10))
        test_fail(__FILE__, __LINE__, "%lu KiB, and %lu before", most_memory(visit->world.pid), before);
    await_closed(visit, 90); /* all of it comes in the end */
    check_string(visit->program.streams[89].status, "200");
    visit_end(visit);
}
