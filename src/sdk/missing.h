/* SPDX-License-Identifier: Apache-2.0 */
/* Why a command was not found inside. */
#ifndef CORDON_SDK_MISSING_H
#define CORDON_SDK_MISSING_H

#include "base/error.h"
#include "policy/plan.h"

/*
 * Say more in *err, which a tier filled with ERROR_NOT_FOUND: where outside `command` is, by the caller's `path` and from
 * `cwd`, and what the policy would have to grant. Only looks; in doubt *err stays as it is.
 */
void missing_command_explain(const struct plan *plan, const char *command, const char *path, const char *cwd,
                             struct error *err);

#endif
