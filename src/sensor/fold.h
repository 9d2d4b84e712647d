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

struct fold;

/* Of one run, and of a machine: domains, and different refusals, that are remembered at a time. */
struct fold_size {
    uint32_t domains, refusals; /* powers of two */
};
#define FOLD_RUN     ((struct fold_size){256, 4096})
#define FOLD_MACHINE ((struct fold_size){16384, 16384})

/* Whoever is to hear of a domain, by numbers of the sink. */
struct fold_owner {
    uint32_t container; /* 0 = none */
    uint32_t uid;       /* who made it; SENSOR_NO_UID = not known, or not to be told */
    uint32_t maker;     /* the process that did; 0 = not known */
};

struct fold_sink {
    /*
     * Whose is this domain? By the record of its making, when that comes (`call` NULL), and again while it is of no container,
     * by the record of a call that was refused in it (`made` NULL; `call` NULL where none came). false = nobody listens.
     */
    bool (*whose)(void *context, uint64_t domain, const struct audit_record *made, const struct audit_record *call, struct fold_owner *owner);
    /* Each message once, with what is behind it: path and exe are not NUL-terminated. A failure is returned to who called. */
    int (*tell)(void *context, const struct fold_owner *owner, const struct sensor_told *told, const char *path, const char *exe);
    void *context;
};

int fold_new(struct fold_size size, const struct fold_sink *sink, struct fold **ret_fold, struct error *err) must_check;
void fold_free(struct fold *fold);
void fold_free_at(struct fold **fold);
#define auto_fold cleanup_with(fold_free_at)

/* The next record. 0, or what the sink said. */
int fold_take(struct fold *fold, const struct audit_record *record) must_check;

/* A refusal that is of no domain, told as `told` says or counted as one of those that are remembered. */
int fold_take_call(struct fold *fold, const struct fold_owner *owner, const struct sensor_told *told, const char *path, const char *exe) must_check;

/* Was a refusal with this serial among the last? Then the record of its call is none of its own, though it be late. */
bool fold_knows_serial(const struct fold *fold, uint64_t serial);

/* Is something held back because a record of its call may follow? Then fold_flush() is due when none comes. */
bool fold_holds(const struct fold *fold);
int fold_flush(struct fold *fold) must_check;

/* What was counted and not told yet, each kind as one more REFUSED. Once a second is enough. */
int fold_tell_repeated(struct fold *fold) must_check;

/* The container is over: nothing more is to be told of it under this number. */
void fold_forget_container(struct fold *fold, uint32_t container);

#endif
