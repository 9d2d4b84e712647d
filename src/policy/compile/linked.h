/* SPDX-License-Identifier: Apache-2.0 */
/* Files with several names (hard links) of which one is restricted: search.c looks for the others. */
#ifndef CORDON_POLICY_COMPILE_LINKED_H
#define CORDON_POLICY_COMPILE_LINKED_H

#include "policy/compile/compile.h"

#define SEARCH_NAMES_MAX 400000 /* names looked at by one walk, about a second on a warm cache */

struct linked {
    dev_t device;
    ino_t inode;
    nlink_t links_to;
    const char *path; /* one of its names, and what its other names may have at most: */
    enum access access;
    const struct origin *origin;
};

struct linked_files {
    struct linked *files; /* by inode, each once */
    size_t count;
    nlink_t links_left;  /* names that are still to be found */
    const char **walked; /* directories whose names are counted already */
    size_t walked_count;
};

/*
 * Of each point that has less access than what is around it: the file with several names, or, of a directory, those in
 * it. Refused by its name when there is too much in it.
 */
int linked_collect(struct compile *c, struct linked_files *ret_files, struct error *err) must_check;

/* The first with this inode number, on whatever device, and those behind it; NULL = none. */
const struct linked *linked_find(const struct linked_files *files, ino_t inode);
const struct linked *linked_next(const struct linked_files *files, const struct linked *linked);

/* Does `path` lie in a directory whose names are counted already? */
bool linked_is_walked(const struct linked_files *files, const char *path);

/* A rule that grants files, and one of a built-in profile: system trees are not searched (cordon(5) says so). */
bool linked_is_grant(const struct path_rule *rule);
bool linked_is_system_tree(const struct path_rule *rule);

#endif
