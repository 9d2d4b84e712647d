/* SPDX-License-Identifier: Apache-2.0 */
/* The table of cordon/1. Innermost maps first, the document last. */
#include <stddef.h>

#include "policy/read/reader.h"

#define END                                                                                        \
    {                                                                                              \
        0                                                                                          \
    }
#define DENY_ALLOW    ((const char *const[]){"deny", "allow", NULL})
#define TIERS         ((const char *const[]){"auto", "process", "container", "microvm", "instance", NULL})
#define TEXT_MAX      4096
#define ARGUMENT_MAX  131071 /* one argument or variable, Linux MAX_ARG_STRLEN without its NUL */
#define SETTING(path) .store = store_setting, .offset = offsetof(struct document, path)

#define NEEDS_GATEWAY  "needs the gateway, which this build does not have"
#define NEEDS_BROKER   "needs the daemon, which this build does not have"
#define NEEDS_DESKTOP  "needs a private desktop, which this build does not have"
#define NEEDS_TIER     "needs a stronger tier than 'process', the only one that this build has"
#define NEEDS_MISSING  "needs rules for names that do not exist yet, which this build does not have"
#define NEEDS_NESTING  "needs nested containers, which this build does not have"
#define NEEDS_IDENTITY "needs identities, which this build does not have"

/* filesystem */

static const struct member readwrite_item = {
    .type = VALUE_PATH_ITEM, .has_optional = true, .store = store_path, .detail = PATH_READWRITE};
static const struct member readonly_item = {.type = VALUE_PATH_GLOB,
                                            .has_optional = true,
                                            .store = store_path,
                                            .detail = PATH_READONLY,
                                            .needs = NEEDS_MISSING};
static const struct member denied_item = {
    .type = VALUE_PATH_GLOB, .store = store_path, .detail = PATH_DENIED, .needs = NEEDS_MISSING};
static const struct member protected_item = {
    .type = VALUE_PATH_ITEM, .store = store_path, .detail = PATH_PROTECTED};
static const struct member cache_item = {
    .type = VALUE_PATH_ITEM, .store = store_path, .detail = PATH_CACHE};
static const struct member unprotected_item = {.type = VALUE_PROTECTED,
                                               .store = store_list_item,
                                               .offset = offsetof(struct document, unprotected)};

static const struct member view_members[] = {
    {.name = "source",
     .type = VALUE_PATH,
     .description = "Object of the host",
     .is_required = true,
     .store = store_view_source},
    {.name = "target",
     .type = VALUE_PATH,
     .description = "Path under which it appears inside",
     .is_required = true,
     .store = store_view_target},
    {.name = "access",
     .type = VALUE_CHOICE,
     .description = "What may be done with it",
     .choices = (const char *const[]){"readonly", "readwrite", NULL},
     .store = store_view_access},
    {.name = "optional",
     .type = VALUE_BOOL,
     .description = "May be absent on the host",
     .store = store_view_optional},
    END,
};
static const struct member view_item = {
    .type = VALUE_MAP, .members = view_members, .open = store_view_open};

static const struct member filesystem_members[] = {
    {.name = "readwritePaths",
     .type = VALUE_LIST,
     .description = "Files and directories that may be read and changed",
     .item = &readwrite_item,
     .open = store_grants_open},
    {.name = "readonlyPaths",
     .type = VALUE_LIST,
     .description = "Files and directories that may be read and executed",
     .item = &readonly_item,
     .open = store_grants_open},
    {.name = "deniedPaths",
     .type = VALUE_LIST,
     .description = "Files and directories that stay visible and shut",
     .item = &denied_item},
    {.name = "protectedPaths",
     .type = VALUE_LIST,
     .description = "Names that may be read but never created, changed, renamed or removed",
     .item = &protected_item},
    {.name = "unprotectedPaths",
     .type = VALUE_LIST,
     .description = "Built-in protected names that are given up, relative to a workspace",
     .item = &unprotected_item,
     .open = store_string_list_open,
     .offset = offsetof(struct document, unprotected)},
    {.name = "protectBuiltin",
     .type = VALUE_BOOL,
     .description = "Protect the built-in set of names below every writable workspace",
     SETTING(protect_builtin)},
    {.name = "cachePaths",
     .type = VALUE_LIST,
     .description = "Private directories, kept between runs of this policy in this workspace",
     .item = &cache_item,
     .open = store_grants_open},
    {.name = "views",
     .type = VALUE_LIST,
     .description = "Objects of the host that appear under another path",
     .item = &view_item,
     .open = store_grants_open},
    {.name = "toolchains",
     .type = VALUE_CHOICE,
     .description = "Make the directories of the caller's PATH below the home readable",
     .choices = (const char *const[]){"none", "inherit", NULL},
     SETTING(toolchains)},
    END,
};

/* network */

static const struct member except_item = {.type = VALUE_CIDR, .store = store_except};
static const struct member peer_members[] = {
    {.name = "cidr",
     .type = VALUE_CIDR,
     .description = "Address block; bits behind the prefix are zero",
     .store = store_cidr},
    {.name = "except",
     .type = VALUE_LIST,
     .description = "Blocks inside 'cidr' that are left out",
     .item = &except_item},
    {.name = "host",
     .type = VALUE_HOST,
     .description = "DNS name, or '*.' and a name for all names below it",
     .store = store_host},
    END,
};
static const struct member peer_item = {
    .type = VALUE_MAP, .members = peer_members, .open = store_peer_open, .close = store_peer_close};

static const struct member port_members[] = {
    {.name = "port",
     .type = VALUE_COUNT,
     .description = "Port, or the first of a range",
     .minimum = 1,
     .maximum = 65535,
     .store = store_port},
    {.name = "endPort",
     .type = VALUE_COUNT,
     .description = "Last port of a range",
     .minimum = 1,
     .maximum = 65535,
     .store = store_end_port},
    {.name = "protocol",
     .type = VALUE_CHOICE,
     .description = "Protocol; any when left out",
     .choices = (const char *const[]){"any", "tcp", "udp", "icmp", NULL},
     .store = store_protocol},
    END,
};
static const struct member port_item = {
    .type = VALUE_MAP, .members = port_members, .open = store_port_open, .close = store_port_close};
static const struct member ingress_port_item = {.type = VALUE_MAP,
                                                .members = port_members,
                                                .open = store_port_open,
                                                .close = store_port_close,
                                                .needs = NEEDS_GATEWAY};

static const struct member method_item = {
    .type = VALUE_CHOICE,
    .choices =
        (const char *const[]){"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", NULL}};
static const struct member short_text_item = {
    .type = VALUE_TEXT, .minimum = 1, .maximum = TEXT_MAX};
static const struct member http_members[] = {
    {.name = "methods",
     .type = VALUE_LIST,
     .description = "HTTP methods",
     .item = &method_item,
     .minimum = 1},
    {.name = "paths",
     .type = VALUE_LIST,
     .description = "HTTP paths",
     .item = &short_text_item,
     .minimum = 1},
    END,
};
static const struct member mcp_members[] = {
    {.name = "tools",
     .type = VALUE_LIST,
     .description = "Names of an MCP server's tools",
     .item = &short_text_item,
     .minimum = 1},
    END,
};
static const struct member rule_members[] = {
    {.name = "to",
     .type = VALUE_LIST,
     .description = "Peers; every address when left out",
     .item = &peer_item,
     .minimum = 1},
    {.name = "ports",
     .type = VALUE_LIST,
     .description = "Ports and protocols; all when left out",
     .item = &port_item,
     .minimum = 1},
    {.name = "http",
     .type = VALUE_MAP,
     .description = "Only these HTTP requests",
     .members = http_members,
     .needs = NEEDS_GATEWAY},
    {.name = "mcp",
     .type = VALUE_MAP,
     .description = "Only these tools of an MCP server",
     .members = mcp_members,
     .needs = NEEDS_GATEWAY},
    END,
};
static const struct member allow_item = {.type = VALUE_MAP,
                                         .members = rule_members,
                                         .open = store_rule_open,
                                         .detail = 1,
                                         .needs = NEEDS_GATEWAY};
static const struct member deny_item = {.type = VALUE_MAP,
                                        .members = rule_members,
                                        .open = store_rule_open,
                                        .detail = 0,
                                        .needs = NEEDS_GATEWAY};

static const struct member egress_members[] = {
    {.name = "default",
     .type = VALUE_CHOICE,
     .description = "What no rule names",
     .choices = DENY_ALLOW,
     SETTING(network.egress_default)},
    {.name = "allow",
     .type = VALUE_LIST,
     .description = "Destinations that may be reached",
     .item = &allow_item},
    {.name = "deny",
     .type = VALUE_LIST,
     .description = "Destinations that may not; stronger than allow",
     .item = &deny_item},
    END,
};
static const struct member ingress_members[] = {
    {.name = "default",
     .type = VALUE_CHOICE,
     .description = "Connections from outside",
     .choices = DENY_ALLOW,
     SETTING(network.ingress_default)},
    {.name = "hostLoopback",
     .type = VALUE_CHOICE,
     .description = "Connections to and from the host's loopback",
     .choices = DENY_ALLOW,
     .needs = NEEDS_GATEWAY,
     .may_be_asked = true,
     SETTING(network.host_loopback)},
    {.name = "ports",
     .type = VALUE_LIST,
     .description = "Listeners that the host may reach",
     .item = &ingress_port_item,
     .open = store_ingress_ports_open},
    END,
};
static const struct member network_members[] = {
    {.name = "egress",
     .type = VALUE_MAP,
     .description = "Connections to the outside",
     .members = egress_members},
    {.name = "ingress",
     .type = VALUE_MAP,
     .description = "Connections from the outside",
     .members = ingress_members},
    {.name = "loopback",
     .type = VALUE_CHOICE,
     .description = "A loopback interface of its own (default allow)",
     .choices = DENY_ALLOW,
     SETTING(network.loopback)},
    END,
};
static const struct member runtime_members[] = {
    {.name = "networkProxy",
     .type = VALUE_URL,
     .description = "HTTP proxy that is the only way out",
     .needs = NEEDS_GATEWAY,
     .store = store_proxy},
    END,
};

/* environment and process */

static const struct member env_inherit_item = {.type = VALUE_ENV_PATTERN,
                                               .store = store_list_item,
                                               .offset = offsetof(struct document, env_inherit)};
static const struct member env_set_item = {
    .type = VALUE_TEXT, .maximum = ARGUMENT_MAX, .store = store_env_set};
static const struct member environment_members[] = {
    {.name = "inherit",
     .type = VALUE_LIST,
     .description = "Variables that are taken from the caller, by name or by a beginning and '*'",
     .item = &env_inherit_item,
     .open = store_string_list_open,
     .offset = offsetof(struct document, env_inherit)},
    {.name = "set",
     .type = VALUE_DICT,
     .description = "Variables with their values",
     .key = VALUE_ENV_NAME,
     .item = &env_set_item},
    END,
};
static const struct member env_entry_item = {.type = VALUE_ENV_ENTRY, .store = store_env_entry};
static const struct member process_members[] = {
    {.name = "commandLine",
     .type = VALUE_TEXT,
     .description = "Command, run by sh -c; the command line's command replaces it",
     .minimum = 1,
     .maximum = ARGUMENT_MAX,
     .store = store_command},
    {.name = "cwd",
     .type = VALUE_PATH,
     .description = "Directory that the program starts in",
     .store = store_cwd},
    {.name = "env",
     .type = VALUE_LIST,
     .description = "Exactly these variables, or on top of the others with inheritDefaultEnv",
     .item = &env_entry_item},
    {.name = "inheritDefaultEnv",
     .type = VALUE_BOOL,
     .description = "Layer 'env' on the environment that the profiles give"},
    {.name = "timeout",
     .type = VALUE_DURATION,
     .description = "Longest time that the program may run",
     .minimum = 1,
     SETTING(timeout)},
    END,
};

/* resources, isolation and the rest */

static const struct member resources_members[] = {
    {.name = "memory",
     .type = VALUE_SIZE,
     .description = "Memory of all processes together",
     .minimum = 1,
     SETTING(resources.memory)},
    {.name = "cpus",
     .type = VALUE_CPUS,
     .description = "Processors, with up to three decimals",
     SETTING(resources.cpus)},
    {.name = "pids",
     .type = VALUE_COUNT,
     .description = "Processes and threads",
     .minimum = 1,
     .maximum = 4194304,
     SETTING(resources.pids)},
    {.name = "openFiles",
     .type = VALUE_COUNT,
     .description = "Descriptors of one process",
     .minimum = 3,
     .maximum = 1048576,
     SETTING(resources.open_files)},
    {.name = "disk",
     .type = VALUE_SIZE,
     .description = "All private file systems together",
     .minimum = 1,
     SETTING(resources.disk)},
    {.name = "output",
     .type = VALUE_SIZE,
     .description = "Standard output and error together",
     .minimum = 1,
     SETTING(resources.output)},
    {.name = "wallTime",
     .type = VALUE_DURATION,
     .description = "Longest time that the program may run",
     .minimum = 1,
     SETTING(resources.wall_time)},
    {.name = "cpuTime",
     .type = VALUE_DURATION,
     .description = "Processor time of all processes together",
     .minimum = 1,
     SETTING(resources.cpu_time)},
    END,
};

static const struct member device_item = {
    .type = VALUE_PATH, .store = store_list_item, .offset = offsetof(struct document, devices)};
static const struct member socket_item = {.type = VALUE_PATH,
                                          .store = store_list_item,
                                          .offset = offsetof(struct document, unix_sockets)};
static const struct member syscall_deny_item = {.type = VALUE_SYSCALL,
                                                .store = store_list_item,
                                                .offset = offsetof(struct document, syscalls_deny)};
static const struct member syscall_allow_item = {.type = VALUE_SYSCALL,
                                                 .store = store_list_item,
                                                 .offset =
                                                     offsetof(struct document, syscalls_allow)};
static const struct member syscalls_members[] = {
    {.name = "deny",
     .type = VALUE_LIST,
     .description = "System calls that are refused on top of the baseline",
     .item = &syscall_deny_item,
     .open = store_string_list_open,
     .offset = offsetof(struct document, syscalls_deny)},
    {.name = "allow",
     .type = VALUE_LIST,
     .description = "System calls that the baseline refuses and this document opens",
     .item = &syscall_allow_item,
     .open = store_string_list_open,
     .offset = offsetof(struct document, syscalls_allow)},
    END,
};

static const struct member loss_item = {
    .type = VALUE_LOSS, .store = store_list_item, .offset = offsetof(struct document, allow_loss)};
static const struct member isolation_members[] = {
    {.name = "tier",
     .type = VALUE_CHOICE,
     .description = "Kind of container; auto takes the weakest that is strong enough",
     .choices = TIERS,
     SETTING(tier)},
    {.name = "minimum",
     .type = VALUE_CHOICE,
     .description = "Weakest kind of container that will do",
     .choices = TIERS,
     SETTING(minimum_tier)},
    {.name = "allowLoss",
     .type = VALUE_LIST,
     .description = "Rules that may go unenforced where this machine cannot enforce them",
     .item = &loss_item,
     .open = store_string_list_open,
     .offset = offsetof(struct document, allow_loss)},
    {.name = "risk",
     .type = VALUE_CHOICE,
     .description = "How dangerous the task is; auto takes a stronger tier for more",
     .choices = (const char *const[]){"low", "medium", "high", NULL},
     .needs = NEEDS_TIER,
     .may_be_asked = true},
    {.name = "acceleration",
     .type = VALUE_CHOICE,
     .description = "Hardware virtualisation only, or software emulation too",
     .choices = (const char *const[]){"any", "hardware", NULL},
     .needs = NEEDS_TIER,
     .may_be_asked = true},
    END,
};

static const struct member nested_members[] = {
    {.name = "containers",
     .type = VALUE_BOOL,
     .description = "The program may start sub-containers with a subset of its rights",
     .needs = NEEDS_NESTING,
     .may_be_asked = true,
     SETTING(nested_containers)},
    {.name = "namespaces",
     .type = VALUE_BOOL,
     .description = "Sandboxes of the program's own may make user namespaces",
     .needs = NEEDS_NESTING,
     .may_be_asked = true,
     SETTING(nested_namespaces)},
    {.name = "depth",
     .type = VALUE_COUNT,
     .description = "Levels of sub-containers",
     .maximum = 8,
     .needs = NEEDS_NESTING,
     .may_be_asked = true,
     SETTING(nested_depth)},
    END,
};

static const struct member identity_members[] = {
    {.name = "class", .type = VALUE_NAME, .description = "Kind of agent", .needs = NEEDS_IDENTITY},
    {.name = "sponsor",
     .type = VALUE_TEXT,
     .description = "Person on whose behalf it acts",
     .minimum = 1,
     .maximum = TEXT_MAX,
     .needs = NEEDS_IDENTITY},
    END,
};

static const struct member secret_host_item = {.type = VALUE_HOST};
static const struct member secret_members[] = {
    {.name = "name",
     .type = VALUE_ENV_NAME,
     .description = "Variable that holds a placeholder inside",
     .is_required = true},
    {.name = "source",
     .type = VALUE_TEXT,
     .description = "Where the value comes from: env:NAME or file:PATH",
     .is_required = true,
     .minimum = 1,
     .maximum = TEXT_MAX},
    {.name = "hosts",
     .type = VALUE_LIST,
     .description = "Hosts that are sent the value",
     .item = &secret_host_item,
     .is_required = true,
     .minimum = 1},
    END,
};
static const struct member secret_item = {
    .type = VALUE_MAP, .members = secret_members, .needs = NEEDS_GATEWAY};

#define UI_RIGHT(member_name, text)                                                                \
    {                                                                                              \
        .name = (member_name), .type = VALUE_BOOL, .description = (text), .needs = NEEDS_DESKTOP,  \
        .may_be_asked = true                                                                       \
    }
static const struct member ui_members[] = {
    {.name = "disable",
     .type = VALUE_BOOL,
     .description = "No user interface at all (default true)",
     .needs = NEEDS_DESKTOP,
     .may_be_asked = true,
     .harmless = 1},
    {.name = "clipboard",
     .type = VALUE_CHOICE,
     .description = "The clipboard",
     .choices = (const char *const[]){"none", "read", "write", "all", NULL},
     .needs = NEEDS_DESKTOP,
     .may_be_asked = true},
    UI_RIGHT("injection", "Sending input to other programs"),
    UI_RIGHT("windows", "Windows on a private desktop"),
    UI_RIGHT("screenCapture", "Pictures of the screen"),
    UI_RIGHT("camera", "The camera"),
    UI_RIGHT("microphone", "The microphone"),
    UI_RIGHT("location", "The location"),
    UI_RIGHT("sessionBus", "The session bus"),
    END,
};

static const struct member lifecycle_members[] = {
    {.name = "destroyOnExit",
     .type = VALUE_BOOL,
     .description = "The container ends with its program (default true)",
     .needs = NEEDS_BROKER,
     .may_be_asked = true,
     .harmless = 1},
    {.name = "preservePolicy",
     .type = VALUE_BOOL,
     .description = "Keep the policy behind the container's end (default false)",
     .needs = NEEDS_BROKER,
     .may_be_asked = true},
    END,
};

static const struct member profile_item = {.type = VALUE_PROFILE, .store = store_extends};

const struct member document_members[] = {
    {.name = "version",
     .type = VALUE_VERSION,
     .description = "Version of this format",
     .is_required = true,
     .store = store_version},
    {.name = "$schema",
     .type = VALUE_TEXT,
     .description = "Address of a JSON Schema, for editors; ignored",
     .maximum = TEXT_MAX},
    {.name = "_comment", .type = VALUE_ANY, .description = "Ignored"},
    {.name = "name",
     .type = VALUE_NAME,
     .description = "Name of this policy in records and caches",
     .store = store_name},
    {.name = "containerId",
     .type = VALUE_NAME,
     .description = "Name of the container",
     .store = store_container_id},
    {.name = "extends",
     .type = VALUE_LIST,
     .description = "Built-in profiles that this document adds to",
     .item = &profile_item},
    {.name = "filesystem",
     .type = VALUE_MAP,
     .description = "Files and directories",
     .members = filesystem_members,
     .open = store_filesystem_open},
    {.name = "network",
     .type = VALUE_MAP,
     .description = "Network",
     .members = network_members,
     .open = store_network_open},
    {.name = "runtimeConfig",
     .type = VALUE_MAP,
     .description = "How network access is provided",
     .members = runtime_members},
    {.name = "environment",
     .type = VALUE_MAP,
     .description = "Environment variables",
     .members = environment_members},
    {.name = "process",
     .type = VALUE_MAP,
     .description = "The program",
     .members = process_members,
     .open = store_process_open},
    {.name = "resources", .type = VALUE_MAP, .description = "Limits", .members = resources_members},
    {.name = "devices",
     .type = VALUE_LIST,
     .description = "Character devices beside the built-in ones",
     .item = &device_item,
     .open = store_string_list_open,
     .offset = offsetof(struct document, devices)},
    {.name = "unixSockets",
     .type = VALUE_LIST,
     .description = "Socket files that may be connected to",
     .item = &socket_item,
     .open = store_string_list_open,
     .offset = offsetof(struct document, unix_sockets)},
    {.name = "syscalls",
     .type = VALUE_MAP,
     .description = "System calls, relative to the baseline",
     .members = syscalls_members},
    {.name = "isolation",
     .type = VALUE_MAP,
     .description = "Strength of the container",
     .members = isolation_members},
    {.name = "nested",
     .type = VALUE_MAP,
     .description = "Containers inside the container",
     .members = nested_members},
    {.name = "identity",
     .type = VALUE_MAP,
     .description = "Who the agent is",
     .members = identity_members},
    {.name = "secrets",
     .type = VALUE_LIST,
     .description = "Credentials that are used for the program and that it never sees",
     .item = &secret_item},
    {.name = "ui", .type = VALUE_MAP, .description = "User interface", .members = ui_members},
    {.name = "lifecycle",
     .type = VALUE_MAP,
     .description = "Life of the container",
     .members = lifecycle_members},
    END,
};
