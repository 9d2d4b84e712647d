/* SPDX-License-Identifier: Apache-2.0 */
/* The host's name server of the tests: what it answers depends on the first label of what is asked. */
#include "names_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/compiler.h"
#include "dns_message.h"

struct asked {
    const unsigned char *bytes;
    size_t size, section_size; /* of the question behind the header */
    char name[256], label[64];
    unsigned type;
    bool is_tcp;
    int fd, other; /* to answer with; a socket that was not asked */
    struct sockaddr_in from;
};

static void fail(void)
{
    _exit(3);
}

static void read_asked(struct asked *asked)
{
    size_t at = 12, used = 0;

    while (at < asked->size && asked->bytes[at]) {
        size_t length = asked->bytes[at];

        if (used)
            asked->name[used++] = '.';
        memcpy(asked->name + used, asked->bytes + at + 1, length);
        used += length;
        at += length + 1;
    }
    memcpy(asked->label, asked->name, strcspn(asked->name, "."));
    asked->type = (unsigned)asked->bytes[at + 1] << 8 | asked->bytes[at + 2];
    asked->section_size = at + 5 - 12;
}

static struct message reply_begin(const struct asked *asked, unsigned flags)
{
    struct message message = {0};

    message_add(&message, asked->bytes, 2);
    message_add_u16(&message, 0x8180 | flags);
    message_add(&message, "\0\1\0\0\0\0\0\0", 8);
    message_add(&message, asked->bytes + 12, asked->section_size);
    return message;
}

static void reply_add(struct message *message, const char *owner, unsigned type, unsigned ttl, const char *data)
{
    struct message value = {0};
    unsigned char address[16];

    message->bytes[7]++;
    if (type == 5) {
        message_add_name(&value, data);
    } else {
        if (inet_pton(type == 1 ? AF_INET : AF_INET6, data, address) != 1)
            fail();
        message_add(&value, address, type == 1 ? 4 : 16);
    }
    message_add_name(message, owner);
    message_add_u16(message, type);
    message_add_u16(message, 1);
    message_add_u16(message, ttl >> 16);
    message_add_u16(message, ttl & 0xffff);
    message_add_u16(message, (unsigned)value.size);
    message_add(message, value.bytes, value.size);
}

static void reply_send(const struct asked *asked, const struct message *message)
{
    unsigned char length[2] = {(unsigned char)(message->size >> 8), (unsigned char)message->size};

    if (!asked->is_tcp) {
        sendto(asked->fd, message->bytes, message->size, 0, (const struct sockaddr *)&asked->from, sizeof(asked->from));
        return;
    }
    if (write(asked->fd, length, 2) != 2 || write(asked->fd, message->bytes, message->size) < 0)
        fail();
}

static struct message reply_evil(const struct asked *asked)
{
    struct message message = reply_begin(asked, 0);

    reply_add(&message, asked->name, 1, 300, "66.66.66.66");
    return message;
}

static void pause_ms(unsigned ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

    nanosleep(&time, NULL);
}

/* ---- one row for each label: what is answered, line by line ---- */

struct row {
    const char *label;
    unsigned type, ttl; /* 5 = a chain: `data` is the name, and has the record behind it */
    const char *data, *behind;
};

static const struct row rows[] = {
    {"good", 1, 300, "93.184.216.34", NULL},
    {"good", 28, 300, "2606:2800:220:1::1", NULL},
    {"twin", 1, 300, "93.184.216.34", NULL},
    {"other", 1, 300, "93.184.216.40", NULL},
    {"many", 1, 300, "93.184.216.1", NULL},
    {"many", 1, 200, "93.184.216.2", NULL},
    {"many", 1, 400, "93.184.216.3", NULL},
    {"inward", 1, 300, "10.0.0.5", NULL},
    {"inward", 28, 300, "fd12::5", NULL},
    {"mixed", 1, 300, "10.0.0.5", NULL},
    {"mixed", 1, 300, "93.184.216.34", NULL},
    {"mixed", 1, 300, "127.0.0.1", NULL},
    {"mixed", 1, 300, "169.254.169.254", NULL},
    {"mapped", 28, 300, "::ffff:93.184.216.34", NULL},
    {"mapped", 28, 300, "64:ff9b::10.0.0.5", NULL},
    {"mapped", 28, 300, "64:ff9b::9.9.9.9", NULL},
    {"chain", 5, 20, "cdn.example.net", "93.184.216.36"},
    {"cnameinward", 5, 300, "db.internal", "10.0.0.5"},
    {"fake", 1, 300, "198.18.0.1", NULL},
};

static bool answer_rows(const struct asked *asked)
{
    struct message message = reply_begin(asked, 0);
    bool is_known = false;

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const struct row *row = &rows[i];

        if (strcmp(row->label, asked->label) != 0)
            continue;
        is_known = true;
        if (row->type == 5 && asked->type == 1) {
            reply_add(&message, asked->name, 5, row->ttl, row->data);
            reply_add(&message, row->data, 1, 300, row->behind);
        } else if (row->type == asked->type) {
            reply_add(&message, asked->name, row->type, row->ttl, row->data);
        }
    }
    if (is_known)
        reply_send(asked, &message);
    return is_known;
}

static void answer_good(const struct asked *asked)
{
    struct message message = reply_begin(asked, 0);

    if (asked->type == 1)
        reply_add(&message, asked->name, 1, 300, "93.184.216.34");
    reply_send(asked, &message);
}

/* ---- behaviour ---- */

static void behave_empty(const struct asked *asked, unsigned flags)
{
    struct message message = reply_begin(asked, flags);

    reply_send(asked, &message);
}

static void behave_nx(const struct asked *asked)
{
    behave_empty(asked, 3);
}

static void behave_servfail(const struct asked *asked)
{
    behave_empty(asked, 2);
}

static void behave_refused(const struct asked *asked)
{
    behave_empty(asked, 5);
}

static void behave_silent(const struct asked *asked unused_arg)
{
}

static void behave_truncated(const struct asked *asked)
{
    if (asked->is_tcp)
        answer_good(asked);
    else
        behave_empty(asked, 0x200);
}

static void behave_wrong_id(const struct asked *asked)
{
    struct message message = reply_evil(asked);

    for (unsigned i = 1; i < 200; i++) {
        message.bytes[1] = (unsigned char)(asked->bytes[1] + i);
        reply_send(asked, &message);
    }
    answer_good(asked);
}

static void behave_wrong_question(const struct asked *asked)
{
    struct message message = {0};

    message_add(&message, asked->bytes, 2);
    message_add(&message, "\x81\x80\0\1\0\0\0\0\0\0", 10);
    message_add_name(&message, "evil.example.org");
    message_add(&message, "\0\1\0\1", 4);
    reply_add(&message, "evil.example.org", 1, 300, "66.66.66.66");
    reply_send(asked, &message);
    answer_good(asked);
}

/* The right id and question, from a socket that nobody asked. */
static void behave_spoofed(const struct asked *asked)
{
    struct message message = reply_evil(asked);
    struct asked other = *asked;

    other.fd = asked->other;
    for (int i = 0; i < 50; i++)
        reply_send(&other, &message);
    answer_good(asked);
}

/* Records about others in an answer that is otherwise right. */
static void behave_poisoned(const struct asked *asked)
{
    struct message message = reply_begin(asked, 0);

    reply_add(&message, "other.example.org", 1, 300, "66.66.66.66");
    if (asked->type == 1)
        reply_add(&message, asked->name, 1, 300, "93.184.216.34");
    reply_add(&message, "good.example.org", 1, 300, "66.66.66.67");
    reply_send(asked, &message);
}

static void behave_garbage(const struct asked *asked)
{
    struct message message = reply_evil(asked);

    message.size -= 2;
    reply_send(asked, &message);
}

static void behave_slow(const struct asked *asked)
{
    pause_ms(300);
    answer_good(asked);
}

/* Another address each time it is asked, and TTL 0: the classic of rebinding, then counted. */
static void behave_count(const struct asked *asked)
{
    static unsigned count;
    struct message message = reply_begin(asked, 0);
    char address[32] = "93.184.217.";

    if (asked->type == 1) {
        count++;
        address[11] = (char)('0' + count % 10);
        pause_ms(200);
        reply_add(&message, asked->name, 1, 0, address);
    }
    reply_send(asked, &message);
}

static void behave_rebind(const struct asked *asked)
{
    static unsigned count;
    struct message message = reply_begin(asked, 0);

    if (asked->type == 1)
        reply_add(&message, asked->name, 1, 0, count++ ? "127.0.0.1" : "93.184.216.77");
    reply_send(asked, &message);
}

static const struct {
    const char *label;
    void (*behave)(const struct asked *asked);
} behaviours[] = {
    {"nx", behave_nx},
    {"servfail", behave_servfail},
    {"refused", behave_refused},
    {"silent", behave_silent},
    {"truncated", behave_truncated},
    {"wrongid", behave_wrong_id},
    {"wrongquestion", behave_wrong_question},
    {"spoofed", behave_spoofed},
    {"poisoned", behave_poisoned},
    {"garbage", behave_garbage},
    {"slow", behave_slow},
    {"count", behave_count},
    {"rebind", behave_rebind},
};

static void answer(struct asked *asked)
{
    read_asked(asked);
    for (size_t i = 0; i < ARRAY_COUNT(behaviours); i++)
        if (strcmp(behaviours[i].label, asked->label) == 0) {
            behaviours[i].behave(asked);
            return;
        }
    if (!answer_rows(asked)) {
        /* nNUMBER: one more name of the same address; aNUMBER: one more address */
        struct message message = reply_begin(asked, 0);
        char address[32];
        unsigned number = (unsigned)atoi(asked->label + 1);

        snprintf(address, sizeof(address), "20.0.%u.%u", asked->label[0] == 'a' ? number >> 8 & 255 : 0u,
                 asked->label[0] == 'a' ? number & 255 : 1u);
        if (asked->type == 1)
            reply_add(&message, asked->name, 1, 300, address);
        reply_send(asked, &message);
    }
}

static void serve_tcp(int listener)
{
    unsigned char bytes[1024];
    int fd = accept(listener, NULL, NULL);
    ssize_t size = fd < 0 ? -1 : recv(fd, bytes, 2, MSG_WAITALL);
    size_t length = size == 2 ? (size_t)bytes[0] << 8 | bytes[1] : 0;

    if (length && length <= sizeof(bytes) && recv(fd, bytes, length, MSG_WAITALL) == (ssize_t)length) {
        struct asked asked = {.bytes = bytes, .size = length, .is_tcp = true, .fd = fd};

        answer(&asked);
    }
    if (fd >= 0)
        close(fd);
}

void names_server_run(int udp, int tcp)
{
    int other = socket(AF_INET, SOCK_DGRAM, 0);
    struct pollfd fds[] = {{.fd = udp, .events = POLLIN}, {.fd = tcp, .events = POLLIN}};

    for (;;) {
        unsigned char bytes[1024];
        struct asked asked = {.bytes = bytes, .fd = udp, .other = other};
        socklen_t from_size = sizeof(asked.from);
        ssize_t size;

        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            fail();
        if (fds[1].revents)
            serve_tcp(tcp);
        if (!fds[0].revents)
            continue;
        size = recvfrom(udp, bytes, sizeof(bytes), MSG_DONTWAIT, (struct sockaddr *)&asked.from, &from_size);
        if (size < 12)
            continue;
        asked.size = (size_t)size;
        answer(&asked);
    }
}
