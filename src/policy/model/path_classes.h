/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every path there can be, sorted by what two policies can tell apart: which literal path of
 * theirs it last followed, and where each of their patterns stands. Two paths of one class have
 * the same access in both, and so have the paths below them.
 */
#ifndef CORDON_POLICY_MODEL_PATH_CLASSES_H
#define CORDON_POLICY_MODEL_PATH_CLASSES_H

#include "policy/model/name_classes.h"
#include "policy/policy.h"

struct path_node {
    const char *name; /* in a document, not terminated */
    size_t length;
    size_t first_child, next_sibling; /* 0 = none: the root is nobody's child */
};

/*
 * What a pattern takes away in which policy. Once all that a pattern could take away is gone, where
 * it stands makes no difference any more; without that, n patterns would make 2^n classes.
 */
enum path_role { ROLE_A_DENY = 1, ROLE_A_READ = 2, ROLE_B_DENY = 4, ROLE_B_READ = 8 };

struct path_classes {
    struct arena *arena;
    struct path_node *nodes; /* the literal paths; [0] is "/" */
    size_t node_count;
    const char **patterns; /* whole globs, each once */
    unsigned *roles;       /* of each: enum path_role */
    size_t role_count;
    size_t pattern_count;
    size_t pattern_words, pattern_bytes;
    size_t rule_count;
    const struct view **views;
    size_t view_count;

    struct name *wild; /* components with wildcards, each once */
    size_t wild_count;
    struct name *literal; /* components of globs without, each once */
    size_t literal_count;
    struct states names;       /* classes of names by `wild`, with one that stands for it */
    struct name *node_names;   /* names in the tree, each once */
    size_t *node_name_classes; /* index into all_names of each */
    size_t node_name_count;
    struct states all_names; /* as `names`; "" stands where a combination only occurs in the tree */

    struct states paths;
};

/* -ENOMEM, -E2BIG. */
int path_classes_init(struct path_classes *classes, struct arena *arena, const struct policy *a,
                      const struct policy *b) must_check;

/* One more literal path, all of whose names occur in others; it must outlive the classes. -ENOMEM, -E2BIG. */
int path_classes_add(struct path_classes *classes, const char *path) must_check;

/* `a` denies this path: below it, nothing but another literal path can change that. */
#define PATH_DENIED_BY_A 2

/*
 * Calls `visit` with one path of each class that can make a difference, ancestors first, until it
 * returns something else than 0 and PATH_DENIED_BY_A.
 */
int path_classes_visit(struct path_classes *classes, int (*visit)(const char *path, void *data),
                       void *data) must_check;

#endif
