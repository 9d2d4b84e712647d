/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a template to a document. A line of a template that is "#:WORD" is replaced by what was asked for, and goes where
 * nothing was. Hosts that are asked for twice, or stand in the template, are written once.
 */
#include "author/draft.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"
#include "net/name.h"
#include "policy/document.h"

#define RULES_MAX   64
#define SECRETS_MAX 16

struct package {
    const char *name, *what;
    const char *hosts[3];
};

/* Where clients fetch from by default. */
static const struct package packages[] = {
    {"npm", "npm's packages", {"registry.npmjs.org"}},
    {"pip", "Python's packages", {"pypi.org", "files.pythonhosted.org"}},
    {"cargo", "Rust's packages", {"index.crates.io", "static.crates.io"}},
    {"go", "Go's modules", {"proxy.golang.org", "sum.golang.org"}},
    {"maven", "Java's packages", {"repo.maven.apache.org", "repo1.maven.org"}},
    {"gem", "Ruby's packages", {"rubygems.org", "index.rubygems.org"}},
};

struct rule {
    char host[NET_NAME_SIZE];
    unsigned port;
    bool is_opened; /* tls: terminate */
    const char *why;
};

struct wanted_secret {
    char name[65], host[NET_NAME_SIZE];
    bool is_basic; /* git's way */
};

struct maker {
    const struct draft *draft;
    const char *text; /* of the template */
    struct rule rules[RULES_MAX];
    size_t rule_count;
    struct wanted_secret secrets[SECRETS_MAX];
    size_t secret_count;
    unsigned ports[RULES_MAX][2];
    size_t port_count;
    struct error *err;
};

/* Does the template name this host itself? */
static bool is_in_template(const struct maker *maker, const char *host)
{
    char item[NET_NAME_SIZE + 16];
    const char *at = maker->text;
    const char *line;

    snprintf(item, sizeof(item), "{host: %s}", host);
    while ((at = strstr(at, item))) {
        for (line = at; line > maker->text && line[-1] != '\n'; line--)
            ;
        if (line[strspn(line, " ")] != '#')
            return true;
        at++;
    }
    return false;
}

static int add_rule(struct maker *maker, const char *host, size_t length, unsigned port, bool is_opened, const char *why)
{
    struct rule rule = {.port = port, .is_opened = is_opened, .why = why};
    int r = net_name_canonical(host, length, rule.host, maker->err);

    if (r < 0)
        return error_prepend(maker->err, "host '%.*s'", length > 80 ? 80 : (int)length, host);
    if (port == 443 && is_in_template(maker, rule.host))
        return 0;
    for (size_t i = 0; i < maker->rule_count; i++)
        if (strcmp(maker->rules[i].host, rule.host) == 0 && maker->rules[i].port == port) {
            maker->rules[i].is_opened |= is_opened;
            return 0;
        }
    if (maker->rule_count == RULES_MAX)
        return error_set(maker->err, ERROR_LIMIT, E2BIG, "more than %d hosts: write the others into the document", RULES_MAX);
    maker->rules[maker->rule_count++] = rule;
    return 0;
}

static int parse_port(struct maker *maker, const char *text, size_t length, unsigned *ret_port)
{
    char digits[8];
    uint64_t port = 0;

    if (length < sizeof(digits)) {
        memcpy(digits, text, length);
        digits[length] = '\0';
        if (number_parse(digits, 1, 65535, &port, maker->err) == 0) {
            *ret_port = (unsigned)port;
            return 0;
        }
    }
    return error_set(maker->err, ERROR_INVALID, EINVAL, "'%.*s' is no port: write a number from 1 to 65535",
                     length > 80 ? 80 : (int)length, text);
}

static int add_host(struct maker *maker, const char *item)
{
    const char *colon = strchr(item, ':');
    unsigned port = 443;
    int r = colon ? parse_port(maker, colon + 1, strlen(colon + 1), &port) : 0;

    return r < 0 ? r : add_rule(maker, item, colon ? (size_t)(colon - item) : strlen(item), port, false, "as asked for");
}

static int add_package(struct maker *maker, const char *item)
{
    for (size_t i = 0; i < ARRAY_COUNT(packages); i++) {
        int r = 0;

        if (strcmp(packages[i].name, item) != 0)
            continue;
        for (size_t j = 0; packages[i].hosts[j] && r == 0; j++)
            r = add_rule(maker, packages[i].hosts[j], strlen(packages[i].hosts[j]), 443, false, packages[i].what);
        return r;
    }
    return error_set(maker->err, ERROR_INVALID, EINVAL, "'%.80s' is no package manager that is known: write npm, pip, cargo, go, "
                     "maven or gem, or the registry's host", item);
}

static int add_git(struct maker *maker, const char *item)
{
    return add_rule(maker, item, strlen(item), 443, false, "git over https");
}

static int add_secret(struct maker *maker, const char *name, size_t name_length, const char *host, bool is_basic)
{
    struct wanted_secret *secret = &maker->secrets[maker->secret_count];
    int r;

    if (maker->secret_count == SECRETS_MAX)
        return error_set(maker->err, ERROR_LIMIT, E2BIG, "more than %d secrets: write the others into the document", SECRETS_MAX);
    if (!name_length || name_length >= sizeof(secret->name) ||
        strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") < name_length ||
        (name[0] >= '0' && name[0] <= '9'))
        return error_set(maker->err, ERROR_INVALID, EINVAL, "secret '%.80s': write NAME=HOST, with the name of a variable", name);
    r = net_name_canonical(host, strlen(host), secret->host, maker->err);
    if (r < 0)
        return error_prepend(maker->err, "secret '%.80s'", name);
    memcpy(secret->name, name, name_length);
    secret->name[name_length] = '\0';
    secret->is_basic = is_basic;
    maker->secret_count++;
    return add_rule(maker, secret->host, strlen(secret->host), 443, true, "TLS is opened, so that the secret can be put in");
}

static int add_named_secret(struct maker *maker, const char *item)
{
    const char *equals = strchr(item, '=');

    if (!equals)
        return error_set(maker->err, ERROR_INVALID, EINVAL, "secret '%.80s': write NAME=HOST", item);
    return add_secret(maker, item, (size_t)(equals - item), equals + 1, false);
}

static const char *token_of(const char *host)
{
    if (strcmp(host, "github.com") == 0)
        return "GITHUB_TOKEN";
    return strcmp(host, "gitlab.com") == 0 ? "GITLAB_TOKEN" : "GIT_TOKEN";
}

static int add_push(struct maker *maker, const char *item)
{
    const char *name = token_of(item);

    for (size_t i = 0; i < maker->secret_count; i++)
        if (maker->secrets[i].is_basic)
            return error_set(maker->err, ERROR_INVALID, EINVAL, "'%.80s': one host to push to is asked for already; write the other into "
                             "the document", item);
    return add_secret(maker, name, strlen(name), item, true);
}

static int add_port(struct maker *maker, const char *item)
{
    const char *colon = strchr(item, ':');
    unsigned *pair = maker->ports[maker->port_count];
    int r;

    if (maker->port_count == RULES_MAX)
        return error_set(maker->err, ERROR_LIMIT, E2BIG, "more than %d ports: write the others into the document", RULES_MAX);
    r = parse_port(maker, item, colon ? (size_t)(colon - item) : strlen(item), &pair[0]);
    pair[1] = pair[0];
    if (r == 0 && colon)
        r = parse_port(maker, colon + 1, strlen(colon + 1), &pair[1]);
    maker->port_count += r == 0;
    return r;
}

/* ---- what stands in the place of a marker ---- */

static void put_rules(struct text *out, const struct maker *maker, int indent)
{
    for (size_t i = 0; i < maker->rule_count; i++) {
        const struct rule *rule = &maker->rules[i];

        if (i == 0 || strcmp(rule->why, rule[-1].why) != 0)
            text_printf(out, "%*s# %s\n", indent, "", rule->why);
        text_printf(out, "%*s- {to: [{host: %s}], ports: [{port: %u, protocol: tcp}]%s}\n", indent, "", rule->host, rule->port,
                    rule->is_opened ? ", tls: terminate" : "");
    }
}

static void put_secrets(struct text *out, const struct maker *maker, int indent)
{
    for (size_t i = 0; i < maker->secret_count; i++) {
        const struct wanted_secret *secret = &maker->secrets[i];

        text_printf(out, "%*s# the program has a placeholder; the value takes its place on the way to this host\n", indent, "");
        text_printf(out, "%*s- {name: %s, source: \"env:%s\", hosts: [%s]%s}\n", indent, "", secret->name, secret->name, secret->host,
                    secret->is_basic ? ", in: [{basicAuth: true}, {header: authorization}]" : "");
    }
}

static void put_ports(struct text *out, const struct maker *maker, int indent)
{
    for (size_t i = 0; i < maker->port_count; i++) {
        text_printf(out, "%*s- {port: %u", indent, "", maker->ports[i][0]);
        if (maker->ports[i][0] != maker->ports[i][1])
            text_printf(out, ", hostPort: %u", maker->ports[i][1]);
        text_add(out, "}\n");
    }
}

static const struct wanted_secret *git_secret(const struct maker *maker)
{
    for (size_t i = 0; i < maker->secret_count; i++)
        if (maker->secrets[i].is_basic)
            return &maker->secrets[i];
    return NULL;
}

/* git asks a helper for the password. The first place of the list is as in the profile 'git', which not every template has. */
static void put_variables(struct text *out, const struct maker *maker, int indent)
{
    const struct wanted_secret *secret = git_secret(maker);

    if (!secret)
        return;
    text_printf(out, "%*s# git asks this for its password, which is the placeholder\n", indent, "");
    text_printf(out, "%*sGIT_CONFIG_COUNT: \"2\"\n%*sGIT_CONFIG_KEY_0: safe.directory\n%*sGIT_CONFIG_VALUE_0: \"*\"\n", indent, "", indent,
                "", indent, "");
    text_printf(out, "%*sGIT_CONFIG_KEY_1: credential.https://%s.helper\n", indent, "", secret->host);
    text_printf(out, "%*sGIT_CONFIG_VALUE_1: '!f() { echo username=x-access-token; echo password=$%s; }; f'\n", indent, "", secret->name);
}

struct marker {
    const char *word;
    void (*put)(struct text *out, const struct maker *maker, int indent);
    const char *heading; /* above it: lines, each without what the marker is indented by; NULL = none */
    int deeper;          /* how much more than the marker its items are indented */
};

static const struct marker markers[] = {
    {"allow", put_rules, NULL, 0},
    {"new-allow", put_rules, "allow:", 2},
    {"ports", put_ports, "# on this machine's loopback\ningress:\n  ports:", 4},
    {"port-items", put_ports, NULL, 0},
    {"secrets", put_secrets, NULL, 0},
    {"new-secrets", put_secrets, "secrets:", 2},
    {"variables", put_variables, NULL, 0},
    {"environment", put_variables, "set:", 2},
    {"new-environment", put_variables, "environment:\n  set:", 4},
};

static void put_heading(struct text *out, const char *heading, int indent)
{
    while (heading && *heading) {
        size_t length = strcspn(heading, "\n");

        text_printf(out, "%*s%.*s\n", indent, "", (int)length, heading);
        heading += length + (heading[length] == '\n');
    }
}

/* The line's marker in the document; nothing, where nothing was asked for. */
static void put_marker(struct text *out, const struct maker *maker, const char *word, size_t length, int indent)
{
    for (size_t i = 0; i < ARRAY_COUNT(markers); i++) {
        auto_text struct text items = {0};

        if (strlen(markers[i].word) != length || strncmp(markers[i].word, word, length) != 0)
            continue;
        markers[i].put(&items, maker, indent + markers[i].deeper);
        out->is_broken = out->is_broken || items.is_broken;
        if (!items.length)
            return;
        put_heading(out, markers[i].heading, indent);
        text_add_n(out, items.data, items.length);
        return;
    }
    out->is_broken = true; /* of our own templates: a test makes each */
}

/* An empty line is left out where nothing came between it and another one. */
static bool is_second_empty(const struct text *out, const char *line)
{
    return *line == '\n' && out->length >= 2 && out->data[out->length - 1] == '\n' && out->data[out->length - 2] == '\n';
}

static void put_document(struct text *out, const struct maker *maker)
{
    for (const char *line = maker->text; *line;) {
        size_t length = strcspn(line, "\n"), indent = strspn(line, " ");

        if (strncmp(line + indent, "#:", 2) == 0)
            put_marker(out, maker, line + indent + 2, length - indent - 2, (int)indent);
        else if (!is_second_empty(out, line))
            text_add_n(out, line, length + (line[length] == '\n'));
        line += length + (line[length] == '\n');
    }
}

/* ---- all of it ---- */

static int for_each(struct maker *maker, const char *const *items, int (*add)(struct maker *maker, const char *item))
{
    int r = 0;

    for (; items && *items && r == 0; items++)
        r = add(maker, *items);
    return r;
}

static int find_template(struct maker *maker)
{
    const char *name = maker->draft->template_name ? maker->draft->template_name : DRAFT_TEMPLATE_DEFAULT;
    auto_text struct text known = {0};

    for (const struct draft_template *row = draft_templates; row->name; row++) {
        if (strcmp(row->name, name) == 0) {
            maker->text = row->text;
            return 0;
        }
    }
    for (const struct draft_template *row = draft_templates; row->name; row++)
        text_printf(&known, "%s%s", known.length ? ", " : "", row->name);
    if (known.is_broken)
        return error_memory(maker->err);
    return error_set(maker->err, ERROR_INVALID, EINVAL, "'%.80s' is no template: write one of %s", name, known.data);
}

/* What came out must be a document. */
static int read_back(const char *text, struct error *err)
{
    const struct variables variables = {.workspace = "/workspace", .home = "/home/user", .user = "user", .tmp = "/tmp"};
    const struct load_options options = {.kind = LAYER_REQUEST, .variables = &variables, .layer_name = "document"};
    auto_arena struct arena *arena = arena_new();
    struct document *document;

    if (!arena)
        return error_memory(err);
    return document_load_text(arena, "draft", text, strlen(text), &options, &document, err);
}

int draft_make(const struct draft *draft, char **ret_text, struct error *err)
{
    auto_free struct maker *maker = mem_alloc(sizeof(*maker));
    auto_text struct text out = {0};
    char *text auto_free = NULL;
    int r;

    if (!maker)
        return error_memory(err);
    maker->draft = draft;
    maker->err = err;
    r = find_template(maker);
    if (r == 0)
        r = for_each(maker, draft->secrets, add_named_secret); /* before plain rules about the same host */
    if (r == 0)
        r = for_each(maker, draft->git_push, add_push);
    if (r == 0)
        r = for_each(maker, draft->hosts, add_host);
    if (r == 0)
        r = for_each(maker, draft->packages, add_package);
    if (r == 0)
        r = for_each(maker, draft->git, add_git);
    if (r == 0)
        r = for_each(maker, draft->ports, add_port);
    if (r < 0)
        return r;
    put_document(&out, maker);
    r = text_take(&out, &text, err);
    if (r == 0)
        r = read_back(text, err);
    if (r == 0)
        *ret_text = take_ptr(text);
    return r;
}
