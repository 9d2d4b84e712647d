/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the policy leaves open, added up. Each way has a weight, in tenths of a point; the sum, at most ten points, is the
 * exposure. Weights say how much worse a machine is off when the program inside is somebody else's.
 */
#include <string.h>

#include "author/lint_look.h"

struct way {
    const char *id;
    unsigned weight;
    const char *summary;
    enum lint_id findings[3]; /* open where one of these was found; LINT_ID_COUNT = no more */
};

#define NONE LINT_ID_COUNT

static const struct way ways[] = {
    {"root-socket", 60, "a service of root does what the program says", {LINT_ROOT_SOCKET, NONE, NONE}},
    {"tree-writable", 50, "the home, the system or everybody's files can be changed", {LINT_TREE_WRITABLE, NONE, NONE}},
    {"run-outside", 40, "programs outside run or obey what the program writes", {LINT_OBEYED, LINT_PATH_DIRECTORY, NONE}},
    {"session-socket", 30, "the user's session does what the program says", {LINT_SESSION_SOCKET, NONE, NONE}},
    {"host-network", 30, "the host's own network and loopback", {LINT_HOST_NETWORK, NONE, NONE}},
    {"credential-leak", 30, "credentials can be read and sent away", {LINT_CREDENTIAL_NETWORK, NONE, NONE}},
    {"secret-value", 20, "a credential stands in the document", {LINT_SECRET_VALUE, NONE, NONE}},
    {"home-readable", 20, "the home can be read", {LINT_HOME_READABLE, NONE, NONE}},
    {"any-host", 20, "anybody outside can be reached", {LINT_EVERY_ADDRESS, LINT_SHARED_DOMAIN, LINT_HOST_NETWORK}},
    {"host-loopback", 15, "services on this machine's loopback can be reached", {LINT_HOST_LOOPBACK, LINT_HOST_NETWORK, NONE}},
    {"inside-network", 15, "the machine's own network can be reached", {LINT_INSIDE_ADDRESS, LINT_HOST_NETWORK, NONE}},
    {"not-enforced", 15, "rules that this machine does not enforce", {LINT_NOT_ENFORCED, NONE, NONE}},
    {"credential", 10, "credentials can be read", {LINT_CREDENTIAL, LINT_CREDENTIAL_NETWORK, NONE}},
    {"secret-variable", 10, "credentials in the environment", {LINT_SECRET_VARIABLE, NONE, NONE}},
    {"unprotected", 10, "hooks, tasks and settings in the workspace can be changed", {LINT_UNPROTECTED, NONE, NONE}},
    {"nested", 10, "more of the kernel, by sandboxes inside", {LINT_NESTED, NONE, NONE}},
    {"device", 7, "drivers of the kernel, by devices", {LINT_DEVICE, NONE, NONE}},
    {"syscall", 7, "system calls that the baseline refuses", {LINT_SYSCALL, NONE, NONE}},
    {"wildcard-host", 5, "names that a rule does not spell out", {LINT_WILDCARD_HOST, NONE, NONE}},
    {"loss", 5, "protections that may be missing without a word", {LINT_LOSS, NONE, NONE}},
    {"clipboard", 3, "the clipboard can be set", {LINT_CLIPBOARD, NONE, NONE}},
    {"every-port", 3, "every port of a destination", {LINT_EVERY_PORT, NONE, NONE}},
    {"no-limit", 3, "memory, processes or time without a limit", {LINT_NO_LIMIT, NONE, NONE}},
};

int look_at_exposure(struct look *look)
{
    struct lint *lint = look->lint;
    struct lint_exposure *exposures = arena_alloc(look->arena, sizeof(*exposures) * ARRAY_COUNT(ways));

    if (!exposures || look->is_broken)
        return error_memory(look->err);
    for (size_t i = 0; i < ARRAY_COUNT(ways); i++) {
        struct lint_exposure *exposure = &exposures[i];

        *exposure = (struct lint_exposure){.id = ways[i].id, .weight = ways[i].weight, .summary = ways[i].summary, .why = ""};
        for (size_t j = 0; j < ARRAY_COUNT(ways[i].findings) && ways[i].findings[j] != NONE && !exposure->is_open; j++) {
            enum lint_id id = ways[i].findings[j];

            exposure->is_open = look->found[id];
            if (look->found[id] && look->first[id])
                exposure->why = look_place(look, look->first[id]);
        }
        if (exposure->is_open)
            lint->exposure += exposure->weight;
    }
    if (lint->exposure > LINT_EXPOSURE_MAX)
        lint->exposure = LINT_EXPOSURE_MAX;
    lint->exposures = exposures;
    lint->exposure_count = ARRAY_COUNT(ways);
    return look->is_broken ? error_memory(look->err) : 0;
}
