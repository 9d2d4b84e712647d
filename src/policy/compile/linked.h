/* SPDX-License-Identifier: Apache-2.0 */
/* Files with several names (hard links) of which one is restricted: search.c looks for the others. */
#ifndef CORDON_POLICY_COMPILE_LINKED_H
#define CORDON_POLICY_COMPILE_LINKED_H

#include "policy/compile/compile.h"

#define SEARCH_NAMES_MAX 400000 /* names looked at by one walk, about a second on a warm cache */

/* A name as its file system has it: the number of links counts these, whatever paths bind mounts make of one. */
struct linked_entry {
    dev_t device; /* of the directory */
    ino_t directory;
    const char *name; /* NULL = none: something mounted there, or a spelling that may not be the name's */
};

struct linked {
    dev_t device;
    ino_t inode;
    nlink_t links_to;
    const char *path; /* one of its names, and what its other names may have at most: */
    enum access access;
    const struct origin *origin;
    struct linked_entry entry;        /* of `path` */
    const struct linked_entry *known; /* names that are counted: from the start, sorted, and since */
    struct linked_entry *found;
    size_t known_count, found_count;
};

struct walked {
    const char *path;
    size_t length;
};

struct linked_files {
    struct linked *files; /* by inode, each once */
    size_t count;
    nlink_t links_left;  /* names that are still to be found, of all of them */
    struct walked *walked; /* directories whose names are counted already */
    size_t walked_count;
};

/*
 * Of each point that has less access than what is around it: the file with several names, or, of a directory, those in
 * it. Refused by its name when there is too much in it.
 */
int linked_collect(struct compile *c, struct linked_files *ret_files, struct error *err) must_check;

/* The first with this inode number, on whatever device, and those behind it; NULL = none. */
struct linked *linked_find(const struct linked_files *files, ino_t inode);
struct linked *linked_next(const struct linked_files *files, struct linked *linked);

/* linked_count.c: `is_listed`: the last component is spelled as the directory shows it. Its name is within `path`. */
struct linked_entry linked_entry_at(const char *path, bool is_listed);
int linked_compare_entries(const struct linked_entry *one, const struct linked_entry *two);
/* The distinct ones of `names`, sorted by their entries, become what is known of `file`. */
int linked_start_count(struct compile *c, struct linked_files *files, struct linked *file, const struct linked *names,
                       size_t count, struct error *err) must_check;
/* One more path that leads to `file`: counted when no path to the same entry was. */
int linked_count(struct compile *c, struct linked_files *files, struct linked *file, const char *path, bool is_listed,
                 struct error *err) must_check;

/* Are the inode numbers that reading this directory gives those of the files? Elsewhere each is asked. */
bool linked_lists_numbers(int directory);

/* Does `path` lie in a directory whose names are counted already? */
bool linked_is_walked(const struct linked_files *files, const char *path);

/* A rule that grants files, and one of a built-in profile: system trees are not searched (cordon(5) says so). */
bool linked_is_grant(const struct path_rule *rule);
bool linked_is_system_tree(const struct path_rule *rule);

#endif
