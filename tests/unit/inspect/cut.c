/* SPDX-License-Identifier: Apache-2.0 */
/* A side that breaks before the loop has told so: what a server said before is passed on, a program ends its connection. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "inspect/flow.h"
#include "test.h"

/* Both ends of one side; what the far end was sent it does not read. */
struct cut {
    struct inspector inspector;
    struct flow flow;
    struct buffer in;
    int far;
};

static void cut_begin(struct cut *cut, unsigned side)
{
    int pair[2];

    *cut = (struct cut){.flow.inspector = &cut->inspector};
    check_int(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    cut->flow.sides[side] = (struct stream){.watch.fd = pair[0], .can_read = true, .can_write = true};
    cut->far = pair[1];
    check_int(send(pair[0], "unread", 6, 0), 6);
}

/* With something unread: a reset. */
static void cut_off(struct cut *cut, const char *last)
{
    check_int(send(cut->far, last, strlen(last), 0), strlen(last));
    close(cut->far);
}

static void cut_end(struct cut *cut, unsigned side)
{
    buffer_finish(&cut->in);
    buffer_finish(&cut->flow.sides[side].out);
    close(cut->flow.sides[side].watch.fd);
}

TEST(a_server_that_breaks_between_two_reads_has_ended)
{
    struct cut cut;
    int broken = 0;

    cut_begin(&cut, SERVER);
    cut_off(&cut, "last");
    check(flow_fill(&cut.flow, SERVER, &cut.in, FLOW_READ, &broken));
    check_int(cut.in.size, 4);
    check(flow_fill(&cut.flow, SERVER, &cut.in, FLOW_READ, &broken));
    check_int(broken, 0);
    check(cut.flow.sides[SERVER].is_ended && cut.flow.sides[SERVER].is_cut);
    cut_end(&cut, SERVER);
}

TEST(a_program_that_breaks_between_two_reads_breaks_its_connection)
{
    struct cut cut;
    int broken = 0;

    cut_begin(&cut, PROGRAM);
    cut_off(&cut, "last");
    check(flow_fill(&cut.flow, PROGRAM, &cut.in, FLOW_READ, &broken));
    check(!flow_fill(&cut.flow, PROGRAM, &cut.in, FLOW_READ, &broken));
    check_int(broken, -ECONNRESET);
    cut_end(&cut, PROGRAM);
}

TEST(what_a_server_said_before_it_took_no_more_is_read)
{
    struct cut cut;
    struct stream *server = &cut.flow.sides[SERVER];
    int broken = 0;

    cut_begin(&cut, SERVER);
    cut_off(&cut, "last");
    check(buffer_add(&server->out, "more", 4));
    check_int(flow_flush(&cut.flow, SERVER), 1);
    check_int(flow_flush(&cut.flow, SERVER), 0);
    check_int(server->out.size, 0);
    check(flow_fill(&cut.flow, SERVER, &cut.in, FLOW_READ, &broken));
    check_int(cut.in.size, 4);
    check_int(broken, 0);
    cut_end(&cut, SERVER);
}

TEST(what_a_program_does_not_take_breaks_its_connection)
{
    struct cut cut;

    cut_begin(&cut, PROGRAM);
    cut_off(&cut, "last");
    check(buffer_add(&cut.flow.sides[PROGRAM].out, "more", 4));
    check(flow_flush(&cut.flow, PROGRAM) < 0);
    cut_end(&cut, PROGRAM);
}
