/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that change permissions, owner or times of what is there: what they ask for, and doing it. */
#ifndef CORDON_TIER_PROCESS_INIT_ATTRIBUTES_H
#define CORDON_TIER_PROCESS_INIT_ATTRIBUTES_H

#include <linux/time_types.h>

#include "tier/process/init/keeper.h"

/* What is to become of an object. */
struct change {
    enum { CHANGE_MODE, CHANGE_OWNER, CHANGE_TIMES } what;
    uint32_t mode, user, group;
    int has_times;
    struct __kernel_timespec times[2];
};

/* Where the call says that the object is. */
struct named {
    int directory;
    uint64_t path; /* address of its text, 0 = the descriptor itself */
    uint32_t flags; /* AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH */
};

/* The call as a change of a named object; -EINVAL for flags that the kernel does not know either. */
long attributes_read(const struct call *call, struct named *named, struct change *change);

/* `object` is O_PATH. */
long attributes_change(int object, const struct change *change);

#endif
