/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ClientHello of TLS 1.0 to 1.3 (RFC 8446, 4.1.2; RFC 6066, 3). It may be cut into any number of records, so all
 * reading goes through a cursor that steps over their headers. The whole message is waited for and walked: a second
 * server_name is an error, because readers differ in which of two they take. With an encrypted hello (ECH) the outer
 * name counts.
 */
#include "gateway/hello.h"

#include <stdbool.h>
#include <stdint.h>

#define RECORD_FIRST        20 /* of the known types */
#define RECORD_ALERT        21
#define RECORD_HANDSHAKE    22
#define RECORD_LAST         24
#define ALERT_BYTES         2
#define RECORD_HEADER       5
#define RECORD_BODY_MAX     16384u
#define MESSAGE_CLIENT      1
#define RANDOM_BYTES        32
#define SESSION_ID_MAX      32
#define EXTENSION_NAME      0
#define NAME_TYPE_HOST      0

enum state { GOOD = 0, SHORT, WRONG };

struct cursor {
    const unsigned char *bytes;
    size_t size, at;
    size_t record; /* bytes left of this record */
    size_t limit;  /* bytes left of the message, or of the field within it */
    enum state state;
};

static void stop(struct cursor *cursor, enum state state)
{
    if (cursor->state == GOOD)
        cursor->state = state;
}

static void record_begin(struct cursor *cursor)
{
    const unsigned char *head = cursor->bytes + cursor->at;

    if (cursor->size - cursor->at < RECORD_HEADER) {
        /* what is there already may tell that it will not be one */
        if (cursor->at < cursor->size && head[0] != RECORD_HANDSHAKE)
            stop(cursor, WRONG);
        stop(cursor, SHORT);
        return;
    }
    cursor->record = (size_t)head[3] << 8 | head[4];
    if (head[0] != RECORD_HANDSHAKE || head[1] != 3 || cursor->record == 0 || cursor->record > RECORD_BODY_MAX)
        stop(cursor, WRONG);
    cursor->at += RECORD_HEADER;
}

static unsigned take_byte(struct cursor *cursor)
{
    if (cursor->state == GOOD && cursor->limit == 0)
        stop(cursor, WRONG);
    if (cursor->state == GOOD && cursor->record == 0)
        record_begin(cursor);
    if (cursor->state == GOOD && cursor->at == cursor->size)
        stop(cursor, SHORT);
    if (cursor->state != GOOD)
        return 0;
    cursor->record--;
    cursor->limit--;
    return cursor->bytes[cursor->at++];
}

static size_t take_number(struct cursor *cursor, unsigned bytes)
{
    size_t number = 0;

    while (bytes--)
        number = number << 8 | take_byte(cursor);
    return number;
}

static void skip(struct cursor *cursor, size_t count)
{
    if (count > cursor->limit)
        stop(cursor, WRONG);
    while (count && cursor->state == GOOD) {
        size_t step;

        if (cursor->record == 0)
            record_begin(cursor);
        step = cursor->size - cursor->at;
        step = step < cursor->record ? step : cursor->record;
        step = step < count ? step : count;
        if (step == 0)
            stop(cursor, SHORT);
        cursor->at += step;
        cursor->record -= step;
        cursor->limit -= step;
        count -= step;
    }
}

/* A field of `size` bytes: what is left behind it, to be given back to leave_field(). */
static size_t enter_field(struct cursor *cursor, size_t size)
{
    size_t behind = cursor->limit - size;

    if (size > cursor->limit) {
        stop(cursor, WRONG);
        return 0;
    }
    cursor->limit = size;
    return behind;
}

static void leave_field(struct cursor *cursor, size_t behind)
{
    if (cursor->limit)
        stop(cursor, WRONG);
    cursor->limit = behind;
}

/* server_name: a list of one host_name. Other types have never been defined, so none is known to be harmless. */
static void read_server_name(struct cursor *cursor, char name[NET_NAME_SIZE], bool *has_name)
{
    size_t list = enter_field(cursor, take_number(cursor, 2));
    unsigned type = take_byte(cursor);
    size_t size = take_number(cursor, 2), i;
    char text[NET_NAME_SIZE];

    if (cursor->state != GOOD)
        return;
    if (type != NAME_TYPE_HOST || size == 0 || size >= NET_NAME_SIZE || *has_name) {
        stop(cursor, WRONG);
        return;
    }
    for (i = 0; i < size; i++)
        text[i] = (char)take_byte(cursor);
    leave_field(cursor, list);
    if (cursor->state == GOOD && net_name_canonical(text, size, name, NULL) < 0)
        stop(cursor, WRONG);
    *has_name = true;
}

static void read_extensions(struct cursor *cursor, char name[NET_NAME_SIZE], bool *has_name)
{
    size_t all = enter_field(cursor, take_number(cursor, 2));

    while (cursor->state == GOOD && cursor->limit) {
        size_t type = take_number(cursor, 2);
        size_t one = enter_field(cursor, take_number(cursor, 2));

        if (type == EXTENSION_NAME)
            read_server_name(cursor, name, has_name);
        else
            skip(cursor, cursor->limit);
        leave_field(cursor, one);
    }
    leave_field(cursor, all);
}

static void read_message(struct cursor *cursor, char name[NET_NAME_SIZE], bool *has_name)
{
    size_t size;

    cursor->limit = 4;
    if (take_byte(cursor) != MESSAGE_CLIENT)
        stop(cursor, WRONG);
    size = take_number(cursor, 3);
    if (size > HELLO_MAX)
        stop(cursor, WRONG);
    cursor->limit = size;
    if (take_byte(cursor) != 3)
        stop(cursor, WRONG);
    skip(cursor, 1 + RANDOM_BYTES);
    size = take_byte(cursor);
    if (size > SESSION_ID_MAX)
        stop(cursor, WRONG);
    skip(cursor, size);
    skip(cursor, take_number(cursor, 2)); /* cipher suites */
    skip(cursor, take_byte(cursor));      /* compression methods */
    if (cursor->state == GOOD && cursor->limit)
        read_extensions(cursor, name, has_name);
    leave_field(cursor, 0);
}

size_t hello_size(const unsigned char *bytes, size_t size)
{
    struct cursor cursor = {.bytes = bytes, .size = size < HELLO_MAX ? size : HELLO_MAX};
    char name[NET_NAME_SIZE];
    bool has_name = false;

    if (size == 0 || bytes[0] != RECORD_HANDSHAKE)
        return 0;
    read_message(&cursor, name, &has_name);
    return cursor.state == GOOD ? cursor.at : 0;
}

enum hello hello_read_tls(const unsigned char *bytes, size_t size, char ret_name[NET_NAME_SIZE])
{
    struct cursor cursor = {.bytes = bytes, .size = size < HELLO_MAX ? size : HELLO_MAX};
    char name[NET_NAME_SIZE];
    bool has_name = false;

    read_message(&cursor, name, &has_name);
    if (cursor.state == SHORT)
        return size < HELLO_MAX ? HELLO_MORE : HELLO_WRONG;
    /* what follows in the same record could be a second one (HelloRetryRequest) that goes up with the first */
    if (cursor.state == WRONG || cursor.record)
        return HELLO_WRONG;
    if (!has_name)
        return HELLO_NO_NAME;
    __builtin_memcpy(ret_name, name, sizeof(name));
    return HELLO_NAME;
}

/*
 * Readers that step over records in front of the hello (a warning, say: Go and BoringSSL do) would find a name behind them
 * that nobody here has compared.
 */
static enum hello read_other_record(const unsigned char *bytes, size_t size)
{
    if (size < 2)
        return HELLO_MORE;
    if (bytes[1] == 3)
        return HELLO_WRONG;
    /* some take any version below 16 for that of a first record */
    if (bytes[0] != RECORD_ALERT || bytes[1] >= 16)
        return HELLO_NOTHING;
    if (size < RECORD_HEADER)
        return HELLO_MORE;
    return bytes[3] == 0 && bytes[4] == ALERT_BYTES ? HELLO_WRONG : HELLO_NOTHING;
}

/* The hello in the form of SSLv2, with which servers still begin TLS up to 1.2: it has no room for a name. */
static enum hello read_ssl2(const unsigned char *bytes, size_t size)
{
    if (size < 3)
        return HELLO_MORE;
    if (bytes[2] != MESSAGE_CLIENT)
        return HELLO_NOTHING;
    if (size < 4)
        return HELLO_MORE;
    return bytes[3] == 3 ? HELLO_NO_NAME : HELLO_NOTHING;
}

enum hello hello_read(const unsigned char *bytes, size_t size, char ret_name[NET_NAME_SIZE])
{
    if (size == 0)
        return HELLO_MORE;
    if (bytes[0] == RECORD_HANDSHAKE)
        return hello_read_tls(bytes, size, ret_name);
    if (bytes[0] >= RECORD_FIRST && bytes[0] <= RECORD_LAST)
        return read_other_record(bytes, size);
    return bytes[0] & 0x80 ? read_ssl2(bytes, size) : hello_read_http(bytes, size, ret_name);
}

bool hello_is_tls(const unsigned char *bytes, size_t size)
{
    return size && (bytes[0] == RECORD_HANDSHAKE || bytes[0] & 0x80);
}

bool hello_is_http(const unsigned char *bytes, size_t size)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n";
    char name[NET_NAME_SIZE];
    enum hello hello = size ? hello_read(bytes, size, name) : HELLO_NOTHING;

    if (hello_is_tls(bytes, size))
        return false;
    return hello == HELLO_NAME || hello == HELLO_NO_NAME ||
           (size >= sizeof(preface) - 1 && __builtin_memcmp(bytes, preface, sizeof(preface) - 1) == 0);
}
