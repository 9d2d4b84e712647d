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

TEST(a_proxy_is_an_http_address)
{
    const struct document *d =
        must_load(NATIVE "runtimeConfig: {networkProxy: 'http://127.0.0.1:3128'}\n");

    check_string(d->network.proxy, "http://127.0.0.1:3128");
    check_string(d->network.proxy_origin.member, "runtimeConfig.networkProxy");
    must_refuse(NATIVE "runtimeConfig: {networkProxy: 'socks5://127.0.0.1:1'}\n",
                "p.yaml:2:31: runtimeConfig.networkProxy: 'socks5://127.0.0.1:1' is not an http or "
                "https address; write http://127.0.0.1:3128");
}
