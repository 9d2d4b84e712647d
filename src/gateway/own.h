/* SPDX-License-Identifier: Apache-2.0 */
/* The host's own addresses: those of its interfaces, kept up to date by the kernel's word, and by routes of type local. */
#ifndef CORDON_GATEWAY_OWN_H
#define CORDON_GATEWAY_OWN_H

#include <stdbool.h>

#include "worker/loop.h"
#include "net/address.h"

struct own;

/* In the host's network namespace. */
int own_open(struct own **ret_own, struct error *err) must_check;
void own_close(struct own *own);

/* From now on the loop keeps it up to date. */
int own_watch(struct own *own, struct loop *loop, struct error *err) must_check;

/* true also while it is not known whether it is one. */
bool own_has(const struct own *own, const struct net_address *address);

#endif
