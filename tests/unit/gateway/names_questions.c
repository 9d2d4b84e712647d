/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to the resolver as bytes: what is none, what comes in pieces, too many at once. */
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "names_world.h"
#include "test.h"

TEST(what_is_no_question_is_answered_as_such_or_not_at_all)
{
    struct message wrong = message_question(5, "good.example.org", 1, 0), good = wrong;
    struct world world;
    unsigned char bytes[512];
    struct reply reply;
    int fd;
    ssize_t size;

    world_begin(&world, "allow *.example.org", NULL);
    fd = world_udp();
    wrong.size--;
    check(send(fd, wrong.bytes, wrong.size, 0) > 0);
    size = recv(fd, bytes, sizeof(bytes), 0);
    check(size > 0);
    reply_read(bytes, (size_t)size, &reply);
    check_int(reply.rcode, 1);
    wrong = good;
    wrong.bytes[2] |= 0x80; /* an answer: said nothing to, and the next is */
    check(send(fd, wrong.bytes, wrong.size, 0) > 0);
    check(send(fd, wrong.bytes, 11, 0) > 0);
    check(send(fd, wrong.bytes, 0, 0) == 0);
    good.bytes[1] = 6;
    check(send(fd, good.bytes, good.size, 0) > 0);
    size = recv(fd, bytes, sizeof(bytes), 0);
    check(size > 0);
    reply_read(bytes, (size_t)size, &reply);
    check_int(reply.id, 6);
    check_int(reply.rcode, 0);
    close(fd);
    world_ask("127.0.0.1", 1, &reply);
    check_int(reply.rcode, 5);
    check_int(reply.extended, 18);
    check_string(world_event(&world), "127.0.0.1 no rule grants it");
    world_end(&world);
}

static void tcp_read(int fd, struct reply *ret_reply)
{
    unsigned char bytes[4096];
    size_t size;

    check_int(recv(fd, bytes, 2, MSG_WAITALL), 2);
    size = (size_t)bytes[0] << 8 | bytes[1];
    check_int(recv(fd, bytes, size, MSG_WAITALL), size);
    reply_read(bytes, size, ret_reply);
}

static void frame_add(struct message *message, unsigned id, const char *name)
{
    struct message question = message_question(id, name, 1, 0);

    message_add_u16(message, (unsigned)question.size);
    message_add(message, question.bytes, question.size);
}

TEST(questions_by_tcp_come_in_pieces_and_several_at_once)
{
    struct message message = {0};
    struct world world;
    struct reply reply;
    char byte;
    int fd;

    world_begin(&world, "allow *.example.org", NULL);
    world_ask_tcp("good.example.org", 1, &reply);
    check_string(reply.answers[0].text, "93.184.216.34");
    fd = world_tcp();
    frame_add(&message, 1, "slow.example.org");
    frame_add(&message, 2, "good.example.org");
    frame_add(&message, 3, "twin.example.net");
    for (size_t i = 0; i < message.size; i += 7)
        check(send(fd, message.bytes + i, message.size - i < 7 ? message.size - i : 7, 0) > 0);
    check_int(shutdown(fd, SHUT_WR), 0);
    for (unsigned id = 1; id <= 3; id++) {
        tcp_read(fd, &reply);
        check_int(reply.id, id);
        check_int(reply.rcode, id == 3 ? 5 : 0);
    }
    check_int(recv(fd, &byte, 1, 0), 0);
    close(fd);
    world_end(&world);
}

TEST(a_connection_that_asks_nonsense_is_closed)
{
    static const struct {
        const char *bytes;
        size_t size;
    } rows[] = {{"\0\0", 2}, {"\0\5hello", 7}, {"\xff\xff", 2}, {"\4\xd1", 2}, {"GET / HTTP/1.1\r\n\r\n", 18}};
    struct world world;
    struct reply reply;
    char byte;

    world_begin(&world, "allow *.example.org", NULL);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        int fd = world_tcp();

        check(send(fd, rows[i].bytes, rows[i].size, 0) > 0);
        check(recv(fd, &byte, 1, 0) <= 0);
        close(fd);
    }
    world_ask_tcp("good.example.org", 1, &reply);
    check_int(reply.rcode, 0);
    world_end(&world);
}

/* Connections that were left while their question was under way, and more of them than there may be. */
TEST(connections_that_are_left_or_too_many_harm_nobody)
{
    struct message message = {0};
    struct linger reset = {.l_onoff = 1};
    struct world world;
    struct reply reply;
    int fds[40];

    world_begin(&world, "allow *.example.org", NULL);
    frame_add(&message, 1, "slow.example.org");
    for (size_t i = 0; i < ARRAY_COUNT(fds); i++) {
        fds[i] = world_tcp();
        (void)!send(fds[i], message.bytes, message.size, MSG_NOSIGNAL);
    }
    world_ask("good.example.org", 1, &reply);
    check_int(reply.rcode, 0);
    for (size_t i = 0; i < ARRAY_COUNT(fds); i++) {
        if (i % 2)
            check_int(setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
        close(fds[i]);
    }
    world_ask("slow.example.org", 1, &reply);
    check_int(reply.rcode, 0);
    world_ask_tcp("good.example.org", 1, &reply);
    check_int(reply.rcode, 0);
    world_end(&world);
}

/* One more than can wait is told so at once; the others when their time is over. */
TEST(more_questions_than_can_wait_are_answered_at_once)
{
    struct message message = message_question(1, "silent.example.org", 1, 1232);
    struct world world;
    struct reply reply;
    unsigned char bytes[512];
    uint64_t start_ns = clock_monotonic_ns();
    unsigned at_once = 0;
    ssize_t size;
    int fd;

    world_begin(&world, "allow *.example.org", NULL);
    fd = world_udp();
    for (unsigned i = 0; i < 260; i++) {
        check(send(fd, message.bytes, message.size, 0) > 0);
        if (i < 256) {
            world_ask("localhost", 1, &reply); /* what was sent has been read */
            continue;
        }
        size = recv(fd, bytes, sizeof(bytes), 0); /* the first 256 are silent */
        check(size > 0);
        reply_read(bytes, (size_t)size, &reply);
        check_int(reply.rcode, 2);
        check_string(reply.text, "too many questions wait for an answer");
        at_once++;
    }
    check_int(at_once, 4);
    check(clock_monotonic_ns() - start_ns < 4 * NS_PER_S);
    size = recv(fd, bytes, sizeof(bytes), 0);
    check(size > 0);
    reply_read(bytes, (size_t)size, &reply);
    check_contains(reply.text, "no resolver of the host answered");
    world_ask("good.example.org", 1, &reply);
    check_int(reply.rcode, 0);
    close(fd);
    world_end(&world);
}
