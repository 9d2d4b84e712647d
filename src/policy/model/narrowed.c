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
#include "policy/model/request_paths.h"
#include "policy/model/states.h"

/* Rules asked about: what a comparison may cost. */
#define NARROWED_WORK_MAX ((uint64_t)100 * 1000 * 1000)

struct words {
    const char **items;
    size_t count;
};

/* A program that some rule names, and its number in each of the two. */
struct program {
    const char *name;
    uint16_t a, b;
};

/* One rule about destinations alone, and how it is asked. */
struct probe {
    struct net_rule rule;
    bool is_deny;
};

struct call {
    bool is_empty;
    const char *call, *tool;
};

struct narrowed {
    struct arena *arena;
    const struct net_rules *a, *b;
    size_t rule_count;
    struct probe *probes;
    size_t probe_count;
    struct states seen; /* destinations, by which rules are about them */
    uint64_t *key;
    size_t key_words;
    struct program *programs; /* the first is any other one */
    size_t program_count;
    struct words methods, paths;
    struct call *calls;
    size_t call_count;
    uint64_t *kept; /* for each budget of `b` a row: which of `a` have counted whatever it did so far */
    size_t kept_words;
    bool *counted; /* of `b`: it counts something that `a` permits */
    uint64_t work;
};

/* One question in all its parts. */
struct asked {
    const struct destination *destination;
    const struct program *program;
    enum net_said said;
    bool is_tls;
    const struct net_request *request;
};

static int add_word(struct arena *arena, struct words *words, const char *word)
{
    const char **slot;

    for (size_t i = 0; i < words->count; i++)
        if (strcmp(words->items[i], word) == 0)
            return 0;
    slot = arena_append(arena, words->items, words->count);
    if (!slot)
        return -ENOMEM;
    *slot = word;
    return 0;
}

/* A word that is none of these. */
static const char *other_word(struct arena *arena, const struct words *words, const char *base)
{
    const char *other = base;
    bool is_taken = true;

    for (size_t n = 0; is_taken && other; n++) {
        is_taken = false;
        for (size_t i = 0; i < words->count && !is_taken; i++)
            is_taken = strcasecmp(words->items[i], other) == 0;
        if (is_taken)
            other = arena_printf(arena, "%s%zu", base, n);
    }
    return other;
}

/* ---- what the rules name ---- */

struct named {
    struct words methods, calls, tools;
    struct request_patterns granting, denying;
    bool has_paths;
};

static int add_pattern(struct narrowed *n, struct request_patterns *patterns, const char *pattern)
{
    const char **slot;

    for (size_t i = 0; i < patterns->count; i++)
        if (strcmp(patterns->items[i], pattern) == 0)
            return 0;
    slot = arena_append(n->arena, patterns->items, patterns->count);
    if (!slot)
        return -ENOMEM;
    *slot = pattern;
    return 0;
}

static int add_requests(struct narrowed *n, struct named *named, const struct net_requests *requests, bool is_deny)
{
    int r = 0;

    for (size_t i = 0; i < requests->method_count && r == 0; i++)
        r = add_word(n->arena, &named->methods, requests->methods[i]);
    for (size_t i = 0; i < requests->path_count && r == 0; i++)
        r = add_pattern(n, is_deny ? &named->denying : &named->granting, requests->paths[i]);
    for (size_t i = 0; i < requests->call_count && r == 0; i++)
        r = add_word(n->arena, &named->calls, requests->calls[i]);
    for (size_t i = 0; i < requests->tool_count && r == 0; i++)
        r = add_word(n->arena, &named->tools, requests->tools[i]);
    return r;
}

static int add_probe(struct narrowed *n, struct named *named, const struct net_rule *rule, bool is_deny)
{
    struct probe *probe = arena_append(n->arena, n->probes, n->probe_count);

    if (!probe)
        return -ENOMEM;
    *probe = (struct probe){.rule = *rule, .is_deny = is_deny};
    probe->rule.requests = NULL;
    probe->rule.terminates = false;
    probe->rule.programs = NULL;
    probe->rule.program_count = 0;
    probe->rule.budget = 0;
    n->rule_count++;
    return rule->requests ? add_requests(n, named, rule->requests, is_deny) : 0;
}

static int add_rules(struct narrowed *n, struct named *named, const struct net_rules *rules)
{
    int r = 0;

    for (size_t i = 0; i < rules->layer_count; i++) {
        const struct net_layer *layer = &rules->layers[i];

        for (size_t j = 0; j < layer->allow_count && r == 0; j++)
            r = add_probe(n, named, &layer->allow[j], false);
        for (size_t j = 0; j < layer->deny_count && r == 0; j++)
            r = add_probe(n, named, &layer->deny[j], true);
    }
    return r;
}

/* ---- requests of each class ---- */

/* Rules that deny take small letters for capital ones. */
static int list_methods(struct narrowed *n, const struct words *named)
{
    const char *other = other_word(n->arena, named, "OTHER");
    int r = other ? add_word(n->arena, &n->methods, other) : -ENOMEM;

    /* what calls of JSON-RPC and streams of MCP are told by */
    for (size_t i = 0; i < 3 && r == 0; i++)
        r = add_word(n->arena, &n->methods, (const char *const[]){"POST", "GET", "DELETE"}[i]);
    for (size_t i = 0; i < named->count && r == 0; i++) {
        char *small = arena_string(n->arena, named->items[i]);

        for (char *c = small; small && *c; c++)
            *c = *c >= 'A' && *c <= 'Z' ? (char)(*c - 'A' + 'a') : *c;
        r = small ? add_word(n->arena, &n->methods, named->items[i]) : -ENOMEM;
        if (r == 0)
            r = add_word(n->arena, &n->methods, small);
    }
    return r;
}

static int add_call(struct narrowed *n, bool is_empty, const char *call, const char *tool)
{
    struct call *slot = arena_append(n->arena, n->calls, n->call_count);

    if (!slot)
        return -ENOMEM;
    *slot = (struct call){is_empty, call, tool};
    return 0;
}

static int list_calls(struct narrowed *n, const struct named *named, bool has_calls)
{
    struct words calls = {0};
    size_t session_count;
    const char *const *session = net_session_calls(&session_count);
    const char *tool = other_word(n->arena, &named->tools, "other");
    int r = add_call(n, true, NULL, NULL);

    if (r < 0 || !has_calls)
        return r;
    r = tool ? add_call(n, false, NULL, NULL) : -ENOMEM; /* a body that is no call */
    for (size_t i = 0; i < session_count && r == 0; i++)
        r = add_word(n->arena, &calls, session[i]);
    for (size_t i = 0; i < named->calls.count && r == 0; i++)
        r = add_word(n->arena, &calls, named->calls.items[i]);
    if (r == 0)
        r = add_word(n->arena, &calls, "tools/call");
    if (r == 0) {
        const char *other = other_word(n->arena, &calls, "other");

        r = other ? add_word(n->arena, &calls, other) : -ENOMEM;
    }
    for (size_t i = 0; i < calls.count && r == 0; i++)
        r = add_call(n, false, calls.items[i], NULL);
    if (r == 0)
        r = add_call(n, false, "tools/call", tool);
    for (size_t i = 0; i < named->tools.count && r == 0; i++)
        r = add_call(n, false, "tools/call", named->tools.items[i]);
    return r;
}

static bool has_calls(const struct net_rules *rules)
{
    for (size_t i = 0; i < rules->layer_count; i++) {
        const struct net_layer *layer = &rules->layers[i];

        for (size_t j = 0; j < layer->allow_count; j++)
            if (layer->allow[j].requests && layer->allow[j].requests->has_calls)
                return true;
        for (size_t j = 0; j < layer->deny_count; j++)
            if (layer->deny[j].requests && layer->deny[j].requests->has_calls)
                return true;
    }
    return false;
}

/* "*" is a path of its own; one that servers read differently (NULL) is what no pattern of a grant has. */
static int list_paths(struct narrowed *n, const struct named *named)
{
    int r = request_paths_find(n->arena, &named->granting, &named->denying, &n->paths.items, &n->paths.count);
    const char **slot;

    for (size_t i = 0; i < 2 && r == 0; i++) {
        slot = arena_append(n->arena, n->paths.items, n->paths.count);
        if (!slot)
            return -ENOMEM;
        *slot = i ? "*" : NULL;
    }
    return r;
}

/* ---- programs and budgets ---- */

static int add_programs(struct narrowed *n, const struct net_rules *rules, bool is_a, bool finds_same)
{
    for (size_t i = 0; i < rules->program_count; i++) {
        struct program *program = NULL;

        for (size_t j = 1; j < n->program_count && !program && (finds_same || rules->programs[i].path[0] == '/'); j++)
            if (strcmp(n->programs[j].name, rules->programs[i].path) == 0)
                program = &n->programs[j];
        if (!program)
            program = arena_append(n->arena, n->programs, n->program_count);
        if (!program)
            return -ENOMEM;
        program->name = rules->programs[i].path;
        *(is_a ? &program->a : &program->b) = (uint16_t)(i + 1);
    }
    return 0;
}

static bool keeps(uint64_t own, uint64_t other)
{
    return !other || (own && own <= other);
}

/* Is whatever this budget lets by within the other one? */
static bool is_within(const struct net_budget *own, const struct net_budget *other)
{
    return keeps(own->connections, other->connections) && keeps(own->requests, other->requests) &&
           keeps(own->bytes_up, other->bytes_up) && keeps(own->bytes_down, other->bytes_down) &&
           keeps(own->bytes_per_second, other->bytes_per_second) && (own->ends_run || !other->ends_run);
}

static int list_budgets(struct narrowed *n, bool has_doors)
{
    n->kept_words = n->a->budget_count / 64 + 1;
    n->kept = arena_alloc(n->arena, (n->b->budget_count + 1) * n->kept_words * sizeof(*n->kept));
    n->counted = arena_alloc(n->arena, (n->b->budget_count + 1) * sizeof(*n->counted));
    if (!n->kept || !n->counted)
        return -ENOMEM;
    for (size_t i = 0; i < n->b->total_count; i++)
        n->counted[i] = has_doors;
    for (size_t i = 0; i < n->b->budget_count; i++)
        for (size_t j = 0; j < n->a->budget_count; j++)
            if (is_within(&n->a->budgets[j], &n->b->budgets[i]))
                n->kept[i * n->kept_words + j / 64] |= (uint64_t)1 << (j % 64);
    return 0;
}

int narrowed_new(struct arena *arena, const struct net_rules *a, const struct net_rules *b,
                 const struct narrowed_options *options, struct narrowed **ret_narrowed)
{
    struct narrowed *n = arena_alloc(arena, sizeof(*n));
    struct named named = {0};
    int r;

    if (!n || !arena_append(arena, n->programs, n->program_count))
        return -ENOMEM;
    n->arena = n->seen.arena = arena;
    n->a = a;
    n->b = b;
    r = add_rules(n, &named, a);
    if (r == 0)
        r = add_rules(n, &named, b);
    if (r == 0)
        r = list_methods(n, &named.methods);
    if (r == 0)
        r = list_calls(n, &named, has_calls(a) || has_calls(b));
    if (r == 0)
        r = list_paths(n, &named);
    if (r == 0)
        r = add_programs(n, a, true, options->finds_same);
    if (r == 0)
        r = add_programs(n, b, false, options->finds_same);
    if (r == 0)
        r = list_budgets(n, options->has_doors);
    n->key_words = n->probe_count / 64 + 2;
    n->key = r == 0 ? arena_alloc(arena, n->key_words * sizeof(*n->key)) : NULL;
    if (r == 0 && !n->key)
        r = -ENOMEM;
    if (r == 0)
        *ret_narrowed = n;
    return r;
}

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
    return r < 0 ? r : index == before;
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

static int found(struct subset *subset, const struct asked *asked)
{
    const struct destination *to = asked->destination;
    static const char *const protocols[] = {"?", "tcp", "udp", "icmp"};
    struct net_address address = {.family = to->family};
    char text[NET_ADDRESS_TEXT_SIZE], request[256] = "";

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
        return found(subset, asked);
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
        return found(subset, asked);
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

        for (size_t j = 0; j < n->kept_words && !is_kept; j++)
            is_kept = n->kept[i * n->kept_words + j] != 0;
        if (!is_kept)
            return subset_found(subset, "network: more than the budget of %s, or it is not shown to be less", n->b->budgets[i].where);
    }
    return 0;
}
