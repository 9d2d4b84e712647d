/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan with a gateway needs before its container is built: the workers, whom they believe. */
#ifndef CORDON_SDK_NETWORK_H
#define CORDON_SDK_NETWORK_H

#include "sdk/container.h"

/* 0 also where the plan has no gateway. On return the container's own authority is known where there is one. */
int network_begin(struct cordon_container *container, struct error *err) must_check;

#endif
