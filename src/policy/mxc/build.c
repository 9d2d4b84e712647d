/* SPDX-License-Identifier: Apache-2.0 */
/* What the steps that fill the document have in common. */
#include <string.h>

#include "base/number.h"
#include "policy/mxc/request.h"

const struct node *mxc_get(const struct node *map, const char *key)
{
    const struct node *value = map && map->kind == NODE_MAP ? node_get(map, key) : NULL;

    return value && value->kind != NODE_NULL ? value : NULL;
}

const struct node *mxc_section_get(const struct node *root, const char *section)
{
    static const char *const older[][2] = {{"processContainer", "appContainer"},
                                           {"seatbelt", "macos_sandbox"}};
    const struct node *found = mxc_get(root, section);

    for (size_t i = 0; !found && i < ARRAY_COUNT(older); i++)
        if (strcmp(older[i][0], section) == 0)
            found = mxc_get(root, older[i][1]);
    return found;
}

bool mxc_is(const struct node *node, const char *text)
{
    return node && node->text && strcmp(node->text, text) == 0;
}

bool mxc_has_nul(const struct node *node)
{
    return node && node->text && strlen(node->text) != node->length;
}

uint64_t mxc_number(const struct node *node)
{
    uint64_t value = 0;

    if (!node || number_parse(node->text, 0, UINT64_MAX, &value, NULL) < 0)
        return 0;
    return value;
}

struct origin mxc_origin(const struct request *request, const struct node *node, const char *member)
{
    const char *layer = request->options->layer_name ? request->options->layer_name : "document";

    return (struct origin){
        .layer = node ? layer : "built-in",
        .file = node ? request->document->file : NULL,
        .line = node ? node->line : 0,
        .column = node ? node->column : 0,
        .member = member,
    };
}

void mxc_setting(const struct request *request, struct setting *setting, const struct node *node,
                 const char *member, uint64_t value)
{
    setting->is_set = true;
    setting->value = value;
    setting->origin = mxc_origin(request, node, member);
}

int mxc_warn(const struct request *request, const struct node *node, const char *member,
             const char *why)
{
    struct string_list *warnings = &request->document->warnings;
    struct string_item *item = arena_append(request->arena, warnings->items, warnings->count);

    if (!item)
        return error_memory(request->err);
    item->origin = mxc_origin(request, node, member);
    item->text = arena_printf(request->arena, "%s %s", member, why);
    warnings->is_set = true;
    return item->text ? 0 : error_memory(request->err);
}

int mxc_unsupported(const struct request *request, const struct node *node, const char *member,
                    const char *reason)
{
    struct document *document = request->document;
    struct unsupported *row =
        arena_append(request->arena, document->unsupported, document->unsupported_count);

    if (!row)
        return error_memory(request->err);
    row->member = member;
    row->reason = reason;
    row->origin = mxc_origin(request, node, member);
    return 0;
}
