/* SPDX-License-Identifier: Apache-2.0 */
/* One difference at a time: found, named, and not found the other way round. */
#include <inttypes.h>
#include <time.h>

#include "generate.h"
#include "policy/model/destinations.h"
#include "test.h"

struct pair {
    struct policy *less, *more;
    struct document *in_less, *in_more;
};

static struct pair make_pair(void)
{
    struct pair pair = {.less = make_policy(), .more = make_policy()};

    pair.in_less = make_layer(pair.less, LAYER_REQUEST);
    pair.in_more = make_layer(pair.more, LAYER_REQUEST);
    make_path(pair.less, pair.in_less, PATH_READWRITE, "/w");
    make_path(pair.more, pair.in_more, PATH_READWRITE, "/w");
    return pair;
}

/* `less` allows nothing that `more` does not; the other way there is this witness. */
static void check_pair(struct pair *pair, const char *witness_part)
{
    const char *witness = NULL;

    if (!policy_is_subset(pair->less, pair->more, &witness))
        test_fail(__FILE__, __LINE__, "not a subset: %s", witness);
    check(witness == NULL);
    check(!policy_is_subset(pair->more, pair->less, &witness));
    check_contains(witness, witness_part);
    policy_free(pair->less);
    policy_free(pair->more);
}

#define ON(pair, which) (pair).which, (pair).in_##which

TEST(a_policy_is_a_subset_of_itself)
{
    struct pair pair = make_pair();

    check(policy_is_subset(pair.less, pair.less, NULL));
    check(policy_is_subset(pair.less, pair.more, NULL));
    check(policy_is_subset(pair.more, pair.less, NULL));
    policy_free(pair.less);
    policy_free(pair.more);
}

TEST(a_grant_of_one_more_path_is_found)
{
    struct pair pair = make_pair();

    make_path(ON(pair, more), PATH_READONLY, "/data");
    check_pair(&pair, "reading /data: granted (");
}

TEST(a_write_where_reading_is_granted_is_found)
{
    struct pair pair = make_pair();

    make_path(ON(pair, less), PATH_READONLY, "/w/docs");
    check_pair(&pair, "writing /w/docs: granted");
}

TEST(a_pattern_that_denies_more_is_found_by_a_name_that_only_it_matches)
{
    struct pair pair = make_pair();

    make_path(ON(pair, less), PATH_DENIED, "/w/**/*.p??");
    make_path(ON(pair, more), PATH_DENIED, "/w/**/*.pem");
    check_pair(&pair, ".p");
}

TEST(patterns_that_say_the_same_in_other_words_are_equal)
{
    struct pair pair = make_pair();

    make_path(ON(pair, less), PATH_DENIED, "/w/**/**/[ab]*");
    make_path(ON(pair, more), PATH_DENIED, "/w/**/a*");
    make_path(ON(pair, more), PATH_DENIED, "/w/**/b*");
    check(policy_is_subset(pair.less, pair.more, NULL));
    check(policy_is_subset(pair.more, pair.less, NULL));
    policy_free(pair.less);
    policy_free(pair.more);
}

TEST(a_literal_denial_does_not_replace_a_pattern)
{
    struct pair pair = make_pair();

    make_path(ON(pair, less), PATH_DENIED, "/w/**/.env");
    make_path(ON(pair, more), PATH_DENIED, "/w/.env");
    check_pair(&pair, "/.env: granted");
}

TEST(a_host_directory_is_more_than_a_private_one_of_the_same_name)
{
    struct pair pair = make_pair();

    make_path(ON(pair, less), PATH_PRIVATE, "/home/u");
    make_path(ON(pair, more), PATH_READWRITE, "/home/u");
    check_pair(&pair, "writing /home/u");
}

TEST(a_view_of_another_source_is_found_though_the_target_is_granted)
{
    struct pair pair = make_pair();

    make_view(ON(pair, less), "/data", "/mnt", false);
    make_view(ON(pair, more), "/data", "/mnt", false);
    make_view(ON(pair, more), "/secret", "/w/x", false);
    make_path(ON(pair, less), PATH_DENIED, "/w/x"); /* else the two hide different objects */
    check_pair(&pair, "/secret under the name /w/x");
}

TEST(a_built_in_name_that_is_given_up_is_found)
{
    struct pair pair = make_pair();

    make_setting(&pair.in_less->protect_builtin, 1);
    make_setting(&pair.in_more->protect_builtin, 1);
    make_item(pair.more, &pair.in_more->unprotected, ".envrc");
    check_pair(&pair, "writing /w/.envrc");
}

TEST(one_more_address_port_protocol_or_name_is_found)
{
    static const struct {
        const char *less, *more;
        unsigned less_last, more_last;
        enum net_protocol less_protocol, more_protocol;
        const char *witness;
    } rows[] = {
        {"10.0.0.0/9", "10.0.0.0/8", 443, 443, NET_TCP, NET_TCP, "10.128.0.0 port 443 by tcp"},
        {"10.0.0.0/8", "10.0.0.0/8", 443, 444, NET_TCP, NET_TCP, "port 444"},
        {"10.0.0.0/8", "10.0.0.0/8", 443, 443, NET_TCP, NET_ANY, "by udp"},
        {"fd00::/9", "fd00::/8", 443, 443, NET_TCP, NET_TCP, "fd80::"},
        {"a.x.org", "*.x.org", 443, 443, NET_TCP, NET_TCP, "any0.x.org"},
        {"x.org", NULL, 443, 443, NET_TCP, NET_TCP, "connecting to 1.0.0.0"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct pair pair = make_pair();

        make_rule(ON(pair, less), false, rows[i].less, 443, rows[i].less_last,
                  rows[i].less_protocol);
        make_rule(ON(pair, more), false, rows[i].more, 443, rows[i].more_last,
                  rows[i].more_protocol);
        check_pair(&pair, rows[i].witness);
    }
}

static struct egress_rule *last_rule(struct document *layer)
{
    return &layer->network.allow[layer->network.allow_count - 1];
}

TEST(a_rule_that_ends_later_is_more_and_one_without_an_end_most)
{
    static const struct {
        uint64_t less_ms, more_ms;
    } rows[] = {{1000, 2000}, {1000, 0}};

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct pair pair = make_pair();

        make_rule(ON(pair, less), false, "10.0.0.0/8", 443, 443, NET_TCP);
        last_rule(pair.in_less)->rule.until_ms = rows[i].less_ms;
        make_rule(ON(pair, more), false, "10.0.0.0/8", 443, 443, NET_TCP);
        last_rule(pair.in_more)->rule.until_ms = rows[i].more_ms;
        check_pair(&pair, "from 1970-01-01T00:00:01Z on: network: connecting to 10.0.0.0 port 443 by tcp");
    }
}

/* Together they grant as much as one that has the later end. */
TEST(what_another_rule_grants_meanwhile_is_seen_at_each_end)
{
    struct pair pair = make_pair();

    make_rule(ON(pair, less), false, "10.0.0.0/8", 443, 443, NET_TCP);
    last_rule(pair.in_less)->rule.until_ms = 1000;
    make_rule(ON(pair, less), false, "10.1.0.0/16", 443, 443, NET_TCP);
    last_rule(pair.in_less)->rule.until_ms = 3000;
    make_rule(ON(pair, more), false, "10.0.0.0/8", 443, 443, NET_TCP);
    last_rule(pair.in_more)->rule.until_ms = 2000;
    make_rule(ON(pair, more), false, "10.1.0.0/16", 443, 443, NET_TCP);
    check_pair(&pair, "from 1970-01-01T00:00:01Z on: network: connecting to 10.0.0.0 port 443 by tcp");
    /* no rule of `more` is wider alone: the end of the first is what is less */
    pair = make_pair();
    make_rule(ON(pair, more), false, "10.0.0.0/8", 443, 443, NET_TCP);
    last_rule(pair.in_more)->rule.until_ms = 1000;
    make_rule(ON(pair, less), false, "10.0.0.0/8", 443, 443, NET_TCP);
    last_rule(pair.in_less)->rule.until_ms = 1000;
    check(policy_is_subset(pair.more, pair.less, NULL) && policy_is_subset(pair.less, pair.more, NULL));
    policy_free(pair.less);
    policy_free(pair.more);
}

TEST(a_ceiling_s_end_limits_and_more_ends_than_are_compared_are_no_subset)
{
    struct pair pair = make_pair();
    const char *witness = NULL;

    make_rule(ON(pair, less), false, "10.0.0.0/8", 443, 443, NET_TCP);
    make_rule(ON(pair, more), false, "10.0.0.0/8", 443, 443, NET_TCP);
    for (unsigned i = 0; i < 100; i++) {
        make_rule(ON(pair, less), false, "10.0.0.0/8", 443, 443, NET_TCP);
        last_rule(pair.in_less)->rule.until_ms = 1000 + i;
    }
    check(!policy_is_subset(pair.less, pair.more, &witness));
    check_contains(witness, "too complex");
    policy_free(pair.less);
    policy_free(pair.more);
}

TEST(a_name_at_a_block_is_less_than_the_name_and_less_than_the_block)
{
    struct pair pair = make_pair();
    struct net_peer *peer;

    make_rule(ON(pair, less), false, "x.org", 443, 443, NET_TCP);
    peer = pair.in_less->network.allow[0].rule.peers;
    peer->has_block = net_block_parse("93.0.0.0/8", &peer->block, NULL) == 0;
    make_rule(ON(pair, more), false, "x.org", 443, 443, NET_TCP);
    check_pair(&pair, "connecting to x.org (1.0.0.0) port 443");
    pair = make_pair();
    make_rule(ON(pair, less), false, "x.org", 443, 443, NET_TCP);
    peer = pair.in_less->network.allow[0].rule.peers;
    peer->has_block = net_block_parse("10.0.0.0/8", &peer->block, NULL) == 0;
    make_rule(ON(pair, more), false, "10.0.0.0/8", 443, 443, NET_TCP);
    make_rule(ON(pair, more), false, "x.org", 443, 443, NET_TCP); /* else nobody may ask for it */
    check_pair(&pair, "connecting to 10.0.0.0 port 443");
}

static void add_port(struct policy *policy, struct port_grants *grants, uint16_t port, uint16_t host_port)
{
    struct port_grant *grant = arena_append(policy->arena, grants->items, grants->count);

    check(grant != NULL);
    *grant = (struct port_grant){.port = port, .host_port = host_port};
    grants->is_set = true;
}

TEST(a_port_that_leads_in_or_out_is_found)
{
    struct pair pair = make_pair();

    add_port(pair.less, &pair.in_less->network.inward, 3000, 3000);
    add_port(pair.more, &pair.in_more->network.inward, 3000, 3000);
    add_port(pair.more, &pair.in_more->network.inward, 3000, 3001);
    check_pair(&pair, "network.ingress.ports: port 3000, host's port 3001");
    pair = make_pair();
    add_port(pair.more, &pair.in_more->network.outward, 5432, 5432);
    check_pair(&pair, "network.ingress.hostLoopbackPorts: port 5432");
    /* every port is more than one */
    pair = make_pair();
    add_port(pair.less, &pair.in_less->network.outward, 5432, 5432);
    make_setting(&pair.in_more->network.host_loopback, 1);
    check_pair(&pair, "network.ingress.hostLoopback: allowed");
}

static struct net_peer *peer_of(struct policy *policy, struct document *layer, const char *host, const char *block)
{
    struct net_peer *peer;

    make_rule(policy, layer, false, host ? host : block, 0, 0, NET_ANY);
    peer = layer->network.allow[layer->network.allow_count - 1].rule.peers;
    if (host && block)
        peer->has_block = net_block_parse(block, &peer->block, NULL) == 0;
    return peer;
}

TEST(what_only_a_rule_about_that_address_grants_is_found)
{
    static const struct {
        const char *less_host, *less_block, *more_host, *more_block, *witness;
    } rows[] = {
        {NULL, "0.0.0.0/0", NULL, "169.254.169.254", "169.254.169.254"},     /* link-local */
        {NULL, "2000::/3", NULL, "fd00:ec2::254", "fd00:ec2::254"},          /* metadata */
        {"x.org", NULL, "x.org", "10.0.0.0/8", "connecting to x.org (10.0.0.0)"}, /* private */
        {NULL, "93.184.216.0/24", NULL, "93.184.216.34", "93.184.216.34 (where it is the host's own) by icmp"},
        {NULL, "2000::/3", NULL, "64:ff9b::/96", "64:ff9b::"},               /* a translator's */
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct pair pair = make_pair();

        peer_of(ON(pair, less), rows[i].less_host, rows[i].less_block);
        peer_of(ON(pair, more), rows[i].less_host, rows[i].less_block);
        peer_of(ON(pair, more), rows[i].more_host, rows[i].more_block);
        check_pair(&pair, rows[i].witness);
    }
}

TEST(a_denied_block_is_denied_within_the_addresses_that_embed_it)
{
    struct pair pair = make_pair();

    peer_of(ON(pair, less), NULL, "64:ff9b::/96");
    peer_of(ON(pair, more), NULL, "64:ff9b::/96");
    make_rule(ON(pair, less), true, "93.184.0.0/16", 0, 0, NET_ANY);
    check_pair(&pair, "connecting to 64:ff9b::5db8:0");
}

TEST(udp_by_a_name_is_more_than_the_name)
{
    struct pair pair = make_pair();

    make_rule(ON(pair, less), false, "x.org", 0, 0, NET_ANY);
    make_rule(ON(pair, more), false, "x.org", 0, 0, NET_ANY);
    make_rule(ON(pair, more), false, "x.org", 443, 443, NET_UDP);
    check_pair(&pair, "port 443 by udp");
}

TEST(asking_for_a_name_is_more_than_its_addresses)
{
    struct pair pair = make_pair();

    make_rule(ON(pair, less), false, "93.184.216.34", 443, 443, NET_TCP);
    make_rule(ON(pair, more), false, "93.184.216.34", 443, 443, NET_TCP);
    peer_of(ON(pair, more), "x.org", "93.184.216.34")->except_count = 0;
    pair.in_more->network.allow[1].rule.ports = pair.in_more->network.allow[0].rule.ports;
    pair.in_more->network.allow[1].rule.port_count = 1;
    check_pair(&pair, "asking for the name x.org");
}

TEST(policies_with_many_hosts_are_compared)
{
    struct pair pair = make_pair();

    for (int i = 0; i < 80; i++) {
        const char *host = arena_printf(pair.less->arena, "host%d.example.org", i);

        make_rule(ON(pair, less), false, host, 443, 443, NET_TCP);
        make_rule(ON(pair, more), false, arena_string(pair.more->arena, host), 443, 443, NET_TCP);
    }
    make_rule(ON(pair, more), false, "one.more.example.org", 443, 443, NET_TCP);
    check_pair(&pair, "one.more.example.org");
}

TEST(a_denial_that_is_left_out_is_found)
{
    struct pair pair = make_pair();

    make_setting(&pair.in_less->network.egress_default, 1);
    make_setting(&pair.in_more->network.egress_default, 1);
    make_rule(ON(pair, less), true, "93.184.0.0/16", 0, 0, NET_ANY);
    check_pair(&pair, "connecting to 93.184.0.0");
}

TEST(the_switches_of_the_network_are_compared)
{
    struct pair pair = make_pair();

    make_setting(&pair.in_less->network.loopback, 0);
    check_pair(&pair, "network.loopback");
    pair = make_pair();
    make_setting(&pair.in_more->network.ingress_default, 1);
    check_pair(&pair, "network.ingress.default");
    pair = make_pair();
    make_setting(&pair.in_more->network.host_loopback, 1);
    check_pair(&pair, "network.ingress.hostLoopback");
    pair = make_pair();
    pair.in_more->network.proxy = "http://127.0.0.1:1";
    check_pair(&pair, "networkProxy");
}

TEST(lists_are_compared_item_by_item)
{
    struct pair pair = make_pair();

    make_item(pair.more, &pair.in_more->devices, "/dev/kvm");
    check_pair(&pair, "devices: '/dev/kvm'");
    pair = make_pair();
    make_item(pair.more, &pair.in_more->unix_sockets, "/run/x");
    check_pair(&pair, "unixSockets: '/run/x'");
    pair = make_pair();
    make_item(pair.more, &pair.in_more->syscalls_allow, "bpf");
    check_pair(&pair, "syscalls.allow: 'bpf'");
    pair = make_pair();
    make_item(pair.less, &pair.in_less->syscalls_deny, "ptrace");
    check_pair(&pair, "syscalls: ptrace");
    pair = make_pair();
    make_item(pair.more, &pair.in_more->allow_loss, "groups");
    check_pair(&pair, "isolation.allowLoss: 'groups'");
    pair = make_pair();
    make_item(pair.less, &pair.in_less->env_inherit, "LC_ALL");
    make_item(pair.more, &pair.in_more->env_inherit, "LC_*");
    check_pair(&pair, "environment.inherit: 'LC_*'");
}

TEST(a_variable_that_is_set_keeps_the_callers_value_out)
{
    struct pair pair = make_pair();

    make_item(pair.less, &pair.in_less->env_inherit, "TOKEN");
    make_item(pair.more, &pair.in_more->env_inherit, "TOKEN");
    make_variable(ON(pair, less), "TOKEN", "none");
    check_pair(&pair, "TOKEN has the caller's");
}

TEST(limits_tiers_and_nesting_are_compared)
{
    struct pair pair = make_pair();

    make_setting(&pair.in_less->resources.pids, 10);
    check_pair(&pair, "resources.pids: no limit, where at most 10");
    pair = make_pair();
    make_setting(&pair.in_less->resources.wall_time, 10);
    make_setting(&pair.in_less->timeout, 90);
    make_setting(&pair.in_more->timeout, 20);
    check_pair(&pair, "resources.wallTime: 20, where at most 10");
    pair = make_pair();
    make_setting(&pair.in_less->minimum_tier, TIER_MICROVM);
    make_setting(&pair.in_more->tier, TIER_CONTAINER);
    check_pair(&pair, "tier 'container', where 'microvm'");
    pair = make_pair();
    make_setting(&pair.in_more->toolchains, 1);
    check_pair(&pair, "filesystem.toolchains");
    pair = make_pair();
    make_setting(&pair.in_less->nested_containers, 1);
    make_setting(&pair.in_more->nested_containers, 1);
    make_setting(&pair.in_less->nested_depth, 1);
    make_setting(&pair.in_more->nested_depth, 2);
    check_pair(&pair, "nested.depth");
    pair = make_pair();
    make_setting(&pair.in_less->nested_containers, 1);
    make_setting(&pair.in_more->nested_containers, 1);
    make_setting(&pair.in_less->nested_number, NESTED_NUMBER_DEFAULT - 1);
    check_pair(&pair, "nested.number: 8, where at most 7");
}

TEST(who_it_is_and_how_it_is_logged_are_compared)
{
    struct string_item names[] = {{.text = "a"}, {.text = "b"}};
    const struct string_list audiences = {.items = names, .count = 2, .is_set = true};
    struct pair pair = make_pair();

    pair.in_less->identity_class.text = "builder";
    check_pair(&pair, "identity.class: none, where 'builder' is demanded");
    pair = make_pair();
    pair.in_less->identity_sponsor.text = "Ada";
    check_pair(&pair, "identity.sponsor");
    pair = make_pair();
    make_setting(&pair.in_more->identity_files, 1);
    check_pair(&pair, "identity.files");
    pair = make_pair();
    pair.in_less->identity_audiences = audiences;
    check_pair(&pair, "identity.audiences: anything, where only some are allowed");
    pair = make_pair();
    pair.in_less->identity_audiences = (struct string_list){.items = audiences.items, .count = 1, .is_set = true};
    pair.in_more->identity_audiences = audiences;
    check_pair(&pair, "identity.audiences: 'b'");
    pair = make_pair();
    pair.in_less->identity_audiences.is_set = true; /* nobody is less than anybody */
    pair.in_more->identity_audiences = audiences;
    check_pair(&pair, "identity.audiences: 'a'");
    pair = make_pair();
    make_setting(&pair.in_less->audit_mode, AUDIT_REQUIRED);
    check_pair(&pair, "audit.mode: 'recorded', where 'required'");
    pair = make_pair();
    make_setting(&pair.in_less->audit_arguments, AUDIT_SEALED);
    make_setting(&pair.in_more->audit_arguments, AUDIT_SALTED);
    check_pair(&pair, "audit.arguments: 'salted', where 'sealed'");
    pair = make_pair();
    make_setting(&pair.in_less->audit_paths, AUDIT_SALTED);
    check_pair(&pair, "audit.paths");
}

static void add_unsupported(struct policy *policy, struct document *layer, const char *member)
{
    struct unsupported *added =
        arena_append(policy->arena, layer->unsupported, layer->unsupported_count);

    check(added != NULL);
    *added = (struct unsupported){.member = member, .reason = "not here"};
}

TEST(a_member_without_meaning_here_counts_as_more_unless_the_text_is_the_same)
{
    struct pair pair = make_pair();

    add_unsupported(ON(pair, more), "secrets[0]");
    check_pair(&pair, "secrets[0]: cannot be compared");
    pair = make_pair();
    add_unsupported(ON(pair, more), "secrets[0]");
    add_unsupported(ON(pair, less), "secrets[0]");
    check(!policy_is_subset(pair.less, pair.more, NULL)); /* same name, another text */
    strcpy(pair.in_less->digest, "sha256:1");
    strcpy(pair.in_more->digest, "sha256:1");
    check(policy_is_subset(pair.less, pair.more, NULL));
    policy_free(pair.less);
    policy_free(pair.more);
}

TEST(an_unknown_restriction_of_the_other_side_is_not_overlooked)
{
    struct pair pair = make_pair();

    add_unsupported(ON(pair, more), "isolation.risk");
    check(!policy_is_subset(pair.less, pair.more, NULL));
    policy_free(pair.less);
    policy_free(pair.more);
}

TEST(what_is_too_complex_to_compare_is_no_subset)
{
    struct pair pair = make_pair();
    const char *witness;
    clock_t start = clock();

    for (int i = 0; i < 16; i++) {
        make_path(ON(pair, less), PATH_DENIED,
                  arena_printf(pair.less->arena, "/w/**/*%c?????????????????????", 'a' + i));
    }
    check(!policy_is_subset(pair.less, pair.more, &witness));
    check_contains(witness, "too complex");
    check((clock() - start) / CLOCKS_PER_SEC < 60);
    policy_free(pair.less);
    policy_free(pair.more);
}

TEST(policies_of_real_size_are_compared_quickly)
{
    struct pair pair = make_pair();
    clock_t start = clock();
    const char *witness;
    double seconds;

    for (int i = 0; i < 150; i++) {
        make_path(ON(pair, less), PATH_READONLY,
                  arena_printf(pair.less->arena, "/usr/lib/tool%d/share", i));
        make_path(ON(pair, more), PATH_READONLY,
                  arena_printf(pair.more->arena, "/usr/lib/tool%d", i));
    }
    make_setting(&pair.in_less->protect_builtin, 1);
    for (int i = 0; i < 12; i++) {
        const char *glob = arena_printf(pair.less->arena, "/**/*.key%d", i);

        make_path(ON(pair, less), PATH_DENIED, glob);
        if (i % 2)
            make_path(ON(pair, more), PATH_DENIED, arena_string(pair.more->arena, glob));
    }
    if (!policy_is_subset(pair.less, pair.more, &witness))
        test_fail(__FILE__, __LINE__, "%s", witness);
    seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    printf("     %.3f s\n", seconds);
    check(seconds < 20);
    policy_free(pair.less);
    policy_free(pair.more);
}
