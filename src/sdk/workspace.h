/* SPDX-License-Identifier: Apache-2.0 */
/* Which directory the workspace is, and which it must not be without a policy that says so. */
#ifndef CORDON_SDK_WORKSPACE_H
#define CORDON_SDK_WORKSPACE_H

#include "base/error.h"
#include "base/memory.h"
#include "policy/plan.h"

/*
 * `asked` NULL = `cwd`. The result is absolute and free of symbolic links; *ret_given, absolute too, is the name that
 * the caller goes by. `pwd` is what the caller's shell calls the working directory, NULL = it says nothing.
 */
int workspace_find(struct arena *arena, const char *asked, const char *cwd, const char *pwd,
                   const char **ret_workspace, const char **ret_given, struct error *err) must_check;

/*
 * Refuse the root, the home and what is above or hidden in the home; and of what nobody asked for by name (`is_asked`) the
 * system's directories and those that everybody shares. `home` may be a symbolic link.
 */
int workspace_check_default(const char *workspace, const char *home, bool is_asked, struct error *err) must_check;

/* Refuse a workspace that the plan mounts read-only. */
int workspace_check_writable(const struct plan *plan, const char *workspace, struct error *err) must_check;

#endif
