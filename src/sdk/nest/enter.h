/* SPDX-License-Identifier: Apache-2.0 */
/* The nester goes into the container around, from which it never comes back: what it looks up there is what a program of it sees. */
#ifndef CORDON_SDK_NEST_ENTER_H
#define CORDON_SDK_NEST_ENTER_H

#include "base/error.h"
#include "base/memory.h"

/*
 * As the only thread of this process. *ret_tree: all of the container's file tree as it is mounted now (open_tree(2)). *ret_mounts:
 * those mounts as /proc has them, in `arena`. Afterwards this process is who that is, with no capability and no way to any.
 */
int nest_enter(int user, int mounts, struct arena *arena, int *ret_tree, const char **ret_mounts, struct error *err) must_check;

/* From here on it starts no process, and opens no connection; what a request makes of it is for the most part what that could do inside. */
int nest_confine(struct error *err) must_check;

#endif
