/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lint over documents and a machine that is made up: a row for each kind of finding, with a document that has it and a twin
 * that has not; golden files; SARIF against what its schema requires. CORDON_GOLDEN_WRITE=1 writes the golden files.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <time.h>
#include <sys/stat.h>
#include <unistd.h>

#include "author/lint.h"
#include "base/file.h"
#include "base/text.h"
#include "test.h"

struct fixture {
    struct arena *arena;
    struct policy *policy;
    struct variables variables;
    struct lint_input input;
    struct lint lint;
    struct error err;
};

static void fixture_open(struct fixture *f)
{
    *f = (struct fixture){.variables = {.workspace = "/home/u/project", .home = "/home/u", .user = "u", .tmp = "/tmp"}};
    f->arena = arena_new();
    check(f->arena != NULL);
    check_int(policy_new(&f->policy, &f->err), 0);
    f->input = (struct lint_input){
        .policy = f->policy, .variables = &f->variables, .search_path = "/usr/local/bin:/usr/bin:/home/u/.local/bin"};
}

static void fixture_close(struct fixture *f)
{
    policy_free(f->policy);
    arena_free(f->arena);
}

static void add_layer(struct fixture *f, enum layer_kind kind, const char *name, const char *text)
{
    struct load_options options = {.kind = kind, .variables = &f->variables, .layer_name = "document"};
    struct document *document;

    if (document_load_text(f->policy->arena, name, text, strlen(text), &options, &document, &f->err) < 0)
        test_fail(__FILE__, __LINE__, "%s", f->err.text);
    check_int(policy_add_layer(f->policy, document, &f->err), 0);
}

static void look(struct fixture *f)
{
    if (lint_look(f->arena, &f->input, &f->lint, &f->err) < 0)
        test_fail(__FILE__, __LINE__, "%s", f->err.text);
}

static const struct lint_finding *find(const struct fixture *f, const char *id)
{
    for (size_t i = 0; i < f->lint.finding_count; i++)
        if (strcmp(f->lint.findings[i].rule->id, id) == 0)
            return &f->lint.findings[i];
    return NULL;
}

#define BASE "version: cordon/1\nextends: [base]\n"
#define RW(path) BASE "filesystem:\n  protectBuiltin: true\n  readwritePaths: [" path "]\n"
#define ALLOW(rule) BASE "network: {egress: {allow: [" rule "]}}\n"
#define API "to: [{host: api.example.org}], ports: [{port: 443, protocol: tcp}]"

static const struct {
    const char *id, *text, *twin;
} rows[] = {
    {"conflict.same-path", RW("/srv/a") "  deniedPaths: [/srv/a]\n", RW("/srv/a") "  deniedPaths: [/srv/a/b]\n"},
    {"conflict.same-path", RW("/srv/a") "  readonlyPaths: [/srv/a]\n", RW("/srv/a") "  readonlyPaths: [/srv/a/b]\n"},
    {"conflict.void-grant", RW("/srv/a, /srv/a/x.key") "  deniedPaths: [\"/srv/a/*.key\"]\n",
     RW("/srv/a, /srv/a/x.txt") "  deniedPaths: [\"/srv/a/*.key\"]\n"},
    {"conflict.void-grant", RW("/srv/a, /srv/a/.git/hooks"), RW("/srv/a, /srv/a/.git/refs")},
    {"conflict.hole", RW("/srv/a/b") "  deniedPaths: [/srv/a]\n", RW("/srv/a") "  deniedPaths: [/srv/a/b]\n"},
    {"conflict.network-denied", BASE "network: {egress: {allow: [{" API "}], deny: [{to: [{host: api.example.org}]}]}}\n",
     BASE "network: {egress: {allow: [{" API "}], deny: [{to: [{host: other.example.org}]}]}}\n"},
    {"conflict.network-plain", ALLOW("{" API ", tls: terminate, http: {methods: [GET]}}, {" API "}"),
     ALLOW("{" API ", tls: terminate, http: {methods: [GET]}}, {to: [{host: other.example.org}], ports: [{port: 443}]}")},
    {"conflict.syscall", BASE "syscalls: {allow: [ptrace], deny: [ptrace]}\n", BASE "syscalls: {deny: [ptrace]}\n"},
    {"dead.denial", BASE "filesystem: {deniedPaths: [/srv/a]}\n", RW("/srv") "  deniedPaths: [/srv/a]\n"},
    {"dead.denial", BASE "filesystem: {deniedPaths: [\"/srv/a/*.key\"]}\n", RW("/srv") "  deniedPaths: [\"/srv/a/*.key\"]\n"},
    {"dead.denial", BASE "network: {egress: {allow: [{" API "}], deny: [{to: [{host: b.example.org}]}]}}\n",
     BASE "network: {egress: {default: allow, deny: [{to: [{host: b.example.org}]}]}}\n"},
    {"dead.protection", BASE "filesystem: {protectedPaths: [/srv/a]}\n", RW("/srv") "  protectedPaths: [/srv/a]\n"},
    {"dead.protection", BASE "filesystem: {unprotectedPaths: [.vscode]}\n", RW("/srv") "  unprotectedPaths: [.vscode]\n"},
    {"dead.variable", BASE "environment: {inherit: [LC_ALL]}\n", BASE "environment: {inherit: [EDITOR]}\n"},
    {"dead.variable", BASE "environment: {inherit: [EDITOR], set: {EDITOR: vi}}\n", BASE "environment: {set: {EDITOR: vi}}\n"},
    {"dead.covered", BASE "filesystem: {readonlyPaths: [/usr/share]}\n", BASE "filesystem: {readonlyPaths: [/srv/share]}\n"},
    {"dead.covered", BASE "filesystem: {readonlyPaths: [/srv/a, /srv/a]}\n", BASE "filesystem: {readonlyPaths: [/srv/a, /srv/ab]}\n"},
    {"dead.covered", ALLOW("{" API "}, {to: [{host: api.example.org}]}"), ALLOW("{" API "}")},
    {"dead.covered", ALLOW("{" API ", until: '2090-01-01T00:00:00Z'}, {to: [{host: api.example.org}]}"), ALLOW("{" API "}, {to: [{host: api.example.org}], until: '2090-01-01T00:00:00Z'}")},
    {"dead.covered", BASE "devices: [/dev/null]\n", BASE "devices: [/dev/kvm]\n"},
    {"risk.tree-writable", RW("\"${home}\""), RW("\"${home}/x\"")},
    {"risk.tree-writable", RW("/etc"), RW("/srv")},
    {"risk.path-directory", RW("/usr/local/bin"), RW("/usr/local/binary")},
    {"risk.path-directory", RW("/usr/local"), RW("/usr/local/share")},
    {"risk.obeyed", RW("\"${home}/.config\""), RW("\"${home}/.config/my-program\"")},
    {"risk.obeyed", RW("\"${home}/.config/systemd/user/a.service\""), RW("\"${home}/.config/systemd-user\"")},
    {"risk.home-readable", BASE "filesystem: {readonlyPaths: [\"${home}\"]}\n", BASE "filesystem: {readonlyPaths: [\"${home}/x\"]}\n"},
    {"risk.credential", BASE "filesystem: {readonlyPaths: [\"${home}/.ssh\"]}\n",
     BASE "filesystem: {readonlyPaths: [\"${home}\"], deniedPaths: [\"${home}/.*\", \"${home}/snap\", \"${home}/Mail*\"]}\n"},
    {"risk.credential-network", BASE "filesystem: {readonlyPaths: [\"${home}/.aws\"]}\nnetwork: {egress: {allow: [{" API "}]}}\n",
     BASE "filesystem: {readonlyPaths: [\"${home}/.aws\"]}\n"},
    {"risk.credential-network",
     BASE "filesystem: {views: [{source: \"${home}/.aws\", target: /srv/aws}]}\nnetwork: {egress: {allow: [{" API "}]}}\n",
     BASE "filesystem: {views: [{source: \"${home}/aws\", target: /srv/aws}]}\nnetwork: {egress: {allow: [{" API "}]}}\n"},
    {"risk.unprotected", BASE "filesystem: {readwritePaths: [\"${workspace}\"]}\n", RW("\"${workspace}\"")},
    {"risk.unprotected", RW("\"${workspace}\"") "  unprotectedPaths: [.vscode]\n", RW("\"${workspace}\"")},
    {"risk.wildcard-host", ALLOW("{to: [{host: \"*.example.org\"}]}"), ALLOW("{to: [{host: a.example.org}]}")},
    {"risk.shared-domain", ALLOW("{to: [{host: \"*.github.io\"}]}"), ALLOW("{to: [{host: me.github.io}]}")},
    {"risk.shared-domain", ALLOW("{to: [{host: \"*.co.uk\"}]}"), ALLOW("{to: [{host: \"*.company.co.uk\"}]}")},
    {"risk.every-address", ALLOW("{ports: [{port: 443}]}"), ALLOW("{" API "}")},
    {"risk.every-address", ALLOW("{to: [{cidr: 0.0.0.0/0}]}"), ALLOW("{to: [{cidr: 203.0.113.0/24}]}")},
    {"risk.every-address", BASE "network: {egress: {default: allow}}\n", BASE "network: {egress: {default: deny}}\n"},
    {"risk.every-port", ALLOW("{to: [{host: a.example.org}]}"), ALLOW("{" API "}")},
    {"risk.inside-address", ALLOW("{to: [{cidr: 10.0.0.0/8}]}"), ALLOW("{to: [{cidr: 203.0.113.0/24}]}")},
    {"risk.inside-address", ALLOW("{to: [{cidr: 169.254.169.254}]}"), ALLOW("{to: [{cidr: 203.0.113.4}]}")},
    {"risk.host-loopback", BASE "network: {ingress: {hostLoopbackPorts: [{port: 5432}]}}\n",
     BASE "network: {ingress: {ports: [{port: 5432}]}}\n"},
    {"risk.passthrough", ALLOW("{" API ", http: {methods: [GET]}}"), ALLOW("{" API ", tls: terminate, http: {methods: [GET]}}")},
    {"risk.root-socket", BASE "unixSockets: [/var/run/docker.sock]\n", BASE "unixSockets: [/run/postgresql/.s.PGSQL.5432]\n"},
    {"risk.session-socket", BASE "unixSockets: [/run/user/1000/bus]\n", BASE "unixSockets: [/run/user/1000/omnibus]\n"},
    {"risk.device", BASE "devices: [/dev/kvm]\n", BASE "devices: [/dev/null]\n"},
    {"risk.syscall", BASE "syscalls: {allow: [ptrace]}\n", BASE "syscalls: {deny: [ptrace]}\n"},
    {"risk.nested", BASE "nested: {namespaces: true}\n", BASE "nested: {namespaces: false}\n"},
    {"risk.loss", BASE "isolation: {allowLoss: [groups]}\n", BASE "isolation: {allowLoss: []}\n"},
    {"risk.secret-variable", BASE "environment: {inherit: [GITHUB_TOKEN]}\n", BASE "environment: {inherit: [KEYBOARD]}\n"},
    {"risk.secret-variable", BASE "environment: {inherit: [\"AWS_SECRET_*\"]}\n", BASE "environment: {inherit: [\"AWS_REGION*\"]}\n"},
    {"risk.secret-value", BASE "environment: {set: {A: ghp_0123456789abcdef}}\n", BASE "environment: {set: {A: ghp_}}\n"},
    {"risk.clipboard", BASE "ui: {disable: false, clipboard: write}\n", BASE "ui: {clipboard: none}\n"},
    {"wide.no-limit", BASE "resources: {memory: 1GiB}\n", BASE "resources: {memory: 1GiB, pids: 9, wallTime: 1h}\n"},
    {"path.pattern-wide", RW("/srv") "  deniedPaths: [\"**/.env\"]\n", RW("/srv") "  deniedPaths: [\"/srv/**/.env\"]\n"},
    {"path.not-expanded", BASE "environment: {set: {A: $HOME/x}}\n", BASE "environment: {set: {A: 5 $}}\n"},
    {"path.not-expanded", BASE "environment: {set: {A: ~/x}}\n", BASE "environment: {set: {A: a~b}}\n"},
};

TEST(what_is_said_against_a_missing_limit_names_no_limit_that_is_there)
{
    struct fixture f;

    fixture_open(&f);
    add_layer(&f, LAYER_REQUEST, "a.yaml", BASE "resources: {wallTime: 30m}\n");
    look(&f);
    check(find(&f, "wide.no-limit"));
    check_string(find(&f, "wide.no-limit")->mend, "resources: {memory: 4GiB, pids: 1024}");
    fixture_close(&f);
    fixture_open(&f);
    add_layer(&f, LAYER_REQUEST, "a.yaml", BASE "resources: {memory: 1GiB, pids: 9}\n");
    look(&f);
    check(find(&f, "wide.no-limit"));
    check_string(find(&f, "wide.no-limit")->mend, "resources: {wallTime: 2h}");
    fixture_close(&f);
}

TEST(each_kind_of_finding_is_found_and_not_in_its_twin)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct fixture f;

        fixture_open(&f);
        add_layer(&f, LAYER_REQUEST, "a.yaml", rows[i].text);
        look(&f);
        if (!find(&f, rows[i].id))
            test_fail(__FILE__, __LINE__, "row %zu: no %s in\n%s", i, rows[i].id, rows[i].text);
        fixture_close(&f);
        fixture_open(&f);
        add_layer(&f, LAYER_REQUEST, "a.yaml", rows[i].twin);
        look(&f);
        if (find(&f, rows[i].id))
            test_fail(__FILE__, __LINE__, "row %zu: %s in the twin: %s\n%s", i, rows[i].id, find(&f, rows[i].id)->reason,
                      rows[i].twin);
        fixture_close(&f);
    }
}

TEST(a_finding_names_line_column_member_reason_and_mend)
{
    const struct lint_finding *finding;
    struct fixture f;

    fixture_open(&f);
    add_layer(&f, LAYER_REQUEST, "dir/a.yaml", "version: cordon/1\nextends: [base]\nunixSockets:\n  - /var/run/docker.sock\n");
    look(&f);
    finding = find(&f, "risk.root-socket");
    check(finding != NULL);
    check_string(finding->origin->file, "dir/a.yaml");
    check_int(finding->origin->line, 4);
    check_int(finding->origin->column, 5);
    check_string(finding->origin->member, "unixSockets[0]");
    check_contains(finding->reason, "Docker");
    check_contains(finding->mend, "remove it");
    fixture_close(&f);
}

TEST(a_ceiling_and_another_document_that_take_a_grant_away_are_named)
{
    struct fixture f;

    fixture_open(&f);
    add_layer(&f, LAYER_CEILING, "/etc/cordon/ceiling.d/org.yaml", BASE "filesystem: {readonlyPaths: [/srv/b]}\n");
    add_layer(&f, LAYER_REQUEST, "a.yaml", BASE "filesystem: {readwritePaths: [/srv/a, /srv/b], protectBuiltin: true}\n");
    add_layer(&f, LAYER_REQUEST, "b.yaml", BASE "filesystem: {readwritePaths: [/srv/b], protectBuiltin: true}\n");
    look(&f);
    check(find(&f, "conflict.ceiling") != NULL);
    check_contains(find(&f, "conflict.ceiling")->reason, "org.yaml does not grant it");
    check(find(&f, "conflict.documents") != NULL);
    check_contains(find(&f, "conflict.documents")->reason, "b.yaml does not grant it");
    fixture_close(&f);
    fixture_open(&f); /* the twin: all grant it */
    add_layer(&f, LAYER_CEILING, "/etc/cordon/ceiling.d/org.yaml", BASE "filesystem: {readwritePaths: [/srv]}\n");
    add_layer(&f, LAYER_REQUEST, "a.yaml", BASE "filesystem: {readwritePaths: [/srv/a], protectBuiltin: true}\n");
    look(&f);
    check(!find(&f, "conflict.ceiling"));
    fixture_close(&f);
}

TEST(a_layer_that_lets_nothing_of_a_network_rule_through_is_named)
{
    static const char rules[] = ALLOW("{" API "}, {to: [{host: b.example.org}], ports: [{port: 443}]}");
    struct fixture f;

    fixture_open(&f);
    add_layer(&f, LAYER_CEILING, "/etc/cordon/ceiling.d/org.yaml",
              "version: cordon/1\nnetwork: {egress: {allow: [{to: [{host: \"*.example.org\"}]}], deny: [{to: [{host: b.example.org}]}]}}\n");
    add_layer(&f, LAYER_REQUEST, "a.yaml", rules);
    look(&f);
    check_string(find(&f, "conflict.ceiling")->origin->member, "network.egress.allow[1]");
    check_contains(find(&f, "conflict.ceiling")->reason, "b.example.org: org.yaml does not let it through, by org.yaml:2 (network.egress.deny[0])");
    fixture_close(&f);
    fixture_open(&f);
    add_layer(&f, LAYER_CEILING, "/etc/cordon/ceiling.d/org.yaml", "version: cordon/1\nnetwork: {egress: {default: deny}}\n");
    add_layer(&f, LAYER_REQUEST, "a.yaml", rules);
    add_layer(&f, LAYER_REQUEST, "c.yaml", BASE);
    look(&f);
    check(find(&f, "conflict.ceiling") != NULL);
    check_contains(find(&f, "conflict.documents")->reason, "c.yaml does not let it through");
    fixture_close(&f);
    fixture_open(&f); /* the twin: it says nothing of the network */
    add_layer(&f, LAYER_CEILING, "/etc/cordon/ceiling.d/org.yaml", "version: cordon/1\nresources: {pids: 9}\n");
    add_layer(&f, LAYER_REQUEST, "a.yaml", rules);
    look(&f);
    check(!find(&f, "conflict.ceiling"));
    fixture_close(&f);
}

TEST(members_that_mean_nothing_here_are_told)
{
    struct fixture f;

    fixture_open(&f);
    add_layer(&f, LAYER_REQUEST, "a.json",
              "{\"version\": \"0.7.0-alpha\", \"process\": {\"commandLine\": \"true\"}, \"lifecycle\": {\"preservePolicy\": true}}");
    look(&f);
    check_contains(find(&f, "document.no-effect")->reason, "no rule outlives the container");
    check(find(&f, "document.no-effect")->origin->line == 1);
    fixture_close(&f);
    fixture_open(&f); /* the twin: what holds anyway */
    add_layer(&f, LAYER_REQUEST, "a.json",
              "{\"version\": \"0.7.0-alpha\", \"process\": {\"commandLine\": \"true\"}, \"lifecycle\": {\"preservePolicy\": false}}");
    look(&f);
    check(!find(&f, "document.no-effect"));
    fixture_close(&f);
}

TEST(the_hosts_network_is_told_where_the_plan_has_it)
{
    struct plan plan = {.network = PLAN_NET_HOST};
    struct fixture f;

    fixture_open(&f);
    add_layer(&f, LAYER_REQUEST, "a.yaml", BASE "network: {egress: {default: allow}, ingress: {default: allow}}\n");
    look(&f);
    check(!find(&f, "risk.host-network") && find(&f, "risk.every-address"));
    f.input.plan = &plan;
    look(&f);
    check(find(&f, "risk.host-network") && !find(&f, "risk.every-address"));
    fixture_close(&f);
}

TEST(what_a_profile_grants_is_exposed_and_nobodys_to_mend)
{
    struct fixture f;

    fixture_open(&f);
    add_layer(&f, LAYER_REQUEST, "a.yaml",
              "version: cordon/1\nextends: [restricted-host]\nresources: {memory: 1GiB, pids: 9, wallTime: 1h}\n");
    look(&f);
    check(!find(&f, "risk.unprotected") && !find(&f, "risk.loss"));
    check_int(f.lint.finding_count, 0);
    check_int(f.lint.exposure, 10 + 5); /* unprotected, loss */
    fixture_close(&f);
}

TEST(an_invalid_document_is_a_finding_at_its_place)
{
    struct error failure = {.kind = ERROR_INVALID, .text = "a.yaml:3:5: filesystem: unknown member 'x'"};
    struct fixture f;

    fixture_open(&f);
    f.input.policy = NULL;
    f.input.failure = &failure;
    f.input.document = "a.yaml";
    look(&f);
    check_int(f.lint.counts[LINT_ERROR], 1);
    check_string(f.lint.findings[0].rule->id, "document.invalid");
    check_int(f.lint.findings[0].origin->line, 3);
    check_string(f.lint.findings[0].origin->member, "filesystem");
    check_string(f.lint.findings[0].reason, "unknown member 'x'");
    fixture_close(&f);
    fixture_open(&f); /* the twin: no place in it, and a text that is not ours to take apart */
    failure.kind = ERROR_SYSTEM;
    strcpy(failure.text, "b.yaml:1:1: other");
    f.input.policy = NULL;
    f.input.failure = &failure;
    f.input.document = "a.yaml";
    look(&f);
    check_string(f.lint.findings[0].rule->id, "machine.refused");
    check(f.lint.findings[0].origin == NULL);
    check_string(f.lint.findings[0].reason, "b.yaml:1:1: other");
    fixture_close(&f);
}

TEST(what_a_document_names_is_never_printed_raw)
{
    struct fixture f;
    char *text = NULL;

    fixture_open(&f);
    add_layer(&f, LAYER_REQUEST, "a.yaml", BASE "environment: {set: {A: \"\\e[31m$HOME\"}}\nfilesystem: {deniedPaths: [\"/srv/\xe2\x80\xaegnp\"]}\n");
    look(&f);
    check_int(lint_print_text(&f.lint, &text, &f.err), 0);
    check(!strchr(text, '\033'));
    check(!strstr(text, "\xe2\x80\xae"));
    check_contains(text, "\\xe2\\x80\\xae");
    mem_free(text);
    fixture_close(&f);
}

TEST(the_name_of_a_document_is_never_printed_raw)
{
    struct fixture f;
    auto_free char *text = NULL;

    fixture_open(&f);
    add_layer(&f, LAYER_REQUEST, "/d/\033[31m\xe2\x80\xae.yaml", BASE "filesystem: {readonlyPaths: [/usr, /usr], deniedPaths: [/usr]}\n");
    look(&f);
    check_int(lint_print_text(&f.lint, &text, &f.err), 0);
    check_contains(text, "denied by \\x1b[31m");
    check(!strchr(text, '\033'));
    check(!strstr(text, "\xe2\x80\xae"));
    fixture_close(&f);
}

/* ---- this machine ---- */

TEST(names_are_looked_up_where_there_is_a_machine)
{
    char root[] = "/tmp/cordon-lint.XXXXXX", text[512], path[128];
    struct fixture f;

    check(test_make_directory(root) != NULL);
    snprintf(path, sizeof(path), "%s/a.key", root);
    test_write_file(path, "", 0644);
    fixture_open(&f);
    f.input.has_machine = true;
    snprintf(text, sizeof(text),
             BASE "filesystem:\n  protectBuiltin: true\n  readwritePaths: [%s, {path: %s/none, optional: true}]\n"
                  "  deniedPaths: [\"%s/*.key\", \"%s/*.pem\", \"%s/*.p12\", \"%s/*.jks\"]\n",
             root, root, root, root, root, root);
    add_layer(&f, LAYER_REQUEST, "a.yaml", text);
    look(&f);
    check(find(&f, "path.missing") != NULL);
    check_contains(find(&f, "path.missing")->reason, "/none");
    check(find(&f, "path.pattern-nothing") != NULL);
    check_contains(find(&f, "path.pattern-nothing")->reason, "*.pem and 2 more patterns");
    check_int(f.lint.counts[LINT_NOTE], 3); /* and no limit */
    fixture_close(&f);
}

static void fill_project(const char *root)
{
    static const struct {
        const char *name, *text;
    } files[] = {
        {"deploy.pem", "x\n-----BEGIN RSA PRIVATE KEY-----\n"}, {"public.pem", "-----BEGIN CERTIFICATE-----\n"},
        {".npmrc", "//registry.npmjs.org/:_authToken=x\n"}, {"sub/.npmrc", "registry=https://a.example\n"},
        {"sub/.env", "A=1\n"}, {"sub/credentials.json", "{}"}, {"shut/.git-credentials", "x"},
    };
    char path[256];

    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof(path), "%s/%s", root, i ? "shut" : "sub");
        check_int(mkdir(path, 0700), 0);
    }
    for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
        snprintf(path, sizeof(path), "%s/%s", root, files[i].name);
        test_write_file(path, files[i].text, 0600);
    }
    snprintf(path, sizeof(path), "%s/pipe.pem", root); /* whoever opens it to read waits */
    check_int(mkfifo(path, 0600), 0);
    snprintf(path, sizeof(path), "%s/link", root);
    check_int(symlink("/etc", path), 0);
}

TEST(credentials_in_a_granted_tree_are_found_where_they_can_be_sent_away)
{
    char root[] = "/tmp/cordon-lint.XXXXXX", text[512];
    static const char out[] = "network: {egress: {allow: [{" API "}]}}\n";
    const struct lint_finding *finding;
    struct fixture f;

    check(test_make_directory(root) != NULL);
    fill_project(root);
    for (int has_network = 1; has_network >= 0; has_network--) {
        fixture_open(&f);
        f.input.has_machine = true;
        snprintf(text, sizeof(text), BASE "filesystem: {readonlyPaths: [%s], deniedPaths: [%s/shut]}\n%s", root, root, has_network ? out : "");
        add_layer(&f, LAYER_REQUEST, "a.yaml", text);
        look(&f);
        finding = find(&f, "risk.credential-network");
        check(!finding == !has_network && !find(&f, "risk.credential"));
        if (finding) {
            check_contains(finding->reason, "and 1 more"); /* four: neither the certificate, the plain .npmrc, the pipe nor what is denied */
            check_int(finding->origin->line, 3);
            f.input.has_machine = false; /* the twin: nobody may look */
            look(&f);
            check(!find(&f, "risk.credential-network"));
        }
        fixture_close(&f);
    }
}

TEST(what_lies_in_a_workspace_that_a_profile_grants_is_told)
{
    char root[] = "/tmp/cordon-lint.XXXXXX";
    const struct lint_finding *finding;
    struct fixture f;

    check(test_make_directory(root) != NULL);
    fill_project(root);
    fixture_open(&f);
    f.input.has_machine = true;
    f.variables.workspace = root;
    add_layer(&f, LAYER_REQUEST, "a.yaml", "version: cordon/1\nextends: [coding-agent]\nnetwork: {egress: {allow: [{" API "}]}}\n");
    look(&f);
    finding = find(&f, "risk.credential-network");
    check(finding && !finding->origin);
    check_contains(finding->mend, "filesystem.deniedPaths: [\"${workspace}/");
    fixture_close(&f);
}

TEST(a_pattern_that_matches_very_much_is_told)
{
    char root[] = "/tmp/cordon-lint.XXXXXX", text[512], path[128];
    struct fixture f;

    check(test_make_directory(root) != NULL);
    for (int i = 0; i < 1001; i++) {
        snprintf(path, sizeof(path), "%s/%d.o", root, i);
        test_write_file(path, "", 0644);
    }
    fixture_open(&f);
    f.input.has_machine = true;
    snprintf(text, sizeof(text), BASE "filesystem:\n  protectBuiltin: true\n  readwritePaths: [%s]\n  deniedPaths: [\"%s/*.o\", \"%s/0.*\"]\n",
             root, root, root);
    add_layer(&f, LAYER_REQUEST, "a.yaml", text);
    look(&f);
    check(find(&f, "path.pattern-wide") != NULL);
    check_contains(find(&f, "path.pattern-wide")->reason, "*.o");
    check_int(f.lint.counts[LINT_WARNING], 1);
    fixture_close(&f);
}

TEST(a_link_that_leads_out_of_what_covers_its_name_is_no_repetition)
{
    char root[] = "/tmp/cordon-lint.XXXXXX", text[512], path[128];
    struct fixture f;

    check(test_make_directory(root) != NULL);
    snprintf(path, sizeof(path), "%s/link", root);
    check_int(symlink("/var/log", path), 0);
    fixture_open(&f);
    f.input.has_machine = true;
    snprintf(text, sizeof(text), BASE "filesystem: {readonlyPaths: [%s, %s/link]}\n", root, root);
    add_layer(&f, LAYER_REQUEST, "a.yaml", text);
    look(&f);
    check(!find(&f, "dead.covered"));
    f.input.has_machine = false; /* the twin: nobody may look */
    look(&f);
    check(find(&f, "dead.covered") != NULL);
    fixture_close(&f);
}

TEST(links_of_path_and_of_grants_hide_nothing)
{
    char root[] = "/tmp/cordon-lint.XXXXXX", text[512], path[128], search[256];
    struct fixture f;

    check(test_make_directory(root) != NULL);
    snprintf(path, sizeof(path), "%s/tools", root);
    check_int(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/bin", root);
    check_int(symlink("tools", path), 0);
    snprintf(path, sizeof(path), "%s/keys", root);
    check_int(symlink("tools/id_rsa", path), 0);
    snprintf(path, sizeof(path), "%s/tools/id_rsa", root);
    test_write_file(path, "", 0600);
    snprintf(search, sizeof(search), "/usr/bin::%s/bin/:relative", root);
    fixture_open(&f);
    f.input.has_machine = true;
    f.input.search_path = search;
    snprintf(text, sizeof(text), BASE "filesystem: {protectBuiltin: true, readwritePaths: [%s/tools], readonlyPaths: [%s/keys]}\n", root, root);
    add_layer(&f, LAYER_REQUEST, "a.yaml", text);
    look(&f);
    check(find(&f, "risk.path-directory") != NULL);
    check_contains(find(&f, "risk.credential")->reason, "tools/id_rsa (a private key)");
    f.input.has_machine = false; /* the twin: nobody may look */
    look(&f);
    check(!find(&f, "risk.path-directory"));
    check(!find(&f, "risk.credential"));
    for (size_t i = 0; i < 4; i++) { /* of the directory itself, however PATH spells it */
        static const char *const spellings[] = {"%s//tools", "%s/./tools", "%s/tools/.", "%s/bin/../tools"};

        snprintf(search, sizeof(search), spellings[i], root);
        f.input.has_machine = true;
        look(&f);
        if (!find(&f, "risk.path-directory"))
            test_fail(__FILE__, __LINE__, "%s", search);
    }
    fixture_close(&f);
}

TEST(what_the_plan_says_is_told_with_its_place)
{
    const struct origin origin = {.file = "a.yaml", .layer = "document", .line = 7, .column = 3, .member = "resources.memory"};
    struct plan_loss loss = {.name = "resources.memory", .text = "no control group", .origin = &origin};
    struct plan_problem problem = {.error = {.kind = ERROR_UNENFORCEABLE, .text = "a.yaml:9:1: isolation.tier: no microvm here"}};
    struct string_item warning = {.text = "look out"};
    struct plan plan = {.losses = &loss, .loss_count = 1, .problems = &problem, .problem_count = 1,
                        .warnings = {.items = &warning, .count = 1}};
    struct fixture f;

    fixture_open(&f);
    add_layer(&f, LAYER_REQUEST, "a.yaml", BASE);
    f.input.plan = &plan;
    look(&f);
    check_int(find(&f, "machine.not-enforced")->origin->line, 7);
    check_int(find(&f, "machine.refused")->origin->line, 9);
    check_string(find(&f, "machine.refused")->origin->member, "isolation.tier");
    check_string(find(&f, "machine.refused")->reason, "no microvm here");
    check_string(find(&f, "machine.warning")->reason, "look out");
    check_int(f.lint.exposure, 15 + 3);
    fixture_close(&f);
}

/* ---- records ---- */

TEST(rules_that_no_recorded_run_used_are_told)
{
    struct lint_use uses[3] = {{.is_write = false}, {.is_write = false}, {.is_write = true}};
    struct fixture f;

    fixture_open(&f);
    add_layer(&f, LAYER_REQUEST, "a.yaml",
              BASE "network: {egress: {allow: [{" API "}, {to: [{host: b.example.org}], ports: [{port: 443}]}]}}\n"
                   "filesystem: {protectBuiltin: true, readwritePaths: [/srv/a, /srv/b], readonlyPaths: [/srv/c]}\n");
    f.input.has_uses = true;
    look(&f); /* no record of files: nothing is said of them */
    check_int(f.lint.counts[LINT_WARNING], 2);
    for (size_t i = 0; i < f.policy->layers[0]->path_count; i++) {
        const struct path_rule *rule = &f.policy->layers[0]->paths[i];

        if (strcmp(rule->path, "/srv/a") == 0)
            uses[1].origin = &rule->origin;
        if (strcmp(rule->path, "/srv/b") == 0)
            uses[2].origin = &rule->origin;
    }
    uses[0].origin = &f.policy->layers[0]->network.allow[0].origin;
    f.input.uses = uses;
    f.input.use_count = ARRAY_COUNT(uses);
    f.input.has_files = true;
    look(&f);
    check_int(f.lint.counts[LINT_WARNING], 3);
    check_string(f.lint.findings[0].origin->member, "network.egress.allow[1]");
    check_contains(f.lint.findings[1].reason, "/srv/a was read");
    check_contains(f.lint.findings[2].reason, "/srv/c was used by none");
    f.input.has_uses = false;
    look(&f);
    check(!find(&f, "wide.unused"));
    fixture_close(&f);
}

/* ---- exposure ---- */

TEST(the_exposure_is_the_sum_of_what_is_open_and_ten_at_most)
{
    struct fixture f;
    unsigned sum = 0;

    fixture_open(&f);
    add_layer(&f, LAYER_REQUEST, "a.yaml", BASE "nested: {namespaces: true}\nisolation: {allowLoss: [groups]}\n");
    look(&f);
    for (size_t i = 0; i < f.lint.exposure_count; i++) {
        sum += f.lint.exposures[i].is_open ? f.lint.exposures[i].weight : 0;
        check(!*f.lint.exposures[i].why || f.lint.exposures[i].is_open);
    }
    check_int(f.lint.exposure, sum);
    check_int(sum, 10 + 5 + 3);
    fixture_close(&f);
    fixture_open(&f);
    add_layer(&f, LAYER_REQUEST, "a.yaml", BASE "unixSockets: [/run/docker.sock]\nfilesystem: {readwritePaths: [/]}\n");
    look(&f);
    check_int(f.lint.exposure, LINT_EXPOSURE_MAX);
    fixture_close(&f);
}

/* ---- what is printed ---- */

static void compare(const char *name, const char *suffix, char *text)
{
    char path[512];
    auto_free char *actual = text, *expected = NULL;
    struct error err;
    size_t size;

    snprintf(path, sizeof(path), "%s/lint/%s%s", CORDON_GOLDEN, name, suffix);
    if (getenv("CORDON_GOLDEN_WRITE")) {
        test_write_file(path, actual, 0644);
        return;
    }
    check_int(file_read(path, 1 << 20, &expected, &size, &err), 0);
    check_string(actual, expected);
}

static void open_golden(struct fixture *f, const char *name)
{
    char path[512], file[64];
    auto_free char *text = NULL;
    size_t size;

    fixture_open(f);
    snprintf(path, sizeof(path), "%s/lint/%s.yaml", CORDON_GOLDEN, name);
    snprintf(file, sizeof(file), "%s.yaml", name);
    check_int(file_read(path, 1 << 20, &text, &size, &f->err), 0);
    add_layer(f, LAYER_REQUEST, file, text);
    look(f);
}

static void check_golden(const char *name)
{
    struct fixture f;
    char *text = NULL;

    open_golden(&f, name);
    check_int(lint_print_text(&f.lint, &text, &f.err), 0);
    compare(name, ".txt", text);
    check_int(lint_print_json(&f.lint, &text, &f.err), 0);
    compare(name, ".json", text);
    check_int(lint_print_sarif(&f.lint, "0.0.0", &text, &f.err), 0);
    compare(name, ".sarif", text);
    fixture_close(&f);
}

TEST(lint_of_a_wide_policy_is_as_written_down)
{
    check_golden("wide");
}

TEST(lint_of_a_narrow_policy_is_as_written_down)
{
    check_golden("narrow");
}

/*
 * What the schema of SARIF 2.1.0 (sarif-schema-2.1.0.json, OASIS) requires of the objects that are written here, and which
 * values it lets the enumerated ones have.
 */
static const struct {
    const char *path; /* to the object; "[]" is each item */
    const char *required[4];
} required[] = {
    {"", {"version", "runs"}},
    {"runs[]", {"tool"}},
    {"runs[].tool", {"driver"}},
    {"runs[].tool.driver", {"name"}},
    {"runs[].tool.driver.rules[]", {"id"}},
    {"runs[].tool.driver.rules[].shortDescription", {"text"}},
    {"runs[].results[]", {"message"}},
    {"runs[].results[].message", {"text"}},
};

static void check_required(const json_t *value, const char *path, const char *const *members, const char *whole)
{
    size_t length = strcspn(path, ".[");

    if (!*path) {
        for (; *members; members++)
            if (!json_object_get(value, *members))
                test_fail(__FILE__, __LINE__, "%s has no '%s'", whole, *members);
        return;
    }
    if (path[0] == '[') {
        check(json_is_array(value));
        for (size_t i = 0; i < json_array_size(value); i++)
            check_required(json_array_get(value, i), path + 2 + (path[2] == '.'), members, whole);
        return;
    }
    value = json_object_getn(value, path, length);
    check(value != NULL);
    check_required(value, path + length + (path[length] == '.'), members, whole);
}

static void check_result(const json_t *result, const json_t *kinds)
{
    static const char *const levels = " none note warning error ";
    const json_t *location = json_array_get(json_object_get(result, "locations"), 0);
    const json_t *physical = json_object_get(location, "physicalLocation"), *region = json_object_get(physical, "region");
    const json_t *kind = json_array_get(kinds, (size_t)json_integer_value(json_object_get(result, "ruleIndex")));
    char level[32];

    snprintf(level, sizeof(level), " %s ", json_string_value(json_object_get(result, "level")));
    check(strstr(levels, level) != NULL);
    check_string(json_string_value(json_object_get(kind, "id")), json_string_value(json_object_get(result, "ruleId")));
    if (physical)
        check(json_is_string(json_object_get(json_object_get(physical, "artifactLocation"), "uri")));
    if (region)
        check(json_integer_value(json_object_get(region, "startLine")) >= 1);
}

TEST(sarif_has_what_its_schema_requires)
{
    struct fixture f;
    json_error_t fault;
    auto_free char *text = NULL;
    json_t *root, *run, *kinds;

    open_golden(&f, "wide");
    check_int(lint_print_sarif(&f.lint, "0.0.0", &text, &f.err), 0);
    root = json_loads(text, 0, &fault);
    check(root != NULL);
    for (size_t i = 0; i < ARRAY_COUNT(required); i++)
        check_required(root, required[i].path, required[i].required, required[i].path);
    check_string(json_string_value(json_object_get(root, "version")), "2.1.0");
    run = json_array_get(json_object_get(root, "runs"), 0);
    kinds = json_object_get(json_object_get(json_object_get(run, "tool"), "driver"), "rules");
    check_int(json_array_size(json_object_get(run, "results")), f.lint.finding_count);
    for (size_t i = 0; i < f.lint.finding_count; i++)
        check_result(json_array_get(json_object_get(run, "results"), i), kinds);
    json_decref(root);
    fixture_close(&f);
}

TEST(sarif_names_files_by_addresses)
{
    struct fixture f;
    auto_free char *text = NULL;

    fixture_open(&f);
    add_layer(&f, LAYER_REQUEST, "my policy#1.yaml", BASE);
    add_layer(&f, LAYER_REQUEST, "/srv/\xc3\xa4.yaml", BASE "devices: [/dev/kvm]\n");
    f.policy->layers[0]->warnings = (struct string_list){0};
    look(&f);
    check_int(lint_print_sarif(&f.lint, "0.0.0", &text, &f.err), 0);
    check_contains(text, "\"file:///srv/%C3%A4.yaml\"");
    check(!strstr(text, "my policy#1.yaml"));
    fixture_close(&f);
}

TEST(sarif_counts_columns_in_characters_and_gives_each_finding_a_place)
{
    static const char document[] = BASE "filesystem: {readonlyPaths: [\"/\xc3\xa9/\xc3\xbc\", /usr/lib, /usr]}\n";
    char path[] = "/tmp/cordon-lint.XXXXXX";
    struct fixture f;
    auto_free char *text = NULL;
    int fd = test_make_file(path);

    check(fd >= 0 && write(fd, document, strlen(document)) == (ssize_t)strlen(document));
    close(fd);
    fixture_open(&f);
    add_layer(&f, LAYER_REQUEST, path, document);
    look(&f);
    check_int(f.lint.findings[0].origin->column, 40);
    check_int(lint_print_sarif(&f.lint, "0.0.0", &text, &f.err), 0);
    check_contains(text, "\"startColumn\": 38\n");
    check(!strstr(text, "\"startColumn\": 40"));
    check_contains(strstr(text, "\"wide.no-limit\",\n          \"ruleIndex\""), path);
    fixture_close(&f);
}

/* ---- bounds ---- */

static int attempt(void)
{
    static const char text[] = BASE "filesystem: {protectBuiltin: true, readwritePaths: [\"${home}/.config\", /srv/a], "
                                    "readonlyPaths: [/srv/a, /usr/share], deniedPaths: [\"/srv/*/x\"]}\n"
                                    "network: {egress: {allow: [{to: [{host: \"*.example.org\"}, {cidr: 10.0.0.0/8}]}]}}\n"
                                    "environment: {inherit: [A_TOKEN], set: {B: $X}}\nunixSockets: [/run/docker.sock]\n";
    struct variables variables = {.workspace = "/home/u/project", .home = "/home/u", .user = "u", .tmp = "/tmp"};
    struct load_options options = {.kind = LAYER_REQUEST, .variables = &variables, .layer_name = "document"};
    auto_policy struct policy *policy = NULL;
    auto_arena struct arena *arena = arena_new();
    struct lint_input input = {.variables = &variables, .search_path = "/usr/bin"};
    auto_free char *report = NULL;
    struct document *document;
    struct lint lint;
    struct error err;
    int r = arena ? policy_new(&policy, &err) : -ENOMEM;

    if (r == 0)
        r = document_load_text(policy->arena, "a.yaml", text, strlen(text), &options, &document, &err);
    if (r == 0)
        r = policy_add_layer(policy, document, &err);
    input.policy = policy;
    if (r == 0)
        r = lint_look(arena, &input, &lint, &err);
    if (r == 0)
        r = lint_print_sarif(&lint, "0", &report, &err);
    return r;
}

TEST(each_allocation_that_fails_is_told)
{
    test_each_allocation_fails(attempt, 5000);
}

/* 1,000 rules of each sort that is compared with all others; the bound is generous, for machines that do something else. */
TEST(a_thousand_rules_are_looked_at_in_no_time)
{
    auto_text struct text text = {0};
    struct timespec begin, end;
    struct fixture f;
    long ms;

    text_add(&text, BASE "filesystem:\n  protectBuiltin: true\n  readwritePaths:\n");
    for (int i = 0; i < 350; i++)
        text_printf(&text, "    - /srv/tree%d/directory/of/some/depth%d\n", i % 50, i);
    text_add(&text, "  deniedPaths:\n");
    for (int i = 0; i < 350; i++)
        text_printf(&text, "    - /srv/tree%d/directory/of/some/depth%d/denied\n", i % 50, i);
    text_add(&text, "network:\n  egress:\n    allow:\n");
    for (int i = 0; i < 300; i++)
        text_printf(&text, "      - {to: [{host: host%d.example.org}], ports: [{port: 443, protocol: tcp}]}\n", i);
    fixture_open(&f);
    add_layer(&f, LAYER_REQUEST, "a.yaml", text.data);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    look(&f);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    ms = (end.tv_sec - begin.tv_sec) * 1000 + (end.tv_nsec - begin.tv_nsec) / 1000000;
    printf("    %ld ms\n", ms);
    check(ms < 500);
    check_int(f.lint.counts[LINT_ERROR], 0);
    fixture_close(&f);
}
