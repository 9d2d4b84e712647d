/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The domains that are listened to and what was refused in them, equal refusals counted: a program that is refused the same
 * thing 100,000 times a second costs its reader nothing.
 */
#ifndef CORDON_SENSOR_FOLD_H
#define CORDON_SENSOR_FOLD_H

#include "base/error.h"
#include "sensor/record.h"
#include "sensor/sensor.h"

#define FOLD_DOMAINS  256u  /* at a time, of one user */
#define FOLD_REFUSALS 4096u /* different ones, remembered at a time */

struct fold;

/* Each message once, with what is behind it: path and exe are not NUL-terminated. A failure is returned to who called. */
struct fold_sink {
    int (*tell)(void *context, const struct sensor_told *told, const char *path, const char *exe);
    void *context;
};

/* `uid`: whose domains, and of nobody else. */
int fold_new(unsigned uid, const struct fold_sink *sink, struct fold **ret_fold, struct error *err) must_check;
void fold_free(struct fold *fold);
void fold_free_at(struct fold **fold);
#define auto_fold cleanup_with(fold_free_at)

/* The next record. 0, or what the sink said. */
int fold_take(struct fold *fold, const struct audit_record *record) must_check;

/* Is something held back because a record of its call may follow? Then fold_flush() is due when none comes. */
bool fold_holds(const struct fold *fold);
int fold_flush(struct fold *fold) must_check;

/* What was counted and not told yet, each kind as one more REFUSED. Once a second is enough. */
int fold_tell_repeated(struct fold *fold) must_check;

#endif
