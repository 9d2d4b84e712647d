/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What no policy should open without a person having said so: keys, tokens, browsers' profiles, other users. One table for
 * every part of the house that warns of it, leaves it out, or counts it. Names only: nothing but sensitive_walk() looks at a file.
 */
#ifndef CORDON_AUTHOR_SENSITIVE_H
#define CORDON_AUTHOR_SENSITIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum sensitive_kind {
    SENSITIVE_KEY = 1,  /* a private key, or where they are kept */
    SENSITIVE_TOKEN,    /* of a registry, a forge, an agent */
    SENSITIVE_CLOUD,    /* credentials of a cloud or a cluster */
    SENSITIVE_PASSWORD, /* passwords and their managers */
    SENSITIVE_BROWSER,  /* a browser's profile: cookies, sessions, passwords */
    SENSITIVE_PERSONAL, /* mail, messages, what was typed */
    SENSITIVE_SESSION,  /* the desktop, the system's services: who talks to them acts outside */
    SENSITIVE_MACHINE,  /* the machine's own: its identity, its logs, who may become root */
    SENSITIVE_OTHER,    /* another user's home */
};
const char *sensitive_kind_name(enum sensitive_kind kind); /* "key", "token", "cloud", ... Never NULL */

struct sensitive {
    const char *path; /* "~/..." below the home; absolute; or a pattern from any directory */
    enum sensitive_kind kind;
    const char *what; /* "keys of ssh" */
};

/* Absolute, without symbolic links; either may be NULL. */
struct sensitive_places {
    const char *home, *workspace;
};

/* The row that covers `path` (absolute, normalised), or a directory above it. NULL = none. Static. */
const struct sensitive *sensitive_find(const struct sensitive_places *places, const char *path);

/*
 * Every place of the table that has one name and is `tree` or below it, there or not: for who would know what a grant of `tree`
 * opens. `visit` gets a name that is valid during the call; what it returns but 0 ends the walk and is returned. Patterns are
 * not among them: sensitive_find() tells while a tree is walked.
 */
int sensitive_visit(const struct sensitive_places *places, const char *tree,
                    int (*visit)(const char *path, const struct sensitive *row, void *data), void *data);

/*
 * What a pattern covers of a path that is no directory and lies in no place of the table: the rest of what sensitive_find() finds is for
 * sensitive_visit(). NULL = none.
 */
const struct sensitive *sensitive_named(const struct sensitive_places *places, const char *path);

/*
 * What is in `tree` on this machine that a pattern covers, or that what it holds tells (keys in .pem files, tokens in .npmrc). `visit` as
 * for sensitive_visit(). Ends, with `is_cut`, when `left` names were looked at or at `until_ns`: both go on over several trees. 0, what
 * `visit` returned, or -ENOMEM.
 */
struct sensitive_walk {
    const struct sensitive_places *places;
    size_t left;
    uint64_t until_ns; /* clock_monotonic_ns(), 0 = never */
    bool is_cut;
    int (*visit)(const char *path, const struct sensitive *row, void *data);
    void *data;
};
int sensitive_walk(struct sensitive_walk *walk, const char *tree);

/* The rows themselves, for who makes rules of them. */
const struct sensitive *sensitive_rows(size_t *ret_count);

#endif
