/* SPDX-License-Identifier: Apache-2.0 */
/* Takes the obvious secrets out of a command line before it is recorded. */
#ifndef CORDON_BASE_REDACT_H
#define CORDON_BASE_REDACT_H

#include <stdbool.h>

#include "base/text.h"

#define REDACTED "***"

/*
 * Append `arg` with secrets replaced by "***": values of NAME=..., --name=... and "Name: ..." whose
 * name speaks of a secret, passwords in URLs, words that begin as known tokens do. `is_value` says
 * that the argument before it was an option like --token, so that all of this one is secret.
 * Redaction is a courtesy to readers of the record, not a boundary: what looks like nothing known
 * stays.
 */
void redact_argument(struct text *out, const char *arg, bool is_value);

/* Append the value of a variable: all of it is "***" where its name speaks of a secret, else as an argument's. */
void redact_variable(struct text *out, const char *name, const char *value);

/* Is `arg` an option whose value follows as the next argument and is secret? */
bool redact_next(const char *arg);

#endif
