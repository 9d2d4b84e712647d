/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The closed check: tree, table and text are walked together in the order of the document, so that
 * the first fault is the one that MXC names, with its path and position.
 */
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "policy/mxc/fault.h"

static int check_single(struct request *request, const struct place *place,
                        const struct mxc_member *member, const struct node *node);

/* Index in shape->members, or shape->count. */
static size_t find_member(const struct request *request, const struct mxc_shape *shape,
                          const char *name)
{
    size_t i = 0;

    while (i < shape->count && (!(shape->members[i].versions & request->version) ||
                                strcmp(shape->members[i].name, name) != 0))
        i++;
    return i;
}

static int check_string(struct request *request, const struct place *place, enum mxc_type type,
                        const struct node *node)
{
    if (node->kind != NODE_STRING)
        return fault_type(request, place, node, NULL, "a string");
    if (type == MXC_TEXT && !node->length)
        return fault_value(request, place, "string must not be empty");
    if (type == MXC_CAPABILITY && strchr(node->text, ','))
        return fault_value(request, place, "capability must not contain a comma");
    if (type == MXC_CAPABILITY && (strcmp(node->text, "learningModeLogging") == 0 ||
                                   strcmp(node->text, "permissiveLearningMode") == 0))
        return fault_value(request, place,
                           "learningModeLogging and permissiveLearningMode are reserved");
    scan_value(&request->scan);
    return 0;
}

static int check_number(struct request *request, const struct place *place, enum mxc_type type,
                        const struct node *node)
{
    const char *expected = type == MXC_U32 ? "u32" : type == MXC_U64 ? "u64" : "a nonzero u16";
    uint64_t minimum = type == MXC_PORT, value;
    uint64_t maximum = type == MXC_U32 ? UINT32_MAX : type == MXC_U64 ? UINT64_MAX : UINT16_MAX;

    if (node->kind != NODE_INTEGER || number_parse(node->text, minimum, maximum, &value, NULL) < 0)
        return fault_type(request, place, node, NULL, expected);
    scan_value(&request->scan);
    return 0;
}

static int check_choice(struct request *request, const struct place *place,
                        const struct mxc_choices *choices, const struct node *node)
{
    char expected[96] = "a string";

    if (choices->name)
        snprintf(expected, sizeof(expected), "a valid %s string", choices->name);
    if (node->kind != NODE_STRING)
        return fault_type(request, place, node, NULL, expected);
    for (size_t i = 0; i < choices->count; i++) {
        if (!(choices->items[i].versions & request->version) ||
            strcmp(choices->items[i].name, node->text) != 0 || node->length != strlen(node->text))
            continue;
        scan_value(&request->scan);
        return 0;
    }
    return fault_choice(request, place, choices, node);
}

static int check_list(struct request *request, const struct place *place,
                      const struct mxc_member *member, const struct node *node)
{
    if (node->kind != NODE_LIST)
        return fault_type(request, place, node, NULL, "a sequence");
    if (member->list == MXC_LIST_FILLED && !node->count)
        return fault_value(request, place, "array must not be empty");
    if (!scan_take(&request->scan, '['))
        return fault_syntax(request);
    for (size_t i = 0; i < node->count; i++) {
        const struct place here = {.up = place,
                                   .index = i,
                                   .line = node->items[i]->line,
                                   .column = node->items[i]->column};
        int status;

        if (i && !scan_take(&request->scan, ','))
            return fault_syntax(request);
        status = check_single(request, &here, member, node->items[i]);
        if (status < 0)
            return status;
    }
    return scan_take(&request->scan, ']') ? 0 : fault_syntax(request);
}

static int check_entry(struct request *request, const struct place *place,
                       const struct mxc_shape *shape, const struct node_entry *entry,
                       uint64_t *seen)
{
    const struct place here = {
        .up = place, .key = entry->key, .line = entry->line, .column = entry->column};
    size_t index = find_member(request, shape, entry->key), canonical = index;
    const struct mxc_member *member;

    if (scan_peek(&request->scan) != '"')
        return fault_syntax(request);
    scan_string(&request->scan);
    if (index == shape->count)
        return fault_member(request, &here, shape, place && place->key ? place->key : "");
    member = &shape->members[index];
    if (member->same_as)
        canonical = find_member(request, shape, member->same_as);
    if (*seen & (UINT64_C(1) << canonical))
        return fault_duplicate(request, &here, shape->members[canonical].name);
    *seen |= UINT64_C(1) << canonical;
    if (!scan_take(&request->scan, ':'))
        return fault_syntax(request);
    if (entry->value->kind == NODE_NULL && (request->version & MXC_UNREGISTERED) &&
        !(member->required & request->version)) {
        scan_value(&request->scan);
        return 0;
    }
    if (member->list)
        return check_list(request, &here, member, entry->value);
    return check_single(request, &here, member, entry->value);
}

static int check_object(struct request *request, const struct place *place,
                        const struct mxc_shape *shape, const struct node *node)
{
    char expected[96];
    uint64_t seen = 0;

    snprintf(expected, sizeof(expected), "struct %s", shape->name);
    if (node->kind != NODE_MAP)
        return fault_type(request, place, node, shape->hint, expected);
    if (!scan_take(&request->scan, '{'))
        return fault_syntax(request);
    for (size_t i = 0; i < node->count; i++) {
        int status;

        if (i && !scan_take(&request->scan, ','))
            return fault_syntax(request);
        status = check_entry(request, place, shape, &node->entries[i], &seen);
        if (status < 0)
            return status;
    }
    if (!scan_take(&request->scan, '}'))
        return fault_syntax(request);
    for (size_t i = 0; i < shape->count; i++)
        if ((shape->members[i].required & request->version) && !(seen & (UINT64_C(1) << i)))
            return fault_missing(request, place, shape, shape->members[i].name);
    return 0;
}

static int check_single(struct request *request, const struct place *place,
                        const struct mxc_member *member, const struct node *node)
{
    switch (member->type) {
    case MXC_STRING:
    case MXC_TEXT:
    case MXC_CAPABILITY:
        return check_string(request, place, member->type, node);
    case MXC_BOOL:
        if (node->kind != NODE_BOOL)
            return fault_type(request, place, node, NULL, "a boolean");
        scan_value(&request->scan);
        return 0;
    case MXC_U32:
    case MXC_U64:
    case MXC_PORT:
        return check_number(request, place, member->type, node);
    case MXC_CHOICE:
        return check_choice(request, place, member->choices, node);
    case MXC_OBJECT:
        return check_object(request, place, member->shape, node);
    case MXC_ANY:
        break;
    }
    scan_value(&request->scan);
    return 0;
}

int mxc_check(struct request *request)
{
    request->scan.at = 0;
    return check_object(request, NULL, request->contract->shape, request->root);
}
