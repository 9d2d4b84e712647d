/* SPDX-License-Identifier: Apache-2.0 */
/* Which rules about requests, programs and budgets are less than others: what is claimed is held against single requests. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/text.h"
#include "net/request.h"
#include "policy/model/effective.h"
#include "policy/model/request_paths.h"
#include "policy/policy.h"
#include "test.h"

static struct policy *policy_of(enum layer_kind kind, const char *yaml)
{
    struct load_options options = {.kind = kind, .variables = &(struct variables){.home = "/home/u", .user = "u", .tmp = "/tmp"}, .layer_name = "document"};
    struct policy *policy = NULL;
    struct document *document;
    auto_text struct text text = {0};
    struct error err = ERROR_INIT;

    text_printf(&text, "version: cordon/1\n%s", yaml);
    check_int(policy_new(&policy, &err), 0);
    if (document_load_text(policy->arena, "p.yaml", text.data, text.length, &options, &document, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s\n%s", err.text, yaml);
    check_int(policy_add_layer(policy, document, &err), 0);
    return policy;
}

static bool is_less(const char *a_yaml, const char *b_yaml, const char **ret_witness)
{
    static char witness[512];
    struct policy *a = policy_of(LAYER_REQUEST, a_yaml), *b = policy_of(LAYER_REQUEST, b_yaml);
    const char *why = NULL;
    bool is = policy_is_subset(a, b, &why);

    snprintf(witness, sizeof(witness), "%s", why ? why : "");
    *ret_witness = witness;
    policy_free(a);
    policy_free(b);
    return is;
}

static void check_less(const char *a, const char *b)
{
    const char *witness;

    if (!is_less(a, b, &witness))
        test_fail(__FILE__, __LINE__, "%s is no less than\n%s: %s", a, b, witness);
}

static void check_more(const char *a, const char *b, const char *expected)
{
    const char *witness;

    if (is_less(a, b, &witness))
        test_fail(__FILE__, __LINE__, "%s was taken for less than\n%s", a, b);
    check_contains(witness, expected);
}

#define ALLOW(text) "network: {egress: {allow: [" text "]}}\n"
#define A(text)     ALLOW("{to: [{host: a.b}], " text "}")

TEST(fewer_requests_are_less)
{
    check_less(A("http: {methods: [GET]}"), A("http: {methods: [GET, POST]}"));
    check_more(A("http: {methods: [GET, POST]}"), A("http: {methods: [GET]}"), ": POST /");
    check_less(A("http: {paths: [/v1/a]}"), A("http: {paths: [/v1/**]}"));
    check_less(A("http: {paths: [/v1/*/x]}"), A("http: {paths: [/v1/**]}"));
    check_more(A("http: {paths: [/v1/**]}"), A("http: {paths: [/v1/*]}"), " /v1");
    check_less(A("http: {paths: [/v1/**]}"), A("http: {paths: [/v1, /v1/, /v1/*, /v1/*/**]}")); /* together they are the same */
    check_more(A("http: {paths: [/v1/**]}"), A("http: {paths: [/v1, /v1/*, /v1/*/**]}"), " /v1/");
    check_more(A("http: {}"), A("http: {paths: [/**]}"), "(a path with two readings)");
    check_more(A("http: {websocket: true}"), A("http: {}"), "as a WebSocket");
    check_less(A("http: {}"), A("http: {websocket: true}"));
    check_less(A("http: {paths: [/a]}"), ALLOW("{to: [{host: '*.c.b'}, {host: a.b}], http: {paths: [/a]}}"));
}

TEST(narrow_is_less_than_plain_and_plain_no_less_than_narrow)
{
    check_less(A("http: {}"), A("ports: [{port: 80}, {}]"));
    check_more(A("ports: [{port: 80}]"), A("http: {}"), "a.b");
    check_less(A("tls: terminate, http: {}"), A("tls: passthrough"));
    check_more(A("tls: passthrough"), A("tls: terminate"), "a.b");
    check_more(A("tls: terminate, http: {}"), A("http: {}"), "TLS over tcp");
    check_less(A("http: {}"), A("tls: terminate, http: {}"));
    check_less(A("tls: terminate"), A("tls: terminate"));
}

TEST(fewer_calls_and_tools_are_less)
{
    check_less(A("mcp: {tools: [x]}"), A("mcp: {tools: [x, y]}"));
    check_more(A("mcp: {tools: [x, y]}"), A("mcp: {tools: [x]}"), "call tools/call of y");
    check_less(A("mcp: {tools: [x]}"), A("mcp: {methods: [tools/call]}"));
    check_more(A("mcp: {methods: [tools/call]}"), A("mcp: {tools: [x]}"), "call tools/call");
    check_less(A("jsonrpc: {methods: [ping]}"), A("mcp: {}"));
    check_more(A("mcp: {}"), A("jsonrpc: {methods: [ping]}"), "call ");
    check_less(A("mcp: {}"), A("http: {methods: [POST]}"));
    check_more(A("http: {methods: [POST]}"), A("mcp: {methods: [x]}"), "POST");
}

TEST(denied_requests_count_on_both_sides)
{
    static const char plain[] = "network: {egress: {allow: [{to: [{host: a.b}], http: {}}]}}\n";
    static const char denied[] =
        "network: {egress: {allow: [{to: [{host: a.b}], http: {}}], deny: [{to: [{host: a.b}], http: {methods: [DELETE]}}]}}\n";
    static const char denied_path[] =
        "network: {egress: {allow: [{to: [{host: a.b}], http: {}}], deny: [{to: [{host: a.b}], http: {paths: [/admin/**]}}]}}\n";

    check_less(denied, plain);
    check_more(plain, denied, ": DELETE");
    check_more(plain, denied_path, "/");
    check_less(denied_path, denied_path);
    check_more(denied, denied_path, "/");
    check_less(A("http: {paths: [/user/**]}"), denied_path);
    check_more(A("http: {paths: [/Admin]}"), denied_path, "/Admin"); /* letter case may not count for the server */
}

TEST(fewer_programs_are_less)
{
    check_less(A("programs: [git]"), A("programs: [git, curl]"));
    check_less(A("programs: [git]"), ALLOW("{to: [{host: a.b}]}"));
    check_more(A("programs: [git, /usr/bin/x]"), A("programs: [git]"), "program /usr/bin/x");
    check_more(ALLOW("{to: [{host: a.b}]}"), A("programs: [git]"), "a.b");
    /* a name that is looked for elsewhere may be another program */
    check_more("environment: {set: {PATH: /mine}}\n" A("programs: [git]"), A("programs: [git]"), "program git");
    check_less("environment: {set: {PATH: /mine}}\n" A("programs: [/usr/bin/git]"), A("programs: [/usr/bin/git]"));
    check_less("environment: {set: {PATH: /a}}\n" A("programs: [git]"), "environment: {set: {PATH: /a}}\n" A("programs: [git]"));
}

TEST(a_budget_is_kept_by_one_that_counts_all_that_it_counts)
{
    check_less(A("budget: {connections: 5}"), A("budget: {connections: 5}"));
    check_less(A("budget: {connections: 4}"), A("budget: {connections: 5}"));
    check_more(A("budget: {connections: 6}"), A("budget: {connections: 5}"), "budget of p.yaml");
    check_more(ALLOW("{to: [{host: a.b}]}"), A("budget: {connections: 5}"), "budget of p.yaml");
    check_less(A("budget: {connections: 5}"), ALLOW("{to: [{host: a.b}]}"));
    check_more(A("budget: {bytesUp: 1B}"), A("budget: {connections: 5}"), "budget of p.yaml");
    check_more(A("budget: {connections: 5}"), A("budget: {connections: 5, onLimit: end}"), "budget of p.yaml");
    check_less(A("budget: {connections: 5, onLimit: end}"), A("budget: {connections: 5}"));
    check_less("network: {egress: {allow: [{to: [{host: a.b}]}]}, budget: {connections: 5}}\n", A("budget: {connections: 5}"));
    check_more(A("budget: {connections: 5}"), "network: {egress: {allow: [{to: [{host: a.b}]}]}, budget: {connections: 4}}\n", "budget of p.yaml");
    check_less(A("budget: {connections: 5}"), "network: {egress: {allow: [{to: [{host: a.b}]}]}, budget: {connections: 5}}\n");
    /* two that count half each are no one that counts it all */
    check_more(ALLOW("{to: [{host: a.b}], budget: {connections: 3}}, {to: [{host: c.d}], budget: {connections: 3}}"),
               ALLOW("{to: [{host: a.b}, {host: c.d}], budget: {connections: 5}}"), "budget of p.yaml");
    check_less(ALLOW("{to: [{host: a.b}], budget: {connections: 3}}"), ALLOW("{to: [{host: a.b}, {host: c.d}], budget: {connections: 5}}"));
    /* what is in total counts ports of the host's loopback too */
    check_more("network: {ingress: {hostLoopbackPorts: [{port: 5}]}}\n",
               "network: {ingress: {hostLoopbackPorts: [{port: 5}]}, budget: {connections: 4}}\n", "budget of p.yaml");
}

TEST(a_comparison_that_would_take_too_long_claims_nothing)
{
    auto_text struct text text = {0};
    const char *witness;

    text_add(&text, "network: {egress: {allow: [{to: [{host: a.b}], http: {paths: [");
    for (int i = 0; i < 30; i++)
        text_printf(&text, "%s/**/%c*x%d/**/y%d", i ? "," : "", 'a' + i % 26, i, i);
    text_add(&text, "]}}]}}\n");
    check(!is_less(text.data, A("http: {paths: [/a/**]}"), &witness));
    check(*witness != '\0');
}

static struct policy *attempt_a, *attempt_b;

/* Doubt means no: without memory nothing is claimed, and the claim comes back with it. */
static int attempt(void)
{
    return policy_is_subset(attempt_a, attempt_b, NULL) ? 0 : -ENOMEM;
}

TEST(without_memory_nothing_is_claimed)
{
    attempt_a = policy_of(LAYER_REQUEST, A("http: {methods: [GET], paths: [/a]}, programs: [git], budget: {connections: 1}"));
    attempt_b = policy_of(LAYER_REQUEST, A("http: {paths: [/a, /b]}, programs: [git, curl], budget: {connections: 2}"));
    test_each_allocation_fails(attempt, 20000);
    policy_free(attempt_a);
    policy_free(attempt_b);
}

/* ---- generated ---- */

struct source {
    uint64_t seed;
};

static unsigned any(struct source *source, unsigned count)
{
    source->seed = source->seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(source->seed >> 33) % count;
}

static const char *const patterns[] = {"/**", "/a/**", "/a/*", "/a", "/A", "/*/b", "/a*/b", "/**/b", "/a/**/c", "/a/", "/*.x", "/a%2A", "/b*c*"};
static const char *const methods[] = {"GET", "POST", "DELETE"};
static const char *const tools[] = {"x", "y"};
static const char *const calls[] = {"ping", "other/call", "tools/call"}; /* the last one not beside tools */

static void add_items(struct text *text, struct source *source, const char *name, const char *const *items, unsigned count,
                      unsigned n)
{
    if (!n)
        return;
    text_printf(text, "%s: ['%s'", name, items[any(source, count)]);
    if (n > 1)
        text_printf(text, ", '%s'", items[any(source, count)]);
    text_add(text, "], ");
}

static void add_list(struct text *text, struct source *source, const char *name, const char *const *items, unsigned count)
{
    add_items(text, source, name, items, count, any(source, 3));
}

static void add_rule(struct text *text, struct source *source, bool is_deny)
{
    unsigned kind = any(source, 5);

    text_printf(text, "{to: [{host: %s}], ", any(source, 3) ? "a.b" : "'*.c.d'");
    if (!is_deny && any(source, 2))
        text_add(text, "tls: terminate, ");
    if (kind < 3) {
        text_add(text, "http: {");
        add_list(text, source, "methods", methods, ARRAY_COUNT(methods));
        add_list(text, source, "paths", patterns, ARRAY_COUNT(patterns));
        text_add(text, "}, ");
    }
    if (kind == 3) {
        text_add(text, "mcp: {");
        if (any(source, 2)) {
            add_items(text, source, "tools", tools, ARRAY_COUNT(tools), 1 + any(source, 2));
            add_list(text, source, "methods", calls, ARRAY_COUNT(calls) - 1);
        } else { /* who denies has to deny something */
            add_items(text, source, "methods", calls, ARRAY_COUNT(calls), is_deny + any(source, 2));
        }
        text_add(text, "}, ");
    }
    if (!is_deny && any(source, 3) == 0)
        text_printf(text, "programs: [%s], ", any(source, 2) ? "/p" : "/p, /q");
    if (!is_deny && any(source, 4) == 0)
        text_printf(text, "budget: {connections: %u}, ", 1 + any(source, 3));
    text_add(text, "},");
}

static void add_network(struct text *text, struct source *source)
{
    text_add(text, "network: {egress: {allow: [");
    for (unsigned i = 1 + any(source, 2); i; i--)
        add_rule(text, source, false);
    text_add(text, "], deny: [");
    for (unsigned i = any(source, 2); i; i--)
        add_rule(text, source, true);
    text_add(text, "]}}\n");
}

static const char *const paths[] = {NULL, "*", "/", "/a", "/A", "/a/", "/a.", "/a/b", "/a/b/c", "/a/x/c", "/ab/b", "/b", "/a/B", "/q.x", "/a*",
                                    "/bc", "/bxc", "/bxcy", "/a/b.", "/A/b%20", "/z/z/b", "/a/z/z/c", "/Q.X"};

static bool permits(const struct net_rules *rules, const char *const *host, const struct net_request *request, bool is_tls, const char *program)
{
    struct net_question question = {.protocol = NET_TCP, .address = {.family = 2, .bytes = {93, 184, 216, 34}}, .port = 443, .names = host,
                                    .name_count = 1, .said = NET_SAID_NAME, .name = *host, .is_tls = is_tls, .is_opened = request && is_tls,
                                    .request = request};

    for (size_t i = 0; i < rules->program_count; i++)
        if (program && strcmp(rules->programs[i].path, program) == 0)
            question.program = (uint16_t)(i + 1);
    return net_decide(rules, &question).verdict == NET_PERMIT;
}

static void check_claim(const struct net_rules *a, const struct net_rules *b, const char *a_text, const char *b_text, struct source *source)
{
    static const char *const hosts[] = {"a.b", "x.c.d", "q.r"}, *const programs[] = {NULL, "/p", "/q"};
    static const char *const all_methods[] = {"GET", "POST", "DELETE", "delete", "PUT"};
    static const char *const all_calls[] = {NULL, "", "ping", "initialize", "tools/call", "other/call", "z"};
    static const char *const all_tools[] = {NULL, "x", "y", "z"};

    for (unsigned i = 0; i < 200; i++) {
        const char *host = hosts[any(source, 3)], *program = programs[any(source, 3)];
        struct net_request request = {.method = all_methods[any(source, 5)], .path = paths[any(source, ARRAY_COUNT(paths))],
                                      .is_upgrade = any(source, 4) == 0, .has_call = true, .is_empty = any(source, 2)};
        bool is_tls = any(source, 2), is_whole = any(source, 6) == 0;

        request.call = request.is_empty ? NULL : all_calls[any(source, ARRAY_COUNT(all_calls))];
        request.tool = request.call && strcmp(request.call, "tools/call") == 0 ? all_tools[any(source, ARRAY_COUNT(all_tools))] : NULL;
        if (permits(a, &host, is_whole ? NULL : &request, is_tls, program) && !permits(b, &host, is_whole ? NULL : &request, is_tls, program))
            test_fail(__FILE__, __LINE__, "claimed to be less, and %s %s of %s, call %s, is more:\n%s%s", request.method,
                      request.path ? request.path : "(null)", host, request.call ? request.call : "none", a_text, b_text);
    }
}

/* Each claim is held against requests of a list of its own; every policy is no more than itself. */
TEST(what_is_claimed_holds_for_single_requests)
{
    const char *text_seed = getenv("CORDON_TEST_SEED");
    uint64_t seed = text_seed ? strtoull(text_seed, NULL, 10) : 20261122u;
    unsigned claims = 0;

    printf("     seed %" PRIu64 "\n", seed);
    for (unsigned round = 0; round < test_rounds(400); round++) {
        struct source source = {.seed = seed + round * 1000003u};
        auto_text struct text one = {0}, two = {0};
        struct policy *a, *b;
        struct net_rules *a_rules, *b_rules;

        add_network(&one, &source);
        add_network(&two, &source);
        a = policy_of(LAYER_REQUEST, one.data);
        b = policy_of(LAYER_REQUEST, two.data);
        check_int(policy_net_rules(a, a->arena, &a_rules, NULL), 0);
        check_int(policy_net_rules(b, b->arena, &b_rules, NULL), 0);
        check(policy_is_subset(a, a, NULL));
        if (policy_is_subset(a, b, NULL)) {
            claims++;
            check_claim(a_rules, b_rules, one.data, two.data, &source);
        }
        policy_free(a);
        policy_free(b);
    }
    check(claims > test_rounds(10));
}

/* One path of each class is enough: any other path matches as one of those that were found. */
TEST(every_path_matches_as_one_of_those_that_stand_for_its_class)
{
    const char *grants[] = {"/a/**", "/*/b", "/a*/b", "/b*c*", "/a/"}, *denies[] = {"/A/x.", "/**/b", "/*.x"};
    const struct request_patterns granting = {grants, ARRAY_COUNT(grants)}, denying = {denies, ARRAY_COUNT(denies)};
    struct source source = {.seed = 7};
    auto_arena struct arena *arena = arena_new();
    const char **found = NULL;
    size_t count = 0;

    check_int(request_paths_find(arena, &granting, &denying, &found, &count), 0);
    for (unsigned round = 0; round < 20000; round++) {
        static const char *const pieces[] = {"a", "b", "c", "x", ".", "%20", "/", "/", "A", "z", "*"};
        char path[64] = "/", canonical[64];
        bool is_there = false;

        for (unsigned i = any(&source, 8); i; i--)
            strcat(path, pieces[any(&source, ARRAY_COUNT(pieces))]);
        if (net_path_canonical(path, strlen(path), canonical, sizeof(canonical)) < 0)
            continue;
        for (size_t i = 0; i < count && !is_there; i++) {
            is_there = true;
            for (size_t j = 0; j < ARRAY_COUNT(grants) + ARRAY_COUNT(denies) && is_there; j++) {
                bool is_deny = j >= ARRAY_COUNT(grants);
                const char *pattern = is_deny ? denies[j - ARRAY_COUNT(grants)] : grants[j];
                struct net_requests requests = {.paths = &pattern, .path_count = 1};
                struct net_request one = {.method = "GET", .path = canonical, .has_call = true, .is_empty = true}, other = one;

                other.path = found[i];
                is_there = net_requests_match(&requests, &one, is_deny) == net_requests_match(&requests, &other, is_deny);
            }
        }
        if (!is_there)
            test_fail(__FILE__, __LINE__, "no path of %zu stands for %s", count, canonical);
    }
}
