/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree of what is durable, and its files. A file that finds no room on the disk waits in memory and is tried again; while one
 * waits, no record is taken and no checkpoint is signed.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "audit/log_state.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

static bool has_bit(const unsigned char *bits, unsigned bit)
{
    return bits[bit / 8] >> (bit % 8) & 1;
}

/* ---- files ---- */

static int make_parents(struct log *log, const char *name)
{
    char parent[TILE_PATH_SIZE];
    int status = 0;

    for (const char *slash = strchr(name, '/'); slash && status == 0; slash = strchr(slash + 1, '/')) {
        memcpy(parent, name, (size_t)(slash - name));
        parent[slash - name] = '\0';
        status = log->machine->make_directory(log->machine->context, log->directory, parent);
    }
    return status;
}

static int put_now(struct log *log, const char *name, const void *bytes, size_t size)
{
    const struct log_machine *machine = log->machine;
    int status = machine->put(machine->context, log->directory, name, bytes, size);

    if (status == -ENOENT) {
        status = make_parents(log, name);
        if (status == 0)
            status = machine->put(machine->context, log->directory, name, bytes, size);
    }
    if (status == -ENOSPC && log->has_reserve) { /* the log's last words find room */
        log->has_reserve = false;
        if (machine->remove(machine->context, log->directory, "reserve") == 0)
            status = machine->put(machine->context, log->directory, name, bytes, size);
    }
    return status;
}

int log_put(struct log *log, const char *name, const void *bytes, size_t size, struct error *err)
{
    struct log_blob *blob;

    if (!log->blobs && put_now(log, name, bytes, size) == 0)
        return 0;
    blob = mem_alloc(sizeof(*blob) + size);
    if (!blob)
        return error_memory(err);
    text_put(blob->name, sizeof(blob->name), name);
    blob->size = size;
    memcpy(blob->bytes, bytes, size);
    *log->blobs_end = blob;
    log->blobs_end = &blob->next;
    return 0;
}

int log_put_again(struct log *log)
{
    while (log->blobs) {
        struct log_blob *blob = log->blobs;
        int status = put_now(log, blob->name, blob->bytes, blob->size);

        if (status < 0)
            return status;
        log->blobs = blob->next;
        mem_free(blob);
    }
    log->blobs_end = &log->blobs;
    return 0;
}

/* Those wider than `width`. What cannot be removed is only too much. */
static void remove_partials(struct log *log, int level, uint64_t index, unsigned width, struct log_partials *partials)
{
    char name[TILE_PATH_SIZE];
    bool had_one = false;

    for (unsigned wide = width + 1; wide < TILE_WIDTH && !log->blobs; wide++) {
        if (!has_bit(partials->bits, wide))
            continue;
        had_one = true;
        partials->bits[wide / 8] &= (unsigned char)~(1 << wide % 8);
        tile_path(level, index, wide, name);
        (void)!log->machine->remove(log->machine->context, log->directory, name);
    }
    if (!had_one || width > 0)
        return;
    tile_partials_path(level, index, name);
    (void)!log->machine->remove(log->machine->context, log->directory, name);
}

static uint64_t last_index(uint64_t size, int level)
{
    int above = level == TILE_ENTRIES ? 1 : level + 1;

    return above < TILE_LEVELS ? size >> (TILE_HEIGHT * above) : 0;
}

void log_drop_partials(struct log *log)
{
    for (int level = 0; level < TILE_LEVELS; level++)
        remove_partials(log, level, last_index(log->size, level), log->levels[level].count, &log->levels[level].partials);
    remove_partials(log, TILE_ENTRIES, last_index(log->size, TILE_ENTRIES), log->levels[0].count, &log->bundle_partials);
}

static bool is_there(const struct log *log, const char *name, const void *bytes, size_t size)
{
    auto_close int fd = openat(log->directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    auto_free char *found = NULL;
    size_t found_size;

    return fd >= 0 && file_read_fd(fd, name, size, &found, &found_size, NULL) == 0 && found_size == size && memcmp(found, bytes, size) == 0;
}

static int put_full(struct log *log, int level, uint64_t index, const void *bytes, size_t size, struct log_partials *partials, struct error *err)
{
    unsigned height = TILE_HEIGHT * (level == TILE_ENTRIES ? 1 : (unsigned)level + 1);
    char name[TILE_PATH_SIZE];
    int status = 0;

    if ((index + 1) << height <= log->minimum) /* pruned, and only made anew from the journal */
        return 0;
    tile_path(level, index, TILE_WIDTH, name);
    if (!log->is_recovering || !is_there(log, name, bytes, size))
        status = log_put(log, name, bytes, size, err);
    if (status == 0)
        remove_partials(log, level, index, 0, partials);
    *partials = (struct log_partials){.written = 0};
    return status;
}

/* What was there before this process may be of a group that was lost, or in pieces: it is written again. */
static int put_partial(struct log *log, int level, uint64_t index, unsigned width, const void *bytes, size_t size,
                       struct log_partials *partials, struct error *err)
{
    char name[TILE_PATH_SIZE];

    if (partials->written == width)
        return 0;
    tile_path(level, index, width, name);
    partials->bits[width / 8] |= (unsigned char)(1 << width % 8);
    partials->written = width;
    return log_put(log, name, bytes, size, err);
}

/* ---- the tree ---- */

/* The last tile of `level` is full: into its file, and its root into the level above. */
static int carry(struct log *log, struct error *err)
{
    for (int level = 0; level < TILE_LEVELS - 1 && log->levels[level].count == TILE_WIDTH; level++) {
        struct log_level *full = &log->levels[level], *above = &log->levels[level + 1];
        uint64_t index = (log->size >> (TILE_HEIGHT * (level + 1))) - 1;
        int status = put_full(log, level, index, full->hashes, sizeof(full->hashes), &full->partials, err);

        if (status < 0)
            return status;
        merkle_over(full->hashes, TILE_WIDTH, &above->hashes[above->count++]);
        full->count = 0;
    }
    return 0;
}

static int bundle_make_room(struct log *log, size_t size, struct error *err)
{
    size_t room = log->bundle_room ? log->bundle_room : 256 * 1024;
    unsigned char *bundle;

    while (room < size)
        room *= 2;
    if (room == log->bundle_room)
        return 0;
    bundle = mem_resize(log->bundle, room);
    if (!bundle)
        return error_memory(err);
    log->bundle = bundle;
    log->bundle_room = room;
    return 0;
}

/* As many entries as the last bundle still takes: *ret_count of them, *ret_size bytes. */
static void part_for_bundle(const struct log *log, const unsigned char *entries, size_t size, size_t count, size_t *ret_count, size_t *ret_size)
{
    size_t most = TILE_WIDTH - log->levels[0].count, at = 0, taken, length;
    const unsigned char *entry;

    for (taken = 0; taken < most && taken < count && bundle_next(entries, size, &at, &entry, &length); taken++)
        ;
    *ret_count = taken;
    *ret_size = at;
}

int log_grow(struct log *log, const unsigned char *entries, size_t size, const struct merkle_hash *leaves, size_t count, struct error *err)
{
    struct log_level *level = &log->levels[0];

    while (count > 0) {
        size_t part, part_size;
        int status;

        part_for_bundle(log, entries, size, count, &part, &part_size);
        status = bundle_make_room(log, log->bundle_size + part_size, err);
        if (status < 0)
            return status;
        memcpy(log->bundle + log->bundle_size, entries, part_size);
        memcpy(&level->hashes[level->count], leaves, part * sizeof(*leaves));
        log->bundle_size += part_size;
        level->count += (unsigned)part;
        log->size += part;
        if (level->count == TILE_WIDTH) {
            status = put_full(log, TILE_ENTRIES, log->size / TILE_WIDTH - 1, log->bundle, log->bundle_size, &log->bundle_partials, err);
            if (status == 0)
                status = carry(log, err);
            if (status < 0)
                return status;
            log->bundle_size = 0;
        }
        entries += part_size;
        size -= part_size;
        leaves += part;
        count -= part;
    }
    return 0;
}

void log_root(const struct log *log, uint64_t size, struct merkle_hash *ret_root)
{
    struct merkle_range range = {.size = 0};

    for (int level = TILE_LEVELS - 1; level >= 0; level--)
        for (unsigned i = 0; i < log->levels[level].count && range.size < size; i++)
            merkle_add_full(&range, (unsigned)(TILE_HEIGHT * level), &log->levels[level].hashes[i]);
    merkle_root(&range, ret_root);
}

/* ---- checkpoints ---- */

static int put_partials(struct log *log, uint64_t size, struct error *err)
{
    int status = 0;

    for (int level = size == log->size ? 0 : 1; level < TILE_LEVELS && status == 0; level++) {
        struct log_level *at = &log->levels[level];
        uint64_t index = last_index(size, level);

        if (at->count == 0)
            continue;
        status = put_partial(log, level, index, at->count, at->hashes, at->count * MERKLE_HASH_SIZE, &at->partials, err);
        if (status == 0 && level == 0)
            status = put_partial(log, TILE_ENTRIES, index, at->count, log->bundle, log->bundle_size, &log->bundle_partials, err);
    }
    return status;
}

/* Signed twice: plainly, and with the time, so that a log in which nothing happens still shows that it lives. */
static int sign(struct log *log, const struct checkpoint *checkpoint, struct text *out, struct error *err)
{
    auto_text struct text body = {0};
    uint64_t time_s = log->machine->time_us(log->machine->context) / 1000000;
    int status;

    checkpoint_print(checkpoint, &body);
    text_add_n(out, body.data, body.length);
    text_add(out, "\n");
    if (body.is_broken)
        return error_memory(err);
    status = note_sign(log->options.signer, NOTE_ED25519, 0, body.data, body.length, out, err);
    if (status == 0)
        status = note_sign(log->options.signer, NOTE_COSIGNATURE, time_s, body.data, body.length, out, err);
    return status == 0 && out->is_broken ? error_memory(err) : status;
}

int log_publish(struct log *log, uint64_t size, struct error *err)
{
    struct checkpoint checkpoint = {.size = size};
    auto_text struct text text = {0};
    int status = put_partials(log, size, err);

    if (status == 0 && log->blobs)
        status = error_system(err, ENOSPC, "%s: publish %llu records", log->path, (unsigned long long)size);
    if (status < 0)
        return status;
    text_put(checkpoint.origin, sizeof(checkpoint.origin), log->origin);
    log_root(log, size, &checkpoint.root);
    status = sign(log, &checkpoint, &text, err);
    if (status < 0)
        return status;
    status = put_now(log, "checkpoint", text.data, text.length);
    if (status < 0)
        return error_system(err, -status, "%s: write the checkpoint", log->path);
    log->published = size;
    log->has_checkpoint = true;
    return 0;
}
