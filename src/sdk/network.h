/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan with a gateway needs before its container is built: the workers, whom they believe. */
#ifndef CORDON_SDK_NETWORK_H
#define CORDON_SDK_NETWORK_H

#include "sdk/container.h"

/* The network and the gateway begin while the policy is compiled, where they will be needed. What keeps them from that the start meets again. */
void network_prepare(struct cordon_container *container);

/* 0 also where the plan has no gateway. On return the container's own authority is known where there is one. */
int network_begin(struct cordon_container *container, struct error *err) must_check;

#endif
