/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who commits: the caller's name and address for git, without the rest of the caller's git configuration, which may
 * hold credentials, and without running git.
 */
#ifndef CORDON_SDK_GIT_IDENTITY_H
#define CORDON_SDK_GIT_IDENTITY_H

#include "policy/policy.h"
#include "sdk/places.h"

/*
 * Where a layer inherits GIT_AUTHOR_NAME, `environment` is taken to have GIT_{AUTHOR,COMMITTER}_{NAME,EMAIL} as the
 * first of these says: the variables themselves; the repository of the workspace (then nothing is added, git reads it
 * itself); ~/.gitconfig; $XDG_CONFIG_HOME/git/config; the password database's full name or the user's name, and
 * USER@cordon.invalid. Only [user] name and email are read; files that are included are not followed.
 * *ret_environment is `environment` itself or a copy in `arena`.
 */
int git_identity_add(struct arena *arena, const struct policy *policy, const struct places *places,
                     const char *workspace, const char *const *environment, const char *const **ret_environment,
                     struct error *err) must_check;

#endif
