/* SPDX-License-Identifier: Apache-2.0 */
/* Network rules. */
#include <sys/socket.h>

#include "load.h"
#include "test.h"

#define RULE(text) NATIVE "network: {egress: {allow: [" text "]}}\n"

TEST(a_rule_has_peers_and_ports)
{
    const struct network *n =
        &must_load(NATIVE "network:\n"
                          "  loopback: deny\n"
                          "  egress:\n"
                          "    default: allow\n"
                          "    deny:\n"
                          "      - to:\n"
                          "          - {cidr: 10.0.0.0/8, except: [10.1.0.0/16, 10.2.0.1]}\n"
                          "          - {cidr: '2001:db8::/32'}\n"
                          "          - {host: '*.example.org'}\n"
                          "        ports:\n"
                          "          - {port: 443, protocol: tcp}\n"
                          "          - {port: 1000, endPort: 2000}\n"
                          "          - {protocol: icmp}\n"
                          "    allow: [{}]\n")
             ->network;
    const struct net_rule *rule = &n->deny->rule;

    check(n->is_set && n->egress_default.value == 1);
    check(n->loopback.is_set && n->loopback.value == 0);
    check_int(n->deny_count, 1);
    check_int(n->allow_count, 1);
    check_int(n->allow[0].rule.peer_count + n->allow[0].rule.port_count, 0);
    check_int(rule->peer_count, 3);
    check_int(rule->peers[0].block.family, AF_INET);
    check_int(rule->peers[0].block.prefix, 8);
    check_int(rule->peers[0].except_count, 2);
    check_int(rule->peers[0].except[1].prefix, 32);
    check_int(rule->peers[1].block.family, AF_INET6);
    check_string(rule->peers[2].host, "*.example.org");
    check_int(rule->port_count, 3);
    check(rule->ports[0].first == 443 && rule->ports[0].last == 443 && rule->ports[0].has_port);
    check_int(rule->ports[0].protocol, NET_TCP);
    check(rule->ports[1].first == 1000 && rule->ports[1].last == 2000);
    check(rule->ports[2].first == 0 && rule->ports[2].last == 65535 && !rule->ports[2].has_port);
    check_string(n->deny->origin.member, "network.egress.deny[0]");
    check(strstr(rule->where, ": network.egress.deny[0]") != NULL);
}

static void refuses(const char *text, const char *part)
{
    struct error err = ERROR_INIT;
    struct document *document = NULL;

    check(document_load_text(test_arena(), "p.yaml", text, strlen(text), &test_options, &document, &err) < 0);
    check_contains(err.text, part);
}

TEST(an_allow_rule_may_end_at_a_time_with_its_offset)
{
    const struct network *n = &must_load(RULE("{to: [{host: a.org}], until: 2026-12-24T18:30:00+01:00}, {until: '1970-01-01T00:00:02Z'}, {}"))->network;

    check(n->allow[0].rule.until_ms == 1798133400000);
    check_string(n->allow[0].until_origin.member, "network.egress.allow[0].until");
    check_int(n->allow[1].rule.until_ms, 2000);
    check_int(n->allow[2].rule.until_ms, 0);
    refuses(RULE("{until: tomorrow}"), "network.egress.allow[0].until: 'tomorrow' is no time with its offset");
    refuses(RULE("{until: '2026-12-24T18:30:00'}"), "is no time with its offset");
    refuses(RULE("{until: '2026-02-30T18:30:00Z'}"), "there is no such day");
    refuses(RULE("{until: 30m}"), "is no time with its offset");
    refuses(RULE("{until: 1798133400}"), "expected a time, like");
    refuses(RULE("{until: [a]}"), "expected a time, like");
    refuses(NATIVE "network: {egress: {default: allow, deny: [{until: '2026-12-24T18:30:00Z'}]}}\n", "unknown member");
}

TEST(a_peer_is_a_name_or_a_block_or_a_name_at_a_block)
{
    const struct network *n = &must_load(RULE("{to: [{host: a.example.org, cidr: 10.0.0.0/8, except: [10.1.0.0/16]}, "
                                              "{host: b.example.org}, {cidr: 10.0.0.0/8}]}"))
                                   ->network;
    const struct net_peer *peers = n->allow->rule.peers;

    check_int(n->allow->rule.peer_count, 3);
    check_string(peers[0].host, "a.example.org");
    check(peers[0].has_block && peers[0].block.prefix == 8 && peers[0].except_count == 1);
    check(peers[1].host && !peers[1].has_block);
    check(!peers[2].host && peers[2].has_block);
}

TEST(rules_with_one_thing_wrong_are_refused)
{
    static const char *const cases[][2] = {
        {"{to: [{cidr: 1.1.1.1/24}]}",
         "41: network.egress.allow[0].to[0].cidr: '1.1.1.1/24' has address bits behind its prefix; "
         "set them to zero or lengthen the prefix"},
        {"{to: [{cidr: 10.0.0.0/33}]}",
         "41: network.egress.allow[0].to[0].cidr: prefix length: 33 is not in 0..32"},
        {"{to: [{cidr: 10.0.0.0/}]}",
         "41: network.egress.allow[0].to[0].cidr: prefix length: '' is not a whole number"},
        {"{to: [{cidr: example.org}]}",
         "41: network.egress.allow[0].to[0].cidr: 'example.org' is not an address block (write "
         "192.0.2.0/24 or 2001:db8::/32)"},
        {"{to: [{cidr: 010.0.0.1}]}",
         "41: network.egress.allow[0].to[0].cidr: '010.0.0.1' is not an address block (write "
         "192.0.2.0/24 or 2001:db8::/32)"},
        {"{to: [{cidr: 10.0.0.0/8, except: [11.0.0.0/16]}]}",
         "62: network.egress.allow[0].to[0].except[0]: '11.0.0.0/16' is not inside 'cidr'"},
        {"{to: [{cidr: 10.0.0.0/8, except: [0.0.0.0/0]}]}",
         "62: network.egress.allow[0].to[0].except[0]: '0.0.0.0/0' is not inside 'cidr'"},
        {"{to: [{cidr: 10.0.0.0/8, except: ['::1']}]}",
         "62: network.egress.allow[0].to[0].except[0]: '::1' is of another address family than "
         "'cidr'"},
        {"{to: [{host: a.b, except: [10.0.0.1]}]}",
         "55: network.egress.allow[0].to[0].except[0]: 'except' needs 'cidr' beside it"},
        {"{to: [{}]}", "34: network.egress.allow[0].to[0]: needs 'cidr' or 'host'"},
        {"{to: []}", "33: network.egress.allow[0].to: is an empty list; leave the member out"},
        {"{ports: []}",
         "36: network.egress.allow[0].ports: is an empty list; leave the member out"},
        {"{ports: [{port: 70000}]}",
         "44: network.egress.allow[0].ports[0].port: 70000 is not in 1..65535"},
        {"{ports: [{port: 0}]}", "44: network.egress.allow[0].ports[0].port: 0 is not in 1..65535"},
        {"{ports: [{endPort: 5}]}",
         "47: network.egress.allow[0].ports[0].endPort: needs 'port' beside it"},
        {"{ports: [{endPort: 5, port: 6}]}",
         "47: network.egress.allow[0].ports[0].endPort: 5 is below 'port' (6)"},
        {"{ports: [{port: 5, protocol: icmp}]}",
         "37: network.egress.allow[0].ports[0]: icmp has no ports; leave 'port' out"},
        {"{ports: [{port: 5, protocol: TCP}]}",
         "57: network.egress.allow[0].ports[0].protocol: 'TCP' is unknown; expected one of any, "
         "tcp, udp, icmp"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char text[256], error[512];

        snprintf(text, sizeof(text), RULE("%s"), cases[i][0]);
        snprintf(error, sizeof(error), "p.yaml:2:%s", cases[i][1]);
        must_refuse(text, error);
    }
}

TEST(host_names_are_dns_names)
{
    static const char *const accepted[] = {"a",      "api.github.com", "*.example.org",
                                           "a-b.c1", "_dmarc.x",       "1.2.3.example"};
    static const char *const refused[] = {
        "''",          "a..b",  ".a",         "a.",      "-a.b",   "a-.b", "a b",  "*",
        "*.",          "a.*",   "**.a",       "1.2.3.4", "0x7f.1", "a/b",  "a:80", "http://a",
        "\xc3\xa9.fr", "*.*.a", "\"a\\0.b\"", "'[::1]'", "a%2eb",  "a@b",
    };

    for (size_t i = 0; i < ARRAY_COUNT(accepted); i++) {
        char text[256];

        snprintf(text, sizeof(text), RULE("{to: [{host: '%s'}]}"), accepted[i]);
        must_load(text);
    }
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        char text[256];
        struct document *document = NULL;
        struct error err = ERROR_INIT;
        bool is_quoted = strchr("'\"", refused[i][0]);

        snprintf(text, sizeof(text),
                 is_quoted ? RULE("{to: [{host: %s}]}") : RULE("{to: [{host: '%s'}]}"), refused[i]);
        if (document_load_text(test_arena(), "p.yaml", text, strlen(text), &test_options, &document,
                               &err) == 0)
            test_fail(__FILE__, __LINE__, "'%s' was taken as a host", refused[i]);
        check_contains(err.text, "p.yaml:2:41: network.egress.allow[0].to[0].host: ");
    }
}

TEST(names_are_kept_in_one_spelling)
{
    const struct document *d = must_load(RULE("{to: [{host: API.Example.ORG}, {host: '*.EXAMPLE.org'}]}"));

    check_string(d->network.allow->rule.peers[0].host, "api.example.org");
    check_string(d->network.allow->rule.peers[1].host, "*.example.org");
    must_refuse(RULE("{to: [{host: example.org.}]}"),
                "p.yaml:2:41: network.egress.allow[0].to[0].host: 'example.org.' is not the name of a host: a label is empty "
                "(no dot at either end, none twice)");
}

TEST(what_is_written_in_place_of_a_name_is_refused_with_what_it_belongs_to)
{
    static const char *const cases[][2] = {
        {"https://example.org/", "write the name alone, without 'https://' and path; paths belong to 'http'"},
        {"example.org/v1", "write the name alone, without 'https://' and path; paths belong to 'http'"},
        {"example.org:443", "write the name alone; the port belongs to 'ports'"},
        {"192.0.2.7", "it is an address: write it as 'cidr'"},
        {"2001:db8::7", "it is an address: write it as 'cidr'"},
        {"*", "for every host leave 'to' out"},
        {"**.example.org", "'*' stands only for the whole first label, as in *.example.org"},
        {"*.*.example.org", "'*' stands only for the whole first label, as in *.example.org"},
        {"api.*.org", "'*' stands only for the whole first label, as in *.example.org"},
        {"b\u00fccher.example", "only letters, digits, '-', '_' and dots make one; write international names with xn--"},
    };
    char text[256], error[256];

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        snprintf(text, sizeof(text), NATIVE "network: {egress: {allow: [{to: [{host: \"%s\"}]}]}}\n", cases[i][0]);
        snprintf(error, sizeof(error), "p.yaml:2:41: network.egress.allow[0].to[0].host: '%s' is not the name of a host: %s",
                 i + 1 == ARRAY_COUNT(cases) ? "b\xc3\xbc" "cher.example" : cases[i][0], cases[i][1]);
        must_refuse(text, error);
    }
}

TEST(a_rule_without_its_maps_is_refused_with_the_members_that_they_have)
{
    must_refuse(RULE("{to: [example.org]}"),
                "p.yaml:2:34: network.egress.allow[0].to[0]: expected a map of members, not a string; they are cidr, except, host");
    must_refuse(RULE("{ports: [443]}"),
                "p.yaml:2:37: network.egress.allow[0].ports[0]: expected a map of members, not a number; they are port, endPort, protocol");
    must_refuse(RULE("{hosts: [example.org]}"),
                "p.yaml:2:29: network.egress.allow[0].hosts: unknown member; write to: [{host: NAME}] in a rule");
}

TEST(ports_lead_in_and_out)
{
    const struct network *n = &must_load(NATIVE "network:\n  ingress:\n"
                                                "    ports: [{port: 3000}, {port: 3001, hostPort: 4001, protocol: tcp}]\n"
                                                "    hostLoopbackPorts: [{port: 5432}]\n")
                                   ->network;

    check(n->inward.is_set && n->outward.is_set && !n->host_loopback.is_set);
    check_int(n->inward.count, 2);
    check(n->inward.items[0].port == 3000 && n->inward.items[0].host_port == 3000);
    check(n->inward.items[1].port == 3001 && n->inward.items[1].host_port == 4001);
    check_string(n->inward.items[1].origin.member, "network.ingress.ports[1]");
    check_int(n->outward.count, 1);
    check(n->outward.items[0].port == 5432 && n->outward.items[0].host_port == 5432);
    n = &must_load(NATIVE "network: {ingress: {ports: []}}\n")->network;
    check(n->inward.is_set && n->inward.count == 0 && !n->outward.is_set);
}

TEST(ports_with_one_thing_wrong_are_refused)
{
    must_refuse(NATIVE "network: {ingress: {ports: [{hostPort: 80}]}}\n",
                "p.yaml:2:29: network.ingress.ports[0]: member 'port' is missing");
    must_refuse(NATIVE "network: {ingress: {ports: [{port: 80}, {port: 81, hostPort: 80}]}}\n",
                "p.yaml:2:41: network.ingress.ports[1]: port 80 of the host is named twice");
    must_refuse(NATIVE "network: {ingress: {hostLoopbackPorts: [{port: 80, hostPort: 81}]}}\n",
                "p.yaml:2:52: network.ingress.hostLoopbackPorts[0].hostPort: unknown member; expected one of port, protocol");
    must_refuse(NATIVE "network: {ingress: {ports: [{port: 0}]}}\n",
                "p.yaml:2:36: network.ingress.ports[0].port: 0 is not in 1..65535");
    must_refuse(NATIVE "network: {ingress: {ports: [{port: 80, protocol: icmp}]}}\n",
                "p.yaml:2:50: network.ingress.ports[0].protocol: 'icmp' is unknown; expected one of tcp, udp");
    must_refuse(NATIVE "network: {ingress: {hostLoopback: deny, hostLoopbackPorts: [{port: 80}]}}\n",
                "p.yaml:2:20: network.ingress: hostLoopback: deny contradicts hostLoopbackPorts; leave one of them out");
    must_load(NATIVE "network: {ingress: {hostLoopback: allow, hostLoopbackPorts: [{port: 80}]}}\n");
}

TEST(a_proxy_is_a_port_of_the_hosts_loopback)
{
    static const char *const refused[] = {
        "http://127.0.0.1",       "http://127.0.0.1:0",      "http://127.0.0.1:65536",    "http://127.0.0.1:080",
        "http://127.1:80",        "http://[::1]:80",         "http://a@127.0.0.1:80",     "http://127.0.0.1:80/x",
        "http://127.0.0.1.x:80",  "http://localhost.:80",    "http://proxy.example.org:80", "http://127.0.0.1:80?",
        "https://",               "http://127.0.0.1:80//",
    };
    const struct document *d = must_load(NATIVE "runtimeConfig: {networkProxy: 'http://127.0.0.1:3128/'}\n");

    check_string(d->network.proxy, "http://127.0.0.1:3128");
    check_int(d->network.proxy_port, 3128);
    check_string(d->network.proxy_origin.member, "runtimeConfig.networkProxy");
    check_int(must_load(NATIVE "runtimeConfig: {networkProxy: 'https://localhost:443'}\n")->network.proxy_port, 443);
    must_refuse(NATIVE "runtimeConfig: {networkProxy: 'socks5://127.0.0.1:1'}\n",
                "p.yaml:2:31: runtimeConfig.networkProxy: 'socks5://127.0.0.1:1' is not an http or "
                "https address; write http://127.0.0.1:3128");
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        struct document *document = NULL;
        struct error err = ERROR_INIT;
        char text[256];

        snprintf(text, sizeof(text), NATIVE "runtimeConfig: {networkProxy: '%s'}\n", refused[i]);
        if (document_load_text(test_arena(), "p.yaml", text, strlen(text), &test_options, &document, &err) == 0)
            test_fail(__FILE__, __LINE__, "'%s' was taken as a proxy", refused[i]);
        check_contains(err.text, "runtimeConfig.networkProxy: is not a proxy on the host's loopback");
    }
}
