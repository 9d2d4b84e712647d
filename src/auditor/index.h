/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An index of a log in SQLite: which leaves may match a query. It is built from the tiles and may be thrown away at any time. It
 * is never believed: what it names is read from the log and looked at again, and one that was made of another log is made anew.
 */
#ifndef CORDON_AUDITOR_INDEX_H
#define CORDON_AUDITOR_INDEX_H

#include "auditor/query.h"

#define INDEX_RECORDS_MAX 4000000 /* then the oldest quarter goes, and is looked for in the tiles */

struct index;

struct index_options {
    const char *file;
    uint64_t records_max; /* 0 = INDEX_RECORDS_MAX */
};

/* Open it, made where it is not there or is another log's. */
int index_open(const struct index_options *options, struct reader *reader, struct index **ret_index, struct error *err) must_check;
void index_close(struct index *index);
void index_close_at(struct index **index);
#define auto_index cleanup_with(index_close_at)

/* Take in what the log has beyond it. -EBUSY: another process is at it; go without. */
int index_update(struct index *index, struct reader *reader, struct error *err) must_check;

/* It covers leaves from `first` (the older ones have been dropped) to before `size`. */
uint64_t index_first(const struct index *index);
uint64_t index_size(const struct index *index);

/* Leaves that may match, ascending. A result that is not 0 ends it and is returned. */
typedef int (*index_leaf_fn)(void *context, uint64_t leaf, struct error *err);
int index_find(struct index *index, const struct query *query, index_leaf_fn leaf, void *context, struct error *err) must_check;

#endif
