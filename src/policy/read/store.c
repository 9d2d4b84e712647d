/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From checked values into struct document. A document's own settings come after those of the
 * profiles that it extends, so the last one stays; lists add up.
 */
#include <string.h>

#include "policy/read/reader.h"

static void *field(struct reader *reader, const struct member *member)
{
    return (char *)reader->document + member->offset;
}

int store_setting(struct reader *reader, const struct member *member, const struct place *place,
                  const struct value *value)
{
    struct setting *setting = field(reader, member);
    int status = reader_origin(reader, place, &setting->origin);

    if (status < 0)
        return status;
    setting->is_set = true;
    setting->value = value->number;
    return 0;
}

int store_text_item(struct reader *reader, const struct member *member, const struct place *place,
                    const struct value *value)
{
    struct string_item *item = field(reader, member);

    item->text = value->text;
    return reader_origin(reader, place, &item->origin);
}

int store_string_list_open(struct reader *reader, const struct member *member,
                           const struct place *place, const struct value *value unused_arg)
{
    struct string_list *list = field(reader, member);

    if (list->is_set)
        return 0;
    list->is_set = true;
    return reader_origin(reader, place, &list->origin);
}

int store_list_item(struct reader *reader, const struct member *member, const struct place *place,
                    const struct value *value)
{
    struct string_list *list = field(reader, member);
    struct string_item *item;

    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].text, value->text) == 0)
            return 0;
    item = arena_append(reader->arena, list->items, list->count);
    if (!item)
        return error_memory(reader->err);
    item->text = value->text;
    return reader_origin(reader, place, &item->origin);
}

int store_filesystem_open(struct reader *reader, const struct member *member unused_arg,
                          const struct place *place unused_arg,
                          const struct value *value unused_arg)
{
    reader->document->has_filesystem = true;
    return 0;
}

int store_grants_open(struct reader *reader, const struct member *member unused_arg,
                      const struct place *place unused_arg, const struct value *value unused_arg)
{
    reader->document->has_grants = true;
    return 0;
}

int store_path(struct reader *reader, const struct member *member, const struct place *place,
               const struct value *value)
{
    struct document *document = reader->document;
    struct path_rule *rule = arena_append(reader->arena, document->paths, document->path_count);

    if (!rule)
        return error_memory(reader->err);
    rule->kind = (enum path_rule_kind)member->detail;
    rule->path = value->text;
    rule->is_glob = value->is_glob;
    rule->is_optional = value->is_optional;
    return reader_origin(reader, place, &rule->origin);
}

static struct view *last_view(struct reader *reader)
{
    return &reader->document->views[reader->document->view_count - 1];
}

int store_view_open(struct reader *reader, const struct member *member unused_arg,
                    const struct place *place, const struct value *value unused_arg)
{
    struct document *document = reader->document;
    struct view *view = arena_append(reader->arena, document->views, document->view_count);

    return view ? reader_origin(reader, place, &view->origin) : error_memory(reader->err);
}

int store_view_source(struct reader *reader, const struct member *member unused_arg,
                      const struct place *place unused_arg, const struct value *value)
{
    last_view(reader)->source = value->text;
    return 0;
}

int store_view_target(struct reader *reader, const struct member *member unused_arg,
                      const struct place *place unused_arg, const struct value *value)
{
    last_view(reader)->target = value->text;
    return 0;
}

int store_view_access(struct reader *reader, const struct member *member unused_arg,
                      const struct place *place unused_arg, const struct value *value)
{
    last_view(reader)->is_writable = value->number;
    return 0;
}

int store_view_optional(struct reader *reader, const struct member *member unused_arg,
                        const struct place *place unused_arg, const struct value *value)
{
    last_view(reader)->is_optional = value->number;
    return 0;
}

static int env_put(struct reader *reader, const struct place *place, const char *name,
                   const char *text)
{
    struct document *document = reader->document;
    struct env_item *item = NULL;

    for (size_t i = 0; i < document->env_set_count && !item; i++)
        if (strcmp(document->env_set[i].name, name) == 0)
            item = &document->env_set[i];
    if (!item)
        item = arena_append(reader->arena, document->env_set, document->env_set_count);
    if (!item)
        return error_memory(reader->err);
    item->name = name;
    item->value = text;
    return reader_origin(reader, place, &item->origin);
}

int store_env_set(struct reader *reader, const struct member *member unused_arg,
                  const struct place *place, const struct value *value)
{
    return env_put(reader, place, value->key, value->text);
}

int store_env_entry(struct reader *reader, const struct member *member unused_arg,
                    const struct place *place, const struct value *value)
{
    const char *equals = strchr(value->text, '=');
    const char *name = arena_string_n(reader->arena, value->text, (size_t)(equals - value->text));

    return name ? env_put(reader, place, name, equals + 1) : error_memory(reader->err);
}

/* MXC's meaning of process.env: exactly these, unless inheritDefaultEnv asks for the others too. */
int store_process_open(struct reader *reader, const struct member *member unused_arg,
                       const struct place *place, const struct value *value)
{
    const struct node *inherit = node_get(value->node, "inheritDefaultEnv");
    struct document *document = reader->document;

    if (!node_get(value->node, "env"))
        return inherit && reader->is_partial
                   ? reader_refuse(reader, place, "'inheritDefaultEnv' says nothing without 'env'; "
                                                  "write process={env: [...], "
                                                  "inheritDefaultEnv: true}")
                   : 0;
    if (inherit && inherit->kind == NODE_BOOL && (inherit->text[0] | 0x20) == 't')
        return 0;
    document->env_is_exact = true;
    document->env_inherit = (struct string_list){0};
    document->env_set = NULL;
    document->env_set_count = 0;
    return 0;
}

int store_version(struct reader *reader, const struct member *member unused_arg,
                  const struct place *place unused_arg, const struct value *value)
{
    if (!reader->trail)
        reader->document->version = value->text;
    return 0;
}

int store_name(struct reader *reader, const struct member *member unused_arg,
               const struct place *place unused_arg, const struct value *value)
{
    if (reader->trail)
        return 0;
    reader->document->name = value->text;
    reader->document->is_named = true;
    return 0;
}

int store_container_id(struct reader *reader, const struct member *member unused_arg,
                       const struct place *place unused_arg, const struct value *value)
{
    reader->document->container_id = value->text;
    return 0;
}

int store_command(struct reader *reader, const struct member *member unused_arg,
                  const struct place *place, const struct value *value)
{
    reader->document->command_line = value->text;
    return reader_origin(reader, place, &reader->document->command_origin);
}

int store_cwd(struct reader *reader, const struct member *member unused_arg,
              const struct place *place, const struct value *value)
{
    reader->document->cwd = value->text;
    return reader_origin(reader, place, &reader->document->cwd_origin);
}

/* What a terminal can be kept to: setting it. */
int store_clipboard(struct reader *reader, const struct member *member, const struct place *place,
                    const struct value *value)
{
    struct value may_write = {.number = value->number == CLIPBOARD_WRITE || value->number == CLIPBOARD_ALL};

    return store_setting(reader, member, place, &may_write);
}

/* Who writes that there is no user interface means the clipboard, too. */
int store_ui_close(struct reader *reader, const struct member *member unused_arg,
                   const struct place *place unused_arg, const struct value *value unused_arg)
{
    struct document *document = reader->document;

    if (document->ui_disable.is_set && document->ui_disable.value)
        document->clipboard_write = (struct setting){true, 0, document->ui_disable.origin};
    return 0;
}

int store_extends(struct reader *reader, const struct member *member unused_arg,
                  const struct place *place, const struct value *value)
{
    return reader_fold_profile(reader, place, value->text);
}

/* Only a request asks for rights: a ceiling that mentions one merely leaves it open. What a ceiling
 * demands must be kept, or it is no ceiling. */
static bool asks(const struct reader *reader, const struct member *member,
                 const struct value *value)
{
    if (reader->options->kind != LAYER_REQUEST && !member->is_demand)
        return false;
    if (member->enforced && value->number == member->enforced)
        return false;
    return !member->may_be_asked || value->number != member->harmless;
}

int reader_note_unsupported(struct reader *reader, const struct member *member,
                            const struct place *place, const struct value *value)
{
    struct document *document = reader->document;
    struct unsupported *entry = NULL;
    const char *name = place_text(reader->arena, place);

    if (!name)
        return error_memory(reader->err);
    for (size_t i = 0; member->name && i < document->unsupported_count && !entry; i++)
        if (strcmp(document->unsupported[i].member, name) == 0)
            entry = &document->unsupported[i];
    if (!asks(reader, member, value)) {
        if (entry) /* a later setting takes it back */
            *entry = document->unsupported[--document->unsupported_count];
        return 0;
    }
    if (!entry)
        entry = arena_append(reader->arena, document->unsupported, document->unsupported_count);
    if (!entry)
        return error_memory(reader->err);
    entry->member = name;
    entry->reason = member->needs;
    if (member->is_demand && reader->options->kind == LAYER_CEILING)
        entry->reason = arena_printf(reader->arena,
                                     "a ceiling that cannot be kept: it %s; take it out of the "
                                     "ceiling",
                                     member->needs);
    if (!entry->reason)
        return error_memory(reader->err);
    return reader_origin(reader, place, &entry->origin);
}
