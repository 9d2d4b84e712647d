/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions about generated trees: what is proven impossible is impossible on every path of the reference's small world, and
 * every witness is one. Then each kind of question, its answer, and what one changed rule makes of it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/glob.h"
#include "generate.h"
#include "net/rules.h"
#include "policy/model/effective.h"
#include "policy/prove.h"
#include "reference.h"
#include "test.h"

#define SEED 20261123u

static struct proof ask(struct arena *arena, const struct policy *policy, const struct prove_request *request)
{
    struct error err = ERROR_INIT;
    struct proof proof;

    if (policy_prove(arena, policy, request, &proof, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    return proof;
}

/* ---- against the reference ---- */

struct world {
    const struct policy *policy;
    const char *pattern;
    int right;
    char where[300];
};

static bool look_for_access(const char *path, void *data)
{
    struct world *world = data;
    char object[256];
    bool is_there = reference_access(world->policy, path, object) >= world->right && strncmp(object, "host:", 5) == 0 &&
                    glob_covers(world->pattern, object + 5);

    if (is_there)
        snprintf(world->where, sizeof(world->where), "%s", path);
    return !is_there;
}

/* "/object can be read under the name /path", "/path can be read" */
static void check_witness(const struct world *world, const char *text, unsigned round)
{
    char object[256], path[256], shown[256];
    const char *name = strstr(text, " under the name ");

    snprintf(object, sizeof(object), "%.*s", (int)strcspn(text, " "), text);
    snprintf(path, sizeof(path), "%s", name ? name + 16 : object);
    if (reference_access(world->policy, path, shown) < world->right || strcmp(shown + 5, object) != 0 ||
        !glob_covers(world->pattern, object))
        test_fail(__FILE__, __LINE__, "round %u, %s: not a witness: %s", round, world->pattern, text);
}

TEST(what_is_proven_of_paths_holds_and_each_witness_is_one)
{
    static const char *const patterns[] = {"/a", "/b/c", "/hooks", "/**/a", "/*/b", "/[ab]*", "/a/**/hooks", "/**/.git/**", "/c/zz", "/?/?"};
    const char *text = getenv("CORDON_TEST_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : SEED;
    unsigned answers[4] = {0};

    printf("     seed %" PRIu64 "\n", seed);
    for (unsigned round = 0; round < test_rounds(1500); round++) {
        struct source source = {.seed = seed + (uint64_t)round * 1000003u};
        auto_arena struct arena *arena = arena_new();
        auto_policy struct policy *policy = make_policy();
        struct world world = {.policy = policy, .pattern = patterns[round % ARRAY_COUNT(patterns)], .right = 1 + (int)source_below(&source, 2)};
        struct prove_request request = {.question = world.right == 1 ? PROVE_CAN_READ : PROVE_CAN_WRITE, .path = world.pattern};
        bool is_impossible;
        struct proof proof;

        check_int(policy_add_layer(policy, generate_document(arena, &source, LAYER_REQUEST, GENERATE_PATHS), NULL), 0);
        if (source_below(&source, 3) == 0)
            check_int(policy_add_layer(policy, generate_document(arena, &source, LAYER_CEILING, GENERATE_PATHS), NULL), 0);
        proof = ask(arena, policy, &request);
        answers[proof.answer]++;
        is_impossible = reference_each_path(look_for_access, &world);
        if (proof.answer == PROOF_HOLDS && !is_impossible)
            test_fail(__FILE__, __LINE__, "round %u: %s is proven shut, but %s", round, world.pattern, world.where);
        if (proof.answer == PROOF_HOLDS)
            check(proof.reasons.count > 0);
        if (proof.answer == PROOF_POSSIBLE)
            check_witness(&world, proof.witness.items[0].text, round);
    }
    check_int(answers[PROOF_UNDECIDED], 0);
    check(answers[PROOF_HOLDS] > test_rounds(200) && answers[PROOF_POSSIBLE] > test_rounds(200));
}

/* ---- each kind ---- */

static const struct variables variables = {.workspace = "/home/u/ws", .home = "/home/u", .user = "u", .tmp = "/tmp"};

static struct policy *load(enum layer_kind kind, const char *yaml)
{
    const struct load_options options = {.kind = kind, .variables = &variables, .layer_name = "document"};
    struct error err = ERROR_INIT;
    struct document *document = NULL;
    struct policy *policy = make_policy();
    char text[4096];

    snprintf(text, sizeof(text), "version: cordon/1\n%s", yaml);
    if (document_load_text(policy->arena, "a.yaml", text, strlen(text), &options, &document, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    check_int(policy_add_layer(policy, document, NULL), 0);
    return policy;
}

static void check_answer(const char *yaml, struct prove_request request, enum proof_answer answer, const char *part)
{
    auto_arena struct arena *arena = arena_new();
    auto_policy struct policy *policy = load(LAYER_REQUEST, yaml);
    auto_free char *text = NULL;
    struct proof proof;

    request.home = variables.home;
    proof = ask(arena, policy, &request);
    check_int(proof_text(&proof, &text, NULL), 0);
    if (proof.answer != answer)
        test_fail(__FILE__, __LINE__, "another answer: %s", text);
    check_contains(text, part);
}

#define REACH(to)       (struct prove_request){.question = PROVE_CAN_REACH, .destination = (to)}
#define FLOW(from, to)  (struct prove_request){.question = PROVE_READS_REACHES, .path = (from), .destination = (to)}
#define SECRET(key, to) (struct prove_request){.question = PROVE_SECRET_REACHES, .secret = (key), .destination = (to)}
#define OBEYED()        (struct prove_request){.question = PROVE_WRITABLE_OBEYED}

TEST(a_destination_is_reached_by_name_wildcard_address_or_not_at_all)
{
    static const char rules[] = "network: {egress: {allow: [{to: [{host: a.example.org}], ports: [{port: 443}]},"
                                "{to: [{host: '*.example.net'}]}, {to: [{cidr: 10.1.0.0/16}]}], deny: [{to: [{host: no.example.net}]}]}}\n";
    static const char names[] = "network: {egress: {allow: [{to: [{host: a.example.org}], ports: [{port: 443}]}]}}\n";

    check_answer(rules, REACH("a.example.org"), PROOF_POSSIBLE, "network.egress.allow[0]");
    check_answer(rules, REACH("a.example.org:443"), PROOF_POSSIBLE, "443/tcp");
    check_answer(names, REACH("a.example.org:80"), PROOF_HOLDS, "no rule");
    check_answer(rules, REACH("b.example.net"), PROOF_POSSIBLE, "*.example.net");
    check_answer(names, REACH("b.example.net"), PROOF_HOLDS, "no rule");
    check_answer(rules, REACH("10.1.2.3"), PROOF_POSSIBLE, "network.egress.allow[2]");
    check_answer(rules, REACH("10.0.0.0/8"), PROOF_POSSIBLE, "10.1.0.0/16");
    check_answer(rules, REACH("10.2.0.0/16"), PROOF_HOLDS, "no rule");
    check_answer(rules, REACH("8.8.8.8"), PROOF_UNDECIDED, "has that address");
    check_answer(rules, REACH("else.example.com"), PROOF_UNDECIDED, "10.1.0.0/16");
    check_answer(names, REACH("*"), PROOF_POSSIBLE, "a.example.org");
    check_answer("name: x\n", REACH("*"), PROOF_HOLDS, "no rule");
    check_answer("network: {egress: {default: allow}}\n", REACH("else.example.com:25"), PROOF_POSSIBLE, "every public address");
    check_answer("network: {ingress: {hostLoopback: allow, hostLoopbackPorts: [{port: 8080}]}}\n", REACH("localhost:8080"), PROOF_POSSIBLE,
                 "port 8080");
}

TEST(what_is_no_destination_is_refused)
{
    auto_arena struct arena *arena = arena_new();
    auto_policy struct policy *policy = load(LAYER_REQUEST, "name: x\n");
    struct error err = ERROR_INIT;
    struct proof proof;

    check_int(policy_prove(arena, policy, &REACH("not a host"), &proof, &err), -EINVAL);
    check_contains(err.text, "'not a host' is no destination");
    check_int(policy_prove(arena, policy, &SECRET("KEY", "a.example.org"), &proof, &err), -EINVAL);
    check_contains(err.text, "no secret of the name 'KEY'");
}

TEST(what_is_read_gets_out_where_a_program_may_read_and_reach)
{
    static const char both[] = "filesystem: {readonlyPaths: [/data]}\n"
                               "network: {egress: {allow: [{to: [{host: a.example.org}]}]}}\n";
    static const char socket[] = "filesystem: {readonlyPaths: [/data]}\nunixSockets: [/run/x.sock]\n";

    check_answer(both, FLOW("/data/x", "a.example.org"), PROOF_POSSIBLE, "/data/x can be read");
    check_answer(both, FLOW("/other", "a.example.org"), PROOF_HOLDS, "no rule grants it");
    check_answer(both, FLOW("/data/x", "b.example.org"), PROOF_HOLDS, "no rule lets anything connect");
    check_answer(socket, FLOW("/data/x", "b.example.org"), PROOF_UNDECIDED, "what is behind the socket /run/x.sock");
    check_answer(socket, FLOW("/other", "b.example.org"), PROOF_HOLDS, "no rule grants it");
}

TEST(a_secret_goes_to_its_hosts_unless_the_program_has_it_itself)
{
    static const char rules[] = "network: {egress: {allow: [{to: [{host: a.example.org}], ports: [{port: 443, protocol: tcp}], tls: terminate},"
                                "{to: [{host: b.example.org}]}]}}\n"
                                "secrets: [{name: KEY, source: 'env:KEY', hosts: [a.example.org], in: [{header: Authorization}]}]\n";
    static const char inherited[] = "network: {egress: {allow: [{to: [{host: a.example.org}], ports: [{port: 443, protocol: tcp}], tls: terminate},"
                                    "{to: [{host: b.example.org}]}]}}\nenvironment: {inherit: [KE*]}\n"
                                    "secrets: [{name: KEY, source: 'env:KEY', hosts: [a.example.org], in: [{header: Authorization}]}]\n";

    check_answer(rules, SECRET("KEY", "a.example.org"), PROOF_POSSIBLE, "is put into requests to it");
    check_answer(rules, SECRET("KEY", "b.example.org"), PROOF_HOLDS, "to its own hosts alone (a.example.org)");
    check_answer(inherited, SECRET("KEY", "b.example.org"), PROOF_POSSIBLE, "the program has the value itself");
    check_answer(rules, SECRET("KEY", "*"), PROOF_POSSIBLE, "is put into requests to it");
    check_answer(rules, SECRET("KEY", "*.example.org"), PROOF_POSSIBLE, "is put into requests to it");
    check_answer(rules, SECRET("KEY", "A.example.ORG"), PROOF_POSSIBLE, "is put into requests to it");
    check_answer(rules, SECRET("KEY", "*.example.net"), PROOF_HOLDS, "to its own hosts alone");
}

TEST(an_address_in_another_spelling_is_the_same_address)
{
    static const char ten[] = "network: {egress: {allow: [{to: [{cidr: 10.0.0.0/8}]}]}}\n";

    check_answer(ten, REACH("::ffff:10.0.0.1"), PROOF_POSSIBLE, "network.egress.allow[0]");
    check_answer(ten, REACH("[::ffff:10.0.0.1]:443"), PROOF_POSSIBLE, "network.egress.allow[0]");
    check_answer(ten, REACH("::ffff:11.0.0.1"), PROOF_HOLDS, "");
}

/* What net_decide() says of each address on its own is what is proven of it. */
static void check_addresses(const char *yaml)
{
    static const char *const addresses[] = {
        "8.8.8.8", "10.0.0.5", "192.168.1.7", "172.16.0.1", "127.0.0.1", "169.254.169.254", "100.100.100.200", "224.0.0.1",
        "2600::1", "2001:db8::1", "2001::1", "64:ff9b::808:808", "64:ff9b::a00:5", "64:ff9b::c0a8:107", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:808:808::1",
        "2002:a00:5::1", "::10.0.0.5", "::ffff:10.0.0.5", "::ffff:8.8.8.8", "::1", "fe80::1", "fc00::1", "fec0::1", "ff02::1",
        "fd00:ec2::254", "64:ff9b:1::a00:5", "2600:0:0:1:0:5efe:a00:5", "4000::1",
    };
    auto_policy struct policy *policy = load(LAYER_REQUEST, yaml);
    struct net_rules *rules;

    check_int(policy_net_rules(policy, policy->arena, &rules, NULL), 0);
    for (size_t i = 0; i < ARRAY_COUNT(addresses); i++) {
        auto_arena struct arena *arena = arena_new();
        struct net_question question = {.protocol = NET_TCP, .port = 443};
        struct proof proof;
        bool is_permitted;

        check_int(net_address_parse(addresses[i], strlen(addresses[i]), &question.address), 0);
        is_permitted = net_decide(rules, &question).verdict == NET_PERMIT;
        proof = ask(arena, policy, &REACH(addresses[i]));
        if (is_permitted != (proof.answer == PROOF_POSSIBLE))
            test_fail(__FILE__, __LINE__, "%s is %s, and proven %s under %s", addresses[i], is_permitted ? "permitted" : "refused",
                      proof_answer_name(proof.answer), yaml);
    }
}

TEST(an_address_is_proven_as_it_is_decided)
{
    check_addresses("name: x\n");
    check_addresses("network: {egress: {default: allow}}\n");
    check_addresses("network: {egress: {default: allow, deny: [{to: [{cidr: 10.0.0.0/8}]}]}}\n");
    check_addresses("network: {egress: {default: allow, deny: [{to: [{cidr: 8.0.0.0/8}]}]}}\n");
    check_addresses("network: {egress: {default: allow, deny: [{to: [{cidr: '64:ff9b::/96'}]}]}}\n");
    check_addresses("network: {egress: {default: allow, deny: [{to: [{cidr: '2600::/16'}]}]}}\n");
    check_addresses("network: {egress: {allow: [{to: [{cidr: 10.0.0.0/8}]}]}}\n");
    check_addresses("network: {egress: {allow: [{to: [{cidr: 10.0.0.0/8}, {cidr: '64:ff9b::/96'}, {cidr: '2002::/16'}]}]}}\n");
    check_addresses("network: {egress: {allow: [{to: [{cidr: 0.0.0.0/0}]}]}}\n");
    check_addresses("network: {egress: {allow: [{to: [{cidr: '::/0'}]}]}}\n");
    check_addresses("network: {egress: {allow: [{to: [{cidr: 192.168.1.7/32}]}, {to: [{cidr: '2001:db8::/32'}]}]}}\n");
}

TEST(who_has_a_name_may_have_any_public_address)
{
    static const char name[] = "network: {egress: {allow: [{to: [{host: a.example.org}]}]}}\n";
    static const char both[] = "network: {egress: {allow: [{to: [{host: a.example.org}, {host: a.example.org, cidr: 10.0.0.0/8}]}]}}\n";
    static const char all[] = "network: {egress: {default: allow}}\n";

    check_answer(name, REACH("2600::1"), PROOF_UNDECIDED, "a.example.org has that address");
    check_answer(name, REACH("::/0"), PROOF_UNDECIDED, "a.example.org has that address");
    check_answer(name, REACH("64:ff9b::/96"), PROOF_UNDECIDED, "a.example.org has that address");
    check_answer(name, REACH("fc00::/7"), PROOF_HOLDS, "");
    check_answer(name, REACH("224.0.0.0/3"), PROOF_HOLDS, "");
    check_answer(both, REACH("8.8.8.8"), PROOF_UNDECIDED, "a.example.org has that address");
    check_answer(both, REACH("10.0.0.5"), PROOF_UNDECIDED, "a.example.org has that address");
    check_answer(both, REACH("192.168.0.1"), PROOF_HOLDS, "");
    check_answer(all, REACH("64:ff9b::/96"), PROOF_UNDECIDED, "embed");
    check_answer(all, REACH("2600::/16"), PROOF_POSSIBLE, "every public address");
    check_answer(all, REACH("fe80::/10"), PROOF_HOLDS, "");
}

TEST(devices_and_sockets_are_no_less_written_than_files)
{
    static const char rules[] = "devices: [/dev/kvm]\nunixSockets: [/run/docker.sock]\n";
    struct prove_request request = {.question = PROVE_CAN_WRITE, .path = "/dev/kvm"};

    check_answer(rules, request, PROOF_POSSIBLE, "/dev/kvm can be written: a device that is granted (a.yaml:2");
    request.path = "/dev";
    check_answer(rules, request, PROOF_POSSIBLE, "/dev/kvm");
    request.path = "/dev/sda";
    check_answer(rules, request, PROOF_HOLDS, "links and mounts of this machine");
    request = (struct prove_request){.question = PROVE_CAN_READ, .path = "/run/*.sock"};
    check_answer(rules, request, PROOF_POSSIBLE, "unixSockets[0]");
    check_answer("name: x\n", request, PROOF_HOLDS, "no rule grants it");
    check_answer(rules, REACH("a.example.org"), PROOF_UNDECIDED, "what is behind the socket /run/docker.sock");
    check_answer("devices: [/dev/net/tun]\n", REACH("a.example.org"), PROOF_UNDECIDED, "what is behind the device");
}

TEST(a_door_of_the_hosts_loopback_is_reached_by_all_that_may_mean_it)
{
    static const char door[] = "network: {ingress: {hostLoopback: allow, hostLoopbackPorts: [{port: 5432}]}}\n";

    check_answer(door, REACH("127.0.0.1"), PROOF_POSSIBLE, "port 5432");
    check_answer(door, REACH("127.0.0.0/8"), PROOF_POSSIBLE, "port 5432");
    check_answer(door, REACH("0.0.0.0/0"), PROOF_POSSIBLE, "port 5432");
    check_answer(door, REACH("0.0.0.0"), PROOF_POSSIBLE, "port 5432");
    check_answer(door, REACH("::/0"), PROOF_POSSIBLE, "port 5432");
    check_answer(door, REACH("db.localhost"), PROOF_POSSIBLE, "port 5432");
    check_answer(door, REACH("a.example.org"), PROOF_UNDECIDED, "whether a.example.org is this machine");
    check_answer(door, REACH("10.0.0.1:5433"), PROOF_UNDECIDED, "what listens at port 5432 of the host");
    check_answer("name: x\n", REACH("0.0.0.0/0"), PROOF_HOLDS, "no rule");
}

TEST(a_secret_is_followed_to_every_spelling_of_its_hosts)
{
    static const char rules[] = "network: {egress: {allow: [{to: [{host: a.example.org}], ports: [{port: 443, protocol: tcp}], tls: terminate},"
                                "{to: [{cidr: '2001:db8::/32'}]}]}}\n"
                                "secrets: [{name: KEY, source: 'file:/k/key', hosts: [a.example.org], in: [{header: Authorization}]}]\n";
    static const char beside[] = "filesystem: {readonlyPaths: [/k]}\nunixSockets: [/run/x.sock]\n"
                                 "network: {egress: {allow: [{to: [{host: a.example.org}], ports: [{port: 443, protocol: tcp}], tls: terminate}]}}\n"
                                 "secrets: [{name: KEY, source: 'file:/k/key', hosts: [a.example.org], in: [{header: Authorization}]}]\n";
    auto_arena struct arena *arena = arena_new();
    auto_policy struct policy *policy = load(LAYER_REQUEST, rules);
    struct error err = ERROR_INIT;
    struct proof proof;

    check_answer(rules, SECRET("KEY", "2001:db8::1"), PROOF_POSSIBLE, "is put into requests to it");
    check_answer(rules, SECRET("KEY", "[2001:db8::1]:443"), PROOF_POSSIBLE, "is put into requests to it");
    check_answer(rules, SECRET("KEY", "10.0.0.1"), PROOF_HOLDS, "its own hosts alone");
    check_answer(rules, SECRET("KEY", "a.example.org:443"), PROOF_POSSIBLE, "is put into requests to it");
    check_answer(rules, SECRET("KEY", "b.a.example.org"), PROOF_HOLDS, "its own hosts alone");
    check_answer(beside, SECRET("KEY", "b.example.org"), PROOF_UNDECIDED, "what is behind the socket");
    check_answer(beside, SECRET("KEY", "a.example.org:22"), PROOF_UNDECIDED, "what is behind the socket");
    check_int(policy_prove(arena, policy, &SECRET("KEY", "a.example.org."), &proof, &err), -EINVAL);
    check_answer(rules, FLOW("/k/key", "a.example.org"), PROOF_POSSIBLE, "KEY is put into requests to it");
    check_answer(rules, FLOW("/k", "a.example.org"), PROOF_POSSIBLE, "KEY is put into requests to it");
    check_answer(rules, FLOW("/k/other", "a.example.org"), PROOF_HOLDS, "no rule grants it");
}

TEST(what_programs_outside_obey_is_found_where_it_can_be_written)
{
    check_answer("filesystem: {readwritePaths: [/srv/data], protectBuiltin: true}\n", OBEYED(), PROOF_HOLDS, "places can be written");
    check_answer("filesystem: {readwritePaths: [/srv/data]}\n", OBEYED(), PROOF_POSSIBLE, "/srv/data/.git/hooks can be written");
    check_answer("filesystem: {readwritePaths: ['${home}'], protectBuiltin: true}\n", OBEYED(), PROOF_POSSIBLE,
                 "/home/u/bin can be written: shells look for programs there");
    check_answer("filesystem: {readwritePaths: [/etc/cron.d/mine], protectBuiltin: true}\n", OBEYED(), PROOF_POSSIBLE, "cron executes");
    check_answer("filesystem: {cachePaths: ['${home}/.local/bin']}\n", OBEYED(), PROOF_HOLDS, "places can be written");
    check_answer("filesystem: {views: [{source: /usr/local/bin, target: /mnt, access: readwrite}]}\n", OBEYED(), PROOF_POSSIBLE,
                 "/usr/local/bin can be written under the name /mnt");
}

TEST(what_a_granted_link_leads_to_is_not_proven_shut)
{
    static const struct prove_link links[] = {{"/srv/nice", "/data/keys"}, {"/srv/out", "/home/u/.config"}};
    static const char rules[] = "filesystem: {readonlyPaths: [/srv/nice], readwritePaths: [/srv/out], protectBuiltin: true}\n";
    static const char less[] = "filesystem: {readonlyPaths: [/srv/nice, /srv/out], protectBuiltin: true}\n";
    struct prove_request request = {.question = PROVE_CAN_READ, .path = "/data/keys/id", .links = links, .link_count = 2};
    struct prove_request obeyed = {.question = PROVE_WRITABLE_OBEYED, .links = links, .link_count = 2};

    check_answer(rules, request, PROOF_UNDECIDED, "/srv/nice leads to /data/keys here");
    request.path = "/data";
    check_answer(rules, request, PROOF_UNDECIDED, "/srv/nice leads to /data/keys here");
    request.path = "/data/other";
    check_answer(rules, request, PROOF_HOLDS, "no rule");
    request.question = PROVE_CAN_WRITE;
    request.path = "/data/keys";
    check_answer(rules, request, PROOF_HOLDS, "no rule");
    check_answer(rules, obeyed, PROOF_UNDECIDED, "/srv/out leads to /home/u/.config here");
    check_answer(less, obeyed, PROOF_HOLDS, "places can be written");
}

TEST(another_name_here_counts_and_a_doubt_is_no_proof)
{
    static const char *const names[] = {"/data/a", "/srv/shown/id"};
    static const struct prove_here here = {(const char **)(uintptr_t)names, 2, NULL}, first = {(const char **)(uintptr_t)names, 1, NULL},
                                   linked = {NULL, 0, "it has another name"};
    static const char rules[] = "filesystem: {readonlyPaths: [/srv/shown]}\n";
    struct prove_request request = {.question = PROVE_CAN_READ, .path = "/data/keys/id", .here = &here};

    check_answer(rules, request, PROOF_POSSIBLE, "/srv/shown/id is another name of it here");
    request.question = PROVE_CAN_WRITE;
    check_answer(rules, request, PROOF_HOLDS, "no rule lets it be written");
    request.question = PROVE_CAN_READ;
    request.here = &first;
    check_answer(rules, request, PROOF_HOLDS, "no rule");
    request.here = &linked;
    check_answer(rules, request, PROOF_UNDECIDED, "it has another name");
    request.path = "/srv/shown/x"; /* nothing is left to doubt */
    check_answer(rules, request, PROOF_POSSIBLE, "/srv/shown/x can be read");
}

TEST(toolchains_are_read_by_whoever_has_them_in_path)
{
    static const char on[] = "filesystem: {toolchains: inherit}\n";
    struct prove_request cargo = {.question = PROVE_CAN_READ, .path = "/home/u/.cargo"}, keys = {.question = PROVE_CAN_READ, .path = "/home/u/.ssh"};
    struct prove_request here = cargo, elsewhere = cargo;

    here.caller_path = "/usr/bin:/home/u/.cargo/bin";
    elsewhere.caller_path = "/usr/bin:/home/u/other";
    check_answer(on, cargo, PROOF_UNDECIDED, "--here");
    check_answer(on, here, PROOF_POSSIBLE, "PATH");
    check_answer(on, elsewhere, PROOF_HOLDS, "no rule grants it");
    check_answer(on, keys, PROOF_HOLDS, "no rule grants it");
    check_answer("name: x\n", cargo, PROOF_HOLDS, "no rule grants it");
}

TEST(what_a_ceiling_does_not_permit_is_found)
{
    auto_policy struct policy *ceiling = load(LAYER_CEILING, "filesystem: {readonlyPaths: [/usr], readwritePaths: [/srv]}\n");
    struct prove_request request = {.question = PROVE_ESCAPES_CEILING, .ceiling = ceiling};

    check_answer("filesystem: {readwritePaths: [/srv/x]}\n", request, PROOF_HOLDS, "permits all");
    check_answer("filesystem: {readwritePaths: [/usr]}\n", request, PROOF_POSSIBLE, "writing /usr");
}

/* ---- memory ---- */

static int attempt(void)
{
    struct error err = ERROR_INIT;
    auto_arena struct arena *arena = arena_new();
    auto_policy struct policy *policy = NULL;
    struct path_rule paths[] = {{.kind = PATH_READWRITE, .path = "/w"}, {.kind = PATH_DENIED, .path = "/w/**/.env", .is_glob = true}};
    struct document document = {.kind = LAYER_REQUEST, .paths = paths, .path_count = 2, .has_grants = true};
    struct prove_request request = {.question = PROVE_READS_REACHES, .path = "/w/*", .destination = "a.example.org"};
    struct proof proof;
    auto_free char *json = NULL;
    int status;

    if (!arena)
        return -ENOMEM;
    status = policy_new(&policy, &err);
    if (status == 0)
        status = policy_add_layer(policy, &document, &err);
    if (status == 0)
        status = policy_prove(arena, policy, &request, &proof, &err);
    if (status == 0)
        status = proof_json(&proof, &json, &err);
    return status;
}

TEST(a_proof_without_memory_fails_and_leaks_nothing)
{
    test_each_allocation_fails(attempt, 20000);
}
