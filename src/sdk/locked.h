/* SPDX-License-Identifier: Apache-2.0 */
/* Memory for values of secrets: never swapped, never in a core dump, not in a child, and zeroes when it is given back. */
#ifndef CORDON_SDK_LOCKED_H
#define CORDON_SDK_LOCKED_H

#include <stddef.h>

#include "base/error.h"

struct locked {
    char *bytes;
    size_t size;   /* what there is room for */
    size_t length; /* what is used of it */
};

int locked_init(struct locked *locked, size_t size, struct error *err) must_check;
void locked_finish(struct locked *locked);
#define auto_locked cleanup_with(locked_finish)

#endif
