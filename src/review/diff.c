/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two texts line by line, in the unified form (E. Myers, 'An O(ND) difference algorithm', 1986). Both come from outside, so
 * the work has a bound, beyond which the one is shown as replaced by the other, and what is printed is made visible.
 */
#include <errno.h>
#include <string.h>

#include "review/inside.h"

#define EDITS_MAX 1500 /* lines that differ; the trace takes 4 * EDITS_MAX squared bytes */
#define CONTEXT   3

struct line {
    const char *at;
    size_t length; /* without the newline */
    bool is_cut;   /* the text ends without one */
};

struct side {
    struct line *lines;
    size_t count;
};

struct edit {
    char kind; /* ' ', '-', '+' */
    const struct line *line;
    size_t old_number, new_number; /* lines before it, on each side */
};

struct edits {
    struct edit *items;
    size_t count;
};

static int split(struct arena *arena, const char *text, size_t size, struct side *ret_side, struct error *err)
{
    const char *end = text + size;

    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        struct line *line = arena_append(arena, ret_side->lines, ret_side->count);

        if (!line)
            return error_memory(err);
        *line = (struct line){text, (size_t)((newline ? newline : end) - text), !newline};
        text = newline ? newline + 1 : end;
    }
    return 0;
}

static bool is_equal(const struct line *a, const struct line *b)
{
    return a->length == b->length && a->is_cut == b->is_cut && memcmp(a->at, b->at, a->length) == 0;
}

static int add_edit(struct arena *arena, struct edits *edits, char kind, const struct line *line, size_t old_number,
                    size_t new_number)
{
    struct edit *edit = arena_append(arena, edits->items, edits->count);

    if (!edit)
        return -ENOMEM;
    *edit = (struct edit){kind, line, old_number, new_number};
    return 0;
}

/* Row d of the trace: how far each diagonal -d..d had come before the d-th edit. Where row d begins: d squared. */
static int *row_of(int *trace, int d)
{
    return trace + (size_t)d * (size_t)d + (size_t)d; /* its middle: rows before it hold 1 + 3 + 5 ... numbers */
}

/* The number of edits that is enough, or EDITS_MAX + 1. */
static int search(const struct side *a, const struct side *b, int *trace)
{
    int n = (int)a->count, m = (int)b->count;

    for (int d = 0; d <= EDITS_MAX; d++) {
        int *row = row_of(trace, d), *above = d ? row_of(trace, d - 1) : NULL;

        for (int k = -d; k <= d; k += 2) {
            bool is_down = k == -d || (k != d && above[k - 1] < above[k + 1]);
            int x = !above ? 0 : is_down ? above[k + 1] : above[k - 1] + 1, y = x - k;

            while (x < n && y < m && is_equal(&a->lines[x], &b->lines[y]))
                x++, y++;
            row[k] = x;
            if (x == n && y == m)
                return d;
        }
    }
    return EDITS_MAX + 1;
}

/* From the end back to the beginning, so the edits come in reverse. */
static int trace_back(struct arena *arena, const struct side *a, const struct side *b, int *trace, int d, struct edits *edits)
{
    int x = (int)a->count, y = (int)b->count, status = 0;

    for (; d > 0 && status == 0; d--) {
        int k = x - y, *above = row_of(trace, d - 1);
        bool is_down = k == -d || (k != d && above[k - 1] < above[k + 1]);
        int from_k = is_down ? k + 1 : k - 1, from_x = above[from_k], from_y = from_x - from_k;

        for (; x > from_x && y > from_y && status == 0; x--, y--)
            status = add_edit(arena, edits, ' ', &a->lines[x - 1], (size_t)x - 1, (size_t)y - 1);
        if (status == 0)
            status = is_down ? add_edit(arena, edits, '+', &b->lines[from_y], (size_t)from_x, (size_t)from_y)
                             : add_edit(arena, edits, '-', &a->lines[from_x], (size_t)from_x, (size_t)from_y);
        x = from_x;
        y = from_y;
    }
    for (; x > 0 && y > 0 && status == 0; x--, y--)
        status = add_edit(arena, edits, ' ', &a->lines[x - 1], (size_t)x - 1, (size_t)y - 1);
    return status;
}

static int replace_all(struct arena *arena, const struct side *a, const struct side *b, struct edits *edits)
{
    int status = 0;

    for (size_t i = b->count; i-- > 0 && status == 0;)
        status = add_edit(arena, edits, '+', &b->lines[i], a->count, i);
    for (size_t i = a->count; i-- > 0 && status == 0;)
        status = add_edit(arena, edits, '-', &a->lines[i], i, 0);
    return status;
}

static void print_line(struct text *out, char kind, const struct line *line)
{
    const char *at = line->at, *end = line->at + line->length;

    text_add_n(out, &kind, 1);
    while (at < end) { /* tabs are as harmless as blanks, and make what they make in the file */
        const char *tab = memchr(at, '\t', (size_t)(end - at));

        text_add_safe_n(out, at, (size_t)((tab ? tab : end) - at));
        if (tab)
            text_add(out, "\t");
        at = tab ? tab + 1 : end;
    }
    text_add(out, line->is_cut ? "\n\\ No newline at end of file\n" : "\n");
}

/* Edits first..last - 1, in their right order now. */
static void print_hunk(struct text *out, const struct edits *edits, size_t first, size_t last)
{
    size_t old_count = 0, new_count = 0;
    const struct edit *begin = &edits->items[first];

    for (size_t i = first; i < last; i++) {
        old_count += edits->items[i].kind != '+';
        new_count += edits->items[i].kind != '-';
    }
    text_printf(out, "@@ -%zu,%zu +%zu,%zu @@\n", begin->old_number + (old_count != 0), old_count,
                begin->new_number + (new_count != 0), new_count);
    for (size_t i = first; i < last; i++)
        print_line(out, edits->items[i].kind, edits->items[i].line);
}

static void print_hunks(struct text *out, const struct edits *edits)
{
    size_t at = 0;

    while (at < edits->count) {
        size_t first, last, quiet = 0;

        while (at < edits->count && edits->items[at].kind == ' ')
            at++;
        if (at == edits->count)
            return;
        first = at > CONTEXT ? at - CONTEXT : 0;
        for (last = at; last < edits->count && quiet <= 2 * CONTEXT; last++)
            quiet = edits->items[last].kind == ' ' ? quiet + 1 : 0;
        at = last;
        last -= quiet > CONTEXT ? quiet - CONTEXT : 0;
        print_hunk(out, edits, first, last);
    }
}

int diff_print(struct text *out, const char *old_text, size_t old_size, const char *new_text, size_t new_size, struct error *err)
{
    auto_arena struct arena *arena = arena_new();
    auto_free int *trace = mem_alloc(((size_t)EDITS_MAX + 1) * (EDITS_MAX + 1) * sizeof(int));
    struct side a = {0}, b = {0};
    struct edits edits = {0};
    int status, d;

    if (!arena || !trace)
        return error_memory(err);
    status = split(arena, old_text, old_size, &a, err);
    if (status == 0)
        status = split(arena, new_text, new_size, &b, err);
    if (status < 0)
        return status;
    d = search(&a, &b, trace);
    status = d <= EDITS_MAX ? trace_back(arena, &a, &b, trace, d, &edits) : replace_all(arena, &a, &b, &edits);
    if (status < 0)
        return error_memory(err);
    for (size_t i = 0; i < edits.count / 2; i++) {
        struct edit other = edits.items[i];

        edits.items[i] = edits.items[edits.count - 1 - i];
        edits.items[edits.count - 1 - i] = other;
    }
    print_hunks(out, &edits);
    return 0;
}
