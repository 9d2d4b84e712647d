/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Built-in profiles. The build reads profiles/ with the same reader that reads documents and embeds
 * the trees, because parsing YAML again at every start would cost more than all else that a load
 * does.
 */
#ifndef CORDON_POLICY_READ_PROFILE_H
#define CORDON_POLICY_READ_PROFILE_H

#include <stddef.h>

#include "policy/read/node.h"

struct profile {
    const char *name;
    const char *text;
    const char *digest;
    const struct node *root;
};

struct profile_set {
    const struct profile *profiles;
    size_t count;
};

extern const struct profile_set builtin_profiles;

const struct profile *profile_find(const struct profile_set *set, const char *name);

#endif
