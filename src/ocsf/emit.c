/* SPDX-License-Identifier: Apache-2.0 */
#include "ocsf/emit.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

void emit_raw(struct emit *emit, const char *bytes, size_t size)
{
    if (emit->is_full || size > (size_t)(emit->end - emit->at)) {
        emit->is_full = true;
        return;
    }
    memcpy(emit->at, bytes, size);
    emit->at += size;
}

static void emit_byte(struct emit *emit, char byte)
{
    if (emit->is_full || emit->at == emit->end)
        emit->is_full = true;
    else
        *emit->at++ = byte;
}

void emit_begin(struct emit *emit, char *buffer, size_t size)
{
    *emit = (struct emit){.at = buffer, .end = buffer + size, .path = ""};
    emit_byte(emit, '{');
}

/* Close objects until the one that is open is on the way to `target`. */
static void close_to(struct emit *emit, const char *target)
{
    while (emit->path_size && strncmp(emit->path, target, emit->path_size) != 0) {
        emit_byte(emit, '}');
        do
            emit->path_size--;
        while (emit->path_size && emit->path[emit->path_size - 1] != '.');
    }
}

size_t emit_end(struct emit *emit, const char *buffer)
{
    close_to(emit, "");
    emit_byte(emit, '}');
    return emit->is_full ? 0 : (size_t)(emit->at - buffer);
}

void emit_item(struct emit *emit)
{
    if (!emit->is_full && emit->at[-1] != '{' && emit->at[-1] != '[')
        emit_byte(emit, ',');
}

static void open_to(struct emit *emit, const char *target)
{
    const char *rest, *dot;

    close_to(emit, target);
    rest = target + emit->path_size;
    while ((dot = strchr(rest, '.'))) {
        emit_item(emit);
        emit_byte(emit, '"');
        emit_raw(emit, rest, (size_t)(dot - rest));
        emit_raw(emit, "\":{", 3);
        rest = dot + 1;
    }
    emit->path = target;
    emit->path_size = (size_t)(rest - target);
}

void emit_name(struct emit *emit, const char *target)
{
    const char *leaf;

    open_to(emit, target);
    leaf = target + emit->path_size;
    emit_item(emit);
    emit_byte(emit, '"');
    emit_raw(emit, leaf, strlen(leaf));
    emit_raw(emit, "\":", 2);
}

void emit_members(struct emit *emit, const char *object, const char *members, size_t size)
{
    open_to(emit, object);
    emit_item(emit);
    emit_raw(emit, members, size);
}

bool emit_is_open(const struct emit *emit, const char *target)
{
    const char *dot = strrchr(target, '.');
    size_t size = dot ? (size_t)(dot + 1 - target) : 0;

    return emit->path_size >= size && memcmp(emit->path, target, size) == 0;
}

void emit_uint(struct emit *emit, uint64_t number)
{
    char digits[20], *at = digits + sizeof(digits);

    do
        *--at = (char)('0' + number % 10);
    while (number /= 10);
    emit_raw(emit, at, (size_t)(digits + sizeof(digits) - at));
}

void emit_word(struct emit *emit, const char *word)
{
    emit_byte(emit, '"');
    emit_raw(emit, word, strlen(word));
    emit_byte(emit, '"');
}

static unsigned point_of(const char *bytes, size_t length)
{
    static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    unsigned point = (unsigned char)bytes[0] & masks[length];

    for (size_t i = 1; i < length; i++)
        point = point << 6 | ((unsigned char)bytes[i] & 0x3f);
    return point;
}

static void emit_escape(struct emit *emit, unsigned unit)
{
    char text[7];

    emit_raw(emit, text, (size_t)snprintf(text, sizeof(text), "\\u%04x", unit & 0xffff));
}

/* A character beyond ASCII, or DEL, at `at`, of which `rest` bytes are there. How many it took. */
static size_t emit_wide(struct emit *emit, const char *at, size_t rest)
{
    char window[5] = {0};
    size_t length;
    unsigned point;

    memcpy(window, at, rest < 4 ? rest : 4);
    length = utf8_printable(window);
    if (length) {
        emit_raw(emit, at, length);
        return length;
    }
    length = utf8_length(window);
    if (!length) {
        emit_raw(emit, "\xef\xbf\xbd", 3);
        return 1;
    }
    point = point_of(window, length);
    if (point < 0x10000) {
        emit_escape(emit, point);
    } else {
        emit_escape(emit, 0xd800 + ((point - 0x10000) >> 10));
        emit_escape(emit, 0xdc00 + ((point - 0x10000) & 0x3ff));
    }
    return length;
}

/* Bytes of the escape at `at`; the scanner has seen that it is a whole one. Both halves of a pair are one. */
static size_t escape_size(const char *at, size_t rest)
{
    if (rest < 2 || at[1] != 'u')
        return 2;
    if (rest >= 12 && (at[2] == 'd' || at[2] == 'D') && strchr("89abAB", at[3]) && at[6] == '\\' && at[7] == 'u' &&
        (at[8] == 'd' || at[8] == 'D') && strchr("cdefCDEF", at[9]))
        return 12;
    return 6;
}

/* NUL, or half of a pair: many readers of JSON refuse it. */
static bool is_no_character(const char *at, size_t size)
{
    return size == 6 && (memcmp(at + 2, "0000", 4) == 0 || ((at[2] == 'd' || at[2] == 'D') && strchr("89abcdefABCDEF", at[3])));
}

void emit_text(struct emit *emit, const char *text, size_t size, size_t size_max)
{
    size_t at = 0, start = 0;

    while (at < size) {
        const unsigned char byte = (unsigned char)text[at];
        size_t step = byte == '\\' ? escape_size(text + at, size - at) : 1;

        if (at + step > size_max) {
            emit->is_cut = true;
            break;
        }
        if (byte < 0x7f && !is_no_character(text + at, step)) {
            at += step;
            continue;
        }
        emit_raw(emit, text + start, at - start);
        if (byte < 0x7f)
            emit_raw(emit, "\\ufffd", 6);
        at += byte < 0x7f ? step : emit_wide(emit, text + at, size - at);
        start = at;
    }
    if (at > start)
        emit_raw(emit, text + start, at - start);
}
