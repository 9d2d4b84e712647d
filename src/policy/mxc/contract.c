/* SPDX-License-Identifier: Apache-2.0 */
/* The objects of MXC's one-shot and lifecycle documents, version by version. */
#include "policy/mxc/contract.h"

#include <string.h>

#include "base/compiler.h"
#include "policy/mxc/shapes.h"

static const struct mxc_choice containments[] = {
    {"process", MXC_EVERY},
    {"processcontainer", MXC_EVERY},
    {"appcontainer", MXC_UNREGISTERED | MXC_0_9},
    {"lxc", MXC_EVERY},
    {"bubblewrap", MXC_EVERY},
    {"seatbelt", MXC_EVERY},
    {"macos_sandbox", MXC_UNREGISTERED | MXC_0_9},
    {"vm", MXC_UNREGISTERED | MXC_1_1},
    {"windows_sandbox", MXC_UNREGISTERED | MXC_1_1},
    {"microvm", MXC_UNREGISTERED | MXC_1_1},
    {"hyperlight", MXC_UNREGISTERED | MXC_1_1},
    {"isolation_session", MXC_EVERY & ~(unsigned)MXC_1_1},
    {"wslc", MXC_EVERY},
    {"isolation_session", MXC_1_1}, /* 1.1 lists it last */
};
static const struct mxc_choices containment_choices = CHOICES("Containment", containments);

static const struct mxc_member one_shot_members[] = {
    {.name = "$schema", .type = MXC_STRING, .versions = EVERY},
    {.name = "_comment", .type = MXC_ANY, .versions = EVERY},
    {.name = "version", .type = MXC_STRING, .versions = EVERY, .required = EVERY},
    {.name = "containerId", .type = MXC_STRING, .versions = EVERY},
    {.name = "containment", .type = MXC_CHOICE, .versions = EVERY, .choices = &containment_choices},
    {.name = "lifecycle", .type = MXC_OBJECT, .versions = EVERY, .shape = &mxc_shape_lifecycle},
    {.name = "process",
     .type = MXC_OBJECT,
     .versions = EVERY,
     .required = EVERY,
     .shape = &mxc_shape_process},
    {.name = "filesystem", .type = MXC_OBJECT, .versions = EVERY, .shape = &mxc_shape_filesystem},
    {.name = "fallback", .type = MXC_OBJECT, .versions = EVERY, .shape = &mxc_shape_fallback},
    {.name = "network", .type = MXC_OBJECT, .versions = EVERY, .shape = &mxc_shape_network},
    {.name = "ui", .type = MXC_OBJECT, .versions = EVERY, .shape = &mxc_shape_ui},
    {.name = "appContainer",
     .type = MXC_OBJECT,
     .versions = OLD | MXC_0_9,
     .shape = &mxc_shape_process_container,
     .same_as = "processContainer"},
    {.name = "processContainer",
     .type = MXC_OBJECT,
     .versions = EVERY,
     .shape = &mxc_shape_process_container},
    {.name = "lxc", .type = MXC_OBJECT, .versions = EVERY, .shape = &mxc_shape_lxc},
    {.name = "macos_sandbox",
     .type = MXC_OBJECT,
     .versions = OLD | MXC_0_9,
     .shape = &mxc_shape_seatbelt,
     .same_as = "seatbelt"},
    {.name = "seatbelt", .type = MXC_OBJECT, .versions = EVERY, .shape = &mxc_shape_seatbelt},
    {.name = "runtimeConfig",
     .type = MXC_OBJECT,
     .versions = DIRECTIONAL,
     .shape = &mxc_shape_runtime_config},
    {.name = "telemetry", .type = MXC_OBJECT, .versions = NEW, .shape = &mxc_shape_telemetry},
    {.name = "test", .type = MXC_OBJECT, .versions = MXC_1_1, .shape = &mxc_shape_test},
    {.name = "windowsSandbox",
     .type = MXC_OBJECT,
     .versions = MXC_1_1,
     .shape = &mxc_shape_windows_sandbox},
    {.name = "wslc", .type = MXC_OBJECT, .versions = NEW, .shape = &mxc_shape_wslc},
    {.name = "hyperlight", .type = MXC_OBJECT, .versions = MXC_1_1, .shape = &mxc_shape_hyperlight},
    {.name = "experimental", .type = MXC_OBJECT, .versions = OLD, .shape = &mxc_shape_experimental},
};
static const struct mxc_shape one_shot = SHAPE("OneShotRequest", one_shot_members);

/* What every lifecycle root begins with. */
#define LIFECYCLE_HEAD                                                                             \
    {.name = "$schema", .type = MXC_STRING, .versions = NEW},                                      \
        {.name = "_comment", .type = MXC_ANY, .versions = NEW},                                    \
        {.name = "version", .type = MXC_STRING, .versions = NEW, .required = NEW},                 \
    {                                                                                              \
        .name = "phase", .type = MXC_STRING, .versions = NEW, .required = NEW                      \
    }
#define TELEMETRY                                                                                  \
    {                                                                                              \
        .name = "telemetry", .type = MXC_OBJECT, .versions = NEW, .shape = &mxc_shape_telemetry    \
    }
#define CONTAINMENT                                                                                \
    {                                                                                              \
        .name = "containment", .type = MXC_STRING, .versions = NEW, .required = NEW                \
    }
#define SANDBOX_ID                                                                                 \
    {                                                                                              \
        .name = "sandboxId", .type = MXC_STRING, .versions = NEW, .required = NEW                  \
    }

static const struct mxc_member provision_wslc_members[] = {
    LIFECYCLE_HEAD,
    CONTAINMENT,
    {.name = "filesystem", .type = MXC_OBJECT, .versions = NEW, .shape = &mxc_shape_filesystem},
    {.name = "network", .type = MXC_OBJECT, .versions = NEW, .shape = &mxc_shape_network},
    TELEMETRY,
    {.name = "wslc", .type = MXC_OBJECT, .versions = NEW, .shape = &mxc_shape_wslc_lifecycle},
};
static const struct mxc_shape provision_wslc =
    SHAPE("WslcProvisionRequest", provision_wslc_members);

static const struct mxc_member provision_session_members[] = {
    LIFECYCLE_HEAD,
    CONTAINMENT,
    {.name = "network",
     .type = MXC_OBJECT,
     .versions = NEW,
     .required = NEW,
     .shape = &mxc_shape_session_network},
    TELEMETRY,
    {.name = "isolationSession",
     .type = MXC_OBJECT,
     .versions = NEW,
     .shape = &mxc_shape_session_lifecycle},
};
static const struct mxc_shape provision_session =
    SHAPE("IsolationSessionProvisionRequest", provision_session_members);

static const struct mxc_member provision_windows_members[] = {
    LIFECYCLE_HEAD,
    CONTAINMENT,
    {.name = "filesystem", .type = MXC_OBJECT, .versions = NEW, .shape = &mxc_shape_filesystem},
    TELEMETRY,
};
static const struct mxc_shape provision_windows =
    SHAPE("WindowsSandboxProvisionRequest", provision_windows_members);

static const struct mxc_member exec_members[] = {
    LIFECYCLE_HEAD,
    SANDBOX_ID,
    {.name = "process",
     .type = MXC_OBJECT,
     .versions = NEW,
     .required = NEW,
     .shape = &mxc_shape_process},
    {.name = "network", .type = MXC_OBJECT, .versions = NEW, .shape = &mxc_shape_network},
    {.name = "runtimeConfig",
     .type = MXC_OBJECT,
     .versions = NEW,
     .shape = &mxc_shape_runtime_config},
    TELEMETRY,
};
static const struct mxc_shape exec_request = SHAPE("ExecRequest", exec_members);

static const struct mxc_member by_id_members[] = {LIFECYCLE_HEAD, SANDBOX_ID, TELEMETRY};
static const struct mxc_shape by_id = SHAPE("LifecycleRequest", by_id_members);

static const struct mxc_root roots[] = {
    {MXC_ONE_SHOT, NULL, EVERY, "one-shot", &one_shot},
    {MXC_PROVISION, "wslc", NEW, "WSLC provision", &provision_wslc},
    {MXC_PROVISION, "isolation_session", NEW, "IsolationSession provision", &provision_session},
    {MXC_PROVISION, "windows_sandbox", MXC_1_1, "Windows Sandbox provision", &provision_windows},
    {MXC_START, NULL, NEW, "start", &by_id},
    {MXC_EXEC, NULL, NEW, "exec", &exec_request},
    {MXC_STOP, NULL, NEW, "stop", &by_id},
    {MXC_DEPROVISION, NULL, NEW, "deprovision", &by_id},
};

const struct mxc_root *mxc_root_find(unsigned version, enum mxc_phase phase,
                                     const char *containment)
{
    for (size_t i = 0; i < ARRAY_COUNT(roots); i++) {
        const struct mxc_root *root = &roots[i];

        if (root->phase == phase && (root->versions & version) &&
            (!root->containment || (containment && strcmp(root->containment, containment) == 0)))
            return root;
    }
    return NULL;
}

const struct mxc_section mxc_sections[] = {
    {"processContainer", "processcontainer"},
    {"lxc", "lxc"},
    {"windowsSandbox", "windows_sandbox"},
    {"wslc", "wslc"},
    {"hyperlight", "hyperlight"},
    {"seatbelt", "seatbelt"},
};
const size_t mxc_section_count = ARRAY_COUNT(mxc_sections);
