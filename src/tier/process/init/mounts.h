/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/PID/mountinfo as a table. */
#ifndef CORDON_TIER_PROCESS_INIT_MOUNTS_H
#define CORDON_TIER_PROCESS_INIT_MOUNTS_H

#include <stddef.h>
#include <stdint.h>

#define MOUNTS_MAX       8192 /* twice what patterns may cover (policy/compile/search.c: FOUND_MAX) */
#define MOUNTS_TEXT_SIZE (2u << 20)

struct mount_row {
    uint64_t id;
    uint64_t device;   /* major << 32 | minor of the file system, which is not always what stat() says of its files */
    const char *root;  /* which part of the file system is mounted */
    const char *point; /* where, as seen from the root directory of the process that was asked */
};

struct mounts {
    uint32_t count;
    struct mount_row rows[MOUNTS_MAX];
    char text[MOUNTS_TEXT_SIZE];
};

/* From an open mountinfo. -E2BIG when there are more mounts, or longer ones, than fit. */
long mounts_read(struct mounts *mounts, long fd);

/* NULL = there is none. */
const struct mount_row *mounts_find(const struct mounts *mounts, uint64_t id);

#endif
