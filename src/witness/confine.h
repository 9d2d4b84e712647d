/* SPDX-License-Identifier: Apache-2.0 */
/* What the witness and the submitter give up: all files but one directory, new sockets of the kinds that they do not need, and system calls. */
#ifndef CORDON_WITNESS_CONFINE_H
#define CORDON_WITNESS_CONFINE_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/error.h"

/* `writable` may be read and written; `readable` (NULL = nothing) read. Listening is over; connecting too unless may_connect. */
int witness_confine(const char *writable, const char *const *readable, bool may_connect, struct error *err) must_check;

/* The system calls that each of them still makes, for good: after all else that they begin with. What the submitter's libraries ask for beyond that fails. */
int witness_shut_calls(struct error *err) must_check;
int submit_shut_calls(struct error *err) must_check;

#endif
