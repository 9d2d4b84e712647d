/* SPDX-License-Identifier: Apache-2.0 */
/* A comparison for people: one line that says it all, then each item with the rule of either side that decides. */
#include <errno.h>
#include <string.h>

#include "base/path.h"
#include "base/text.h"
#include "base/utf8.h"
#include "policy/model/differ.h"

#define WORDS_SHOWN 4 /* of a list; the JSON has all */
#define VALUE_SHOWN 160
#define NAMES_SHOWN 8 /* of what a block is about */

struct page {
    struct text *out;
    const char *home;
};

/* A path or pattern below the home begins with "~". */
static void add_name(const struct page *page, const char *name)
{
    size_t length = page->home ? strlen(page->home) : 0;

    if (length > 1 && strncmp(name, page->home, length) == 0 && (!name[length] || name[length] == '/')) {
        text_add(page->out, "~");
        name += length;
    }
    text_add_safe(page->out, name);
}

static void add_words(const struct page *page, const char *before, const struct words_list *words)
{
    for (size_t i = 0; i < words->count && i < WORDS_SHOWN; i++) {
        text_add(page->out, i ? ", " : before);
        add_name(page, *words->items[i] ? words->items[i] : "no body");
    }
    if (words->count > WORDS_SHOWN)
        text_printf(page->out, " and %zu more", words->count - WORDS_SHOWN);
}

/* ---- the first line ---- */

struct count {
    size_t number;
    const char *first;
};

static struct count count_subjects(const struct policy_diff *diff, enum difference_kind kind, enum difference_area area,
                                   unsigned rights)
{
    struct count count = {0};

    for (size_t i = 0; i < diff->count; i++) {
        const struct difference *item = &diff->items[i];
        bool is_known = false;

        if (item->kind != kind || item->area != area || !(item->rights & rights))
            continue;
        for (size_t j = 0; j < i && item->subjects.count == 1; j++) /* one host at other ports */
            is_known = is_known || (diff->items[j].kind == kind && diff->items[j].area == area && diff->items[j].rights & rights &&
                                    diff->items[j].subjects.count == 1 &&
                                    strcmp(diff->items[j].subjects.items[0], item->subjects.items[0]) == 0);
        if (!count.number && item->subjects.count)
            count.first = item->subjects.items[0];
        count.number += is_known ? 0 : item->subjects.count;
    }
    return count;
}

/* Rows of the summary. */
static const struct {
    enum difference_area area;
    unsigned rights;
    const char *many, *wider, *narrower;
} rows[] = {
    {AREA_NETWORK, RIGHT_CONNECT | RIGHT_REQUEST, "destinations", "newly reachable", "no longer reachable"},
    {AREA_FILES, RIGHT_READ, "paths", "newly readable", "no longer readable"},
    {AREA_FILES, RIGHT_WRITE, "paths", "newly writable", "no longer writable"},
};

static bool is_in_rows(const struct difference *item)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (rows[i].area == item->area && rows[i].rights & item->rights)
            return true;
    return false;
}

static void add_count(const struct page *page, const struct count *count, size_t row, const char *what)
{
    if (count->number == 1)
        add_name(page, count->first);
    else if (count->number)
        text_printf(page->out, "%zu %s", count->number, rows[row].many);
    else
        text_add(page->out, "nothing");
    text_printf(page->out, " %s", what);
}

/* "2 more (limits, devices)": what has no row of its own. */
static bool add_others(const struct page *page, const struct policy_diff *diff, enum difference_kind kind, const char *before,
                       const char *what)
{
    size_t count = 0;
    unsigned areas = 0;
    const char *between = " (";

    for (size_t i = 0; i < diff->count; i++)
        if (diff->items[i].kind == kind && !is_in_rows(&diff->items[i])) {
            count++;
            areas |= 1u << diff->items[i].area;
        }
    if (!count)
        return false;
    text_printf(page->out, "%s%zu %s", before, count, what);
    for (enum difference_area area = AREA_FILES; area <= AREA_OTHER; area++)
        if (areas & 1u << area) {
            text_printf(page->out, "%s%s", between, difference_area_name(area));
            between = ", ";
        }
    text_add(page->out, ")");
    return true;
}

static void add_kind(const struct page *page, const struct policy_diff *diff, enum difference_kind kind)
{
    bool is_wider = kind == DIFFERENCE_WIDER;
    const char *before = "";

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct count count = count_subjects(diff, kind, rows[i].area, rows[i].rights);

        if (!is_wider && !count.number)
            continue;
        text_add(page->out, before);
        add_count(page, &count, i, is_wider ? rows[i].wider : rows[i].narrower);
        before = ", ";
    }
    add_others(page, diff, kind, before, is_wider ? "more wider" : "more narrower");
}

static void add_summary(const struct page *page, const struct policy_diff *diff)
{
    if (!diff->count) {
        text_add(page->out, "no difference: both allow the same\n");
        return;
    }
    if (diff->has_wider)
        add_kind(page, diff, DIFFERENCE_WIDER);
    else if (diff->has_narrower)
        text_add(page->out, "nothing newly possible");
    if (diff->has_narrower) {
        text_add(page->out, "; ");
        add_kind(page, diff, DIFFERENCE_NARROWER);
    }
    if (diff->has_unknown)
        add_others(page, diff, DIFFERENCE_UNKNOWN, diff->has_wider || diff->has_narrower ? "; " : "", "cannot be compared");
    if (diff->has_changed)
        add_others(page, diff, DIFFERENCE_CHANGED,
                   diff->has_wider || diff->has_narrower || diff->has_unknown ? "; " : "nothing newly possible or impossible; ", "changed");
    text_add(page->out, "\n");
}

/* ---- blocks ---- */

static bool is_same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Do they differ in subjects and rules alone? Then they are one block. */
static bool is_one_block(const struct difference *a, const struct difference *b)
{
    return a->kind == b->kind && a->area == b->area && a->rights == b->rights && is_same_text(a->member, b->member) &&
           !a->before_rule == !b->before_rule && !a->after_rule == !b->after_rule && !a->before &&
           !a->after && !b->before && !b->after && (!a->rights || is_same_text(a->detail, b->detail)) &&
           words_are_same(&a->except, &b->except) && words_are_same(&a->other_than, &b->other_than) && words_are_same(&a->ports, &b->ports) &&
           words_are_same(&a->addresses, &b->addresses) && words_are_same(&a->programs, &b->programs) &&
           words_are_same(&a->methods, &b->methods) && words_are_same(&a->paths, &b->paths) &&
           words_are_same(&a->calls, &b->calls);
}

static void add_rights(const struct page *page, const struct difference *item)
{
    static const char *const names[] = {"read", "write", "connect", "request", "resolve", "spend", "last"};
    const char *before = "";

    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (item->rights & 1u << i) {
            text_printf(page->out, "%s%s", before, names[i]);
            before = ", ";
        }
}

/* "environment: inherit", "limits: resources.memory", "devices:" */
static void add_member(const struct page *page, const struct difference *item)
{
    const char *area = difference_area_name(item->area);
    size_t length = strlen(area);

    if (item->area == AREA_SYSCALLS)
        text_add(page->out, " call");
    else if (strcmp(item->member, area) == 0)
        return;
    else if (strncmp(item->member, area, length) == 0 && item->member[length] == '.')
        text_printf(page->out, " %s", item->member + length + 1);
    else
        text_printf(page->out, " %s", item->member);
}

static void add_subjects(const struct page *page, const struct difference *items, size_t count)
{
    size_t shown = 0, all = 0;

    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < items[i].subjects.count; j++, all++) {
            if (shown == NAMES_SHOWN)
                continue;
            text_add(page->out, shown++ ? ", " : " ");
            add_name(page, items[i].subjects.items[j]);
        }
    if (all > shown)
        text_printf(page->out, " and %zu more", all - shown);
}

static void add_requests(const struct page *page, const struct difference *item)
{
    add_words(page, ": ", &item->methods);
    if (item->rights & RIGHT_REQUEST && item->paths.count)
        add_words(page, " ", &item->paths);
    else if (item->rights & RIGHT_REQUEST)
        text_add(page->out, " every path");
    if (item->rights & RIGHT_REQUEST)
        add_words(page, " except ", &item->except);
    add_words(page, ", with ", &item->calls);
}

/* The beginning of a long one, of whole characters: the JSON has all. */
static void add_value(const struct page *page, const char *value)
{
    size_t length = 0, next;

    while (value[length] && length < VALUE_SHOWN) {
        next = utf8_length(value + length);
        length += next ? next : 1;
    }
    text_add_safe_n(page->out, value, length);
    if (value[length])
        text_add(page->out, "...");
}

static const char *rule_of(const struct difference *item, bool is_after)
{
    return is_after ? item->after_rule : item->before_rule;
}

/* The first one, and how many others there are. */
static void add_rule(const struct page *page, const struct difference *items, size_t count, bool is_after)
{
    const char *rule = rule_of(items, is_after), *value = is_after ? items->after : items->before;
    size_t others = 0;

    if (!rule && !value && !items->after_rule && !items->before_rule)
        return;
    for (size_t i = 1; i < count; i++)
        others += !is_same_text(rule_of(&items[i], is_after), rule_of(&items[i - 1], is_after));
    text_printf(page->out, "    %s ", is_after ? "after: " : "before:");
    if (value)
        add_value(page, value);
    if (value && rule)
        text_add(page->out, ", ");
    if (rule)
        text_add_safe(page->out, rule);
    else if (!value)
        text_add(page->out, "no rule");
    if (others)
        text_printf(page->out, " and %zu more", others);
    text_add(page->out, "\n");
}

static void add_detail(const struct page *page, const struct difference *item)
{
    bool is_object = item->area == AREA_FILES && item->rights;

    if (!item->detail || !(is_object || item->kind == DIFFERENCE_UNKNOWN || item->rights & (RIGHT_SPEND | RIGHT_LAST)))
        return;
    text_add(page->out, is_object ? " (" : " ");
    text_add_safe(page->out, item->detail);
    text_add(page->out, is_object ? ")" : "");
}

static bool begins_with_number(const struct words_list *words)
{
    return words->count && words->items[0][0] >= '0' && words->items[0][0] <= '9';
}

static void add_block(const struct page *page, const struct difference *items, size_t count)
{
    static const char signs[] = {[DIFFERENCE_WIDER] = '+', [DIFFERENCE_NARROWER] = '-', [DIFFERENCE_UNKNOWN] = '?', [DIFFERENCE_CHANGED] = '~'};

    text_printf(page->out, "%c %s:", signs[items->kind], difference_area_name(items->area));
    if (items->rights)
        text_add(page->out, " ");
    add_rights(page, items);
    if (!items->rights && items->member)
        add_member(page, items);
    add_subjects(page, items, count);
    if (items->area == AREA_FILES)
        add_words(page, " except ", &items->except);
    if (items->area == AREA_NETWORK) {
        add_words(page, " other than ", &items->other_than);
        add_words(page, " at ", &items->addresses);
        add_words(page, begins_with_number(&items->ports) ? ", port " : ", ", &items->ports); /* "every port/tcp", "icmp" */
        add_requests(page, items);
        add_words(page, ", by ", &items->programs);
    }
    add_detail(page, items);
    text_add(page->out, "\n");
    add_rule(page, items, count, false);
    add_rule(page, items, count, true);
}

int policy_diff_text(const struct policy_diff *diff, const char *home, char **ret_text, struct error *err)
{
    auto_text struct text out = {0};
    const struct page page = {.out = &out, .home = home};

    add_summary(&page, diff);
    for (size_t i = 0, count; i < diff->count; i += count) {
        for (count = 1; i + count < diff->count && is_one_block(&diff->items[i], &diff->items[i + count]);)
            count++;
        add_block(&page, &diff->items[i], count);
    }
    return text_take(&out, ret_text, err);
}
