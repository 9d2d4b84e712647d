/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that failed, from the records of rules by login uid: for kernels whose Landlock tells nothing, and for what refuses before
 * Landlock is asked. One event is several records: the call, its address, the directory, its names, the end.
 */
#ifndef CORDON_SENSOR_CALLS_H
#define CORDON_SENSOR_CALLS_H

#include "base/error.h"
#include "sensor/fold.h"
#include "sensor/record.h"

struct calls;

int calls_new(struct fold *fold, struct calls **ret_calls, struct error *err) must_check;
void calls_free(struct calls *calls);
void calls_free_at(struct calls **calls);
#define auto_calls cleanup_with(calls_free_at)

/* Is this the record of a call that was refused, as far as its answer says? */
bool calls_is_refused(const struct audit_record *record);

/* It belongs to this container; what follows with the same serial is taken, too. 0, or what the fold's sink said. */
int calls_begin(struct calls *calls, uint32_t container, const struct audit_record *record) must_check;
/* A record behind one, or of something else. */
int calls_take(struct calls *calls, const struct audit_record *record) must_check;

/* Those whose end did not come. */
int calls_flush(struct calls *calls) must_check;
bool calls_holds(const struct calls *calls);

#endif
