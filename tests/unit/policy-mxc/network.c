/* SPDX-License-Identifier: Apache-2.0 */
/* Rules, postures, proxies, and the network of 0.6 to 0.8. */
#include "mxc-test.h"

#include <arpa/inet.h>

#define RULE(text)            ONE_SHOT(",\"network\":{\"egress\":{\"allow\":[" text "]}}")
#define CIDR(text)            RULE("{\"to\":[{\"cidr\":\"" text "\"}]}")
#define PROXY(url)            ONE_SHOT(",\"runtimeConfig\":{\"networkProxy\":\"" url "\"}")
#define OLD(version, members) ONE_SHOT_OF(version, ",\"network\":{" members "}")

TEST(no_network_member_is_no_network)
{
    check_accepted(ONE_SHOT(",\"network\":{}"));
    check_accepted(ONE_SHOT(",\"network\":{\"egress\":{\"default\":\"deny\",\"allow\":[],"
                            "\"deny\":[]},\"ingress\":{\"default\":\"deny\",\"hostLoopback\":"
                            "\"deny\"}}"));
}

TEST(what_leads_out_is_accepted)
{
    check_accepted(RULE("{}"));
    check_accepted(ONE_SHOT(",\"network\":{\"egress\":{\"deny\":[{}]}}"));
    check_accepted(ONE_SHOT(",\"network\":{\"egress\":{\"default\":\"allow\"}}"));
    check_accepted(PROXY("http://127.0.0.1:3128"));
}

TEST(what_leads_in_is_valid_and_refused_at_launch_by_name)
{
    check_unsupported(ONE_SHOT(",\"network\":{\"ingress\":{\"default\":\"allow\"}}"),
                      "network.ingress.default");
    check_unsupported(ONE_SHOT(",\"network\":{\"ingress\":{\"hostLoopback\":\"allow\"}}"),
                      "network.ingress.hostLoopback");
}

TEST(a_rule_is_read_into_the_model)
{
    struct verdict verdict =
        mxc_read(RULE("{\"to\":[{\"cidr\":\"10.0.0.0/8\",\"except\":[\"10.1.0.0/16\"]},{\"cidr\":"
                      "\"::1\"}],\"ports\":[{\"port\":80,\"endPort\":81,\"protocol\":\"tcp\"},"
                      "{\"port\":53},{\"protocol\":\"icmp\"}]}"));
    const struct net_rule *rule;

    check(verdict.document != NULL);
    check_int(verdict.document->network.allow_count, 1);
    rule = &verdict.document->network.allow->rule;
    check_int(rule->peer_count, 2);
    check_int(rule->peers[0].block.family, AF_INET);
    check_int(rule->peers[0].block.address[0], 10);
    check_int(rule->peers[0].block.prefix, 8);
    check_int(rule->peers[0].except[0].prefix, 16);
    check_int(rule->peers[1].block.family, AF_INET6);
    check_int(rule->peers[1].block.prefix, 128);
    check_int(rule->port_count, 3);
    check(rule->ports[0].first == 80 && rule->ports[0].last == 81);
    check_int(rule->ports[0].protocol, NET_TCP);
    check(rule->ports[1].first == 53 && rule->ports[1].last == 53);
    check_int(rule->ports[1].protocol, NET_ANY);
    check(!rule->ports[2].has_port && rule->ports[2].last == 65535);
    check_int(rule->ports[2].protocol, NET_ICMP);
    check_string(verdict.document->network.allow->origin.member, "network.egress.allow[0]");
    verdict_finish(&verdict);
}

TEST(a_peer_is_a_network_and_no_name)
{
    static const char *const bad[] = {
        CIDR("1.1.1.1/24"),     CIDR("example.com"), CIDR(""),           CIDR("1.1.1.1/33"),
        CIDR("1.1.1.1/"),       CIDR("1.1.1"),       CIDR("01.1.1.1"),   CIDR(" 1.1.1.1"),
        CIDR("1.1.1.1/-1"),     CIDR("::/129"),      CIDR("fe80::1%lo"), CIDR("2001:db8::1/32"),
        CIDR("1.1.1.1\\u0000"),
    };

    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        check_refused_about(bad[i], MXC_MALFORMED_REQUEST,
                            "network.egress.allow[0].to[0].cidr must be a valid network CIDR");
    check_accepted(CIDR("1.1.1.0/24"));
    check_accepted(CIDR("2001:db8::/32"));
}

TEST(an_exception_lies_within_its_network)
{
    check_refused_about(RULE("{\"to\":[{\"cidr\":\"10.0.0.0/8\",\"except\":[\"11.0.0.0/16\"]}]}"),
                        MXC_MALFORMED_REQUEST, "to[0].except[0] must be contained within");
    check_refused_about(RULE("{\"to\":[{\"cidr\":\"10.0.0.0/8\",\"except\":[\"10.0.0.0/7\"]}]}"),
                        MXC_MALFORMED_REQUEST, "to[0].except[0] must be contained within");
    check_refused_about(RULE("{\"to\":[{\"cidr\":\"10.0.0.0/8\",\"except\":[\"::/0\"]}]}"),
                        MXC_MALFORMED_REQUEST, "to[0].except[0] must be contained within");
    check_accepted(RULE("{\"to\":[{\"cidr\":\"10.0.0.0/8\",\"except\":[\"10.0.0.0/8\"]}]}"));
}

TEST(ports_make_a_range_and_icmp_has_none)
{
    check_refused_about(RULE("{\"ports\":[{\"endPort\":5}]}"), MXC_MALFORMED_REQUEST,
                        "network.egress.allow[0].ports[0].endPort requires port");
    check_refused_about(RULE("{\"ports\":[{\"port\":5,\"endPort\":4}]}"), MXC_MALFORMED_REQUEST,
                        "endPort must be greater than or equal to port");
    check_refused_about(RULE("{\"ports\":[{\"port\":5,\"protocol\":\"icmp\"}]}"),
                        MXC_MALFORMED_REQUEST, "'icmp' has no ports");
    check_refused_about(RULE("{\"ports\":[{\"port\":0}]}"), MXC_MALFORMED_REQUEST,
                        "invalid value: integer `0`, expected a nonzero u16");
    check_refused_about(RULE("{\"ports\":[{\"protocol\":\"TCP\"}]}"), MXC_MALFORMED_REQUEST,
                        "unknown variant `TCP`, expected one of `tcp`, `udp`, `icmp`, `any`");
    check_refused_about(RULE("{\"to\":[]}"), MXC_MALFORMED_REQUEST, "array must not be empty");
    check_accepted(RULE("{\"ports\":[{\"port\":5,\"endPort\":5}]}"));
}

TEST(an_ipv6_block_that_would_also_mean_ipv4_says_so)
{
    struct verdict wide = mxc_read(CIDR("::/0")), narrow = mxc_read(CIDR("::ffff:0:0/96"));

    check(wide.document && narrow.document);
    check_contains(wide.document->unsupported[0].reason, "::ffff:0:0/96");
    check_int(narrow.document->unsupported_count, 0);
    verdict_finish(&wide);
    verdict_finish(&narrow);
}

TEST(a_proxy_is_a_loopback_url_with_a_port)
{
    static const struct {
        const char *text, *fault;
    } rows[] = {
        {PROXY(""), "no URL"},
        {PROXY("x"), "no URL"},
        {PROXY("127.0.0.1:3128"), "no URL"},
        {PROXY("socks5://127.0.0.1:1"), "'http' or 'https' scheme"},
        {PROXY("http://example.com:1"), "localhost, 127.0.0.1, or [::1]"},
        {PROXY("http://127.0.0.1.evil.example:1"), "localhost, 127.0.0.1, or [::1]"},
        {PROXY("http://evil.example@127.0.0.2:1"), "localhost, 127.0.0.1, or [::1]"},
        {PROXY("http://127.0.0.1"), "must include a port"},
        {PROXY("http://127.0.0.1:"), "must include a port"},
        {PROXY("http://127.0.0.1:80"), "must include a port"},
        {PROXY("https://127.0.0.1:443"), "must include a port"},
        {PROXY("http://127.0.0.1:65536"), "invalid port number"},
        {PROXY("http://127.0.0.1:1\\u0000"), "NUL"},
    };
    static const struct {
        const char *text, *proxy;
        int port;
    } good[] = {
        {PROXY("http://127.0.0.1:3128"), "http://127.0.0.1:3128", 3128},
        {PROXY("https://LOCALHOST:1/"), "https://localhost:1", 1},
        {PROXY("http://127.0.0.1:443"), "http://127.0.0.1:443", 443},
        {PROXY("HTTP://127.0.0.1:08080/p?q#f"), "http://127.0.0.1:8080", 8080},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        check_refused_about(rows[i].text, MXC_MALFORMED_REQUEST, rows[i].fault);
    for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
        struct verdict verdict = mxc_read(good[i].text);

        check(verdict.document && verdict.document->unsupported_count == 0);
        check_string(verdict.document->network.proxy, good[i].proxy);
        check_int(verdict.document->network.proxy_port, good[i].port);
        verdict_finish(&verdict);
    }
    check_unsupported(PROXY("http://[::1]:3128"), "runtimeConfig.networkProxy");
    check_unsupported(PROXY("http://127.0.0.1:0"), "runtimeConfig.networkProxy");
}

TEST(a_proxys_password_is_nowhere_in_the_document)
{
    struct verdict verdict = mxc_read(PROXY("http://user:hunter2@127.0.0.1:3128"));

    check(verdict.document && verdict.document->network.proxy == NULL);
    check_int(verdict.document->unsupported_count, 1);
    check_contains(verdict.document->unsupported[0].reason, "credentials");
    check(strstr(verdict.document->unsupported[0].reason, "hunter2") == NULL);
    verdict_finish(&verdict);
    check_refused_about(PROXY("http://user:hunter2@example.com:1"), MXC_MALFORMED_REQUEST,
                        "runtimeConfig.networkProxy must use localhost");
}

TEST(a_proxy_stands_alone)
{
    static const char *const networks[] = {"{\"egress\":{\"default\":\"allow\"}}",
                                           "{\"egress\":{\"allow\":[{}]}}",
                                           "{\"egress\":{\"deny\":[{}]}}"};

    for (size_t i = 0; i < ARRAY_COUNT(networks); i++) {
        char text[512];

        snprintf(text, sizeof(text),
                 ONE_SHOT(",\"runtimeConfig\":{\"networkProxy\":\"http://127.0.0.1:1\"},"
                          "\"network\":%s"),
                 networks[i]);
        check_refused(text, MXC_MALFORMED_REQUEST,
                      "runtimeConfig.networkProxy requires network.egress.default='deny' with no "
                      "direct allow or deny rules");
    }
}

TEST(the_older_network_becomes_the_same_model)
{
    struct verdict verdict =
        mxc_read(OLD("0.7.0-alpha", "\"defaultPolicy\":\"block\",\"allowedHosts\":[\"10.0.0.0/8\","
                                    "\"api.example.org\"],\"blockedHosts\":[\"10.1.1.1\"]"));
    const struct network *network;

    check(verdict.document != NULL);
    network = &verdict.document->network;
    check(network->egress_default.is_set && !network->egress_default.value);
    check_int(network->allow_count, 2);
    check_int(network->allow[0].rule.peers[0].block.prefix, 8);
    check_string(network->allow[1].rule.peers[0].host, "api.example.org");
    check_int(network->deny[0].rule.peers[0].block.prefix, 32);
    verdict_finish(&verdict);
    check_accepted(OLD("0.7.0-alpha", "\"allowedHosts\":[\"10.0.0.0/8\"]"));
    check_unsupported(OLD("0.6.0-alpha", "\"blockedHosts\":[\"a b\"]"), "network.blockedHosts[0]");
    check_unsupported(OLD("0.6.0-alpha", "\"allowedHosts\":[\"*.example.org\"]"), "network.allowedHosts[0]");
    check_unsupported(OLD("0.6.0-alpha", "\"allowedHosts\":[\"0x7f.1\"]"), "network.allowedHosts[0]");
    check_accepted(OLD("0.6.0-alpha", "\"defaultPolicy\":\"block\",\"allowedHosts\":[]"));
}

TEST(an_older_member_that_asks_for_more_is_refused_at_launch_by_name)
{
    check_accepted(OLD("0.6.0-alpha", "\"defaultPolicy\":\"allow\""));
    check_unsupported(OLD("0.6.0-alpha", "\"allowLocalNetwork\":true"),
                      "network.allowLocalNetwork");
    check_accepted(OLD("0.6.0-alpha", "\"allowLocalNetwork\":false"));
    check_accepted(OLD("0.6.0-alpha", "\"proxy\":{\"localhost\":8080}"));
    check_unsupported(OLD("0.6.0-alpha", "\"proxy\":{\"url\":\"http://p:1\"}"),
                      "network.proxy.url");
    check_unsupported(OLD("0.6.0-alpha", "\"proxy\":{\"builtinTestServer\":true}"),
                      "network.proxy");
    check_unsupported(ONE_SHOT_OF("0.7.0-alpha", ",\"experimental\":{\"wslc\":{\"image\":\"x\"}}"),
                      "experimental.wslc");
}

TEST(an_older_member_without_effect_is_said)
{
    check_warning(OLD("0.6.0-alpha", "\"enforcementMode\":\"firewall\""),
                  "network.enforcementMode has no effect: the mechanism is chosen by Cordon");
    check_warning(OLD("0.6.0-alpha", "\"removeRulesOnExit\":true"), NULL);
}

TEST(older_contracts_are_closed_too)
{
    check_refused_about(OLD("0.7.0-alpha", "\"egress\":{}"), MXC_MALFORMED_REQUEST,
                        "unknown field `egress`");
    check_refused_about(OLD("0.8.0-alpha", "\"zz\":1"), MXC_MALFORMED_REQUEST, "unknown field");
    check_refused_about(ONE_SHOT_OF("0.7.0-alpha", ",\"experimental\":{\"zz\":1}"),
                        MXC_MALFORMED_REQUEST, "unknown field `zz`");
    check_refused_about(ONE_SHOT_OF("0.8.0-alpha", ",\"phase\":\"start\""), MXC_MALFORMED_REQUEST,
                        "unknown field `phase`");
    check_refused_about(OLD("0.6.0-alpha", "\"defaultPolicy\":\"deny\""), MXC_MALFORMED_REQUEST,
                        "unknown variant `deny`, expected `allow` or `block`");
}

TEST(both_formats_do_not_stand_in_one_document)
{
    check_refused_about(OLD("0.8.0-alpha", "\"defaultPolicy\":\"block\",\"egress\":{}"),
                        MXC_MALFORMED_REQUEST, "network.defaultPolicy cannot stand beside");
    check_accepted(OLD("0.8.0-alpha", "\"defaultPolicy\":\"block\""));
    check_accepted(OLD("0.8.0-alpha", "\"egress\":{\"default\":\"deny\"}"));
}

TEST(null_is_an_absent_member_in_older_contracts)
{
    check_accepted(ONE_SHOT_OF("0.7.0-alpha", ",\"network\":null,\"ui\":{\"disable\":null}"));
    check_refused_about("{\"version\":\"0.7.0-alpha\",\"process\":null}", MXC_MALFORMED_REQUEST,
                        "invalid type: null, expected struct Process");
}
