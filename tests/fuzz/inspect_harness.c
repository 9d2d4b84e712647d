/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect_harness.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "inspect/flow.h"

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

static size_t hear(int fd, char *to, size_t size)
{
    size_t all = 0;
    ssize_t got;

    while (all < size && (got = recv(fd, to + all, size - all, MSG_DONTWAIT)) > 0)
        all += (size_t)got;
    return all;
}

size_t harness_run(const uint8_t *data, size_t size, bool is_h2, char *ret_heard)
{
    static struct inspector inspector = {.holder = -1, .events.channel = -1, .rules = &rules};
    static const struct worker_message message = {
        .type = WORKER_FLOW, .kind = WORKER_FLOW_GIVEN, .protocol = NET_TCP, .family = AF_INET,
        .address = {203, 0, 113, 7}, .port = 80, .connection = 1, .name = "api.test", .where = "rule",
    };
    int program[2], server[2];
    struct error err = ERROR_INIT;
    struct script script;
    size_t split, heard;

    if (size < 1 || size > 65536)
        return 0;
    split = 1 + (size - 1) * data[0] / 255;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, program) < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, server) < 0)
        abort();
    if (loop_open(&inspector.loop, &err) < 0)
        abort();
    flow_begin(&inspector, &message, program[1], server[1]);
    if (inspector.flows)
        inspector.flows->speaks_h2 = is_h2;
    script = (struct script){.loop = inspector.loop, .timer.due = script_due, .fds = {program[0], server[0]},
                             .bytes = {data + 1, data + split}, .sizes = {split - 1, size - split}};
    loop_start(inspector.loop, &script.timer, 0);
    if (loop_run(inspector.loop) < 0)
        abort();
    heard = hear(server[0], ret_heard, HARNESS_HEARD_MAX);
    flow_end_all(&inspector);
    close(program[0]);
    close(server[0]);
    loop_close(inspector.loop);
    return heard;
}
