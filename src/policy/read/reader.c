/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk over a document's tree and the table together: what the table does not have is refused,
 * the rest is checked by its type and handed to its row's store function.
 */
#include "policy/read/reader.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"

static int read_value(struct reader *reader, const struct member *member, const struct place *place,
                      const struct node *node, const char *key);

static void add_names(struct text *text, const struct member *members)
{
    for (const struct member *m = members; m->name; m++)
        text_printf(text, "%s%s", m == members ? "" : ", ", m->name);
}

/* Of the map that it is in: the member that holds it, or whose item it is. */
static const char *parent_name(const struct place *place)
{
    for (place = place->up; place; place = place->up)
        if (place->name)
            return place->name;
    return NULL;
}

static int refuse_unknown(const struct reader *reader, const struct member *members,
                          const struct place *place)
{
    const char *near = member_suggest(members, place->name), *moved = member_moved(parent_name(place), place->name);
    struct text expected auto_text = {0};

    if (near)
        return reader_refuse(reader, place, "unknown member; did you mean '%s'?", near);
    if (moved)
        return reader_refuse(reader, place, "unknown member; %s", moved);
    add_names(&expected, members);
    if (expected.is_broken)
        return error_memory(reader->err);
    return reader_refuse(reader, place, "unknown member; expected one of %s", expected.data);
}

static int refuse_no_map(const struct reader *reader, const struct member *members, const struct place *place,
                         const struct node *node)
{
    struct text names auto_text = {0};

    add_names(&names, members);
    if (names.is_broken)
        return error_memory(reader->err);
    return reader_refuse(reader, place, "expected a map of members, not %s; they are %s", value_kind_phrase(node), names.data);
}

static const char *list_remedy(const struct node *node)
{
    if (node->kind == NODE_MAP)
        return "; put it in [brackets], or '- ' before it";
    return node->kind == NODE_STRING || node->kind == NODE_INTEGER ? "; put it in [brackets]" : "";
}

static int call(member_store *store, struct reader *reader, const struct member *member,
                const struct place *place, const struct value *value)
{
    return store ? store(reader, member, place, value) : 0;
}

/* The members in the order of the table, so that what a row relies on was read before it: the
 * document's order has no meaning. */
static int read_members(struct reader *reader, const struct member *members,
                        const struct place *place, const struct node *node)
{
    for (const struct member *member = members; member->name; member++) {
        const struct node_entry *entry = NULL;

        for (size_t i = 0; i < node->count && !entry; i++)
            if (strcmp(node->entries[i].key, member->name) == 0)
                entry = &node->entries[i];
        if (entry) {
            struct place at = {place, entry->key, 0, entry->value->line, entry->value->column};
            int status = read_value(reader, member, &at, entry->value, NULL);

            if (status < 0)
                return status;
        } else if (member->is_required && (place->up || !reader->is_partial)) {
            return reader_refuse(reader, place, "member '%s' is missing", member->name);
        }
    }
    return 0;
}

static int read_map(struct reader *reader, const struct member *member, const struct place *place,
                    const struct node *node)
{
    struct value value = {.node = node};
    int status;

    if (node->kind != NODE_MAP)
        return refuse_no_map(reader, member->members, place, node);
    for (size_t i = 0; i < node->count; i++) {
        const struct node_entry *entry = &node->entries[i];
        struct place at = {place, entry->key, 0, entry->line, entry->column};

        if (!member_find(member->members, entry->key))
            return refuse_unknown(reader, member->members, &at);
    }
    status = call(member->open, reader, member, place, &value);
    if (status == 0)
        status = read_members(reader, member->members, place, node);
    return status < 0 ? status : call(member->close, reader, member, place, &value);
}

static int read_list(struct reader *reader, const struct member *member, const struct place *place,
                     const struct node *node)
{
    struct value value = {.node = node};
    int status;

    if (node->kind != NODE_LIST)
        return reader_refuse(reader, place, "expected a list, not %s%s", value_kind_phrase(node), list_remedy(node));
    if (node->count < member->minimum)
        return reader_refuse(reader, place, "is an empty list; leave the member out");
    if (member->maximum && node->count > member->maximum)
        return reader_refuse(reader, place, "has %zu items; at most %" PRIu64 " are possible", node->count, member->maximum);
    status = call(member->open, reader, member, place, &value);
    for (size_t i = 0; i < node->count && status == 0; i++) {
        const struct node *item = node->items[i];
        struct place at = {place, NULL, i, item->line, item->column};

        status = read_value(reader, member->item, &at, item, NULL);
    }
    return status;
}

static int read_dict(struct reader *reader, const struct member *member, const struct place *place,
                     const struct node *node)
{
    const struct member key_row = {.type = member->key};
    int status = 0;

    if (node->kind != NODE_MAP)
        return reader_refuse(reader, place, "expected a map of names and values, not %s",
                             value_kind_phrase(node));
    for (size_t i = 0; i < node->count && status == 0; i++) {
        const struct node_entry *entry = &node->entries[i];
        struct place at = {place, entry->key, 0, entry->line, entry->column};
        struct node key = {.kind = NODE_STRING, .text = entry->key, .length = strlen(entry->key)};
        struct value value = {0};

        status = value_parse(reader, &key_row, &at, &key, &value);
        at.line = entry->value->line;
        at.column = entry->value->column;
        if (status == 0)
            status = read_value(reader, member->item, &at, entry->value, entry->key);
    }
    return status;
}

static int read_scalar(struct reader *reader, const struct member *member,
                       const struct place *place, const struct node *node, const char *key)
{
    struct value value = {0};
    int status = value_parse(reader, member, place, node, &value);

    value.key = key;
    if (status == 0)
        status = call(member->store, reader, member, place, &value);
    if (status == 0 && member->needs)
        status = reader_note_unsupported(reader, member, place, &value);
    return status;
}

static int read_value(struct reader *reader, const struct member *member, const struct place *place,
                      const struct node *node, const char *key)
{
    struct value value = {.node = node};
    int status;

    switch (member->type) {
    case VALUE_MAP:
        status = read_map(reader, member, place, node);
        if (status == 0 && member->needs)
            status = reader_note_unsupported(reader, member, place, &value);
        return status;
    case VALUE_LIST:
        return read_list(reader, member, place, node);
    case VALUE_DICT:
        return read_dict(reader, member, place, node);
    default:
        return read_scalar(reader, member, place, node, key);
    }
}

/* `environment` and `process.env` are two ways to say one thing: a document uses one. */
static int check_environment(const struct reader *reader, const struct place *place,
                             const struct node *root)
{
    const struct node *env = node_get(node_get(root, "process"), "env");

    if (env && node_get(root, "environment"))
        return reader_refuse(reader, place,
                             "both 'environment' and 'process.env' are given; write "
                             "environment.set");
    return 0;
}

int reader_read_document(struct reader *reader, const struct node *root)
{
    const struct member row = {.type = VALUE_MAP, .members = document_members};
    struct place place = {.line = root->line, .column = root->column};
    int status = read_map(reader, &row, &place, root);

    return status < 0 ? status : check_environment(reader, &place, root);
}
