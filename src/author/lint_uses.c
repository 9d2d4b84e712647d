/* SPDX-License-Identifier: Apache-2.0 */
/* What recorded runs used, held against the rules: those that no run needed are wider than they have to be. */
#include <string.h>

#include "author/lint_look.h"

/* The plan has copies of what the documents hold. */
static bool is_same(const struct origin *a, const struct origin *b)
{
    return a->line == b->line && a->column == b->column && a->member && b->member && strcmp(a->member, b->member) == 0 && a->file &&
           b->file && strcmp(a->file, b->file) == 0;
}

static bool is_used(const struct lint_input *input, const struct origin *origin, bool must_write)
{
    for (size_t i = 0; i < input->use_count; i++)
        if ((input->uses[i].is_write || !must_write) && is_same(input->uses[i].origin, origin))
            return true;
    return false;
}

static int check_paths(struct look *look, const struct document *document)
{
    int r = 0;

    for (size_t i = 0; i < document->path_count && r == 0; i++) {
        const struct path_rule *rule = &document->paths[i];

        if (!look_is_own(&rule->origin) || rule->is_glob || (rule->kind != PATH_READWRITE && rule->kind != PATH_READONLY))
            continue;
        if (!is_used(look->input, &rule->origin, false))
            r = look_say(look, LINT_UNUSED, &rule->origin, "remove it", "%s was used by none of the recorded runs",
                         look_spell(look, rule->path));
        else if (rule->kind == PATH_READWRITE && !is_used(look->input, &rule->origin, true))
            r = look_say(look, LINT_UNUSED, &rule->origin, "move it to filesystem.readonlyPaths",
                         "%s was read by the recorded runs, and written by none", look_spell(look, rule->path));
    }
    return r;
}

static int check_network(struct look *look, const struct document *document)
{
    int r = 0;

    for (size_t i = 0; i < document->network.allow_count && r == 0; i++) {
        const struct egress_rule *rule = &document->network.allow[i];

        if (look_is_own(&rule->origin) && !is_used(look->input, &rule->origin, false))
            r = look_say(look, LINT_UNUSED, &rule->origin, "remove it", "no connection of the recorded runs needed this rule");
    }
    return r;
}

int look_at_uses(struct look *look)
{
    const struct policy *policy = look->input->policy;
    int r = 0;

    for (size_t i = 0; i < policy->layer_count && r == 0 && look->input->has_uses; i++) {
        if (policy->layers[i]->kind != LAYER_REQUEST)
            continue;
        r = check_network(look, policy->layers[i]);
        if (r == 0 && look->input->has_files)
            r = check_paths(look, policy->layers[i]);
    }
    return r;
}
