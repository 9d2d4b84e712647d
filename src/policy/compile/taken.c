/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ceilings take away from the grants of the other layers. That is their right, and it is said: a ceiling that grants
 * one directory limits every file to that one, and who wrote it may not have meant the system's programs.
 */
#include "policy/compile/compile.h"

static bool is_grant(const struct path_rule *rule)
{
    return (rule->kind == PATH_READWRITE || rule->kind == PATH_READONLY) && !rule->is_glob;
}

/* Grants of `layer`, of things that are there, that `ceiling` has no rule for. */
static int count_taken(struct compile *c, const struct document *ceiling, const struct document *layer,
                       const char **ret_first, size_t *count, struct error *err)
{
    for (size_t i = 0; i < layer->path_count; i++) {
        const char *path = layer->paths[i].path;
        const struct origin *why;
        struct resolved object;
        int r;

        if (!is_grant(&layer->paths[i]) || document_access(layer, path, NULL) == ACCESS_DENIED ||
            document_access(ceiling, path, &why) != ACCESS_DENIED || why)
            continue;
        r = resolve_path(c->resolver, path, &object, err);
        if (r < 0)
            return r;
        if (object.status != RESOLVE_FOUND)
            continue;
        if (!*count)
            *ret_first = path;
        *count += 1;
    }
    return 0;
}

int taken_look(struct compile *c, struct error *err)
{
    const struct policy *policy = &c->real;
    int r = 0;

    for (size_t i = 0; i < policy->layer_count && r == 0; i++) {
        const struct document *ceiling = policy->layers[i];
        const char *first = NULL;
        size_t count = 0;

        if (ceiling->kind != LAYER_CEILING || !ceiling->has_grants)
            continue;
        for (size_t j = 0; j < policy->layer_count && r == 0; j++)
            if (policy->layers[j]->kind != LAYER_CEILING)
                r = count_taken(c, ceiling, policy->layers[j], &first, &count, err);
        if (r == 0 && count)
            r = compile_warning(c, NULL, err,
                                "%s grants files, so nothing else is left, and it does not grant %s%s: %zu of the "
                                "policy's grants are void",
                                ceiling->file ? ceiling->file : "a ceiling", first, count > 1 ? " and others" : "", count);
    }
    return r;
}
