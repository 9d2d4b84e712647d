/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Landlock as the second file layer. Every right is handled but READ_DIR: listing an empty skeleton directory needs it
 * at "/", and a right given there is given everywhere, so handling it would cost a look-up on each opendir() and refuse
 * nothing. Reading files is handled although it costs up to 1.2x on grep: it is what holds when a descriptor of a host
 * directory leaks or a directory is moved out from under a path. In place, where the tree is the host's, READ_DIR too.
 */
#include "tier/process/confine.h"

#include "base/kernel/landlock.h"

#define FS_READ (LANDLOCK_ACCESS_FS_READ_FILE)
#define FS_WRITE                                                                                     \
    (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
     LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |       \
     LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |    \
     LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER | LANDLOCK_ACCESS_FS_TRUNCATE)
/* A device node is never made inside, whatever the mount says. */
#define FS_NEVER (LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK)
#define FS_OF_FILES                                                                                 \
    (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE |     \
     LANDLOCK_ACCESS_FS_TRUNCATE | LANDLOCK_ACCESS_FS_IOCTL_DEV)

struct confine confine_handled(int abi, const struct plan *plan)
{
    struct confine confine = {.size = sizeof(uint64_t)};

    if (abi <= 0)
        return confine;
    if (plan->landlock_files && abi >= 2) { /* ABI 1 forbids every rename between directories */
        confine.fs = FS_READ | FS_WRITE | LANDLOCK_ACCESS_FS_EXECUTE;
        if (abi < 3)
            confine.fs &= ~LANDLOCK_ACCESS_FS_TRUNCATE;
        if (abi >= 5)
            confine.fs |= LANDLOCK_ACCESS_FS_IOCTL_DEV;
        if (plan->wall == PLAN_WALL_LANDLOCK)
            confine.fs |= LANDLOCK_ACCESS_FS_READ_DIR;
    }
    if (abi >= 4) {
        confine.size = 2 * sizeof(uint64_t);
        if (plan->network == PLAN_NET_NONE)
            confine.net = LANDLOCK_ACCESS_NET_BIND_TCP | LANDLOCK_ACCESS_NET_CONNECT_TCP;
    }
    if (abi >= 6) {
        confine.size = 3 * sizeof(uint64_t);
        confine.scoped = LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL;
    }
    if (abi >= 7)
        confine.restrict_flags = LANDLOCK_RESTRICT_SELF_LOG_NEW_EXEC_ON;
    return confine;
}

uint64_t confine_rights(const struct confine *confine, const struct plan_rule *rule, bool is_directory)
{
    uint64_t rights = FS_READ | LANDLOCK_ACCESS_FS_READ_DIR;

    if (rule->may_execute)
        rights |= LANDLOCK_ACCESS_FS_EXECUTE;
    if (rule->may_write)
        rights |= FS_WRITE & ~FS_NEVER;
    if (rule->is_device)
        rights |= LANDLOCK_ACCESS_FS_IOCTL_DEV | LANDLOCK_ACCESS_FS_WRITE_FILE;
    if (!is_directory)
        rights &= FS_OF_FILES;
    return rights & confine->fs;
}
