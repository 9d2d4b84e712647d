/* SPDX-License-Identifier: Apache-2.0 */
/* From network.* to what the gateway lets through. */
#include <errno.h>
#include <stdlib.h>

#include "fixture.h"
#include "policy/compile/compile.h"

static struct fixture f;

#define BOTH "network: {egress: {default: allow}, ingress: {default: allow}}\n"

/* What is foreseen before anything of the machine is known is the same where nothing refuses. */
static void check_network(enum plan_network network)
{
    check_int(f.plan->network, network);
    check_int(policy_foresee_network(f.policy), network);
}

TEST(the_network_is_none_loopback_the_hosts_or_the_gateways)
{
    fixture_open(&f);
    accept_text(&f, "name: x\n");
    check_network(PLAN_NET_LOOPBACK);
    check(f.plan->filter.allows_inet && !f.plan->net_rules);
    accept_text(&f, "network: {loopback: deny}\n");
    check_network(PLAN_NET_NONE);
    check(!f.plan->filter.allows_inet);
    accept_text(&f, BOTH);
    check_network(PLAN_NET_HOST);
    check(!f.plan->net_rules && !f.plan->way_count);
    accept_text(&f, "network: {egress: {default: deny, allow: [{to: [{host: example.org}]}]}}\n");
    check_network(PLAN_NET_GATEWAY);
    check(f.plan->net_rules && f.plan->filter.allows_inet);
    fixture_close(&f);
    fixture_open(&f);
    f.facts.landlock_abi = 3;
    check_contains(refusal_of(&f, BOTH), "abstract sockets");
    accept_text(&f, "network: {egress: {default: allow}}\n"); /* a namespace of its own shuts them out */
    check_network(PLAN_NET_GATEWAY);
    fixture_close(&f);
}

TEST(a_document_that_extends_the_default_profile_may_have_each_network)
{
    fixture_open(&f);
    f.facts.keeps_names = true;
    accept_text(&f, "extends: [coding-agent]\n" BOTH);
    check_network(PLAN_NET_HOST);
    accept_text(&f, "extends: [coding-agent]\n");
    check_network(PLAN_NET_LOOPBACK);
    accept_text(&f, "extends: [coding-agent]\nnetwork: {egress: {allow: [{to: [{host: example.org}]}]}}\n");
    check_network(PLAN_NET_GATEWAY);
    fixture_close(&f);
}

TEST(the_gateway_has_the_rules_of_every_layer)
{
    const struct net_rules *rules;

    fixture_open(&f);
    add_layer(&f, LAYER_CEILING, "network: {egress: {default: allow, deny: [{to: [{cidr: 10.0.0.0/8, except: [10.1.0.0/16]}]}]}}\n");
    add_layer(&f, LAYER_CEILING, "name: silent\n");
    add_layer(&f, LAYER_REQUEST, "network:\n"
                                 "  egress:\n"
                                 "    allow:\n"
                                 "      - {to: [{host: '*.Example.org', cidr: 93.184.216.0/24}], ports: [{port: 443, protocol: tcp}]}\n"
                                 "      - {ports: [{port: 53, endPort: 54, protocol: udp}]}\n");
    check_int(compile_layers(&f), 0);
    rules = f.plan->net_rules;
    check_int(rules->layer_count, 3);
    check(rules->layers[0].is_open && rules->layers[0].deny_count == 1 && rules->layers[0].allow_count == 0);
    check_int(rules->layers[0].deny[0].peers[0].except_count, 1);
    check(rules->layers[1].is_open && rules->layers[1].deny_count == 0);
    check(!rules->layers[2].is_open && rules->layers[2].allow_count == 2);
    check_string(rules->layers[2].allow[0].peers[0].host, "*.example.org");
    check(rules->layers[2].allow[0].peers[0].has_block);
    check(rules->layers[2].allow[1].ports[0].first == 53 && rules->layers[2].allow[1].ports[0].last == 54);
    check_contains(rules->layers[2].allow[1].where, "test.yaml:6:9: network.egress.allow[1]");
    check_contains(rules->layers[2].where, "network.egress.default");
    check_int(rules->inward_count + rules->outward_count, 0);
    fixture_close(&f);
}

static void decide(const char *address, uint16_t port, const char *name, enum net_verdict verdict)
{
    struct net_question question = {.protocol = NET_TCP, .port = port, .said = name ? NET_SAID_NAME : NET_SAID_NOTHING};

    question.names = name ? &name : NULL;
    question.name_count = name ? 1 : 0;
    question.name = name;
    check_int(net_address_parse(address, strlen(address), &question.address), 0);
    check_int(net_decide(f.plan->net_rules, &question).verdict, verdict);
}

TEST(what_a_request_and_a_ceiling_allow_is_what_both_allow)
{
    fixture_open(&f);
    add_layer(&f, LAYER_CEILING, "network: {egress: {allow: [{to: [{host: '*.example.org'}, {cidr: 93.184.216.0/24}]}],"
                                 " deny: [{to: [{host: secret.example.org}]}]}}\n");
    add_layer(&f, LAYER_REQUEST, "network: {egress: {allow: [{to: [{host: a.example.org}, {host: secret.example.org}, "
                                 "{host: other.net}, {cidr: 93.184.216.34}, {cidr: 8.8.8.8}]}]}}\n");
    check_int(compile_layers(&f), 0);
    decide("1.1.1.1", 443, "a.example.org", NET_PERMIT);
    decide("1.1.1.1", 443, "b.example.org", NET_REFUSE);      /* the request does not */
    decide("1.1.1.1", 443, "other.net", NET_REFUSE);          /* the ceiling does not */
    decide("1.1.1.1", 443, "secret.example.org", NET_REFUSE); /* denied */
    decide("93.184.216.34", 80, NULL, NET_PERMIT);
    decide("93.184.216.35", 80, NULL, NET_REFUSE);
    decide("8.8.8.8", 80, NULL, NET_REFUSE);
    fixture_close(&f);
}

TEST(everything_outside_without_a_way_in_is_open_but_for_what_is_special)
{
    fixture_open(&f);
    accept_text(&f, "network: {egress: {default: allow}}\n");
    check(f.plan->net_rules->layers[0].is_open);
    check_int(f.plan->way_count, 1);
    check_int(f.plan->ways[0].kind, PLAN_WAY_DEFAULT);
    decide("93.184.216.34", 80, NULL, NET_PERMIT);
    decide("169.254.169.254", 80, NULL, NET_REFUSE);
    decide("127.0.0.1", 80, NULL, NET_REFUSE);
    accept_text(&f, "network: {egress: {default: allow, allow: [{to: [{cidr: 169.254.169.254}]}]}}\n");
    decide("169.254.169.254", 80, NULL, NET_PERMIT);
    fixture_close(&f);
}

TEST(ports_become_doors)
{
    const struct net_rules *rules;

    fixture_open(&f);
    accept_text(&f, "network: {ingress: {ports: [{port: 3000, hostPort: 4000}], hostLoopbackPorts: [{port: 5432}]}}\n");
    rules = f.plan->net_rules;
    check_int(rules->inward_count, 1);
    check(rules->inward[0].port == 4000 && rules->inward[0].to_port == 3000);
    check_contains(rules->inward[0].where, "network.ingress.ports[0]");
    check_int(rules->outward_count, 1);
    check(rules->outward[0].port == 5432 && rules->outward[0].to_port == 5432);
    decide("93.184.216.34", 80, NULL, NET_REFUSE);
    check_contains(refusal_of(&f, "network: {ingress: {ports: [{port: 80, hostPort: 81}], hostLoopbackPorts: [{port: 80}]}}\n"),
                   "port 80 inside leads both in and out");
    add_layer(&f, LAYER_CEILING, "network: {ingress: {ports: [{port: 3000}]}}\n");
    add_layer(&f, LAYER_REQUEST, "network: {ingress: {ports: [{port: 3000}, {port: 3001}], hostLoopbackPorts: [{port: 1}]}}\n");
    fixture_close(&f);
    fixture_open(&f);
    add_layer(&f, LAYER_CEILING, "network: {ingress: {ports: [{port: 3000}], hostLoopback: deny}}\n");
    add_layer(&f, LAYER_REQUEST, "network: {ingress: {ports: [{port: 3000}, {port: 3001}], hostLoopbackPorts: [{port: 1}]}}\n");
    check_int(compile_layers(&f), 0);
    check_int(f.plan->net_rules->inward_count, 1);
    check_int(f.plan->net_rules->outward_count, 0);
    fixture_close(&f);
}

static void check_refused(const char *ceiling, const char *request, const char *where, const char *why)
{
    fixture_open(&f);
    if (ceiling)
        add_layer(&f, LAYER_CEILING, ceiling);
    add_layer(&f, LAYER_REQUEST, request);
    check_int(compile_layers(&f), -EINVAL);
    check_int(f.err.kind, ERROR_UNENFORCEABLE);
    check_contains(f.err.text, where);
    check_contains(f.err.text, why);
    fixture_close(&f);
}

TEST(a_network_that_is_refused_names_the_member_and_the_remedy)
{
    check_refused("network: {ingress: {hostLoopback: deny}}\n", BOTH, "test.yaml:2:56: network.ingress.default: ",
                  "limited here: ceiling.yaml:2:35: network.ingress.hostLoopback");
    check_refused("network: {egress: {default: deny}}\n", BOTH, "test.yaml:2:56: network.ingress.default: ",
                  "limited here: ceiling.yaml:2:29: network.egress.default");
    check_refused("network: {egress: {deny: [{to: [{host: example.org}]}]}}\n", BOTH,
                  "test.yaml:2:56: network.ingress.default: ", "name the ports in network.ingress.ports");
    check_refused("network: {loopback: deny}\n", BOTH, "ceiling.yaml:2:21: network.loopback: ",
                  "set network.loopback to allow");
    check_refused(NULL, "network: {ingress: {default: allow}}\n", "test.yaml:2:30: network.ingress.default: ",
                  "name the ports in network.ingress.ports");
    check_refused(NULL, "network: {ingress: {hostLoopback: allow}}\n", "test.yaml:2:35: network.ingress.hostLoopback: ",
                  "name the ports in network.ingress.hostLoopbackPorts");
    check_refused(NULL, "network: {loopback: deny, egress: {allow: [{}]}}\n", "test.yaml:2:21: network.loopback: ",
                  "set network.loopback to allow");
    check_refused(NULL, "network: {ingress: {ports: [{port: 53, protocol: udp}]}}\n", "network.ingress.ports[0].protocol: ",
                  "TCP is there");
}

TEST(more_rules_than_the_gateway_can_be_told_are_refused_before_launch)
{
    auto_text struct text text = {0};

    fixture_open(&f);
    text_add(&text, "network: {egress: {allow: [");
    for (int i = 0; i < 16000; i++)
        text_printf(&text, "{to: [{cidr: 10.0.%d.%d}]},", i / 256, i % 256);
    text_add(&text, "]}}\n");
    check_contains(refusal_of(&f, text.data), "take more than 1 MiB; use fewer");
    fixture_close(&f);
}

TEST(icmp_in_a_ceiling_and_in_a_denial_is_no_request)
{
    fixture_open(&f);
    add_layer(&f, LAYER_CEILING, "network: {egress: {allow: [{ports: [{protocol: icmp}]}, {}]}}\n");
    add_layer(&f, LAYER_REQUEST, "network: {egress: {default: allow, deny: [{ports: [{protocol: icmp}]}]}}\n");
    check_int(compile_layers(&f), 0);
    check_int(f.plan->network, PLAN_NET_GATEWAY);
    fixture_close(&f);
}

static void no_workers(struct facts *facts)
{
    facts->has_inspector = facts->has_holder = facts->knows_programs = facts->keeps_budgets = facts->leads_icmp = false;
}

TEST(a_rule_that_has_ended_grants_nothing_and_is_warned_of)
{
    static const char text[] = "network: {egress: {allow: [{to: [{cidr: 10.0.0.0/8}], until: '1970-01-01T00:00:05Z'}, {to: [{cidr: 11.0.0.0/8}], until: '1970-01-01T00:00:09Z'}, "
                               "{to: [{cidr: 12.0.0.0/8}]}]}}\n";
    char digests[3][DIGEST_TEXT_SIZE];
    auto_free char *explained = NULL;

    fixture_open(&f);
    f.facts.now_real_ms = 4999;
    f.facts.now_boot_ms = 77;
    accept_text(&f, text);
    check_int(f.plan->way_count, 3);
    check_int(f.plan->net_rules->said_boot_ms, 77);
    check_int(f.plan->warnings.count, 0);
    snprintf(digests[0], sizeof(digests[0]), "%s", f.plan->plan_digest);
    f.facts.now_real_ms = 5000;
    accept_text(&f, text);
    check_int(f.plan->way_count, 2);
    check(f.plan->ways[0].rule == &f.plan->net_rules->layers[0].allow[0] && f.plan->ways[0].rule->until_ms == 9000);
    check_string(f.plan->ways[1].origin->member, "network.egress.allow[2]");
    check_int(f.plan->ways[1].rule->peers[0].block.address[0], 12);
    check_int(f.plan->net_rules->layers[0].ended_count, 1);
    check_int(f.plan->warnings.count, 1);
    check_int(plan_explain_text(f.plan, &explained, &f.err), 0);
    check_contains(explained, "until 1970-01-01T00:00:09Z");
    check(!strstr(explained, "10.0.0.0/8"));
    snprintf(digests[1], sizeof(digests[1]), "%s", f.plan->plan_digest);
    accept_text(&f, "network: {egress: {allow: [{to: [{cidr: 11.0.0.0/8}]}, {to: [{cidr: 12.0.0.0/8}]}]}}\n");
    snprintf(digests[2], sizeof(digests[2]), "%s", f.plan->plan_digest);
    check(strcmp(digests[0], digests[1]) && strcmp(digests[1], digests[2]));
    fixture_close(&f);
}

TEST(what_no_worker_here_keeps_is_refused_by_name)
{
    static const char *const rows[][3] = {
        {"network: {egress: {allow: [{http: {methods: [GET]}}]}}\n", "egress.allow[0].http: ", "leave it out: rules name hosts"},
        {"network: {egress: {allow: [{}, {mcp: {tools: [x]}}]}}\n", "egress.allow[1].mcp: ", "cordon-inspector"},
        {"network: {egress: {allow: [{jsonrpc: {methods: [x]}}]}}\n", "egress.allow[0].jsonrpc: ", "cordon-inspector"},
        {"network: {egress: {allow: [{tls: terminate}]}}\n", "egress.allow[0].tls: ", "cordon-inspector"},
        {"network: {egress: {default: allow, deny: [{http: {}}]}}\n", "egress.deny[0].http: ", "cordon-inspector"},
        {"network: {egress: {allow: [{programs: [git]}]}}\n", "egress.allow[0].programs: ", "every program of the container"},
        {"network: {egress: {allow: [{budget: {connections: 1}}]}}\n", "egress.allow[0].budget: ", "nobody counts"},
        {"network: {egress: {allow: [{}]}, budget: {bytesUp: 1B}}\n", "network.budget: ", "nobody counts"},
        {"network: {egress: {allow: [{ports: [{port: 1}, {protocol: icmp}]}]}}\n", "allow[0].ports[1].protocol: ", "net.ipv4.ping_group_range"},
        {"secrets: [{name: A, source: env:A, hosts: [a.b]}]\n", "secrets[0]: ", "cordon-holder"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        fixture_open(&f);
        no_workers(&f.facts);
        refusal_of(&f, rows[i][0]);
        check_int(f.err.kind, ERROR_UNENFORCEABLE);
        check_contains(f.err.text, rows[i][1]);
        check_contains(f.err.text, rows[i][2]);
        fixture_close(&f);
    }
}

TEST(a_ceilings_narrow_rule_that_nobody_keeps_refuses_and_its_secrets_do_not)
{
    fixture_open(&f);
    no_workers(&f.facts);
    add_layer(&f, LAYER_CEILING, "network: {egress: {allow: [{http: {methods: [GET]}}]}}\n");
    add_layer(&f, LAYER_REQUEST, "network: {egress: {allow: [{to: [{host: a.b}]}]}}\n");
    check_int(compile_layers(&f), -EINVAL);
    check_contains(f.err.text, "ceiling.yaml:2:35: network.egress.allow[0].http: needs cordon-inspector");
    fixture_close(&f);
    fixture_open(&f);
    no_workers(&f.facts);
    add_layer(&f, LAYER_CEILING, "secrets: [{source: env}]\n");
    add_layer(&f, LAYER_REQUEST, "network: {egress: {allow: [{to: [{host: a.b}]}]}}\n");
    check_int(compile_layers(&f), 0);
    fixture_close(&f);
}

TEST(without_the_gateway_or_its_kernel_the_network_is_refused)
{
    fixture_open(&f);
    f.facts.has_gateway = false;
    check_contains(refusal_of(&f, "network: {egress: {allow: [{}]}}\n"), "test.yaml:2:10: network: cordon-gateway");
    fixture_close(&f);
    fixture_open(&f);
    f.facts.no_tproxy = true;
    strcpy(f.facts.tproxy_why, "kernel 1 has no nft_tproxy");
    check_contains(refusal_of(&f, "network: {egress: {allow: [{}]}}\n"), "test.yaml:2:10: network: kernel 1 has no nft_tproxy");
    accept_text(&f, "network: {}\n");
    fixture_close(&f);
}

TEST(a_rule_that_nobody_keeps_is_one_problem)
{
    fixture_open(&f);
    no_workers(&f.facts);
    f.options.collect_all = true;
    check_int(compile_text(&f, "network: {egress: {allow: [{to: [{host: example.org}], mcp: {tools: [x]}}]}}\n"), 0);
    check_int(f.plan->problem_count, 1);
    check_string(f.plan->problems[0].member, "network.egress.allow[0].mcp");
    fixture_close(&f);
}

TEST(what_nobody_keeps_for_a_container_inside_is_not_said_to_be_missing)
{
    fixture_open(&f);
    f.facts.has_inspector = false;
    f.facts.is_inside = true;
    check_contains(refusal_of(&f, "network: {egress: {allow: [{to: [{host: example.org}], http: {}}]}}\n"),
                   "cannot be kept for a container inside: leave the network out");
    accept_text(&f, "network: {egress: {allow: [{to: [{host: example.org}]}]}}\n");
    fixture_close(&f);
}

TEST(without_namespaces_rules_are_refused_with_the_remedy)
{
    fixture_open(&f);
    f.facts.user_namespaces = false;
    snprintf(f.facts.user_namespaces_why, sizeof(f.facts.user_namespaces_why), "run sysctl X");
    refusal_of(&f, "isolation: {allowLoss: [metadata]}\nfilesystem: {readonlyPaths: [/usr]}\n"
                   "network: {loopback: deny, egress: {default: deny}, ingress: {ports: []}}\n"
                   "runtimeConfig: {networkProxy: 'http://127.0.0.1:1'}\n");
    check_contains(f.err.text, "network.loopback");
    refusal_of(&f, "isolation: {allowLoss: [metadata]}\nfilesystem: {readonlyPaths: [/usr]}\n"
                   "network: {egress: {allow: [{to: [{host: example.org}]}]}}\n");
    check_int(f.err.kind, ERROR_UNENFORCEABLE);
    check_contains(f.err.text, "network");
    check_contains(f.err.text, "deny the network");
    check_contains(f.err.text, "run sysctl X");
    fixture_close(&f);
}

/* proxies */

TEST(a_proxy_is_one_door_and_the_variables_that_name_it)
{
    static const char *const caller[] = {"HTTP_PROXY=http://elsewhere:1", "NO_PROXY=*", "no_proxy=a", "ALL_PROXY=socks5://b:1",
                                         "npm_config_https_proxy=http://c:1", "TERM=dumb", NULL};

    fixture_open(&f);
    f.options.caller_env = caller;
    accept_text(&f, "runtimeConfig: {networkProxy: 'http://127.0.0.1:3128'}\n"
                    "environment: {inherit: [HTTP_*, NO_PROXY, no_proxy, ALL_PROXY, npm_*, TERM], set: {FTP_PROXY: 'http://d:1'}}\n");
    check_int(f.plan->network, PLAN_NET_GATEWAY);
    check_int(f.plan->net_rules->outward_count, 1);
    check_int(f.plan->net_rules->outward[0].port, 3128);
    check_contains(f.plan->net_rules->outward[0].where, "runtimeConfig.networkProxy");
    check_int(f.plan->net_rules->layer_count, 1);
    decide("93.184.216.34", 443, NULL, NET_REFUSE);
    check(has_environment(f.plan, "HTTP_PROXY=http://127.0.0.1:3128") && has_environment(f.plan, "https_proxy=http://127.0.0.1:3128"));
    check(has_environment(f.plan, "HTTPS_PROXY=http://127.0.0.1:3128") && has_environment(f.plan, "http_proxy=http://127.0.0.1:3128"));
    check(has_environment(f.plan, "TERM=dumb"));
    for (size_t i = 0; i < f.plan->env_count; i++)
        check(!strstr(f.plan->env[i], "PROXY=") || strstr(f.plan->env[i], "=http://127.0.0.1:3128"));
    check(!has_environment(f.plan, "NO_PROXY=*") && !has_environment(f.plan, "no_proxy=a"));
    check(!has_environment(f.plan, "npm_config_https_proxy=http://c:1"));
    check_int(f.plan->warnings.count, 1);
    check_contains(f.plan->warnings.items[0].text, "FTP_PROXY: has no effect");
    accept_text(&f, "environment: {inherit: [HTTP_*, NO_PROXY]}\n"); /* without a proxy they are the caller's */
    check(has_environment(f.plan, "HTTP_PROXY=http://elsewhere:1") && has_environment(f.plan, "NO_PROXY=*"));
    fixture_close(&f);
}

TEST(a_proxy_stands_alone_and_within_the_ceilings)
{
    static const char proxy[] = "runtimeConfig: {networkProxy: 'http://127.0.0.1:3128'}\n";

    check_refused("network: {egress: {allow: [{to: [{host: example.org}]}]}}\n", proxy, "ceiling.yaml:2:28: network.egress.allow[0]: ",
                  "name the same proxy in this layer");
    check_refused("network: {ingress: {hostLoopback: deny}}\n", proxy, "ceiling.yaml:2:35: network.ingress.hostLoopback: ",
                  "would lead past this limit");
    check_refused(NULL, "runtimeConfig: {networkProxy: 'http://127.0.0.1:3128'}\nnetwork: {egress: {allow: [{}]}}\n",
                  "test.yaml:3:28: network.egress.allow[0]: ", "the only way out");
    fixture_open(&f);
    add_layer(&f, LAYER_CEILING, "network: {egress: {default: deny}}\nruntimeConfig: {networkProxy: 'http://127.0.0.1:3128'}\n");
    add_layer(&f, LAYER_REQUEST, proxy);
    check_int(compile_layers(&f), 0);
    check_int(f.plan->net_rules->outward_count, 1);
    fixture_close(&f);
    fixture_open(&f);
    add_layer(&f, LAYER_CEILING, "runtimeConfig: {networkProxy: 'http://127.0.0.1:3129'}\n");
    add_layer(&f, LAYER_REQUEST, proxy);
    check(compile_layers(&f) < 0);
    check_contains(f.err.text, "contradict each other");
    fixture_close(&f);
}

/* the resolver */

static const struct plan_mount *resolver_file(void)
{
    for (size_t i = 0; i < f.plan->mount_count; i++)
        if (f.plan->mounts[i].kind == PLAN_FILE && strstr(f.plan->mounts[i].source, "nameserver"))
            return &f.plan->mounts[i];
    return NULL;
}

TEST(the_resolver_is_named_where_the_host_names_its_own)
{
    static const char *const files[] = {"name: x\n", "extends: [base]\n", "filesystem: {readonlyPaths: [/etc]}\n",
                                        "filesystem: {readonlyPaths: [/etc/resolv.conf]}\n"};
    auto_free char *real = realpath("/etc/resolv.conf", NULL);
    char text[256];

    if (!real)
        test_skip("/etc/resolv.conf");
    for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
        fixture_open(&f);
        f.facts.keeps_names = true;
        snprintf(text, sizeof(text), "%snetwork: {egress: {allow: [{to: [{host: example.org}]}]}}\n", files[i]);
        accept_text(&f, text);
        check(resolver_file() != NULL);
        check_string(resolver_file()->target, real);
        check_contains(resolver_file()->source, "nameserver 192.0.0.1\n");
        check_int(resolver_file()->mode, 0444);
        accept_text(&f, files[i]); /* without the gateway it is the host's, where it is granted */
        check(resolver_file() == NULL);
        fixture_close(&f);
    }
}

TEST(a_denied_file_for_the_resolver_stays_denied_and_that_is_said)
{
    fixture_open(&f);
    f.facts.keeps_names = true;
    accept_text(&f, "filesystem: {readonlyPaths: [/etc/passwd], deniedPaths: [/etc/resolv.conf]}\n"
                    "network: {egress: {allow: [{to: [{host: example.org}]}]}}\n");
    check(resolver_file() == NULL);
    check_contains(f.plan->warnings.items[0].text, "/etc/resolv.conf is denied");
    fixture_close(&f);
}

TEST(of_the_hosts_list_of_names_what_leads_nowhere_outside_stays)
{
    static const char *const cases[][2] = {
        {"127.0.0.1 localhost\n::1 localhost # own\n0.0.0.0 ads.example\nff02::1 ip6-allnodes\n# a note\n\n", NULL},
        {"127.0.1.1 box\n", NULL},
        {"", NULL},
        {"127.0.0.1 localhost\n93.184.216.34 a.example\n127.0.0.1 mine\n", "127.0.0.1 localhost\n127.0.0.1 mine\n"},
        {"93.184.216.34 a.example", ""},
        {" \t10.1.2.3\ta.example # one\n::1 localhost", "::1 localhost"},
        {"2606:2800:220:1::34 a.example\n169.254.169.254 metadata\n", ""},
        {"fe80::1%eth0 a.example\n0x5db8d822 a.example\n10.1 a.example\n", ""},
        {"#93.184.216.34 a.example\n1.2.3.4#a.example\n", "#93.184.216.34 a.example\n"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct arena *arena = arena_new();
        struct error err = ERROR_INIT;
        const char *text = NULL;

        check_int(hosts_inside(arena, cases[i][0], strlen(cases[i][0]), &text, &err), 0);
        if (cases[i][1])
            check_string(text, cases[i][1]);
        else
            check(!text);
        arena_free(arena);
    }
}

/* A byte that ends a text for one reader and not for another would leave lines to those that go on. */
TEST(of_a_list_with_a_zero_byte_what_is_before_it_stays)
{
    static const char list[] = "127.0.0.1 localhost\n::1\0\n93.184.216.34 a.example\n";
    struct arena *arena = arena_new();
    struct error err = ERROR_INIT;
    const char *text = NULL;

    check_int(hosts_inside(arena, list, sizeof(list) - 1, &text, &err), 0);
    check(text && !strstr(text, "93.184"));
    arena_free(arena);
}

/* what is printed and named */

#define RULE "network: {egress: {allow: [{to: [{host: a.example.org}], ports: [{port: %s}]}]}}\n"

static const char *digest_of(const char *port, char digest[DIGEST_TEXT_SIZE])
{
    char text[256];

    snprintf(text, sizeof(text), RULE, port);
    accept_text(&f, text);
    snprintf(digest, DIGEST_TEXT_SIZE, "%s", f.plan->plan_digest);
    return digest;
}

TEST(the_digest_of_a_plan_covers_the_rules)
{
    char first[DIGEST_TEXT_SIZE], second[DIGEST_TEXT_SIZE];

    fixture_open(&f);
    check(strcmp(digest_of("443", first), digest_of("444", second)) != 0);
    check_string(digest_of("443", second), first);
    fixture_close(&f);
}

TEST(explain_says_each_rule_with_its_member)
{
    char *text = NULL, *json = NULL;

    fixture_open(&f);
    add_layer(&f, LAYER_CEILING, "network: {egress: {allow: [{to: [{cidr: 0.0.0.0/0}, {host: '*.example.org'}]}]}}\n");
    add_layer(&f, LAYER_REQUEST, "network:\n"
                                 "  egress:\n"
                                 "    allow: [{to: [{host: a.example.org, cidr: 93.184.0.0/16, except: [93.184.1.0/24]}], "
                                 "ports: [{port: 443, protocol: tcp}, {port: 1, endPort: 9}, {protocol: udp}]}]\n"
                                 "    deny: [{to: [{cidr: '2001:db8::1'}]}]\n"
                                 "  ingress: {ports: [{port: 3000, hostPort: 4000}]}\n");
    check_int(compile_layers(&f), 0);
    check_int(plan_explain_text(f.plan, &text, &f.err), 0);
    check_contains(text, "refused  gateway, namespace  everything that no line here allows");
    check_contains(text, "at most  gateway             0.0.0.0/0, *.example.org");
    check_contains(text, "allowed                      a.example.org at 93.184.0.0/16\n"
                         "        but not 93.184.1.0/24: tcp port 443, ports 1 to 9, udp every port\n");
    check_contains(text, "refused  gateway             2001:db8::1");
    check_contains(text, "127.0.0.1 port 4000 of the host leads to port 3000 inside");
    check_int(plan_explain_json(f.plan, &json, &f.err), 0);
    check_contains(json, "\"kind\": \"gateway\"");
    check_contains(json, "\"host\": \"a.example.org\"");
    check_contains(json, "\"cidr\": \"93.184.0.0/16\"");
    check_contains(json, "\"toPort\": 3000");
    mem_free(text);
    mem_free(json);
    fixture_close(&f);
}
