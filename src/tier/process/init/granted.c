/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is shown of the host where process 1 is somebody else than the caller outside: the caller has opened it and had its ids mapped, and
 * it lies ready in a socket, a detached mount for each bind of the plan.
 */
#include <linux/errno.h>

#include "tier/process/init/init.h"

static int ready[RECORD_GRANTS_MAX];
static long ready_count, ready_next;

int granted_take(struct init *init, const char *source)
{
    uint32_t number = 0;

    if (ready_next == ready_count) {
        ready_next = 0;
        ready_count = init_need(init, packet_receive_fds(init->grants, &number, sizeof(number), ready, RECORD_GRANTS_MAX), "receive", source);
        if (!ready_count || ready_count != (long)number)
            init_fail(init, "receive", source, EBADMSG);
    }
    return ready[ready_next++];
}
