/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a proof (C2SP tlog-proof): written, and read to the letter. */
#include <errno.h>
#include <string.h>

#include "audit/proof.h"
#include "audit/tile.h"
#include "base/base64.h"
#include "base/memory.h"

#define FIRST_LINE "c2sp.org/tlog-proof@v1"
#define HASH_TEXT  (BASE64_TEXT_SIZE(MERKLE_HASH_SIZE) - 1)
#define INDEX_MAX  19 /* digits */

int proof_write(uint64_t index, const struct proof *proof, const struct note *note, const void *extra, size_t extra_size,
                struct text *out, struct error *err)
{
    char hash[HASH_TEXT + 1];

    text_add(out, FIRST_LINE "\n");
    if (extra) {
        auto_free char *text = mem_alloc(BASE64_TEXT_SIZE(extra_size));

        if (!text)
            return error_memory(err);
        base64_encode(extra, extra_size, text);
        text_printf(out, "extra %s\n", text);
    }
    text_printf(out, "index %llu\n", (unsigned long long)index);
    for (size_t i = 0; i < proof->count; i++) {
        base64_encode(proof->hashes[i].bytes, MERKLE_HASH_SIZE, hash);
        text_printf(out, "%s\n", hash);
    }
    text_add(out, "\n");
    text_add_n(out, note->body, note->body_size);
    text_add(out, "\n");
    for (size_t i = 0; i < note->line_count; i++)
        text_add_n(out, note->lines[i].text, note->lines[i].text_size);
    return out->is_broken ? error_memory(err) : 0;
}

static int refuse(struct error *err, const char *why)
{
    return error_set(err, ERROR_INVALID, EBADMSG, "not a proof (C2SP tlog-proof): %s", why);
}

struct lines {
    const char *at;
    size_t left;
};

/* The next line without its newline. */
static bool next_line(struct lines *in, const char **ret_line, size_t *ret_size)
{
    const char *end = memchr(in->at, '\n', in->left);

    if (!end)
        return false;
    *ret_line = in->at;
    *ret_size = (size_t)(end - in->at);
    in->left -= *ret_size + 1;
    in->at = end + 1;
    return true;
}

static bool begins(const char *line, size_t size, const char *word)
{
    return size > strlen(word) && memcmp(line, word, strlen(word)) == 0;
}

static bool read_index(const char *line, size_t size, uint64_t *ret_index)
{
    static const char word[] = "index ";
    uint64_t index = 0;

    if (!begins(line, size, word))
        return false;
    line += sizeof(word) - 1;
    size -= sizeof(word) - 1;
    if (size > INDEX_MAX || (line[0] == '0' && size > 1))
        return false;
    for (size_t i = 0; i < size; i++) {
        if (line[i] < '0' || line[i] > '9')
            return false;
        index = index * 10 + (uint64_t)(line[i] - '0');
    }
    *ret_index = index;
    return index < INT64_MAX;
}

static int read_hashes(struct lines *in, struct proof *proof, struct error *err)
{
    const char *line;
    size_t size;

    for (;;) {
        if (!next_line(in, &line, &size))
            return refuse(err, "it ends among its hashes");
        if (size == 0)
            return 0;
        if (proof->count == MERKLE_PROOF_MAX)
            return refuse(err, "more than " STRINGIFY(MERKLE_PROOF_MAX) " hashes");
        if (size != HASH_TEXT ||
            base64_decode_exact(line, size, proof->hashes[proof->count++].bytes, MERKLE_HASH_SIZE) != MERKLE_HASH_SIZE)
            return refuse(err, "a line that is no hash");
    }
}

int proof_read(const char *text, size_t size, struct proof_file *ret_file, struct error *err)
{
    struct lines in = {text, size};
    struct proof_file file = {.extra = NULL};
    const char *line;
    size_t length;
    int status;

    if (size > PROOF_SIZE_MAX)
        return refuse(err, "too long");
    if (!next_line(&in, &line, &length) || length != sizeof(FIRST_LINE) - 1 || memcmp(line, FIRST_LINE, length) != 0)
        return refuse(err, "the first line is not " FIRST_LINE);
    if (!next_line(&in, &line, &length))
        return refuse(err, "no index");
    if (begins(line, length, "extra ")) {
        file.extra = line + sizeof("extra ") - 1;
        file.extra_size = length - (sizeof("extra ") - 1);
        if (!next_line(&in, &line, &length))
            return refuse(err, "no index");
    }
    if (!read_index(line, length, &file.index))
        return refuse(err, "no index where it should be");
    status = read_hashes(&in, &file.proof, err);
    if (status == 0)
        status = note_parse(in.at, in.left, &file.note, err);
    if (status == 0)
        status = checkpoint_read(file.note.body, file.note.body_size, &file.checkpoint, err);
    if (status == 0)
        *ret_file = file;
    return status;
}
