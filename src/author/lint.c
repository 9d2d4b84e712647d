/* SPDX-License-Identifier: Apache-2.0 */
/* Lint, from the first look to the order in which findings are told. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "author/lint_look.h"
#include "base/path.h"
#include "base/text.h"

int look_add(struct look *look, enum lint_id id, const struct origin *origin, const char *reason, const char *mend)
{
    struct lint *lint = look->lint;
    struct lint_finding *finding;
    size_t count;

    if (!reason || look->is_broken)
        return error_memory(look->err);
    if (!look->found[id])
        look->first[id] = origin;
    look->found[id] = true;
    if (origin && origin->is_profile)
        return 0;
    finding = arena_append(look->arena, lint->findings, lint->finding_count);
    if (!finding)
        return error_memory(look->err);
    *finding = (struct lint_finding){.rule = &lint_rules(&count)[id], .origin = origin, .reason = reason, .mend = mend};
    lint->counts[finding->rule->severity]++;
    return 0;
}

int look_say(struct look *look, enum lint_id id, const struct origin *origin, const char *mend, const char *format, ...)
{
    char text[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return look_add(look, id, origin, arena_string(look->arena, text), mend);
}

bool look_is_own(const struct origin *origin)
{
    return !origin->is_profile && origin->member;
}

/* What could not be made is an empty text, and the next finding fails. */
static const char *made(struct look *look, const char *text)
{
    look->is_broken = look->is_broken || !text;
    return text ? text : "";
}

const char *look_safe(struct look *look, const char *text)
{
    auto_text struct text out = {0};

    text_add_safe(&out, text);
    return made(look, out.is_broken ? NULL : arena_string(look->arena, out.data ? out.data : ""));
}

const char *look_place(struct look *look, const struct origin *origin)
{
    const char *name = origin->file ? path_base(origin->file) : origin->layer;

    if (!origin->member)
        return name ? look_safe(look, name) : "the document";
    if (!origin->line || origin->is_profile)
        return look_safe(look, made(look, arena_printf(look->arena, "%s (%s)", name ? name : "built-in", origin->member)));
    return look_safe(look, made(look, arena_printf(look->arena, "%s:%u (%s)", name, origin->line, origin->member)));
}

/* `path` with what stands for its beginning: "${home}/x" */
static const char *spell(struct look *look, const char *path, const char *value, const char *name)
{
    return made(look, arena_printf(look->arena, "${%s}%s", name, path + strlen(value)));
}

const char *look_spell(struct look *look, const char *path)
{
    const struct variables *variables = look->input->variables;
    const char *workspace = variables ? variables->workspace : NULL, *home = variables ? variables->home : NULL;
    const char *safe = look_safe(look, path);

    if (workspace && strcmp(workspace, "/") != 0 && path_is_within(safe, workspace))
        return spell(look, safe, workspace, "workspace");
    if (home && strcmp(home, "/") != 0 && path_is_within(safe, home))
        return spell(look, safe, home, "home");
    return safe;
}

bool look_has_way_out(const struct look *look)
{
    const struct policy *policy = look->input->policy;
    bool has_way_out = false;

    if (look->input->plan)
        return look->input->plan->network == PLAN_NET_HOST || look->input->plan->network == PLAN_NET_GATEWAY;
    for (size_t i = 0; i < policy->layer_count; i++) {
        const struct network *network = &policy->layers[i]->network;

        if (policy->layers[i]->kind != LAYER_REQUEST)
            continue;
        if (!network->allow_count && !network->egress_default.value && !network->outward.count && !network->proxy)
            return false;
        has_way_out = true;
    }
    return has_way_out;
}

static int compare_text(const char *a, const char *b)
{
    if (!a || !b)
        return (a == NULL) - (b == NULL); /* what has no place comes last */
    return strcmp(a, b);
}

static int compare_findings(const void *first, const void *second)
{
    static const struct origin nowhere = {0};
    const struct lint_finding *a = first, *b = second;
    const struct origin *x = a->origin ? a->origin : &nowhere, *y = b->origin ? b->origin : &nowhere;
    int order = compare_text(x->file, y->file);

    if (order == 0 && x->line != y->line)
        order = x->line < y->line ? -1 : 1;
    if (order == 0 && x->column != y->column)
        order = x->column < y->column ? -1 : 1;
    if (order == 0 && a->rule->severity != b->rule->severity)
        order = a->rule->severity > b->rule->severity ? -1 : 1;
    if (order == 0)
        order = strcmp(a->rule->id, b->rule->id);
    return order ? order : strcmp(a->reason, b->reason);
}

/* The document that an error's text begins with. */
static const char *document_of(const struct look *look, const char *text)
{
    const struct policy *policy = look->input->policy;
    const char *document = look->input->document;

    if (document && strncmp(text, document, strlen(document)) == 0 && text[strlen(document)] == ':')
        return document;
    for (size_t i = 0; policy && i < policy->layer_count; i++) {
        const char *file = policy->layers[i]->file;

        if (file && strncmp(text, file, strlen(file)) == 0 && text[strlen(file)] == ':')
            return file;
    }
    return NULL;
}

/* Names of members, with numbers in brackets: "network.egress.allow[0].to" */
static size_t member_length(const char *text)
{
    size_t length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_$.[]");

    return length && text[length] == ':' && text[length + 1] == ' ' ? length : 0;
}

const struct origin *look_origin_of(struct look *look, const char *text, const char **ret_rest)
{
    const char *document = document_of(look, text);
    struct origin *origin = arena_alloc(look->arena, sizeof(*origin));
    size_t member;
    int taken = 0;

    if (!origin)
        return NULL;
    *ret_rest = text;
    if (!document)
        return origin;
    *origin = (struct origin){.file = document, .layer = "document"};
    text += strlen(document);
    if (sscanf(text, ":%u:%u:%n", &origin->line, &origin->column, &taken) < 2 || !taken) {
        origin->line = origin->column = 0;
        taken = 1;
    }
    text += taken;
    text += strspn(text, " ");
    member = member_length(text);
    if (member) {
        origin->member = arena_string_n(look->arena, text, member);
        if (!origin->member)
            return NULL;
        text += member + 2;
    }
    *ret_rest = text;
    return origin;
}

static int add_failure(struct look *look)
{
    const struct error *failure = look->input->failure;
    bool is_invalid = failure->kind == ERROR_INVALID || failure->kind == ERROR_SCHEMA || failure->kind == ERROR_LIMIT;
    const char *rest;
    const struct origin *origin = look_origin_of(look, failure->text, &rest);

    if (!origin)
        return error_memory(look->err);
    return look_say(look, is_invalid ? LINT_DOCUMENT_INVALID : LINT_NOT_ENFORCEABLE, origin->file ? origin : NULL, NULL, "%s", rest);
}

static int look_at_documents(struct look *look)
{
    static int (*const looks[])(struct look *look, const struct document *document) = {
        look_at_paths, look_at_patterns, look_at_dangers, look_at_network, look_at_settings,
    };
    const struct policy *policy = look->input->policy;
    int r = 0;

    for (size_t i = 0; i < policy->layer_count && r == 0; i++)
        for (size_t j = 0; j < ARRAY_COUNT(looks) && r == 0 && policy->layers[i]->kind == LAYER_REQUEST; j++)
            r = looks[j](look, policy->layers[i]);
    return r;
}

static int look_at_everything(struct look *look)
{
    int r = look_at_documents(look);

    if (r == 0)
        r = look_at_machine(look);
    if (r == 0)
        r = look_at_uses(look);
    return r < 0 ? r : look_at_exposure(look);
}

int lint_look(struct arena *arena, const struct lint_input *input, struct lint *ret_lint, struct error *err)
{
    struct lint lint = {0};
    auto_plan_index struct plan_index *index = NULL;
    struct look look = {.arena = arena, .input = input, .lint = &lint, .err = err};
    int r = 0;

    if (input->plan && !input->plan->problem_count)
        r = plan_index_new(input->plan, &index, err);
    look.index = index;
    if (r == 0 && input->failure)
        r = add_failure(&look);
    if (r == 0 && input->policy)
        r = look_at_everything(&look);
    if (r < 0)
        return r;
    lint.document = input->document;
    for (size_t i = 0; input->policy && i < input->policy->layer_count && !lint.document; i++)
        if (input->policy->layers[i]->kind == LAYER_REQUEST)
            lint.document = input->policy->layers[i]->file;
    if (lint.finding_count)
        qsort(lint.findings, lint.finding_count, sizeof(*lint.findings), compare_findings);
    *ret_lint = lint;
    return 0;
}
