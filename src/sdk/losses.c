/* SPDX-License-Identifier: Apache-2.0 */
/* Losses, grouped. */
#include "sdk/losses.h"

#include <string.h>

static size_t group_end(const struct plan *plan, size_t first)
{
    size_t end = first + 1;

    while (end < plan->loss_count && strcmp(plan->losses[end].name, plan->losses[first].name) == 0)
        end++;
    return end;
}

int losses_summarise(const struct plan *plan, struct loss_summary *summaries, size_t max, size_t *ret_count,
                     struct error *err)
{
    size_t count = 0;

    for (size_t i = 0; i < plan->loss_count; count++) {
        size_t end = group_end(plan, i);
        struct loss_summary summary = {plan->losses[i].name, plan->losses[i].text};

        if (end - i > LOSS_SHOWN_MAX) {
            summary.text = arena_printf(plan->arena, "%s, and %zu more like it (cordon policy explain has all)",
                                        plan->losses[i].text, end - i - 1);
            if (!summary.text)
                return error_memory(err);
            i = end;
        } else {
            i++;
        }
        if (count < max)
            summaries[count] = summary;
    }
    *ret_count = count;
    return 0;
}
