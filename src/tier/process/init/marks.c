/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who made a connection: before the keeper connects a socket it writes on it which process asked and which of the rules'
 * programs that process is, as the socket's mark, which the gateway reads of what it accepts. Nobody inside can write a mark,
 * and a connection is made by connect() alone (the filter refuses MSG_FASTOPEN where rules name programs).
 *
 * Marking takes a capability over the container's network. The thread has it permitted and makes it effective for that one
 * call, so that no other that it makes for the program is more than the program's own; and a filter of its own keeps every
 * other use of it from who would take the thread over.
 */
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/ioctl.h>
#include <linux/seccomp.h>
#include <linux/stat.h>

#include "tier/process/init/keeper.h"
#include "tier/process/init/marks_filter.h"

#define DATAGRAM_CLOEXEC (2 | O_CLOEXEC)
#define OPTION_DOMAIN    39

static long mark_write(int socket, uint32_t right, uint32_t mark)
{
    long status;

    keeper_set_marking(right);
    status = sys_call5(setsockopt, socket, LEVEL_SOCKET, OPTION_MARK, &mark, sizeof(mark));
    keeper_set_marking(0);
    return status;
}

/* From 5.17 on the smaller of the two capabilities is enough, and the other is given up. */
void marks_prepare(struct init *init, struct keeper *keeper)
{
    static const uint32_t rights[] = {1u << CAP_NET_RAW, 1u << CAP_NET_ADMIN};
    long socket, status = -EPERM;

    if (!(init->record->flags & RECORD_MARKS))
        return;
    keeper->marking = rights[0] | rights[1];
    socket = init_need(init, sys_call3(socket, AF_INET_FAMILY, DATAGRAM_CLOEXEC, 0), "open", "network socket");
    for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]) && status == -EPERM; i++) {
        status = mark_write((int)socket, rights[i], 1);
        if (status >= 0)
            keeper->marking = rights[i];
    }
    init_need(init, status, "mark", "network socket");
    sys_call1(close, socket);
    keeper_set_marking(0);
}

void marks_confine(struct init *init)
{
    struct sock_fprog program = {.len = sizeof(marks_filter) / sizeof(marks_filter[0]), .filter = marks_filter};

    if (init->record->flags & RECORD_MARKS)
        init_need(init, sys_call3(seccomp, SECCOMP_SET_MODE_FILTER, 0, &program), "load", "the keeper's own filter");
}

/* From 1, 0 = none of the rules' programs, or one that cannot be told. */
static uint32_t program_of(const struct keeper *keeper, const struct call *call)
{
    const struct record *record = keeper->record;
    const struct record_program *programs = (const void *)((const char *)record + record->programs);
    char path[48], *end = path + sizeof(path);
    struct statx info;

    if (!record->program_count)
        return 0;
    string_append(string_append_number(path, end, call->tid), end, "/exe");
    if (sys_call5(statx, keeper->proc, path, 0, STATX_INO | STATX_SIZE | STATX_CTIME, &info) < 0)
        return 0;
    for (uint32_t i = 0; i < record->program_count; i++)
        if (programs[i].inode == info.stx_ino && programs[i].size == info.stx_size &&
            programs[i].device == ((uint64_t)info.stx_dev_major << 32 | info.stx_dev_minor) &&
            programs[i].change_s == info.stx_ctime.tv_sec && programs[i].change_ns == info.stx_ctime.tv_nsec)
            return i + 1;
    return 0;
}

/* Only a process's first thread can be opened as one. */
long marks_process(const struct keeper *keeper, const struct call *call)
{
    long process = sys_call2(pidfd_open, call->tid, 0);

    if (process < 0)
        return caller_group(keeper, call);
    sys_call1(close, process);
    return call->tid;
}

/*
 * A socket of another family has no use for it. While the call waits its process does not execute another program: that would
 * end this thread, and the call with it.
 */
long marks_set(struct keeper *keeper, const struct call *call, struct waiting *waiting)
{
    int domain = 0, size = sizeof(domain), socket = waiting->socket;
    long status, process;
    uint32_t program;

    if (!(keeper->record->flags & RECORD_MARKS))
        return 0;
    status = sys_call5(getsockopt, socket, LEVEL_SOCKET, OPTION_DOMAIN, &domain, &size);
    if (status < 0 || (domain != AF_INET_FAMILY && domain != AF_INET6_FAMILY))
        return status;
    process = marks_process(keeper, call);
    if (process > 0 && process <= RECORD_MARK_PROCESS)
        telling_process(keeper, call, (uint32_t)process); /* while it is sure to be there */
    program = program_of(keeper, call);
    status = sys_call3(ioctl, keeper->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &call->id);
    if (status < 0)
        return status;
    if (process < 0 || process > RECORD_MARK_PROCESS)
        process = 0;
    waiting->mark = program << RECORD_MARK_SHIFT | (uint32_t)process;
    status = mark_write(socket, keeper->marking, waiting->mark);
    return status == -EPERM ? -EACCES : status; /* a socket of another network: no gateway stands before it */
}
