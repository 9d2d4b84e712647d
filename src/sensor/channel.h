/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's audit records as they come: the socket, and whether anything of Landlock comes by it. */
#ifndef CORDON_SENSOR_CHANNEL_H
#define CORDON_SENSOR_CHANNEL_H

#include <linux/netlink.h>

#include "base/error.h"

#define CHANNEL_RECORD 8970 /* MAX_AUDIT_MESSAGE_LENGTH of the kernel */
#define CHANNEL_BYTES  (CHANNEL_RECORD + NLMSG_HDRLEN)

/* With as much room as the system lets it have; what finds none is counted elsewhere. Never waits. */
int channel_open(int *ret_fd, struct error *err) must_check;

/* All records, beside whoever else gets them: takes CAP_AUDIT_READ and the host's network namespace. */
int channel_join(int fd, struct error *err) must_check;
int channel_leave(int fd, struct error *err) must_check;

/* A process of its own is refused something: ERROR_UNENFORCEABLE (ENODATA) when nothing is told of it for so long. */
int channel_try(int fd, unsigned patience_ms, struct error *err) must_check;

#endif
