/* SPDX-License-Identifier: Apache-2.0 */
/* Drafts: what each template comes to, with nothing and with everything asked for. CORDON_GOLDEN_WRITE=1 writes the files. */
#include <errno.h>
#include <stdlib.h>

#include "author/draft.h"
#include "author/lint.h"
#include "base/file.h"
#include "test.h"

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static const struct draft everything = {
    .hosts = LIST("api.example.org", "db.example.org:5432", "api.example.org"),
    .packages = LIST("npm", "pip", "cargo", "go", "maven", "gem"),
    .git = LIST("gitlab.com"),
    .git_push = LIST("github.com"),
    .secrets = LIST("SERVICE_TOKEN=api.service.example.org"),
    .ports = LIST("3000", "9000:8080"),
};

static void compare(const char *name, const char *text)
{
    auto_free char *expected = NULL;
    char path[512];
    struct error err;
    size_t size;

    snprintf(path, sizeof(path), "%s/draft/%s", CORDON_GOLDEN, name);
    if (getenv("CORDON_GOLDEN_WRITE")) {
        test_write_file(path, text, 0644);
        return;
    }
    check_int(file_read(path, 1 << 20, &expected, &size, &err), 0);
    check_string(text, expected);
}

/* Without a machine: no error, no warning. */
static void check_clean(const char *name, const char *text)
{
    const struct variables variables = {.workspace = "/home/u/project", .home = "/home/u", .user = "u", .tmp = "/tmp"};
    const struct load_options options = {.kind = LAYER_REQUEST, .variables = &variables, .layer_name = "document"};
    auto_policy struct policy *policy = NULL;
    struct document *document;
    struct lint_input input = {.variables = &variables, .search_path = "/usr/local/bin:/usr/bin:/home/u/.local/bin"};
    struct error err = ERROR_INIT;
    struct lint lint;

    check_int(policy_new(&policy, &err), 0);
    if (document_load_text(policy->arena, name, text, strlen(text), &options, &document, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s: %s", name, err.text);
    check_int(policy_add_layer(policy, document, &err), 0);
    input.policy = policy;
    check_int(lint_look(policy->arena, &input, &lint, &err), 0);
    for (size_t i = 0; i < lint.finding_count; i++)
        if (lint.findings[i].rule->severity > LINT_NOTE)
            test_fail(__FILE__, __LINE__, "%s: %s: %s", name, lint.findings[i].rule->id, lint.findings[i].reason);
    check(lint.exposure <= 3);
}

static void check_template(const char *name, const struct draft *wanted, const char *suffix)
{
    struct draft draft = wanted ? *wanted : (struct draft){0};
    auto_free char *text = NULL;
    struct error err = ERROR_INIT;
    char file[128];

    draft.template_name = name;
    if (draft_make(&draft, &text, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s: %s", name, err.text);
    check(!strstr(text, "#:"));
    check(!strstr(text, "\n\n\n"));
    snprintf(file, sizeof(file), "%s%s.yaml", name, suffix);
    compare(file, text);
    check_clean(name, text);
}

TEST(each_template_is_as_written_down_and_clean)
{
    for (const struct draft_template *row = draft_templates; row->name; row++)
        check_template(row->name, NULL, "");
}

TEST(each_template_takes_all_that_can_be_asked_for)
{
    for (const struct draft_template *row = draft_templates; row->name; row++)
        check_template(row->name, &everything, "-with-everything");
}

TEST(a_host_is_written_once)
{
    const struct draft draft = {.template_name = "claude-code",
                                .hosts = LIST("api.anthropic.com", "API.Example.org", "api.example.org", "pypi.org"),
                                .packages = LIST("pip"),
                                .secrets = LIST("A=api.example.org")};
    auto_free char *text = NULL;
    struct error err;
    int count = 0;

    check_int(draft_make(&draft, &text, &err), 0);
    for (const char *at = text; (at = strstr(at, "{host: ")); at++)
        count++;
    check_int(count, 4); /* anthropic, example, pypi, pythonhosted */
    check_contains(text, "{host: api.example.org}], ports: [{port: 443, protocol: tcp}], tls: terminate}");
}

TEST(what_cannot_be_is_refused_by_name)
{
    const struct {
        struct draft draft;
        const char *text;
    } rows[] = {
        {{.template_name = "nonsense"}, "'nonsense' is no template: write one of workspace, claude-code"},
        {{.hosts = LIST("-x.org")}, "host '-x.org'"},
        {{.hosts = LIST("x.org}], tls: terminate}\n- {to: [{host: y.org")}, "is no port"},
        {{.hosts = LIST("x.org}]")}, "host 'x.org}]'"},
        {{.hosts = LIST("127.0.0.1")}, "host '127.0.0.1'"},
        {{.hosts = LIST("x.org:0")}, "'0' is no port"},
        {{.hosts = LIST("x.org:70000")}, "'70000' is no port"},
        {{.hosts = LIST("x.org:")}, "is no port"},
        {{.packages = LIST("apt")}, "'apt' is no package manager"},
        {{.secrets = LIST("TOKEN")}, "write NAME=HOST"},
        {{.secrets = LIST("=x.org")}, "write NAME=HOST"},
        {{.secrets = LIST("A B=x.org")}, "with the name of a variable"},
        {{.secrets = LIST("1A=x.org")}, "with the name of a variable"},
        {{.secrets = LIST("A=*.x.org")}, "secret 'A=*.x.org'"},
        {{.git_push = LIST("github.com", "gitlab.com")}, "one host to push to"},
        {{.ports = LIST("x")}, "'x' is no port"},
        {{.ports = LIST("80:")}, "is no port"},
        {{.ports = LIST("80: 90")}, "is no port"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct error err = ERROR_INIT;
        char *text = NULL;

        if (draft_make(&rows[i].draft, &text, &err) >= 0)
            test_fail(__FILE__, __LINE__, "row %zu was taken:\n%s", i, text);
        check(text == NULL);
        check_contains(err.text, rows[i].text);
    }
}

static int attempt(void)
{
    struct draft draft = everything;
    auto_free char *text = NULL;
    struct error err;

    draft.template_name = "ci-job";
    return draft_make(&draft, &text, &err);
}

TEST(each_allocation_that_fails_while_a_draft_is_made_is_told)
{
    test_each_allocation_fails(attempt, 20000);
}
