/* SPDX-License-Identifier: Apache-2.0 */
/* What compiling the policy for this machine said, names that are not there, and limits that nobody sets. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "author/lint_look.h"

static int add_problems(struct look *look, const struct plan *plan)
{
    int r = 0;

    for (size_t i = 0; i < plan->problem_count && r == 0; i++) {
        const char *rest;
        const struct origin *origin = look_origin_of(look, plan->problems[i].error.text, &rest);

        if (!origin)
            return error_memory(look->err);
        r = look_say(look, LINT_NOT_ENFORCEABLE, origin->file ? origin : NULL, NULL, "%s", look_safe(look, rest));
    }
    return r;
}

static int add_losses(struct look *look, const struct plan *plan)
{
    int r = 0;

    for (size_t i = 0; i < plan->loss_count && r == 0; i++)
        r = look_say(look, LINT_NOT_ENFORCED, plan->losses[i].origin, NULL, "%s: %s", look_safe(look, plan->losses[i].name),
                     look_safe(look, plan->losses[i].text));
    return r;
}

/* What the documents' own look has found is not told again in the plan's words. */
static bool is_told(const struct look *look, const struct origin *origin, const char *text)
{
    for (size_t i = 0; i < look->lint->finding_count; i++) {
        const struct lint_finding *finding = &look->lint->findings[i];
        bool is_same_place = origin->line && finding->origin && finding->origin->line == origin->line &&
                             finding->origin->column == origin->column;

        if (strcmp(finding->reason, text) == 0 || (is_same_place && strcmp(finding->rule->id, "risk.passthrough") == 0))
            return true;
    }
    return false;
}

static int add_warnings(struct look *look, const struct plan *plan)
{
    int r = 0;

    for (size_t i = 0; i < plan->warnings.count && r == 0; i++) {
        const struct string_item *warning = &plan->warnings.items[i];
        const char *text = look_safe(look, warning->text);

        if (!is_told(look, &warning->origin, text))
            r = look_say(look, LINT_CHECK_WARNING, warning->origin.member ? &warning->origin : NULL, NULL, "%s", text);
    }
    return r;
}

/* Such a grant refuses the launch: compiling told it. */
static bool is_refused_when_missing(const struct path_rule *rule)
{
    return !rule->is_optional && (rule->kind == PATH_READWRITE || rule->kind == PATH_READONLY);
}

static int check_missing(struct look *look, const struct document *document)
{
    int r = 0;

    for (size_t i = 0; i < document->path_count && r == 0; i++) {
        const struct path_rule *rule = &document->paths[i];
        struct stat st;

        if (rule->is_glob || !look_is_own(&rule->origin) || rule->kind == PATH_CACHE || rule->kind == PATH_PRIVATE ||
            (look->input->plan && is_refused_when_missing(rule)) || (lstat(rule->path, &st) == 0 || (errno != ENOENT && errno != ENOTDIR)))
            continue;
        r = look_say(look, LINT_MISSING_PATH, &rule->origin, rule->is_optional ? NULL : "look at the spelling",
                     "there is no %s on this machine%s", look_spell(look, rule->path),
                     rule->kind == PATH_DENIED || rule->kind == PATH_PROTECTED ? "; nothing of that name can be made where it is writable"
                     : rule->is_optional                                       ? ", so the rule grants nothing"
                                                                               : "");
    }
    return r;
}

static int check_limits(struct look *look)
{
    static const struct {
        const char *name, *mend;
    } members[] = {{"memory", "4GiB"}, {"pids", "1024"}, {"wallTime", "2h"}};
    const struct policy *policy = look->input->policy;
    bool is_set[ARRAY_COUNT(members)] = {false};
    const char *missing = "", *mend = "";
    bool has_one = false;

    for (size_t i = 0; i < policy->layer_count; i++) {
        const struct document *layer = policy->layers[i];

        is_set[0] |= layer->resources.memory.is_set;
        is_set[1] |= layer->resources.pids.is_set;
        is_set[2] |= layer->resources.wall_time.is_set || layer->timeout.is_set;
    }
    for (size_t i = 0; i < ARRAY_COUNT(members) && missing && mend; i++)
        if (!is_set[i]) {
            missing = arena_printf(look->arena, "%s%sresources.%s", missing, has_one ? ", " : "", members[i].name);
            mend = arena_printf(look->arena, "%s%s%s: %s", mend, has_one ? ", " : "", members[i].name, members[i].mend);
            has_one = true;
        }
    if (!missing || !mend)
        return error_memory(look->err);
    if (!has_one)
        return 0;
    mend = arena_printf(look->arena, "resources: {%s}", mend);
    if (!mend)
        return error_memory(look->err);
    return look_say(look, LINT_NO_LIMIT, NULL, mend,
                    "no limit of %s: a program that goes wrong takes what the machine has", missing);
}

static int add_cut(struct look *look)
{
    if (!look->walk.is_cut)
        return 0;
    return look_say(look, LINT_NOT_SEARCHED, NULL, "grant what is needed, not what is around it",
                    "more is readable than can be looked through for keys and tokens in a moment: cordon reach looks longer");
}

int look_at_machine(struct look *look)
{
    const struct policy *policy = look->input->policy;
    const struct plan *plan = look->input->plan;
    int r = check_limits(look);

    if (r == 0)
        r = add_cut(look);
    if (plan && r == 0)
        r = add_problems(look, plan);
    if (plan && r == 0)
        r = add_losses(look, plan);
    if (plan && r == 0)
        r = add_warnings(look, plan);
    for (size_t i = 0; i < policy->layer_count && r == 0 && look->input->has_machine; i++)
        if (policy->layers[i]->kind == LAYER_REQUEST)
            r = check_missing(look, policy->layers[i]);
    return r;
}
