/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every MXC document gets without asking for it: the system, read-only. MXC's bubblewrap
 * mounts a fixed list; here it is the profiles 'base' and 'shell'. Only what a program needs to
 * start is taken from them: files, devices, sockets. Environment and network are the document's
 * own.
 */
#include <string.h>

#include "policy/mxc/request.h"

static bool has_rule(const struct document *document, const struct path_rule *rule)
{
    for (size_t i = 0; i < document->path_count; i++)
        if (document->paths[i].kind == rule->kind && document->paths[i].is_glob == rule->is_glob &&
            strcmp(document->paths[i].path, rule->path) == 0)
            return true;
    return false;
}

static bool has_item(const struct string_list *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].text, text) == 0)
            return true;
    return false;
}

static int fold_list(const struct request *request, struct string_list *into,
                     const struct string_list *from)
{
    for (size_t i = 0; i < from->count; i++) {
        struct string_item *item;

        if (has_item(into, from->items[i].text))
            continue;
        item = arena_append(request->arena, into->items, into->count);
        if (!item)
            return error_memory(request->err);
        *item = from->items[i];
    }
    if (from->is_set && !into->is_set) {
        into->is_set = true;
        into->origin = from->origin;
    }
    return 0;
}

static int fold_files(const struct request *request, const struct document *profile)
{
    struct document *document = request->document;

    for (size_t i = 0; i < profile->path_count; i++) {
        struct path_rule *rule;

        if (has_rule(document, &profile->paths[i]))
            continue;
        rule = arena_append(request->arena, document->paths, document->path_count);
        if (!rule)
            return error_memory(request->err);
        *rule = profile->paths[i];
    }
    for (size_t i = 0; i < profile->view_count; i++) {
        struct view *view = arena_append(request->arena, document->views, document->view_count);

        if (!view)
            return error_memory(request->err);
        *view = profile->views[i];
    }
    document->has_filesystem = document->has_filesystem || profile->has_filesystem;
    document->has_grants = document->has_grants || profile->has_grants;
    return 0;
}

static int fold_profile(const struct request *request, const char *name)
{
    struct document *document = request->document, *profile;
    int status =
        document_load_profile(request->arena, name, request->options, &profile, request->err);

    if (status == 0)
        status = fold_files(request, profile);
    if (status == 0)
        status = fold_list(request, &document->devices, &profile->devices);
    return status < 0 ? status
                      : fold_list(request, &document->unix_sockets, &profile->unix_sockets);
}

int mxc_fold_profiles(const struct request *request)
{
    static const char *const profiles[] = {"base", "shell"};

    for (size_t i = 0; i < ARRAY_COUNT(profiles); i++) {
        int status = fold_profile(request, profiles[i]);

        if (status < 0)
            return status;
    }
    return 0;
}
