/* SPDX-License-Identifier: Apache-2.0 */
/*
 * socket() and socketpair() for Unix datagrams. Such a socket takes the name of its target with each message, in memory
 * that no filter sees, and a mount keeps nobody from a socket file of the host that it shows. So one that the program gets
 * is shut for sending, which nothing undoes: it receives, and serves for ioctl(), but never speaks to a name. A pair
 * becomes one of sequenced packets, which keeps messages apart as well and is bound to its other end.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/ioctl.h>
#include <linux/seccomp.h>

#include "tier/process/init/keeper.h"

#define AF_UNIX_FAMILY   1 /* <sys/socket.h> belongs to a C library */
#define TYPE_MASK        0xf
#define TYPE_SEQPACKET   5
#define SHUT_FOR_SENDING 1

static int is_closed_on_exec(int type)
{
    return type & O_CLOEXEC; /* SOCK_CLOEXEC is the same */
}

static long make_one(const struct keeper *keeper, const struct call *call)
{
    int type = (int)call->args[1];
    long fd = sys_call3(socket, AF_UNIX_FAMILY, type | O_CLOEXEC, (int)call->args[2]), status;

    if (fd < 0)
        return fd;
    status = sys_call2(shutdown, fd, SHUT_FOR_SENDING);
    if (status >= 0)
        status = keeper_give(keeper, call->id, (int)fd, is_closed_on_exec(type), 1);
    sys_call1(close, fd);
    if (status == -ENOENT || status == -EINPROGRESS) /* the caller is gone */
        return KEEPER_ANSWERED;
    return status < 0 ? status : KEEPER_ANSWERED;
}

/* Into memory of the caller, which still waits: its number is not another's yet. */
static long put_numbers(const struct keeper *keeper, const struct call *call, const int numbers[2])
{
    long status = sys_call3(ioctl, keeper->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &call->id);

    return status < 0 ? status : caller_put(call, call->args[3], numbers, 2 * sizeof(numbers[0]));
}

/* The memory is tried first: what the caller has by then, nobody could take from it again. */
static long make_pair(const struct keeper *keeper, const struct call *call)
{
    int type = (int)call->args[1], numbers[2] = {-1, -1}, ends[2];
    long status = put_numbers(keeper, call, numbers);

    if (status < 0)
        return status;
    status = sys_call4(socketpair, AF_UNIX_FAMILY, (type & ~TYPE_MASK) | TYPE_SEQPACKET | O_CLOEXEC, (int)call->args[2],
                       ends);
    if (status < 0)
        return status;
    for (int i = 0; i < 2 && status >= 0; i++) {
        status = keeper_give(keeper, call->id, ends[i], is_closed_on_exec(type), 0);
        numbers[i] = (int)status;
    }
    sys_call1(close, ends[0]);
    sys_call1(close, ends[1]);
    return status < 0 ? status : put_numbers(keeper, call, numbers);
}

long datagrams_handle(struct keeper *keeper, const struct call *call)
{
    return call->number == __NR_socket ? make_one(keeper, call) : make_pair(keeper, call);
}
