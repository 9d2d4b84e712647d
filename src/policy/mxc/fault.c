/* SPDX-License-Identifier: Apache-2.0 */
/* Faults in MXC's words. An error has 504 bytes and has to keep its end: the position. */
#include "policy/mxc/fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/utf8.h"

/* How much of a name or value from the document, and of the document's name, an error shows. */
#define SHOWN_MAX   40
#define SHOWN_SIZE  (SHOWN_MAX + 32)
#define NAME_LENGTH 64

static const char *escape_of(unsigned char c, bool is_quoted)
{
    switch (c) {
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    case '"':
        return is_quoted ? "\\\"" : NULL;
    case '\\':
        return is_quoted ? "\\\\" : NULL;
    default:
        return NULL;
    }
}

/* Text from the document as MXC shows it, control characters escaped; shortened. */
static void show(char out[SHOWN_SIZE], const char *text, size_t size, bool is_quoted)
{
    size_t used = 0, from = 0;

    while (from < size && used < SHOWN_MAX) {
        unsigned char c = (unsigned char)text[from];
        size_t length = utf8_length(text + from);
        const char *escape = escape_of(c, is_quoted);

        if (escape)
            used += (size_t)snprintf(out + used, SHOWN_SIZE - used, "%s", escape);
        else if (c < 0x20 || c == 0x7f || !length)
            used += (size_t)snprintf(out + used, SHOWN_SIZE - used, "\\u{%x}", c);
        else
            used +=
                (size_t)snprintf(out + used, SHOWN_SIZE - used, "%.*s", (int)length, text + from);
        from += length ? length : 1;
    }
    snprintf(out + used, SHOWN_SIZE - used, "%s", from < size ? "..." : "");
}

/* What 64 bits do not hold is none to serde, nor is a zero with a sign. */
static bool is_integer(const struct node *node)
{
    if (node->kind != NODE_INTEGER || strcmp(node->text, "-0") == 0)
        return false;
    errno = 0;
    if (node->text[0] == '-')
        strtoll(node->text, NULL, 10);
    else
        strtoull(node->text, NULL, 10);
    return errno != ERANGE;
}

static enum node_kind kind_for_serde(const struct node *node)
{
    return node->kind == NODE_INTEGER && !is_integer(node) ? NODE_FLOAT : node->kind;
}

void mxc_describe(char *out, size_t size, const struct node *node)
{
    static const char *const frames[] = {
        [NODE_MAP] = "map%.0s",
        [NODE_LIST] = "sequence%.0s",
        [NODE_NULL] = "null%.0s",
        [NODE_STRING] = "string \"%s\"",
        [NODE_BOOL] = "boolean `%s`",
        [NODE_INTEGER] = "integer `%s`",
        [NODE_FLOAT] = "floating point `%s`",
    };
    char shown[SHOWN_SIZE];

    show(shown, node->text ? node->text : "", node->text ? node->length : 0, node->kind == NODE_STRING);
    snprintf(out, size, frames[kind_for_serde(node)], shown);
}

static void place_print(struct text *out, const struct place *place)
{
    char shown[SHOWN_SIZE];

    if (!place)
        return;
    place_print(out, place->up);
    if (!place->key) {
        text_printf(out, "[%zu]", place->index);
        return;
    }
    show(shown, place->key, strlen(place->key), false);
    text_printf(out, "%s%s", place->up ? "." : "", shown);
}

/* The end of a long file name says more than its beginning. */
static const char *short_name(const char *name)
{
    size_t length = strlen(name), from = length > NAME_LENGTH ? length - NAME_LENGTH : 0;

    while (((unsigned char)name[from] & 0xc0) == 0x80)
        from++;
    return name + from;
}

int mxc_refuse(const struct request *request, const struct node *node, enum error_kind kind,
               int errnum, const char *format, ...)
{
    char what[ERROR_TEXT_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    return error_set(request->err, kind, errnum, "%s:%u:%u: %s", short_name(request->name),
                     node ? node->line : 1, node ? node->column : 1, what);
}

int fault_syntax(const struct request *request)
{
    unsigned line, bytes;

    scan_position(&request->scan, request->scan.at, &line, &bytes);
    return error_set(request->err, ERROR_INVALID, 0,
                     "%s:%u:%u: an MXC document is strict JSON; write it as JSON",
                     short_name(request->name), line, bytes + 1);
}

/* `at` is the place that the fault's path names, `begin` where a person should look. */
static int refuse(const struct request *request, const struct place *at, const struct place *begin,
                  size_t offset, const char *hint, const char *format, ...) printf_like(6, 7);
static int refuse(const struct request *request, const struct place *at, const struct place *begin,
                  size_t offset, const char *hint, const char *format, ...)
{
    struct text path auto_text = {0};
    char what[ERROR_TEXT_MAX], where[64] = "";
    unsigned line, bytes;
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    scan_position(&request->scan, offset, &line, &bytes);
    place_print(&path, at);
    if (path.is_broken)
        return error_memory(request->err);
    if (hint)
        snprintf(where, sizeof(where),
                 "; schema %s migration: ", mxc_version_short(request->version));
    return error_set(request->err, ERROR_INVALID, 0,
                     "%s:%u:%u: Invalid %s request: Invalid configuration%s%s%s: %s at line %u "
                     "column %u%s%s",
                     short_name(request->name), begin ? begin->line : 1, begin ? begin->column : 1,
                     request->contract->title, at ? " at `" : "", at ? path.data : "",
                     at ? "`" : "", what, line, bytes, where, hint ? hint : "");
}

/* Serde notices a wrong scalar when it has read it, a wrong object or list before it reads it. */
int fault_type(const struct request *request, const struct place *place, const struct node *node,
               const char *hint, const char *expected)
{
    struct scan scan = request->scan;
    char found[SHOWN_SIZE + 32];
    bool is_number = expected[0] == 'u' || strstr(expected, "u16");

    scan_peek(&scan);
    if (node->kind != NODE_MAP && node->kind != NODE_LIST)
        scan_value(&scan);
    mxc_describe(found, sizeof(found), node);
    return refuse(request, place, place, scan.at, hint, "invalid %s: %s, expected %s",
                  is_integer(node) && is_number ? "value" : "type", found, expected);
}

/*
 * A rule of MXC's own is looked at when serde has tried to end what the value lies in: behind the closing bracket, before
 * the comma of a member, behind that of an item.
 */
static size_t end_of_rule(const struct request *request, const struct place *place)
{
    struct scan scan = request->scan;
    char next;

    scan_value(&scan);
    next = scan_peek(&scan);
    return next && (next != ',' || !place->key) ? scan.at + 1 : scan.at;
}

int fault_value(const struct request *request, const struct place *place, const char *what)
{
    return refuse(request, place, place, end_of_rule(request, place), NULL, "%s", what);
}

int fault_duplicate(const struct request *request, const struct place *place, const char *name)
{
    return refuse(request, place->up, place, request->scan.at, NULL, "duplicate field `%s`", name);
}

int fault_missing(const struct request *request, const struct place *place,
                  const struct mxc_shape *shape, const char *name)
{
    return refuse(request, place, place, request->scan.at, shape->hint, "missing field `%s`", name);
}

/* "expected `a`", "expected `a` or `b`", "expected one of `a`, `b`, `c`" */
struct expected {
    struct text list;
    const char *first;
    size_t count;
};

static void expected_add(struct expected *expected, const char *name)
{
    if (!expected->count)
        expected->first = name;
    text_printf(&expected->list, "%s`%s`", expected->count ? ", " : "", name);
    expected->count++;
}

static int refuse_name(const struct request *request, const struct place *place, size_t offset,
                       const char *hint, const char *what, const char *name, size_t length,
                       struct expected *expected)
{
    const char *list = expected->list.data;
    char shown[SHOWN_SIZE];
    int status;

    show(shown, name, length, false);
    if (expected->list.is_broken)
        status = error_memory(request->err);
    else if (expected->count == 2)
        status = refuse(request, place, place, offset, hint, "%s `%s`, expected `%s` or %s", what,
                        shown, expected->first, list + strlen(expected->first) + 4);
    else
        status = refuse(request, place, place, offset, hint, "%s `%s`, expected %s%s", what, shown,
                        expected->count > 2 ? "one of " : "", list ? list : "nothing");
    text_finish(&expected->list);
    return status;
}

int fault_member(const struct request *request, const struct place *place,
                 const struct mxc_shape *shape, const char *parent)
{
    struct expected expected = {0};

    for (size_t i = 0; i < shape->count; i++)
        if (shape->members[i].versions & request->version)
            expected_add(&expected, shape->members[i].name);
    return refuse_name(request, place, request->scan.at,
                       mxc_migration_hint(request->contract, parent, place->key), "unknown field",
                       place->key, strlen(place->key), &expected);
}

int fault_choice(const struct request *request, const struct place *place,
                 const struct mxc_choices *choices, const struct node *node)
{
    struct expected expected = {0};
    struct scan scan = request->scan;

    for (size_t i = 0; i < choices->count; i++)
        if (choices->items[i].versions & request->version)
            expected_add(&expected, choices->items[i].name);
    scan_value(&scan);
    return refuse_name(request, place, choices->name ? scan.at : end_of_rule(request, place), NULL,
                       "unknown variant", node->text, node->length, &expected);
}

int mxc_declaration(struct request *request, const char *member, const char *what, bool is_required,
                    const struct node **ret_node)
{
    struct scan scan = {.text = request->scan.text, .size = request->scan.size};
    char found[SHOWN_SIZE + 32];
    unsigned line, bytes;
    size_t i = 0;

    if (!scan_take(&scan, '{'))
        return fault_syntax(request);
    while (i < request->root->count && strcmp(request->root->entries[i].key, member) != 0) {
        scan_string(&scan);
        scan_take(&scan, ':');
        scan_value(&scan);
        scan_take(&scan, ',');
        i++;
    }
    if (i == request->root->count) {
        *ret_node = NULL;
        scan_take(&scan, '}');
        scan_position(&scan, scan.at, &line, &bytes);
        return !is_required ? 0
                            : mxc_refuse(request, NULL, ERROR_INVALID, 0,
                                         "Invalid %s declaration: missing field `%s` at line %u "
                                         "column %u",
                                         what, member, line, bytes);
    }
    *ret_node = request->root->entries[i].value;
    if ((*ret_node)->kind == NODE_STRING)
        return 0;
    scan_string(&scan);
    scan_take(&scan, ':');
    scan_peek(&scan);
    if ((*ret_node)->kind != NODE_MAP && (*ret_node)->kind != NODE_LIST)
        scan_value(&scan);
    mxc_describe(found, sizeof(found), *ret_node);
    scan_position(&scan, scan.at, &line, &bytes);
    return mxc_refuse(request, *ret_node, ERROR_INVALID, 0,
                      "Invalid %s declaration: invalid type: %s, expected a string at line %u "
                      "column %u",
                      what, found, line, bytes);
}
