/* SPDX-License-Identifier: Apache-2.0 */
/* Which records of which runs a log has already: read once, asked for each record of each run. */
#ifndef CORDON_AUDITOR_THERE_H
#define CORDON_AUDITOR_THERE_H

#include "auditor/command.h"
#include "event/read.h"

struct there {
    const char **runs; /* that will be asked about, sorted; `store`'s */
    size_t run_count;
    struct there_entry *entries; /* sorted */
    size_t count, room;
};

/* All that `log` has of the runs of `store`, or of `run` alone. Free it with there_free(), also on failure. */
int there_read(struct there *there, const struct desk *log, const struct run_store *store, const char *run, struct error *err) must_check;
bool there_has(const struct there *there, const char *run, uint64_t number);
void there_free(struct there *there);

#endif
