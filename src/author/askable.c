/* SPDX-License-Identifier: Apache-2.0 */
#include "author/askable.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "author/learn_parts.h"
#include "author/sensitive.h"
#include "base/glob.h"
#include "base/path.h"

#define READ_LIST  "filesystem.readonlyPaths"
#define WRITE_LIST "filesystem.readwritePaths"

/* By the name that the rule has, and by where that leads today. */
static bool covers(const struct path_rule *rule, const char *path)
{
    char real[PATH_MAX];

    return path_is_within(path, rule->path) || (realpath(rule->path, real) && path_is_within(path, real));
}

/* A pattern takes away whatever is granted beside it. Without memory it does. */
static bool pattern_covers(struct arena *arena, const char *pattern, const char *path)
{
    const char *rest = pattern, *start, *end = pattern, *root, *literal;
    char real[PATH_MAX];
    size_t length;

    if (glob_covers(pattern, path))
        return true;
    while (glob_next_component(&rest, &start, &length) && !glob_is_wild(start, length))
        end = start + length;
    root = arena_string_n(arena, pattern, (size_t)(end - pattern));
    if (!root)
        return true;
    if (!realpath(root, real) || strcmp(real, root) == 0)
        return false;
    literal = glob_literal(arena, real);
    literal = literal ? arena_printf(arena, "%s%s", literal, end) : NULL;
    return !literal || glob_covers(literal, path);
}

/* Does the same document give more around this rule than the rule itself? Then somebody meant to keep something there. */
static bool narrows(struct arena *arena, const struct document *document, const struct path_rule *rule)
{
    const char *parent = path_parent(arena, rule->path);

    return !parent || document_access(document, parent, NULL) > ACCESS_READ;
}

/* What decides is not asked about here: a wider denial may hold something that a narrower grant gives, and both are respected. */
static const struct path_rule *find_refusal(struct arena *arena, const struct policy *policy, const char *path, bool is_write)
{
    for (size_t i = 0; i < policy->layer_count; i++)
        for (size_t j = 0; j < policy->layers[i]->path_count; j++) {
            const struct path_rule *rule = &policy->layers[i]->paths[j];

            if (!is_write && rule->kind != PATH_DENIED)
                continue;
            if (rule->is_glob ? !pattern_covers(arena, rule->path, path) : !covers(rule, path))
                continue;
            if (rule->kind == PATH_DENIED || rule->kind == PATH_PROTECTED)
                return rule;
            if (rule->kind == PATH_READONLY && (rule->is_glob || narrows(arena, policy->layers[i], rule)))
                return rule;
        }
    return NULL;
}

/* One file, by a rule that is added. */
static bool is_exact(const struct suggestion *suggestion, const char *outside, bool is_write)
{
    const char *list = is_write ? WRITE_LIST : READ_LIST;

    if (suggestion->is_wider || !suggestion->grant || strcmp(suggestion->grant, outside) != 0 || suggestion->is_write != is_write)
        return false;
    for (size_t i = 0; i < suggestion->edit_count; i++)
        if (suggestion->edits[i].removed || strcmp(suggestion->edits[i].member, list) != 0)
            return false;
    return suggestion->edit_count > 0;
}

static const char *find_reason(struct arena *arena, const struct suggest_input *input, const char *outside, bool is_write)
{
    const struct sensitive_places places = {.home = input->variables->home, .workspace = input->variables->workspace};

    if (sensitive_find(&places, outside))
        return "it is sensitive";
    if (is_write && policy_protected_name(outside))
        return "a protected name";
    return find_refusal(arena, input->policy, outside, is_write) ? "a rule refuses it by name" : NULL;
}

int askable_judge(struct arena *arena, const struct suggest_input *input, const struct question *question, const char *outside,
                  struct askable *ret_askable, struct error *err)
{
    bool is_write = !operation_only_reads(question->operation);
    struct suggestion suggestion = {0};
    struct askable askable = {.none = find_reason(arena, input, outside, is_write)};
    struct judged judged;
    int status = 0;

    plan_judge(input->index, question, &judged);
    if (!askable.none && judged.judgement != JUDGED_REFUSED && judged.judgement != JUDGED_HIDDEN)
        askable.none = "no rule is in the way";
    if (!askable.none)
        status = suggest(arena, input, question, &judged, &suggestion, err);
    if (status < 0)
        return status;
    if (!askable.none && (suggestion.none || !is_exact(&suggestion, outside, is_write)))
        askable.none = "no rule about this one file would allow it";
    if (!askable.none) {
        askable.member = suggestion.edits[0].member;
        askable.value = suggestion.edits[0].value;
        askable.file = suggestion.edit_count == 1 ? suggestion.edits[0].file : NULL;
    }
    *ret_askable = askable;
    return 0;
}

/* ---- the rule, written ---- */

int askable_load(const struct rule_place *place, struct policy *policy, const char *text, size_t size, struct document **ret_document,
                 struct error *err)
{
    const struct load_options options = {.kind = LAYER_REQUEST, .variables = place->variables, .layer_name = "document"};
    int r = document_load_text(policy->arena, place->name, text, size, &options, ret_document, err);

    return r < 0 ? r : policy_add_layer(policy, *ret_document, err);
}

static int check(const struct rule_place *place, const char *after, const char *path, bool is_write, struct error *err)
{
    struct policy *old auto_policy = NULL, *new auto_policy = NULL;
    struct document *before, *now;
    const char *witness = NULL;
    int r = policy_new(&old, err);

    if (r == 0)
        r = policy_new(&new, err);
    if (r == 0)
        r = askable_load(place, old, place->text, place->size, &before, err);
    if (r == 0)
        r = askable_load(place, new, after, strlen(after), &now, err);
    if (r < 0)
        return r;
    if (!policy_is_subset(old, new, &witness))
        return error_set(err, ERROR_INVALID, EINVAL, "%s: the rule found no place in it: %s", place->name, witness ? witness : "something else would change");
    if (document_access(now, path, NULL) < (is_write ? ACCESS_WRITE : ACCESS_READ))
        return error_set(err, ERROR_INVALID, EINVAL, "%s: the rule found no place in it", place->name);
    return 0;
}

int askable_insert(const struct rule_place *place, const char *const *members, const struct askable *rule, char **ret_after, struct error *err)
{
    struct text line auto_text = {0};

    text_printf(&line, "- %s", rule->value);
    return line.is_broken ? error_memory(err) : learn_edit_insert(place->text, members, line.data, ret_after, err);
}

int askable_write(const struct rule_place *place, const struct askable *rule, const char *path, char **ret_text, struct error *err)
{
    bool is_write = strcmp(rule->member, WRITE_LIST) == 0;
    const char *const members[] = {"filesystem", is_write ? "readwritePaths" : "readonlyPaths", NULL};
    char *after auto_free = NULL;
    int r = askable_insert(place, members, rule, &after, err);

    if (r == 0)
        r = check(place, after, path, is_write, err);
    if (r == 0)
        *ret_text = take_ptr(after);
    return r;
}
