/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a question is answered with. A name is asked upstream only where some connection to it could be permitted; of its
 * addresses those are told that could be connected to under this name, and what was told is pinned. Why the rest is as it
 * is: docs/decisions/0118-names.md.
 *
 * System calls: those of the files that it uses.
 */
#include "gateway/names.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/memory.h"
#include "gateway/dns_hosts.h"
#include "gateway/dns_judge.h"
#include "gateway/dns_route.h"
#include "gateway/dns_server.h"
#include "gateway/dns_upstream.h"
#include "gateway/pins.h"
#include "gateway/provisional.h"

#define TEXT_SIZE 512

struct names {
    struct names_setup setup;
    struct dns_judge *judge;
    struct dns_hosts *hosts;
    struct dns_upstream *upstream;
    struct dns_server *server;
    struct pins *pins;
    struct provisional *provisional; /* NULL = nobody has been asked about a name yet */
    bool asks_anything; /* the rules let the container ask the host's resolver directly */
    bool has_name_rules;
};

#define owner_of(member, type, field) ((type *)(void *)((char *)(member) - offsetof(type, field)))

static uint64_t now_of(const struct names *names)
{
    return loop_now_ns(names->setup.loop);
}

/* ---- answers ---- */

static void answer_code(struct dns_exchange *exchange, enum dns_rcode rcode, enum dns_extended extended, const char *text)
{
    dns_server_answer(exchange, &(struct dns_answer){.rcode = rcode, .extended = extended, .text = text});
}

static void answer_nothing(struct dns_exchange *exchange)
{
    answer_code(exchange, DNS_NOERROR, DNS_EXTENDED_NONE, NULL);
}

static void answer_addresses(struct dns_exchange *exchange, const struct net_address *addresses, size_t count,
                             uint32_t ttl_s)
{
    dns_server_answer(exchange, &(struct dns_answer){.ttl_s = ttl_s,
                                                     .addresses = addresses,
                                                     .address_count = count,
                                                     .extended = DNS_EXTENDED_NONE});
}

/* The one line that tells why; to the program by the extended error, to whoever watches by the event. */
static void refuse(struct names *names, struct dns_exchange *exchange, const struct net_decision *decision)
{
    const char *name = exchange->question.name;
    bool is_denied = decision->reason == NET_BY_RULE;
    char text[TEXT_SIZE];

    if (is_denied)
        snprintf(text, sizeof(text), "%s is denied by %s", name, decision->where ?: "a rule");
    else
        snprintf(text, sizeof(text), "no rule grants %s", name);
    names->setup.denied(names->setup.context, name, decision);
    answer_code(exchange, DNS_REFUSED, is_denied ? DNS_EXTENDED_BLOCKED : DNS_EXTENDED_PROHIBITED, text);
}

/* The same of a granted name with an address that may not be told. */
static void refuse_address(struct names *names, struct dns_exchange *exchange, const struct net_address *address,
                           const struct net_decision *decision)
{
    const char *name = exchange->question.name;
    char text[TEXT_SIZE], shown[NET_ADDRESS_TEXT_SIZE];

    net_address_print(address, shown);
    snprintf(text, sizeof(text), "%s is %s: %s%s%s", name, shown, net_reason_text(decision->reason),
             decision->reason == NET_BY_RULE && decision->where ? " " : "",
             decision->reason == NET_BY_RULE && decision->where ? decision->where : "");
    names->setup.denied(names->setup.context, name, decision);
    answer_code(exchange, DNS_REFUSED, DNS_EXTENDED_BLOCKED, text);
}

/* ---- what is told ---- */

/* May the name have this address beside those who have it already? */
static bool can_share(struct names *names, const char *name, const struct net_address *address, bool is_own)
{
    const struct pin *others[PINS_NAMES_MAX];
    size_t count = pins_find(names->pins, address, now_of(names), others, PINS_NAMES_MAX);

    for (size_t i = 0; i < count; i++)
        if (strcmp(others[i]->name, name) != 0 && !dns_judge_are_alike(names->judge, others[i]->name, name, address, is_own))
            return false;
    return true;
}

/* What the container is told for `real`; false = nothing, because no more can be remembered. */
static bool give(struct names *names, const char *name, const struct net_address *real, bool is_own, uint32_t ttl_s,
                 struct net_address *ret_given)
{
    int status = -E2BIG;

    *ret_given = *real;
    if (!names->has_name_rules) { /* no connection is judged by its name: remembered for the record, if it can be */
        status = pins_add(names->pins, name, real, now_of(names), ttl_s);
        return status == 0 || status == -ENOSPC || status == -E2BIG;
    }
    if (!pins_is_synthetic(real) && can_share(names, name, real, is_own))
        status = pins_add(names->pins, name, real, now_of(names), ttl_s);
    if (status == -E2BIG)
        status = pins_add_synthetic(names->pins, name, real, now_of(names), ttl_s, ret_given);
    return status == 0;
}

/* Where only the right to ask anything let a name be asked, what is special is kept back as if a name rule were needed. */
static bool may_tell(struct names *names, const char *name, const struct net_address *address, bool is_own,
                     struct net_decision *ret_decision)
{
    *ret_decision = dns_judge_address(names->judge, name, address, is_own);
    if (ret_decision->verdict != NET_REFUSE)
        return true;
    return names->asks_anything && ret_decision->reason != NET_BY_RULE && !is_own &&
           net_address_class(address) == NET_PUBLIC;
}

struct told {
    struct net_address addresses[DNS_ADDRESSES_MAX];
    size_t count, refused, forgotten;
    struct net_address refused_address; /* of those the one that says most */
    struct net_decision decision;
};

static void tell_one(struct names *names, const char *name, const struct net_address *address, uint32_t ttl_s,
                     struct told *told)
{
    bool is_own = names->setup.is_own(names->setup.context, address);
    struct net_address unmapped = net_address_unmapped(address);
    struct net_decision decision;

    if (unmapped.family != address->family) /* no name server has a reason to say ::ffff:192.0.2.1 */
        decision = (struct net_decision){.verdict = NET_REFUSE, .reason = NET_SPECIAL};
    else if (may_tell(names, name, address, is_own, &decision)) {
        if (!dns_route_exists(address))
            return;
        if (give(names, name, address, is_own, ttl_s, &told->addresses[told->count]))
            told->count++;
        else
            told->forgotten++;
        return;
    }
    if (!told->refused || decision.reason == NET_SPECIAL) {
        told->decision = decision;
        told->refused_address = *address;
    }
    told->refused++;
}

static void tell(struct names *names, struct dns_exchange *exchange, const struct net_address *addresses, size_t count,
                 uint32_t ttl_s)
{
    const char *name = exchange->question.name;
    struct told told = {.count = 0};

    for (size_t i = 0; i < count && i < DNS_ADDRESSES_MAX; i++)
        tell_one(names, name, &addresses[i], ttl_s, &told);
    if (told.count)
        answer_addresses(exchange, told.addresses, told.count, ttl_s);
    else if (told.forgotten)
        answer_code(exchange, DNS_SERVFAIL, DNS_EXTENDED_OTHER, "as many addresses are in use as can be remembered");
    else if (told.refused)
        refuse_address(names, exchange, &told.refused_address, &told.decision);
    else
        answer_code(exchange, DNS_NOERROR, DNS_EXTENDED_NO_AUTHORITY, "this machine has no route to its addresses");
}

static void upstream_answered(struct dns_ask *ask, const struct dns_result *result)
{
    struct dns_exchange *exchange = owner_of(ask, struct dns_exchange, ask);
    struct names *names = exchange->context;

    switch (result->outcome) {
    case DNS_FOUND:
        tell(names, exchange, result->addresses, result->count, result->ttl_s);
        return;
    case DNS_NO_DATA:
        answer_nothing(exchange);
        return;
    case DNS_NO_NAME:
        answer_code(exchange, DNS_NXDOMAIN, DNS_EXTENDED_NONE, NULL);
        return;
    case DNS_FAILED:
        break;
    }
    answer_code(exchange, DNS_SERVFAIL, DNS_EXTENDED_NO_AUTHORITY, "no resolver of the host answered");
}

/* ---- questions ---- */

static bool is_localhost(const char *name)
{
    static const char suffix[] = ".localhost";
    size_t size = strlen(name);

    return strcmp(name, "localhost") == 0 ||
           (size >= sizeof(suffix) && strcmp(name + size - (sizeof(suffix) - 1), suffix) == 0);
}

/* RFC 6761, 6.3: never asked upstream, and always the container's own. */
static void answer_localhost(struct dns_exchange *exchange)
{
    static const struct net_address loopback[] = {
        {.family = AF_INET, .bytes = {127, 0, 0, 1}},
        {.family = AF_INET6, .bytes = {[15] = 1}},
    };

    answer_addresses(exchange, loopback, ARRAY_COUNT(loopback), PINS_TTL_MAX_S);
}

/* The name that the container was last given the address for. False: there is none. */
static bool answer_pointer(struct names *names, struct dns_exchange *exchange)
{
    struct dns_answer answer = {.ttl_s = PINS_TTL_MIN_S, .extended = DNS_EXTENDED_NONE};
    struct net_address address;
    const struct pin *pin;

    if (!dns_reverse_address(exchange->question.name, &address))
        return false;
    if (net_address_class(&address) == NET_LOOPBACK)
        answer.pointer = "localhost";
    else if (pins_find(names->pins, &address, now_of(names), &pin, 1))
        answer.pointer = pin->name;
    else
        return false;
    dns_server_answer(exchange, &answer);
    return true;
}

static void answer_asked(struct names *names, struct dns_exchange *exchange)
{
    const struct dns_question *question = &exchange->question;
    int family = question->type == DNS_A ? AF_INET : AF_INET6;
    struct net_address addresses[DNS_ADDRESSES_MAX];
    size_t count;

    if (question->type != DNS_A && question->type != DNS_AAAA) {
        answer_nothing(exchange);
        return;
    }
    if (dns_hosts_find(names->hosts, question->name, family, addresses, DNS_ADDRESSES_MAX, &count)) {
        if (count)
            tell(names, exchange, addresses, count, PINS_TTL_MIN_S);
        else
            answer_nothing(exchange);
        return;
    }
    exchange->context = names;
    exchange->ask.answered = upstream_answered;
    dns_upstream_ask(names->upstream, question->name, (enum dns_type)question->type, &exchange->ask);
}

static void answer_unreadable(struct names *names, struct dns_exchange *exchange, enum dns_rcode rcode)
{
    static const struct net_decision no_host = {.verdict = NET_REFUSE, .reason = NET_NO_RULE};

    if (rcode == DNS_REFUSED)
        names->setup.denied(names->setup.context, exchange->question.shown, &no_host);
    answer_code(exchange, rcode, rcode == DNS_REFUSED ? DNS_EXTENDED_PROHIBITED : DNS_EXTENDED_NONE,
                rcode == DNS_REFUSED ? "only names of hosts in class IN are answered" : NULL);
}

/*
 * A person decides, when something connects: until then the name stays here. IPv4 alone, so that a program that tries both
 * families asks once.
 */
static bool answer_provisional(struct names *names, struct dns_exchange *exchange, const struct net_decision *decision)
{
    const struct dns_question *question = &exchange->question;
    struct net_address address;

    if (!names->setup.rules->is_asked || decision->reason != NET_NO_RULE || (question->type != DNS_A && question->type != DNS_AAAA))
        return false;
    if (!names->provisional)
        names->provisional = provisional_new();
    if (!names->provisional || !provisional_give(names->provisional, question->name, now_of(names), &address))
        return false;
    if (question->type == DNS_A)
        answer_addresses(exchange, &address, 1, PROVISIONAL_TTL_S);
    else
        answer_nothing(exchange);
    return true;
}

static void asked(void *context, struct dns_exchange *exchange, int rcode)
{
    struct names *names = context;
    const char *name = exchange->question.name;
    struct net_decision decision;

    if (rcode) {
        answer_unreadable(names, exchange, (enum dns_rcode)rcode);
        return;
    }
    if (is_localhost(name)) {
        answer_localhost(exchange);
        return;
    }
    if (exchange->question.type == DNS_PTR && answer_pointer(names, exchange))
        return;
    decision = net_decide_name(names->setup.rules, name);
    if (decision.verdict != NET_REFUSE || (net_reason_is_ungranted(decision.reason) && names->asks_anything))
        answer_asked(names, exchange);
    else if (!answer_provisional(names, exchange, &decision))
        refuse(names, exchange, &decision);
}

/* ---- rules ---- */

static bool names_hosts(const struct net_rule *rules, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < rules[i].peer_count; j++)
            if (rules[i].peers[j].host)
                return true;
    return false;
}

static bool may_ask_anything(const struct names *names)
{
    struct net_address servers[DNS_SERVERS_MAX];
    size_t count = dns_upstream_servers(names->upstream, servers);

    for (size_t i = 0; i < count; i++)
        if (dns_judge_is_open_resolver(names->judge, &servers[i],
                                       names->setup.is_own(names->setup.context, &servers[i])))
            return true;
    return false;
}

static bool are_about_names(const struct net_rules *rules)
{
    for (size_t i = 0; i < rules->layer_count; i++)
        if (names_hosts(rules->layers[i].allow, rules->layers[i].allow_count) ||
            names_hosts(rules->layers[i].deny, rules->layers[i].deny_count))
            return true;
    return false;
}

int names_set_rules(struct names *names, const struct net_rules *rules, struct error *err)
{
    struct dns_judge *judge = NULL;
    int status = dns_judge_new(rules, &judge, err);

    if (status < 0)
        return status;
    dns_judge_free(names->judge);
    names->judge = judge;
    names->setup.rules = rules;
    names->asks_anything = may_ask_anything(names);
    names->has_name_rules = are_about_names(rules) || rules->is_asked;
    return 0;
}

/* ---- opening ---- */

static int open_all(struct names *names, struct error *err)
{
    struct dns_server_setup server = {.loop = names->setup.loop, .asked = asked, .context = names};
    int status = dns_hosts_read(names->setup.hosts_path ?: "/etc/hosts", &names->hosts, err);

    if (status < 0)
        return status;
    status = dns_upstream_open(names->setup.loop, names->setup.servers, &names->upstream, err);
    if (status < 0)
        return status;
    status = pins_new(&names->pins, err);
    if (status < 0)
        return status;
    status = dns_server_open(&server, &names->server, err);
    return status < 0 || !names->setup.rules ? status : names_set_rules(names, names->setup.rules, err);
}

int names_open(const struct names_setup *setup, struct names **ret_names, struct error *err)
{
    struct names *names = mem_alloc(sizeof(*names));
    int status;

    if (!names)
        return error_memory(err);
    names->setup = *setup;
    status = open_all(names, err);
    if (status < 0) {
        names_close(names);
        return status;
    }
    *ret_names = names;
    return 0;
}

void names_close(struct names *names)
{
    if (!names)
        return;
    dns_server_close(names->server); /* before who is asked: those who wait are taken from it */
    dns_upstream_close(names->upstream);
    dns_hosts_free(names->hosts);
    dns_judge_free(names->judge);
    pins_free(names->pins);
    provisional_free(names->provisional);
    mem_free(names);
}

int names_listen(struct names *names, const struct names_sockets *sockets, struct error *err)
{
    return dns_server_listen(names->server, sockets, err);
}

/* ---- what the rest of the gateway asks ---- */

int names_of(struct names *names, const struct net_address *address, struct net_address *ret_dial,
             const char **ret_names, size_t room, size_t *ret_count)
{
    const struct pin *pins[PINS_NAMES_MAX];
    size_t count = pins_find(names->pins, address, now_of(names), pins, PINS_NAMES_MAX);

    if (!count && pins_is_synthetic(address) && names->has_name_rules)
        return -ENOENT;
    *ret_dial = count ? pins[0]->real : *address;
    for (size_t i = 0; i < count && i < room; i++)
        ret_names[i] = pins[i]->name;
    *ret_count = count < room ? count : room;
    return 0;
}

void names_hold(struct names *names, const struct net_address *address, const char *name)
{
    struct net_address given = net_address_unmapped(address);

    pins_hold(names->pins, &given, name);
}

void names_release(struct names *names, const struct net_address *address, const char *name)
{
    struct net_address given = net_address_unmapped(address);

    pins_release(names->pins, &given, name);
}

const char *names_provisional(struct names *names, const struct net_address *address)
{
    return names->provisional ? provisional_find(names->provisional, address, now_of(names)) : NULL;
}

void names_look(struct names *names, const char *name, struct names_look *look)
{
    names_look_begin(look, name, names->hosts, names->upstream);
}

bool names_synthetic_block(const struct net_rules *rules, int family, struct net_block *ret_block)
{
    struct error err = ERROR_INIT;

    return (are_about_names(rules) || rules->is_asked) &&
           net_block_parse(family == AF_INET ? PINS_SYNTHETIC4 : PINS_SYNTHETIC6, ret_block, &err) == 0;
}
