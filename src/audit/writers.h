/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who has written what: the last number of each writer, so that a record that is sent twice is kept once, its losses, and its share
 * of the present second. As many as WRITERS_MAX; then those that were silent the longest are forgotten.
 */
#ifndef CORDON_AUDIT_WRITERS_H
#define CORDON_AUDIT_WRITERS_H

#include <stdbool.h>

#include "audit/stamp.h"
#include "base/text.h"

#define WRITERS_MAX        16384
#define WRITERS_BYTES_MAX  (WRITERS_MAX * (size_t)(1 + STAMP_WRITER_MAX + 24))

struct writer {
    char name[STAMP_WRITER_MAX + 1];
    uint64_t number;  /* of its last record that is durable */
    uint64_t pending; /* of its last record that was appended; >= number */
    uint64_t lost;    /* records that are known to be missing */
    uint64_t told;    /* of these: what the log has a record of */
    uint64_t index;   /* of its last record: who is silent the longest */
    uint64_t bytes;   /* in this second */
    bool was_slowed;  /* ... it met its share */
};

struct writers;

int writers_new(struct writers **ret_writers, struct error *err) must_check;
void writers_free(struct writers *writers);

/* NULL = not known. Valid until the next call of writers_get(). */
struct writer *writers_find(const struct writers *writers, const char *name);
/* As above, made where it is not known. NULL = out of memory. */
struct writer *writers_get(struct writers *writers, const char *name);

/* What was appended is durable, or was given up. */
void writers_commit(struct writers *writers);
void writers_cancel(struct writers *writers);

size_t writers_count(const struct writers *writers);
struct writer *writers_at(const struct writers *writers, size_t i);

/* For the journal: of each its name, number, lost, index. */
int writers_print(const struct writers *writers, struct text *out, struct error *err) must_check;
/* In place of all that is known. -EBADMSG for what writers_print() does not write. */
int writers_read(struct writers *writers, const void *bytes, size_t size, struct error *err) must_check;

#endif
