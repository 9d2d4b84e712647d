/* SPDX-License-Identifier: Apache-2.0 */
/* DNS messages for tests. */
#include "dns_message.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/compiler.h"
#include "test.h"

void message_add(struct message *message, const void *bytes, size_t size)
{
    check(size <= sizeof(message->bytes) - message->size);
    if (size)
        memcpy(message->bytes + message->size, bytes, size);
    message->size += size;
}

void message_add_u16(struct message *message, unsigned value)
{
    message_add(message, (unsigned char[]){(unsigned char)(value >> 8), (unsigned char)value}, 2);
}

void message_add_name(struct message *message, const char *dotted)
{
    while (*dotted) {
        size_t length = strcspn(dotted, ".");
        unsigned char size = (unsigned char)length;

        message_add(message, &size, 1);
        message_add(message, dotted, length);
        dotted += length + (dotted[length] == '.');
    }
    message_add(message, "", 1);
}

struct message message_question(unsigned id, const char *name, unsigned type, unsigned udp_size)
{
    struct message message = {0};

    message_add_u16(&message, id);
    message_add_u16(&message, 0x0100);
    message_add_u16(&message, 1);
    message_add_u16(&message, 0);
    message_add_u16(&message, 0);
    message_add_u16(&message, udp_size != 0);
    message_add_name(&message, name);
    message_add_u16(&message, type);
    message_add_u16(&message, 1);
    if (!udp_size)
        return message;
    message_add(&message, "\0\0\x29", 3);
    message_add_u16(&message, udp_size);
    message_add(&message, "\0\0\0\0\0\0", 6);
    return message;
}

/* ---- reading ---- */

struct cursor {
    const unsigned char *bytes;
    size_t size, at;
};

static unsigned take(struct cursor *cursor, size_t size)
{
    unsigned value = 0;

    check(size <= cursor->size - cursor->at);
    for (size_t i = 0; i < size; i++)
        value = value << 8 | cursor->bytes[cursor->at++];
    return value;
}

static void take_name(struct cursor *cursor, char ret_name[256])
{
    size_t used = 0, back = 0;

    for (unsigned length = take(cursor, 1); length; length = take(cursor, 1)) {
        if (length >= 0xc0) { /* only to what stands before it, and once */
            size_t to = (length & 0x3f) << 8 | take(cursor, 1);

            check(!back && to < cursor->at - 2);
            back = cursor->at;
            cursor->at = to;
            continue;
        }
        check(length < 64 && used + length + 2 < 256 && length <= cursor->size - cursor->at);
        if (used)
            ret_name[used++] = '.';
        memcpy(ret_name + used, cursor->bytes + cursor->at, length);
        used += length;
        cursor->at += length;
    }
    ret_name[used] = '\0';
    if (back)
        cursor->at = back;
}

static void take_answer(struct cursor *cursor, struct reply *reply, unsigned index)
{
    char owner[256];
    struct cursor data;

    check(index < ARRAY_COUNT(reply->answers));
    take_name(cursor, owner);
    check_string(owner, reply->name);
    reply->answers[index].type = take(cursor, 2);
    check_int(take(cursor, 2), 1);
    reply->answers[index].ttl = take(cursor, 4);
    reply->answers[index].size = take(cursor, 2);
    check(reply->answers[index].size <= sizeof(reply->answers[index].data));
    check(reply->answers[index].size <= cursor->size - cursor->at);
    memcpy(reply->answers[index].data, cursor->bytes + cursor->at, reply->answers[index].size);
    data = *cursor;
    cursor->at += reply->answers[index].size;
    if (reply->answers[index].type == 1 && reply->answers[index].size == 4)
        inet_ntop(AF_INET, reply->answers[index].data, reply->answers[index].text, 256);
    if (reply->answers[index].type == 28 && reply->answers[index].size == 16)
        inet_ntop(AF_INET6, reply->answers[index].data, reply->answers[index].text, 256);
    if (reply->answers[index].type == 12) {
        take_name(&data, reply->answers[index].text);
        check_int(data.at, cursor->at);
    }
}

static void take_opt(struct cursor *cursor, struct reply *reply)
{
    size_t end;

    check_int(take(cursor, 1), 0);
    check_int(take(cursor, 2), 41);
    check_int(take(cursor, 2), 1232);
    reply->rcode |= take(cursor, 1) << 4;
    check_int(take(cursor, 1), 0);
    take(cursor, 2);
    end = take(cursor, 2);
    end += cursor->at;
    reply->has_opt = true;
    while (cursor->at < end) {
        unsigned code = take(cursor, 2), size = take(cursor, 2);

        check_int(code, 15);
        check(reply->extended == -1 && size >= 2 && size - 2 < sizeof(reply->text));
        reply->extended = (int)take(cursor, 2);
        check(size - 2 <= cursor->size - cursor->at);
        memcpy(reply->text, cursor->bytes + cursor->at, size - 2);
        reply->text[size - 2] = '\0';
        cursor->at += size - 2;
    }
    check_int(cursor->at, end);
}

void reply_read(const void *bytes, size_t size, struct reply *ret_reply)
{
    struct cursor cursor = {.bytes = bytes, .size = size};
    struct reply reply = {.extended = -1};
    unsigned questions, others;

    reply.id = take(&cursor, 2);
    reply.flags = take(&cursor, 2);
    check(reply.flags & 0x8000);
    reply.rcode = reply.flags & 15;
    reply.is_truncated = reply.flags & 0x0200;
    questions = take(&cursor, 2);
    reply.answer_count = take(&cursor, 2);
    check_int(take(&cursor, 2), 0);
    others = take(&cursor, 2);
    check(questions <= 1 && others <= 1);
    reply.has_question = questions;
    if (questions) {
        take_name(&cursor, reply.name);
        reply.type = take(&cursor, 2);
        take(&cursor, 2);
    }
    for (unsigned i = 0; i < reply.answer_count; i++)
        take_answer(&cursor, &reply, i);
    if (others)
        take_opt(&cursor, &reply);
    check_int(cursor.at, size);
    *ret_reply = reply;
}
