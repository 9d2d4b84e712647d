/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where no namespaces can be made, Landlock refuses first, and only the kernel's audit records tell what: cordon-sensor reads
 * them (src/sensor), where it may. Without it such a run says what it cannot see, and is held no less.
 */
#ifndef CORDON_SDK_SENSOR_H
#define CORDON_SDK_SENSOR_H

#include <stdint.h>

#include "base/error.h"
#include "sdk/told_access.h"
#include "sdk/worker.h"
#include "tier/spawner.h"

struct sensor {
    struct worker worker;
    pid_t program;   /* whose domain is the container's: the one that this process made */
    uint64_t domain; /* Landlock's number for it, 0 = nothing was refused yet */
    bool is_machines; /* cordon-sensord's: no process of this run */
    bool is_announced; /* what comes is of this container alone, whatever domains it has */
    bool is_elsewhere; /* the host's processes are not to be looked at from here */
    bool is_over;      /* the end of the domain, or of all of them, was told */
    unsigned domains;  /* announced: how many have an end to come */
    unsigned others;   /* announced: bit N: enum operation N is told by process 1, and once is enough */
};
#define SENSOR_INIT ((struct sensor){.worker = WORKER_INIT("the sensor")})

/* Ask the machine's, or else execute it, and wait until it listens. Where it is not there, or may not listen, there is none: `why` (static) says so. */
void sensor_begin(struct sensor *sensor, const char *program, const char **ret_why);
/*
 * Of a container that a launcher made: cordon-sensord sends what belongs to it, by its marks, to a pair whose other end goes there over
 * `connection`, a keeper's. Nothing is waited for: what refuses it ends the pair, which is told as a loss. False: there is none; *ret_why (static) says so.
 */
bool sensor_announce(struct sensor *sensor, int connection, const struct tier_spawned *spawned, const char **ret_why);
/* Another process has announced it, by sensor_announce(), and gave what it got: as the same, in one that has left the host. */
void sensor_take(struct sensor *sensor, int fd);
/* Has the program the right that it needs, as far as can be told without starting it? */
bool sensor_may_listen(const char *program);
/* Does cordon-sensord run here? */
bool sensor_machine_listens(void);
/* Who makes the domain whose refusals are recorded. */
void sensor_set_program(struct sensor *sensor, pid_t pid);
bool sensor_is_there(const struct sensor *sensor);

/* What it sees, for run.started. */
const struct tier_source *sensor_source(const struct sensor *sensor);

/* Record what it has said so far, for a run of `plan`. Never blocks. */
int sensor_step(struct sensor *sensor, struct denials *denials, const struct plan *plan, struct event_log *log, struct error *err) must_check;

/* The container has ended: what is still on its way, at most SENSOR_END_MS; then it ends. */
#define SENSOR_END_MS 500
int sensor_end(struct sensor *sensor, struct denials *denials, const struct plan *plan, struct event_log *log, struct error *err) must_check;

/* Of one that was announced, which ended at `ended_ns`: until when something may be on its way, on the monotonic clock; 0 = nothing is. sensor_end() waits for none of it. */
uint64_t sensor_due_ns(const struct sensor *sensor, uint64_t ended_ns);

void sensor_kill(struct sensor *sensor);

#endif
