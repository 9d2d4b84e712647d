/* SPDX-License-Identifier: Apache-2.0 */
/* Does one policy allow anything that another does not? Doubt, want of memory included, means yes.
 */
#include "policy/model/subset.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"

static int tell(struct subset *subset, const struct subset_item *item, const char *format, va_list args)
{
    auto_text struct text safe = {0};
    auto_free char *raw = NULL;
    va_list again;
    int length;

    va_copy(again, args);
    length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    raw = length < 0 ? NULL : mem_alloc((size_t)length + 1);
    if (!raw)
        return -ENOMEM;
    vsnprintf(raw, (size_t)length + 1, format, args);
    text_add(&safe, subset->since ? subset->since : "");
    text_add_safe(&safe, raw);
    if (safe.is_broken || !safe.data)
        return -ENOMEM;
    if (subset->note)
        return subset->note(subset->data, item, safe.data);
    subset->witness = arena_string(subset->a->arena, safe.data);
    return subset->witness ? 1 : -ENOMEM;
}

int subset_tell(struct subset *subset, const struct subset_item *item, const char *format, ...)
{
    va_list args;
    int status;

    va_start(args, format);
    status = tell(subset, item, format, args);
    va_end(args);
    return status;
}

int subset_found(struct subset *subset, const char *format, ...)
{
    const struct subset_item item = {0};
    va_list args;
    int status;

    va_start(args, format);
    status = tell(subset, &item, format, args);
    va_end(args);
    return status;
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
