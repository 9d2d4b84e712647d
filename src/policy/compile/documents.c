/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the policy files themselves lie. A run keeps its own; a run of another policy in the same workspace keeps those
 * whose names are protected, and may rewrite any other.
 */
#include <string.h>

#include "policy/compile/compile.h"
#include "policy/model/protected.h"

/* Is it in something that this request makes writable? */
static bool is_granted(const struct compile *c, const char *path)
{
    for (size_t i = 0; i < c->real.layer_count; i++) {
        const struct document *layer = c->real.layers[i];

        if (layer->kind != LAYER_REQUEST)
            continue;
        for (size_t j = 0; j < layer->path_count; j++)
            if (layer->paths[j].kind == PATH_READWRITE && !layer->paths[j].is_glob &&
                path_is_within(path, layer->paths[j].path))
                return true;
        for (size_t j = 0; j < layer->view_count; j++)
            if (layer->views[j].is_writable && path_is_within(path, layer->views[j].source))
                return true;
    }
    return false;
}

/* Does the default policy, which makes the workspace writable, keep it there? */
static bool is_kept_by_default(const char *path, const char *workspace)
{
    const char *below = path + strlen(workspace) + (strcmp(workspace, "/") != 0);
    size_t count;
    const struct protected_name *names = protected_names(&count);

    for (size_t i = 0; i < count; i++)
        if (path_is_within(path, workspace) && strcmp(path, workspace) != 0 &&
            strncmp(below, names[i].name, strlen(names[i].name)) == 0 &&
            strchr("/", below[strlen(names[i].name)]))
            return true;
    return false;
}

int documents_look(struct compile *c, struct error *err)
{
    const char *workspace = c->options->variables ? c->options->variables->workspace : NULL;
    struct resolved object;
    int r = 0;

    for (const char *const *document = c->options->documents; document && *document && r == 0; document++) {
        bool is_kept;

        r = resolve_path(c->resolver, *document, &object, err);
        if (r < 0 || object.status != RESOLVE_FOUND)
            continue;
        if (is_granted(c, object.real))
            is_kept = protected_covers(c->real.layers, c->real.layer_count, object.real, NULL);
        else
            is_kept = !workspace || !path_is_within(object.real, workspace) ||
                      is_kept_by_default(object.real, workspace);
        if (!is_kept)
            r = compile_warning(c, NULL, err,
                                "%s: a program contained by another policy may have rewritten this one; keep it "
                                "outside of the workspace, below its .cordon, or call it cordon.yaml there",
                                object.real);
    }
    return r;
}
