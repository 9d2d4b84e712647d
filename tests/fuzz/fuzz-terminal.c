/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: whatever a program writes, what comes out of the terminal filter is whole
 * sequences of the kinds that may pass, the same in whatever pieces the input came, and passes the
 * filter again as it is. The first byte says which terminal and policy, the second where to cut.
 * The checks are written from the table in docs/decisions/0040 and share no code with the filter.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sdk/terminal/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
    char *data;
    size_t size, capacity;
};

static void hold(bool condition)
{
    if (!condition)
        abort();
}

static void append(struct bytes *bytes, const char *more, size_t size)
{
    while (bytes->size + size > bytes->capacity) {
        bytes->capacity = bytes->capacity ? bytes->capacity * 2 : 4096;
        bytes->data = realloc(bytes->data, bytes->capacity);
        hold(bytes->data);
    }
    if (size)
        memcpy(bytes->data + bytes->size, more, size);
    bytes->size += size;
}

/* `step` 0 = in one piece; else in pieces of 1 to 16 bytes. */
static struct bytes filter(const struct terminal_options *options, const char *data, size_t size,
                           unsigned step, struct bytes *ret_end)
{
    struct terminal_filter *filter = NULL;
    struct error err = ERROR_INIT;
    struct bytes all = {0};
    const char *output;
    size_t output_size;

    hold(terminal_filter_new(options, &filter, &err) == 0);
    while (size) {
        size_t piece = step ? 1 + (step = step * 1103515245u + 12345u) / 65536 % 16 : size, taken;

        if (piece > size)
            piece = size;
        taken = terminal_filter_step(filter, data, piece, &output, &output_size);
        hold(taken > 0 && taken <= piece);
        append(&all, output, output_size);
        data += taken;
        size -= taken;
    }
    terminal_filter_end(filter, &output, &output_size);
    append(ret_end, output, output_size);
    hold(!terminal_filter_end(filter, &output, &output_size) && output_size == 0);
    terminal_filter_free(filter);
    return all;
}

static size_t span(const char *at, size_t size, int min, int max)
{
    size_t length = 0;

    while (length < size && at[length] >= min && at[length] <= max)
        length++;
    return length;
}

/* Behind CSI; returns the length with the final byte. */
static size_t check_control(const char *at, size_t size, bool is_end)
{
    size_t middle = span(at, size, 0x20, 0x3f);
    unsigned long number;
    char final;

    hold(middle < size && middle <= 128);
    final = at[middle];
    number = strtoul(at + (strchr("<=>?", at[0]) != NULL), NULL, 10); /* ends at the final byte */
    hold(final && strchr("@ABCDEFGHIJKLMPSTXZ`abcdefghlmnpqrstuW", final));
    if (final == 't')
        hold(number == 14 || number == 16 || number == 18 || number == 22 || number == 23);
    if (final == 'n' && at[0] != '>')
        hold(number == 6 || number == 996 || (is_end && number == 5 && size == 2));
    if (final == 'J')
        hold(!memchr(at, '3', middle));
    if (final == 'p')
        hold(at[middle - 1] == '$' || at[middle - 1] == '!');
    if (final == 'q')
        hold(at[0] == '>' || at[middle - 1] == ' ' || at[middle - 1] == '"');
    for (size_t i = 0, digits = 0; i < middle; i++) {
        digits = at[i] >= '0' && at[i] <= '9' && (digits || at[i] != '0') ? digits + 1 : 0;
        hold(digits <= 5);
    }
    return middle + 1;
}

static bool starts(const char *at, size_t size, const char *text)
{
    return size >= strlen(text) && memcmp(at, text, strlen(text)) == 0;
}

/* Behind OSC; returns the length with its end. */
static size_t check_command(const struct terminal_options *options, const char *at, size_t size)
{
    static const char *const numbers[] = {"0;",   "1;",  "2;",  "4;",  "8;",  "10;", "11;", "12;",
                                          "104;", "104", "110", "111", "112"};
    size_t length = 0;
    bool is_known = options->may_write_clipboard && starts(at, size, "52;");

    while (length < size && at[length] != '\a' && at[length] != '\033') {
        unsigned char byte = (unsigned char)at[length++];

        hold(byte >= 0x20 && byte != 0x7f);
    }
    hold(length < size);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        is_known |= starts(at, size, numbers[i]);
    hold(is_known && length <= TERMINAL_CLIPBOARD_MAX);
    if (at[1] == ';' && at[0] < '3')
        hold(starts(at + 2, size - 2, "[cordon] "));
    if (starts(at, size, "52;"))
        hold(!memchr(at, '?', length));
    if (starts(at, size, "8;") && !starts(at, size, "8;;\033") && !starts(at, size, "8;;\a")) {
        const char *address = memchr(at + 2, ';', length - 2);

        hold(address && (strncasecmp(address, ";http://", 8) == 0 ||
                         strncasecmp(address, ";https://", 9) == 0));
    }
    if (at[length] == '\a')
        return length + 1;
    hold(length + 1 < size && at[length + 1] == '\\');
    return length + 2;
}

static size_t check_escape(const struct terminal_options *options, const char *at, size_t size,
                           bool is_end)
{
    hold(size > 1);
    switch (at[1]) {
    case '[':
        return 2 + check_control(at + 2, size - 2, is_end);
    case ']':
        return 2 + check_command(options, at + 2, size - 2);
    case '(':
    case ')':
    case '*':
    case '+':
        hold(size > 2 && at[2] && strchr("0AB12UK", at[2]));
        return 3;
    case '#':
        hold(size > 2 && at[2] && strchr("34568", at[2]));
        return 3;
    default:
        hold(at[1] && strchr("78=>DEHMNOno|}~", at[1]));
        return 2;
    }
}

static size_t check_character(const struct terminal_options *options, const char *at, size_t size)
{
    unsigned char first = (unsigned char)at[0];
    size_t length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;

    if (first < 0x20)
        hold(!first || strchr("\a\b\t\n\v\f\r\016\017", first));
    if (first < 0x80)
        return 1;
    hold(first >= 0xa0);
    if (!options->is_utf8)
        return 1;
    hold(first >= 0xc2 && first <= 0xf4 && length <= size);
    hold(first != 0xc2 || (unsigned char)at[1] >= 0xa0);
    for (size_t i = 1; i < length; i++)
        hold(((unsigned char)at[i] & 0xc0) == 0x80);
    return length;
}

static void check_output(const struct terminal_options *options, const struct bytes *out, bool is_end)
{
    for (size_t i = 0; i < out->size;)
        if (out->data[i] == '\033')
            i += check_escape(options, out->data + i, out->size - i, is_end);
        else
            i += check_character(options, out->data + i, out->size - i);
}

static bool is_same(const struct bytes *a, const struct bytes *b)
{
    return a->size == b->size && (!a->size || memcmp(a->data, b->data, a->size) == 0);
}

/* A title gets its mark, so one that has it gets another. */
static bool has_title(const struct bytes *out)
{
    return out->size && memmem(out->data, out->size, "[cordon] ", 9);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct terminal_options options = {0};
    struct bytes whole, pieces, again, end = {0}, end_of_pieces = {0}, end_again = {0};
    unsigned step;
    char *text;

    if (size < 2)
        return 0;
    options.is_utf8 = data[0] & 1;
    options.may_write_clipboard = data[0] & 2;
    step = data[1] | 256u;
    size -= 2;
    text = malloc(size ? size : 1); /* exactly: a byte read behind it is found */
    hold(text);
    if (size)
        memcpy(text, data + 2, size);
    whole = filter(&options, text, size, 0, &end);
    pieces = filter(&options, text, size, step, &end_of_pieces);
    hold(is_same(&whole, &pieces) && is_same(&end, &end_of_pieces));
    check_output(&options, &whole, false);
    check_output(&options, &end, true);
    again = filter(&options, whole.data, whole.size, step, &end_again);
    hold(has_title(&whole) || is_same(&whole, &again));
    free(text);
    free(whole.data);
    free(pieces.data);
    free(again.data);
    free(end.data);
    free(end_of_pieces.data);
    free(end_again.data);
    return 0;
}
