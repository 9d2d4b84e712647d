/* SPDX-License-Identifier: Apache-2.0 */
/* Entries against the tiles of level 0, and those against level 1: what takes the time, so by several threads, each a run of bundles. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/tile.h"
#include "audit/verify/verify.h"
#include "base/memory.h"

#define THREADS_MAX 64
#define ROOM_MIN    ((size_t)64 << 10)

struct part {
    const struct verify_log *log;
    uint64_t from, to; /* entries */
    uint64_t records;
    unsigned char *bundle;
    size_t room;
    struct verify_cache *cache;
    struct verify_numbers *numbers;
    pthread_t thread;
    bool has_thread;
};

ssize_t verify_read(const struct verify_log *log, const char *name, void *bytes, size_t room)
{
    auto_close int fd = openat(log->directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    size_t size = 0;
    char more;

    if (fd < 0)
        return -errno;
    for (;;) {
        ssize_t got = size < room ? read(fd, (char *)bytes + size, room - size) : read(fd, &more, 1);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            return (ssize_t)size;
        if (size == room)
            return -E2BIG;
        size += (size_t)got;
    }
}

/* The file of this width; where it is partial, the full one does as well. Says what is wrong with it. */
static ssize_t read_tile(const struct verify_log *log, int level, uint64_t index, unsigned width, void *bytes, size_t room,
                         char ret_name[TILE_PATH_SIZE])
{
    bool is_bundle = level == TILE_ENTRIES;
    ssize_t size;

    tile_path(level, index, width, ret_name);
    size = verify_read(log, ret_name, bytes, room);
    if (size == -ENOENT && width < TILE_WIDTH) {
        tile_path(level, index, TILE_WIDTH, ret_name);
        size = verify_read(log, ret_name, bytes, room);
        if (size == -ENOENT)
            tile_path(level, index, width, ret_name);
    }
    if (size == -ENOENT)
        verify_say(log->verify, is_bundle ? VERIFY_FOUND_BUNDLE_MISSING : VERIFY_FOUND_TILE_MISSING, ret_name, "there is no such file");
    else if (size == -E2BIG)
        verify_say(log->verify, is_bundle ? VERIFY_FOUND_BUNDLE_LENGTH : VERIFY_FOUND_TILE_LENGTH, ret_name, "larger than it can be");
    else if (size < 0)
        verify_say(log->verify, VERIFY_FOUND_UNREADABLE, ret_name, "%s", strerror((int)-size));
    return size;
}

static bool load(const struct verify_log *log, struct verify_cache *cache, int level, uint64_t index)
{
    unsigned width = tile_width(level, index, log->checkpoint.size), named = width;
    char name[TILE_PATH_SIZE];
    ssize_t size;

    if (cache->tiles[level].width && cache->tiles[level].index == index)
        return true;
    cache->tiles[level].width = 0;
    size = read_tile(log, level, index, width, cache->tiles[level].hashes, TILE_BYTES, name);
    if (size < 0)
        return false;
    if (!strstr(name, ".p/"))
        named = TILE_WIDTH; /* a full one that later records have filled */
    if ((size_t)size != named * (size_t)MERKLE_HASH_SIZE) {
        verify_say(log->verify, VERIFY_FOUND_TILE_LENGTH, name, "%zd bytes, where %u hashes have %u", size, named, named * MERKLE_HASH_SIZE);
        return false;
    }
    cache->tiles[level].index = index;
    cache->tiles[level].width = width;
    return true;
}

bool verify_hash(const struct verify_log *log, struct verify_cache *cache, int level, uint64_t at, struct merkle_hash *ret_hash)
{
    if (!load(log, cache, level, at / TILE_WIDTH))
        return false;
    *ret_hash = cache->tiles[level].hashes[at % TILE_WIDTH];
    return true;
}

/* ---- one bundle ---- */

static void check_entry(struct part *part, uint64_t index, const unsigned char *entry, size_t size, const char *name)
{
    struct verify *verify = part->log->verify;
    struct merkle_hash leaf;
    struct stamp stamp;
    const char *body;
    size_t body_size;
    char what[32];

    snprintf(what, sizeof(what), "record %llu", (unsigned long long)index);
    merkle_leaf(entry, size, &leaf);
    if (!merkle_equal(&leaf, &part->cache->tiles[0].hashes[index % TILE_WIDTH]))
        verify_say(verify, VERIFY_FOUND_ENTRY_HASH, what, "what %s holds is not what was logged", name);
    else if (!stamp_read(entry, size, &stamp, &body, &body_size))
        verify_say(verify, VERIFY_FOUND_STAMP, what, "logged, but not in the form of this log's records");
    else if (stamp.sequence != index)
        verify_say(verify, VERIFY_FOUND_SEQUENCE, what, "its own words say that it is record %llu", (unsigned long long)stamp.sequence);
    else
        verify_numbers_take(part->numbers, &stamp);
    part->records++;
}

/* As much as the file has now, which a bundle that is there keeps: at least a usual one's. */
static bool make_room(struct part *part, uint64_t index, unsigned width)
{
    char name[TILE_PATH_SIZE];
    struct stat about = {.st_size = 0};
    size_t room = ROOM_MIN;
    void *bundle;

    tile_path(TILE_ENTRIES, index, width, name);
    if (fstatat(part->log->directory, name, &about, AT_SYMLINK_NOFOLLOW) < 0) {
        tile_path(TILE_ENTRIES, index, TILE_WIDTH, name);
        (void)!fstatat(part->log->directory, name, &about, AT_SYMLINK_NOFOLLOW);
    }
    while (room < (size_t)about.st_size && room < BUNDLE_SIZE_MAX)
        room *= 2;
    if (room <= part->room)
        return true;
    bundle = realloc(part->bundle, room);
    if (!bundle)
        return false;
    part->bundle = bundle;
    part->room = room;
    return true;
}

static void check_bundle(struct part *part, uint64_t index)
{
    const struct verify_log *log = part->log;
    unsigned width = tile_width(TILE_ENTRIES, index, log->checkpoint.size), count = 0;
    uint64_t first = index * TILE_WIDTH;
    const unsigned char *entry;
    char name[TILE_PATH_SIZE];
    size_t at = 0, length;
    ssize_t size;

    if (!make_room(part, index, width)) {
        verify_say(log->verify, VERIFY_FOUND_UNREADABLE, "entries", "out of memory");
        return;
    }
    size = read_tile(log, TILE_ENTRIES, index, width, part->bundle, part->room, name);
    if (size < 0 || !load(log, part->cache, 0, index))
        return;
    for (; count < width && bundle_next(part->bundle, (size_t)size, &at, &entry, &length); count++)
        if (first + count >= part->from && first + count < part->to)
            check_entry(part, first + count, entry, length, name);
    if (count < width)
        verify_say(log->verify, VERIFY_FOUND_BUNDLE_LENGTH, name, "it ends in entry %u of %u", count, width);
    else if (at < (size_t)size && (strstr(name, ".p/") || width == TILE_WIDTH))
        verify_say(log->verify, VERIFY_FOUND_BUNDLE_LENGTH, name, "%zu bytes behind its last entry", (size_t)size - at);
}

/* A full tile of level 0 against its hash in level 1. */
static void check_tile(struct part *part, uint64_t index)
{
    struct merkle_hash root, expected;
    char name[TILE_PATH_SIZE], above[TILE_PATH_SIZE];

    if (part->cache->tiles[0].width != TILE_WIDTH || part->cache->tiles[0].index != index)
        return;
    merkle_over(part->cache->tiles[0].hashes, TILE_WIDTH, &root);
    if (!verify_hash(part->log, part->cache, 1, index, &expected) || merkle_equal(&root, &expected))
        return;
    tile_path(0, index, TILE_WIDTH, name);
    tile_path(1, index / TILE_WIDTH, tile_width(1, index / TILE_WIDTH, part->log->checkpoint.size), above);
    verify_say(part->log->verify, VERIFY_FOUND_TILE_HASH, name, "hash %llu of %s is another", (unsigned long long)(index % TILE_WIDTH), above);
}

static void *check_part(void *argument)
{
    struct part *part = argument;

    for (uint64_t index = part->from / TILE_WIDTH; index * TILE_WIDTH < part->to; index++) {
        check_bundle(part, index);
        check_tile(part, index);
    }
    merkle_release();
    return NULL;
}

/* ---- all of them ---- */

static void join_parts(struct verify *verify, struct part *parts, unsigned count, bool is_whole)
{
    for (unsigned i = 0; i < count; i++) {
        if (parts[i].has_thread)
            pthread_join(parts[i].thread, NULL);
        verify->records += parts[i].records;
        if (i > 0)
            verify_numbers_join(parts[0].numbers, parts[i].numbers);
    }
    verify_numbers_say(parts[0].numbers, verify, is_whole);
    for (unsigned i = 0; i < count; i++) {
        verify_numbers_free(parts[i].numbers);
        mem_free(parts[i].cache);
        free(parts[i].bundle);
    }
}

void verify_entries(const struct verify_log *log, uint64_t from, uint64_t to)
{
    static struct part parts[THREADS_MAX];
    uint64_t bundles = (to + TILE_WIDTH - 1) / TILE_WIDTH - from / TILE_WIDTH, first = from / TILE_WIDTH;
    unsigned count = log->verify->thread_count < THREADS_MAX ? log->verify->thread_count : THREADS_MAX;

    if (from >= to)
        return;
    if (count > bundles)
        count = (unsigned)bundles;
    for (unsigned i = 0; i < count; i++) {
        uint64_t begin = (first + bundles * i / count) * TILE_WIDTH, end = (first + bundles * (i + 1) / count) * TILE_WIDTH;

        parts[i] = (struct part){.log = log, .from = begin > from ? begin : from, .to = end < to ? end : to,
                                 .cache = mem_alloc(sizeof(struct verify_cache)), .numbers = verify_numbers_new()};
        if (!parts[i].cache || !parts[i].numbers)
            abort();
    }
    for (unsigned i = 1; i < count; i++) {
        parts[i].has_thread = pthread_create(&parts[i].thread, NULL, check_part, &parts[i]) == 0;
        if (!parts[i].has_thread)
            check_part(&parts[i]);
    }
    check_part(&parts[0]);
    join_parts(log->verify, parts, count, from == 0);
}
