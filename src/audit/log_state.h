/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a log, for log*.c alone. */
#ifndef CORDON_AUDIT_LOG_STATE_H
#define CORDON_AUDIT_LOG_STATE_H

#include "audit/hasher.h"
#include "audit/journal.h"
#include "audit/log.h"
#include "audit/machine.h"
#include "audit/syncer.h"
#include "audit/tile.h"
#include "audit/writers.h"

#define LOG_CHECKPOINT_RECORDS 1000 /* no more than so many without one, when a group is done */
#define LOG_GROUP_BYTES        (16u << 20)
#define LOG_OWN_BYTES          (64u << 10) /* of each segment, for what the log itself has to say */
#define LOG_CLOCK_US           1000000     /* a clock that moves by more is a record */
#define LOG_OWN_WRITER         "cordon-log"

/* Which partial tiles of the last tile of a level are there, whatever is in them, and which was written last by this process. */
struct log_partials {
    unsigned char bits[TILE_WIDTH / 8];
    unsigned written;
};

/* Hashes of a level that are not yet a full tile. */
struct log_level {
    unsigned count;
    struct merkle_hash hashes[TILE_WIDTH];
    struct log_partials partials;
};

/* A file that found no room. */
struct log_blob {
    struct log_blob *next;
    char name[TILE_PATH_SIZE];
    size_t size;
    unsigned char bytes[];
};

struct log {
    const struct log_machine *machine;
    struct log_options options;
    char *origin, *path;
    int directory, lock;
    bool is_recovering; /* tiles that are there as they should be stay: they may be all that is left of what they hold */
    bool is_broken; /* what lasts is not known: nothing more is taken */
    bool is_full;   /* the disk is, or nearly: as the log last said */
    bool is_stuck;  /* no room was found for a new segment */
    bool has_reserve;
    char boot[STAMP_BOOT_SIZE];
    struct journal journal;
    struct writers *writers;
    struct syncer *syncer;
    struct hasher *hasher;
    uint64_t safe; /* records in tiles that last */
    uint64_t syncing; /* ... once the syncer is done */

    /* the tree of what is durable */
    uint64_t size, minimum;
    struct log_level levels[TILE_LEVELS];
    unsigned char *bundle; /* entries of the last, partial bundle */
    size_t bundle_size, bundle_room;
    struct log_partials bundle_partials;
    struct log_blob *blobs, **blobs_end;
    uint64_t published; /* the size in the last checkpoint */
    bool has_checkpoint;

    /* the group that waits */
    unsigned char *group;
    size_t group_size, group_room;
    struct merkle_hash *leaves;
    size_t leaf_count, leaf_room;

    uint64_t retain_us; /* when what is old is looked for, by the clock that nobody moves */

    /* clocks */
    int64_t offset_us; /* of the wall clock against the other; what a record says */
    uint64_t last_us;  /* of the last record before it was opened */
    uint64_t share_us; /* when writers' shares began */

    struct text findings;
};

/* ---- log_tree.c ---- */

/* Entries of a group, as in a bundle, with their leaves: into the tree, and full tiles into files. */
int log_grow(struct log *log, const unsigned char *entries, size_t size, const struct merkle_hash *leaves, size_t count,
             struct error *err) must_check;
/* The root of the first `size` records: all of them, or those in full tiles. */
void log_root(const struct log *log, uint64_t size, struct merkle_hash *ret_root);
/* Write a file, now or when there is room again. Only memory fails. */
int log_put(struct log *log, const char *name, const void *bytes, size_t size, struct error *err) must_check;
/* What found no room: again. -ENOSPC or the like: it still does not. */
int log_put_again(struct log *log) must_check;
/* Remove partial tiles of more records than there are: of what was never acknowledged. */
void log_drop_partials(struct log *log);
/* Partial tiles and a signed checkpoint of `size` records: as log_root(). */
int log_publish(struct log *log, uint64_t size, struct error *err) must_check;

/* ---- log_recover.c ---- */

int log_recover(struct log *log, struct error *err) must_check;

/* ---- log_prune.c ---- */

/* The lowest record that a hold keeps; UINT64_MAX = there is none. */
uint64_t log_held_from(const struct log *log);

/* ---- log_retain.c ---- */

#define LOG_RETAIN_DAYS_MAX 36500
int log_retain(struct log *log, struct error *err) must_check;
/* Not before a day has passed. */
void log_retain_later(struct log *log);

/* ---- log_words.c ---- */

/* Append a record of the log's own. `fields`: JSON members, each with a comma in front, or "". */
int log_say(struct log *log, int activity, const char *event, const char *message, const char *fields, struct error *err) must_check;
/* What a second brings, as log_say_losses(). */
int log_say_clock(struct log *log, struct error *err) must_check;

enum { /* activities of OCSF's class Event Log Activity (1008) */
    LOG_ACTIVITY_DELETE = 2,
    LOG_ACTIVITY_START = 6,
    LOG_ACTIVITY_STOP = 7,
    LOG_ACTIVITY_OTHER = 99,
};

/* ---- log.c ---- */

/* All tiles last, then the journal begins anew with what is in no full tile. No group waits. */
int log_restart(struct log *log, struct error *err) must_check;

/* As log_append(), of the log's own: it has the end of a segment for itself. */
int log_append_own(struct log *log, const char *body, size_t size, struct error *err) must_check;

#endif
