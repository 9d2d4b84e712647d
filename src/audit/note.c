/* SPDX-License-Identifier: Apache-2.0 */
/* Notes and checkpoints as texts from outside: read to the letter, or refused. */
#include "audit/note.h"

#include <errno.h>
#include <string.h>

#include "audit/note_line.h"
#include "base/base64.h"
#include "base/compiler.h"
#include "base/utf8.h"

#define DASH_SIZE (sizeof(NOTE_DASH) - 1)
#define HASH_TEXT (BASE64_TEXT_SIZE(MERKLE_HASH_SIZE) - 1)

static int refuse(struct error *err, const char *why)
{
    return error_set(err, ERROR_INVALID, EBADMSG, "not a signed note: %s", why);
}

static bool is_text(const char *bytes, size_t size)
{
    if (!utf8_is_valid(bytes, size))
        return false;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)bytes[i] < ' ' && bytes[i] != '\n')
            return false;
    return true;
}

/* "— name base64", without its newline. */
static bool read_line(const char *text, size_t size, struct note_line *ret_line)
{
    unsigned char not_initialised bytes[NOTE_SIZE_MAX / 4 * 3];
    struct note_line line = {.text = text, .text_size = size + 1};
    const char *space;
    ssize_t count;

    if (size < DASH_SIZE || memcmp(text, NOTE_DASH, DASH_SIZE) != 0)
        return false;
    line.name = text + DASH_SIZE;
    space = memchr(line.name, ' ', size - DASH_SIZE);
    if (!space || space == line.name)
        return false;
    line.name_size = (size_t)(space - line.name);
    if (line.name_size > NOTE_NAME_MAX || memchr(line.name, '+', line.name_size))
        return false;
    count = base64_decode_exact(space + 1, size - (size_t)(space + 1 - text), bytes, sizeof(bytes));
    if (count <= 4)
        return false;
    line.id = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
    line.signature_size = (size_t)count - 4;
    memcpy(line.signature, bytes + 4, line.signature_size < sizeof(line.signature) ? line.signature_size : sizeof(line.signature));
    *ret_line = line;
    return true;
}

static int read_lines(const char *bytes, size_t size, struct note *note, struct error *err)
{
    for (size_t at = 0; at < size;) {
        const char *end = memchr(bytes + at, '\n', size - at);

        if (!end)
            return refuse(err, "the last signature has no end");
        if (note->line_count == NOTE_SIGNATURES_MAX)
            return refuse(err, "more than " STRINGIFY(NOTE_SIGNATURES_MAX) " signatures");
        if (!read_line(bytes + at, (size_t)(end - bytes) - at, &note->lines[note->line_count]))
            return refuse(err, "a line below the text is no signature");
        note->line_count++;
        at = (size_t)(end - bytes) + 1;
    }
    return note->line_count ? 0 : refuse(err, "nobody has signed it");
}

int note_parse(const char *bytes, size_t size, struct note *ret_note, struct error *err)
{
    const char *split = NULL;
    struct note note = {0};
    int status;

    if (size > NOTE_SIZE_MAX)
        return refuse(err, "more than " STRINGIFY(NOTE_SIZE_MAX) " bytes");
    if (!is_text(bytes, size))
        return refuse(err, "not UTF-8, or with control characters");
    for (size_t at = 1; at < size; at++)
        if (bytes[at] == '\n' && bytes[at - 1] == '\n')
            split = bytes + at;
    if (!split)
        return refuse(err, "no empty line between text and signatures");
    note.body = bytes;
    note.body_size = (size_t)(split - bytes);
    status = read_lines(split + 1, size - note.body_size - 1, &note, err);
    if (status == 0)
        *ret_note = note;
    return status;
}

int note_parse_lines(const char *bytes, size_t size, const struct note *body, struct note *ret_note, struct error *err)
{
    struct note note = {.body = body->body, .body_size = body->body_size};
    int status;

    if (size > NOTE_SIZE_MAX || !is_text(bytes, size))
        return refuse(err, "not UTF-8, or with control characters, or too long");
    status = read_lines(bytes, size, &note, err);
    if (status == 0)
        *ret_note = note;
    return status;
}

enum note_verdict note_verify(const struct note *note, const struct note_key *key, uint64_t *ret_time_s)
{
    enum note_verdict verdict = NOTE_UNSIGNED;
    uint64_t latest = 0;

    for (size_t i = 0; i < note->line_count; i++) {
        const struct note_line *line = &note->lines[i];
        uint64_t time_s = 0;

        if (line->id != key->id || line->name_size != strlen(key->name) || memcmp(line->name, key->name, line->name_size) != 0)
            continue;
        if (!note_line_holds(line, key, note, &time_s))
            return NOTE_FORGED;
        verdict = NOTE_SIGNED;
        if (time_s > latest)
            latest = time_s;
    }
    if (verdict == NOTE_SIGNED && ret_time_s)
        *ret_time_s = latest;
    return verdict;
}

/* ---- checkpoints ---- */

static int refuse_checkpoint(struct error *err, const char *why)
{
    return error_set(err, ERROR_INVALID, EBADMSG, "not a checkpoint: %s", why);
}

static bool read_size(const char *text, size_t length, uint64_t *ret_size)
{
    uint64_t size = 0;

    if (length == 0 || length > 19 || (text[0] == '0' && length > 1))
        return false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        size = size * 10 + (uint64_t)(text[i] - '0');
    }
    *ret_size = size;
    return size <= INT64_MAX;
}

int checkpoint_read(const char *body, size_t size, struct checkpoint *ret_checkpoint, struct error *err)
{
    struct checkpoint checkpoint = {0};
    const char *lines[3];
    size_t lengths[3], at = 0;

    for (int i = 0; i < 3; i++) {
        const char *end = memchr(body + at, '\n', size - at);

        if (!end)
            return refuse_checkpoint(err, "fewer than three lines");
        lines[i] = body + at;
        lengths[i] = (size_t)(end - body) - at;
        at += lengths[i] + 1;
    }
    for (; at < size; at++) { /* extension lines, which are anybody's */
        const char *end = memchr(body + at, '\n', size - at);

        if (!end || end == body + at)
            return refuse_checkpoint(err, "an empty extension line");
        at = (size_t)(end - body);
    }
    if (lengths[0] == 0 || lengths[0] > NOTE_NAME_MAX)
        return refuse_checkpoint(err, "the origin is empty or too long");
    memcpy(checkpoint.origin, lines[0], lengths[0]);
    if (!read_size(lines[1], lengths[1], &checkpoint.size))
        return refuse_checkpoint(err, "the second line is no size");
    if (lengths[2] != HASH_TEXT ||
        base64_decode_exact(lines[2], lengths[2], checkpoint.root.bytes, MERKLE_HASH_SIZE) != MERKLE_HASH_SIZE)
        return refuse_checkpoint(err, "the third line is no hash");
    *ret_checkpoint = checkpoint;
    return 0;
}

void checkpoint_print(const struct checkpoint *checkpoint, struct text *out)
{
    char root[BASE64_TEXT_SIZE(MERKLE_HASH_SIZE)];

    base64_encode(checkpoint->root.bytes, MERKLE_HASH_SIZE, root);
    text_printf(out, "%s\n%llu\n%s\n", checkpoint->origin, (unsigned long long)checkpoint->size, root);
}
