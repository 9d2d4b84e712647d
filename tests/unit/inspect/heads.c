/* SPDX-License-Identifier: Apache-2.0 */
/* What a program has begun to say has to end in time: heads of HTTP/1.1, frames of HTTP/2; bodies and silence have time. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "inspect/flow.h"
#include "inspect/h2_frames.h"
#include "test.h"

/* ---- frames ---- */

#define PREFACE  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define SETTINGS "\0\0\0\4\0\0\0\0\0"
#define BEGUN    "\0\0\2\1\0\0\0\0\1\x82\x86" /* HEADERS, to be continued */
#define GOES_ON  "\0\0\1\x9\0\0\0\0\1\x84"    /* CONTINUATION, to be continued */
#define ENDS     "\0\0\0\x9\4\0\0\0\1"
#define DATA     "\0\0\4\0\0\0\0\0\1"         /* and four bytes */

#define BYTES(text) text, sizeof(text) - 1

static const struct {
    const char *bytes;
    size_t size;
    bool is_open;
    uint64_t ended;
} rows[] = {
    {BYTES(""), false, 0},
    {BYTES("P"), true, 0},
    {BYTES(PREFACE), false, 1},
    {BYTES(PREFACE "\0"), true, 1},
    {BYTES(PREFACE SETTINGS), false, 2},
    {BYTES(PREFACE SETTINGS "\0\0\1\4\0\0\0\0\0"), true, 2},
    {BYTES(PREFACE SETTINGS BEGUN), true, 2},
    {BYTES(PREFACE SETTINGS BEGUN GOES_ON GOES_ON), true, 2},
    {BYTES(PREFACE SETTINGS BEGUN GOES_ON ENDS), false, 3},
    {BYTES(PREFACE SETTINGS BEGUN DATA "ab"), true, 2}, /* nobody may say that there */
    {BYTES(PREFACE SETTINGS DATA), false, 2},
    {BYTES(PREFACE SETTINGS DATA "abc"), false, 2},
    {BYTES(PREFACE SETTINGS DATA "abcd"), false, 3},
    {BYTES(PREFACE SETTINGS DATA "abcd\0\0"), true, 3},
};

TEST(what_has_begun_in_http2_is_known_however_it_is_cut)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        for (size_t piece = 1; piece <= 40; piece += 13) {
            struct h2_frames frames = {0};

            for (size_t at = 0; at < rows[i].size; at += piece)
                h2_frames_take(&frames, rows[i].bytes + at, rows[i].size - at < piece ? rows[i].size - at : piece);
            if (h2_frames_is_open(&frames) != rows[i].is_open || frames.ended != rows[i].ended)
                test_fail(__FILE__, __LINE__, "row %zu in pieces of %zu", i, piece);
        }
}

/* ---- connections ---- */

static const struct net_requests every = {.method_count = 0};
static struct net_peer peer = {.host = "api.test"};
static struct net_rule rule = {.peers = &peer, .peer_count = 1, .requests = &every, .where = "rule"};
static struct net_layer layer = {.where = "default", .allow = &rule, .allow_count = 1};
static struct net_rules rules = {.layers = &layer, .layer_count = 1};

enum { BREAKS = 1, IS_TIMED = 2, IS_KEPT = 4 /* due when it was before */ };

/* What the program says, and what becomes of its connection. */
struct step {
    const char *bytes;
    size_t size;
    unsigned flags;
};

struct slow {
    struct inspector inspector;
    struct loop_timer turn;
    unsigned turns;
    const struct step *steps;
    size_t step_count, at;
    uint64_t due;
    int program, server;
};

#define TURNS 8u /* of the loop, for what was said */

/* The time that it has is over: it breaks. */
static void check_breaks(struct slow *slow)
{
    struct loop_timer *deadline = &slow->inspector.flows->deadline;
    char byte;

    loop_cancel(slow->inspector.loop, deadline);
    deadline->due(deadline);
    check_int(slow->inspector.flow_count, 0);
    errno = 0;
    while (recv(slow->program, &byte, 1, MSG_DONTWAIT) == 1)
        ;
    check(errno != EAGAIN);
}

static void check_step(struct slow *slow, unsigned flags)
{
    struct loop_timer *deadline = &slow->inspector.flows->deadline;

    if ((deadline->before != NULL) != ((flags & IS_TIMED) != 0))
        test_fail(__FILE__, __LINE__, "after step %zu it is %s", slow->at, deadline->before ? "timed" : "not timed");
    if (flags & IS_KEPT)
        check_int(deadline->tick, slow->due);
    slow->due = deadline->tick;
    if (flags & BREAKS)
        check_breaks(slow);
}

static void turn_due(struct loop_timer *timer)
{
    struct slow *slow = container_of(timer, struct slow, turn);

    if (!slow->turns) {
        check_step(slow, slow->at ? slow->steps[slow->at - 1].flags : 0); /* silence is not timed */
        if (slow->at == slow->step_count) {
            loop_stop(slow->inspector.loop, 0);
            return;
        }
        check_int(send(slow->program, slow->steps[slow->at].bytes, slow->steps[slow->at].size, MSG_NOSIGNAL), slow->steps[slow->at].size);
        slow->at++;
        slow->turns = TURNS;
    }
    slow->turns--;
    loop_start(slow->inspector.loop, timer, 0);
}

static void check_steps(bool is_h2, const struct step *steps, size_t count)
{
    static const struct worker_message message = {
        .type = WORKER_FLOW, .kind = WORKER_FLOW_GIVEN, .protocol = NET_TCP, .family = AF_INET,
        .address = {203, 0, 113, 7}, .port = 80, .connection = 1, .name = "api.test", .where = "rule",
    };
    struct slow slow = {.inspector = {.holder = -1, .events.channel = -1, .rules = &rules}, .turn.due = turn_due, .turns = TURNS,
                        .steps = steps, .step_count = count};
    struct error err = ERROR_INIT;
    int program[2], server[2];

    check_int(socketpair(AF_UNIX, SOCK_STREAM, 0, program), 0);
    check_int(socketpair(AF_UNIX, SOCK_STREAM, 0, server), 0);
    slow.program = program[0];
    slow.server = server[0];
    check_int(loop_open(&slow.inspector.loop, &err), 0);
    flow_begin(&slow.inspector, &message, program[1], server[1]);
    check(slow.inspector.flows != NULL);
    slow.inspector.flows->speaks_h2 = is_h2;
    loop_start(slow.inspector.loop, &slow.turn, 0);
    check_int(loop_run(slow.inspector.loop), 0);
    flow_end_all(&slow.inspector);
    close(slow.program);
    close(slow.server);
    loop_close(slow.inspector.loop);
}

TEST(a_head_that_has_begun_has_to_end_in_time)
{
    static const struct step good[] = {
        {BYTES("POST /a HTTP/1.1\r\n"), IS_TIMED},
        {BYTES("Host: api.test\r\n"), IS_TIMED | IS_KEPT}, /* one line after the other gains nothing */
        {BYTES("Content-Length: 5\r\n\r\nab"), 0},
        {BYTES("cdeGET /b HT"), 0}, /* it waits behind the answer */
    };
    static const struct step slow[] = {{BYTES("POST /a HTTP/1.1\r\n"), IS_TIMED}, {BYTES("Host"), IS_TIMED | BREAKS}};

    check_steps(false, good, ARRAY_COUNT(good));
    check_steps(false, slow, ARRAY_COUNT(slow));
}

TEST(a_frame_that_has_begun_has_to_end_in_time)
{
    static const struct step good[] = {
        {BYTES("PRI"), IS_TIMED},
        {BYTES(" "), IS_TIMED | IS_KEPT},
        {BYTES("* HTTP/2.0\r\n\r\nSM\r\n\r\n" SETTINGS), 0},
        {BYTES(BEGUN), IS_TIMED},
        {BYTES(GOES_ON), IS_TIMED | IS_KEPT}, /* one part after the other gains nothing */
        {BYTES("\0\0\x0a\x9\4\0\0\0\1\x41\x08" "api.test" DATA "ab"), 0},
        {BYTES("cd"), 0},
    };
    static const struct step slow[] = {{BYTES(PREFACE SETTINGS), 0}, {BYTES(BEGUN), IS_TIMED}, {BYTES(GOES_ON), IS_TIMED | BREAKS}};

    check_steps(true, good, ARRAY_COUNT(good));
    check_steps(true, slow, ARRAY_COUNT(slow));
}
