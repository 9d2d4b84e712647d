/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be asked of two sets of rules: each rule by its destinations, one request of each class, programs and budgets. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "net/request.h"
#include "policy/model/narrowed_parts.h"
#include "policy/model/request_paths.h"

static int add_word(struct arena *arena, struct words *words, const char *word)
{
    return arena_append_once(arena, &words->items, &words->count, word);
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

static int add_requests(struct narrowed *n, struct named *named, const struct net_requests *requests, bool is_deny)
{
    struct request_patterns *patterns = is_deny ? &named->denying : &named->granting;
    int r = 0;

    for (size_t i = 0; i < requests->method_count && r == 0; i++)
        r = add_word(n->arena, &named->methods, requests->methods[i]);
    for (size_t i = 0; i < requests->path_count && r == 0; i++)
        r = arena_append_once(n->arena, &patterns->items, &patterns->count, requests->paths[i]);
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
    n->note = options->note;
    n->data = options->data;
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
