/* SPDX-License-Identifier: Apache-2.0 */
/* Values of secrets: read by the caller, outside, and handed to the holder. */
#ifndef CORDON_SDK_SECRET_H
#define CORDON_SDK_SECRET_H

#include "policy/plan.h"
#include "sdk/locked.h"

struct secret_reading {
    const char *const *environment; /* the caller's, NAME=VALUE, NULL-terminated */
    uint64_t deadline_ns;           /* monotonic, 0 = each source has a bound of its own */
    int cancel_fd;                  /* -1 = none */
};

/*
 * The value of one secret, without the line break behind it, into `value`. An error names the secret and its source, never what
 * was read; of a command that fails it has what that said on its standard error, made safe to show.
 */
int secret_read(const struct plan_secret *secret, const struct secret_reading *reading, struct locked *value,
                struct error *err) must_check;

/* secret_files.c: of a file, and of a key in the kernel's keyrings; with whatever line break stands behind it. */
int secret_read_file(const struct plan_secret *secret, struct locked *value, struct error *err) must_check;
int secret_read_key(const struct plan_secret *secret, struct locked *value, struct error *err) must_check;

/*
 * All of a plan's: each value is read and gets a placeholder, which is put into the plan. *ret_placeholders and *ret_values are
 * sealed records for the inspector and for the holder (net/secrets.h), the caller's to close.
 */
int secrets_begin(struct plan *plan, const struct secret_reading *reading, int *ret_placeholders, int *ret_values,
                  struct error *err) must_check;

#endif
