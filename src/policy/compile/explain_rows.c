/* SPDX-License-Identifier: Apache-2.0 */
/* Columns, and rows put together by the member that they come from. */
#include "policy/compile/explain_rows.h"

#include <string.h>

/* Whose word a row is: the order of the groups. */
enum rank { RANK_NOBODY, RANK_DOCUMENT, RANK_PROFILE, RANK_BUILTIN, RANK_COUNT };

struct columns {
    size_t verdict, mechanisms; /* widest of the section, 0 = the column is empty */
};

static bool has_origin(const struct origin *origin)
{
    return origin && origin->member;
}

static enum rank rank_of(const struct origin *origin)
{
    if (!has_origin(origin))
        return RANK_NOBODY;
    if (origin->is_profile)
        return RANK_PROFILE;
    if (!origin->file && origin->layer && strcmp(origin->layer, "built-in") == 0)
        return RANK_BUILTIN;
    return RANK_DOCUMENT;
}

/* How much of a member's name its neighbours share: the list without the index, the map without the
 * key. */
static size_t group_length(const char *member)
{
    static const char *const maps[] = {"environment.set.", "resources."};

    for (size_t i = 0; i < ARRAY_COUNT(maps); i++)
        if (strncmp(member, maps[i], strlen(maps[i])) == 0)
            return strlen(maps[i]) - 1;
    return strcspn(member, "[");
}

static bool is_same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool explain_is_same_group(const struct origin *a, const struct origin *b)
{
    size_t length;

    if (!has_origin(a) || !has_origin(b))
        return has_origin(a) == has_origin(b);
    length = group_length(a->member);
    return is_same_text(a->file, b->file) && is_same_text(a->layer, b->layer) &&
           group_length(b->member) == length && strncmp(a->member, b->member, length) == 0;
}

static void add_place(struct text *out, const struct origin *origin, unsigned line)
{
    const char *place = origin->file ? origin->file : origin->layer;

    if (!place)
        return;
    text_add_safe(out, place);
    text_printf(out, origin->file && line ? ":%u: " : ": ", line);
}

void explain_print_origin(struct text *out, const struct origin *origin)
{
    if (!has_origin(origin))
        return;
    add_place(out, origin, origin->line);
    text_add_safe(out, origin->member);
}

void explain_print_group(struct text *out, const struct origin *origin, unsigned line)
{
    if (!has_origin(origin))
        return;
    add_place(out, origin, line);
    text_add_safe_n(out, origin->member, group_length(origin->member));
}

void explain_print_heading(struct text *out, const char *heading)
{
    text_printf(out, "\n%s\n", heading);
}

static void add_mechanisms(struct text *out, const struct explain_row *row)
{
    if (row->first != BY_NOTHING)
        text_add(out, mechanism_name(row->first));
    if (row->first != BY_NOTHING && row->behind != BY_NOTHING)
        text_printf(out, ", %s", mechanism_name(row->behind));
}

static size_t mechanisms_width(const struct explain_row *row)
{
    size_t width = row->first == BY_NOTHING ? 0 : strlen(mechanism_name(row->first));

    return width && row->behind != BY_NOTHING ? width + 2 + strlen(mechanism_name(row->behind))
                                              : width;
}

static struct columns measure(const struct plan *plan, const struct explain_section *section)
{
    struct columns columns = {0};

    for (size_t i = 0; i < section->count(plan); i++) {
        struct explain_row row = section->row(plan, i);
        size_t verdict = row.verdict ? strlen(row.verdict) : 0;
        size_t mechanisms = row.verdict ? mechanisms_width(&row) : 0;

        columns.verdict = verdict > columns.verdict ? verdict : columns.verdict;
        columns.mechanisms = mechanisms > columns.mechanisms ? mechanisms : columns.mechanisms;
    }
    return columns;
}

/* Up to the column, and two blanks; nothing for an empty column. */
static void pad(struct text *out, size_t start, size_t width)
{
    for (size_t used = out->length - start; width && used < width + 2; used++)
        text_add(out, " ");
}

static void add_row(struct text *out, const struct plan *plan,
                    const struct explain_section *section, size_t at, struct columns columns,
                    bool says_line)
{
    struct explain_row row = section->row(plan, at);
    size_t line = out->length, start;

    text_add(out, has_origin(row.origin) ? "    " : "  ");
    start = out->length;
    text_add(out, row.verdict);
    pad(out, start, columns.verdict);
    start = out->length;
    add_mechanisms(out, &row);
    pad(out, start, columns.mechanisms);
    section->subject(out, plan, at, out->length - line);
    if (says_line && row.origin->line)
        text_printf(out, " (line %u)", row.origin->line);
    text_add(out, "\n");
}

/* The group that begins with row `first`: its member, then its rows. */
static void add_group(struct text *out, const struct plan *plan,
                      const struct explain_section *section, size_t first, struct columns columns)
{
    const struct origin *origin = section->row(plan, first).origin;
    bool is_on_one_line = true;

    for (size_t i = first; has_origin(origin) && i < section->count(plan); i++) {
        struct explain_row row = section->row(plan, i);

        if (row.verdict && explain_is_same_group(row.origin, origin))
            is_on_one_line = is_on_one_line && row.origin->line == origin->line;
    }
    if (has_origin(origin)) {
        text_add(out, "  ");
        explain_print_group(out, origin, is_on_one_line ? origin->line : 0);
        text_add(out, "\n");
    }
    for (size_t i = first; i < section->count(plan); i++) {
        struct explain_row row = section->row(plan, i);

        if (row.verdict && explain_is_same_group(row.origin, origin))
            add_row(out, plan, section, i, columns, !is_on_one_line && origin->file);
    }
}

static bool begins_group(const struct plan *plan, const struct explain_section *section, size_t at)
{
    const struct origin *origin = section->row(plan, at).origin;

    for (size_t i = 0; i < at; i++) {
        struct explain_row row = section->row(plan, i);

        if (row.verdict && explain_is_same_group(row.origin, origin))
            return false;
    }
    return true;
}

void explain_print_section(struct text *out, const struct plan *plan,
                           const struct explain_section *section)
{
    struct columns columns = measure(plan, section);
    bool has_heading = false;

    for (int rank = RANK_NOBODY; rank < RANK_COUNT; rank++)
        for (size_t i = 0; i < section->count(plan); i++) {
            struct explain_row row = section->row(plan, i);

            if (!row.verdict || (int)rank_of(row.origin) != rank || !begins_group(plan, section, i))
                continue;
            if (!has_heading)
                explain_print_heading(out, section->heading);
            has_heading = true;
            add_group(out, plan, section, i, columns);
        }
}
