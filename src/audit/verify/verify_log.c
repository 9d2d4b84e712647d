/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole log. From the top down: who signed the checkpoint; the last tile of each level, which together have its root; each full tile
 * against the hash of it in the level above; entries. So what does not fit is named where it lies.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audit/proof.h"
#include "audit/tile.h"
#include "audit/verify/verify.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"

/* ---- notes ---- */

static void check_time(struct verify *verify, const struct note *note, const char *name)
{
    struct note_key clock = verify->key;
    uint64_t time_s = 0, now = (uint64_t)time(NULL);
    enum note_verdict verdict;

    clock.type = NOTE_COSIGNATURE;
    clock.id = note_key_id_of(&clock);
    verdict = note_verify(note, &clock, &time_s);
    if (verdict == NOTE_FORGED)
        verify_say(verify, VERIFY_FOUND_CHECKPOINT_FORGED, name, "its time was not signed by %s", clock.name);
    else if (verdict == NOTE_UNSIGNED)
        verify_say(verify, VERIFY_FOUND_CHECKPOINT_UNSIGNED, name, "its time is not signed by %s with the key that was given", clock.name);
    else if (verify->max_age_s && time_s + verify->max_age_s < now)
        verify_say(verify, VERIFY_FOUND_STALE, name, "it is %llu seconds old: does the log still run?", (unsigned long long)(now - time_s));
}

void verify_note(struct verify *verify, const struct note *note, const struct checkpoint *checkpoint, const char *name)
{
    enum note_verdict verdict;

    if (!verify->has_key)
        return;
    verdict = note_verify(note, &verify->key, NULL);
    if (verdict == NOTE_FORGED)
        verify_say(verify, VERIFY_FOUND_CHECKPOINT_FORGED, name, "the signature of %s does not hold", verify->key.name);
    else if (verdict == NOTE_UNSIGNED)
        verify_say(verify, VERIFY_FOUND_CHECKPOINT_UNSIGNED, name, "not signed by %s with the key that was given", verify->key.name);
    if (strcmp(checkpoint->origin, verify->key.name) != 0)
        verify_say(verify, VERIFY_FOUND_ORIGIN, name, "it is of %s, the key of %s", checkpoint->origin, verify->key.name);
    check_time(verify, note, name);
}

void verify_witnesses(struct verify *verify, const struct note *note, const char *name)
{
    unsigned held = 0;

    for (unsigned i = 0; i < verify->witness_count; i++) {
        enum note_verdict verdict = note ? note_verify(note, &verify->witnesses[i], NULL) : NOTE_UNSIGNED;

        held += verdict == NOTE_SIGNED;
        if (verdict == NOTE_FORGED)
            verify_say(verify, VERIFY_FOUND_WITNESS_FORGED, name, "the cosignature of %s does not hold", verify->witnesses[i].name);
    }
    if (held < verify->quorum)
        verify_say(verify, VERIFY_FOUND_WITNESS_MISSING, name, "%u of the %u witnesses that were asked for have signed it", held, verify->quorum);
}

/* A checkpoint from a file. false = it could not be read; that has been said. */
static bool read_checkpoint(struct verify *verify, int directory, const char *name, char **ret_text, struct note *ret_note,
                            struct checkpoint *ret_checkpoint)
{
    auto_close int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (directory == AT_FDCWD ? 0 : O_NOFOLLOW));
    auto_free char *text = NULL;
    struct error err = ERROR_INIT;
    size_t size;
    int status = fd < 0 ? -errno : file_read_fd(fd, name, NOTE_SIZE_MAX, &text, &size, &err);

    if (status == -ENOENT) {
        verify_say(verify, VERIFY_FOUND_CHECKPOINT_MISSING, name, "there is no such file");
        return false;
    }
    if (fd < 0 || (status < 0 && err.kind != ERROR_LIMIT)) {
        verify_say(verify, VERIFY_FOUND_UNREADABLE, name, "%s", strerror(-status));
        return false;
    }
    if (status == 0)
        status = note_parse(text, size, ret_note, &err);
    if (status == 0)
        status = checkpoint_read(ret_note->body, ret_note->body_size, ret_checkpoint, &err);
    if (status < 0) {
        verify_say(verify, VERIFY_FOUND_CHECKPOINT_DAMAGED, name, "%s", err.text);
        return false;
    }
    *ret_text = take_ptr(text);
    return true;
}

/* ---- tiles ---- */

static uint64_t count_at(uint64_t size, int level)
{
    return level < TILE_LEVELS ? size >> (TILE_HEIGHT * level) : 0;
}

/* The last hashes of each level, the root over which is the tree's. */
static bool check_root(const struct verify_log *log, struct verify_cache *cache)
{
    struct merkle_range range = {.size = 0};
    struct merkle_hash root;

    for (int level = TILE_LEVELS - 1; level >= 0; level--) {
        uint64_t count = count_at(log->checkpoint.size, level), from = count / TILE_WIDTH * TILE_WIDTH;

        for (uint64_t at = from; at < count; at++) {
            struct merkle_hash hash;

            if (!verify_hash(log, cache, level, at, &hash))
                return false;
            merkle_add_full(&range, (unsigned)(TILE_HEIGHT * level), &hash);
        }
    }
    merkle_root(&range, &root);
    if (merkle_equal(&root, &log->checkpoint.root))
        return true;
    verify_say(log->verify, VERIFY_FOUND_ROOT, "checkpoint", "the tiles lead to another root");
    return false;
}

/* Each full tile of a level above 0 against the level above it. */
static void check_level(const struct verify_log *log, struct verify_cache *cache, int level)
{
    uint64_t tiles = count_at(log->checkpoint.size, level) / TILE_WIDTH;

    for (uint64_t index = log->minimum >> (TILE_HEIGHT * (level + 1)); index < tiles; index++) {
        struct merkle_hash hash, root, expected;
        char name[TILE_PATH_SIZE];

        if (!verify_hash(log, cache, level, index * TILE_WIDTH, &hash))
            continue;
        merkle_over(cache->tiles[level].hashes, TILE_WIDTH, &root);
        tile_path(level, index, TILE_WIDTH, name);
        if (verify_hash(log, cache, level + 1, index, &expected) && !merkle_equal(&root, &expected))
            verify_say(log->verify, VERIFY_FOUND_TILE_HASH, name, "the hash of it in level %d is another", level + 1);
    }
}

static bool is_length(int level, unsigned width, size_t size, const unsigned char *bytes)
{
    const unsigned char *entry;
    size_t at = 0, length;

    if (level != TILE_ENTRIES)
        return size == width * (size_t)MERKLE_HASH_SIZE;
    while (width-- > 0)
        if (!bundle_next(bytes, size, &at, &entry, &length))
            return false;
    return at == size;
}

/* A partial tile of a former checkpoint is how the last one began. */
static void check_partial(const struct verify_log *log, int level, uint64_t index, unsigned width, const unsigned char *now, size_t now_size)
{
    auto_free unsigned char *bytes = mem_alloc(now_size + 1);
    char name[TILE_PATH_SIZE];
    ssize_t size;

    tile_path(level, index, width, name);
    size = bytes ? verify_read(log, name, bytes, now_size) : -ENOMEM;
    if (size == -E2BIG || (size >= 0 && (!is_length(level, width, (size_t)size, bytes) || memcmp(bytes, now, (size_t)size) != 0)))
        verify_say(log->verify, VERIFY_FOUND_TILE_HASH, name, "it is not how the last one of its place begins");
    else if (size < 0)
        verify_say(log->verify, VERIFY_FOUND_UNREADABLE, name, "%s", strerror((int)-size));
}

static void check_partials(const struct verify_log *log, int level)
{
    uint64_t index = count_at(log->checkpoint.size, level == TILE_ENTRIES ? 0 : level) / TILE_WIDTH;
    unsigned width = tile_width(level, index, log->checkpoint.size);
    size_t room = level == TILE_ENTRIES ? BUNDLE_SIZE_MAX : TILE_BYTES, size = 0;
    auto_free char *now = NULL;
    char name[TILE_PATH_SIZE];
    struct dirent *entry;
    DIR *entries = NULL;
    int fd;

    tile_path(level, index, width, name);
    fd = width ? openat(log->directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
    if (fd >= 0)
        (void)!file_read_fd(fd, name, room, &now, &size, NULL);
    fd_close_at(&fd);
    tile_partials_path(level, index, name);
    fd = size > 0 ? openat(log->directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0)
        entries = fdopendir(fd);
    while (entries && (entry = readdir(entries))) {
        uint64_t old;

        if (number_parse(entry->d_name, 1, TILE_WIDTH - 1, &old, NULL) == 0 && old < width)
            check_partial(log, level, index, (unsigned)old, (unsigned char *)now, size);
    }
    if (entries)
        closedir(entries);
}

/* ---- against what somebody else has ---- */

static int node(void *context, unsigned height, uint64_t index, struct merkle_hash *ret_hash, struct error *err)
{
    return reader_node(context, height, index, ret_hash, err);
}

/* Does the log go on where this checkpoint was? */
static void check_growth(const struct verify_log *log, const char *directory, const struct checkpoint *old, const char *name)
{
    auto_reader struct reader *reader = NULL;
    struct error err = ERROR_INIT;
    struct merkle_hash root;

    if (strcmp(old->origin, log->checkpoint.origin) != 0)
        verify_say(log->verify, VERIFY_FOUND_ORIGIN, name, "it is of %s, not of %s", old->origin, log->checkpoint.origin);
    else if (old->size > log->checkpoint.size)
        verify_say(log->verify, VERIFY_FOUND_REWRITTEN, name, "%llu records were there, and now %llu", (unsigned long long)old->size,
                   (unsigned long long)log->checkpoint.size);
    else if (old->size < log->minimum)
        verify_say(log->verify, VERIFY_FOUND_UNREADABLE, name, "of before what was pruned: ask for the tiles");
    else if (reader_open(directory, NULL, &reader, &err) < 0 || proof_root(node, reader, old->size, &root, &err) < 0)
        verify_say(log->verify, VERIFY_FOUND_UNREADABLE, name, "%s", err.text);
    else if (!merkle_equal(&root, &old->root))
        verify_say(log->verify, VERIFY_FOUND_REWRITTEN, name, "the first %llu records are not those that were there", (unsigned long long)old->size);
}

static void check_other(const struct verify_log *log, const char *directory, int at, const char *name, bool has_witnesses)
{
    auto_free char *text = NULL;
    struct checkpoint checkpoint;
    struct note note;

    if (!read_checkpoint(log->verify, at, name, &text, &note, &checkpoint))
        return;
    if (log->verify->has_key && note_verify(&note, &log->verify->key, NULL) != NOTE_SIGNED)
        verify_say(log->verify, VERIFY_FOUND_CHECKPOINT_UNSIGNED, name, "not signed by %s with the key that was given", log->verify->key.name);
    if (has_witnesses)
        verify_witnesses(log->verify, &note, name);
    check_growth(log, directory, &checkpoint, name);
}

static uint64_t read_minimum(const struct verify_log *log)
{
    char text[32] = "";
    ssize_t size = verify_read(log, "minimum", text, sizeof(text) - 1);
    uint64_t minimum = 0;

    if (size == -ENOENT)
        return 0;
    text[strcspn(text, "\n")] = '\0';
    if (size < 0 || number_parse(text, 0, INT64_MAX, &minimum, NULL) < 0)
        verify_say(log->verify, VERIFY_FOUND_UNREADABLE, "minimum", "no number: nothing is taken as pruned");
    return minimum;
}

static void check_tiles(const struct verify_log *log)
{
    struct verify_cache *cache = mem_alloc(sizeof(*cache));
    uint64_t to = log->verify->to < log->checkpoint.size ? log->verify->to : log->checkpoint.size;
    uint64_t from = log->verify->from > log->minimum ? log->verify->from : log->minimum;

    if (!cache)
        abort();
    check_root(log, cache);
    for (int level = TILE_LEVELS - 2; level > 0; level--)
        check_level(log, cache, level);
    for (int level = TILE_ENTRIES; level < TILE_LEVELS - 1; level++)
        check_partials(log, level);
    mem_free(cache);
    verify_entries(log, from, to);
}

void verify_log(struct verify *verify, const char *directory)
{
    struct verify_log log = {.verify = verify, .directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    auto_free char *text = NULL;
    struct note note;

    if (log.directory < 0) {
        verify_say(verify, VERIFY_FOUND_UNREADABLE, directory, "%s", strerror(errno));
        return;
    }
    if (read_checkpoint(verify, log.directory, "checkpoint", &text, &note, &log.checkpoint)) {
        verify->size = log.checkpoint.size;
        log.minimum = read_minimum(&log);
        verify_note(verify, &note, &log.checkpoint, "checkpoint");
        check_tiles(&log);
        if (verify->witness_count)
            check_other(&log, directory, log.directory, "witness/checkpoint", true);
        if (verify->since)
            check_other(&log, directory, AT_FDCWD, verify->since, false);
    }
    close(log.directory);
}
