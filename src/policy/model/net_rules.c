/* SPDX-License-Identifier: Apache-2.0 */
/* The layers as the gateway reads them. Nothing here is shared with the documents. */
#include <errno.h>
#include <string.h>

#include "policy/model/effective.h"

/* *ret_copy is NULL for none; false when there is no memory. */
static bool copy_array(struct arena *arena, const void *items, size_t count, size_t size, void **ret_copy)
{
    *ret_copy = NULL;
    if (!count)
        return true;
    *ret_copy = arena_alloc(arena, count * size);
    if (*ret_copy)
        memcpy(*ret_copy, items, count * size);
    return *ret_copy != NULL;
}

static bool copy_rule(struct arena *arena, struct net_rule *rule)
{
    void *peers, *ports, *except;

    rule->where = arena_string(arena, rule->where);
    if (!rule->where || !copy_array(arena, rule->peers, rule->peer_count, sizeof(*rule->peers), &peers) ||
        !copy_array(arena, rule->ports, rule->port_count, sizeof(*rule->ports), &ports))
        return false;
    rule->peers = peers;
    rule->ports = ports;
    for (size_t i = 0; i < rule->peer_count; i++) {
        struct net_peer *peer = &rule->peers[i];

        if (peer->host && !(peer->host = arena_string(arena, peer->host)))
            return false;
        if (!copy_array(arena, peer->except, peer->except_count, sizeof(*peer->except), &except))
            return false;
        peer->except = except;
    }
    return true;
}

static bool copy_words(struct arena *arena, const char *const **words, size_t count)
{
    const char **copy = count ? arena_alloc(arena, count * sizeof(*copy)) : NULL;

    if (count && !copy)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!(copy[i] = arena_string(arena, (*words)[i])))
            return false;
    *words = copy;
    return true;
}

static bool copy_requests(struct arena *arena, struct net_rule *rule)
{
    struct net_requests *requests;

    if (!rule->requests)
        return true;
    requests = arena_alloc(arena, sizeof(*requests));
    if (!requests)
        return false;
    *requests = *rule->requests;
    rule->requests = requests;
    return copy_words(arena, &requests->methods, requests->method_count) &&
           copy_words(arena, &requests->paths, requests->path_count) &&
           copy_words(arena, &requests->calls, requests->call_count) &&
           copy_words(arena, &requests->tools, requests->tool_count);
}

/* ret_number is from 1. A limit that is passed is found where the record is written. */
static bool add_budget(struct arena *arena, struct net_rules *rules, const struct budget *budget, uint16_t *ret_number)
{
    struct net_budget *copy;

    if (!budget->is_set)
        return true;
    copy = rules->budget_count < UINT16_MAX ? arena_append(arena, rules->budgets, rules->budget_count) : NULL;
    if (!copy)
        return false;
    *copy = budget->budget;
    copy->where = arena_string(arena, budget->budget.where);
    *ret_number = (uint16_t)rules->budget_count;
    return copy->where != NULL;
}

/* The program of this name as the documents write it, from 1; 0 = no memory. Where it is and what it holds is found later. */
static uint16_t program_number(struct arena *arena, struct net_rules *rules, const char *name)
{
    struct net_program *program;

    for (size_t i = 0; i < rules->program_count; i++)
        if (strcmp(rules->programs[i].path, name) == 0)
            return (uint16_t)(i + 1);
    program = rules->program_count < UINT16_MAX ? arena_append(arena, rules->programs, rules->program_count) : NULL;
    if (!program)
        return 0;
    *program = (struct net_program){.path = arena_string(arena, name)};
    return program->path ? (uint16_t)rules->program_count : 0;
}

static bool add_programs(struct arena *arena, struct net_rules *rules, const struct string_list *names, struct net_rule *rule)
{
    uint16_t *numbers = names->count ? arena_alloc(arena, names->count * sizeof(*numbers)) : NULL;

    if (names->count && !numbers)
        return false;
    for (size_t i = 0; i < names->count; i++)
        if (!(numbers[i] = program_number(arena, rules, names->items[i].text)))
            return false;
    rule->programs = numbers;
    rule->program_count = names->count;
    return true;
}

static bool copy_rules(struct arena *arena, struct net_rules *all, const struct egress_rule *rules, size_t count,
                       struct net_rule **ret_rules)
{
    struct net_rule *copies = count ? arena_alloc(arena, count * sizeof(*copies)) : NULL;

    if (count && !copies)
        return false;
    for (size_t i = 0; i < count; i++) {
        copies[i] = rules[i].rule;
        if (!copy_rule(arena, &copies[i]) || !copy_requests(arena, &copies[i]) ||
            !add_programs(arena, all, &rules[i].programs, &copies[i]) ||
            !add_budget(arena, all, &rules[i].budget, &copies[i].budget))
            return false;
    }
    *ret_rules = copies;
    return true;
}

/* Where the layer says what holds for what no rule of it names, or could have. */
static const char *default_where(struct arena *arena, const struct document *layer)
{
    struct origin origin = {.layer = layer->name, .file = layer->file, .member = "network.egress.default"};

    return origin_text(arena, layer->network.egress_default.is_set ? &layer->network.egress_default.origin : &origin);
}

static bool fill_layer(struct arena *arena, struct net_rules *rules, const struct document *document, struct net_layer *layer)
{
    const struct network *network = &document->network;
    bool is_silent = !network->egress_default.is_set && !network->allow_count;

    layer->is_open = network->egress_default.is_set ? network->egress_default.value
                                                    : document->kind == LAYER_CEILING && is_silent;
    layer->only_denies = document->kind == LAYER_CEILING && is_silent;
    layer->where = default_where(arena, document);
    layer->allow_count = network->allow_count;
    layer->deny_count = network->deny_count;
    return layer->where && copy_rules(arena, rules, network->allow, network->allow_count, &layer->allow) &&
           copy_rules(arena, rules, network->deny, network->deny_count, &layer->deny);
}

int policy_net_rules(const struct policy *policy, struct arena *arena, struct net_rules **ret_rules, struct error *err)
{
    struct net_rules *rules = arena_alloc(arena, sizeof(*rules));
    uint16_t number;

    if (rules)
        rules->layers = arena_alloc(arena, (policy->layer_count + 1) * sizeof(*rules->layers));
    if (!rules || !rules->layers)
        return error_memory(err);
    rules->layer_count = policy->layer_count;
    for (size_t i = 0; i < policy->layer_count; i++)
        if (!add_budget(arena, rules, &policy->layers[i]->network.budget, &number))
            return error_memory(err);
    rules->total_count = rules->budget_count;
    for (size_t i = 0; i < policy->layer_count; i++)
        if (!fill_layer(arena, rules, policy->layers[i], &rules->layers[i]))
            return error_memory(err);
    *ret_rules = rules;
    return 0;
}
