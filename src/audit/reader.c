/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a log. Files are named relative to its directory and opened without following a link out of it; each is bounded by what
 * the layout allows it to be. The last tile of each level and the last bundle stay in memory.
 */
#include "audit/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/proof.h"
#include "audit/tile.h"
#include "base/file.h"
#include "base/memory.h"

#define CHECKPOINT_TRIES 3
#define MINIMUM_MAX      32

struct tile {
    uint64_t index;
    unsigned width; /* 0 = nothing is here */
    struct merkle_hash hashes[TILE_WIDTH];
};

struct reader {
    int directory;
    char *path;
    bool has_key;
    struct note_key key;
    char *text; /* of the checkpoint */
    struct note note;
    struct checkpoint checkpoint;
    uint64_t minimum;
    struct tile tiles[TILE_LEVELS];
    uint64_t bundle_index;
    unsigned bundle_count; /* entries of it that were read; 0 = nothing is here */
    unsigned char *bundle;
    uint32_t starts[TILE_WIDTH + 1]; /* where each entry's length stands */
};

static int read_named(const struct reader *reader, const char *name, size_t most, char **ret_bytes, size_t *ret_size, struct error *err)
{
    auto_close int fd = openat(reader->directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0 && errno == ENOENT)
        return error_set(err, ERROR_NOT_FOUND, ENOENT, "%s/%s: there is no such file", reader->path, name);
    if (fd < 0)
        return error_system(err, errno, "open %s/%s", reader->path, name);
    return file_read_fd(fd, name, most, ret_bytes, ret_size, err);
}

static int damaged(const struct reader *reader, struct error *err, const char *name, const char *why)
{
    return error_set(err, ERROR_INVALID, EBADMSG, "%s/%s: %s", reader->path, name, why);
}

/* ---- the checkpoint ---- */

static int read_checkpoint(const struct reader *reader, char **ret_text, struct note *ret_note, struct checkpoint *ret_checkpoint,
                           struct error *err)
{
    auto_free char *text = NULL;
    size_t size;
    int status = read_named(reader, "checkpoint", NOTE_SIZE_MAX, &text, &size, err);

    if (status == 0)
        status = note_parse(text, size, ret_note, err);
    if (status == 0)
        status = checkpoint_read(ret_note->body, ret_note->body_size, ret_checkpoint, err);
    if (status == 0 && reader->has_key && note_verify(ret_note, &reader->key, NULL) != NOTE_SIGNED)
        status = error_set(err, ERROR_FORBIDDEN, EBADMSG, "not signed by %s", reader->key.name);
    if (status == 0 && reader->has_key && strcmp(ret_checkpoint->origin, reader->key.name) != 0)
        status = error_set(err, ERROR_FORBIDDEN, EBADMSG, "of %s, not of %s", ret_checkpoint->origin, reader->key.name);
    if (status < 0) {
        if (status != -ENOENT)
            error_prepend(err, "%s/checkpoint: ", reader->path);
        return status;
    }
    *ret_text = take_ptr(text);
    return 0;
}

/* How much was pruned; absent = nothing. */
static int read_minimum(struct reader *reader, struct error *err)
{
    auto_free char *text = NULL;
    size_t size;
    int status = read_named(reader, "minimum", MINIMUM_MAX, &text, &size, err);
    uint64_t value = 0;

    if (status == -ENOENT) {
        reader->minimum = 0;
        return 0;
    }
    if (status < 0)
        return status;
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\n' && i > 0 && i + 1 == size)
            break;
        if (text[i] < '0' || text[i] > '9' || value > (INT64_MAX - 9) / 10)
            return damaged(reader, err, "minimum", "no number");
        value = value * 10 + (uint64_t)(text[i] - '0');
    }
    reader->minimum = value;
    return 0;
}

int reader_open(const char *directory, const struct note_key *key, struct reader **ret_reader, struct error *err)
{
    auto_reader struct reader *reader = mem_alloc(sizeof(*reader));
    int status;

    if (!reader)
        return error_memory(err);
    reader->directory = -1;
    reader->path = mem_string(directory);
    if (!reader->path)
        return error_memory(err);
    if (key) {
        reader->key = *key;
        reader->has_key = true;
    }
    reader->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (reader->directory < 0)
        return error_system(err, errno, "open the log %s", directory);
    status = merkle_prepare(err);
    if (status == 0)
        status = read_minimum(reader, err);
    if (status == 0)
        status = read_checkpoint(reader, &reader->text, &reader->note, &reader->checkpoint, err);
    if (status == 0)
        *ret_reader = take_ptr(reader);
    return status;
}

void reader_close(struct reader *reader)
{
    if (!reader)
        return;
    if (reader->directory >= 0)
        close(reader->directory);
    mem_free(reader->path);
    mem_free(reader->text);
    mem_free(reader->bundle);
    mem_free(reader);
}

void reader_close_at(struct reader **reader)
{
    reader_close(*reader);
}

int reader_refresh(struct reader *reader, struct error *err)
{
    auto_free char *text = NULL;
    struct checkpoint old = reader->checkpoint, checkpoint;
    struct note note;
    struct proof proof;
    int status = read_minimum(reader, err);

    if (status == 0)
        status = read_checkpoint(reader, &text, &note, &checkpoint, err);
    if (status < 0)
        return status;
    if (strcmp(checkpoint.origin, old.origin) != 0 || checkpoint.size < old.size)
        return error_set(err, ERROR_FORBIDDEN, EBADMSG, "%s/checkpoint: of %s with %llu records, where %s with %llu was read before",
                         reader->path, checkpoint.origin, (unsigned long long)checkpoint.size, old.origin, (unsigned long long)old.size);
    mem_free(reader->text);
    reader->text = take_ptr(text);
    reader->note = note;
    reader->checkpoint = checkpoint;
    if (old.size >= reader->minimum) {
        status = proof_of_growth(reader, old.size, &old.root, &proof, err);
        if (status < 0)
            return status;
    }
    return checkpoint.size > old.size;
}

const struct checkpoint *reader_checkpoint(const struct reader *reader)
{
    return &reader->checkpoint;
}

const struct note *reader_note(const struct reader *reader)
{
    return &reader->note;
}

uint64_t reader_minimum(const struct reader *reader)
{
    return reader->minimum;
}

/* ---- files of which a full one takes the place of a partial one ---- */

/* The one of this width, else the full one, else a wider one does as well: what is wanted of it is in all of them. */
static int read_tile_file(const struct reader *reader, int level, uint64_t index, unsigned width, size_t most, char **ret_bytes,
                          size_t *ret_size, char ret_name[TILE_PATH_SIZE], struct error *err)
{
    int status;

    tile_path(level, index, width, ret_name);
    status = read_named(reader, ret_name, most, ret_bytes, ret_size, err);
    if (status != -ENOENT || width == TILE_WIDTH)
        return status;
    tile_path(level, index, TILE_WIDTH, ret_name);
    status = read_named(reader, ret_name, most, ret_bytes, ret_size, err);
    if (status != -ENOENT)
        return status;
    tile_path(level, index, width, ret_name);
    return error_set(err, ERROR_NOT_FOUND, ENOENT, "%s/%s: there is no such file", reader->path, ret_name);
}

static int load_tile(struct reader *reader, int level, uint64_t index, struct error *err)
{
    struct tile *tile = &reader->tiles[level];
    unsigned width = tile_width(level, index, reader->checkpoint.size);
    auto_free char *bytes = NULL;
    char name[TILE_PATH_SIZE];
    size_t size;
    int status;

    if (tile->width >= width && tile->width && tile->index == index)
        return 0;
    if (width == 0)
        return error_set(err, ERROR_NOT_FOUND, ENOENT, "%s: no tile %llu of level %d in %llu records", reader->path,
                         (unsigned long long)index, level, (unsigned long long)reader->checkpoint.size);
    status = read_tile_file(reader, level, index, width, TILE_BYTES, &bytes, &size, name, err);
    if (status < 0)
        return status;
    if (size % MERKLE_HASH_SIZE || size / MERKLE_HASH_SIZE < width)
        return damaged(reader, err, name, "its length is not that of its hashes");
    memcpy(tile->hashes, bytes, width * MERKLE_HASH_SIZE);
    tile->index = index;
    tile->width = width;
    return 0;
}

int reader_node(struct reader *reader, unsigned height, uint64_t index, struct merkle_hash *ret_hash, struct error *err)
{
    unsigned level = height / TILE_HEIGHT, above = height % TILE_HEIGHT;
    uint64_t first = index << above;
    int status;

    if (level >= TILE_LEVELS || first >> above != index)
        return error_set(err, ERROR_NOT_FOUND, ENOENT, "%s: no node of height %u", reader->path, height);
    status = load_tile(reader, (int)level, first / TILE_WIDTH, err);
    if (status < 0)
        return status;
    if (first % TILE_WIDTH + (1u << above) > reader->tiles[level].width)
        return error_set(err, ERROR_NOT_FOUND, ENOENT, "%s: no node %llu of height %u in %llu records", reader->path,
                         (unsigned long long)index, height, (unsigned long long)reader->checkpoint.size);
    merkle_over(&reader->tiles[level].hashes[first % TILE_WIDTH], (size_t)1 << above, ret_hash);
    return 0;
}

/* ---- entries ---- */

static int load_bundle(struct reader *reader, uint64_t index, struct error *err)
{
    unsigned width = tile_width(TILE_ENTRIES, index, reader->checkpoint.size), count = 0;
    auto_free char *bytes = NULL;
    const unsigned char *entry;
    char name[TILE_PATH_SIZE];
    size_t size, at = 0, length;
    int status;

    if (reader->bundle_count >= width && reader->bundle_count && reader->bundle_index == index)
        return 0;
    status = read_tile_file(reader, TILE_ENTRIES, index, width, BUNDLE_SIZE_MAX, &bytes, &size, name, err);
    if (status < 0)
        return status;
    reader->bundle_count = 0;
    reader->starts[0] = 0;
    while (count < width && bundle_next((unsigned char *)bytes, size, &at, &entry, &length))
        reader->starts[++count] = (uint32_t)at;
    if (count < width)
        return damaged(reader, err, name, "it ends before its last entry");
    mem_free(reader->bundle);
    reader->bundle = (unsigned char *)take_ptr(bytes);
    reader->bundle_index = index;
    reader->bundle_count = count;
    return 0;
}

int reader_entry(struct reader *reader, uint64_t index, struct reader_entry *ret_entry, struct error *err)
{
    struct reader_entry entry = {.index = index};
    unsigned at = (unsigned)(index % TILE_WIDTH);
    struct merkle_hash expected;
    char name[TILE_PATH_SIZE];
    int status;

    if (index >= reader->checkpoint.size)
        return error_set(err, ERROR_NOT_FOUND, ENOENT, "%s: no record %llu: it has %llu", reader->path, (unsigned long long)index,
                         (unsigned long long)reader->checkpoint.size);
    status = load_bundle(reader, index / TILE_WIDTH, err);
    if (status == -ENOENT && index < reader->minimum)
        return error_set(err, ERROR_NOT_FOUND, ENOENT, "%s: record %llu has been pruned: those from %llu on are kept", reader->path,
                         (unsigned long long)index, (unsigned long long)reader->minimum);
    if (status == 0)
        status = reader_node(reader, 0, index, &expected, err);
    if (status < 0)
        return status;
    entry.bytes = reader->bundle + reader->starts[at] + 2;
    entry.size = reader->starts[at + 1] - reader->starts[at] - 2;
    merkle_leaf(entry.bytes, entry.size, &entry.leaf);
    if (!merkle_equal(&entry.leaf, &expected)) {
        tile_path(TILE_ENTRIES, index / TILE_WIDTH, TILE_WIDTH, name);
        return error_set(err, ERROR_INVALID, EBADMSG, "%s/%s: record %llu is not what its tile has the hash of", reader->path, name,
                         (unsigned long long)index);
    }
    entry.is_stamped = stamp_read(entry.bytes, entry.size, &entry.stamp, &entry.body, &entry.body_size);
    *ret_entry = entry;
    return 0;
}
