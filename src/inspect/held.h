/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection whose server is the holder's (hold.h): it verifies the server and puts values in. Its answers are written as
 * HTTP/1.1 into what comes from the server, so that they are read like any other.
 */
#ifndef CORDON_INSPECT_HELD_H
#define CORDON_INSPECT_HELD_H

#include "inspect/flow.h"

/* Is there a holder, and a secret for this host? */
bool held_is_wanted(const struct flow *flow);

/* Give the server's socket away. flow->is_held_open or flow->failure come later, and the flow's next turn with them. */
int held_open(struct flow *flow) must_check;
void held_close(struct flow *flow);

/* After something was taken from flow->held_in. */
void held_took(struct flow *flow);

#endif
