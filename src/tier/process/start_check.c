/* SPDX-License-Identifier: Apache-2.0 */
#include "tier/process/start_check.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "tier/process/filter.h"
#include "tier/process/record.h"

/* Rules about programs are kept by marks, which the keeper alone can set. */
static int programs_check(const struct plan *plan, struct error *err)
{
    if (plan->network != PLAN_NET_GATEWAY || !plan->net_rules || !plan->net_rules->program_count)
        return 0;
    if (filter_has_keeper(&plan->filter) && plan->filter.marks_programs)
        return 0;
    return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP,
                     "network: rules with `programs` need process 1 to make connections, which this plan does not have; "
                     "remove `programs`, or see `cordon doctor`");
}

/* Who asked to see must not believe that there was nothing. */
static int void_check(const struct tier_start *start, struct error *err)
{
    if (!tier_sees_hidden(start))
        return 0;
    if (start->plan->wall == PLAN_WALL_LANDLOCK)
        return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP,
                         "what is looked for and hidden can be seen only in namespaces, which cannot be made here: see "
                         "`cordon doctor`, or watch less");
    if (!filter_has_keeper(&start->plan->filter))
        return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP,
                         "what is looked for and hidden can be seen only where process 1 makes calls on behalf, as it does for policies that "
                         "grant a directory (Linux 5.14, kernel.yama.ptrace_scope below 3): see `cordon doctor`, or watch less");
    if (access("/dev/fuse", R_OK | W_OK) < 0)
        return error_set(err, ERROR_UNENFORCEABLE, errno,
                         "what is looked for and hidden can be seen only where this user may open /dev/fuse (%s): "
                         "`modprobe fuse` and `chmod 666 /dev/fuse` as root, or watch less", strerrordesc_np(errno));
    if (start->plan->mount_count > RECORD_VOID_NODES_MAX / 2)
        return error_set(err, ERROR_LIMIT, E2BIG,
                         "what is looked for and hidden can be seen with at most %d paths in a plan; this one has %zu: grant or deny "
                         "directories instead of what is in them, or watch less", RECORD_VOID_NODES_MAX / 2, start->plan->mount_count);
    return 0;
}

/*
 * Who starts programs in it is under their filter already (init/starter.c): without one of these it could not, or not say so.
 */
static int calls_check(const struct plan_filter *filter, struct error *err)
{
    static const char *const needed[] = {"clone", "futex", "setsid", "fcntl", "dup3", "fchdir", "prlimit64", "rt_sigprocmask",
                                         "write", "close", "exit_group"};

    for (size_t i = 0; i < filter->deny_count; i++)
        for (size_t j = 0; j < ARRAY_COUNT(needed); j++)
            if (strcmp(filter->deny[i], needed[j]) == 0)
                return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP,
                                 "syscalls.deny: a container that stands starts its programs under their own filter, which needs %s: leave it "
                                 "out of the list, or run the program", needed[j]);
    return 0;
}

static int standing_check(const struct tier_start *start, struct error *err)
{
    if (start->plan->wall == PLAN_WALL_LANDLOCK)
        return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP,
                         "a container without a program needs namespaces, which cannot be made here: `cordon doctor` says what forbids them, "
                         "or run the program");
    if (start->is_tty || start->fd_count)
        return error_set(err, ERROR_INTERNAL, EINVAL, "a container without a program has neither a terminal nor descriptors");
    return calls_check(&start->plan->filter, err);
}

int start_check(const struct tier_start *start, struct error *err)
{
    int status;

    if (start->argv && (!start->argv[0] || !start->argv[0][0]))
        return error_set(err, ERROR_INVALID, EINVAL, "no command to run");
    if (start->plan->network == PLAN_NET_GATEWAY && !start->gateway)
        return error_set(err, ERROR_INTERNAL, EINVAL, "the plan has a gateway, and nobody brought one");
    if (start->plan->is_reviewed && !start->plan->review)
        return error_set(err, ERROR_INTERNAL, EINVAL, "the plan keeps changes for a review, and nobody says where");
    status = start->argv ? 0 : standing_check(start, err);
    if (status == 0)
        status = programs_check(start->plan, err);
    return status < 0 ? status : void_check(start, err);
}
