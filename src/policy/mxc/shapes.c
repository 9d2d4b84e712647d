/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects below the roots of MXC's documents, network apart. Members stand in the order in
 * which MXC's errors list them.
 */
#include "policy/mxc/shapes.h"

#include "base/compiler.h"

static const struct mxc_member lifecycle_members[] = {
    {.name = "destroyOnExit", .type = MXC_BOOL, .versions = EVERY},
    {.name = "preservePolicy", .type = MXC_BOOL, .versions = EVERY},
};
const struct mxc_shape mxc_shape_lifecycle = SHAPE("Lifecycle", lifecycle_members);

static const struct mxc_member process_members[] = {
    {.name = "commandLine", .type = MXC_TEXT, .versions = EVERY, .required = EVERY},
    {.name = "cwd", .type = MXC_STRING, .versions = EVERY},
    {.name = "env", .type = MXC_STRING, .versions = EVERY, .list = MXC_LIST},
    {.name = "inheritDefaultEnv", .type = MXC_BOOL, .versions = NEW},
    {.name = "timeout", .type = MXC_U32, .versions = EVERY},
};
const struct mxc_shape mxc_shape_process = SHAPE("Process", process_members);

static const struct mxc_member filesystem_members[] = {
    {.name = "readwritePaths", .type = MXC_STRING, .versions = EVERY, .list = MXC_LIST},
    {.name = "readonlyPaths", .type = MXC_STRING, .versions = EVERY, .list = MXC_LIST},
    {.name = "deniedPaths", .type = MXC_STRING, .versions = EVERY, .list = MXC_LIST},
};
const struct mxc_shape mxc_shape_filesystem = SHAPE("Filesystem", filesystem_members);

static const struct mxc_member fallback_members[] = {
    {.name = "allowDaclMutation", .type = MXC_BOOL, .versions = EVERY},
};
const struct mxc_shape mxc_shape_fallback = SHAPE("Fallback", fallback_members);

static const struct mxc_choice clipboards[] = {
    {"none", EVERY}, {"read", EVERY}, {"write", EVERY}, {"all", EVERY}};
static const struct mxc_choices clipboard_choices = CHOICES("UiClipboard", clipboards);
static const struct mxc_member ui_members[] = {
    {.name = "disable", .type = MXC_BOOL, .versions = EVERY},
    {.name = "clipboard", .type = MXC_CHOICE, .versions = EVERY, .choices = &clipboard_choices},
    {.name = "injection", .type = MXC_BOOL, .versions = EVERY},
};
const struct mxc_shape mxc_shape_ui = SHAPE("Ui", ui_members);

static const struct mxc_choice capture_modes[] = {{"block", EVERY}, {"allow", EVERY}};
static const struct mxc_choices capture_mode_choices = CHOICES("CaptureDenialsMode", capture_modes);
static const struct mxc_member capture_members[] = {
    {.name = "mode", .type = MXC_CHOICE, .versions = EVERY, .choices = &capture_mode_choices},
    {.name = "outputPath", .type = MXC_STRING, .versions = EVERY},
    {.name = "retainEtl", .type = MXC_BOOL, .versions = EVERY},
};
static const struct mxc_shape capture = SHAPE("CaptureDenials", capture_members);

static const struct mxc_choice isolations[] = {
    {"container", EVERY}, {"desktop", EVERY}, {"handles", EVERY}, {"atoms", EVERY}};
static const struct mxc_choices isolation_choices =
    CHOICES("ProcessContainerUiIsolation", isolations);
static const struct mxc_choice system_settings[] = {
    {"none", EVERY}, {"parameters", EVERY}, {"display", EVERY}, {"all", EVERY}};
static const struct mxc_choices system_settings_choices =
    CHOICES("ProcessContainerUiSystemSettings", system_settings);
/* systemSettings became a choice in 1.1; 1.0 takes any string. */
static const struct mxc_member window_members[] = {
    {.name = "isolation", .type = MXC_CHOICE, .versions = EVERY, .choices = &isolation_choices},
    {.name = "desktopSystemControl", .type = MXC_BOOL, .versions = EVERY},
    {.name = "systemSettings", .type = MXC_STRING, .versions = EVERY & ~(unsigned)MXC_1_1},
    {.name = "systemSettings",
     .type = MXC_CHOICE,
     .versions = MXC_1_1,
     .choices = &system_settings_choices},
    {.name = "ime", .type = MXC_BOOL, .versions = EVERY},
};
static const struct mxc_shape window = SHAPE("ProcessContainerUi", window_members);

static const struct mxc_member enumerate_members[] = {
    {.name = "enumeratePaths", .type = MXC_STRING, .versions = NEW, .list = MXC_LIST},
};
static const struct mxc_shape enumerate = SHAPE("ProcessContainerFilesystem", enumerate_members);

static const struct mxc_member proxy_peer_members[] = {
    {.name = "allowedProxyPeer", .type = MXC_STRING, .versions = EVERY},
};
static const struct mxc_shape proxy_peer = SHAPE("ProcessContainerNetwork", proxy_peer_members);

static const struct mxc_member process_container_members[] = {
    {.name = "leastPrivilege", .type = MXC_BOOL, .versions = EVERY},
    {.name = "learningMode", .type = MXC_BOOL, .versions = EVERY},
    {.name = "capabilities", .type = MXC_CAPABILITY, .versions = EVERY, .list = MXC_LIST},
    {.name = "captureDenials", .type = MXC_OBJECT, .versions = EVERY, .shape = &capture},
    {.name = "ui", .type = MXC_OBJECT, .versions = EVERY, .shape = &window},
    {.name = "filesystem", .type = MXC_OBJECT, .versions = NEW, .shape = &enumerate},
    {.name = "network", .type = MXC_OBJECT, .versions = EVERY, .shape = &proxy_peer},
};
const struct mxc_shape mxc_shape_process_container =
    SHAPE("ProcessContainer", process_container_members);

static const struct mxc_member lxc_members[] = {
    {.name = "distribution", .type = MXC_STRING, .versions = EVERY, .required = NEW},
    {.name = "release", .type = MXC_STRING, .versions = EVERY, .required = NEW},
};
const struct mxc_shape mxc_shape_lxc = SHAPE("Lxc", lxc_members);

static const struct mxc_choice launch_methods[] = {{"exec", OLD}, {"open", OLD}};
static const struct mxc_choices launch_method_choices = CHOICES("LaunchMethod", launch_methods);
static const struct mxc_member seatbelt_members[] = {
    {.name = "profileOverride", .type = MXC_STRING, .versions = EVERY},
    {.name = "guiAccess", .type = MXC_BOOL, .versions = EVERY},
    {.name = "nestedPty", .type = MXC_BOOL, .versions = EVERY},
    {.name = "keychainAccess", .type = MXC_BOOL, .versions = EVERY},
    {.name = "extraMachLookups", .type = MXC_STRING, .versions = EVERY, .list = MXC_LIST},
    {.name = "launchMethod",
     .type = MXC_CHOICE,
     .versions = OLD,
     .choices = &launch_method_choices},
};
const struct mxc_shape mxc_shape_seatbelt = SHAPE("Seatbelt", seatbelt_members);

static const struct mxc_member telemetry_members[] = {
    {.name = "enabled", .type = MXC_BOOL, .versions = NEW},
};
const struct mxc_shape mxc_shape_telemetry = SHAPE("Telemetry", telemetry_members);

static const struct mxc_member test_members[] = {
    {.name = "message", .type = MXC_STRING, .versions = MXC_1_1},
};
const struct mxc_shape mxc_shape_test = SHAPE("TestFeature", test_members);

static const struct mxc_member windows_sandbox_members[] = {
    {.name = "idleTimeoutMs", .type = MXC_U32, .versions = MXC_1_1},
    {.name = "idleTimeout", .type = MXC_U32, .versions = MXC_1_1},
    {.name = "daemonPipeName", .type = MXC_STRING, .versions = MXC_1_1},
};
const struct mxc_shape mxc_shape_windows_sandbox =
    SHAPE("OneShotWindowsSandbox", windows_sandbox_members);

static const struct mxc_choice runtimes[] = {{"agent", MXC_1_1},        {"python", MXC_1_1},
                                             {"python-shell", MXC_1_1}, {"node", MXC_1_1},
                                             {"bash", MXC_1_1},         {"dotnet-jit", MXC_1_1}};
static const struct mxc_choices runtime_choices = CHOICES("HyperlightRuntime", runtimes);
static const struct mxc_member hyperlight_members[] = {
    {.name = "runtime", .type = MXC_CHOICE, .versions = MXC_1_1, .choices = &runtime_choices},
};
const struct mxc_shape mxc_shape_hyperlight = SHAPE("OneShotHyperlight", hyperlight_members);

static const struct mxc_choice transports[] = {{"tcp", NEW}};
static const struct mxc_choices transport_choices = CHOICES("TransportProtocol", transports);
static const struct mxc_member port_mapping_members[] = {
    {.name = "windowsPort", .type = MXC_PORT, .versions = NEW, .required = NEW},
    {.name = "containerPort", .type = MXC_PORT, .versions = NEW, .required = NEW},
    {.name = "protocol", .type = MXC_CHOICE, .versions = NEW, .choices = &transport_choices},
};
static const struct mxc_shape port_mapping = SHAPE("PortMapping", port_mapping_members);

static const struct mxc_member wslc_members[] = {
    {.name = "targetOs", .type = MXC_STRING, .versions = NEW},
    {.name = "image", .type = MXC_STRING, .versions = NEW},
    {.name = "imageTarPath", .type = MXC_STRING, .versions = NEW},
    {.name = "cpuCount", .type = MXC_U32, .versions = NEW},
    {.name = "memoryMb", .type = MXC_U64, .versions = NEW},
    {.name = "gpu", .type = MXC_BOOL, .versions = NEW},
    {.name = "storagePath", .type = MXC_STRING, .versions = NEW},
    {.name = "portMappings",
     .type = MXC_OBJECT,
     .versions = NEW,
     .list = MXC_LIST,
     .shape = &port_mapping},
};
const struct mxc_shape mxc_shape_wslc = SHAPE("OneShotWslc", wslc_members);

static const struct mxc_member wslc_provision_members[] = {
    {.name = "image", .type = MXC_STRING, .versions = NEW},
    {.name = "imageTarPath", .type = MXC_STRING, .versions = NEW},
    {.name = "portMappings",
     .type = MXC_OBJECT,
     .versions = MXC_1_1,
     .list = MXC_LIST,
     .shape = &port_mapping},
};
static const struct mxc_shape wslc_provision = SHAPE("WslcProvision", wslc_provision_members);
static const struct mxc_member wslc_lifecycle_members[] = {
    {.name = "provision", .type = MXC_OBJECT, .versions = NEW, .shape = &wslc_provision},
};
const struct mxc_shape mxc_shape_wslc_lifecycle = SHAPE("StateAwareWslc", wslc_lifecycle_members);

static const struct mxc_member session_provision_members[] = {
    {.name = "appId", .type = MXC_STRING, .versions = NEW},
};
static const struct mxc_shape session_provision =
    SHAPE("IsolationSessionProvision", session_provision_members);
static const struct mxc_member session_lifecycle_members[] = {
    {.name = "provision", .type = MXC_OBJECT, .versions = NEW, .shape = &session_provision},
};
const struct mxc_shape mxc_shape_session_lifecycle =
    SHAPE("StateAwareIsolationSession", session_lifecycle_members);

/* Backends that were not yet published had their section in here. */
static const struct mxc_member experimental_members[] = {
    {.name = "windows_sandbox", .type = MXC_ANY, .versions = OLD},
    {.name = "wslc", .type = MXC_ANY, .versions = OLD},
    {.name = "microvm", .type = MXC_ANY, .versions = OLD},
    {.name = "seatbelt", .type = MXC_ANY, .versions = OLD},
    {.name = "isolation_session", .type = MXC_ANY, .versions = OLD},
    {.name = "hyperlight", .type = MXC_ANY, .versions = OLD},
};
const struct mxc_shape mxc_shape_experimental = SHAPE("Experimental", experimental_members);
