/* SPDX-License-Identifier: Apache-2.0 */
/* Lint of a request's documents, and of the plan that they come to here. */
#include <errno.h>
#include <string.h>

#include "author/lint.h"
#include "sdk/assemble.h"
#include "sdk/uses.h"

/* Which of the request's documents does the error begin with? */
static const char *document_at_fault(const struct cordon_request *request, const struct error *failure)
{
    for (size_t i = 0; i < request->policy_count; i++) {
        const char *name = request->policies[i].name;

        if (strncmp(failure->text, name, strlen(name)) == 0 && failure->text[strlen(name)] == ':')
            return name;
    }
    return request->policy_count == 1 ? request->policies[0].name : NULL;
}

/* Documents that are not valid, and policies that this machine cannot compile, are findings like others. */
static int look_at_request(struct assembly *assembly, const struct cordon_request *request, uint32_t flags,
                           const char *const *files, struct lint *ret_lint, struct error *err)
{
    bool is_offline = flags & CORDON_LINT_OFFLINE;
    struct error failure = ERROR_INIT;
    struct uses uses = {0};
    struct lint_input input = {.variables = &assembly->variables, .has_machine = !is_offline};
    int status = is_offline ? 0 : assembly_find(assembly, &failure);

    if (status == 0)
        status = assembly_load(assembly, request, &failure);
    if (status == 0 || failure.kind == ERROR_FORBIDDEN)
        input.policy = assembly->policy;
    if (status == 0 && !is_offline)
        status = assembly_compile(assembly, request, true, &failure);
    if (status < 0 && (failure.kind == ERROR_MEMORY || failure.kind == ERROR_INTERNAL)) {
        *err = failure;
        return status;
    }
    if (status < 0) {
        input.failure = &failure;
        input.document = document_at_fault(request, &failure);
    } else {
        input.plan = assembly->plan;
    }
    if (files || flags & CORDON_LINT_RUNS) {
        status = input.plan ? uses_read(assembly, files, flags & CORDON_LINT_RUNS, &uses, err) : 0;
        input.has_uses = uses.has_runs;
        input.has_files = uses.has_files;
        input.uses = uses.items;
        input.use_count = uses.count;
        if (input.plan && status < 0)
            return status;
    }
    if (!is_offline)
        input.search_path = environment_get(assembly->environment, "PATH");
    return lint_look(assembly->policy->arena, &input, ret_lint, err);
}

static int print(const struct lint *lint, enum cordon_format format, char **ret_report, struct error *err)
{
    switch (format) {
    case CORDON_TEXT:
        return lint_print_text(lint, ret_report, err);
    case CORDON_JSON:
        return lint_print_json(lint, ret_report, err);
    case CORDON_SARIF:
        return lint_print_sarif(lint, CORDON_VERSION_TEXT, ret_report, err);
    }
    return error_set(err, ERROR_INVALID, EINVAL, "unknown format %d", (int)format);
}

static int check_flags(uint32_t flags, const char *const *files, struct error *err)
{
    if (flags & ~(CORDON_LINT_OFFLINE | CORDON_LINT_RUNS))
        return error_set(err, ERROR_INVALID, EINVAL, "unknown flags 0x%x", flags);
    if (flags & CORDON_LINT_OFFLINE && (files || flags & CORDON_LINT_RUNS))
        return error_set(err, ERROR_INVALID, EINVAL, "records are put to the plan, which needs this machine: leave --offline out");
    return 0;
}

int cordon_lint(const struct cordon_request *request, uint32_t flags, const char *const *files, enum cordon_format format,
                char **ret_report, struct cordon_lint_result *ret_result, struct cordon_error *err)
{
    auto_assembly struct assembly assembly = {0};
    struct lint lint = {0};
    struct error failure = ERROR_INIT;
    char *report = NULL;
    int status = check_flags(flags, files, &failure);

    if (status == 0)
        status = assembly_begin(&assembly, request, &failure);
    if (status == 0)
        status = look_at_request(&assembly, request, flags, files, &lint, &failure);
    if (status == 0)
        status = print(&lint, format, &report, &failure);
    if (status < 0) {
        if (err)
            *public_error(err) = failure;
        return status;
    }
    *ret_report = report;
    if (ret_result)
        *ret_result = (struct cordon_lint_result){
            .errors = (uint32_t)lint.counts[LINT_ERROR],
            .warnings = (uint32_t)lint.counts[LINT_WARNING],
            .notes = (uint32_t)lint.counts[LINT_NOTE],
            .exposure_tenths = lint.exposure,
        };
    return 0;
}
