/* SPDX-License-Identifier: Apache-2.0 */
/* Inside this part: which accesses of a run are recorded already, how often each came again, and what found no room. */
#ifndef CORDON_EVENT_FOLD_H
#define CORDON_EVENT_FOLD_H

#include "base/hash.h"
#include "base/text.h"
#include "event/event.h"

/* One record that was written. */
struct folded {
    uint64_t hash;
    uint64_t more; /* that came after it */
    unsigned sequence;
};

#define FOLD_SOURCE_SIZE 32

struct lost {
    char source[FOLD_SOURCE_SIZE];
    uint64_t count;
};

/* A part of the room: records in it, and their bytes with room for what is told of them at the end. */
struct fold_part {
    size_t count, bytes;
};

struct fold {
    bool has_secret;
    struct hash_secret secret;
    struct text key;      /* of the access that is looked up */
    struct folded *items; /* in the order of their records */
    size_t count;
    uint32_t *slots; /* index into `items` plus one, 0 = free; a power of two of them, never more than half of them taken */
    size_t slot_count;
    struct fold_part refused, used, kinds[OPERATION_COUNT_]; /* the last: of an operation, when `refused` is full */
    struct lost lost[EVENT_SOURCES_MAX];
    size_t lost_count;
};

void fold_finish(struct fold *fold);

/* The record that is equal to `access`, NULL = none. *ret_hash is for fold_add(). */
int fold_find(struct fold *fold, const struct event_access *access, struct folded **ret_item, uint64_t *ret_hash,
              struct error *err) must_check;

/* Room for one more? Not before fold_find() said that there is none. */
int fold_reserve(struct fold *fold, struct error *err) must_check;

/*
 * The part in which there is room for this one; NULL = none. What is let through takes none from what is refused, and no
 * refusals of one kind take the last of another: who makes 20,000 of them buries no other.
 */
struct fold_part *fold_room(struct fold *fold, const struct event_access *access);

/* The record with this sequence was written to that part, with so many bytes. fold_reserve() came before. */
void fold_add(struct fold *fold, struct fold_part *part, uint64_t hash, unsigned sequence, size_t bytes);

/* Came again so many times. */
void fold_count(struct folded *item, uint64_t count);

/* Where there are more sources than are foreseen, the last one takes what is left. */
void fold_lose(struct fold *fold, const char *source, uint64_t count);

#endif
