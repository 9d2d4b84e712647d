/* SPDX-License-Identifier: Apache-2.0 */
/* Which keys of a repository's own configuration make git run something, or read or write elsewhere. */
#ifndef CORDON_SDK_GIT_KEYS_H
#define CORDON_SDK_GIT_KEYS_H

#include <stdbool.h>

#include "base/git_config.h"

/* How a value matters. */
enum git_value {
    GIT_ANY = 0,  /* whatever it says, unless it is empty */
    GIT_SHELL,    /* only when it begins with '!' */
    GIT_NOT_BOOL, /* not when it says yes or no, in a word or a number */
    GIT_NOT_OFF,  /* not when it says "never" */
    GIT_HELPER,   /* only when it names a remote helper: "ext::..." */
    GIT_DIRECTORY, /* only when it leads out of the tree that the repository lies in: the caller decides */
};

struct git_key {
    const char *section;    /* in lower case, as the key */
    bool has_none, has_any; /* without a subsection, with any */
    const char *key;        /* NULL = any */
    enum git_value value;
    const char *why;        /* "git runs it ...": what a person is told */
};

/* The table, in no order. */
const struct git_key *git_keys(size_t *ret_count);

/* The row that this entry matches by name and value; NULL = harmless. */
const struct git_key *git_key_find(const struct git_config_entry *entry);

#endif
