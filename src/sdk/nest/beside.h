/* SPDX-License-Identifier: Apache-2.0 */
/* What a nester has done by whoever started the outermost container, because it cannot do it where it has gone. */
#ifndef CORDON_SDK_NEST_BESIDE_H
#define CORDON_SDK_NEST_BESIDE_H

#include "tier/spawner.h"

/* For the nester's container: over the nester's channel, of which nobody else hears meanwhile. */
extern const struct tier_spawner nest_beside;

#endif
