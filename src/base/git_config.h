/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A git configuration text, read without running git: git-config(1), "Configuration file / Syntax". Files that the
 * text includes are not followed.
 */
#ifndef CORDON_BASE_GIT_CONFIG_H
#define CORDON_BASE_GIT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/memory.h"

/* Longest configuration file that is read. */
#define GIT_CONFIG_MAX ((size_t)256 * 1024)

struct git_config_entry {
    const char *section;    /* in lower case, "" before the first */
    const char *subsection; /* NULL = none */
    const char *key;        /* in lower case */
    const char *value;      /* NULL = only the key is there, which means true; ends at a NUL, as git's does */
    bool is_cut;            /* the section's line holds a NUL, where the name ends: git itself cannot edit this entry */
};

/* What is given lives as long as the call. Another value than 0 ends the reading. */
typedef int (*git_config_visit)(const struct git_config_entry *entry, void *data);

/* Every entry, in order, also those behind what git would refuse. Returns what `visit` returned last, or -ENOMEM. */
int git_config_each(const char *text, size_t size, git_config_visit visit, void *data, struct error *err) must_check;

/*
 * Value of `key` in section [section], not in one of its subsections; letter case does not count,
 * the last one does. *ret_value is in the arena, NULL = none or empty.
 */
int git_config_value(struct arena *arena, const char *text, const char *section, const char *key,
                     const char **ret_value, struct error *err) must_check;

#endif
