/* SPDX-License-Identifier: Apache-2.0 */
/* What the witness and the submitter give up: all files but one directory, and new sockets of the kinds that they do not need. */
#ifndef CORDON_WITNESS_CONFINE_H
#define CORDON_WITNESS_CONFINE_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/error.h"

/* `writable` may be read and written; `readable` (NULL = nothing) read. Listening is over; connecting too unless may_connect. */
int witness_confine(const char *writable, const char *const *readable, bool may_connect, struct error *err) must_check;

#endif
