/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between two neighbouring bounds of the rules' port ranges every port is decided alike, so one of them stands for all.
 *
 * System calls: none.
 */
#include "gateway/dns_judge.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"

#define PROBES_MAX 4096

struct probe {
    enum net_protocol protocol;
    uint16_t port;
};

struct dns_judge {
    const struct net_rules *rules;
    struct probe *probes;
    size_t count;
};

/* For each protocol, the ports at which something begins; 65536 bits. */
struct bounds {
    unsigned char bits[65536 / 8];
};

static void bound_add(struct bounds *bounds, unsigned port)
{
    if (port >= 1 && port <= 65535)
        bounds->bits[port / 8] |= (unsigned char)(1u << port % 8);
}

static bool bound_is(const struct bounds *bounds, unsigned port)
{
    return bounds->bits[port / 8] >> port % 8 & 1;
}

static void add_rules(struct bounds *tcp, struct bounds *udp, const struct net_rule *rules, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < rules[i].port_count; j++) {
            const struct net_ports *ports = &rules[i].ports[j];

            for (int k = 0; k < 2; k++) {
                struct bounds *bounds = k ? udp : tcp;

                if (ports->protocol != NET_ANY && ports->protocol != (k ? NET_UDP : NET_TCP))
                    continue;
                bound_add(bounds, ports->first);
                bound_add(bounds, ports->last + 1u);
            }
        }
}

static int add_probes(struct dns_judge *judge, const struct bounds *bounds, enum net_protocol protocol,
                      struct error *err)
{
    for (unsigned port = 1; port <= 65535; port++) {
        if (!bound_is(bounds, port))
            continue;
        if (judge->count == PROBES_MAX)
            return error_set(err, ERROR_LIMIT, E2BIG,
                             "network: the rules name more than %d different ports; use ranges", PROBES_MAX);
        judge->probes[judge->count++] = (struct probe){.protocol = protocol, .port = (uint16_t)port};
    }
    return 0;
}

static int fill(struct dns_judge *judge, struct bounds *tcp, struct bounds *udp, struct error *err)
{
    static const unsigned always[] = {1, 80, 81, 443, 444};
    const struct net_rules *rules = judge->rules;
    int status;

    for (size_t i = 0; i < ARRAY_COUNT(always); i++) {
        bound_add(tcp, always[i]);
        bound_add(udp, always[i]);
    }
    for (size_t i = 0; i < rules->layer_count; i++) {
        add_rules(tcp, udp, rules->layers[i].allow, rules->layers[i].allow_count);
        add_rules(tcp, udp, rules->layers[i].deny, rules->layers[i].deny_count);
    }
    judge->probes[judge->count++] = (struct probe){.protocol = NET_ICMP};
    status = add_probes(judge, tcp, NET_TCP, err);
    return status < 0 ? status : add_probes(judge, udp, NET_UDP, err);
}

int dns_judge_new(const struct net_rules *rules, struct dns_judge **ret_judge, struct error *err)
{
    struct bounds *bounds auto_free = mem_alloc(2 * sizeof(*bounds));
    struct probe *probes auto_free = mem_alloc(PROBES_MAX * sizeof(*probes));
    struct dns_judge *judge auto_free = mem_alloc(sizeof(*judge));
    int status;

    if (!bounds || !probes || !judge)
        return error_memory(err);
    *judge = (struct dns_judge){.rules = rules, .probes = probes};
    status = fill(judge, &bounds[0], &bounds[1], err);
    if (status < 0)
        return status;
    judge->probes = mem_resize(probes, judge->count * sizeof(*probes));
    if (!judge->probes)
        return error_memory(err);
    probes = NULL; /* the resized one is the judge's */
    *ret_judge = take_ptr(judge);
    return 0;
}

void dns_judge_free(struct dns_judge *judge)
{
    if (!judge)
        return;
    mem_free(judge->probes);
    mem_free(judge);
}

static struct net_decision decide(const struct dns_judge *judge, const struct probe *probe,
                                  const struct net_address *address, bool is_own, const char *name, enum net_said said)
{
    struct net_question question = {.protocol = probe->protocol,
                                    .address = *address,
                                    .port = probe->port,
                                    .is_own = is_own,
                                    .names = &name,
                                    .name_count = 1,
                                    .said = said,
                                    .name = said == NET_SAID_NAME ? name : NULL,
                                    .program = NET_PROGRAM_ANY}; /* a question for a name says nobody's */

    return net_decide(judge->rules, &question);
}

struct net_decision dns_judge_address(const struct dns_judge *judge, const char *name, const struct net_address *address,
                                      bool is_own)
{
    struct net_decision decision = {.verdict = NET_REFUSE, .reason = NET_NO_RULE}, told = decision;

    for (size_t i = 0; i < judge->count; i++) {
        const struct probe *probe = &judge->probes[i];

        decision = decide(judge, probe, address, is_own, name,
                          probe->protocol == NET_ICMP ? NET_SAID_NOTHING : NET_SAID_NAME);
        if (decision.verdict != NET_REFUSE) /* at once, or some request of it */
            return decision;
        if (decision.reason != NET_NO_RULE)
            told = decision; /* says more than that nothing was found */
    }
    return told;
}

static bool says_its_name(const struct probe *probe)
{
    return probe->port == 80 || probe->port == 443;
}

bool dns_judge_are_alike(const struct dns_judge *judge, const char *a, const char *b, const struct net_address *address,
                         bool is_own)
{
    for (size_t i = 0; i < judge->count; i++) {
        const struct probe *probe = &judge->probes[i];

        if (!says_its_name(probe) &&
            decide(judge, probe, address, is_own, a, NET_SAID_NOTHING).verdict !=
                decide(judge, probe, address, is_own, b, NET_SAID_NOTHING).verdict)
            return false;
    }
    return true;
}

bool dns_judge_is_open_resolver(const struct dns_judge *judge, const struct net_address *address, bool is_own)
{
    struct net_question question = {
        .protocol = NET_UDP, .address = *address, .port = 53, .is_own = is_own, .said = NET_SAID_NOTHING};
    struct net_decision decision = net_decide(judge->rules, &question);

    return decision.verdict == NET_PERMIT && !decision.name;
}
