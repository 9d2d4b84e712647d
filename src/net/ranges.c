/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of numbers as ranges. */
#include "net/ranges.h"

#include <errno.h>
#include <stdlib.h>

int net_ranges_add(struct arena *arena, struct net_ranges *set, net_number first, net_number last)
{
    struct net_range *range = arena_append(arena, set->items, set->count);

    if (!range)
        return -ENOMEM;
    *range = (struct net_range){first, last};
    return 0;
}

static int compare(const void *left, const void *right)
{
    const struct net_range *a = left, *b = right;

    return a->first < b->first ? -1 : a->first > b->first;
}

void net_ranges_settle(struct net_ranges *set)
{
    size_t kept = 0;

    if (set->count)
        qsort(set->items, set->count, sizeof(*set->items), compare);
    for (size_t i = 0; i < set->count; i++) {
        const struct net_range range = set->items[i];
        struct net_range *last = kept ? &set->items[kept - 1] : NULL;

        if (last && (range.first <= last->last || range.first - last->last == 1)) {
            if (range.last > last->last)
                last->last = range.last;
        } else {
            set->items[kept++] = range;
        }
    }
    set->count = kept;
}

int net_ranges_minus(struct arena *arena, const struct net_ranges *from, const struct net_ranges *what,
                     struct net_ranges *ret_rest)
{
    struct net_ranges rest = {0};
    size_t at = 0;
    int status = 0;

    for (size_t i = 0; i < from->count && status == 0; i++) {
        net_number first = from->items[i].first, last = from->items[i].last;
        bool is_gone = false;

        while (at < what->count && what->items[at].last < first)
            at++;
        for (size_t j = at; j < what->count && what->items[j].first <= last && status == 0 && !is_gone; j++) {
            if (what->items[j].first > first)
                status = net_ranges_add(arena, &rest, first, what->items[j].first - 1);
            is_gone = what->items[j].last >= last;
            first = what->items[j].last + 1; /* not used where that is the highest of all */
        }
        if (!is_gone && status == 0)
            status = net_ranges_add(arena, &rest, first, last);
    }
    if (status == 0)
        *ret_rest = rest;
    return status;
}

int net_ranges_both(struct arena *arena, const struct net_ranges *a, const struct net_ranges *b,
                    struct net_ranges *ret_both)
{
    struct net_ranges both = {0};
    size_t i = 0, j = 0;
    int status = 0;

    while (i < a->count && j < b->count && status == 0) {
        const struct net_range *x = &a->items[i], *y = &b->items[j];
        net_number first = x->first > y->first ? x->first : y->first;
        net_number last = x->last < y->last ? x->last : y->last;

        if (first <= last)
            status = net_ranges_add(arena, &both, first, last);
        if (x->last < y->last)
            i++;
        else
            j++;
    }
    if (status == 0)
        *ret_both = both;
    return status;
}
