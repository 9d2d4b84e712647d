/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log as it is found: full tiles below the oldest segment of the journal last and are believed; everything behind them is made anew
 * from the journal. What the last checkpoint says must come out of it, else nothing is touched.
 */
#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/log_state.h"
#include "audit/proof.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"

#define MINIMUM_MAX 32

static int read_file(const struct log *log, const char *name, size_t most, char **ret_bytes, size_t *ret_size, struct error *err)
{
    auto_close int fd = openat(log->directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return error_system(err, errno, "%s/%s", log->path, name);
    return file_read_fd(fd, name, most, ret_bytes, ret_size, err);
}

static int damaged(const struct log *log, struct error *err, const char *name, const char *why)
{
    return error_set(err, ERROR_INVALID, EBADMSG, "%s/%s: %s: restore it from a copy (`cordon-verify` says what else is damaged)", log->path, name, why);
}

/* ---- tiles that last ---- */

/* Which partial tiles are there; the widest. */
static unsigned list_partials(const struct log *log, int level, uint64_t index, struct log_partials *partials)
{
    char name[TILE_PATH_SIZE];
    unsigned widest = 0;
    DIR *entries;
    struct dirent *entry;
    int fd;

    tile_partials_path(level, index, name);
    fd = openat(log->directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    entries = fd < 0 ? NULL : fdopendir(fd);
    if (!entries) {
        fd_close_at(&fd);
        return 0;
    }
    while ((entry = readdir(entries))) {
        uint64_t width;

        if (number_parse(entry->d_name, 1, TILE_WIDTH - 1, &width, NULL) < 0)
            continue;
        partials->bits[width / 8] |= (unsigned char)(1 << width % 8);
        widest = width > widest ? (unsigned)width : widest;
    }
    closedir(entries);
    return widest;
}

static int read_full_tile(const struct log *log, int level, uint64_t index, struct merkle_hash *ret_hashes, struct error *err)
{
    auto_free char *bytes = NULL;
    char name[TILE_PATH_SIZE];
    size_t size;
    int status;

    tile_path(level, index, TILE_WIDTH, name);
    status = read_file(log, name, TILE_BYTES, &bytes, &size, err);
    if (status < 0)
        return status;
    if (size != TILE_BYTES)
        return damaged(log, err, name, "not of a full tile's length");
    memcpy(ret_hashes, bytes, TILE_BYTES);
    return 0;
}

/* The last, partial tile of a level: of each full tile below its root; of those that were pruned what an old partial tile says. */
static int load_level(struct log *log, int level, uint64_t size, struct error *err)
{
    uint64_t full_below = size >> (TILE_HEIGHT * level), index = full_below / TILE_WIDTH;
    struct log_level *at = &log->levels[level];
    struct merkle_hash hashes[TILE_WIDTH], old[TILE_WIDTH];
    unsigned old_width = list_partials(log, level, index, &at->partials), count = (unsigned)(full_below % TILE_WIDTH);
    auto_free char *bytes = NULL;
    char name[TILE_PATH_SIZE];
    size_t old_size;

    tile_path(level, index, old_width ? old_width : TILE_WIDTH, name);
    if (old_width && read_file(log, name, TILE_BYTES, &bytes, &old_size, NULL) == 0 && old_size == old_width * MERKLE_HASH_SIZE)
        memcpy(old, bytes, old_size);
    else
        old_width = 0;
    for (unsigned i = 0; i < count; i++) {
        uint64_t below = index * TILE_WIDTH + i;
        int status = read_full_tile(log, level - 1, below, hashes, err);

        if (status == -ENOENT && i < old_width && (below + 1) << (TILE_HEIGHT * level) <= log->minimum)
            at->hashes[i] = old[i];
        else if (status < 0)
            return status;
        else
            merkle_over(hashes, TILE_WIDTH, &at->hashes[i]);
    }
    at->count = count;
    return 0;
}

/* The tree of the `size` records, a multiple of 256, in front of the journal. */
static int load_tree(struct log *log, uint64_t size, struct error *err)
{
    int status = 0;

    for (int level = 1; level < TILE_LEVELS && status == 0; level++)
        status = load_level(log, level, size, err);
    log->size = size;
    list_partials(log, 0, size / TILE_WIDTH, &log->levels[0].partials);
    list_partials(log, TILE_ENTRIES, size / TILE_WIDTH, &log->bundle_partials);
    return status;
}

/* Records below the journal's first in its first bundle: they are in that bundle, which lasts. */
static int load_bundle(struct log *log, uint64_t first, struct error *err)
{
    auto_free char *bytes = NULL;
    char name[TILE_PATH_SIZE];
    size_t size, at = 0, length;
    int status;

    if (log->size == first)
        return 0;
    tile_path(TILE_ENTRIES, first / TILE_WIDTH, TILE_WIDTH, name);
    status = read_file(log, name, BUNDLE_SIZE_MAX, &bytes, &size, err);
    while (status == 0 && log->size < first) {
        const unsigned char *entry;
        struct merkle_hash leaf;
        size_t start = at;

        if (!bundle_next((unsigned char *)bytes, size, &at, &entry, &length))
            return damaged(log, err, name, "it ends before its last entry");
        merkle_leaf(entry, length, &leaf);
        status = log_grow(log, (unsigned char *)bytes + start, at - start, &leaf, 1, err);
    }
    return status;
}

/* ---- the journal ---- */

struct replay {
    struct log *log;
    bool has_begun;
};

static int note_writers(struct log *log, const struct journal_frame *frame, struct error *err)
{
    const unsigned char *entry;
    size_t at = 0, size;

    for (uint64_t index = frame->first; bundle_next(frame->bytes, frame->size, &at, &entry, &size); index++) {
        struct writer *writer;
        struct stamp stamp;
        const char *body;
        size_t body_size;

        if (!stamp_read(entry, size, &stamp, &body, &body_size) || stamp.sequence != index)
            return error_set(err, ERROR_INVALID, EBADMSG, "journal: record %" PRIu64 " is no record of this log", index);
        writer = writers_get(log->writers, stamp.label.writer);
        if (!writer)
            return error_memory(err);
        if (stamp.number > writer->number) /* a fresh segment knows of those that are behind */
            writer->number = writer->pending = stamp.number;
        writer->lost = stamp.lost > writer->lost ? stamp.lost : writer->lost;
        writer->told = writer->lost;
        writer->index = index;
        log->last_us = stamp.time_us;
    }
    return 0;
}

static int take_frame(void *context, const struct journal_frame *frame, struct error *err)
{
    struct replay *replay = context;
    struct log *log = replay->log;
    int status = 0;

    if (!replay->has_begun) {
        status = load_tree(log, frame->first / TILE_WIDTH * TILE_WIDTH, err);
        if (status == 0)
            status = load_bundle(log, frame->first, err);
        replay->has_begun = true;
    }
    if (status == 0 && frame->kind == JOURNAL_WRITERS)
        return writers_read(log->writers, frame->bytes, frame->size, err);
    if (status == 0)
        status = note_writers(log, frame, err);
    return status == 0 ? log_grow(log, frame->bytes, frame->size, frame->leaves, frame->count, err) : status;
}

/* ---- the checkpoint ---- */

static int node_of_log(void *context, unsigned height, uint64_t index, struct merkle_hash *ret_hash, struct error *err)
{
    const struct log *log = context;
    unsigned level = height / TILE_HEIGHT, above = height % TILE_HEIGHT;
    uint64_t first = index << above;
    struct merkle_hash hashes[TILE_WIDTH];
    const struct merkle_hash *from = log->levels[level].hashes;

    if (first / TILE_WIDTH < (log->size >> (TILE_HEIGHT * level)) / TILE_WIDTH) { /* in a full tile */
        int status = read_full_tile(log, (int)level, first / TILE_WIDTH, hashes, err);

        if (status < 0)
            return status;
        from = hashes;
    }
    merkle_over(from + first % TILE_WIDTH, (size_t)1 << above, ret_hash);
    return 0;
}

static int compare_root(struct log *log, const struct checkpoint *checkpoint, struct error *err)
{
    struct merkle_hash root;
    int status;

    if (checkpoint->size > log->size)
        return error_set(err, ERROR_INVALID, EBADMSG, "%s: the checkpoint has %" PRIu64 " records, the journal and the tiles %" PRIu64
                         ": acknowledged records are missing", log->path, checkpoint->size, log->size);
    if (checkpoint->size < log->minimum)
        return 0;
    status = proof_root(node_of_log, log, checkpoint->size, &root, err);
    if (status == 0 && !merkle_equal(&root, &checkpoint->root))
        return damaged(log, err, "tile", "the tiles do not lead to the root of the log's own checkpoint");
    return status;
}

/* It is put in its place without being waited for, so it may be old, and after a loss of power in pieces. */
static int check_checkpoint(struct log *log, struct error *err)
{
    auto_free char *text = NULL;
    struct checkpoint checkpoint;
    struct note_key key;
    struct note note;
    size_t size;
    int status = read_file(log, "checkpoint", NOTE_SIZE_MAX, &text, &size, NULL);

    if (status == -ENOENT) {
        if (log->size > 0)
            text_add(&log->findings, "checkpoint: there was none; signed anew\n");
        return 0;
    }
    note_signer_key(log->options.signer, NOTE_ED25519, &key);
    if (status == 0)
        status = note_parse(text, size, &note, NULL);
    if (status == 0)
        status = checkpoint_read(note.body, note.body_size, &checkpoint, NULL);
    if (status == 0 && note_verify(&note, &key, NULL) == NOTE_SIGNED && strcmp(checkpoint.origin, log->origin) == 0)
        return compare_root(log, &checkpoint, err);
    if (status == 0 && strcmp(checkpoint.origin, log->origin) != 0)
        return error_set(err, ERROR_INVALID, EINVAL, "%s: this is the log %s, not %s", log->path, checkpoint.origin, log->origin);
    text_add(&log->findings, "checkpoint: not one that this log has signed; signed anew\n");
    return 0;
}

static int read_minimum(struct log *log, struct error *err)
{
    auto_free char *text = NULL;
    size_t size;
    int status = read_file(log, "minimum", MINIMUM_MAX, &text, &size, err);

    if (status == -ENOENT)
        return 0;
    if (status == 0 && size > 0 && text[size - 1] == '\n')
        text[size - 1] = '\0';
    return status == 0 && number_parse(text, 0, INT64_MAX, &log->minimum, NULL) < 0 ? damaged(log, err, "minimum", "no number") : status;
}

int log_recover(struct log *log, struct error *err)
{
    struct replay replay = {.log = log};
    uint64_t cut = 0;
    int status = read_minimum(log, err);

    log->is_recovering = true;
    if (status == 0)
        status = journal_read(&log->journal, take_frame, &replay, &cut, err);
    if (status < 0) {
        error_prepend(err, "%s: ", log->path);
        return status;
    }
    if (cut)
        text_printf(&log->findings, "journal: %" PRIu64 " bytes behind record %" PRIu64 " were never acknowledged and are left out\n", cut, log->size);
    status = check_checkpoint(log, err);
    if (status == 0 && !replay.has_begun && log->size == 0 && faccessat(log->directory, "checkpoint", F_OK, 0) == 0)
        status = damaged(log, err, "journal", "there is none, and there are records");
    log->is_recovering = false;
    if (status == 0)
        log_drop_partials(log);
    return status;
}
