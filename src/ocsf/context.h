/* SPDX-License-Identifier: Apache-2.0 */
/* What a context says of each record, written once: members of objects, ready to be copied. */
#ifndef CORDON_OCSF_CONTEXT_H
#define CORDON_OCSF_CONTEXT_H

#include "base/text.h"
#include "ocsf/ocsf.h"
#include "ocsf/rows.h"

struct ocsf_parts {
    char *text[PART_COUNT_]; /* without braces; NULL = nothing */
    size_t size[PART_COUNT_];
};

int ocsf_parts_init(struct ocsf_parts *parts, const struct ocsf_context *context, struct error *err) must_check;
void ocsf_parts_finish(struct ocsf_parts *parts);

#endif
