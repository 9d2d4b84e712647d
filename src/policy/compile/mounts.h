/* SPDX-License-Identifier: Apache-2.0 */
/* The host's mounts: which names lead to one object, and where kernel file systems hide in trees.
 */
#ifndef CORDON_POLICY_COMPILE_MOUNTS_H
#define CORDON_POLICY_COMPILE_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/memory.h"

#define MOUNTS_MAX 16384

struct host_mount {
    unsigned major, minor;
    const char *root;  /* of the file system, what is mounted */
    const char *point; /* where */
    const char *type;
    bool is_outside; /* 9p, drvfs, virtiofs: on WSL, what Windows has */
    bool is_kernel; /* procfs and its like: a window into the host, never a tree of files */
};

struct mount_table {
    struct host_mount *mounts;
    size_t count;
    bool has_aliases; /* one file system is mounted more than once */
};

/* `text` as the kernel wrote it; it is changed, and what is found points into it. */
int mounts_parse(struct arena *arena, char *text, struct mount_table *ret_table, struct error *err) must_check;

/* The mount that `path` (real) is on; NULL only when the table is empty. */
const struct host_mount *mounts_find(const struct mount_table *table, const char *path);

/* Where `path` (real, on `home`) or what of it is visible through `other`; NULL = nowhere. */
int mounts_alias(struct arena *arena, const struct host_mount *home, const char *path,
                 const struct host_mount *other, const char **ret_alias,
                 struct error *err) must_check;

#endif
