/* SPDX-License-Identifier: Apache-2.0 */
/*
 * New lines between the lines of a person's document, all of which stay as they are: comments, order, blank lines. This knows
 * where a member of a block-style map begins and nothing else of YAML; who calls it loads the result and compares.
 */
#include <errno.h>
#include <string.h>

#include "author/learn_parts.h"

#define LEVELS_MAX 8

/* Lines [start, end) of a text, all of one map; `indent` of its members. */
struct region {
    const char *start, *end;
    size_t indent;
};

static const char *next_line(const char *line, const char *end)
{
    const char *newline = memchr(line, '\n', (size_t)(end - line));

    return newline ? newline + 1 : end;
}

static size_t indent_of(const char *line, const char *end)
{
    size_t indent = 0;

    while (line + indent < end && line[indent] == ' ')
        indent++;
    return indent;
}

/* Blank, or nothing but a comment. */
static bool says_nothing(const char *line, const char *end)
{
    line += indent_of(line, end);
    return line == end || *line == '\n' || *line == '\r' || *line == '#';
}

static bool is_key(const char *line, const char *end, size_t indent, const char *member, const char **ret_rest)
{
    size_t length = strlen(member);

    if (says_nothing(line, end) || indent_of(line, end) != indent || (size_t)(end - line) <= indent + length ||
        strncmp(line + indent, member, length) != 0 || line[indent + length] != ':')
        return false;
    *ret_rest = line + indent + length + 1;
    return true;
}

static const char *find_key(const struct region *region, const char *member, const char **ret_rest)
{
    for (const char *line = region->start; line < region->end; line = next_line(line, region->end))
        if (is_key(line, region->end, region->indent, member, ret_rest))
            return line;
    return NULL;
}

/* What belongs to the key in `line`. A list's items may stand as far left as the key itself. */
static struct region inside_of(const struct region *outer, const char *line, bool is_list)
{
    struct region inner = {.start = next_line(line, outer->end), .indent = outer->indent + 2};
    bool is_first = true;

    for (inner.end = inner.start; inner.end < outer->end; inner.end = next_line(inner.end, outer->end)) {
        size_t indent = indent_of(inner.end, outer->end);

        if (says_nothing(inner.end, outer->end))
            continue;
        if (indent < outer->indent || (indent == outer->indent && !(is_list && inner.end[indent] == '-')))
            break;
        if (is_first)
            inner.indent = indent;
        is_first = false;
    }
    return inner;
}

static void add_lines(struct text *out, const char *lines, size_t indent)
{
    while (*lines) {
        size_t length = strcspn(lines, "\n");

        text_printf(out, "%*s%.*s\n", (int)indent, "", (int)length, lines);
        lines += length + (lines[length] == '\n');
    }
}

/* The members from `members` on that are not there, one within the other, and the lines in the last. */
static void add_members(struct text *out, const char *const *members, const char *lines, size_t indent)
{
    for (; *members; members++, indent += 2)
        text_printf(out, "%*s%s:\n", (int)indent, "", *members);
    add_lines(out, lines, indent);
}

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, " \t");
}

/* "[a, b]" becomes "[item, a, b]", blanks and all. */
static void add_in_brackets(struct text *out, const char *text, const char *bracket, const char *lines)
{
    const char *item = lines, *after = bracket + 1;

    while (*item == '#')
        item += strcspn(item, "\n") + 1;
    text_add_n(out, text, (size_t)(bracket + 1 - text));
    text_add_n(out, item + 2, strcspn(item + 2, "\n"));
    if (*skip_blanks(after) != ']')
        text_add(out, strchr(" \t\r\n", *after) ? "," : ", ");
    text_add(out, after);
}

int learn_edit_insert(const char *text, const char *const *members, const char *lines, char **ret_text, struct error *err)
{
    struct region region = {.start = text, .end = text + strlen(text)};
    const char *at = region.end, *rest;
    struct text out auto_text = {0};
    bool is_list = lines[strspn(lines, "#")] == '-' || strstr(lines, "\n- ");
    size_t i;

    for (i = 0; members[i]; i++) {
        const char *line = find_key(&region, members[i], &rest);
        const char *value;

        if (!line)
            break;
        value = skip_blanks(rest);
        if (!members[i + 1] && is_list && *value == '[') {
            add_in_brackets(&out, text, value, lines);
            return text_take(&out, ret_text, err);
        }
        if (*value && !strchr("\r\n#", *value))
            return error_set(err, ERROR_INVALID, EINVAL,
                             "%s is written in one line; write each of its members on a line of its own", members[i]);
        at = next_line(line, region.end);
        region = inside_of(&region, line, !members[i + 1] && is_list);
    }
    text_add_n(&out, text, (size_t)(at - text));
    if (at > text && at[-1] != '\n')
        text_add(&out, "\n");
    if (members[i])
        add_members(&out, members + i, lines, region.indent);
    else
        add_lines(&out, lines, region.indent);
    text_add(&out, at);
    return text_take(&out, ret_text, err);
}

static bool is_line(const char *line, const char *end, const char *wanted)
{
    const char *text = line + indent_of(line, end);
    size_t length = strlen(wanted);

    return (size_t)(end - text) >= length && strncmp(text, wanted, length) == 0;
}

int learn_edit_remove(const char *text, const char *const *members, const char *item, char **ret_text, struct error *err)
{
    struct region region = {.start = text, .end = text + strlen(text)};
    const char *key = NULL, *rest, *before = NULL, *found = NULL, *after;
    struct text out auto_text = {0};
    size_t items = 0;

    for (size_t i = 0; members[i]; i++) {
        key = find_key(&region, members[i], &rest);
        if (!key)
            return 0;
        region = inside_of(&region, key, !members[i + 1]);
    }
    for (const char *line = region.start, *above = NULL; line < region.end; above = line, line = next_line(line, region.end)) {
        items += !says_nothing(line, region.end);
        if (found || !is_line(line, region.end, item))
            continue;
        found = line;
        before = above && is_line(above, region.end, "# seen ") ? above : line;
    }
    if (!found)
        return 0;
    after = next_line(found, region.end);
    /* A list with nothing in it is no list. */
    text_add_n(&out, text, (size_t)((items == 1 ? key : before) - text));
    if (items == 1)
        text_add_n(&out, region.start, (size_t)(before - region.start));
    text_add(&out, after);
    return text_take(&out, ret_text, err) < 0 ? -ENOMEM : 1;
}
