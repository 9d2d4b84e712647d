/* SPDX-License-Identifier: Apache-2.0 */
/* Records of a log that match a query, in order: by the index where there is one, by reading where there is none. */
#ifndef CORDON_AUDITOR_FIND_H
#define CORDON_AUDITOR_FIND_H

#include "auditor/index.h"

struct find {
    struct reader *reader;
    struct index *index; /* NULL = read everything */
    struct query query;
    uint64_t first, until; /* leaves; until: before it, 0 = to the end of the checkpoint */
    bool proves;           /* each against the checkpoint, not its tile alone */
};

/* A result that is not 0 ends the search and is returned. */
typedef int (*find_record_fn)(void *context, const struct record *record, struct error *err);
int find_records(const struct find *find, find_record_fn found, void *context, struct error *err) must_check;

#endif
