/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes possible and what impossible: the parts of the comparison, each looked at in both directions. */
#include <errno.h>
#include <string.h>

#include "policy/model/differ.h"

const char *difference_kind_name(enum difference_kind kind)
{
    static const char *const names[] = {
        [DIFFERENCE_WIDER] = "wider", [DIFFERENCE_NARROWER] = "narrower", [DIFFERENCE_UNKNOWN] = "unknown",
        [DIFFERENCE_CHANGED] = "changed"};

    return (size_t)kind < ARRAY_COUNT(names) && names[kind] ? names[kind] : "unknown";
}

const char *difference_area_name(enum difference_area area)
{
    static const char *const names[] = {
        [AREA_FILES] = "files",       [AREA_NETWORK] = "network",         [AREA_SECRETS] = "secrets",
        [AREA_SYSCALLS] = "syscalls", [AREA_DEVICES] = "devices",         [AREA_SOCKETS] = "unixSockets",
        [AREA_LIMITS] = "limits",     [AREA_ENVIRONMENT] = "environment", [AREA_ISOLATION] = "isolation",
        [AREA_NESTED] = "nested",     [AREA_UI] = "ui",                   [AREA_PROCESS] = "process",         [AREA_OTHER] = "other",
    };

    return (size_t)area < ARRAY_COUNT(names) && names[area] ? names[area] : "other";
}

bool words_are_same(const struct words_list *a, const struct words_list *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->items[i], b->items[i]) != 0)
            return false;
    return true;
}

int words_add(struct arena *arena, struct words_list *words, const char *word)
{
    return arena_append_once(arena, &words->items, &words->count, word);
}

struct difference *differ_add(struct differ *differ, enum difference_area area)
{
    struct difference *item = arena_append(differ->arena, differ->diff.items, differ->diff.count);

    if (item)
        *item = (struct difference){.kind = differ->who ? DIFFERENCE_WIDER : DIFFERENCE_NARROWER, .area = area};
    return item;
}

void differ_set_rules(const struct differ *differ, struct difference *item, const char *who, const char *other)
{
    item->after_rule = differ->who ? who : other;
    item->before_rule = differ->who ? other : who;
}

int differ_set_origins(const struct differ *differ, struct difference *item, const struct origin *who,
                       const struct origin *other)
{
    const char *who_text = who ? origin_text(differ->arena, who) : NULL;
    const char *other_text = other ? origin_text(differ->arena, other) : NULL;

    if ((who && !who_text) || (other && !other_text))
        return -ENOMEM;
    differ_set_rules(differ, item, who_text, other_text);
    return 0;
}

void differ_set_values(const struct differ *differ, struct difference *item, const char *who, const char *other)
{
    item->after = differ->who ? who : other;
    item->before = differ->who ? other : who;
}

struct part {
    enum difference_area area;
    int (*find)(struct differ *differ);
};

static const struct part parts[] = {
    {AREA_FILES, differ_paths}, {AREA_NETWORK, differ_network}, {AREA_OTHER, differ_settings}, {AREA_OTHER, differ_changes}};

/* Of a part that is unknown nothing else is said. */
static int find_part(struct differ *differ, const struct part *part)
{
    size_t first = differ->diff.count;
    struct difference *item;
    int status = 0;

    for (int who = 1; who >= 0 && status == 0; who--) {
        differ->who = (unsigned)who;
        status = part->find(differ);
    }
    if (status != -E2BIG)
        return status;
    differ->diff.count = first;
    item = differ_add(differ, part->area);
    if (!item)
        return -ENOMEM;
    item->kind = DIFFERENCE_UNKNOWN;
    item->detail = "too many rules and patterns to compare: use fewer, or compare parts of the policies";
    return 0;
}

/* Wider before narrower before unknown before changed; among them in the order of the parts. */
static int sort_items(struct differ *differ)
{
    struct policy_diff *diff = &differ->diff;
    struct difference *sorted = arena_alloc(differ->arena, (diff->count + 1) * sizeof(*sorted));
    size_t count = 0;

    if (!sorted)
        return -ENOMEM;
    for (enum difference_kind kind = DIFFERENCE_WIDER; kind <= DIFFERENCE_CHANGED; kind++)
        for (size_t i = 0; i < diff->count; i++)
            if (diff->items[i].kind == kind)
                sorted[count++] = diff->items[i];
    diff->items = sorted;
    for (size_t i = 0; i < count; i++) {
        diff->has_wider = diff->has_wider || sorted[i].kind == DIFFERENCE_WIDER;
        diff->has_narrower = diff->has_narrower || sorted[i].kind == DIFFERENCE_NARROWER;
        diff->has_unknown = diff->has_unknown || sorted[i].kind == DIFFERENCE_UNKNOWN;
        diff->has_changed = diff->has_changed || sorted[i].kind == DIFFERENCE_CHANGED;
    }
    return 0;
}

int policy_diff(struct arena *arena, const struct policy *before, const struct policy *after, struct policy_diff *ret_diff,
                struct error *err)
{
    struct differ differ = {.arena = arena, .policies = {before, after}};
    int status = 0;

    for (size_t i = 0; i < ARRAY_COUNT(parts) && status == 0; i++)
        status = find_part(&differ, &parts[i]);
    if (status == 0)
        status = sort_items(&differ);
    if (status < 0)
        return error_memory(err);
    *ret_diff = differ.diff;
    return 0;
}
