/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection of plain HTTP/1.1 through the inspector: the first byte of the input says how much of the rest a program sends,
 * a server sends what is left. Whatever the program sends, the server hears whole requests that the strict reading accepts, that
 * the rules permit, and that name the host of the connection.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "inspect/flow.h"
#include "inspect/head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const methods[] = {"GET", "POST", "HEAD"};
static const char *const paths[] = {"/v1/**"};
static const struct net_requests narrow = {.methods = methods, .method_count = 3, .paths = paths, .path_count = 1};
static struct net_peer peer = {.host = "api.test"};
static struct net_rule rule = {.peers = &peer, .peer_count = 1, .requests = &narrow, .where = "rule"};
static struct net_layer layer = {.where = "default", .allow = &rule, .allow_count = 1};
static struct net_rules rules = {.layers = &layer, .layer_count = 1};

/* What each side says, after one another. */
struct script {
    struct loop *loop;
    struct loop_timer timer;
    int fds[2];
    const uint8_t *bytes[2];
    size_t sizes[2];
    unsigned turn;
};

#define TURNS 4u /* of the loop for what one side said */

static void say(struct script *script, unsigned side)
{
    ssize_t sent = send(script->fds[side], script->bytes[side], script->sizes[side], MSG_NOSIGNAL | MSG_DONTWAIT);

    (void)sent;
    shutdown(script->fds[side], SHUT_WR);
}

static void script_due(struct loop_timer *timer)
{
    struct script *script = container_of(timer, struct script, timer);

    if (script->turn % TURNS == 0 && script->turn / TURNS < 2)
        say(script, script->turn / TURNS);
    if (++script->turn < 3 * TURNS)
        loop_start(script->loop, timer, 0);
    else
        loop_stop(script->loop, 0);
}

static void check_request(const struct head *head)
{
    static const char host[] = "api.test";

    if (!span_equals(head->host, host) && !span_equals(head->host, "api.test:80"))
        abort();
    if (!span_equals(head->method, "GET") && !span_equals(head->method, "POST") && !span_equals(head->method, "HEAD"))
        abort();
    if (head->target.size < 3 || memcmp(head->target.at, "/v1", 3) != 0 || head->upgrades)
        abort();
    if (head->target.size > 3 && head->target.at[3] != '/' && head->target.at[3] != '?')
        abort();
}

/* One request at most: the server answers once. */
static void check_heard(const char *bytes, size_t size)
{
    static struct head head;
    http_parser parser;
    const char *what;
    long length = size ? head_size(bytes, size, 0, &what) : 0;

    if (!size)
        return;
    if (length <= 0 || head_read_request(bytes, (size_t)length, &head, &parser, &what) < 0)
        abort();
    check_request(&head);
    if (!head.has_body && size > (size_t)length) /* then another one, after the answer */
        check_heard(bytes + length, size - (size_t)length);
}

static size_t hear(int fd, char *to, size_t size)
{
    size_t all = 0;
    ssize_t got;

    while (all < size && (got = recv(fd, to + all, size - all, MSG_DONTWAIT)) > 0)
        all += (size_t)got;
    return all;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct inspector inspector = {.holder = -1, .events.channel = -1, .rules = &rules};
    static const struct worker_message message = {
        .type = WORKER_FLOW, .kind = WORKER_FLOW_GIVEN, .protocol = NET_TCP, .family = AF_INET,
        .address = {203, 0, 113, 7}, .port = 80, .connection = 1, .name = "api.test", .where = "rule",
    };
    static char heard[1 << 17];
    int program[2], server[2];
    struct error err = ERROR_INIT;
    struct script script;
    size_t split;

    if (size < 1 || size > 65536)
        return 0;
    split = 1 + (size - 1) * data[0] / 255;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, program) < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, server) < 0)
        abort();
    if (loop_open(&inspector.loop, &err) < 0)
        abort();
    flow_begin(&inspector, &message, program[1], server[1]);
    script = (struct script){.loop = inspector.loop, .timer.due = script_due, .fds = {program[0], server[0]},
                             .bytes = {data + 1, data + split}, .sizes = {split - 1, size - split}};
    loop_start(inspector.loop, &script.timer, 0);
    if (loop_run(inspector.loop) < 0)
        abort();
    check_heard(heard, hear(server[0], heard, sizeof(heard)));
    flow_end_all(&inspector);
    close(program[0]);
    close(server[0]);
    loop_close(inspector.loop);
    return 0;
}
