/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the library: programs in a container that stands. */
#ifndef CORDON_SDK_PROGRAMS_H
#define CORDON_SDK_PROGRAMS_H

#include "sdk/container.h"

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
