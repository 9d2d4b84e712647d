/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The built-in protected names: what a program outside the container later executes or obeys
 * because it lies in a workspace. Relative to every writable root; filesystem.protectBuiltin puts
 * them in force, filesystem.unprotectedPaths gives single ones up.
 */
#ifndef CORDON_POLICY_MODEL_PROTECTED_H
#define CORDON_POLICY_MODEL_PROTECTED_H

#include "policy/document.h"

struct protected_name {
    const char *name;   /* relative path */
    const char *reason; /* who obeys it */
    bool may_appear;    /* a new one is what making a repository means; an old one stays as it is */
};

const struct protected_name *protected_names(size_t *ret_count);

/*
 * What of `name` lies below a writable root that itself ends inside it: "hooks" of ".git/hooks" for
 * the root "/w/.git". NULL when the root does not.
 */
const char *protected_name_rest(const char *root, const char *name);

/* Does this layer keep `name` protected? */
bool protected_name_holds(const struct document *document, const char *name);

/*
 * Does a built-in protected name cover `path`? Any layer's protection holds below the writable
 * roots of every layer. *ret_why (may be NULL) is the member that put it in force.
 */
bool protected_covers(struct document *const *layers, size_t layer_count, const char *path,
                      const struct origin **ret_why);

/* Calls `visit` with each writable root (a read-write path or the target of a writable view) until
 * it returns non-zero, and returns that. */
int protected_visit_roots(struct document *const *layers, size_t layer_count,
                          int (*visit)(const char *root, void *data), void *data);

#endif
