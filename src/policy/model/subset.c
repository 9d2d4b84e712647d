/* SPDX-License-Identifier: Apache-2.0 */
/* Does one policy allow anything that another does not? Doubt, want of memory included, means yes.
 */
#include "policy/model/subset.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"

int subset_found(struct subset *subset, const char *format, ...)
{
    auto_text struct text safe = {0};
    auto_free char *raw = NULL;
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    raw = length < 0 ? NULL : mem_alloc((size_t)length + 1);
    if (!raw)
        return -ENOMEM;
    va_start(args, format);
    vsnprintf(raw, (size_t)length + 1, format, args);
    va_end(args);
    text_add_safe(&safe, raw);
    if (safe.is_broken || !safe.data)
        return -ENOMEM;
    subset->witness = arena_string(subset->a->arena, safe.data);
    return subset->witness ? 1 : -ENOMEM;
}

const char *subset_origin(struct subset *subset, const struct origin *origin)
{
    const char *text = origin ? origin_text(subset->scratch, origin) : NULL;

    if (!origin)
        return "";
    return text ? arena_printf(subset->scratch, " (%s)", text) : NULL;
}

bool policy_is_subset(const struct policy *a, const struct policy *b, const char **ret_witness)
{
    static int (*const parts[])(struct subset *) = {subset_settings, subset_lists, subset_secrets,
                                                    subset_network, subset_paths};
    auto_arena struct arena *scratch = arena_new();
    struct subset subset = {.a = a, .b = b, .scratch = scratch};
    const char *witness = NULL;
    int status = scratch ? 0 : -ENOMEM;

    for (size_t i = 0; i < ARRAY_COUNT(parts) && status == 0; i++)
        status = parts[i](&subset);
    if (status == 1)
        witness = subset.witness;
    else if (status == -E2BIG)
        witness = "the policies are too complex to compare; use fewer patterns and rules";
    else if (status < 0)
        witness = "out of memory while the policies were compared";
    if (ret_witness)
        *ret_witness = witness;
    return status == 0;
}
