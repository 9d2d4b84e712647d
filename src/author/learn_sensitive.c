/* SPDX-License-Identifier: Apache-2.0 */
/* The table of what is sensitive, as learning asks it. */
#include <errno.h>
#include <string.h>

#include "author/learn_parts.h"
#include "author/sensitive.h"
#include "policy/obeyed.h"

static struct sensitive_places places_of(const struct learn_places *places)
{
    return (struct sensitive_places){.home = places->home, .workspace = places->workspace};
}

const char *learn_sensitive(const struct learn_places *places, const char *path)
{
    static const char *const own[] = {"/.local/state/cordon", "/.config/cordon", "/.cache/cordon"};
    const struct sensitive_places whose = places_of(places);
    const struct sensitive *row = sensitive_find(&whose, path);

    for (size_t i = 0; i < ARRAY_COUNT(own) && path_is_within(path, places->home); i++)
        if (path_is_within(path + (places->home[1] ? strlen(places->home) : 0), own[i]))
            return "Cordon's own";
    return row ? row->what : NULL;
}

int learn_obeyed(struct arena *arena, const struct learn_places *places, const char *path, const char **ret_why)
{
    size_t count;
    const struct obeyed *rows = obeyed_rows(&count);

    *ret_why = NULL;
    for (size_t i = 0; i < count && !*ret_why; i++) {
        const char *obeyed = obeyed_path(arena, &rows[i], places->home);

        if (!obeyed)
            return -ENOMEM;
        if (path_is_within(path, obeyed) || path_is_within(obeyed, path))
            *ret_why = rows[i].who;
    }
    return 0;
}

struct below {
    struct arena *arena;
    const char *tree;
    const char ***texts;
    size_t *count;
};

static int add_below(const char *path, const struct sensitive *row unused_arg, void *data)
{
    struct below *below = data;
    const char *copy;

    /* The tree itself was learned because it is not sensitive. */
    if (strcmp(path, below->tree) == 0)
        return 0;
    copy = learn_name_pattern(below->arena, path);
    return copy ? arena_append_once(below->arena, below->texts, below->count, copy) : -1;
}

/* Where names that are sensitive wherever they are, are looked for; NULL = nowhere: it would be in trees of any size at each start. */
static const char *searched_tree(const struct learn_places *places, const struct learn_rule *rule)
{
    if (places->workspace && path_is_within(rule->text, places->workspace))
        return places->workspace;
    return rule->is_tree && path_is_within(rule->text, places->home) ? rule->text : NULL;
}

int learn_sensitive_below(struct arena *arena, const struct learn_places *places, const struct learn_rule *rule,
                          const char ***texts, size_t *count, struct error *err)
{
    const struct sensitive_places whose = places_of(places);
    struct below below = {.arena = arena, .tree = rule->text, .texts = texts, .count = count};
    const char *tree = searched_tree(places, rule);
    const struct sensitive *rows;
    size_t row_count;

    if (sensitive_visit(&whose, rule->text, add_below, &below) != 0)
        return error_memory(err);
    rows = sensitive_rows(&row_count);
    for (size_t i = 0; i < row_count && tree; i++) {
        const char *pattern;

        if (strncmp(rows[i].path, "/**/", 4) != 0)
            continue;
        pattern = path_join(arena, tree, rows[i].path + 1);
        if (!pattern || arena_append_once(arena, texts, count, pattern) < 0)
            return error_memory(err);
    }
    return 0;
}
