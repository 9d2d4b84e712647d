/* SPDX-License-Identifier: Apache-2.0 */
/* Whose service runs what this caller starts next, and what nobody could prove of it, as `cordon doctor` tells it. */
#ifndef CORDON_SDK_STANDING_H
#define CORDON_SDK_STANDING_H

#include "base/json.h"
#include "base/text.h"
#include "sdk/serving.h"

struct standing {
    struct serving serving;
    struct error unknown; /* kind != ERROR_NONE: why it is not known, a configuration that is not understood */
    const struct unproved *unproved[UNPROVED_MAX];
    size_t unproved_count;
};

/* `has_namespaces`: containers here have first processes that are held. ERROR_MEMORY alone. */
int standing_find(struct arena *arena, const struct places *places, bool has_namespaces, struct standing *ret_standing, struct error *err) must_check;

void standing_print(struct text *out, const struct standing *standing);
/* "identity": {...}; null where it is not known. */
void standing_write(struct json *json, const struct standing *standing);

#endif
