/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every member of the schema, twice with different values: a comparison says so both ways, or the member is one that changes nothing of
 * a run. The table of members is walked, so that one without a row here fails.
 */
#include "policy/diff.h"
#include "policy/read/member.h"
#include "test.h"

static const struct {
    const char *member;
    const char *before, *after; /* after = NULL: says nothing to a run, and `before` why */
} rows[] = {
    {"version", "the only one there is", NULL},
    {"$schema", "for editors", NULL},
    {"_comment", "ignored", NULL},
    {"learned[]", "grants nothing", NULL},
    {"containerId", "the name of an MXC container; here without effect", NULL},
    {"name", "name: a", "name: b"},
    {"extends[]", "extends: [base]", "extends: [coding-agent]"},
    {"filesystem.readwritePaths[]", "filesystem: {readwritePaths: [/a]}", "filesystem: {readwritePaths: [/b]}"},
    {"filesystem.readwritePaths[].optional", "filesystem: {readwritePaths: [/a]}",
     "filesystem: {readwritePaths: [{path: /a, optional: true}]}"},
    {"filesystem.readonlyPaths[]", "filesystem: {readonlyPaths: [/a]}", "filesystem: {readonlyPaths: [/b]}"},
    {"filesystem.readonlyPaths[].optional", "filesystem: {readonlyPaths: [/a]}",
     "filesystem: {readonlyPaths: [{path: /a, optional: true}]}"},
    {"filesystem.deniedPaths[]", "filesystem: {readonlyPaths: [/a], deniedPaths: [/a/b]}",
     "filesystem: {readonlyPaths: [/a], deniedPaths: [/a/c]}"},
    {"filesystem.protectedPaths[]", "filesystem: {readwritePaths: [/a], protectedPaths: [/a/b]}",
     "filesystem: {readwritePaths: [/a], protectedPaths: [/a/c]}"},
    {"filesystem.unprotectedPaths[]", "filesystem: {readwritePaths: ['${workspace}'], protectBuiltin: true}",
     "filesystem: {readwritePaths: ['${workspace}'], protectBuiltin: true, unprotectedPaths: [.git/hooks]}"},
    {"filesystem.protectBuiltin", "filesystem: {readwritePaths: ['${workspace}'], protectBuiltin: true}",
     "filesystem: {readwritePaths: ['${workspace}'], protectBuiltin: false}"},
    {"filesystem.cachePaths[]", "filesystem: {cachePaths: [/a]}", "filesystem: {cachePaths: [/b]}"},
    {"filesystem.views[].source", "filesystem: {views: [{source: /a, target: /t}]}", "filesystem: {views: [{source: /b, target: /t}]}"},
    {"filesystem.views[].target", "filesystem: {views: [{source: /a, target: /t}]}", "filesystem: {views: [{source: /a, target: /u}]}"},
    {"filesystem.views[].access", "filesystem: {views: [{source: /a, target: /t}]}",
     "filesystem: {views: [{source: /a, target: /t, access: readwrite}]}"},
    {"filesystem.views[].optional", "filesystem: {views: [{source: /a, target: /t}]}",
     "filesystem: {views: [{source: /a, target: /t, optional: true}]}"},
    {"filesystem.toolchains", "filesystem: {toolchains: none}", "filesystem: {toolchains: inherit}"},

#define RULE(rule) "network: {egress: {allow: [" rule "]}}"
    {"network.egress.default", "network: {egress: {default: deny}}", "network: {egress: {default: allow}}"},
    {"network.egress.allow[].to[].cidr", RULE("{to: [{cidr: 10.0.0.0/8}]}"), RULE("{to: [{cidr: 10.1.0.0/16}]}")},
    {"network.egress.allow[].to[].except[]", RULE("{to: [{cidr: 10.0.0.0/8}]}"),
     RULE("{to: [{cidr: 10.0.0.0/8, except: [10.1.0.0/16]}]}")},
    {"network.egress.allow[].to[].host", RULE("{to: [{host: a.example}]}"), RULE("{to: [{host: b.example}]}")},
    {"network.egress.allow[].ports[].port", RULE("{ports: [{port: 80}]}"), RULE("{ports: [{port: 81}]}")},
    {"network.egress.allow[].ports[].endPort", RULE("{ports: [{port: 80}]}"), RULE("{ports: [{port: 80, endPort: 81}]}")},
    {"network.egress.allow[].ports[].protocol", RULE("{ports: [{port: 80, protocol: tcp}]}"),
     RULE("{ports: [{port: 80, protocol: udp}]}")},
#define HOST "{to: [{host: a.example}], ports: [{port: 443, protocol: tcp}]"
    {"network.egress.allow[].tls", RULE(HOST "}"), RULE(HOST ", tls: terminate}")},
#define HTTP(what) RULE("{to: [{host: a.example}], ports: [{port: 80, protocol: tcp}], " what "}")
    {"network.egress.allow[].http.methods[]", HTTP("http: {methods: [GET]}"), HTTP("http: {methods: [PUT]}")},
    {"network.egress.allow[].http.paths[]", HTTP("http: {paths: [/a]}"), HTTP("http: {paths: [/b]}")},
    {"network.egress.allow[].http.websocket", HTTP("http: {methods: [GET]}"), HTTP("http: {methods: [GET], websocket: true}")},
    {"network.egress.allow[].mcp.tools[]", HTTP("mcp: {tools: [a]}"), HTTP("mcp: {tools: [b]}")},
    {"network.egress.allow[].mcp.methods[]", HTTP("mcp: {methods: [tools/list]}"), HTTP("mcp: {methods: [prompts/list]}")},
    {"network.egress.allow[].jsonrpc.methods[]", HTTP("jsonrpc: {methods: [a]}"), HTTP("jsonrpc: {methods: [b]}")},
    {"network.egress.allow[].programs[]", HTTP("programs: [/usr/bin/git]"), HTTP("programs: [/usr/bin/curl]")},
#define BUDGETS(path, rule)                                                                                                          \
    {path ".connections", rule("budget: {connections: 1}"), rule("budget: {connections: 2}")},                                       \
    {path ".bytesUp", rule("budget: {bytesUp: 1KiB}"), rule("budget: {bytesUp: 2KiB}")},                                             \
    {path ".bytesDown", rule("budget: {bytesDown: 1KiB}"), rule("budget: {bytesDown: 2KiB}")},                                       \
    {path ".bytesPerSecond", rule("budget: {bytesPerSecond: 1KiB}"), rule("budget: {bytesPerSecond: 2KiB}")},                        \
    {path ".onLimit", rule("budget: {connections: 1}"), rule("budget: {connections: 1, onLimit: end}")}
    BUDGETS("network.egress.allow[].budget", HTTP),
    {"network.egress.allow[].until", HTTP("until: '2030-01-01T00:00:00Z'"), HTTP("until: '2031-01-01T00:00:00Z'")},
    {"network.egress.allow[].budget.requests", HTTP("http: {methods: [GET]}, budget: {requests: 1}"),
     HTTP("http: {methods: [GET]}, budget: {requests: 2}")},
#define DENY(rule) "network: {egress: {default: allow, deny: [" rule "]}}"
#define DENY_HTTP(what) "network: {egress: {allow: [{to: [{host: a.example}], ports: [{port: 80, protocol: tcp}]}], deny: [{to: [{host: a.example}], ports: [{port: 80, protocol: tcp}], " what "}]}}"
    {"network.egress.deny[].to[].cidr", DENY("{to: [{cidr: 10.0.0.0/8}]}"), DENY("{to: [{cidr: 10.1.0.0/16}]}")},
    {"network.egress.deny[].to[].except[]", DENY("{to: [{cidr: 10.0.0.0/8}]}"), DENY("{to: [{cidr: 10.0.0.0/8, except: [10.1.0.0/16]}]}")},
    {"network.egress.deny[].to[].host", DENY("{to: [{host: a.example}]}"), DENY("{to: [{host: b.example}]}")},
    {"network.egress.deny[].ports[].port", DENY("{ports: [{port: 80}]}"), DENY("{ports: [{port: 81}]}")},
    {"network.egress.deny[].ports[].endPort", DENY("{ports: [{port: 80}]}"), DENY("{ports: [{port: 80, endPort: 81}]}")},
    {"network.egress.deny[].ports[].protocol", DENY("{ports: [{port: 80, protocol: tcp}]}"), DENY("{ports: [{port: 80, protocol: udp}]}")},
    {"network.egress.deny[].http.methods[]", DENY_HTTP("http: {methods: [GET]}"), DENY_HTTP("http: {methods: [PUT]}")},
    {"network.egress.deny[].http.paths[]", DENY_HTTP("http: {paths: [/a]}"), DENY_HTTP("http: {paths: [/b]}")},
    {"network.egress.deny[].http.websocket", "a denial names requests, and whether one becomes a WebSocket is not among them", NULL},
    {"network.egress.deny[].mcp.tools[]", DENY_HTTP("mcp: {tools: [a]}"), DENY_HTTP("mcp: {tools: [b]}")},
    {"network.egress.deny[].mcp.methods[]", DENY_HTTP("mcp: {methods: [tools/list]}"), DENY_HTTP("mcp: {methods: [prompts/list]}")},
    {"network.egress.deny[].jsonrpc.methods[]", DENY_HTTP("jsonrpc: {methods: [a]}"), DENY_HTTP("jsonrpc: {methods: [b]}")},
    {"network.ingress.default", "network: {ingress: {default: deny}}", "network: {ingress: {default: allow}}"},
    {"network.ingress.hostLoopback", "network: {ingress: {hostLoopback: deny}}", "network: {ingress: {hostLoopback: allow}}"},
    {"network.ingress.hostLoopbackPorts[].port", "network: {ingress: {hostLoopbackPorts: [{port: 80}]}}",
     "network: {ingress: {hostLoopbackPorts: [{port: 81}]}}"},
    {"network.ingress.hostLoopbackPorts[].protocol", "network: {ingress: {hostLoopbackPorts: [{port: 80}]}}",
     "network: {ingress: {hostLoopbackPorts: [{port: 80, protocol: udp}]}}"},
    {"network.ingress.ports[].port", "network: {ingress: {ports: [{port: 80}]}}", "network: {ingress: {ports: [{port: 81}]}}"},
    {"network.ingress.ports[].hostPort", "network: {ingress: {ports: [{port: 80}]}}",
     "network: {ingress: {ports: [{port: 80, hostPort: 8080}]}}"},
    {"network.ingress.ports[].protocol", "network: {ingress: {ports: [{port: 80}]}}",
     "network: {ingress: {ports: [{port: 80, protocol: udp}]}}"},
    {"network.loopback", "network: {loopback: deny}", "network: {loopback: allow}"},
#define NETWORK_BUDGET(what) "network: {egress: {default: allow}, " what "}"
    BUDGETS("network.budget", NETWORK_BUDGET),
#define NETWORK_HTTP(what) "network: {egress: {allow: [{to: [{host: a.example}], ports: [{port: 80, protocol: tcp}], http: {methods: [GET]}}]}, " what "}"
    {"network.budget.requests", NETWORK_HTTP("budget: {requests: 1}"), NETWORK_HTTP("budget: {requests: 2}")},
    {"network.tls.authorities[]", "network: {tls: {authorities: [/a.pem]}}", "network: {tls: {authorities: [/b.pem]}}"},
    {"runtimeConfig.networkProxy", "runtimeConfig: {networkProxy: 'http://127.0.0.1:3128'}",
     "runtimeConfig: {networkProxy: 'http://127.0.0.1:3129'}"},

    {"environment.inherit[]", "environment: {inherit: [A]}", "environment: {inherit: [B]}"},
    {"environment.set.*", "environment: {set: {A: x}}", "environment: {set: {B: x}}"},
    {"process.commandLine", "process: {commandLine: a}", "process: {commandLine: b}"},
    {"process.cwd", "process: {commandLine: a, cwd: /a}", "process: {commandLine: a, cwd: /b}"},
    {"process.env[]", "process: {commandLine: a, env: [A=1]}", "process: {commandLine: a, env: [B=1]}"},
    {"process.inheritDefaultEnv", "process: {commandLine: a, env: [A=1], inheritDefaultEnv: true}",
     "process: {commandLine: a, env: [A=1], inheritDefaultEnv: false}"},
    {"process.timeout", "process: {commandLine: a, timeout: 1s}", "process: {commandLine: a, timeout: 2s}"},
    {"resources.memory", "resources: {memory: 1GiB}", "resources: {memory: 2GiB}"},
    {"resources.cpus", "resources: {cpus: 1}", "resources: {cpus: 2}"},
    {"resources.pids", "resources: {pids: 1}", "resources: {pids: 2}"},
    {"resources.openFiles", "resources: {openFiles: 10}", "resources: {openFiles: 20}"},
    {"resources.disk", "resources: {disk: 1GiB}", "resources: {disk: 2GiB}"},
    {"resources.output", "resources: {output: 1GiB}", "resources: {output: 2GiB}"},
    {"resources.wallTime", "resources: {wallTime: 1s}", "resources: {wallTime: 2s}"},
    {"resources.cpuTime", "resources: {cpuTime: 1s}", "resources: {cpuTime: 2s}"},
    {"devices[]", "devices: [/dev/a]", "devices: [/dev/b]"},
    {"unixSockets[]", "unixSockets: [/run/a]", "unixSockets: [/run/b]"},
    {"syscalls.deny[]", "syscalls: {deny: [ptrace]}", "syscalls: {deny: [fork]}"},
    {"syscalls.allow[]", "syscalls: {allow: [io_uring_setup]}", "syscalls: {allow: [keyctl]}"},
    {"isolation.tier", "isolation: {tier: process}", "isolation: {tier: microvm}"},
    {"isolation.minimum", "isolation: {minimum: process}", "isolation: {minimum: microvm}"},
    {"isolation.allowLoss[]", "isolation: {allowLoss: []}", "isolation: {allowLoss: [groups]}"},
    {"isolation.risk", "isolation: {risk: low}", "isolation: {risk: high}"},
    {"isolation.acceleration", "isolation: {acceleration: any}", "isolation: {acceleration: hardware}"},
    {"nested.containers", "nested: {containers: false}", "nested: {containers: true}"},
    {"nested.namespaces", "nested: {namespaces: false}", "nested: {namespaces: true}"},
    {"nested.depth", "nested: {containers: true, depth: 1}", "nested: {containers: true, depth: 2}"},
    {"identity.class", "identity: {class: a}", "identity: {class: b}"},
    {"identity.sponsor", "identity: {sponsor: a}", "identity: {sponsor: b}"},
    {"identity.files", "identity: {files: false}", "identity: {files: true}"},
    {"identity.audiences[]", "identity: {audiences: [a]}", "identity: {audiences: [b]}"},
    {"nested.number", "nested: {containers: true, number: 1}", "nested: {containers: true, number: 2}"},
    {"audit.mode", "audit: {mode: required}", "audit: {mode: recorded}"},
    {"audit.arguments", "audit: {arguments: salted}", "audit: {arguments: clear}"},
    {"audit.paths", "audit: {paths: sealed}", "audit: {paths: salted}"},

#define SECRET(what) "secrets: [{" what "}]"
    {"secrets[].name", SECRET("name: A, source: 'env:X', hosts: [a.example]"), SECRET("name: B, source: 'env:X', hosts: [a.example]")},
    {"secrets[].file", SECRET("name: A, source: 'env:X', hosts: [a.example]"),
     SECRET("name: A, file: /f, source: 'env:X', hosts: [a.example]")},
    {"secrets[].source", SECRET("name: A, source: 'env:X', hosts: [a.example]"), SECRET("name: A, source: 'env:Y', hosts: [a.example]")},
    {"secrets[].command[]", SECRET("name: A, command: [/a], hosts: [a.example]"), SECRET("name: A, command: [/b], hosts: [a.example]")},
    {"secrets[].prefix", SECRET("name: A, source: 'env:X', hosts: [a.example]"),
     SECRET("name: A, source: 'env:X', hosts: [a.example], prefix: sk-")},
    {"secrets[].hosts[]", SECRET("name: A, source: 'env:X', hosts: [a.example]"), SECRET("name: A, source: 'env:X', hosts: [b.example]")},
#define PLACE(what) SECRET("name: A, source: 'env:X', hosts: [a.example], in: [{" what "}]")
    {"secrets[].in[].header", PLACE("header: X"), PLACE("header: Y")},
    {"secrets[].in[].query", PLACE("query: x"), PLACE("query: y")},
    {"secrets[].in[].basicAuth", PLACE("header: X"), PLACE("basicAuth: true")},
    {"secrets[].in[].body", PLACE("body: /x"), PLACE("body: /y")},

    {"ui.disable", "ui: {disable: true}", "ui: {disable: false}"},
    {"ui.clipboard", "ui: {clipboard: none}", "ui: {clipboard: write}"},
    {"ui.injection", "ui: {injection: false}", "ui: {injection: true}"},
    {"ui.windows", "ui: {windows: false}", "ui: {windows: true}"},
    {"ui.screenCapture", "ui: {screenCapture: false}", "ui: {screenCapture: true}"},
    {"ui.camera", "ui: {camera: false}", "ui: {camera: true}"},
    {"ui.microphone", "ui: {microphone: false}", "ui: {microphone: true}"},
    {"ui.location", "ui: {location: false}", "ui: {location: true}"},
    {"ui.sessionBus", "ui: {sessionBus: false}", "ui: {sessionBus: true}"},
    {"lifecycle.destroyOnExit", "lifecycle: {destroyOnExit: true}", "lifecycle: {destroyOnExit: false}"},
    {"lifecycle.preservePolicy", "lifecycle: {preservePolicy: false}", "lifecycle: {preservePolicy: true}"},
};

static const struct variables variables = {.workspace = "/home/u/ws", .home = "/home/u", .user = "u", .tmp = "/tmp"};

static struct policy *load(const char *member, const char *name, const char *text)
{
    const struct load_options options = {.kind = LAYER_REQUEST, .variables = &variables, .layer_name = "document"};
    struct error err = ERROR_INIT;
    struct document *document = NULL;
    struct policy *policy = NULL;
    char whole[1024];

    snprintf(whole, sizeof(whole), "version: cordon/1\n%s\n", text);
    check_int(policy_new(&policy, &err), 0);
    if (document_load_text(policy->arena, name, whole, strlen(whole), &options, &document, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s: %s", member, err.text);
    check_int(policy_add_layer(policy, document, &err), 0);
    return policy;
}

/* What is possible, impossible or otherwise in the one direction is told of the other too. */
static unsigned check_row(size_t row)
{
    auto_arena struct arena *arena = arena_new();
    auto_policy struct policy *before = load(rows[row].member, "a.yaml", rows[row].before);
    auto_policy struct policy *after = load(rows[row].member, "b.yaml", rows[row].after);
    struct policy_diff diff, back, same;

    check_int(policy_diff(arena, before, after, &diff, NULL), 0);
    check_int(policy_diff(arena, after, before, &back, NULL), 0);
    check_int(policy_diff(arena, before, before, &same, NULL), 0);
    if (diff.count && back.count && !same.count)
        return 0;
    printf("     %s: %zu there, %zu back, %zu with itself\n", rows[row].member, diff.count, back.count, same.count);
    return 1;
}

static unsigned check_leaf(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (strcmp(rows[i].member, name) == 0)
            return rows[i].after ? check_row(i) : 0;
    printf("     %s has no row\n", name);
    return 1;
}

static unsigned walk(const struct member *member, const char *name)
{
    char below[256];
    unsigned count = 0;

    switch (member->type) {
    case VALUE_MAP:
        for (const struct member *each = member->members; each->name; each++) {
            snprintf(below, sizeof(below), "%s%s%s", name, *name ? "." : "", each->name);
            count += walk(each, below);
        }
        return count;
    case VALUE_LIST:
    case VALUE_DICT:
        snprintf(below, sizeof(below), "%s%s", name, member->type == VALUE_LIST ? "[]" : ".*");
        return walk(member->item, below);
    default:
        if (member->has_optional) {
            snprintf(below, sizeof(below), "%s.optional", name);
            count = check_leaf(below);
        }
        return count + check_leaf(name);
    }
}

TEST(each_member_that_changes_a_run_shows_in_a_comparison)
{
    const struct member document = {.type = VALUE_MAP, .members = document_members};

    check_int(walk(&document, ""), 0);
}
