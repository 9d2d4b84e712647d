/* SPDX-License-Identifier: Apache-2.0 */
/* The second opinion on files, and the paths of its small world. */
#include "reference.h"

#include <stdio.h>
#include <string.h>

#include "policy/model/protected.h"

static bool name_matches(const char *pattern, size_t pattern_length, const char *name,
                         size_t length);

/* What is left after one character: a byte and the continuation bytes that may belong to it. */
static bool rest_matches(const char *pattern, size_t pattern_length, const char *name,
                         size_t length)
{
    do {
        if (name_matches(pattern, pattern_length, name, length))
            return true;
    } while (length-- && (*name++ & 0xc0) == 0x80);
    return false;
}

/* Patterns of the small world: no ']' as member, no ranges, ASCII. */
static bool name_matches(const char *pattern, size_t pattern_length, const char *name,
                         size_t length)
{
    const char *end;
    bool is_negated, is_member;

    if (!pattern_length)
        return !length;
    if (*pattern == '*')
        return name_matches(pattern + 1, pattern_length - 1, name, length) ||
               (length && name_matches(pattern, pattern_length, name + 1, length - 1));
    if (!length)
        return false;
    if (*pattern == '?')
        return rest_matches(pattern + 1, pattern_length - 1, name + 1, length - 1);
    end = *pattern == '[' ? memchr(pattern, ']', pattern_length) : NULL;
    if (!end)
        return *pattern == *name &&
               name_matches(pattern + 1, pattern_length - 1, name + 1, length - 1);
    is_negated = pattern[1] == '!';
    is_member = memchr(pattern + 1 + is_negated, *name, (size_t)(end - pattern) - 1 - is_negated);
    return is_member != is_negated &&
           rest_matches(end + 1, pattern_length - (size_t)(end - pattern) - 1, name + 1,
                        length - 1);
}

bool reference_glob_covers(const char *pattern, const char *path)
{
    size_t pattern_length, length;

    pattern += strspn(pattern, "/");
    path += strspn(path, "/");
    if (!*pattern)
        return true;
    pattern_length = strcspn(pattern, "/");
    length = strcspn(path, "/");
    if (strncmp(pattern, "**", 2) == 0 && pattern_length == 2)
        return reference_glob_covers(pattern + 2, path) ||
               (length && reference_glob_covers(pattern, path + length));
    return length && name_matches(pattern, pattern_length, path, length) &&
           reference_glob_covers(pattern + pattern_length, path + length);
}

static bool is_below(const char *path, const char *top)
{
    char top_slash[512], path_slash[512];

    snprintf(top_slash, sizeof(top_slash), "%s%s", top, strcmp(top, "/") == 0 ? "" : "/");
    snprintf(path_slash, sizeof(path_slash), "%s%s", path, strcmp(path, "/") == 0 ? "" : "/");
    return strncmp(path_slash, top_slash, strlen(top_slash)) == 0;
}

static bool names(const char *rule, const char *path)
{
    if (strcmp(rule, "/") == 0 &&
        (is_below(path, "/proc") || is_below(path, "/dev") || is_below(path, "/sys")))
        return false;
    return is_below(path, rule);
}

static bool has_rule(const struct document *layer, const char *at, enum path_rule_kind kind)
{
    for (size_t i = 0; i < layer->path_count; i++)
        if (!layer->paths[i].is_glob && layer->paths[i].kind == kind &&
            strcmp(layer->paths[i].path, at) == 0)
            return true;
    return false;
}

/* The nearest place at or above `path` where this layer has a literal rule. */
static bool nearest_rule(const struct document *layer, const char *path, char ret_at[256])
{
    char *slash;

    snprintf(ret_at, 256, "%s", path);
    for (;;) {
        for (int kind = PATH_READWRITE; kind <= PATH_PRIVATE; kind++)
            if (kind != PATH_PROTECTED && has_rule(layer, ret_at, (enum path_rule_kind)kind) &&
                (kind == PATH_DENIED || names(ret_at, path)))
                return true;
        if (strcmp(ret_at, "/") == 0)
            return false;
        slash = strrchr(ret_at, '/');
        slash[slash == ret_at] = '\0';
    }
}

/* What the rules at one place say: 'd'enied, 'r'ead, 'c'ache, 'w'rite, 'p'rivate, '-' nothing. */
static char rule_letter(const struct document *layer, const char *path, size_t *ret_length)
{
    char at[256];

    *ret_length = 0;
    if (!nearest_rule(layer, path, at))
        return '-';
    *ret_length = strlen(at);
    if (has_rule(layer, at, PATH_DENIED))
        return 'd';
    if (has_rule(layer, at, PATH_READONLY))
        return 'r';
    if (has_rule(layer, at, PATH_CACHE))
        return 'c';
    return has_rule(layer, at, PATH_READWRITE) ? 'w' : 'p';
}

static void through_view(const struct view *view, const char *path, char ret_object[256])
{
    const char *rest = strcmp(view->target, "/") == 0 ? path : path + strlen(view->target);
    const char *source = strcmp(view->source, "/") == 0 ? "" : view->source;

    if (strcmp(rest, "/") == 0)
        rest = "";
    snprintf(ret_object, 256, "host:%s%s", source, *source || *rest ? rest : "/");
}

static const struct view *nearest_view(const struct document *layer, const char *path,
                                       bool *ret_is_broken, bool *ret_is_writable)
{
    const struct view *nearest = NULL;

    *ret_is_broken = false;
    *ret_is_writable = true;
    for (size_t i = 0; i < layer->view_count; i++)
        if (names(layer->views[i].target, path) &&
            (!nearest || strlen(layer->views[i].target) > strlen(nearest->target)))
            nearest = &layer->views[i];
    for (size_t i = 0; nearest && i < layer->view_count; i++) {
        if (strcmp(layer->views[i].target, nearest->target) != 0)
            continue;
        if (strcmp(layer->views[i].source, nearest->source) != 0)
            *ret_is_broken = true;
        if (!layer->views[i].is_writable)
            *ret_is_writable = false;
    }
    return nearest;
}

/* What a request shows at `path`, before globs and protected names. */
static int request_shows(const struct document *layer, const char *path, char ret_object[256])
{
    size_t length;
    char letter = rule_letter(layer, path, &length), below;
    bool is_broken, is_writable;
    const struct view *view = nearest_view(layer, path, &is_broken, &is_writable);
    int access;

    snprintf(ret_object, 256, "host:%s", path);
    if (!view || length > strlen(view->target) ||
        (length == strlen(view->target) && letter == 'd')) {
        if (letter == 'c' || letter == 'p')
            snprintf(ret_object, 256, letter == 'c' ? "cache" : "private");
        return letter == '-' || letter == 'd' ? 0 : letter == 'r' ? 1 : 2;
    }
    through_view(view, path, ret_object);
    if (is_broken)
        return 0;
    access = is_writable ? 2 : 1;
    if (length == strlen(view->target) && letter == 'r')
        access = 1;
    below = rule_letter(layer, ret_object + 5, &length);
    if (length >= strlen(view->source) && below == 'd')
        return 0;
    if (length >= strlen(view->source) && below == 'r')
        access = 1;
    return access;
}

static int request_permits(const struct document *layer, const char *path, const char *object)
{
    char own[256], at[300];
    int access = request_shows(layer, path, own);
    bool is_broken, is_writable;
    size_t length;
    const struct view *view = nearest_view(layer, path, &is_broken, &is_writable);
    bool is_view =
        view && !(strlen(view->target) < (rule_letter(layer, path, &length), length) ||
                  (strlen(view->target) == length && rule_letter(layer, path, &length) == 'd'));

    snprintf(at, sizeof(at), "host:%s", path);
    if (strcmp(own, object) == 0 && strcmp(own, "private") != 0 && strcmp(own, "cache") != 0)
        return access;
    if (strcmp(object, "private") == 0)
        return is_view ? 0 : access;
    if (strcmp(object, "cache") == 0)
        return is_view || strcmp(own, "private") == 0 ? 0 : access;
    return 0;
}

static int ceiling_rules(const struct document *layer, const char *path, bool is_cache)
{
    size_t length;

    switch (rule_letter(layer, path, &length)) {
    case '-':
        return layer->has_grants ? 0 : 2;
    case 'r':
        return 1;
    case 'w':
        return 2;
    case 'c':
        return is_cache ? 2 : 0;
    default:
        return 0;
    }
}

static int ceiling_permits(const struct document *layer, const char *path, const char *object)
{
    bool is_broken, is_writable;
    const struct view *view = nearest_view(layer, path, &is_broken, &is_writable);
    char shown[256] = "", below;
    size_t length;
    int access, by_view = 0;

    if (rule_letter(layer, path, &length) == 'd')
        return 0;
    if (strcmp(object, "private") == 0)
        return 2;
    if (strcmp(object, "cache") == 0)
        return ceiling_rules(layer, path, true);
    access = ceiling_rules(layer, object + 5, false);
    if (strcmp(object + 5, path) == 0 || !view || is_broken)
        return access;
    through_view(view, path, shown);
    if (strcmp(shown, object) == 0)
        by_view = is_writable ? 2 : 1;
    below = rule_letter(layer, object + 5, &length);
    if (length >= strlen(view->source) && (below == 'd' || below == 'r') && by_view)
        by_view = below == 'd' ? 0 : 1;
    return by_view > access ? by_view : access;
}

static int limit(const struct document *layer, const char *path, int access)
{
    for (size_t i = 0; i < layer->path_count; i++) {
        const struct path_rule *rule = &layer->paths[i];
        bool covers =
            rule->is_glob ? reference_glob_covers(rule->path, path) : is_below(path, rule->path);

        if (covers && rule->is_glob && rule->kind == PATH_DENIED)
            return 0;
        if (covers && access == 2 &&
            (rule->kind == PATH_PROTECTED || (rule->is_glob && rule->kind == PATH_READONLY)))
            access = 1;
    }
    return access;
}

/* Below the root, or below its parent when the root is that parent's first half of the name. */
static bool is_name_at(const char *root, const char *name, const char *path)
{
    const char *last = strrchr(root, '/');
    char full[512];

    snprintf(full, sizeof(full), "%s/%s", strcmp(root, "/") == 0 ? "" : root, name);
    if (is_below(path, full))
        return true;
    snprintf(full, sizeof(full), "%.*s/%s", (int)(last - root), root, name);
    return strchr(name, '/') && is_below(full, root) && is_below(path, full);
}

static bool is_protected_at(const struct policy *policy, const char *root, const char *path)
{
    size_t count;
    const struct protected_name *table = protected_names(&count);

    for (size_t i = 0; i < count; i++) {
        bool is_named = is_name_at(root, table[i].name, path);

        for (size_t j = 0; is_named && j < policy->layer_count; j++) {
            const struct document *layer = policy->layers[j];
            bool is_given_up = !layer->protect_builtin.value;

            for (size_t k = 0; k < layer->unprotected.count; k++)
                is_given_up =
                    is_given_up || strcmp(layer->unprotected.items[k].text, table[i].name) == 0;
            if (!is_given_up)
                return true;
        }
    }
    return false;
}

static bool is_protected(const struct policy *policy, const char *path)
{
    for (size_t i = 0; i < policy->layer_count; i++) {
        const struct document *layer = policy->layers[i];

        for (size_t j = 0; j < layer->path_count; j++)
            if (!layer->paths[j].is_glob && layer->paths[j].kind == PATH_READWRITE &&
                is_protected_at(policy, layer->paths[j].path, path))
                return true;
        for (size_t j = 0; j < layer->view_count; j++)
            if (layer->views[j].is_writable &&
                is_protected_at(policy, layer->views[j].target, path))
                return true;
    }
    return false;
}

int reference_permits(const struct policy *policy, const char *path, const char *object)
{
    bool is_host = strncmp(object, "host:", 5) == 0;
    int least = policy->layer_count ? 2 : 0;

    for (size_t i = 0; i < policy->layer_count; i++) {
        const struct document *layer = policy->layers[i];
        int access = layer->kind == LAYER_CEILING ? ceiling_permits(layer, path, object)
                                                  : request_permits(layer, path, object);

        access = limit(layer, path, access);
        if (is_host)
            access = limit(layer, object + 5, access);
        if (access < least)
            least = access;
    }
    if (least == 2 && (is_protected(policy, path) || (is_host && is_protected(policy, object + 5))))
        least = 1;
    return least;
}

int reference_access(const struct policy *policy, const char *path, char ret_object[256])
{
    int best = 0;

    snprintf(ret_object, 256, "host:%s", path);
    for (size_t i = 0; i < policy->layer_count; i++) {
        char object[256];
        int access;

        if (policy->layers[i]->kind == LAYER_CEILING)
            continue;
        request_shows(policy->layers[i], path, object);
        access = reference_permits(policy, path, object);
        if (access > best) {
            best = access;
            snprintf(ret_object, 256, "%s", object);
        }
    }
    return best;
}

static bool each_path_below(const char *path, unsigned depth,
                            bool (*visit)(const char *path, void *data), void *data)
{
    static const char *const world[] = {"a", "b", "c", "ab", ".git", "hooks", "zz"};
    char child[256];

    if (!visit(*path ? path : "/", data))
        return false;
    for (size_t i = 0; depth && i < ARRAY_COUNT(world); i++) {
        snprintf(child, sizeof(child), "%s/%s", path, world[i]);
        if (!each_path_below(child, depth - 1, visit, data))
            return false;
    }
    return true;
}

bool reference_each_path(bool (*visit)(const char *path, void *data), void *data)
{
    static const char *const extra[] = {"/dev/null",
                                        "/proc/1",
                                        "/sys",
                                        "/.npmrc",
                                        "/a/.npmrc/x",
                                        "/a/b/c/.npmrc",
                                        "/a/b/a/b/a",
                                        "/b/a/b/a/b/a",
                                        "/a/b/c/.git/config",
                                        "/.git/config/a",
                                        "/a/b/c/.git/hooks/zz"};

    for (size_t i = 0; i < ARRAY_COUNT(extra); i++)
        if (!visit(extra[i], data))
            return false;
    return each_path_below("", 3, visit, data);
}
