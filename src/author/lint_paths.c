/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about files that contradict each other, that another one covers, or that never decide anything. */
#include <limits.h>
#include <string.h>

#include "author/lint_look.h"
#include "author/real_path.h"
#include "base/glob.h"
#include "base/path.h"

static bool is_grant(const struct path_rule *rule)
{
    return !rule->is_glob && (rule->kind == PATH_READWRITE || rule->kind == PATH_READONLY);
}

/* Does it give something at its path, whatever that is? */
static bool gives(const struct path_rule *rule)
{
    return is_grant(rule) || rule->kind == PATH_CACHE || rule->kind == PATH_PRIVATE;
}

static bool is_literal(const struct path_rule *rule)
{
    return !rule->is_glob && rule->kind != PATH_PROTECTED;
}

static enum access access_of(const struct path_rule *rule)
{
    return rule->kind == PATH_READWRITE ? ACCESS_WRITE : rule->kind == PATH_READONLY ? ACCESS_READ : ACCESS_DENIED;
}

static const char *describe(const struct path_rule *rule)
{
    switch (rule->kind) {
    case PATH_READWRITE:
        return "read-write";
    case PATH_READONLY:
        return "read-only";
    case PATH_DENIED:
        return "denied";
    case PATH_PROTECTED:
        return "protected";
    case PATH_CACHE:
        return "a cache";
    case PATH_PRIVATE:
        break;
    }
    return "private";
}

/* Where each literal rule's path ends, and which one is the deepest above another. */
struct table {
    struct look *look;
    const struct document *document;
    size_t *lengths;
};

static bool is_above(const struct table *table, size_t above, size_t below)
{
    size_t length = table->lengths[above];
    const char *path = table->document->paths[below].path;

    if (length >= table->lengths[below])
        return false;
    if (length == 1)
        return true;
    return path[length] == '/' && memcmp(table->document->paths[above].path, path, length) == 0;
}

/* At one path the stricter decides. */
static const struct path_rule *deepest_above(const struct table *table, size_t at)
{
    const struct document *document = table->document;
    const struct path_rule *best = NULL;
    size_t best_length = 0;

    for (size_t i = 0; i < document->path_count; i++) {
        const struct path_rule *rule = &document->paths[i];

        if (table->lengths[i] < best_length || !is_above(table, i, at) || !is_literal(rule))
            continue;
        if (!best || table->lengths[i] > best_length || access_of(rule) < access_of(best)) {
            best = rule;
            best_length = table->lengths[i];
        }
    }
    return best;
}

static bool is_at(const struct table *table, size_t i, size_t at)
{
    const struct path_rule *rules = table->document->paths;
    size_t length = table->lengths[at];

    /* most of one length differ at their end */
    return i != at && table->lengths[i] == length && rules[i].path[length - 1] == rules[at].path[length - 1] && is_literal(&rules[i]) &&
           memcmp(rules[i].path, rules[at].path, length) == 0;
}

/* One path, two rules: the stricter decides, and that is more to know than that a third says the same. */
static int check_same_path(struct table *table, size_t at, bool *ret_is_decided)
{
    const struct document *document = table->document;
    const struct path_rule *rule = &document->paths[at], *same = NULL;

    for (size_t i = 0; i < document->path_count; i++) {
        const struct path_rule *other = &document->paths[i];

        if (!is_at(table, i, at))
            continue;
        if (!same && other->kind == rule->kind && (i < at || other->origin.is_profile))
            same = other;
        if (!is_grant(rule) || (!is_grant(other) && other->kind != PATH_DENIED) || access_of(other) >= access_of(rule))
            continue;
        *ret_is_decided = true;
        return look_say(table->look, LINT_SAME_PATH, &rule->origin, "remove one of the two",
                        "%s is %s by %s, which decides: this rule never does", look_spell(table->look, rule->path),
                        describe(other), look_place(table->look, &other->origin));
    }
    if (!same)
        return 0;
    *ret_is_decided = true;
    return look_say(table->look, LINT_COVERED, &rule->origin, "remove it", "%s is %s by %s already", look_spell(table->look, rule->path),
                    describe(rule), look_place(table->look, &same->origin));
}

static int check_void(struct table *table, const struct path_rule *rule, bool *ret_is_void)
{
    const struct origin *why = NULL;
    enum access access = document_access(table->document, rule->path, &why);
    bool is_builtin = why && why->member && strcmp(why->member, "filesystem.protectBuiltin") == 0;

    if (access >= access_of(rule))
        return 0;
    *ret_is_void = true;
    return look_say(table->look, LINT_VOID_GRANT, &rule->origin,
                    is_builtin                ? "remove it, or give the name up in filesystem.unprotectedPaths"
                    : access == ACCESS_DENIED ? "remove it, or make the pattern narrower"
                                              : "move it to filesystem.readonlyPaths, or make the pattern narrower",
                    "%s stays %s: %s covers it, and what takes away is stronger than any grant",
                    look_spell(table->look, rule->path), access == ACCESS_READ ? "read-only" : "denied",
                    why ? look_place(table->look, why) : "another rule");
}

/* What the other layers leave of it. */
static int check_layers(struct table *table, const struct path_rule *rule)
{
    const struct policy *policy = table->look->input->policy;
    int r = 0;

    for (size_t i = 0; i < policy->layer_count && r == 0; i++) {
        const struct document *layer = policy->layers[i];
        const struct origin *why = NULL;
        enum access access;
        bool is_ceiling = layer->kind == LAYER_CEILING;

        if (layer == table->document)
            continue;
        access = document_access(layer, rule->path, &why);
        if (access >= access_of(rule))
            continue;
        r = look_say(table->look, is_ceiling ? LINT_CEILING : LINT_OTHER_DOCUMENT, &rule->origin,
                     is_ceiling ? "remove it, or ask who keeps the ceiling" : "remove it, or grant it in both",
                     "%s: %s %s it%s%s", look_spell(table->look, rule->path),
                     layer->file ? path_base(layer->file) : layer->name ? layer->name : "another document",
                     access == ACCESS_READ ? "leaves read-only" : why ? "denies" : "does not grant", why ? ", by " : "",
                     why ? look_place(table->look, why) : "");
    }
    return r;
}

/* A link may lead out of what covers its name. */
static bool leads_elsewhere(const struct look *look, const char *path, const char *above)
{
    char real[PATH_MAX];

    return look->input->has_machine && real_path_find(path, real) && !path_is_within(real, above);
}

static bool is_in_view(const struct document *document, const char *path, const char *above)
{
    for (size_t i = 0; i < document->view_count; i++) {
        const struct view *view = &document->views[i];

        if (path_is_within(view->source, path) || path_is_within(path, view->source))
            return true;
        if (path_is_within(path, view->target) && (!above || path_is_within(view->target, above)))
            return true;
    }
    return false;
}

static int check_covered(struct table *table, size_t at, const struct path_rule *above)
{
    const struct path_rule *rule = &table->document->paths[at];
    bool roots_matter = rule->kind == PATH_READWRITE && table->document->protect_builtin.value; /* its names are protected */

    if (above->kind == PATH_DENIED && is_grant(rule))
        return look_say(table->look, LINT_HOLE, &rule->origin, NULL,
                        "%s is %s although %s denies what is around it: the most specific path wins",
                        look_spell(table->look, rule->path), describe(rule), look_place(table->look, &above->origin));
    if (above->kind != rule->kind || roots_matter || rule->kind == PATH_CACHE ||
        is_in_view(table->document, rule->path, above->path) || leads_elsewhere(table->look, rule->path, above->path))
        return 0;
    return look_say(table->look, LINT_COVERED, &rule->origin, "remove it", "%s is %s already, by %s",
                    look_spell(table->look, rule->path), describe(rule), look_place(table->look, &above->origin));
}

/* One of the two is the other or lies in it: told by their lengths first, since most do not. */
static bool are_related(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t length = a_length < b_length ? a_length : b_length;
    const char *longer = a_length < b_length ? b : a;

    if (length == 1)
        return true;
    return (longer[length] == '\0' || longer[length] == '/') && memcmp(a, b, length) == 0;
}

/* Is anything given at, above or below this path? */
static bool touches(const struct document *document, const char *path, bool must_write)
{
    size_t length = strlen(path);

    for (size_t i = 0; i < document->path_count; i++) {
        const struct path_rule *rule = &document->paths[i];

        if (rule->is_glob || !gives(rule) || (must_write && rule->kind == PATH_READONLY))
            continue;
        if (are_related(path, length, rule->path, rule->length ? rule->length : strlen(rule->path)))
            return true;
    }
    return is_in_view(document, path, NULL);
}

static int check_dead(struct table *table, const struct path_rule *rule)
{
    bool only_protects = rule->kind == PATH_PROTECTED || (rule->is_glob && rule->kind == PATH_READONLY);
    const char *root = rule->is_glob ? look_pattern_root(table->look, rule->path) : rule->path;
    char real[PATH_MAX];

    if (gives(rule) && !rule->is_glob)
        return 0;
    if (touches(table->document, root, only_protects))
        return 0;
    if (table->look->input->has_machine && real_path_find(root, real) && touches(table->document, real, only_protects))
        return 0;
    if (only_protects)
        return look_say(table->look, LINT_DEAD_PROTECTION, &rule->origin, "remove it",
                        "%s: nothing there is writable, so there is nothing to protect", look_spell(table->look, rule->path));
    return look_say(table->look, LINT_DEAD_DENIAL, &rule->origin, "remove it, unless it is meant for what may be granted later",
                    "%s: nothing around it is granted, so it is absent without this rule", look_spell(table->look, rule->path));
}

static int check_rule(struct table *table, size_t at)
{
    const struct path_rule *rule = &table->document->paths[at], *above;
    bool is_decided = false;
    int r = check_dead(table, rule);

    if (r < 0 || !is_literal(rule))
        return r;
    r = check_same_path(table, at, &is_decided);
    if (r == 0 && is_grant(rule) && !is_decided)
        r = check_void(table, rule, &is_decided);
    if (r < 0 || is_decided)
        return r;
    if (is_grant(rule))
        r = check_layers(table, rule);
    above = r == 0 ? deepest_above(table, at) : NULL;
    return above ? check_covered(table, at, above) : r;
}

int look_at_paths(struct look *look, const struct document *document)
{
    struct table table = {look, document, arena_alloc(look->arena, (document->path_count + 1) * sizeof(size_t))};
    int r = 0;

    if (!table.lengths)
        return error_memory(look->err);
    for (size_t i = 0; i < document->path_count; i++)
        table.lengths[i] = strlen(document->paths[i].path);
    for (size_t i = 0; i < document->path_count && r == 0; i++)
        if (look_is_own(&document->paths[i].origin))
            r = check_rule(&table, i);
    return r;
}
