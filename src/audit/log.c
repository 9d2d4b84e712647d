/* SPDX-License-Identifier: Apache-2.0 */
/* Records in, groups made durable, time passing. The tree and its files are log_tree.c's. */
#include "audit/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "audit/log_state.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

#define SEGMENT_DEFAULT (64u << 20)
#define RESERVE_BYTES   (1u << 20)
#define SECOND_US       1000000
#define LEAVES_MIN      1024

/* ---- opening ---- */

static int check_options(const struct log_options *options, struct error *err)
{
    struct note_key key;

    if (options->segment_bytes && (options->segment_bytes < JOURNAL_SEGMENT_MIN || options->segment_bytes > JOURNAL_SEGMENT_MAX))
        return error_set(err, ERROR_INVALID, EINVAL, "a part of the journal has 256 KiB to 1 GiB");
    note_signer_key(options->signer, NOTE_ED25519, &key);
    if (strcmp(key.name, options->origin) != 0)
        return error_set(err, ERROR_INVALID, EINVAL, "the key of %s does not sign for the log %s", key.name, options->origin);
    return 0;
}

static int open_directory(struct log *log, const char *directory, struct error *err)
{
    log->path = mem_string(directory);
    log->origin = mem_string(log->options.origin);
    if (!log->path || !log->origin)
        return error_memory(err);
    log->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (log->directory < 0)
        return error_system(err, errno, "open the log %s", directory);
    log->lock = openat(log->directory, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (log->lock < 0)
        return error_system(err, errno, "%s/lock", directory);
    if (flock(log->lock, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? error_set(err, ERROR_FORBIDDEN, EBUSY, "%s: another process writes this log", directory)
                                    : error_system(err, errno, "%s/lock", directory);
    return 0;
}

/* Which start of this machine it is; "unknown" where that cannot be read. */
static char machine_boot[STAMP_BOOT_SIZE];

void log_prepare(void)
{
    auto_free char *text = NULL;
    size_t size, count = 0;

    if (*machine_boot || file_read("/proc/sys/kernel/random/boot_id", 64, &text, &size, NULL) < 0)
        return;
    for (size_t i = 0; i < size && count < STAMP_BOOT_SIZE - 1; i++)
        if ((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f'))
            machine_boot[count++] = text[i];
}

static void read_boot(struct log *log)
{
    log_prepare();
    text_put(log->boot, sizeof(log->boot), *machine_boot ? machine_boot : "unknown");
}

static void take_reserve(struct log *log)
{
    int fd = -1;

    log->has_reserve = log->machine->reserve(log->machine->context, log->directory, "reserve", RESERVE_BYTES, &fd) == 0;
    fd_close_at(&fd);
}

static int rotate(struct log *log, struct error *err)
{
    auto_text struct text writers = {0};
    int status = writers_print(log->writers, &writers, err);

    if (status < 0)
        return status;
    status = journal_rotate(&log->journal, log->size, writers.data ? writers.data : "", writers.length);
    log->is_stuck = status == -ENOSPC || status == -EDQUOT;
    if (status == -ENOSPC || status == -EDQUOT)
        return error_set(err, ERROR_LIMIT, ENOSPC, "%s: no room on the disk for a new part of the journal", log->path);
    return status < 0 ? error_system(err, -status, "%s: begin a new part of the journal", log->path) : 0;
}

int log_restart(struct log *log, struct error *err)
{
    const struct journal_frame records = {.kind = JOURNAL_RECORDS, .count = log->levels[0].count, .first = log->size - log->levels[0].count,
                                          .bytes = log->bundle, .size = log->bundle_size, .leaves = log->levels[0].hashes};
    auto_text struct text writers = {0};
    int status = writers_print(log->writers, &writers, err);

    if (status < 0)
        return status;
    status = log->blobs ? -ENOSPC : 0;
    if (status == 0 && log->size > 0 && !log->options.is_volatile)
        status = log->machine->sync_all(log->machine->context, log->directory);
    if (status == 0)
        status = journal_restart(&log->journal, writers.data ? writers.data : "", writers.length, &records);
    if (status == -ENOSPC || status == -EDQUOT)
        return error_set(err, ERROR_LIMIT, ENOSPC, "%s: no room on the disk to begin a journal", log->path);
    if (status < 0)
        return error_system(err, -status, "%s: begin the journal", log->path);
    log->safe = records.first;
    return 0;
}

static int begin(struct log *log, const char *directory, struct error *err)
{
    const struct log_machine *machine = log->machine;
    int status = merkle_prepare(err);

    if (status == 0)
        status = open_directory(log, directory, err);
    if (status < 0)
        return status;
    if (machine->make_directory(machine->context, log->directory, "journal") < 0 ||
        machine->make_directory(machine->context, log->directory, "tile") < 0)
        return error_system(err, errno, "%s: make its directories", directory);
    status = log->options.is_volatile ? 0 : machine->sync_directory(machine->context, log->directory, "."); /* what is in them lasts with them */
    if (status < 0)
        return error_system(err, -status, "%s: keep its directories", directory);
    read_boot(log);
    status = writers_new(&log->writers, err);
    if (status == 0)
        status = syncer_new(machine, log->directory, &log->syncer, err);
    if (status == 0)
        status = hasher_new(machine->is_threaded, &log->hasher, err);
    if (status < 0)
        return status;
    log->journal = (struct journal){.machine = machine, .directory = log->directory, .fd = -1, .is_volatile = log->options.is_volatile,
                                    .segment_bytes = log->options.segment_bytes ? log->options.segment_bytes : SEGMENT_DEFAULT};
    status = log_recover(log, err);
    if (status == 0)
        status = log_restart(log, err);
    if (status == 0)
        take_reserve(log);
    return status;
}

int log_open(const char *directory, const struct log_options *options, struct log **ret_log, struct error *err)
{
    struct log *log = mem_alloc(sizeof(*log));
    int status = log ? check_options(options, err) : error_memory(err);

    if (status < 0) {
        mem_free(log);
        return status;
    }
    log->options = *options;
    log->machine = options->machine ? options->machine : &log_machine_own;
    log->directory = log->lock = log->journal.fd = -1;
    log->blobs_end = &log->blobs;
    status = begin(log, directory, err);
    if (status == 0) {
        log->offset_us = (int64_t)(log->machine->time_us(log->machine->context) - log->machine->mono_us(log->machine->context));
        status = log_say(log, LOG_ACTIVITY_START, "log.opened", log->findings.length ? "opened, with findings" : "opened", "", err);
    }
    if (status < 0) {
        log->is_broken = true;
        log_close(log);
        return status;
    }
    *ret_log = log;
    return 0;
}

static void cancel(struct log *log)
{
    writers_cancel(log->writers);
    log->group_size = log->leaf_count = 0;
}

void log_close(struct log *log)
{
    if (!log)
        return;
    if (!log->is_broken && log->size > 0 && (log->published != log->size || !log->has_checkpoint))
        (void)!log_publish(log, log->size, NULL);
    syncer_free(log->syncer);
    hasher_free(log->hasher);
    journal_finish(&log->journal);
    writers_free(log->writers);
    while (log->blobs) {
        struct log_blob *next = log->blobs->next;

        mem_free(log->blobs);
        log->blobs = next;
    }
    fd_close_at(&log->lock);
    fd_close_at(&log->directory);
    mem_free(log->path);
    mem_free(log->origin);
    mem_free(log->bundle);
    mem_free(log->group);
    mem_free(log->leaves);
    text_finish(&log->findings);
    mem_free(log);
}

/* ---- appending ---- */

static int make_room(struct log *log, size_t size, struct error *err)
{
    if (log->group_size + size > log->group_room) {
        size_t room = log->group_room ? 2 * log->group_room : 256 * 1024;
        unsigned char *group = mem_resize(log->group, room);

        if (!group)
            return error_memory(err);
        log->group = group;
        log->group_room = room;
    }
    if (log->leaf_count == log->leaf_room) {
        size_t room = log->leaf_room ? 2 * log->leaf_room : LEAVES_MIN;
        struct merkle_hash *leaves = mem_resize(log->leaves, room * sizeof(*leaves));

        if (!leaves)
            return error_memory(err);
        log->leaves = leaves;
        log->leaf_room = room;
    }
    return 0;
}

/* Is there room in the journal for the group and so much more? Else that group is done, and another segment begun. */
static int journal_make_room(struct log *log, size_t size, size_t kept_free, struct error *err)
{
    int status;

    if (log->group_size + size + kept_free <= journal_room(&log->journal) && log->group_size + size <= LOG_GROUP_BYTES)
        return 0;
    status = log_commit(log, NULL, err);
    if (status < 0 || size + kept_free <= journal_room(&log->journal))
        return status;
    return rotate(log, err);
}

static void append_entry(struct log *log, const struct stamp *stamp, const char *body, size_t size)
{
    unsigned char *entry = log->group + log->group_size + 2;
    size_t length = stamp_print(stamp, (char *)entry);

    entry[length++] = '\n';
    memcpy(entry + length, body, size);
    length += size;
    entry[-2] = (unsigned char)(length >> 8);
    entry[-1] = (unsigned char)length;
    log->leaf_count++; /* hashed with the others of its group */
    log->group_size += 2 + length;
}

static int append(struct log *log, const struct stamp_label *label, uint64_t number, const char *body, size_t size, size_t kept_free,
                  struct error *err)
{
    struct stamp stamp = {.number = number, .label = *label};
    struct writer *writer;
    int status = journal_make_room(log, size + STAMP_SIZE_MAX + 3, kept_free, err);

    if (status == 0)
        status = make_room(log, size + STAMP_SIZE_MAX + 3, err);
    if (status < 0)
        return status;
    writer = writers_get(log->writers, label->writer);
    if (!writer)
        return error_memory(err);
    stamp.sequence = log->size + log->leaf_count;
    stamp.time_us = log->machine->time_us(log->machine->context);
    stamp.mono_us = log->machine->mono_us(log->machine->context);
    stamp.lost = writer->lost;
    memcpy(stamp.boot, log->boot, sizeof(stamp.boot));
    append_entry(log, &stamp, body, size);
    writer->pending = number;
    writer->index = stamp.sequence;
    writer->bytes += size;
    return LOG_TAKEN;
}

static int refuse_broken(const struct log *log, struct error *err)
{
    return error_set(err, ERROR_SYSTEM, EIO, "%s: the disk failed: what lasts is known when the log is opened anew", log->path);
}

/* Has it had its share, or is it an agent's and the disk nearly full? */
static int check_share(struct log *log, const struct stamp_label *label, size_t size, struct error *err)
{
    struct writer *writer = writers_get(log->writers, label->writer);

    if (!writer)
        return error_memory(err);
    if (log->options.writer_bytes_max && writer->bytes && writer->bytes + size > log->options.writer_bytes_max) {
        writer->was_slowed = true;
        return error_set(err, ERROR_LIMIT, EDQUOT, "writer %s has had its %llu bytes of this second", label->writer,
                         (unsigned long long)log->options.writer_bytes_max);
    }
    if (log->is_full && log->options.free_bytes_min && strcmp(label->actor, "agent") == 0)
        return error_set(err, ERROR_LIMIT, EDQUOT, "%s: the disk is nearly full, what is left is not for agents", log->path);
    return 0;
}

int log_append(struct log *log, const struct stamp_label *label, uint64_t number, const char *body, size_t size, struct error *err)
{
    const struct writer *writer = writers_find(log->writers, label->writer);
    int status;

    if (log->is_broken)
        return refuse_broken(log, err);
    if (number == 0)
        return error_set(err, ERROR_INVALID, EINVAL, "writer %s: numbers run from 1", label->writer);
    if (writer && number <= writer->pending)
        return LOG_DOUBLE;
    status = stamp_body_check(body, size, err);
    if (status == 0)
        status = check_share(log, label, size, err);
    if (status == 0 && log->blobs)
        status = error_set(err, ERROR_LIMIT, ENOSPC, "%s: no room on the disk for tiles", log->path);
    return status < 0 ? status : append(log, label, number, body, size, LOG_OWN_BYTES, err);
}

int log_append_own(struct log *log, const char *body, size_t size, struct error *err)
{
    struct stamp_label label = {.writer = LOG_OWN_WRITER, .uid = geteuid(), .gid = getegid(), .actor = "system"};
    const struct writer *writer = writers_find(log->writers, LOG_OWN_WRITER);

    if (log->is_broken)
        return refuse_broken(log, err);
    if (log->group_size + size + STAMP_SIZE_MAX + 3 > journal_room(&log->journal))
        return error_set(err, ERROR_LIMIT, ENOSPC, "%s: no room for the log's own words", log->path);
    return append(log, &label, writer ? writer->pending + 1 : 1, body, size, 0, err);
}

int log_lose(struct log *log, const struct stamp_label *label, uint64_t count, struct error *err)
{
    struct writer *writer = writers_get(log->writers, label->writer);

    if (!writer)
        return error_memory(err);
    if (__builtin_add_overflow(writer->lost, count, &writer->lost))
        writer->lost = UINT64_MAX;
    return 0;
}

/* ---- making it last ---- */

/* Segments whose records are in tiles that last are no longer needed. */
static void retire(struct log *log)
{
    uint64_t full = log->blobs ? 0 : log->size / TILE_WIDTH * TILE_WIDTH;
    int status;

    if (syncer_is_busy(log->syncer) && syncer_done(log->syncer, &status) && status == 0 && log->syncing > log->safe)
        log->safe = log->syncing;
    if (log->options.is_volatile)
        log->safe = full;
    (void)!journal_retire(&log->journal, log->safe);
    if (log->journal.segment_count > 1 && full >= log->journal.segments[0].end && !syncer_is_busy(log->syncer)) {
        log->syncing = full;
        syncer_start(log->syncer);
    }
}

int log_commit(struct log *log, uint64_t *ret_size, struct error *err)
{
    struct journal_frame frame = {.kind = JOURNAL_RECORDS, .count = (uint32_t)log->leaf_count, .first = log->size, .bytes = log->group,
                                  .size = log->group_size, .leaves = log->leaves};
    int status = 0;

    if (log->is_broken)
        return refuse_broken(log, err);
    if (log->leaf_count > 0) {
        hasher_leaves(log->hasher, log->group, log->group_size, log->leaf_count, log->leaves);
        status = journal_write(&log->journal, &frame);
        if (status < 0) {
            cancel(log);
            log->is_broken = status != -ENOSPC;
            return error_set(err, status == -ENOSPC ? ERROR_LIMIT : ERROR_SYSTEM, -status, "%s: write the journal: %s", log->path, strerror(-status));
        }
        writers_commit(log->writers);
        status = log_grow(log, log->group, log->group_size, log->leaves, log->leaf_count, err);
        log->group_size = log->leaf_count = 0;
        if (status < 0) { /* only memory: what lasts is more than what this process knows */
            log->is_broken = true;
            return status;
        }
    }
    if (ret_size)
        *ret_size = log->size;
    if (log->size - log->published >= LOG_CHECKPOINT_RECORDS && !log->blobs)
        (void)!log_publish(log, log->size / TILE_WIDTH * TILE_WIDTH, NULL); /* where it fails, log_tick() tries again and says so */
    if (log->journal.segment_count > 1)
        retire(log);
    return 0;
}

uint64_t log_number(const struct log *log, const char *name)
{
    const struct writer *writer = writers_find(log->writers, name);

    return writer ? writer->number : 0;
}

/* ---- time passes ---- */

static int look_at_disk(struct log *log, struct error *err)
{
    uint64_t free_bytes = UINT64_MAX;
    bool is_full = log_put_again(log) < 0;
    int status = 0;

    (void)!log->machine->free_bytes(log->machine->context, log->directory, &free_bytes);
    log->is_stuck = log->is_stuck && free_bytes < log->journal.segment_bytes + RESERVE_BYTES;
    is_full = is_full || log->is_stuck || free_bytes < log->options.free_bytes_min;
    if (is_full != log->is_full)
        status = is_full ? log_say(log, LOG_ACTIVITY_OTHER, "log.disk_full", "the disk is full, or nearly", "", err)
                         : log_say(log, LOG_ACTIVITY_OTHER, "log.disk_room", "there is room on the disk again", "", err);
    if (status == 0)
        log->is_full = is_full;
    if (!is_full && !log->has_reserve)
        take_reserve(log);
    return status;
}

static void begin_shares(struct log *log)
{
    uint64_t now = log->machine->mono_us(log->machine->context);

    if (now - log->share_us < SECOND_US)
        return;
    log->share_us = now;
    for (size_t i = 0; i < writers_count(log->writers); i++)
        writers_at(log->writers, i)->bytes = 0;
}

int log_tick(struct log *log, struct error *err)
{
    int (*const steps[])(struct log *, struct error *) = {look_at_disk, log_say_clock, log_say_losses, log_retain};
    int status, worst;

    if (log->is_broken)
        return refuse_broken(log, err);
    begin_shares(log);
    worst = log_commit(log, NULL, err);
    for (size_t i = 0; i < ARRAY_COUNT(steps); i++) {
        status = steps[i](log, worst == 0 ? err : NULL);
        worst = worst == 0 ? status : worst;
    }
    status = log_commit(log, NULL, worst == 0 ? err : NULL);
    worst = worst == 0 ? status : worst;
    if (!log->is_broken) {
        status = log_publish(log, log->size, worst == 0 ? err : NULL);
        worst = worst == 0 ? status : worst;
        retire(log);
    }
    return worst;
}

int log_checkpoint(struct log *log, struct error *err)
{
    return log->is_broken ? refuse_broken(log, err) : log_publish(log, log->size, err);
}

uint64_t log_size(const struct log *log)
{
    return log->size;
}

uint64_t log_pending(const struct log *log)
{
    return log->leaf_count;
}

const char *log_findings(const struct log *log)
{
    return log->findings.data ? log->findings.data : "";
}
