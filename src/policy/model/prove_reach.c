/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Can a destination be reached? The comparison of the policy with one that permits nothing (diff.c) lists all that it lets
 * reach; the other policy denies what is asked about, so that the list tells that apart from everything else.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "net/special.h"
#include "policy/model/differ.h"
#include "policy/model/effective.h"
#include "policy/model/prover.h"

/* ---- what is asked about ---- */

static int refuse(const char *destination, struct error *err)
{
    return error_set(err, ERROR_INVALID, EINVAL,
                     "'%.200s' is no destination: write a name or an address, with a port behind ':' or a prefix behind '/' "
                     "where one is meant (api.example.org:443, 10.0.0.0/8, [::1]:80)",
                     destination);
}

int prove_parse_target(struct arena *arena, const char *destination, struct prove_target *ret_target, struct error *err)
{
    struct net_host host;
    char name[NET_NAME_SIZE];

    *ret_target = (struct prove_target){.is_any = strcmp(destination, "*") == 0};
    if (ret_target->is_any)
        return 0;
    if (net_block_parse(destination, &ret_target->block, NULL) == 0) {
        ret_target->block = net_block_unmapped(&ret_target->block); /* as the gateway dials it */
        return 0;
    }
    if (net_authority_parse(destination, strlen(destination), &host, &ret_target->port, NULL) == 0) {
        if (host.is_address) {
            ret_target->block = (struct net_block){.family = host.address.family, .prefix = host.address.family == AF_INET ? 32 : 128};
            memcpy(ret_target->block.address, host.address.bytes, sizeof(ret_target->block.address));
            ret_target->block = net_block_unmapped(&ret_target->block);
            return 0;
        }
        memcpy(name, host.name, sizeof(name));
    } else if (net_pattern_canonical(destination, strlen(destination), name, NULL) < 0) {
        return refuse(destination, err);
    }
    ret_target->name = arena_string(arena, name);
    return ret_target->name ? 0 : error_memory(err);
}

/* Who connects to the unspecified address is at the loopback as well. */
static bool is_loopback(const struct prove_target *target)
{
    static const struct net_block own[] = {
        {.family = AF_INET, .address = {127}, .prefix = 8},
        {.family = AF_INET, .prefix = 32},
        {.family = AF_INET6, .address = {[15] = 1}, .prefix = 128},
        {.family = AF_INET6, .prefix = 128},
    };
    const char *last = target->name ? strrchr(target->name, '.') : NULL;

    if (target->is_any)
        return true;
    if (target->name) /* RFC 6761, 6.3 */
        return strcmp(last ? last + 1 : target->name, "localhost") == 0;
    for (size_t i = 0; i < ARRAY_COUNT(own); i++)
        if (net_block_contains(&own[i], &target->block) || net_block_contains(&target->block, &own[i]))
            return true;
    return false;
}

/* ---- everything that the policy lets reach ---- */

static int list_reachable(struct prover *prover, const struct prove_target *target, struct policy_diff *ret_diff)
{
    struct net_peer peer = {.host = target->name, .has_block = !target->name, .block = target->block};
    struct net_ports ports = {.first = (uint16_t)target->port, .last = (uint16_t)target->port, .has_port = true};
    struct egress_rule deny = {.rule = {.peers = &peer, .peer_count = 1, .ports = &ports, .port_count = target->port ? 1 : 0,
                                        .where = "the question"}};
    struct document nothing = {.kind = LAYER_REQUEST, .network = {.is_set = true, .deny = &deny, .deny_count = !target->is_any}};
    struct document *layers[] = {&nothing};
    const struct policy before = {.arena = prover->arena, .layers = layers, .layer_count = 1};
    struct differ differ = {.arena = prover->arena, .policies = {&before, prover->policy}, .who = 1};
    int status = differ_network(&differ);

    if (status == 0)
        *ret_diff = differ.diff;
    return status;
}

static bool has_word(const struct words_list *words, const char *word)
{
    for (size_t i = 0; i < words->count; i++)
        if (strcmp(words->items[i], word) == 0)
            return true;
    return false;
}

/* "443/tcp", "1-1023/udp", "every port/tcp", "icmp" */
static bool has_port(const struct words_list *ports, unsigned port)
{
    for (size_t i = 0; i < ports->count && port; i++) {
        unsigned first, last;
        int count = sscanf(ports->items[i], "%u-%u/", &first, &last);

        if (strncmp(ports->items[i], "every", 5) == 0 || (count == 2 && first <= port && port <= last) || (count == 1 && first == port))
            return true;
    }
    return !ports->count || !port;
}

static bool is_by_name(const struct difference *item)
{
    const char *subject = item->subjects.items[0];
    size_t length = strcspn(subject, " "); /* "... where it is the host's own" */

    return strcmp(subject, WORDS_PUBLIC) != 0 && strcmp(subject, WORDS_EMBEDDING) != 0 && !memchr(subject, ':', length) &&
           strspn(subject, "0123456789./-") < length;
}

static bool has_name(const struct difference *item, const char *name)
{
    const char *subject = item->subjects.items[0];

    if (strcmp(subject, name) == 0)
        return true;
    if (strncmp(name, "*.", 2) == 0) /* any name below: a rule about one of them is enough */
        return net_name_matches(name, subject);
    return net_name_matches(subject, name) && !has_word(&item->other_than, name);
}

/* `subject`: the one of the item's that is meant. */
static int add_item(struct prover *prover, const struct difference *item, const char *subject, struct proof_lines *lines)
{
    const char *ports = item->ports.count ? item->ports.items[0] : "every port";
    const char *what = item->rights & RIGHT_CONNECT ? "connecting to" : item->rights & RIGHT_REQUEST ? "requests to" : "asking for the name";
    const char *text;

    if (item->rights & RIGHT_RESOLVE)
        text = arena_printf(prover->arena, "%s %s, which is a message to who serves it", what, subject);
    else
        text = arena_printf(prover->arena, "%s %s, %s%s%s%s%s", what, subject, ports, item->ports.count > 1 ? " ..." : "",
                            item->programs.count ? ", by " : "", item->programs.count ? item->programs.items[0] : "",
                            item->programs.count > 1 ? " ..." : "");
    return text ? proof_add_rule(prover, lines, item->after_rule, text) : -ENOMEM;
}

/* A name is asked about. */
static int weigh_name(struct prover *prover, const struct prove_target *target, const struct difference *item, bool *is_doubt)
{
    const char *subject = item->subjects.items[0];

    if (is_by_name(item))
        return has_name(item, target->name) ? add_item(prover, item, subject, &prover->proof.witness) : 0;
    if (strcmp(subject, WORDS_PUBLIC) == 0)
        return add_item(prover, item, subject, &prover->proof.witness);
    *is_doubt = true;
    return proof_add(prover, &prover->proof.reasons, NULL, "whether %s has one of the addresses %s", target->name, subject);
}

/* Addresses are asked about. */
static int weigh_block(struct prover *prover, const struct prove_target *target, const struct difference *item, bool *is_doubt)
{
    static const char *const ordinary[] = {WORDS_PUBLIC};
    static const struct words_list every = {.items = (const char **)ordinary, .count = 1};
    bool by_name = is_by_name(item);
    const struct words_list *words = !by_name ? &item->subjects : item->addresses.count ? &item->addresses : &every;
    const char *word = NULL;
    enum proof_answer answer = words_meet(words, &target->block, &word);

    if (answer == PROOF_HOLDS || (by_name && item->rights & RIGHT_RESOLVE))
        return 0;
    if (answer == PROOF_POSSIBLE && !by_name)
        return add_item(prover, item, word, &prover->proof.witness);
    *is_doubt = true;
    if (by_name)
        return proof_add(prover, &prover->proof.reasons, NULL, "whether %s has that address", item->subjects.items[0]);
    return proof_add(prover, &prover->proof.reasons, NULL, "which of these addresses embed one that can be reached: ask about less");
}

/* Each item is a witness, a doubt, or about something else. */
static int weigh_item(struct prover *prover, const struct prove_target *target, const struct difference *item, bool *is_doubt)
{
    if (item->rights & (RIGHT_SPEND | RIGHT_LAST) || !has_port(&item->ports, target->port))
        return 0;
    if (target->is_any)
        return add_item(prover, item, item->subjects.items[0], &prover->proof.witness);
    return target->name ? weigh_name(prover, target, item, is_doubt) : weigh_block(prover, target, item, is_doubt);
}

/* A door of the host's loopback is a destination of its own, and another name may be one of this machine. */
static int weigh_doors(struct prover *prover, const struct prove_target *target, bool *is_doubt)
{
    bool is_sure = is_loopback(target);
    const struct port_grant *door;
    int status = 0;

    if (!is_sure && !target->name)
        return 0;
    for (size_t i = 0; status == 0 && (door = policy_door(prover->policy, DOORS_OUTWARD, i)); i++) {
        if (target->port && target->port != door->port)
            continue;
        *is_doubt = *is_doubt || !is_sure;
        status = is_sure ? proof_add(prover, &prover->proof.witness, &door->origin, "connecting to port %u of the host's loopback", door->port)
                         : proof_add(prover, &prover->proof.reasons, &door->origin, "whether %s is this machine, whose port %u is reached",
                                     target->name, door->port);
    }
    return status;
}

static int weigh_network(struct prover *prover, const struct prove_target *target, bool *is_doubt)
{
    struct network_choice choice = policy_network(prover->policy);
    struct policy_diff diff = {0};
    int status;

    if (choice.verdict == NETWORK_HOST)
        return proof_add(prover, &prover->proof.witness, choice.why, "the host's own network is granted");
    for (size_t i = 0; i < prover->policy->layer_count; i++)
        if (prover->policy->layers[i]->network.proxy) {
            *is_doubt = true;
            return proof_add(prover, &prover->proof.reasons, &prover->policy->layers[i]->network.proxy_origin,
                             "what the proxy lets by");
        }
    status = list_reachable(prover, target, &diff);
    if (status == -E2BIG) {
        *is_doubt = true;
        return proof_add(prover, &prover->proof.reasons, NULL, "too many rules to follow: ask about less");
    }
    for (size_t i = 0; i < diff.count && status == 0; i++)
        status = weigh_item(prover, target, &diff.items[i], is_doubt);
    return status < 0 ? status : weigh_doors(prover, target, is_doubt);
}

int prove_reach(struct prover *prover, const char *destination, enum proof_answer *ret_answer, struct error *err)
{
    size_t before = prover->proof.witness.count;
    struct prove_target target;
    bool is_doubt = false;
    int status = prove_parse_target(prover->arena, destination, &target, err);

    if (status < 0)
        return status;
    if (weigh_network(prover, &target, &is_doubt) < 0)
        return error_memory(err);
    *ret_answer = prover->proof.witness.count > before ? PROOF_POSSIBLE : is_doubt ? PROOF_UNDECIDED : PROOF_HOLDS;
    if (*ret_answer == PROOF_HOLDS && proof_add(prover, &prover->proof.reasons, NULL, "no rule lets anything connect to %s", destination) < 0)
        return error_memory(err);
    return 0;
}

int prove_side_ways(struct prover *prover, bool is_flow, enum proof_answer *answer)
{
    static const struct {
        enum policy_list list;
        const char *what;
    } rows[] = {{LIST_UNIX_SOCKETS, "what is behind the socket"}, {LIST_DEVICES, "what is behind the device"}};
    size_t before = prover->proof.reasons.count;
    const struct port_grant *door;
    struct string_list list;
    int status = 0;

    if (*answer != PROOF_HOLDS)
        return 0;
    for (size_t i = 0; i < ARRAY_COUNT(rows) && status == 0; i++) {
        status = policy_list_settle(prover->policy, rows[i].list, prover->arena, &list, NULL);
        for (size_t j = 0; j < list.count && status == 0; j++)
            status = proof_add(prover, &prover->proof.reasons, &list.items[j].origin, "%s %s", rows[i].what, list.items[j].text);
    }
    for (enum doors which = is_flow ? DOORS_INWARD : DOORS_OUTWARD; which <= DOORS_OUTWARD && status == 0; which++)
        for (size_t i = 0; status == 0 && (door = policy_door(prover->policy, which, i)); i++)
            status = proof_add(prover, &prover->proof.reasons, &door->origin,
                               which == DOORS_INWARD ? "who on the host connects to port %u" : "what listens at port %u of the host",
                               which == DOORS_INWARD ? door->host_port : door->port);
    if (prover->proof.reasons.count > before)
        *answer = PROOF_UNDECIDED;
    return status < 0 ? -ENOMEM : 0;
}
