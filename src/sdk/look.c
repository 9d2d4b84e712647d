/* SPDX-License-Identifier: Apache-2.0 */
/* Looking before running: check and explain, and what the library says about itself. */
#include <errno.h>
#include <stdio.h>

#include "base/json.h"
#include "sdk/assemble.h"
#include "sdk/keeping.h"
#include "sdk/losses.h"

static const char *verdict_of(int kind)
{
    switch (kind) {
    case ERROR_NONE:
        return "enforceable";
    case ERROR_INVALID:
    case ERROR_SCHEMA:
        return "invalid";
    case ERROR_UNENFORCEABLE:
    case ERROR_FORBIDDEN:
        return "unenforceable";
    default:
        return "unknown";
    }
}

#define LOSSES_MAX 64

/* Where it stands first, as in a problem. */
static void add_warning(struct text *out, const struct string_item *warning)
{
    const struct origin *origin = &warning->origin;

    if (origin->file && origin->line && origin->member) {
        text_add_safe(out, origin->file);
        text_printf(out, ":%u:%u: ", origin->line, origin->column);
        text_add_safe(out, origin->member);
        text_add(out, ": ");
    }
    text_add_safe(out, warning->text);
}

static void report_text(struct text *out, const struct plan *plan, const struct error *first)
{
    struct loss_summary losses[LOSSES_MAX];
    size_t loss_count = 0;

    text_printf(out, "%s\n", verdict_of(first->kind));
    if (first->kind && !(plan && plan->problem_count))
        text_printf(out, "problem: %s\n", first->text);
    if (!plan)
        return;
    for (size_t i = 0; i < plan->problem_count; i++)
        text_printf(out, "problem: %s\n", plan->problems[i].error.text);
    if (losses_summarise(plan, losses, LOSSES_MAX, &loss_count, NULL) < 0)
        out->is_broken = true;
    for (size_t i = 0; i < loss_count && i < LOSSES_MAX; i++) {
        text_printf(out, "accepted loss: %s: ", losses[i].name);
        text_add_safe(out, losses[i].text);
        text_add(out, "\n");
    }
    for (size_t i = 0; i < plan->warnings.count; i++) {
        text_add(out, "warning: ");
        add_warning(out, &plan->warnings.items[i]);
        text_add(out, "\n");
    }
}

static void report_problem(struct json *json, const struct error *problem)
{
    json_begin_object(json, NULL);
    json_add_string(json, "kind", error_kind_name(problem->kind));
    json_add_string(json, "text", problem->text);
    json_end(json);
}

static void report_json(struct text *out, const struct plan *plan, const struct error *first)
{
    struct json json = JSON_INIT(out, 2);

    json_begin_object(&json, NULL);
    json_add_string(&json, "verdict", verdict_of(first->kind));
    json_begin_array(&json, "problems");
    if (first->kind && !(plan && plan->problem_count))
        report_problem(&json, first);
    for (size_t i = 0; plan && i < plan->problem_count; i++)
        report_problem(&json, &plan->problems[i].error);
    json_end(&json);
    json_begin_array(&json, "losses");
    for (size_t i = 0; plan && i < plan->loss_count; i++) {
        json_begin_object(&json, NULL);
        json_add_string(&json, "name", plan->losses[i].name);
        json_add_string(&json, "text", plan->losses[i].text);
        json_end(&json);
    }
    json_end(&json);
    json_begin_array(&json, "warnings");
    for (size_t i = 0; plan && i < plan->warnings.count; i++)
        json_add_string(&json, NULL, plan->warnings.items[i].text);
    json_end(&json);
    json_end(&json);
    text_add(out, "\n");
}

static int check_format(enum cordon_format format, struct error *err)
{
    if (format != CORDON_TEXT && format != CORDON_JSON)
        return error_set(err, ERROR_INVALID, EINVAL, "unknown format %d", (int)format);
    return 0;
}

static int compile(struct assembly *assembly, const struct cordon_request *request, struct error *err)
{
    int status = assembly_begin(assembly, request, err);

    if (status == 0)
        status = assembly_find(assembly, err);
    if (status == 0)
        status = assembly_load(assembly, request, err);
    return status == 0 ? assembly_compile(assembly, request, true, err) : status;
}

/* `ret_first`: what speaks against it, as an error of that kind; ERROR_NONE = nothing does. */
static void judge(struct assembly *assembly, const struct cordon_request *request, struct error *ret_first)
{
    int status = compile(assembly, request, ret_first);

    if (status == 0 && assembly->plan->problem_count)
        *ret_first = assembly->plan->problems[0].error;
    if (status < 0 && !ret_first->kind)
        error_set(ret_first, ERROR_INTERNAL, -status, "a failure without a word");
}

int request_judge(const struct cordon_request *request, char ret_digest[POLICY_DIGEST_SIZE], struct error *err)
{
    auto_assembly struct assembly assembly = {0};
    struct error first = ERROR_INIT;

    judge(&assembly, request, &first);
    if (first.kind) {
        *err = first;
        return first.errnum ? -first.errnum : -EINVAL;
    }
    snprintf(ret_digest, POLICY_DIGEST_SIZE, "%s", assembly.plan->policy_digest);
    return 0;
}

int cordon_check(const struct cordon_request *request, enum cordon_format format, char **ret_report,
                 struct cordon_error *err)
{
    auto_assembly struct assembly assembly = {0};
    auto_text struct text out = {0};
    struct error first = ERROR_INIT;

    if (check_format(format, &first) == 0)
        judge(&assembly, request, &first);
    if (ret_report) {
        *ret_report = NULL;
        if (format == CORDON_JSON)
            report_json(&out, assembly.plan, &first);
        else
            report_text(&out, assembly.plan, &first);
        if (text_take(&out, ret_report, &first) < 0)
            *ret_report = NULL;
    }
    if (first.kind && err)
        *public_error(err) = first;
    return first.kind;
}

int cordon_explain(const struct cordon_request *request, enum cordon_format format, char **ret_text,
                   struct cordon_error *err)
{
    auto_assembly struct assembly assembly = {0};
    int status = check_format(format, public_error(err));

    if (status == 0)
        status = compile(&assembly, request, public_error(err));
    if (status < 0)
        return status;
    if (format == CORDON_JSON)
        return plan_explain_json(assembly.plan, ret_text, public_error(err));
    return plan_explain_text(assembly.plan, ret_text, public_error(err));
}

int cordon_schema(char **ret_json, struct cordon_error *err)
{
    return policy_schema(ret_json, public_error(err));
}

const char *const *cordon_profiles(void)
{
    return profile_names();
}

const char *cordon_profile_text(const char *name)
{
    return profile_text(name);
}

const char *cordon_version(void)
{
    return CORDON_VERSION_TEXT;
}

const char *cordon_error_kind_name(int32_t kind)
{
    return error_kind_name(kind);
}

int cordon_error_format(const struct cordon_error *error, enum cordon_format format,
                        char **ret_text)
{
    auto_text struct text out = {0};

    if (format == CORDON_JSON) {
        struct json json = JSON_INIT(&out, 0);

        json_begin_object(&json, NULL);
        json_begin_object(&json, "error");
        json_add_string(&json, "kind", error_kind_name(error->kind));
        json_add_int(&json, "errno", error->errnum);
        json_add_string(&json, "text", error->text);
        json_end(&json);
        json_end(&json);
    } else if (format == CORDON_TEXT) {
        text_add(&out, "cordon: ");
        text_add_safe(&out, error->text);
    } else {
        return -EINVAL;
    }
    return text_take(&out, ret_text, NULL);
}

void cordon_string_free(char *string)
{
    mem_free(string);
}
