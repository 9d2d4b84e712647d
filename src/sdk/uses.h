/* SPDX-License-Identifier: Apache-2.0 */
/* Which rules of a plan recorded runs needed. */
#ifndef CORDON_SDK_USES_H
#define CORDON_SDK_USES_H

#include "author/lint.h"
#include "sdk/assemble.h"

struct uses {
    struct lint_use *items; /* each once; in the arena of the assembly's policy */
    size_t count;
    bool has_runs;  /* a run was read, though it may have used nothing */
    bool has_files; /* one that was watched in full */
};

/* Records of `files` (NULL-terminated, or NULL) and, with `of_store`, of the store's runs of this very policy. */
int uses_read(const struct assembly *assembly, const char *const *files, bool of_store, struct uses *ret_uses,
              struct error *err) must_check;

#endif
