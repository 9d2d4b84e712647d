/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of one machine, as its only writer has it: records go in, are made durable in groups, and are published as C2SP
 * tlog-tiles with signed checkpoints. What log_commit() has acknowledged is there after any loss of power; what was damaged
 * meanwhile is said. Not for several threads.
 *
 *   directory/checkpoint, directory/tile/…    what everybody may read and copy
 *   directory/journal/…                       what is durable and not yet certainly in tiles
 *   directory/minimum, hold, lock, reserve    what has been pruned, what may not be; one writer at a time; room for last words
 */
#ifndef CORDON_AUDIT_LOG_H
#define CORDON_AUDIT_LOG_H

#include "audit/merkle.h"
#include "audit/note.h"
#include "audit/stamp.h"

struct log;
struct log_machine;

struct log_options {
    const char *origin;               /* "cordon/<trust domain>/<host>": the name in checkpoints, and of the key */
    const struct note_signer *signer; /* of that name; the caller's, until log_close() */
    const struct log_machine *machine; /* NULL = this one's (machine.h); tests lose power with another */
    uint64_t segment_bytes;           /* of a part of the journal; 0 = 64 MiB */
    uint64_t writer_bytes_max;        /* a writer's share of a second; 0 = no bound */
    uint64_t free_bytes_min;          /* so much of the disk agents leave free; 0 = nothing */
    bool is_volatile;                 /* nothing is waited for: for measuring, and for logs that may be lost */
};

/* What log_open() reads outside of the log's directory: before, for who gives all other files up. */
void log_prepare(void);

/*
 * Open or make it, with what a loss of power left. ERROR_FORBIDDEN: another process writes it. -EBADMSG: acknowledged records
 * are damaged; the text says which file, and nothing is changed.
 */
int log_open(const char *directory, const struct log_options *options, struct log **ret_log, struct error *err) must_check;
/* Publishes what is durable. What was appended and not committed is gone. */
void log_close(struct log *log);

enum log_taken {
    LOG_TAKEN = 0,
    LOG_DOUBLE = 1, /* a number that this writer has used: it is in the log already, or among what waits */
};

/*
 * One record of this writer, of which `number` is higher than all before. It is not durable before log_commit(). LOG_TAKEN,
 * LOG_DOUBLE, or -ENOSPC (ERROR_LIMIT: no room on the disk), -EDQUOT (ERROR_LIMIT: the writer has had its share of this second, or is an
 * agent and the disk is nearly full: again later), -EINVAL/-EBADMSG/-EMSGSIZE (no record), -EIO (the disk failed: only log_close()
 * is left). Where the group grows too large it is committed first.
 */
int log_append(struct log *log, const struct stamp_label *label, uint64_t number, const char *body, size_t size,
               struct error *err) must_check;

/* Records of a writer that somebody else lost: added to its count, and a record of the log's own. */
int log_lose(struct log *log, const struct stamp_label *label, uint64_t count, struct error *err) must_check;
/* What was counted and not said yet becomes records of the log's own, as with each log_tick(). */
int log_say_losses(struct log *log, struct error *err) must_check;

/*
 * All that was appended is durable: *ret_size (may be NULL) records in all. On failure nothing of the group was taken (-ENOSPC), or
 * it is not known what was (-EIO: the log takes nothing more, and opened anew tells).
 */
int log_commit(struct log *log, uint64_t *ret_size, struct error *err) must_check;

/* The last number of this writer that is durable; 0 = none: from where it goes on after a restart. */
uint64_t log_number(const struct log *log, const char *writer);

/*
 * About once a second: checkpoint, retries, and the log's own records (clock, disk, losses), which the next commit makes
 * durable. log_commit() publishes by itself after 1,000 records.
 */
int log_tick(struct log *log, struct error *err) must_check;

/* Sign a checkpoint over all that is durable, now, also where nothing is new. */
int log_checkpoint(struct log *log, struct error *err) must_check;

/*
 * Remove entries and tiles below `minimum`; every later proof stays possible. Refused (-EPERM) where the file `hold` has a
 * lower number: what a legal hold keeps. The log records it.
 */
int log_prune(struct log *log, uint64_t minimum, struct error *err) must_check;

uint64_t log_size(const struct log *log);    /* durable */
uint64_t log_pending(const struct log *log); /* appended, not yet durable */
/* What was found when it was opened, one line each, with newlines: empty = nothing. */
const char *log_findings(const struct log *log);

#endif
