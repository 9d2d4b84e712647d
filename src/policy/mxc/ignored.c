/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members that MXC accepts on Linux without a word and without effect. Here each either asks for
 * what is so anyway, or becomes a warning that says why it does nothing. One row each.
 */
#include <string.h>

#include "policy/mxc/request.h"

static const struct {
    const char *section, *member;
    const char *harmless; /* this value asks for what holds here anyway; NULL = every value warns */
    const char *name;     /* in warnings */
    const char *why;
} rows[] = {
    {"lifecycle", "destroyOnExit", "true", "lifecycle.destroyOnExit",
     "has no effect: a process container always ends with its program"},
    {"lifecycle", "preservePolicy", "false", "lifecycle.preservePolicy",
     "has no effect: no rule outlives the container"},
    {"fallback", "allowDaclMutation", "false", "fallback.allowDaclMutation",
     "has no effect: it is for Windows, no permission of a host file is ever changed"},
    {"ui", "disable", "true", "ui.disable",
     "has no effect: nothing of the desktop is reachable from the container"},
    {"ui", "clipboard", "none", "ui.clipboard",
     "has no effect: no clipboard is reachable from the container"},
    {"ui", "injection", "false", "ui.injection",
     "has no effect: no input can be injected from the container"},
    {"telemetry", "enabled", "false", "telemetry.enabled",
     "has no effect: it is for Windows, Cordon sends no telemetry"},
    {"test", "message", NULL, "test.message", "has no effect: it is a placeholder of MXC's"},
};

/* Backends that were not yet published in 0.6 to 0.8; whatever is in there, none of them is here.
 */
static int note_experimental(const struct request *request)
{
    const struct node *map = mxc_get(request->root, "experimental");

    for (size_t i = 0; map && i < map->count; i++) {
        const char *member = arena_printf(request->arena, "experimental.%s", map->entries[i].key);
        int status;

        if (!member)
            return error_memory(request->err);
        if (map->entries[i].value->kind == NODE_NULL)
            continue;
        status = mxc_unsupported(request, map->entries[i].value, member,
                                 "configures a backend that this build does not have");
        if (status < 0)
            return status;
    }
    return 0;
}

int mxc_without_effect(const struct request *request)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const struct node *value = mxc_get(mxc_get(request->root, rows[i].section), rows[i].member);
        int status;

        if (!value || (rows[i].harmless && mxc_is(value, rows[i].harmless)))
            continue;
        status = mxc_warn(request, value, rows[i].name, rows[i].why);
        if (status < 0)
            return status;
    }
    return note_experimental(request);
}
