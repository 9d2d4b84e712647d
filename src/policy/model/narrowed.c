/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections in every form in which they are judged, and where requests decide, one request of each class. All verdicts are
 * those of net_decide(); here is only what it is asked about.
 */
#include "policy/model/narrowed.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "net/request.h"
#include "policy/model/narrowed_parts.h"

/* Rules asked about: what a comparison may cost. */
#define NARROWED_WORK_MAX ((uint64_t)100 * 1000 * 1000)

/* One question in all its parts. */
struct asked {
    const struct destination *destination;
    const struct program *program;
    enum net_said said;
    bool is_tls;
    const struct net_request *request;
};

/* ---- questions ---- */

static struct net_question question_of(const struct asked *asked, uint16_t program)
{
    const struct destination *to = asked->destination;
    struct net_question question = {
        .protocol = to->protocol,
        .address = {.family = to->family},
        .port = to->port,
        .is_own = to->is_own,
        .names = to->host ? &to->host : NULL,
        .name_count = to->host ? 1 : 0,
        .said = asked->said,
        .name = asked->said == NET_SAID_NAME ? to->host : NULL,
        .program = program,
        .is_tls = asked->is_tls,
        .is_opened = asked->request && asked->is_tls,
        .request = asked->request,
    };

    memcpy(question.address.bytes, to->address, sizeof(question.address.bytes));
    return question;
}

static struct net_decision decide(struct narrowed *n, const struct net_rules *rules, const struct asked *asked)
{
    struct net_question question = question_of(asked, rules == n->a ? asked->program->a : asked->program->b);

    n->work += n->rule_count + 1;
    return net_decide(rules, &question);
}

/* ---- destinations that no rule tells apart ---- */

/* Is the rule, about destinations alone, about this one? A rule that denies is asked beside one that grants this very address. */
static bool is_about(const struct probe *probe, const struct asked *asked)
{
    struct net_peer peer = {.has_block = true, .block = {.family = asked->destination->family}};
    struct net_rule address = {.peers = &peer, .peer_count = 1, .where = ""}, rule = probe->rule;
    struct net_layer layer = {.where = "", .allow = probe->is_deny ? &address : &rule, .allow_count = 1,
                              .deny = &rule, .deny_count = probe->is_deny};
    struct net_rules rules = {.layers = &layer, .layer_count = 1};
    struct net_question question = question_of(asked, 0);

    memcpy(peer.block.address, asked->destination->address, sizeof(peer.block.address));
    peer.block.prefix = asked->destination->family == AF_INET ? 32 : 128;
    return (net_decide(&rules, &question).verdict == NET_PERMIT) != probe->is_deny;
}

static bool is_open_to(const struct asked *asked)
{
    struct net_layer layer = {.where = "", .is_open = true};
    struct net_rules rules = {.layers = &layer, .layer_count = 1};
    struct net_question question = question_of(asked, 0);

    return net_decide(&rules, &question).verdict == NET_PERMIT;
}

/* 1 = new. */
static int look_at(struct narrowed *n, const struct asked *asked)
{
    size_t before = n->seen.count, index;
    int r;

    memset(n->key, 0, n->key_words * sizeof(*n->key));
    n->key[0] = (uint64_t)asked->destination->protocol << 3 | (uint64_t)(asked->destination->host != NULL) << 2 |
                (uint64_t)asked->destination->is_own << 1 | (uint64_t)is_open_to(asked);
    for (size_t i = 0; i < n->probe_count; i++)
        if (is_about(&n->probes[i], asked))
            n->key[1 + i / 64] |= (uint64_t)1 << (i % 64);
    n->work += n->probe_count * 4;
    if (n->work > NARROWED_WORK_MAX)
        return -E2BIG;
    r = states_add(&n->seen, n->key, n->key_words, "", &index);
    if (r < 0)
        return r;
    n->last = index;
    return index == before;
}

size_t narrowed_last(const struct narrowed *n)
{
    return n->last;
}

const char *const *narrowed_paths(const struct narrowed *n, size_t *ret_count)
{
    *ret_count = n->paths.count;
    return n->paths.items;
}

uint64_t narrowed_work(const struct narrowed *n)
{
    return n->work;
}

size_t narrowed_program_count(const struct narrowed *n)
{
    return n->program_count;
}

/* ---- comparing ---- */

static void print_request(const struct net_request *request, char *ret_text, size_t size)
{
    int length = snprintf(ret_text, size, ": %s %s%s", request->method, request->path ? request->path : "(a path with two readings)",
                          request->is_upgrade ? ", as a WebSocket" : "");

    if (length > 0 && (size_t)length < size && request->call)
        snprintf(ret_text + length, size - (size_t)length, ", call %s%s%s", *request->call ? request->call : "(an answer)",
                 request->tool ? " of " : "", request->tool ? request->tool : "");
    else if (length > 0 && (size_t)length < size && !request->is_empty)
        snprintf(ret_text + length, size - (size_t)length, ", with a body");
}

static int found(struct subset *subset, const struct narrowed *n, const struct asked *asked, const struct net_decision *a,
                 const struct net_decision *b)
{
    const struct destination *to = asked->destination;
    static const char *const protocols[] = {"?", "tcp", "udp", "icmp"};
    struct net_address address = {.family = to->family};
    char text[NET_ADDRESS_TEXT_SIZE], request[256] = "";

    if (n->note)
        return n->note(n->data, &(struct narrowed_fact){asked->program->name, asked->request, a->where,
                                                        b->reason == NET_BY_RULE ? b->where : NULL});
    memcpy(address.bytes, to->address, sizeof(address.bytes));
    net_address_print(&address, text);
    if (asked->request)
        print_request(asked->request, request, sizeof(request));
    return subset_found(subset, "network: %s%s%s%s port %u by %s%s%s%s%s", to->host ? to->host : "", to->host ? " (" : "", text,
                        to->host ? ")" : "", to->port, asked->is_tls ? "TLS over " : "", protocols[to->protocol],
                        asked->program->name ? ", program " : "", asked->program->name ? asked->program->name : "", request);
}

/* Both permit this: what of `a` counts it stays a candidate to keep the budgets of `b` that count it. */
static void count(struct narrowed *n, const struct net_decision *a, const struct net_decision *b)
{
    for (size_t i = 0; i < n->b->budget_count; i++) {
        bool is_counted = i < n->b->total_count;

        for (unsigned j = 0; j < b->budget_count; j++)
            is_counted = is_counted || b->budgets[j] == i + 1;
        n->counted[i] = n->counted[i] || is_counted;
        for (size_t k = n->a->total_count; k < n->a->budget_count && is_counted; k++) {
            bool is_too = false;

            for (unsigned j = 0; j < a->budget_count; j++)
                is_too = is_too || a->budgets[j] == k + 1;
            if (!is_too)
                n->kept[i * n->kept_words + k / 64] &= ~((uint64_t)1 << (k % 64));
        }
    }
}

static int compare_request(struct subset *subset, struct narrowed *n, struct asked *asked, const struct net_request *request)
{
    struct net_decision a, b;

    asked->request = request;
    a = decide(n, n->a, asked);
    if (a.verdict != NET_PERMIT)
        return 0;
    b = decide(n, n->b, asked);
    if (b.verdict != NET_PERMIT)
        return found(subset, n, asked, &a, &b);
    count(n, &a, &b);
    return n->work > NARROWED_WORK_MAX ? -E2BIG : 0;
}

static int compare_requests(struct subset *subset, struct narrowed *n, struct asked *asked)
{
    struct net_request request = {.has_call = true};
    int r = 0;

    for (size_t i = 0; i < n->methods.count; i++)
        for (size_t j = 0; j < n->paths.count; j++)
            for (size_t k = 0; k < 2 * n->call_count && r == 0; k++) {
                const struct call *call = &n->calls[k / 2];

                request.method = n->methods.items[i];
                request.path = n->paths.items[j];
                request.is_upgrade = k % 2;
                request.is_empty = call->is_empty;
                request.call = call->call;
                request.tool = call->tool;
                r = compare_request(subset, n, asked, &request);
            }
    asked->request = NULL;
    return r;
}

static int compare_form(struct subset *subset, struct narrowed *n, struct asked *asked)
{
    struct net_decision a = decide(n, n->a, asked), b;

    if (a.verdict != NET_PERMIT && a.verdict != NET_ASK_REQUEST)
        return 0;
    b = decide(n, n->b, asked);
    if (a.verdict == NET_PERMIT && b.verdict != NET_PERMIT)
        return found(subset, n, asked, &a, &b);
    if (b.verdict == NET_PERMIT || b.verdict == NET_ASK_REQUEST)
        count(n, &a, &b);
    return a.verdict == NET_ASK_REQUEST ? compare_requests(subset, n, asked) : 0;
}

int narrowed_compare(struct subset *subset, struct narrowed *n, const struct destination *destination)
{
    static const struct {
        enum net_said said;
        bool is_tls;
    } forms[] = {{NET_SAID_NOTHING, false}, {NET_SAID_NO_NAME, false}, {NET_SAID_NO_NAME, true}, {NET_SAID_NAME, false}, {NET_SAID_NAME, true}};
    struct asked asked = {.destination = destination, .program = &n->programs[0],
                          .said = destination->host ? NET_SAID_NAME : NET_SAID_NOTHING};
    int r = look_at(n, &asked);

    if (r <= 0)
        return r;
    r = 0;
    for (size_t i = 0; i < n->program_count; i++)
        for (size_t j = 0; j < ARRAY_COUNT(forms) && r == 0; j++) {
            if ((forms[j].said == NET_SAID_NAME && !destination->host) || (j && j != 3 && destination->protocol != NET_TCP))
                continue;
            asked.program = &n->programs[i];
            asked.said = forms[j].said;
            asked.is_tls = forms[j].is_tls;
            r = compare_form(subset, n, &asked);
        }
    return r;
}

int narrowed_compare_budgets(struct subset *subset, const struct narrowed *n)
{
    for (size_t i = 0; i < n->b->budget_count; i++) {
        bool is_kept = !n->counted[i];
        int status = 0;

        for (size_t j = 0; j < n->kept_words && !is_kept; j++)
            is_kept = n->kept[i * n->kept_words + j] != 0;
        if (!is_kept)
            status = subset_tell(subset, &(struct subset_item){.member = "network.budget", .subject = n->b->budgets[i].where},
                                 "network: more than the budget of %s, or it is not shown to be less", n->b->budgets[i].where);
        if (status)
            return status;
    }
    return 0;
}
