/* SPDX-License-Identifier: Apache-2.0 */
/* The arguments of a system call as a person reads them. */
#ifndef CORDON_SDK_TOLD_ARGS_H
#define CORDON_SDK_TOLD_ARGS_H

#include <stdint.h>

#include "base/text.h"

/* One line: names of flags and of what else is a number, where they are known; addresses of memory are left out. */
void told_args(struct text *out, int call, const uint64_t args[6]);

#endif
