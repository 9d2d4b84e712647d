/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers, texts and counts of a record (record.h), both ways. */
#include <errno.h>
#include <string.h>

#include "base/utf8.h"
#include "net/record.h"

void record_put_number(struct text *out, uint32_t number)
{
    char bytes[sizeof(number)];

    memcpy(bytes, &number, sizeof(number));
    text_add_n(out, bytes, sizeof(bytes));
}

void record_put_long(struct text *out, uint64_t number)
{
    record_put_number(out, (uint32_t)number);
    record_put_number(out, (uint32_t)(number >> 32));
}

void record_put_count(struct text *out, size_t count)
{
    record_put_number(out, count < RECORD_MAX ? (uint32_t)count : RECORD_MAX);
}

void record_put_text(struct text *out, const char *string, size_t length_max)
{
    size_t length = string ? strlen(string) : 0;

    if (length > length_max)
        length = length_max;
    record_put_number(out, string ? (uint32_t)length : RECORD_NONE);
    text_add_n(out, string, length);
}

void record_fail(struct record_reader *reader, const char *what)
{
    if (reader->status == 0)
        reader->status = error_set(reader->err, ERROR_INVALID, reader->errnum, "%s, byte %zu of %zu: %s", reader->of,
                                   reader->at, reader->size, what);
}

void *record_allocate(struct record_reader *reader, size_t size)
{
    void *memory = reader->status == 0 ? arena_alloc(reader->arena, size) : NULL;

    if (!memory && reader->status == 0)
        reader->status = error_memory(reader->err);
    return memory;
}

const unsigned char *record_take_bytes(struct record_reader *reader, size_t size)
{
    if (reader->status == 0 && size > reader->size - reader->at)
        record_fail(reader, "it ends too early");
    if (reader->status < 0)
        return NULL;
    reader->at += size;
    return reader->data + reader->at - size;
}

uint32_t record_take_number(struct record_reader *reader)
{
    uint32_t number = 0;
    const unsigned char *bytes = record_take_bytes(reader, sizeof(number));

    if (bytes)
        memcpy(&number, bytes, sizeof(number));
    return number;
}

uint64_t record_take_long(struct record_reader *reader)
{
    uint64_t low = record_take_number(reader);

    return (uint64_t)record_take_number(reader) << 32 | low;
}

uint32_t record_take_within(struct record_reader *reader, uint32_t first, uint32_t last, const char *what)
{
    uint32_t number = record_take_number(reader);

    if (number < first || number > last)
        record_fail(reader, what);
    return reader->status == 0 ? number : 0;
}

bool record_take_bool(struct record_reader *reader)
{
    return record_take_within(reader, 0, 1, "neither yes nor no");
}

void *record_take_array(struct record_reader *reader, size_t element_size, size_t least, size_t *ret_count)
{
    uint32_t count = record_take_number(reader);
    void *array;

    if (count > (reader->size - reader->at) / least)
        record_fail(reader, "a count of more than there is");
    array = record_allocate(reader, count * element_size);
    *ret_count = array ? count : 0;
    return *ret_count ? array : NULL;
}

const char *record_take_text(struct record_reader *reader, size_t length_max, bool is_optional)
{
    uint32_t length = record_take_number(reader);
    const unsigned char *bytes;

    if (reader->status == 0 && length == RECORD_NONE) {
        if (!is_optional)
            record_fail(reader, "a text is missing");
        return NULL;
    }
    if (length > length_max)
        record_fail(reader, "a text that is too long");
    bytes = record_take_bytes(reader, length);
    if (bytes && memchr(bytes, '\0', length))
        record_fail(reader, "a text with NUL in it");
    if (reader->status == 0) {
        char *text = arena_string_n(reader->arena, (const char *)bytes, length);

        if (!text)
            reader->status = error_memory(reader->err);
        return text;
    }
    return NULL;
}

const char *record_take_words(struct record_reader *reader, size_t length_max)
{
    const char *text = record_take_text(reader, length_max, false);

    if (!text)
        return NULL;
    if (!*text)
        record_fail(reader, "an empty text");
    for (size_t at = 0, step; text[at] && reader->status == 0; at += step) {
        step = utf8_printable(text + at);
        if (!step)
            record_fail(reader, "a text with control bytes, or that is not UTF-8");
    }
    return reader->status == 0 ? text : NULL;
}

/* RFC 9110, 5.6.2. */
const char *record_take_token(struct record_reader *reader, size_t length_max)
{
    static const char bytes[] = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const char *text = record_take_text(reader, length_max, false);

    if (text && (!*text || text[strspn(text, bytes)]))
        record_fail(reader, "a word of HTTP with other bytes in it");
    return reader->status == 0 ? text : NULL;
}
