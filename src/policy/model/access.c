/* SPDX-License-Identifier: Apache-2.0 */
/* Access by path: one layer's answer, and the least of all layers. Nothing here allocates. */
#include "policy/model/access.h"

#include <stdio.h>
#include <string.h>

#include "base/glob.h"
#include "policy/model/protected.h"

/* What a layer shows at a path before globs and protected names take away. */
struct choice {
    enum access access;
    enum object_kind kind;
    const struct view *view;
    const struct origin *why;
};

/* /proc, /dev and /sys are never a part of what "/" says. */
static bool is_beside_root(const char *path)
{
    return path_is_within(path, "/proc") || path_is_within(path, "/dev") || path_is_within(path, "/sys");
}

bool access_rule_covers(const char *rule_path, const char *path)
{
    if (strcmp(rule_path, "/") == 0)
        return !is_beside_root(path);
    return path_is_within(path, rule_path);
}

/* At the same path the narrowest kind decides. */
static int rule_rank(enum path_rule_kind kind)
{
    switch (kind) {
    case PATH_DENIED:
        return 5;
    case PATH_READONLY:
        return 4;
    case PATH_CACHE:
        return 3;
    case PATH_READWRITE:
        return 2;
    case PATH_PRIVATE:
        return 1;
    case PATH_PROTECTED:
        break;
    }
    return 0;
}

static size_t length_of(const struct path_rule *rule)
{
    return rule->length ? rule->length : strlen(rule->path);
}

/* Does a rule of `length` bytes cover `path`? */
static bool literal_covers(const struct path_rule *rule, size_t length, const char *path, size_t path_length)
{
    return path_of_length_is_within(path, path_length, rule->path, length) &&
           (length > 1 || rule->kind == PATH_DENIED || !is_beside_root(path));
}

void document_count_paths(struct document *document)
{
    for (size_t i = 0; i < document->path_count; i++)
        document->paths[i].length = (uint32_t)strlen(document->paths[i].path);
}

static const struct path_rule *literal_rule(const struct document *layer, const char *path)
{
    const struct path_rule *best = NULL;
    size_t best_length = 0, path_length = strlen(path);

    for (size_t i = 0; i < layer->path_count; i++) {
        const struct path_rule *rule = &layer->paths[i];
        size_t length = length_of(rule);

        if (length < best_length || rule->is_glob || rule->kind == PATH_PROTECTED ||
            !literal_covers(rule, length, path, path_length))
            continue;
        if (!best || length > best_length || rule_rank(rule->kind) > rule_rank(best->kind)) {
            best = rule;
            best_length = length;
        }
    }
    return best;
}

/* The deepest view that covers `path`; two that show different objects there contradict. */
static const struct view *deepest_view(const struct document *layer, const char *path,
                                       bool *ret_contradict)
{
    const struct view *best = NULL;

    *ret_contradict = false;
    for (size_t i = 0; i < layer->view_count; i++) {
        const struct view *view = &layer->views[i];

        if (!access_rule_covers(view->target, path))
            continue;
        if (!best || strlen(view->target) > strlen(best->target)) {
            best = view;
            *ret_contradict = false;
        } else if (strcmp(view->target, best->target) == 0) {
            *ret_contradict = *ret_contradict || strcmp(view->source, best->source) != 0;
            if (!view->is_writable)
                best = view;
        }
    }
    return best;
}

static struct choice choice_of_rule(const struct path_rule *rule)
{
    struct choice choice = {.access = ACCESS_WRITE, .kind = OBJECT_HOST, .why = &rule->origin};

    switch (rule->kind) {
    case PATH_DENIED:
    case PATH_PROTECTED:
        choice.access = ACCESS_DENIED;
        break;
    case PATH_READONLY:
        choice.access = ACCESS_READ;
        break;
    case PATH_READWRITE:
        break;
    case PATH_CACHE:
        choice.kind = OBJECT_CACHE;
        break;
    case PATH_PRIVATE:
        choice.kind = OBJECT_PRIVATE;
        break;
    }
    return choice;
}

static struct choice layer_choice(const struct document *layer, const char *path)
{
    bool contradict;
    const struct path_rule *rule = literal_rule(layer, path);
    const struct view *view = deepest_view(layer, path, &contradict);
    size_t rule_length = rule ? strlen(rule->path) : 0;
    size_t view_length = view ? strlen(view->target) : 0;
    struct choice choice = {.access = ACCESS_DENIED, .kind = OBJECT_HOST};

    if (rule && (rule_length > view_length || rule->kind == PATH_DENIED))
        if (rule_length >= view_length)
            return choice_of_rule(rule);
    if (!view)
        return choice;
    choice.view = view;
    choice.why = &view->origin;
    if (contradict)
        return choice;
    choice.access = view->is_writable ? ACCESS_WRITE : ACCESS_READ;
    if (rule && rule_length == view_length && rule->kind == PATH_READONLY) {
        choice.access = ACCESS_READ;
        choice.why = &rule->origin;
    }
    return choice;
}

bool access_view_path(const struct view *view, const char *path, char *ret_path, size_t size)
{
    const char *rest = path + (strcmp(view->target, "/") == 0 ? 0 : strlen(view->target));
    const char *source = strcmp(view->source, "/") == 0 ? "" : view->source;
    int length;

    if (strcmp(rest, "/") == 0)
        rest = "";
    length = snprintf(ret_path, size, "%s%s", source, rest);
    if (length == 0)
        length = snprintf(ret_path, size, "/");
    return length > 0 && (size_t)length < size;
}

static void lower(enum access *access, enum access to, const struct origin **why,
                  const struct origin *origin)
{
    if (to < *access) {
        *access = to;
        *why = origin;
    }
}

/* What globs and protected names of one layer take away from `path`. */
static void take_away(const struct document *layer, const char *path, enum access *access,
                      const struct origin **why)
{
    for (size_t i = 0; i < layer->path_count && *access; i++) {
        const struct path_rule *rule = &layer->paths[i];
        enum access most = rule->kind == PATH_DENIED ? ACCESS_DENIED : ACCESS_READ;

        if (!rule->is_glob && rule->kind != PATH_PROTECTED)
            continue;
        if (most >= *access || (rule->kind != PATH_PROTECTED && rule->kind != PATH_DENIED && rule->kind != PATH_READONLY))
            continue;
        if (rule->is_glob ? glob_covers(rule->path, path) : path_is_within(path, rule->path))
            lower(access, most, why, &rule->origin);
    }
}

/* A view's object is also limited by the rules that name it at or below the view's source. */
static void limit_by_source(const struct document *layer, const struct view *view,
                            const char *object_path, enum access *access, const struct origin **why)
{
    const struct path_rule *rule = literal_rule(layer, object_path);

    if (!rule || strlen(rule->path) < strlen(view->source))
        return;
    if (rule->kind == PATH_DENIED)
        lower(access, ACCESS_DENIED, why, &rule->origin);
    else if (rule->kind == PATH_READONLY)
        lower(access, ACCESS_READ, why, &rule->origin);
}

static enum access request_permits(const struct document *layer, struct choice choice, const char *path,
                                   const struct object *object, const struct origin **why)
{
    char own_path[sizeof(object->path)] not_initialised;
    bool is_same = false;

    *why = choice.why;
    if (choice.access == ACCESS_DENIED)
        return ACCESS_DENIED;
    switch (object->kind) {
    case OBJECT_PRIVATE:
        is_same = !choice.view;
        break;
    case OBJECT_CACHE:
        is_same = !choice.view && choice.kind != OBJECT_PRIVATE;
        break;
    case OBJECT_HOST:
        if (choice.kind == OBJECT_HOST && !choice.view)
            is_same = strcmp(object->path, path) == 0;
        else if (choice.view && access_view_path(choice.view, path, own_path, sizeof(own_path)))
            is_same = strcmp(object->path, own_path) == 0;
        break;
    }
    if (!is_same) {
        *why = NULL;
        return ACCESS_DENIED;
    }
    if (choice.view)
        limit_by_source(layer, choice.view, object->path, &choice.access, why);
    return choice.access;
}

/* What a ceiling's path rules say about a host object or, with is_cache, a cache at `path`. */
static enum access ceiling_literal(const struct document *layer, const char *path, bool is_cache,
                                   const struct origin **why)
{
    const struct path_rule *rule = literal_rule(layer, path);
    struct choice choice;

    *why = NULL;
    if (!rule)
        return layer->has_grants ? ACCESS_DENIED : ACCESS_WRITE;
    choice = choice_of_rule(rule);
    if (choice.access == ACCESS_DENIED || choice.kind == OBJECT_HOST ||
        (is_cache && choice.kind == OBJECT_CACHE)) {
        *why = choice.why;
        return choice.access;
    }
    return ACCESS_DENIED;
}

/* A ceiling limits the object that a view of another layer shows, wherever it is shown. */
static enum access ceiling_permits_view(const struct document *layer, const char *path,
                                        const struct object *object, const struct origin **why)
{
    const struct path_rule *at_name = literal_rule(layer, path);
    char own_path[sizeof(object->path)];
    enum access access;
    bool contradict;
    const struct view *view = deepest_view(layer, path, &contradict);

    if (at_name && at_name->kind == PATH_DENIED) {
        *why = &at_name->origin;
        return ACCESS_DENIED;
    }
    access = ceiling_literal(layer, object->path, false, why);
    if (view && !contradict && access_view_path(view, path, own_path, sizeof(own_path)) &&
        strcmp(own_path, object->path) == 0) {
        const struct origin *view_why = &view->origin;
        enum access by_view = view->is_writable ? ACCESS_WRITE : ACCESS_READ;

        limit_by_source(layer, view, object->path, &by_view, &view_why);
        if (by_view > access) {
            access = by_view;
            *why = view_why;
        }
    }
    return access;
}

static enum access ceiling_permits(const struct document *layer, const char *path,
                                   const struct object *object, const struct origin **why)
{
    const struct path_rule *rule = literal_rule(layer, path);

    switch (object->kind) {
    case OBJECT_PRIVATE: /* nothing of the host: only a denial of the name itself limits it */
        *why = rule && rule->kind == PATH_DENIED ? &rule->origin : NULL;
        return *why ? ACCESS_DENIED : ACCESS_WRITE;
    case OBJECT_CACHE:
        return ceiling_literal(layer, path, true, why);
    case OBJECT_HOST:
        break;
    }
    if (strcmp(object->path, path) == 0)
        return ceiling_literal(layer, path, false, why);
    return ceiling_permits_view(layer, path, object, why);
}

/* What was found out already about one of the layers. */
struct known {
    const struct document *layer;
    struct choice choice;
};

static enum access layer_permits(const struct document *layer, const struct known *known, const char *path,
                                 const struct object *object, const struct origin **why)
{
    enum access access;

    if (layer->kind == LAYER_CEILING)
        access = ceiling_permits(layer, path, object, why);
    else
        access = request_permits(layer, known && known->layer == layer ? known->choice : layer_choice(layer, path), path, object, why);

    take_away(layer, path, &access, why);
    if (object->kind == OBJECT_HOST && strcmp(object->path, path) != 0)
        take_away(layer, object->path, &access, why);
    return access;
}

/*
 * The least of all layers. Its reason: among denials one for want of a grant before one by rule
 * (the object is absent then), else the layer that asks before the ceiling that agrees.
 */
static enum access layers_least(struct document *const *layers, size_t count, const struct known *known, const char *path,
                                const struct object *object, const struct origin **why)
{
    enum access least = ACCESS_WRITE;
    bool is_from_request = false;

    *why = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct origin *layer_why;
        enum access access = layer_permits(layers[i], known, path, object, &layer_why);
        bool is_request = layers[i]->kind != LAYER_CEILING;
        bool decides = access == ACCESS_DENIED ? !layer_why : is_request && !is_from_request;

        if (i == 0 || access < least || (access == least && decides)) {
            least = access;
            *why = layer_why;
            is_from_request = is_request;
        }
    }
    return least;
}

static enum access layers_permit(struct document *const *layers, size_t count, const struct known *known, const char *path,
                                 const struct object *object, const struct origin **ret_why)
{
    const struct origin *why;
    enum access access = layers_least(layers, count, known, path, object, &why);
    bool has_other_name = object->kind == OBJECT_HOST && strcmp(object->path, path) != 0;

    if (access == ACCESS_WRITE &&
        (protected_covers(layers, count, path, &why) ||
         (has_other_name && protected_covers(layers, count, object->path, &why))))
        access = ACCESS_READ;
    if (ret_why)
        *ret_why = why;
    return access;
}

static bool choice_object(const struct choice *choice, const char *path, struct object *ret_object)
{
    size_t length = strlen(path);

    ret_object->kind = choice->kind;
    ret_object->view = choice->view;
    ret_object->path[0] = '\0';
    if (choice->kind != OBJECT_HOST)
        return true;
    if (choice->view)
        return access_view_path(choice->view, path, ret_object->path, sizeof(ret_object->path));
    if (length >= sizeof(ret_object->path))
        return false;
    memcpy(ret_object->path, path, length + 1);
    return true;
}

/* An object is mostly room for a long name: copy what is used. */
static void copy_object(struct object *to, const struct object *from)
{
    to->kind = from->kind;
    to->view = from->view;
    memcpy(to->path, from->path, strlen(from->path) + 1);
}

/*
 * Each layer that asks for something proposes the object that it shows; the proposal that all
 * layers permit most of is what is there. Ceilings only propose where nobody else is.
 */
static enum access layers_object(struct document *const *layers, size_t count, const char *path,
                                 struct object *ret_object, const struct origin **ret_why)
{
    struct object object not_initialised;
    enum access best = ACCESS_DENIED;
    bool has_request = false, is_first = true;

    for (size_t i = 0; i < count; i++)
        has_request = has_request || layers[i]->kind != LAYER_CEILING;
    ret_object->kind = OBJECT_HOST;
    ret_object->view = NULL;
    ret_object->path[0] = '\0';
    *ret_why = NULL;
    for (size_t i = 0; i < count; i++) {
        struct known known = {.layer = layers[i]};
        const struct origin *why;
        enum access access;

        if (has_request && layers[i]->kind == LAYER_CEILING)
            continue;
        known.choice = layer_choice(layers[i], path);
        if (!choice_object(&known.choice, path, &object))
            continue;
        access = layers_permit(layers, count, &known, path, &object, &why);
        if (is_first || access > best) {
            best = access;
            copy_object(ret_object, &object);
            *ret_why = why;
        }
        is_first = false;
    }
    return best;
}

enum access policy_object(const struct policy *policy, const char *path, struct object *ret_object,
                          const struct origin **ret_why)
{
    const struct origin *why;
    enum access access = layers_object(policy->layers, policy->layer_count, path, ret_object, &why);

    if (ret_why)
        *ret_why = why;
    return access;
}

enum access policy_permits(const struct policy *policy, const char *path,
                           const struct object *object, const struct origin **ret_why)
{
    if (!policy->layer_count) {
        if (ret_why)
            *ret_why = NULL;
        return ACCESS_DENIED;
    }
    return layers_permit(policy->layers, policy->layer_count, NULL, path, object, ret_why);
}

enum access policy_access(const struct policy *policy, const char *path,
                          const struct origin **ret_why)
{
    struct object object not_initialised;

    return policy_object(policy, path, &object, ret_why);
}

enum access document_access(const struct document *document, const char *path,
                            const struct origin **ret_why)
{
    struct document *layer = (struct document *)(uintptr_t)document; /* only read */
    struct policy policy = {.layers = &layer, .layer_count = 1};

    return policy_access(&policy, path, ret_why);
}
