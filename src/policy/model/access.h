/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a name inside shows and what may be done with it. A layer gives rights to objects under
 * names: a path grant shows the host's object of that name, a view another one, a cache or private
 * path none of the host's. Layers agree on an object or it is not there; the least access wins.
 * How each layer answers is in the README.
 */
#ifndef CORDON_POLICY_MODEL_ACCESS_H
#define CORDON_POLICY_MODEL_ACCESS_H

#include "base/path.h"
#include "policy/policy.h"

enum object_kind {
    OBJECT_HOST = 1, /* of the host, at `path` */
    OBJECT_CACHE,    /* private to the policy, kept */
    OBJECT_PRIVATE,  /* private to one run, empty at first */
};

struct object {
    enum object_kind kind;
    const struct view *view;              /* what shows it under another name, or NULL */
    char path[2 * (PATH_LENGTH_MAX + 1)]; /* OBJECT_HOST: its name on the host */
};

/*
 * The object that the layers together show at `path`, and what may be done with it. Where layers
 * contradict each other the access is ACCESS_DENIED. *ret_why (may be NULL) is as of
 * policy_access(); a denial that has one is by a rule that names the path, one without is for want
 * of a grant.
 */
enum access policy_object(const struct policy *policy, const char *path, struct object *ret_object,
                          const struct origin **ret_why);

/* What the layers together permit to be done with `object` under the name `path`. */
enum access policy_permits(const struct policy *policy, const char *path,
                           const struct object *object, const struct origin **ret_why);

/* A grant of literal "/" does not bring in the kernel's file systems; they are named or absent. */
bool access_rule_covers(const char *rule_path, const char *path);

/* Where `view` leads from `path`, which its target covers. False when the name would be too long.
 */
bool access_view_path(const struct view *view, const char *path, char *ret_path, size_t size);

#endif
