/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Begin TLS with a hello of one's own. Arguments: host, port, server name ('-' = none, with escapes), way: plain, records
 * (in many), slow (byte by byte), twice (the name, and after it the host's as a second one), before (the host's, then the
 * name), ech (an encrypted hello beside it), early (data behind it, before any answer).
 */
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "bytes.h"

struct hello {
    unsigned char bytes[4096];
    size_t size;
};

static void put(struct hello *hello, const void *data, size_t size)
{
    if (size > sizeof(hello->bytes) - hello->size) {
        errno = E2BIG;
        broken("hello");
    }
    memcpy(hello->bytes + hello->size, data, size);
    hello->size += size;
}

static void put16(struct hello *hello, size_t value)
{
    put(hello, (unsigned char[]){(unsigned char)(value >> 8), (unsigned char)value}, 2);
}

static void put_name(struct hello *hello, const char *name, size_t size)
{
    put(hello, "\0", 1);
    put16(hello, size);
    put(hello, name, size);
}

static void put_names(struct hello *hello, const char *name, size_t size, const char *host, const char *way)
{
    bool is_twice = strcmp(way, "twice") == 0, is_before = strcmp(way, "before") == 0;
    size_t all = 3 + size + (is_twice || is_before ? 3 + strlen(host) : 0);

    put16(hello, 0);
    put16(hello, all + 2);
    put16(hello, all);
    if (is_before)
        put_name(hello, host, strlen(host));
    put_name(hello, name, size);
    if (is_twice)
        put_name(hello, host, strlen(host));
}

static const unsigned char groups[] = {0, 10, 0, 6, 0, 4, 0, 29, 0, 23};
static const unsigned char signatures[] = {0, 13, 0, 10, 0, 8, 4, 3, 8, 4, 4, 1, 5, 3};
static const unsigned char points[] = {0, 11, 0, 2, 1, 0};
/* Outer: HKDF-SHA256, AES-128-GCM, id 1, a key and a payload that nobody can open (RFC 9849, 5). */
static const unsigned char encrypted[] = {0xfe, 0x0d, 0, 16, 0, 0, 1, 0, 1, 1, 0, 2, 9, 9, 0, 4, 7, 7, 7, 7};

static struct hello make_hello(const char *name, size_t size, const char *host, const char *way)
{
    static const unsigned char suites[] = {0, 8, 0xc0, 0x2b, 0xc0, 0x2f, 0xc0, 0x2c, 0xc0, 0x30, 1, 0};
    struct hello extensions = {.size = 0}, body = {.size = 0}, record = {.size = 0};

    if (name)
        put_names(&extensions, name, size, host, way);
    put(&extensions, groups, sizeof(groups));
    put(&extensions, signatures, sizeof(signatures));
    put(&extensions, points, sizeof(points));
    if (strcmp(way, "ech") == 0)
        put(&extensions, encrypted, sizeof(encrypted));
    put16(&body, 0x0303);
    for (int i = 0; i < 32; i++)
        put(&body, (unsigned char[]){(unsigned char)(i * 7 + 1)}, 1);
    put(&body, "\0", 1);
    put(&body, suites, sizeof(suites));
    put16(&body, extensions.size);
    put(&body, extensions.bytes, extensions.size);
    put(&record, "\x16\x03\x01", 3);
    put16(&record, body.size + 4);
    put(&record, (unsigned char[]){1, 0, (unsigned char)(body.size >> 8), (unsigned char)body.size}, 4);
    put(&record, body.bytes, body.size);
    return record;
}

static void send_records(int fd, const struct hello *hello)
{
    for (size_t i = 5; i < hello->size; i += 20) {
        size_t size = hello->size - i < 20 ? hello->size - i : 20;
        unsigned char head[5] = {0x16, 3, 1, 0, (unsigned char)size};

        bytes_send(fd, head, sizeof(head));
        bytes_send(fd, hello->bytes + i, size);
    }
}

static void send_slowly(int fd, const struct hello *hello)
{
    for (size_t i = 0; i < hello->size; i++)
        bytes_send(fd, hello->bytes + i, 1);
}

int main(int argc, char **argv)
{
    const char *host = argument(argc, argv, 1), *way = argument(argc, argv, 4);
    char *name = strcmp(argument(argc, argv, 3), "-") == 0 ? NULL : argv[3];
    struct hello hello = make_hello(name, name ? bytes_of(name) : 0, host, way);
    unsigned char answer[6];
    int fd = bytes_connect(host, argument(argc, argv, 2)), one = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (strcmp(way, "records") == 0)
        send_records(fd, &hello);
    else if (strcmp(way, "slow") == 0)
        send_slowly(fd, &hello);
    else
        bytes_send(fd, hello.bytes, hello.size);
    if (strcmp(way, "early") == 0)
        bytes_send(fd, "\x17\x03\x03\0\x04" "data", 9);
    if (bytes_receive(fd, answer, 1) != 1)
        refused("answer");
    if (answer[0] != 0x16)
        refused_because("an alert");
    succeeded("the server said hello");
}
