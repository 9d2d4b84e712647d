/* SPDX-License-Identifier: Apache-2.0 */
/* The pump between two pairs of connected sockets: client - sides[0], sides[1] - server. */
#include "gateway/pump.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "test.h"

struct rig {
    int client, server;
    struct pump pump;
    struct pipes pipes;
    int epoll;
};

/* TCP over loopback: what the pump meets is what TCP does. */
static void connect_pair(int pair[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    check(listener >= 0 && bind(listener, (struct sockaddr *)&address, size) == 0 && listen(listener, 1) == 0);
    check_int(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    pair[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    check_int(connect(pair[0], (struct sockaddr *)&address, size), 0);
    pair[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    check(pair[1] >= 0);
    close(listener);
}

static void rig_open(struct rig *rig)
{
    int one[2], two[2];

    *rig = (struct rig){.epoll = epoll_create1(EPOLL_CLOEXEC)};
    connect_pair(one);
    connect_pair(two);
    rig->client = one[0];
    rig->server = two[0];
    for (unsigned i = 0; i < 2; i++) {
        struct epoll_event event = {.events = PUMP_EVENTS, .data.u32 = i};

        rig->pump.sides[i].fd = i ? two[1] : one[1];
        check_int(epoll_ctl(rig->epoll, EPOLL_CTL_ADD, rig->pump.sides[i].fd, &event), 0);
    }
}

static void rig_close(struct rig *rig)
{
    pump_finish(&rig->pump, &rig->pipes);
    pipes_close(&rig->pipes);
    close(rig->pump.sides[0].fd);
    close(rig->pump.sides[1].fd);
    if (rig->client >= 0)
        close(rig->client);
    if (rig->server >= 0)
        close(rig->server);
    close(rig->epoll);
}

/* As the loop does it, until the kernel has nothing more to tell. */
static enum pump_result turn(struct rig *rig)
{
    enum pump_result result = PUMP_WAIT;
    struct epoll_event events[4];
    int count;

    do {
        count = epoll_wait(rig->epoll, events, 4, result == PUMP_AGAIN ? 0 : 20);
        for (int i = 0; i < count; i++)
            pump_note(&rig->pump.sides[events[i].data.u32], events[i].events);
        result = pump_run(&rig->pump, &rig->pipes);
    } while (result == PUMP_AGAIN || (result == PUMP_WAIT && count > 0));
    return result;
}

TEST(what_one_side_sends_the_other_gets_both_ways)
{
    struct rig rig;
    char got[8] = "";

    rig_open(&rig);
    check_int(send(rig.client, "ping", 4, 0), 4);
    check_int(turn(&rig), PUMP_WAIT);
    check_int(recv(rig.server, got, sizeof(got), 0), 4);
    check_int(memcmp(got, "ping", 4), 0);
    check_int(send(rig.server, "pong!", 5, 0), 5);
    check_int(turn(&rig), PUMP_WAIT);
    check_int(recv(rig.client, got, sizeof(got), 0), 5);
    check_int(rig.pump.ways[PUMP_UP].bytes, 4);
    check_int(rig.pump.ways[PUMP_DOWN].bytes, 5);
    rig_close(&rig);
}

TEST(what_is_held_stays_until_it_is_let_go)
{
    struct rig rig;
    char got[8];

    rig_open(&rig);
    rig.pump.ways[PUMP_UP].is_held = true;
    check_int(send(rig.client, "ping", 4, 0), 4);
    check_int(send(rig.server, "hi", 2, 0), 2);
    check_int(turn(&rig), PUMP_WAIT);
    check_int(recv(rig.client, got, sizeof(got), 0), 2);
    check_int(recv(rig.server, got, sizeof(got), MSG_DONTWAIT), -1);
    check_int(errno, EAGAIN);
    rig.pump.ways[PUMP_UP].is_held = false;
    check_int(turn(&rig), PUMP_WAIT);
    check_int(recv(rig.server, got, sizeof(got), 0), 4);
    rig_close(&rig);
}

/* Sends a pattern from one end and takes it at the other, with the pump in between; checks every byte. */
static void stream(struct rig *rig, size_t total, size_t take_most)
{
    static unsigned char out[1 << 20], in[1 << 20];
    size_t sent = 0, got = 0;

    for (size_t i = 0; i < sizeof(out); i++)
        out[i] = (unsigned char)(i * 7 + i / 251);
    while (got < total) {
        size_t part = sizeof(out) - sent % sizeof(out) < total - sent ? sizeof(out) - sent % sizeof(out) : total - sent;
        ssize_t size = part ? send(rig->client, out + sent % sizeof(out), part, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;

        sent += size > 0 ? (size_t)size : 0;
        check(turn(rig) == PUMP_WAIT);
        size = recv(rig->server, in, take_most, MSG_DONTWAIT);
        for (ssize_t i = 0; i < size; i++)
            check(in[i] == out[(got + (size_t)i) % sizeof(out)]);
        got += size > 0 ? (size_t)size : 0;
    }
    check_int(rig->pump.ways[PUMP_UP].bytes, total);
}

TEST(a_bulk_arrives_whole_and_in_order_at_a_slow_reader)
{
    struct rig rig;

    rig_open(&rig);
    stream(&rig, 24 << 20, 1 << 20);
    rig_close(&rig);
    rig_open(&rig);
    stream(&rig, 3 << 20, 30001);
    rig_close(&rig);
}

TEST(a_reader_that_takes_nothing_stops_the_writer_and_costs_no_turns)
{
    static char bytes[1 << 20];
    struct rig rig;
    struct epoll_event event;
    size_t sent = 0;
    ssize_t size;
    int late = 0;

    rig_open(&rig);
    do {
        size = send(rig.client, bytes, sizeof(bytes), MSG_DONTWAIT);
        sent += size > 0 ? (size_t)size : 0;
        check_int(turn(&rig), PUMP_WAIT);
    } while (size > 0);
    check(sent < (64u << 20));
    /* nothing is ready, so a loop would sleep; a delayed acknowledgement may come once or twice */
    while (epoll_wait(rig.epoll, &event, 1, 250) > 0 && late++ < 10)
        check_int(turn(&rig), PUMP_WAIT);
    check(late < 10);
    rig_close(&rig);
}

TEST(an_idle_connection_holds_no_pipe)
{
    struct rig rig;

    rig_open(&rig);
    stream(&rig, 4 << 20, 1 << 20);
    check(rig.pump.ways[PUMP_UP].pipe == NULL);
    check_int(rig.pipes.idle_count, 1);
    rig_close(&rig);
}

TEST(one_side_may_end_and_still_listen)
{
    struct rig rig;
    char got[8];

    rig_open(&rig);
    check_int(send(rig.client, "last", 4, 0), 4);
    check_int(shutdown(rig.client, SHUT_WR), 0);
    check_int(turn(&rig), PUMP_WAIT);
    check_int(recv(rig.server, got, sizeof(got), 0), 4);
    check_int(recv(rig.server, got, sizeof(got), 0), 0);
    check_int(send(rig.server, "answer", 6, 0), 6);
    check_int(turn(&rig), PUMP_WAIT);
    check_int(recv(rig.client, got, sizeof(got), 0), 6);
    check_int(shutdown(rig.server, SHUT_WR), 0);
    check_int(turn(&rig), PUMP_DONE);
    check_int(recv(rig.client, got, sizeof(got), 0), 0);
    rig_close(&rig);
}

TEST(a_reset_of_either_side_breaks_it)
{
    static const struct linger at_once = {.l_onoff = 1};

    for (int i = 0; i < 2; i++) {
        struct rig rig;
        int *end;

        rig_open(&rig);
        end = i ? &rig.server : &rig.client;
        check_int(turn(&rig), PUMP_WAIT);
        check_int(setsockopt(*end, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
        close(*end);
        *end = -1;
        check_int(turn(&rig), PUMP_BROKEN);
        rig_close(&rig);
    }
}

TEST(without_pipes_bytes_are_copied)
{
    struct rig rig;

    rig_open(&rig);
    mem_fail_after(0); /* the first allocation of a pipe fails */
    stream(&rig, 1 << 20, 1 << 20);
    mem_fail_after(-1);
    rig_close(&rig);
}
