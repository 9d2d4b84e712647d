/* SPDX-License-Identifier: Apache-2.0 */
/* What each of the ways in which a run is watched sees, and what it cannot. */
#include "tier/process/sources.h"

#include "base/memory.h"
#include "tier/process/cgroup.h"
#include "tier/process/filter.h"

#define SEES(name) (1u << OPERATION_##name)

static const struct tier_source keeper_of_names = {
    "keeper",
    SEES(WRITE) | SEES(CREATE) | SEES(DELETE) | SEES(RENAME) | SEES(LINK) | SEES(METADATA) | SEES(CONNECT) | SEES(BIND),
    "what only reads, looks or executes (`--watch hidden` sees it); extended attributes; what is done to open descriptors; "
    "of sandboxes inside times, owners, and paths as the container names them",
};

static const struct tier_source keeper_of_sockets = {
    "keeper",
    SEES(CONNECT) | SEES(BIND),
    "files: no name of them is kept",
};

static const struct tier_source supervisor = {
    "keeper",
    SEES(METADATA),
    "everything but permissions, owner and times: Landlock refuses the rest, and its records are the kernel's audit",
};

static const struct tier_source filter = {
    "filter",
    SEES(SYSCALL) | SEES(MOUNT) | SEES(PTRACE) | SEES(SIGNAL),
    "signals by descriptor (pidfd_send_signal); calls that programs try as a matter of course (clone3, io_uring, ...), that no row of the table names, or of 32-bit programs; "
    "what the kernel refuses behind it",
};

static const struct tier_source filter_of_others = {
    "filter",
    SEES(SYSCALL) | SEES(MOUNT) | SEES(PTRACE),
    "signals: whose number it is only the kernel knows; calls that programs try as a matter of course (clone3, io_uring, ...), that no row "
    "of the table names, or of 32-bit programs; what the kernel refuses behind it",
};

static const struct tier_source cgroup = {
    "cgroup",
    SEES(LIMIT),
    "limits that the program alone is told of: open files, the size of private file systems, processes where no control group counts "
    "them; who met a limit, and when",
};

#define VOID_BLIND \
    "the same name again within a second; what is absent in private directories other than the home, below directories that " \
    "the program made, in denied ones below which something is granted, and in granted trees (it is absent outside, too)"

static const struct tier_source the_void = {
    "void",
    SEES(LOOK) | SEES(LIST) | SEES(READ) | SEES(EXECUTE),
    "what is absent in the home (this kernel gives no overlay here); " VOID_BLIND,
};

static const struct tier_source void_with_home = {
    "void",
    SEES(LOOK) | SEES(LIST) | SEES(READ) | SEES(EXECUTE),
    "in the home, what was missing once, and what would lie below it; elsewhere " VOID_BLIND,
};

static const struct tier_source watch = {
    "watch",
    SEES(LOOK) | SEES(LIST) | SEES(READ) | SEES(WRITE) | SEES(CREATE) | SEES(DELETE) | SEES(RENAME) | SEES(LINK) |
        SEES(METADATA) | SEES(EXECUTE) | SEES(CONNECT) | SEES(BIND) | SEES(SIGNAL),
    "what is done to open descriptors, what the kernel opens by itself (interpreters, the dynamic linker), where links lead (readlink); whether a call that went on "
    "succeeded, but for missing names and for permissions; paths of sandboxes inside as the container names them",
};

static const struct tier_source asked = {
    "watch",
    SEES(READ),
    "look-ups that open nothing; what is opened by sandboxes inside with file trees of their own",
};

size_t sources_fill(const struct plan *plan, const struct tier_watcher *watcher, int voids, struct tier_source ret_sources[SOURCES_MAX])
{
    size_t count = 0;

    if (plan->wall == PLAN_WALL_LANDLOCK)
        ret_sources[count++] = supervisor;
    else if (filter_has_keeper(&plan->filter))
        ret_sources[count++] = plan->filter.keeps_names ? keeper_of_names : keeper_of_sockets;
    if (count)
        ret_sources[count++] = plan->filter.allows_namespaces || plan->wall == PLAN_WALL_LANDLOCK ? filter_of_others : filter;
    if (cgroup_is_needed(plan))
        ret_sources[count++] = cgroup;
    if (voids)
        ret_sources[count++] = voids > 1 ? void_with_home : the_void;
    if (plan->wall == PLAN_WALL_NAMESPACES && filter_has_keeper(&plan->filter)) {
        if (watcher->level == TIER_WATCH_FULL)
            ret_sources[count++] = watch;
        else if (watcher->ask_ms)
            ret_sources[count++] = asked;
    }
    return count;
}
