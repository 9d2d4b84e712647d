/* SPDX-License-Identifier: Apache-2.0 */
/* The decision a second time, bit by bit and sentence by sentence. */
#include "reference.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned char bytes16[16];

/* Every address as IPv6: IPv4 as mapped. */
static void widen(int family, const unsigned char *from, bytes16 to)
{
    memset(to, 0, 16);
    if (family == AF_INET)
        to[10] = to[11] = 0xff;
    memcpy(to + (family == AF_INET ? 12 : 0), from, family == AF_INET ? 4 : 16);
}

static bool is_mapped(const bytes16 address)
{
    static const bytes16 prefix = {[10] = 0xff, [11] = 0xff};

    return memcmp(address, prefix, 12) == 0;
}

static bool bit(const unsigned char *bytes, unsigned at)
{
    return bytes[at / 8] >> (7 - at % 8) & 1;
}

static bool begins(const bytes16 address, const bytes16 with, unsigned bits)
{
    for (unsigned i = bits / 8 * 8; i < bits; i++)
        if (bit(address, i) != bit(with, i))
            return false;
    return memcmp(address, with, bits / 8) == 0;
}

struct known {
    const char *text;
    bytes16 block;
    unsigned prefix;
};

/* Each text is a literal of this file and parsed once. */
static const struct known *know(const char *text)
{
    static struct known all[64];
    struct known *known = all;
    char copy[64], *slash;
    bytes16 narrow = {0};
    int family = strchr(text, ':') ? AF_INET6 : AF_INET;

    while (known->text && known->text != text)
        known++;
    if (known->text)
        return known;
    snprintf(copy, sizeof(copy), "%s", text);
    slash = strchr(copy, '/');
    *slash = '\0';
    inet_pton(family, copy, narrow);
    widen(family, narrow, known->block);
    known->prefix = (unsigned)atoi(slash + 1) + (family == AF_INET6 ? 0 : 96);
    known->text = text;
    return known;
}

static bool in_text(const bytes16 address, const char *text)
{
    const struct known *known = know(text);

    return begins(address, known->block, known->prefix);
}

static unsigned wide_prefix(const struct net_block *block)
{
    return block->prefix + (block->family == AF_INET ? 96 : 0);
}

/* A block of IPv6 that is wider than all of IPv4 is not about IPv4. */
static bool in_block(const bytes16 address, const struct net_block *block)
{
    bytes16 wide;

    widen(block->family, block->address, wide);
    return begins(address, wide, wide_prefix(block)) && (!is_mapped(address) || wide_prefix(block) >= 96);
}

/* ---- what is special: never, by a block among them, by a block, by anything ---- */

enum kind { FREE, PRIVATE, AMONG, NEVER };

static const char *const among[] = {"169.254.0.0/16",     "fe80::/10",     "fd00:ec2::/32",    "fd20:ce::254/128",
                                    "fd00:42::42/128",    "168.63.129.16/32", "100.100.100.200/32", "192.0.0.192/32", NULL};
static const char *const private[] = {"10.0.0.0/8",    "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "198.18.0.0/15",
                                      "192.0.0.0/24",  "fc00::/7",      "fec0::/10",      NULL};
static const char *const never4[] = {"0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", NULL};
static const char *const given6[] = {"2000::/3", "fc00::/7", "fe80::/10", "fec0::/10", "64:ff9b::/96", NULL};

static const char *find(const bytes16 address, const char *const *list)
{
    for (; *list; list++)
        if (in_text(address, *list))
            return *list;
    return NULL;
}

static enum kind plain_kind(const bytes16 address)
{
    if (find(address, among))
        return AMONG;
    if (is_mapped(address) ? find(address, never4) != NULL : !find(address, given6))
        return NEVER;
    return find(address, private) ? PRIVATE : FREE;
}

/* 1 and the inner address as mapped; 0 where there is none. */
static bool inner_of(const bytes16 address, bytes16 inner)
{
    unsigned at = in_text(address, "2002::/16") ? 2 : 12;
    bool is_teredo = in_text(address, "2001::/32");
    bool is_isatap = (address[8] == 0 || address[8] == 2) && memcmp(address + 9, "\0\x5e\xfe", 3) == 0;

    if (is_mapped(address) || in_text(address, "::/127") ||
        !(at == 2 || is_teredo || is_isatap || in_text(address, "64:ff9b::/96") || in_text(address, "::/96") ||
          in_text(address, "::ffff:0:0:0/96")))
        return false;
    widen(AF_INET, address + at, inner);
    for (unsigned i = 12; i < 16 && is_teredo; i++)
        inner[i] ^= 0xff;
    return true;
}

struct asked {
    const struct net_question *question;
    bytes16 address, inner;
    bool has_inner;
    enum kind kind, inner_kind;
};

static enum kind strictest(const struct asked *asked)
{
    return asked->has_inner && asked->inner_kind > asked->kind ? asked->inner_kind : asked->kind;
}

static void end_of(const struct net_block *block, bool is_last, bytes16 ret_end)
{
    widen(block->family, block->address, ret_end);
    for (unsigned i = wide_prefix(block); i < 128 && is_last; i++)
        ret_end[i / 8] |= (unsigned char)(0x80 >> i % 8);
}

/* Both ends of the block are special for the same reason as the address. */
static bool lies_among(const struct net_block *block, const struct asked *asked)
{
    for (int last = 0; last < 2; last++) {
        bytes16 end, inner;

        end_of(block, last, end);
        if (asked->kind == AMONG && find(end, among) != find(asked->address, among))
            return false;
        if (asked->has_inner && asked->inner_kind == AMONG &&
            (!inner_of(end, inner) || find(inner, among) != find(asked->inner, among)))
            return false;
    }
    return true;
}

/* ---- rules ---- */

enum leave_out { NOTHING = 0, SPECIAL = 1, NAMES = 2, UDP = 4 };

static bool names_match(const char *pattern, const char *name)
{
    size_t skip;

    if (strncmp(pattern, "*.", 2) != 0)
        return strcmp(pattern, name) == 0;
    skip = strcspn(name, ".");
    return skip && strcmp(name + skip, pattern + 1) == 0;
}

static bool has(const struct net_peer *peer, const bytes16 address)
{
    for (size_t i = 0; i < peer->except_count; i++)
        if (in_block(address, &peer->except[i]))
            return false;
    return in_block(address, &peer->block);
}

static bool port_fits(const struct net_rule *rule, const struct net_question *question, bool must_say_udp)
{
    for (size_t i = 0; i < rule->port_count; i++) {
        const struct net_ports *one = &rule->ports[i];
        bool is_in = !one->has_port || (question->protocol != NET_ICMP && question->port >= one->first &&
                                        question->port <= one->last);

        if (is_in && (one->protocol == question->protocol || (one->protocol == NET_ANY && !must_say_udp)))
            return true;
    }
    return !rule->port_count && !must_say_udp;
}

static bool special_permits(const struct asked *asked, const struct net_peer *peer)
{
    if (asked->question->is_own && (!peer->has_block || wide_prefix(&peer->block) != 128))
        return false;
    if (strictest(asked) == AMONG && !(peer->has_block && lies_among(&peer->block, asked)))
        return false;
    return strictest(asked) != PRIVATE || peer->has_block;
}

/* One peer of one rule, so that rules without any have one that is everybody. */
static bool peer_permits(const struct asked *asked, const struct net_rule *rule, const struct net_peer *peer,
                         const char *name, unsigned out)
{
    bool is_named = peer->host, must_say_udp = is_named && asked->question->protocol == NET_UDP && !(out & UDP);

    if (is_named && !(out & NAMES) && (!name || !names_match(peer->host, name)))
        return false;
    if (peer->has_block && !has(peer, asked->address))
        return false;
    if (!(out & SPECIAL) && !special_permits(asked, peer))
        return false;
    return port_fits(rule, asked->question, must_say_udp);
}

static bool rule_permits(const struct asked *asked, const struct net_rule *rule, const char *name, unsigned out)
{
    const struct net_peer four = {.has_block = true, .block = {.family = AF_INET}};
    const struct net_peer six = {.has_block = true, .block = {.family = AF_INET6}};

    for (size_t i = 0; i < rule->peer_count; i++)
        if (peer_permits(asked, rule, &rule->peers[i], name, out))
            return true;
    return !rule->peer_count &&
           (peer_permits(asked, rule, &four, name, out) || peer_permits(asked, rule, &six, name, out));
}

static bool permits(const struct net_rules *rules, const struct asked *asked, const char *name, unsigned out)
{
    const struct net_rule everything = {0};

    for (size_t i = 0; i < rules->layer_count; i++) {
        const struct net_layer *layer = &rules->layers[i];
        bool is_good = layer->is_open && rule_permits(asked, &everything, NULL, out);

        for (size_t j = 0; j < layer->allow_count; j++)
            is_good |= rule_permits(asked, &layer->allow[j], name, out);
        if (!is_good && !layer->only_denies)
            return false;
    }
    return rules->layer_count > 0;
}

/* `is_named`: by rules about names, this one or, where it is NULL, any. */
static bool denies(const struct net_rules *rules, const struct asked *asked, bool is_named, const char *name)
{
    for (size_t i = 0; i < rules->layer_count; i++)
        for (size_t j = 0; j < rules->layers[i].deny_count; j++) {
            const struct net_rule *rule = &rules->layers[i].deny[j];

            if (!port_fits(rule, asked->question, false))
                continue;
            if (!rule->peer_count && !is_named)
                return true;
            for (size_t k = 0; k < rule->peer_count; k++) {
                const struct net_peer *peer = &rule->peers[k];

                if (is_named != (peer->host != NULL) || (is_named && name && !names_match(peer->host, name)))
                    continue;
                if (!peer->has_block || has(peer, asked->address) || (asked->has_inner && has(peer, asked->inner)))
                    return true;
            }
        }
    return false;
}

/* ---- the decision ---- */

static struct net_decision answer(enum net_verdict verdict, enum net_reason reason)
{
    return (struct net_decision){.verdict = verdict, .reason = reason};
}

static bool any_name(const struct net_rules *rules, const struct asked *asked, const char *const *names, size_t count,
                     unsigned out)
{
    bool is_any = permits(rules, asked, NULL, out);

    for (size_t i = 0; i < count; i++)
        is_any |= permits(rules, asked, names[i], out);
    return is_any;
}

/* Nothing grants it to these names, or what does is denied. */
static struct net_decision explain(const struct net_rules *rules, const struct asked *asked, const char *const *names,
                                   size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (permits(rules, asked, names[i], NOTHING) && denies(rules, asked, true, names[i]))
            return answer(NET_REFUSE, NET_BY_RULE);
    if (any_name(rules, asked, names, count, SPECIAL))
        return answer(NET_REFUSE, NET_SPECIAL);
    if (any_name(rules, asked, names, count, UDP))
        return answer(NET_REFUSE, NET_NOT_SAID);
    return answer(NET_REFUSE, permits(rules, asked, NULL, NAMES) ? NET_NOT_RESOLVED : NET_NO_RULE);
}

struct counts {
    size_t good, denied, all;
    bool has_said;
};

static struct counts count_names(const struct net_rules *rules, const struct asked *asked)
{
    const struct net_question *question = asked->question;
    struct counts counts = {.all = question->name_count};

    for (size_t i = 0; i < question->name_count; i++) {
        const char *name = question->names[i];
        bool is_denied = denies(rules, asked, true, name);

        counts.denied += is_denied;
        counts.good += !is_denied && permits(rules, asked, name, NOTHING);
        counts.has_said |= question->said == NET_SAID_NAME && strcmp(name, question->name) == 0;
    }
    return counts;
}

static struct net_decision said_name(const struct net_rules *rules, const struct asked *asked)
{
    const struct net_question *question = asked->question;
    struct counts counts = count_names(rules, asked);
    bool is_free = permits(rules, asked, NULL, NOTHING);

    if (denies(rules, asked, true, question->name))
        return answer(NET_REFUSE, NET_BY_RULE);
    if (is_free && !counts.has_said && counts.denied)
        return answer(NET_REFUSE, NET_OTHER_NAME);
    if (is_free)
        return answer(NET_PERMIT, NET_BY_RULE);
    if (!counts.has_said && counts.good)
        return answer(NET_REFUSE, NET_OTHER_NAME);
    if (!counts.has_said)
        return explain(rules, asked, question->names, question->name_count);
    if (permits(rules, asked, question->name, NOTHING))
        return answer(NET_PERMIT, NET_BY_RULE);
    return explain(rules, asked, &question->name, 1);
}

static struct net_decision said_nothing(const struct net_rules *rules, const struct asked *asked)
{
    struct counts counts = count_names(rules, asked);

    if (permits(rules, asked, NULL, NOTHING)) {
        if (!counts.denied)
            return answer(NET_PERMIT, NET_BY_RULE);
        return answer(NET_REFUSE, counts.denied == counts.all ? NET_BY_RULE : NET_NOT_SAID);
    }
    if (!counts.good)
        return explain(rules, asked, asked->question->names, counts.all);
    if (asked->question->said == NET_SAID_NO_NAME)
        return answer(NET_REFUSE, NET_NOT_SAID);
    return counts.good == counts.all ? answer(NET_PERMIT, NET_BY_RULE) : answer(NET_REFUSE, NET_SHARED);
}

static struct net_decision said_not_yet(const struct net_rules *rules, const struct asked *asked)
{
    if (permits(rules, asked, NULL, NOTHING))
        return answer(denies(rules, asked, true, NULL) ? NET_ASK_NAME : NET_PERMIT, NET_BY_RULE);
    if (count_names(rules, asked).good)
        return answer(NET_ASK_NAME, NET_BY_RULE);
    return explain(rules, asked, asked->question->names, asked->question->name_count);
}

static struct asked ask(const struct net_question *question)
{
    struct asked asked = {.question = question};

    widen(question->address.family, question->address.bytes, asked.address);
    asked.kind = plain_kind(asked.address);
    asked.has_inner = inner_of(asked.address, asked.inner);
    asked.inner_kind = asked.has_inner ? plain_kind(asked.inner) : FREE;
    return asked;
}

bool reference_grants(const struct net_rule *rule, const struct net_question *question, const char *name, bool must_be_named)
{
    struct asked asked = ask(question);
    bool is_granted = rule_permits(&asked, rule, name, NOTHING);

    return is_granted && !(must_be_named && rule_permits(&asked, rule, NULL, NOTHING));
}

struct net_decision reference_plain(const struct net_rules *rules, const struct net_question *question)
{
    struct asked asked = ask(question);
    struct net_decision decision = answer(NET_PERMIT, NET_BY_RULE);

    if (strictest(&asked) == NEVER)
        return answer(NET_REFUSE, NET_SPECIAL);
    if (denies(rules, &asked, false, NULL))
        return answer(NET_REFUSE, NET_BY_RULE);
    if (question->protocol == NET_TCP && question->said == NET_SAID_NOT_YET)
        return said_not_yet(rules, &asked);
    if (question->said == NET_SAID_NAME)
        decision = said_name(rules, &asked);
    if (decision.verdict == NET_PERMIT && (question->protocol != NET_TCP || question->said != NET_SAID_NAME))
        decision = said_nothing(rules, &asked);
    return decision;
}

bool reference_may_ask(const struct net_rules *rules, const char *name)
{
    for (size_t i = 0; i < rules->layer_count; i++) {
        const struct net_layer *layer = &rules->layers[i];
        bool is_good = layer->is_open;

        for (size_t j = 0; j < layer->allow_count; j++) {
            is_good |= !layer->allow[j].peer_count;
            for (size_t k = 0; k < layer->allow[j].peer_count; k++) {
                const struct net_peer *peer = &layer->allow[j].peers[k];

                is_good |= peer->host ? names_match(peer->host, name) : peer->has_block && !peer->block.prefix;
            }
        }
        for (size_t j = 0; j < layer->deny_count; j++) {
            const struct net_rule *rule = &layer->deny[j];
            bool is_everywhere = !rule->port_count, is_about = !rule->peer_count;

            for (size_t k = 0; k < rule->port_count; k++)
                is_everywhere |= rule->ports[k].protocol == NET_ANY && !rule->ports[k].has_port;
            for (size_t k = 0; k < rule->peer_count; k++)
                is_about |= rule->peers[k].host && !rule->peers[k].has_block && names_match(rule->peers[k].host, name);
            if (is_everywhere && is_about && !rule->requests)
                return false;
        }
        if (!is_good && !layer->only_denies)
            return false;
    }
    return rules->layer_count > 0;
}
