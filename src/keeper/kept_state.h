/* SPDX-License-Identifier: Apache-2.0 */
/* What is written down of a container that is kept, beside the request that it was made by: a line for each fact. */
#ifndef CORDON_KEEPER_KEPT_STATE_H
#define CORDON_KEEPER_KEPT_STATE_H

#include "base/error.h"
#include "base/text.h"

#define KEPT_STATE_MAX 8192

enum kept_wanted { KEPT_CREATED = 0, KEPT_RUNNING, KEPT_STOPPED };

struct kept_state {
    enum kept_wanted wanted;   /* what it was when it was written down last */
    char name[68];             /* "" = it has none */
    char cwd[4096];            /* where it was created */
    char digest[80];           /* of its policy when it was created or started last; "" = not known */
    char boot[40];             /* of the kernel's that `until_boot_ns` is of */
    uint64_t created_ms, until_ms, until_boot_ns; /* until: 0 = it does not end by itself */
    bool until_is_time;        /* also by the wall's clock */
};

void kept_state_print(struct text *out, const struct kept_state *state);

/* ERROR_INVALID: that is none, or not a whole one. */
int kept_state_parse(const char *text, size_t size, struct kept_state *ret_state, struct error *err) must_check;

#endif
