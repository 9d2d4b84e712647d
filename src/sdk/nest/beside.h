/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a nester has done by whoever started the outermost container, because it cannot do it where it has gone. Over the nester's channel, of which
 * nobody else hears meanwhile.
 */
#ifndef CORDON_SDK_NEST_BESIDE_H
#define CORDON_SDK_NEST_BESIDE_H

#include "event/event.h"
#include "sdk/nest/wire.h"
#include "tier/spawner.h"

/* For the nester's container; the second one where a launcher makes it (NEST_HAS_LAUNCHER). */
extern const struct tier_spawner nest_beside, nest_beside_launched;

/* Of what that made: why it could not; a connection on which the machine's sensor tells of it, the caller's, -1 = none. */
const struct error *beside_spawn_failure(void);
int beside_take_sensor(void);

/* Its record goes to whoever hears the outermost one's. */
extern const struct event_recorder nest_recorder;

/* The same, and that one says what is where nobody changes it. */
extern const struct event_recorder nest_settling_recorder;

/* Waits until it is taken. */
int beside_tell(const struct nest_packet *packet, const int *fds, size_t count) must_check;

/*
 * What came from whoever started the outermost one: 1 = an order, or NEST_SIGNER with its descriptor (else *ret_fd = -1), 0 = none now, negative = it is gone. What came
 * between is first.
 */
int beside_hear(struct nest_packet *ret_packet, int *ret_fd) must_check;
/* Has one come between, so that its channel does not say so? */
bool beside_has_order(void);

#endif
