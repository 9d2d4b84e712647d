/* SPDX-License-Identifier: Apache-2.0 */
/* Builds the record (record.h) that cordon-init executes, in a sealed memfd. */
#ifndef CORDON_TIER_PROCESS_IMAGE_H
#define CORDON_TIER_PROCESS_IMAGE_H

#include "base/error.h"
#include "base/text.h"
#include "tier/process/record.h"
#include "tier/tier.h"

struct image_options {
    int landlock_abi;    /* as probed */
    uint32_t flags;      /* enum record_flag decided by the launcher (RECORD_WAIT_*); the rest is derived from the plan */
    const char *scratch; /* directory of this run with the plan's private ones in it; NULL = none */
};

/* *ret_bytes is the caller's to text_finish(). The same plan gives the same bytes. */
int image_make(const struct tier_start *start, const struct image_options *options, struct text *ret_bytes, struct error *err) must_check;

/* *ret_fd is close-on-exec and the caller's. */
int image_store(const struct text *bytes, int *ret_fd, struct error *err) must_check;

/* Both of struct record_exec. */
int image_write_exec(const struct tier_exec *exec, int *ret_fd, struct error *err) must_check;

#endif
