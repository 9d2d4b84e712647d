/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is durable before it is in tiles: parts (segments) of one journal, each a file of fixed size whose room is taken when it is
 * made. A frame holds one group of records, or who wrote what so far, with its number and digest and that of the
 * frame before it. One sync makes one group last, and the next is not begun before.
 */
#ifndef CORDON_AUDIT_JOURNAL_H
#define CORDON_AUDIT_JOURNAL_H

#include "audit/machine.h"
#include "audit/merkle.h"
#include "base/error.h"

#define JOURNAL_SEGMENT_MIN (256u << 10)
#define JOURNAL_SEGMENT_MAX (1u << 30)
#define JOURNAL_SEGMENTS    64
#define JOURNAL_NAME_SIZE   32
#define JOURNAL_FRAME_SIZE  112 /* in front of each frame's bytes */

enum journal_kind {
    JOURNAL_RECORDS = 1, /* entries as in a bundle */
    JOURNAL_WRITERS = 2, /* the first frame of a segment: who has written what up to here (writers.h) */
};

struct journal_segment {
    uint64_t first; /* index of its first record: its name */
    uint64_t end;   /* behind its last */
};

struct journal {
    const struct log_machine *machine;
    int directory; /* the log's; not the journal's to close */
    bool is_volatile;
    uint64_t segment_bytes;
    struct journal_segment segments[JOURNAL_SEGMENTS]; /* the last is written to */
    unsigned segment_count;
    uint64_t stale[JOURNAL_SEGMENTS]; /* segments that a fresh one took the place of and that could not be removed then */
    unsigned stale_count;
    int fd; /* of the last; -1 = none */
    uint64_t offset, group;
    struct merkle_hash digest; /* of the last frame */
};

void journal_name(uint64_t first, char ret_name[JOURNAL_NAME_SIZE]);

struct journal_frame {
    uint32_t kind;  /* enum journal_kind */
    uint32_t count; /* records in it */
    uint64_t first; /* the index of the first of them, or of the next record */
    const void *bytes;
    size_t size; /* at most journal_room() */
    const struct merkle_hash *leaves; /* RECORDS: of each; else NULL */
};

/* Begin a new segment at record `first`, which starts with `writers`. -ENOSPC: nothing has changed. */
int journal_rotate(struct journal *journal, uint64_t first, const void *writers, size_t size) must_check;

/*
 * Begin anew, with the frame `records` of what is not in full tiles: all other segments are removed. What is in tiles lasts already.
 * `writers` are those behind these records.
 */
int journal_restart(struct journal *journal, const void *writers, size_t size, const struct journal_frame *records) must_check;

/* Bytes that a frame can still have here. */
size_t journal_room(const struct journal *journal);

/* A frame that is a group of its own, synced. 0 or -errno; then it is not known whether it lasts. */
int journal_write(struct journal *journal, const struct journal_frame *frame) must_check;

/* Remove segments that end at or below `size`, but the last. */
int journal_retire(struct journal *journal, uint64_t size) must_check;
void journal_finish(struct journal *journal);

/* ---- reading, when the log is opened ---- */

/* Called for each frame in order; `leaves` are computed. Not 0 = stop with that. */
typedef int journal_take(void *context, const struct journal_frame *frame, struct error *err);

/*
 * All segments from the oldest on. The last may end in the middle of a group that was never acknowledged: that is cut off, and
 * *ret_cut bytes tell. -EBADMSG where anything else is wrong: a frame that must have lasted is not there.
 */
int journal_read(struct journal *journal, journal_take *take, void *context, uint64_t *ret_cut, struct error *err) must_check;

#endif
