/* SPDX-License-Identifier: Apache-2.0 */
/* What must be true of any rules and any question. */
#include "properties.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "reference.h"

static int broken(char why[WHY_SIZE], const char *what)
{
    snprintf(why, WHY_SIZE, "%s", what);
    return -EINVAL;
}

/* The last address of `block` is before the first of `next`: families are not mixed. */
static bool is_before(const struct net_block *block, const struct net_block *next)
{
    return memcmp(block->address, next->address, 16) < 0 && !net_block_contains(block, next);
}

static int check_blocks(const struct net_block *blocks, size_t count, int family, char why[WHY_SIZE])
{
    if (count > 4096)
        return broken(why, "more than 4096 blocks");
    for (size_t i = 0; i < count; i++) {
        struct net_address first = {.family = family};
        enum net_address_class class;

        if (blocks[i].family != family || blocks[i].prefix > (family == AF_INET ? 32 : 128))
            return broken(why, "a block of another family");
        if (i && !is_before(&blocks[i - 1], &blocks[i]))
            return broken(why, "blocks that are not ascending");
        for (unsigned bit = blocks[i].prefix; bit < 128; bit++)
            if (blocks[i].address[bit / 8] & (0x80 >> bit % 8))
                return broken(why, "bits behind a prefix");
        memcpy(first.bytes, blocks[i].address, 16);
        class = net_address_class(&first);
        if (family == AF_INET && (class == NET_LOOPBACK || class == NET_UNUSABLE)) /* IPv6 may embed such a one */
            return broken(why, "a block that is never reached");
    }
    return 0;
}

static int check_ports(const struct net_ports *ports, size_t count, enum net_protocol protocol, char why[WHY_SIZE])
{
    for (size_t i = 0; i < count; i++) {
        if (ports[i].protocol != protocol || ports[i].has_port != (protocol != NET_ICMP))
            return broken(why, "ports of another protocol");
        if (ports[i].first > ports[i].last || (ports[i].has_port && !ports[i].first))
            return broken(why, "a range that is none");
        if (i && ports[i].first <= ports[i - 1].last + 1u)
            return broken(why, "ranges that are not ascending, or one that is two");
    }
    return 0;
}

int reachable_init(struct reachable *reachable, struct arena *arena, const struct net_rules *rules, char why[WHY_SIZE])
{
    static const int families[] = {AF_INET, AF_INET6};
    int status = 0;

    for (int i = 0; i < 2 && status == 0; i++) {
        status = net_reachable_blocks(rules, arena, families[i], &reachable->blocks[i], &reachable->block_count[i], NULL);
        if (status == 0)
            status = check_blocks(reachable->blocks[i], reachable->block_count[i], families[i], why);
        if (status == 0)
            status = net_reachable_blocks_by(rules, arena, NET_ICMP, families[i], &reachable->echoes[i],
                                             &reachable->echo_count[i], NULL);
        if (status == 0)
            status = check_blocks(reachable->echoes[i], reachable->echo_count[i], families[i], why);
    }
    for (int i = NET_TCP; i <= NET_ICMP && status == 0; i++) {
        status = net_reachable_ports(rules, arena, (enum net_protocol)i, &reachable->ports[i], &reachable->port_count[i],
                                     NULL);
        if (status == 0)
            status = check_ports(reachable->ports[i], reachable->port_count[i], (enum net_protocol)i, why);
    }
    return status;
}

static bool has_address(struct net_block *const blocks[2], const size_t count[2], const struct net_address *address)
{
    struct net_address dialled = net_address_unmapped(address);
    int family = dialled.family == AF_INET6;

    for (size_t i = 0; i < count[family]; i++)
        if (net_block_has(&blocks[family][i], &dialled))
            return true;
    return false;
}

bool reachable_has(const struct reachable *reachable, const struct net_address *address)
{
    return has_address(reachable->blocks, reachable->block_count, address);
}

static bool has_port(const struct reachable *reachable, const struct net_question *question)
{
    for (size_t i = 0; i < reachable->port_count[question->protocol]; i++) {
        const struct net_ports *ports = &reachable->ports[question->protocol][i];

        if (!ports->has_port || (ports->first <= question->port && question->port <= ports->last))
            return true;
    }
    return false;
}

/* Refused before anything was said stays refused, permitted stays permitted. */
static int check_sequence(const struct net_rules *rules, const struct net_question *question, char why[WHY_SIZE])
{
    struct net_question early = *question;
    struct net_decision before, after = net_decide(rules, question);

    early.said = NET_SAID_NOT_YET;
    early.is_tls = early.is_opened = false;
    early.request = NULL;
    before = net_decide(rules, &early);
    if (before.verdict > NET_ASK_NAME)
        return broken(why, "asked for requests before anything was said");
    if (before.verdict == NET_REFUSE && after.verdict != NET_REFUSE)
        return broken(why, "what was said made a refused connection possible");
    if (before.verdict == NET_PERMIT && after.verdict != NET_PERMIT && question->protocol == NET_TCP)
        return broken(why, "a connection was permitted too early");
    if (question->said != NET_SAID_NOT_YET && after.verdict == NET_ASK_NAME)
        return broken(why, "asked for a name twice");
    if (question->protocol != NET_TCP && before.verdict == NET_ASK_NAME)
        return broken(why, "a datagram was asked for its name");
    if (question->protocol != NET_TCP && after.verdict > NET_PERMIT)
        return broken(why, "a datagram was asked for requests");
    return 0;
}

/* What is answered for the connection holds for every request, and what is answered for its head for every body. */
static int check_request(const struct net_rules *rules, const struct net_question *question, char why[WHY_SIZE])
{
    struct net_question whole = *question, unread = *question;
    struct net_request bodiless = question->request ? *question->request : (struct net_request){0};
    struct net_decision connection, head, is = net_decide(rules, question);

    whole.request = NULL;
    connection = net_decide(rules, &whole);
    if (connection.verdict == NET_ASK_CALL || (connection.terminates && !(question->is_tls && connection.verdict == NET_ASK_REQUEST)))
        return broken(why, "a connection was answered like a request, or opened for nothing");
    if (!question->request)
        return 0;
    if (is.verdict == NET_ASK_REQUEST || is.verdict == NET_ASK_NAME || is.terminates)
        return broken(why, "a request was answered like a connection");
    if (connection.verdict < NET_ASK_NAME && connection.verdict != is.verdict)
        return broken(why, "a request was judged otherwise than the whole connection");
    bodiless.has_call = false;
    unread.request = &bodiless;
    head = net_decide(rules, &unread);
    if (head.verdict < NET_ASK_NAME && head.verdict != is.verdict)
        return broken(why, "a body changed what its request's head had decided");
    if (question->request->has_call && is.verdict == NET_ASK_CALL)
        return broken(why, "asked for a body twice");
    return 0;
}

/* A rule about programs holds for fewer of them, and nothing is refused to all that is permitted to one. */
static int check_programs(const struct net_rules *rules, const struct net_question *question, char why[WHY_SIZE])
{
    struct net_question any = *question, none = *question;

    any.program = NET_PROGRAM_ANY;
    none.program = 0;
    any.is_tls = any.is_opened = none.is_tls = none.is_opened = false; /* which of them opens it is another matter */
    if (net_decide(rules, &any).verdict == NET_REFUSE && net_decide(rules, &none).verdict != NET_REFUSE)
        return broken(why, "refused to any program, and permitted to one");
    return 0;
}

/* Without its last layer, or without a deny rule, nothing is refused that was not. */
static int check_layers(const struct net_rules *rules, const struct net_question *question, char why[WHY_SIZE])
{
    struct net_rules fewer = *rules;
    struct net_layer layer;
    struct net_question plain = *question;
    enum net_verdict verdict = net_decide(rules, question).verdict, less;

    if (verdict == NET_REFUSE || !rules->layer_count)
        return 0;
    if (question->is_tls) { /* it could be that another layer had it opened */
        plain.is_tls = plain.is_opened = false;
        question = &plain;
        verdict = net_decide(rules, question).verdict;
    }
    if (--fewer.layer_count && net_decide(&fewer, question).verdict == NET_REFUSE)
        return broken(why, "another layer granted something");
    layer = rules->layers[0];
    layer.deny_count = 0;
    fewer = (struct net_rules){.layers = &layer, .layer_count = 1};
    less = net_decide(&fewer, question).verdict;
    if (less == NET_REFUSE || (verdict == NET_PERMIT && less != NET_PERMIT))
        return broken(why, "deny rules and other layers granted something");
    return 0;
}

static int check_name(const struct net_rules *rules, const struct net_question *question, char why[WHY_SIZE])
{
    for (size_t i = 0; i < question->name_count; i++)
        if ((net_decide_name(rules, question->names[i]).verdict == NET_PERMIT) !=
            reference_may_ask(rules, question->names[i]))
            return broken(why, "another answer about a name than the reference's");
    return 0;
}

int check_question(const struct net_rules *rules, const struct reachable *reachable, const struct net_question *question,
                   char why[WHY_SIZE])
{
    struct net_decision is = net_decide(rules, question), should = reference_decide(rules, question), counted = is;
    int status;

    if (is.reason == NET_ENDED && should.verdict == NET_REFUSE)
        should.reason = NET_ENDED; /* says why, and the reference knows the rules that hold alone */
    if (is.verdict != should.verdict || is.reason != should.reason || is.terminates != should.terminates) {
        snprintf(why, WHY_SIZE, "verdict %d because '%s'; the reference: %d because '%s'", (int)is.verdict,
                 net_reason_text(is.reason), (int)should.verdict, net_reason_text(should.reason));
        return -EINVAL;
    }
    if (is.verdict != NET_REFUSE && !reachable_has(reachable, &question->address))
        return broken(why, "permitted, and in no reachable block");
    if (is.verdict != NET_REFUSE && question->protocol == NET_ICMP &&
        !has_address(reachable->echoes, reachable->echo_count, &question->address))
        return broken(why, "an echo is permitted, and in no block of echoes");
    reference_budgets(rules, question, &counted);
    if (is.budget_count != counted.budget_count ||
        memcmp(is.budgets, counted.budgets, is.budget_count * sizeof(is.budgets[0])) != 0)
        return broken(why, "it counts for other budgets than the reference's");
    if (is.verdict != NET_REFUSE && !has_port(reachable, question))
        return broken(why, "permitted, and at no reachable port");
    status = check_sequence(rules, question, why);
    if (status == 0)
        status = check_request(rules, question, why);
    if (status == 0)
        status = check_programs(rules, question, why);
    if (status == 0)
        status = check_layers(rules, question, why);
    return status < 0 ? status : check_name(rules, question, why);
}

static bool grants(const struct net_rules *rules)
{
    for (size_t i = 0; i < rules->layer_count; i++)
        if (!rules->layers[i].only_denies)
            return true;
    return !rules->layer_count;
}

int check_record(struct arena *arena, const struct net_rules *rules, char why[WHY_SIZE])
{
    void *record auto_free = NULL, *again auto_free = NULL;
    size_t size, again_size;
    struct net_rules *read;
    struct error err = ERROR_INIT;
    int status = net_rules_write(rules, &record, &size, &err);

    if (!grants(rules) && status != -ENOMEM)
        return status == -EINVAL ? 0 : broken(why, "a record of rules that grant nothing");
    if (status == 0)
        status = net_rules_read(arena, record, size, &read, &err);
    if (status == 0)
        status = net_rules_write(read, &again, &again_size, &err);
    if (status < 0)
        return status == -ENOMEM ? status : broken(why, err.text);
    if (size != again_size || memcmp(record, again, size) != 0)
        return broken(why, "a record that is written differently the second time");
    return 0;
}
