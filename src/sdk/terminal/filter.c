/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parser: bytes to characters, characters to text, controls and sequences. What may pass is
 * decided in control.c and string.c.
 */
#include "sdk/terminal/filter.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define ESC 0x1b
#define CAN 0x18
#define SUB 0x1a
#define BEL 0x07
#define DEL 0x7f

/* What is shown for a byte that is no UTF-8, as terminals do. */
#define REPLACEMENT "\xef\xbf\xbd"

enum terminal_place {
    IN_TEXT = 0,
    IN_ESCAPE,  /* behind ESC, and what stands between it and the final byte */
    IN_CONTROL, /* behind CSI */
    IN_COMMAND, /* behind OSC: kept, judged at its end */
    IN_STRING,  /* behind DCS, SOS, PM, APC, and screen's ESC k: none passes */
};

struct terminal_filter {
    struct terminal_state state;
    enum terminal_place place;
    bool is_escaped;  /* in a command or string: the last byte was ESC */
    bool is_too_long; /* the sequence does not pass, whatever comes */
    char *held;       /* the body of the sequence */
    size_t held_size, held_max;
    char character[4]; /* UTF-8 that is not whole yet */
    unsigned character_size, character_left;
    unsigned char next_min, next_max; /* what may follow */
    struct terminal_out out;
};

void terminal_add(struct terminal_out *out, const char *bytes, size_t size)
{
    if (size > out->max - out->size)
        abort(); /* terminal_filter_step() left too little room: a mistake of ours */
    memcpy(out->bytes + out->size, bytes, size);
    out->size += size;
}

void terminal_add_text(struct terminal_out *out, const char *text)
{
    terminal_add(out, text, strlen(text));
}

int terminal_filter_new(const struct terminal_options *options,
                        struct terminal_filter **ret_filter, struct error *err)
{
    struct terminal_filter *filter = mem_alloc(sizeof(*filter));

    if (!filter)
        return error_memory(err);
    filter->state.is_utf8 = options->is_utf8;
    filter->state.may_write_clipboard = options->may_write_clipboard;
    filter->held_max = options->may_write_clipboard ? TERMINAL_CLIPBOARD_MAX : TERMINAL_STRING_MAX;
    filter->held = mem_alloc(filter->held_max + 1);
    /* the last sequence, and in front of it what puts a mark or takes changes back */
    filter->out.max = TERMINAL_CHUNK + filter->held_max + 2048;
    filter->out.bytes = mem_alloc(filter->out.max);
    if (!filter->held || !filter->out.bytes) {
        terminal_filter_free(filter);
        return error_memory(err);
    }
    *ret_filter = filter;
    return 0;
}

void terminal_filter_free(struct terminal_filter *filter)
{
    if (!filter)
        return;
    mem_free(filter->held);
    mem_free(filter->out.bytes);
    mem_free(filter);
}

static void begin(struct terminal_filter *filter, enum terminal_place place)
{
    filter->place = place;
    filter->held_size = 0;
    filter->is_too_long = filter->is_escaped = false;
}

static void hold(struct terminal_filter *filter, const char *bytes, size_t size, size_t max)
{
    if (size > max - filter->held_size) {
        filter->is_too_long = true;
        return;
    }
    memcpy(filter->held + filter->held_size, bytes, size);
    filter->held_size += size;
}

/* The 7-bit form of what was written as ESC and a byte, or as one C1 control. */
static void take_introducer(struct terminal_filter *filter, char byte)
{
    switch (byte) {
    case '[':
        begin(filter, IN_CONTROL);
        break;
    case ']':
        begin(filter, IN_COMMAND);
        break;
    case 'P':
    case 'X':
    case '^':
    case '_':
    case 'k': /* screen and tmux: the window's name */
        begin(filter, IN_STRING);
        break;
    default:
        filter->place = IN_TEXT;
        terminal_escape(&filter->state, filter->held, 0, byte, &filter->out);
    }
}

/* Controls that act at once, also amidst a sequence. */
static void take_c0(struct terminal_filter *filter, unsigned char byte)
{
    static const char passed[] = "\a\b\t\n\v\f\r\016\017"; /* and NUL, which is padding */
    char one = (char)byte;

    switch (byte) {
    case ESC:
        begin(filter, IN_ESCAPE);
        return;
    case CAN:
    case SUB:
        filter->place = IN_TEXT;
        return;
    default:
        break;
    }
    if (byte && !strchr(passed, one))
        return;
    if (byte == 0x0e)
        filter->state.changed |= CHANGED_CHARSET;
    terminal_add(&filter->out, &one, 1);
}

static void take_escape(struct terminal_filter *filter, char byte)
{
    if (byte < 0x30) {
        hold(filter, &byte, 1, 2);
        return;
    }
    if (!filter->held_size && !filter->is_too_long) {
        take_introducer(filter, byte);
        return;
    }
    filter->place = IN_TEXT;
    if (!filter->is_too_long)
        terminal_escape(&filter->state, filter->held, filter->held_size, byte, &filter->out);
}

static void take_control(struct terminal_filter *filter, char byte)
{
    if (byte < 0x40) {
        if (filter->held_size < TERMINAL_CONTROL_MAX)
            filter->held[filter->held_size++] = byte;
        else
            filter->is_too_long = true;
        return;
    }
    filter->place = IN_TEXT;
    if (!filter->is_too_long)
        terminal_control(&filter->state, filter->held, filter->held_size, byte, &filter->out);
}

static void end_string(struct terminal_filter *filter, bool is_bell)
{
    bool is_command = filter->place == IN_COMMAND && !filter->is_too_long;

    filter->place = IN_TEXT;
    if (is_command) {
        filter->held[filter->held_size] = '\0';
        terminal_command(&filter->state, filter->held, filter->held_size, is_bell, &filter->out);
    }
}

/* Linux' console has two commands without an end: the palette, and its reset. */
static bool is_console_palette(const struct terminal_filter *filter)
{
    return filter->held_size &&
           (filter->held[0] == 'R' || (filter->held[0] == 'P' && filter->held_size == 8));
}

static void take_character(struct terminal_filter *filter, const char *bytes, size_t size);

static void take_in_string(struct terminal_filter *filter, const char *bytes, size_t size)
{
    unsigned char byte = (unsigned char)bytes[0];

    if (filter->is_escaped) {
        filter->is_escaped = false;
        if (byte == '\\') {
            end_string(filter, false);
            return;
        }
        begin(filter, IN_ESCAPE); /* the string is given up and a new sequence has begun */
        take_character(filter, bytes, size);
        return;
    }
    switch (byte) {
    case ESC:
        filter->is_escaped = true;
        return;
    case CAN:
    case SUB:
        filter->place = IN_TEXT;
        return;
    case BEL:
        if (filter->place == IN_COMMAND)
            end_string(filter, true);
        return;
    default:
        break;
    }
    if (filter->place != IN_COMMAND || byte < 0x20 || byte == DEL)
        return;
    hold(filter, bytes, size, filter->held_max);
    if (is_console_palette(filter))
        filter->place = IN_TEXT;
}

/* A control of the second set: the string's end, or a new sequence whatever was before. */
static void take_c1(struct terminal_filter *filter, char seven_bit)
{
    bool is_string = filter->place == IN_COMMAND || filter->place == IN_STRING;

    if (seven_bit == '\\') {
        if (is_string && !filter->is_escaped)
            end_string(filter, false);
        filter->place = IN_TEXT;
        return;
    }
    begin(filter, IN_TEXT);
    take_introducer(filter, seven_bit);
}

/* One character, not a control of the second set. */
static void take_character(struct terminal_filter *filter, const char *bytes, size_t size)
{
    unsigned char byte = (unsigned char)bytes[0];

    if (filter->place == IN_COMMAND || filter->place == IN_STRING) {
        take_in_string(filter, bytes, size);
        return;
    }
    if (byte < 0x20) {
        take_c0(filter, byte);
        return;
    }
    if (byte >= 0x80)
        filter->place = IN_TEXT; /* part of no sequence: the sequence is given up */
    else if (byte == DEL && filter->place != IN_TEXT)
        return;
    switch (filter->place) {
    case IN_ESCAPE:
        take_escape(filter, bytes[0]);
        break;
    case IN_CONTROL:
        take_control(filter, bytes[0]);
        break;
    default:
        terminal_add(&filter->out, bytes, size);
    }
}

static void expect(struct terminal_filter *filter, unsigned left, unsigned char min,
                   unsigned char max)
{
    filter->character_left = left;
    filter->next_min = min;
    filter->next_max = max;
}

/* The first byte of a character (RFC 3629, table in section 4). */
static void begin_character(struct terminal_filter *filter, unsigned char byte)
{
    filter->character[0] = (char)byte;
    filter->character_size = 1;
    if (byte < 0x80)
        take_character(filter, filter->character, 1);
    else if (byte >= 0xc2 && byte <= 0xdf)
        expect(filter, 1, 0x80, 0xbf);
    else if (byte >= 0xe0 && byte <= 0xef)
        expect(filter, 2, byte == 0xe0 ? 0xa0 : 0x80, byte == 0xed ? 0x9f : 0xbf);
    else if (byte >= 0xf0 && byte <= 0xf4)
        expect(filter, 3, byte == 0xf0 ? 0x90 : 0x80, byte == 0xf4 ? 0x8f : 0xbf);
    else
        take_character(filter, REPLACEMENT, 3);
}

static void take_utf8(struct terminal_filter *filter, unsigned char byte)
{
    if (!filter->character_left) {
        begin_character(filter, byte);
        return;
    }
    if (byte < filter->next_min || byte > filter->next_max) {
        filter->character_left = 0;
        take_character(filter, REPLACEMENT, 3);
        begin_character(filter, byte);
        return;
    }
    filter->character[filter->character_size++] = (char)byte;
    expect(filter, filter->character_left - 1, 0x80, 0xbf);
    if (filter->character_left)
        return;
    if (filter->character[0] == (char)0xc2 && byte < 0xa0) /* U+0080 to U+009F */
        take_c1(filter, (char)(byte - 0x40));
    else
        take_character(filter, filter->character, filter->character_size);
}

static void take_byte(struct terminal_filter *filter, char byte)
{
    unsigned char value = (unsigned char)byte;

    if (value < 0x80 && !filter->character_left)
        take_character(filter, &byte, 1);
    else if (filter->state.is_utf8)
        take_utf8(filter, value);
    else if (value >= 0x80 && value < 0xa0)
        take_c1(filter, (char)(value - 0x40));
    else
        take_character(filter, &byte, 1);
}

/* Most of all output: what needs no look at the state. */
static size_t plain_length(const char *bytes, size_t size)
{
    size_t length = 0;

    while (length < size && ((bytes[length] >= 0x20 && bytes[length] < DEL) ||
                             bytes[length] == '\n' || bytes[length] == '\r' || bytes[length] == '\t'))
        length++;
    return length;
}

size_t terminal_filter_step(struct terminal_filter *filter, const char *bytes, size_t size,
                            const char **ret_output, size_t *ret_output_size)
{
    size_t taken = 0;

    filter->out.size = 0;
    while (taken < size && filter->out.size < TERMINAL_CHUNK) {
        size_t plain = 0;

        if (filter->place == IN_TEXT && !filter->character_left) {
            size_t room = TERMINAL_CHUNK - filter->out.size;
            size_t left = size - taken;

            plain = plain_length(bytes + taken, left < room ? left : room);
            terminal_add(&filter->out, bytes + taken, plain);
        }
        taken += plain;
        if (!plain)
            take_byte(filter, bytes[taken++]);
    }
    *ret_output = filter->out.bytes;
    *ret_output_size = filter->out.size;
    return taken;
}

bool terminal_filter_end(struct terminal_filter *filter, const char **ret_output,
                         size_t *ret_output_size)
{
    bool is_asked = filter->state.is_asked;

    filter->out.size = 0;
    filter->character_left = 0;
    begin(filter, IN_TEXT);
    terminal_restore_all(&filter->state, &filter->out);
    if (is_asked)
        terminal_add_text(&filter->out, "\033[5n");
    filter->state.is_asked = false;
    *ret_output = filter->out.bytes;
    *ret_output_size = filter->out.size;
    return is_asked;
}
