/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who connects to RECORD_SELF_NAME asks about the policy that holds it (`cordon why --self`). There is no such file: the
 * caller's socket becomes one end of a new pair, and the parent has the other, so nobody else can listen in its place, and
 * the name costs nothing in the tree. Who connects to RECORD_NEST_NAME asks for a container inside, in the same way.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/ioctl.h>
#include <linux/seccomp.h>

#include "tier/process/init/keeper.h"

#define AF_UNIX_FAMILY 1 /* <sys/socket.h> belongs to a C library */
#define TYPE_SEQPACKET 5

int self_is_meant(const struct keeper *keeper, const char *name)
{
    static const char self[] = RECORD_SELF_NAME, nest[] = RECORD_NEST_NAME;

    if (keeper->record->flags & RECORD_TOLD && !memcmp(name, self, sizeof(self)))
        return SELF_ASKS;
    return keeper->record->flags & RECORD_NESTS && !memcmp(name, nest, sizeof(nest)) ? SELF_NESTS : 0;
}

long self_connect(const struct keeper *keeper, const struct call *call, int meant)
{
    const struct message message = {.type = MESSAGE_SELF, .kind = meant == SELF_NESTS};
    struct seccomp_notif_addfd give = {
        .id = call->id,
        .flags = SECCOMP_ADDFD_FLAG_SETFD,
        .newfd = (uint32_t)call->args[0],
        .newfd_flags = O_CLOEXEC,
    };
    int ends[2];
    long status = sys_call4(socketpair, AF_UNIX_FAMILY, TYPE_SEQPACKET | O_CLOEXEC, 0, ends);

    if (status < 0)
        return status;
    give.srcfd = (uint32_t)ends[0];
    status = message_offer(keeper->control, &message, ends[1]);
    if (status >= 0)
        status = sys_call3(ioctl, keeper->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &give);
    sys_call1(close, ends[0]);
    sys_call1(close, ends[1]);
    return status < 0 ? status : 0;
}
