/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a plan shows of the host, for a container that is somebody else outside and so could not even reach it: detached mounts that the
 * caller makes with no more than his own rights, in which his files appear as the container's. Process 1 takes them in the plan's order.
 */
#ifndef CORDON_TIER_PROCESS_GRANTS_H
#define CORDON_TIER_PROCESS_GRANTS_H

#include "tier/process/run.h"

#define GRANTS_MAX      768 /* more descriptors than are under way at once where 1,024 may be open */
#define GRANTS_IN_PACKET RECORD_GRANTS_MAX

/*
 * Make them and have them mapped (run->spawner); *ret_socket is the end of a socket pair that process 1 reads them from, in packets of at most
 * GRANTS_IN_PACKET. -EOPNOTSUPP: one of them cannot be mapped, or they are too many, so that the container has to be the caller outside;
 * `err` says why.
 */
int grants_make(const struct tier_run *run, const struct plan *plan, int *ret_socket, struct error *err) must_check;

#endif
