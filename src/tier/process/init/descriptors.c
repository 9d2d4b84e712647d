/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What process 1 has open of its starter's descriptors: what it is to keep, and nothing else. The kernel's table of them is as large as the starter's was,
 * and no closing makes it smaller: 256 KiB for each container of a process that holds 4,096 of them. Only who stops sharing a table gets a new one, of the size
 * that it needs; so where it is large, process 1 shares it for a moment with a process that does nothing else.
 */
#include <asm/signal.h>
#include <linux/close_range.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/sched.h>
#include <linux/wait.h>

#include "tier/process/init/init.h"

#define LARGE     1024  /* descriptors: 8 KiB */
#define OTHER_PID 30000 /* the second number belongs to the keeper of names */

static void close_between(struct init *init, long first, long last)
{
    if (first <= last)
        init_need(init, sys_call3(close_range, first, last, 0), "close descriptors", "");
}

/* Nothing above `last` is open. What fails costs memory and nothing else. */
static void table_shrink(long last)
{
    int number = OTHER_PID;
    struct clone_args args = {.flags = CLONE_FILES, .set_tid = (uint64_t)(uintptr_t)&number, .set_tid_size = 1};
    long pid = sys_call2(clone3, &args, sizeof(args));

    while (pid == 0)
        sys_call5(ppoll, 0, 0, 0, 0, 0);
    if (pid < 0)
        return;
    sys_call3(close_range, last + 1, ~0u, CLOSE_RANGE_UNSHARE);
    sys_call2(kill, pid, SIGKILL);
    while (sys_call5(wait4, pid, 0, __WALL, 0, 0) == -EINTR)
        ;
}

/* The control socket has the highest number: it came last. */
static void control_lower(struct init *init)
{
    long low = init_need(init, sys_call3(fcntl, init->control, F_DUPFD_CLOEXEC, 3), "copy", "control socket"), last = low;

    sys_call1(close, init->control);
    init->control = (int)low;
    for (uint32_t i = 0; i < init->begin.fd_count; i++)
        last = init->begin.fds[i] > last ? init->begin.fds[i] : last;
    table_shrink(last);
}

void descriptors_close(struct init *init)
{
    const struct begin *begin = &init->begin;
    int is_control_done = 0;
    long next = 3;

    for (uint32_t i = 0; i <= begin->fd_count; i++) {
        long keep = i < begin->fd_count ? begin->fds[i] : 0x7fffffff;

        if (!is_control_done && init->control < keep) {
            close_between(init, next, init->control - 1);
            next = init->control + 1;
            is_control_done = 1;
        }
        close_between(init, next, keep - 1);
        next = keep + 1;
    }
    init_need(init, sys_call3(fcntl, init->control, F_SETFD, FD_CLOEXEC), "fcntl", "control socket");
    if (init->control >= LARGE)
        control_lower(init);
}
