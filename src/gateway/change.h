/* SPDX-License-Identifier: Apache-2.0 */
/* Rules while the gateway runs. They hold for the gateway and the inspector, or for neither. */
#ifndef CORDON_GATEWAY_CHANGE_H
#define CORDON_GATEWAY_CHANGE_H

#include "gateway/gateway.h"

/*
 * The starter sent rules, in a descriptor that stays the caller's. It is answered now, or when the inspector has answered.
 * `flags`: enum worker_rules_flag.
 */
void change_rules(struct gateway *gateway, int fd, uint32_t flags);

/* Those that hold end when their time is over. */
void change_watch_ends(struct gateway *gateway);

bool change_is_pending(const struct gateway *gateway);
/* The inspector's APPLIED or ERROR. */
void change_answered(struct gateway *gateway, const struct worker_message *answer);

#endif
