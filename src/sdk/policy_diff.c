/* SPDX-License-Identifier: Apache-2.0 */
/* Two requests' documents compared. */
#include <errno.h>

#include "policy/diff.h"
#include "sdk/assemble.h"

static int load(struct assembly *assembly, const struct cordon_request *request, struct error *err)
{
    int status = assembly_begin(assembly, request, err);

    return status < 0 ? status : assembly_load_documents(assembly, request, err);
}

static uint32_t result_of(const struct policy_diff *diff)
{
    return (diff->has_wider ? CORDON_DIFF_WIDER : 0) | (diff->has_narrower ? CORDON_DIFF_NARROWER : 0) |
           (diff->has_unknown ? CORDON_DIFF_UNKNOWN : 0) | (diff->has_changed ? CORDON_DIFF_CHANGED : 0);
}

int cordon_policy_diff(const struct cordon_request *before, const struct cordon_request *after, enum cordon_format format,
                       char **ret_report, uint32_t *ret_result, struct cordon_error *err)
{
    auto_assembly struct assembly first = {0};
    auto_assembly struct assembly second = {0};
    auto_arena struct arena *arena = arena_new();
    struct policy_diff diff = {0};
    char *report = NULL;
    int status;

    if (!arena)
        return error_memory(public_error(err));
    if (format != CORDON_TEXT && format != CORDON_JSON)
        return error_set(public_error(err), ERROR_INVALID, EINVAL, "unknown format %d", (int)format);
    status = load(&first, before, public_error(err));
    if (status == 0)
        status = load(&second, after, public_error(err));
    if (status == 0)
        status = policy_diff(arena, first.policy, second.policy, &diff, public_error(err));
    if (status == 0 && format == CORDON_JSON)
        status = policy_diff_json(&diff, &report, public_error(err));
    else if (status == 0)
        status = policy_diff_text(&diff, first.variables.home, &report, public_error(err));
    if (status < 0)
        return status;
    *ret_report = report;
    if (ret_result)
        *ret_result = result_of(&diff);
    return 0;
}
