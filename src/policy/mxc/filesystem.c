/* SPDX-License-Identifier: Apache-2.0 */
/* filesystem.*: three lists of literal paths. */
#include <string.h>

#include "base/path.h"
#include "policy/mxc/request.h"

static const struct {
    const char *member;
    enum path_rule_kind kind;
    bool is_grant;
} path_lists[] = {
    {"readwritePaths", PATH_READWRITE, true},
    {"readonlyPaths", PATH_READONLY, true},
    {"deniedPaths", PATH_DENIED, false},
};

/*
 * MXC hands these texts to mount: '~', variables and patterns are names of files there, which fail
 * at launch when granted, and protect nothing, silently, when denied. Here they are refused.
 */
static const char *path_fault(const struct node *node)
{
    const char *text = node->text;

    if (text[0] == '~')
        return "MXC does not expand '~'; write the whole path";
    if (text[0] != '/')
        return "is not absolute; write the whole path";
    if (path_has_dotdot(text))
        return "has '..' in it; write the path that it stands for";
    if (strpbrk(text, "*?"))
        return "MXC has no patterns; name each path, or write a cordon/1 policy";
    if (node->length > PATH_LENGTH_MAX)
        return "is longer than " STRINGIFY(PATH_LENGTH_MAX) " bytes";
    return NULL;
}

static int read_path(const struct request *request, const struct node *node, const char *list,
                     size_t index, enum path_rule_kind kind)
{
    struct document *document = request->document;
    const char *member = arena_printf(request->arena, "filesystem.%s[%zu]", list, index);
    const char *fault = path_fault(node);
    struct path_rule *rule;

    if (!member)
        return error_memory(request->err);
    if (!node->length)
        return mxc_refuse(request, node, ERROR_INVALID, 0, "Filesystem path is empty: %s", member);
    if (mxc_has_nul(node))
        return mxc_refuse(request, node, ERROR_INVALID, 0, "%s holds a NUL; remove it", member);
    if (fault)
        return mxc_refuse(request, node, ERROR_INVALID, 0, "%s: '%.64s' %s", member, node->text,
                          fault);
    rule = arena_append(request->arena, document->paths, document->path_count);
    if (!rule)
        return error_memory(request->err);
    rule->kind = kind;
    rule->path = path_normalise(request->arena, node->text);
    rule->origin = mxc_origin(request, node, member);
    return rule->path ? 0 : error_memory(request->err);
}

int mxc_filesystem(const struct request *request)
{
    const struct node *filesystem = mxc_get(request->root, "filesystem");
    struct document *document = request->document;

    document->has_filesystem = document->has_filesystem || filesystem;
    for (size_t i = 0; i < ARRAY_COUNT(path_lists); i++) {
        const struct node *list = mxc_get(filesystem, path_lists[i].member);

        document->has_grants = document->has_grants || (list && path_lists[i].is_grant);
        for (size_t j = 0; list && j < list->count; j++) {
            int status =
                read_path(request, list->items[j], path_lists[i].member, j, path_lists[i].kind);

            if (status < 0)
                return status;
        }
    }
    return 0;
}
