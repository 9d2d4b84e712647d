/* SPDX-License-Identifier: Apache-2.0 */
/* What lies in the caller's home, as far as a command that is learned from may read it. */
#ifndef CORDON_SDK_LEARN_HOME_H
#define CORDON_SDK_LEARN_HOME_H

#include "base/error.h"
#include "base/memory.h"

#define LEARN_HOME_MAX 1024

/*
 * Absolute paths, sorted, NULL-terminated, in the arena; none where there is no home. Without the workspace (NULL = the working
 * directory). ERROR_LIMIT beyond LEARN_HOME_MAX.
 */
int learn_home_list(struct arena *arena, const char *home, const char *workspace, const char *const **ret_paths,
                    struct error *err) must_check;

#endif
