/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the library: programs in a container that stands. */
#ifndef CORDON_SDK_PROGRAMS_H
#define CORDON_SDK_PROGRAMS_H

#include "sdk/container.h"

struct cordon_program {
    struct cordon_container *container; /* NULL = it was freed */
    struct cordon_program *next;
    struct cordon_container *proxy; /* what stands for it where its container is the daemon's, until its end is known; else NULL */
    struct tier_program tier; /* `tty` is this object's */
    struct streams streams;
    uint64_t started_ns, ended_ns;
    uint64_t timeout_ms, timeout_ns, kill_ns; /* as in struct deadlines */
    const char *timeout_member;
    bool is_timed_out;
    bool is_ended;    /* the tier has told, `told` */
    bool is_remote;
    bool is_recorded; /* `status` is final */
    bool is_freed;    /* by its caller */
    struct tier_status told;
    struct cordon_status status;
};

/* tier_programs.ended; the context is the container. */
void programs_ended(void *container, uint32_t number, const struct tier_status *status);

/* Keep their time limits, and record those that ended. */
int programs_step(struct cordon_container *container, struct error *err) must_check;

/* When programs_step() has something to do although no descriptor says so; 0 = never. */
uint64_t programs_next_ns(const struct cordon_container *container);

/* The container has ended, and they with it: record it. */
int programs_end(struct cordon_container *container, struct error *err) must_check;

/* The container is freed: nobody is told any more. */
void programs_leave(struct cordon_container *container);

bool programs_run(const struct cordon_container *container);

#endif
