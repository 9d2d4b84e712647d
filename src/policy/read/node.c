/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree from libfyaml's events. Positions come from byte offsets, so that line and column mean
 * the same for YAML, JSON and every kind of value: lines end at '\n', columns count bytes.
 */
#include "policy/read/node.h"

#include <errno.h>
#include <libfyaml.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "policy/read/json_syntax.h"
#include "policy/read/scalar.h"

struct builder {
    struct arena *arena;
    const char *name, *text;
    size_t size;
    enum node_syntax syntax;
    size_t *lines; /* offset of each line's first byte */
    size_t line_count;
    size_t node_count;
    size_t offset; /* end of the last event that had a position */
    struct fy_parser *parser;
    struct fy_diag *diag;
    struct error *err;
};

struct spot {
    unsigned line, column;
};

static struct spot builder_spot(const struct builder *builder, size_t offset)
{
    size_t low = 0, high = builder->line_count;

    if (offset > builder->size)
        offset = builder->size;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;

        if (builder->lines[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    return (struct spot){(unsigned)low + 1, (unsigned)(offset - builder->lines[low]) + 1};
}

static int builder_refuse(const struct builder *builder, enum error_kind kind, size_t offset,
                          const char *what)
{
    struct spot spot = builder_spot(builder, offset);

    error_set(builder->err, kind, kind == ERROR_LIMIT ? E2BIG : EINVAL, "%s", what);
    return error_prepend(builder->err, "%s:%u:%u", builder->name, spot.line, spot.column);
}

static int builder_find_lines(struct builder *builder)
{
    size_t count = 1;

    for (size_t i = 0; i < builder->size; i++)
        count += builder->text[i] == '\n';
    builder->lines = mem_alloc(count * sizeof(*builder->lines));
    if (!builder->lines)
        return error_memory(builder->err);
    builder->line_count = 1;
    for (size_t i = 0; i < builder->size; i++)
        if (builder->text[i] == '\n')
            builder->lines[builder->line_count++] = i + 1;
    return 0;
}

/* What no policy needs and what parsers disagree about: other encodings, byte order marks, control
 * characters. */
static int builder_check_bytes(const struct builder *builder)
{
    const char *text = builder->text;
    bool is_yaml = builder->syntax == NODE_YAML;

    for (size_t i = 0; i < builder->size; i++) {
        unsigned char c = (unsigned char)text[i];

        if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || (c == 0x7f && is_yaml))
            return builder_refuse(builder, ERROR_INVALID, i,
                                  "a control character; remove it or write it as an escape");
    }
    if (builder->size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        return builder_refuse(builder, ERROR_INVALID, 0,
                              "begins with a byte order mark; remove it");
    for (size_t i = 0; i < builder->line_count; i++) {
        size_t start = builder->lines[i];
        size_t end = i + 1 < builder->line_count ? builder->lines[i + 1] : builder->size;

        if (!utf8_is_valid(text + start, end - start))
            return builder_refuse(builder, ERROR_INVALID, start,
                                  "this line is not UTF-8; save the file as UTF-8");
    }
    return 0;
}

static void drop_output(struct fy_diag *diag unused_arg, void *user unused_arg,
                        const char *bytes unused_arg, size_t length unused_arg)
{
}

static int builder_open(struct builder *builder)
{
    struct fy_diag_cfg diag = {.output_fn = drop_output, .level = FYET_ERROR, .module_mask = ~0u};
    struct fy_parse_cfg config = {
        .flags = FYPCF_QUIET | FYPCF_DEFAULT_VERSION_1_2 |
                 (builder->syntax == NODE_JSON ? FYPCF_JSON_FORCE : FYPCF_JSON_NONE),
    };

    builder->diag = fy_diag_create(&diag);
    if (!builder->diag)
        return error_memory(builder->err);
    fy_diag_set_collect_errors(builder->diag, true);
    config.diag = builder->diag;
    builder->parser = fy_parser_create(&config);
    if (!builder->parser ||
        fy_parser_set_string(builder->parser, builder->text, builder->size) != 0)
        return error_memory(builder->err);
    return 0;
}

static void builder_finish(struct builder *builder)
{
    if (builder->parser)
        fy_parser_destroy(builder->parser);
    if (builder->diag)
        fy_diag_destroy(builder->diag);
    mem_free(builder->lines);
}

static int builder_refuse_syntax(const struct builder *builder)
{
    void *iterator = NULL;
    struct fy_diag_error *found = fy_diag_errors_iterate(builder->diag, &iterator);
    size_t line = found && found->line > 0 ? (size_t)found->line : 1;
    size_t column = found && found->column > 0 ? (size_t)found->column : 1;

    error_set(builder->err, ERROR_INVALID, EINVAL, "%s",
              found && found->msg ? found->msg : "cannot be read");
    return error_prepend(builder->err, "%s:%zu:%zu", builder->name, line, column);
}

/* *ret_event is NULL at the end of the stream. */
static int builder_next(struct builder *builder, struct fy_event **ret_event)
{
    struct fy_event *event = fy_parser_parse(builder->parser);
    const struct fy_mark *end;

    if (!event && fy_parser_get_stream_error(builder->parser))
        return builder_refuse_syntax(builder);
    end = event ? fy_event_end_mark(event) : NULL;
    if (end)
        builder->offset = end->input_pos;
    *ret_event = event;
    return 0;
}

static int builder_check_event(const struct builder *builder, struct fy_event *event)
{
    const struct fy_mark *start = fy_event_start_mark(event);
    size_t offset = start ? start->input_pos : builder->offset;

    if (event->type == FYET_ALIAS)
        return builder_refuse(builder, ERROR_INVALID, offset, "an alias; write the value itself");
    if (fy_event_get_anchor_token(event))
        return builder_refuse(builder, ERROR_INVALID, offset, "an anchor; remove it");
    if (fy_event_get_tag_token(event))
        return builder_refuse(builder, ERROR_INVALID, offset, "a tag; remove it");
    return 0;
}

static struct node *builder_new_node(struct builder *builder, struct fy_event *event)
{
    const struct fy_mark *start = fy_event_start_mark(event);
    struct node *node = arena_alloc(builder->arena, sizeof(*node));
    struct spot spot;

    if (!node)
        return NULL;
    spot = builder_spot(builder, start ? start->input_pos : builder->offset);
    node->line = node->end_line = spot.line;
    node->column = node->end_column = spot.column;
    return node;
}

static int builder_scalar(struct builder *builder, struct fy_event *event, struct node *node)
{
    struct fy_token *token = event->scalar.value;
    enum fy_scalar_style style = token ? fy_token_scalar_style(token) : FYSS_PLAIN;
    bool is_quoted = style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
    size_t length = 0;
    const char *text = token ? fy_token_get_text(token, &length) : "";
    struct spot end = builder_spot(builder, builder->offset + is_quoted);

    if (!text)
        return error_memory(builder->err);
    node->text = arena_string_n(builder->arena, text, length);
    if (!node->text)
        return error_memory(builder->err);
    node->length = length;
    node->kind = style == FYSS_PLAIN ? scalar_kind(node->text) : NODE_STRING;
    node->column -= is_quoted && node->column > 1; /* libfyaml marks what is between the quotes */
    node->end_line = end.line;
    node->end_column = end.column;
    return 0;
}

static int builder_value(struct builder *builder, struct fy_event *event, unsigned depth,
                         struct node **ret_node);

static void node_end(struct builder *builder, struct fy_event *event, struct node *node,
                     const struct node *last)
{
    const struct fy_mark *start = fy_event_start_mark(event), *end = fy_event_end_mark(event);
    struct spot spot;

    if (last && (!start || !end || start->input_pos == end->input_pos)) { /* block style */
        node->end_line = last->end_line;
        node->end_column = last->end_column;
        return;
    }
    spot = builder_spot(builder, builder->offset);
    node->end_line = spot.line;
    node->end_column = spot.column;
}

static int builder_list(struct builder *builder, struct node *node, unsigned depth)
{
    for (;;) {
        struct fy_event *event;
        struct node **item;
        int status = builder_next(builder, &event);

        if (status < 0)
            return status;
        if (event && event->type == FYET_SEQUENCE_END) {
            node_end(builder, event, node, node->count ? node->items[node->count - 1] : NULL);
            fy_parser_event_free(builder->parser, event);
            return 0;
        }
        item = arena_append(builder->arena, node->items, node->count);
        status = item ? builder_value(builder, event, depth, item) : error_memory(builder->err);
        if (event)
            fy_parser_event_free(builder->parser, event);
        if (status < 0)
            return status;
    }
}

static int builder_key(struct builder *builder, struct fy_event *event, struct node_entry *entry)
{
    struct node *node;
    int status;

    if (!event || event->type != FYET_SCALAR)
        return builder_refuse(builder, ERROR_INVALID, builder->offset,
                              "a member's name must be a plain string");
    status = builder_value(builder, event, 0, &node);
    if (status < 0)
        return status;
    entry->key = node->text;
    entry->line = node->line;
    entry->column = node->column;
    if (builder->syntax == NODE_YAML && strcmp(node->text, "<<") == 0)
        return builder_refuse(builder, ERROR_INVALID, builder->offset,
                              "a merge key; write the members themselves");
    if ((builder->syntax == NODE_YAML && !node->length) || strlen(node->text) != node->length)
        return builder_refuse(builder, ERROR_INVALID, builder->offset,
                              "a member's name that is empty or holds a NUL");
    return 0;
}

static int entry_compare(const void *a, const void *b)
{
    const struct node_entry *const *left = a, *const *right = b;
    int order = strcmp((*left)->key, (*right)->key);

    if (order)
        return order;
    return *left < *right ? -1 : *left > *right; /* so that the later one is reported */
}

static int builder_check_duplicates(struct builder *builder, const struct node *map)
{
    const struct node_entry **sorted auto_free = NULL;

    if (map->count < 2)
        return 0;
    sorted = mem_alloc(map->count * sizeof(*sorted));
    if (!sorted)
        return error_memory(builder->err);
    for (size_t i = 0; i < map->count; i++)
        sorted[i] = &map->entries[i];
    qsort(sorted, map->count, sizeof(*sorted), entry_compare);
    for (size_t i = 1; i < map->count; i++)
        if (strcmp(sorted[i - 1]->key, sorted[i]->key) == 0)
            return error_set(builder->err, ERROR_INVALID, EINVAL,
                             "%s:%u:%u: member '%s' is given twice (first on line %u); keep one",
                             builder->name, sorted[i]->line, sorted[i]->column, sorted[i]->key,
                             sorted[i - 1]->line);
    return 0;
}

static int builder_map(struct builder *builder, struct node *node, unsigned depth)
{
    for (;;) {
        struct fy_event *event;
        struct node_entry *entry;
        int status = builder_next(builder, &event);

        if (status < 0)
            return status;
        if (event && event->type == FYET_MAPPING_END) {
            node_end(builder, event, node,
                     node->count ? node->entries[node->count - 1].value : NULL);
            fy_parser_event_free(builder->parser, event);
            return builder_check_duplicates(builder, node);
        }
        entry = arena_append(builder->arena, node->entries, node->count);
        status = entry ? builder_key(builder, event, entry) : error_memory(builder->err);
        if (event)
            fy_parser_event_free(builder->parser, event);
        if (status < 0)
            return status;
        status = builder_next(builder, &event);
        if (status < 0)
            return status;
        status = builder_value(builder, event, depth, &entry->value);
        if (event)
            fy_parser_event_free(builder->parser, event);
        if (status < 0)
            return status;
    }
}

static int builder_value(struct builder *builder, struct fy_event *event, unsigned depth,
                         struct node **ret_node)
{
    struct node *node;
    int status;

    if (!event)
        return builder_refuse(builder, ERROR_INVALID, builder->offset, "ends too early");
    status = builder_check_event(builder, event);
    if (status < 0)
        return status;
    if (++builder->node_count > NODE_COUNT_MAX)
        return builder_refuse(builder, ERROR_LIMIT, builder->offset,
                              "more than " STRINGIFY(NODE_COUNT_MAX) " values");
    node = builder_new_node(builder, event);
    if (!node)
        return error_memory(builder->err);
    if (event->type == FYET_SCALAR) {
        status = builder_scalar(builder, event, node);
    } else if (event->type != FYET_MAPPING_START && event->type != FYET_SEQUENCE_START) {
        return builder_refuse(builder, ERROR_INVALID, builder->offset, "a value is missing");
    } else if (depth >= NODE_DEPTH_MAX) {
        return builder_refuse(builder, ERROR_LIMIT, builder->offset,
                              "nested deeper than " STRINGIFY(NODE_DEPTH_MAX));
    } else if (event->type == FYET_MAPPING_START) {
        node->kind = NODE_MAP;
        status = builder_map(builder, node, depth + 1);
    } else {
        node->kind = NODE_LIST;
        status = builder_list(builder, node, depth + 1);
    }
    if (status < 0)
        return status;
    *ret_node = node;
    return 0;
}

static int builder_check_start(struct builder *builder, struct fy_event *event)
{
    struct fy_document_state *state = event->document_start.document_state;

    if (state &&
        (fy_document_state_version_explicit(state) || fy_document_state_tags_explicit(state)))
        return builder_refuse(builder, ERROR_INVALID, 0, "a directive; remove the line with '%'");
    return 0;
}

/* One event outside of the value: stream and document marks. *ret_root stays NULL until the value
 * was read. */
static int builder_step(struct builder *builder, struct fy_event *event, struct node **ret_root)
{
    switch (event->type) {
    case FYET_STREAM_START:
    case FYET_STREAM_END:
    case FYET_DOCUMENT_END:
        return 0;
    case FYET_DOCUMENT_START:
        if (*ret_root)
            return builder_refuse(builder, ERROR_INVALID, builder->offset,
                                  "a second document; a policy file holds one");
        return builder_check_start(builder, event);
    default:
        return builder_value(builder, event, 0, ret_root);
    }
}

static int builder_run(struct builder *builder, struct node **ret_root)
{
    struct node *root = NULL;
    int status = builder_open(builder);

    while (status == 0) {
        struct fy_event *event;

        status = builder_next(builder, &event);
        if (status < 0 || !event)
            break;
        status = builder_step(builder, event, &root);
        fy_parser_event_free(builder->parser, event);
    }
    if (status < 0)
        return status;
    if (!root)
        return builder_refuse(builder, ERROR_INVALID, 0, "is empty");
    *ret_root = root;
    return 0;
}

static int builder_check(struct builder *builder)
{
    size_t offset = 0;
    struct spot spot;
    int status = builder_find_lines(builder);

    if (status == 0)
        status = builder_check_bytes(builder);
    if (status < 0 || builder->syntax != NODE_JSON)
        return status;
    status = json_syntax_check(builder->text, builder->size, &offset, builder->err);
    if (status == 0 || status == -ENOMEM)
        return status;
    spot = builder_spot(builder, offset);
    return error_prepend(builder->err, "%s:%u:%u", builder->name, spot.line, spot.column);
}

int node_read(struct arena *arena, const char *name, const char *text, size_t size,
              enum node_syntax syntax, struct node **ret_root, struct error *err)
{
    struct builder builder = {
        .arena = arena, .name = name, .text = text, .size = size, .syntax = syntax, .err = err};
    int status;

    if (size > NODE_TEXT_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "%s: larger than 1 MiB", name);
    status = builder_check(&builder);
    if (status == 0)
        status = builder_run(&builder, ret_root);
    builder_finish(&builder);
    return status;
}

const struct node *node_get(const struct node *map, const char *key)
{
    for (size_t i = 0; map && map->kind == NODE_MAP && i < map->count; i++)
        if (strcmp(map->entries[i].key, key) == 0)
            return map->entries[i].value;
    return NULL;
}

const char *node_kind_name(enum node_kind kind)
{
    static const char *const names[] = {
        [NODE_MAP] = "map",       [NODE_LIST] = "list",
        [NODE_STRING] = "string", [NODE_INTEGER] = "whole number",
        [NODE_FLOAT] = "number",  [NODE_BOOL] = "true or false",
        [NODE_NULL] = "null",
    };

    return (size_t)kind < ARRAY_COUNT(names) && names[kind] ? names[kind] : "unknown";
}
