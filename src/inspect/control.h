/* SPDX-License-Identifier: Apache-2.0 */
/* The channels of the inspector: connections and rules come from the gateway, the starter's end is its end. */
#ifndef CORDON_INSPECT_CONTROL_H
#define CORDON_INSPECT_CONTROL_H

#include "inspect/inspector.h"

/* Of a sealed memory file, in the place of those that held. The descriptor stays the caller's. */
int control_read_rules(struct inspector *inspector, int fd, struct error *err) must_check;

/* Takes the gateway's socket; watches both. */
int control_open(struct inspector *inspector, int gateway, struct error *err) must_check;

#endif
