/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: any bytes as a message of the daemon's. What is refused is refused with a word; what is taken has only the fields
 * of its row, each as its kind says and within the bytes, and written anew from its fields it is the same bytes. The first byte of
 * the input: 0 = as it comes; else the header is made right for the row of that number, so that fields are reached.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "protocol/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX ((size_t)64 << 10)

static void hold(bool condition, const char *why)
{
    if (!condition) {
        fprintf(stderr, "%s\n", why);
        abort();
    }
}

static void check_field(const struct protocol_message *message, const struct protocol_field *field, unsigned *seen)
{
    const struct protocol_tag_row *tag = protocol_tag_row(field->tag);
    const unsigned char *at = field->data;
    bool belongs = false;

    hold(tag != NULL, "a field that there is not");
    for (unsigned i = 0; i < message->row->use_count; i++) {
        const struct protocol_use *use = &message->row->uses[i];

        if (use->tag != field->tag)
            continue;
        belongs = true;
        hold(use->often == PROTOCOL_MANY || !seen[i], "a field twice");
        seen[i]++;
    }
    hold(belongs, "a field of another row");
    hold(at >= message->fields && at + field->size <= message->fields + message->size, "a field outside of its message");
    if (tag->kind == PROTOCOL_TEXT)
        hold(strlen(field->data) == field->size && field->size <= tag->size_max, "a text that does not end where it says");
    if (tag->kind == PROTOCOL_BYTES)
        hold(field->size <= tag->size_max, "bytes without end");
}

static void write_again(const struct protocol_message *message, const unsigned char *bytes, size_t size)
{
    auto_protocol struct protocol_out out;
    struct protocol_field field;

    protocol_begin(&out, message->type, message->request);
    for (size_t at = 0; protocol_next(message, &at, &field);) {
        if (protocol_tag_row(field.tag)->kind == PROTOCOL_TEXT)
            protocol_add_text(&out, field.tag, field.data);
        else
            protocol_add_bytes(&out, field.tag, field.data, field.size);
    }
    hold(protocol_finish(&out, NULL) == 0, "what was read cannot be written");
    hold(out.bytes.length == size && memcmp(out.bytes.data, bytes, size) == 0, "two spellings of one message");
}

static void check_message(const unsigned char *bytes, size_t size)
{
    struct protocol_message message = {0};
    struct error err = ERROR_INIT, told;
    unsigned seen[PROTOCOL_USES_MAX] = {0};
    struct protocol_field field;

    if (protocol_parse(bytes, size, &message, &err) < 0) {
        hold(err.kind != ERROR_NONE && err.text[0] && !message.row, "refused without a word");
        return;
    }
    for (size_t at = 0; protocol_next(&message, &at, &field);)
        check_field(&message, &field, seen);
    for (unsigned i = 0; i < message.row->use_count; i++)
        hold(seen[i] || message.row->uses[i].often != PROTOCOL_ONE, "a message without what it has to have");
    write_again(&message, bytes, size);
    protocol_read_error(&message, &told);
    hold(told.kind >= ERROR_INVALID && told.kind <= ERROR_SCHEMA && told.text[0], "an error without a kind or a word");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static _Alignas(8) unsigned char bytes[INPUT_MAX];
    size_t count;
    const struct protocol_row *rows = protocol_rows(&count);

    if (!size || size > sizeof(bytes))
        return 0;
    memcpy(bytes, data + 1, size - 1);
    if (data[0] && size - 1 >= sizeof(struct protocol_header)) {
        struct protocol_header header = {.magic = PROTOCOL_MAGIC,
                                         .version = PROTOCOL_VERSION,
                                         .type = rows[data[0] % count].type,
                                         .size = (uint32_t)(size - 1 - sizeof(header))};

        memcpy(bytes, &header, sizeof(header));
    }
    check_message(bytes, size - 1);
    return 0;
}
