/* SPDX-License-Identifier: Apache-2.0 */
/*
 * About which connections somebody may be asked. A name is judged without its addresses, which nobody has asked for: as if it had
 * one of the usual kind. The gateway judges what it really has, when it is allowed.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "author/askable.h"
#include "author/learn_parts.h"

#define ALLOW_LIST "network.egress.allow"

/* Of the usual kind, and nobody's (192.0.1.0/24 is given to no one): no rule is about it that is not about everything. */
static const struct net_address stand_in = {.family = AF_INET, .bytes = {192, 0, 1, 1}};

/* What clouds call the service that gives out a machine's credentials. Where it really lies is judged as well (net_address_class()). */
static bool is_metadata(const char *host)
{
    static const char *const names[] = {"metadata", "metadata.google.internal", "metadata.goog", "instance-data", "metadata.azure.com"};

    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (strcmp(host, names[i]) == 0)
            return true;
    return strncmp(host, "instance-data.", 14) == 0;
}

static struct net_question question_of(const struct question *question, const char *const *name)
{
    return (struct net_question){
        .protocol = NET_TCP,
        .address = question->host ? stand_in : question->address,
        .port = (uint16_t)question->port,
        .names = name,
        .name_count = question->host != NULL,
        .program = NET_PROGRAM_ANY,
    };
}

uint64_t askable_layers(const struct policy *policy)
{
    uint64_t layers = 0;

    for (size_t i = 0; i < policy->layer_count && i < NET_ADDED_LAYERS_MAX; i++)
        if (policy->layers[i]->kind == LAYER_REQUEST)
            layers |= (uint64_t)1 << i;
    return layers;
}

/* With the rule nothing else is in the way, as far as that is known before the name is resolved. */
static int find_reason(struct arena *arena, const struct suggest_input *input, const struct question *question, const char **ret_none,
                       struct error *err)
{
    const struct net_rules *rules = input->plan->net_rules, *added;
    const struct net_question asked = question_of(question, &question->host);
    enum net_address_class class = question->host ? NET_PUBLIC : net_address_class(&question->address);

    *ret_none = NULL;
    if (!rules || rules->layer_count != input->policy->layer_count || rules->layer_count > NET_ADDED_LAYERS_MAX)
        *ret_none = "there is no gateway that could hold it";
    else if ((question->host && is_metadata(question->host)) || (class != NET_PUBLIC && class != NET_PRIVATE))
        *ret_none = "it is special";
    if (*ret_none)
        return 0;
    added = net_rules_add(rules, &asked, askable_layers(input->policy), "a person's answer", 0, arena);
    if (!added)
        return error_memory(err);
    if (net_decide(added, &asked).verdict == NET_REFUSE)
        *ret_none = "another rule, or a ceiling, is in the way";
    return 0;
}

/* One destination, by rules that are added. */
static bool is_exact(const struct suggestion *suggestion)
{
    if (suggestion->is_wider || suggestion->none || !suggestion->edit_count)
        return false;
    for (size_t i = 0; i < suggestion->edit_count; i++)
        if (suggestion->edits[i].removed || strcmp(suggestion->edits[i].member, ALLOW_LIST) != 0)
            return false;
    return true;
}

int askable_judge_connection(struct arena *arena, const struct suggest_input *input, const struct question *question,
                             struct askable *ret_askable, struct error *err)
{
    struct suggestion suggestion = {0};
    struct askable askable = {0};
    struct judged judged;
    int status = find_reason(arena, input, question, &askable.none, err);

    if (status < 0)
        return status;
    plan_judge(input->index, question, &judged);
    if (!askable.none && judged.judgement != JUDGED_REFUSED)
        askable.none = "no rule is in the way";
    if (!askable.none)
        status = suggest(arena, input, question, &judged, &suggestion, err);
    if (status < 0)
        return status;
    if (!askable.none && !is_exact(&suggestion))
        askable.none = "no rule about this one destination would allow it";
    if (!askable.none) {
        askable.member = suggestion.edits[0].member;
        askable.value = suggestion.edits[0].value;
        askable.file = suggestion.edit_count == 1 ? suggestion.edits[0].file : NULL;
        askable.note = suggestion.note;
    }
    *ret_askable = askable;
    return 0;
}

/* ---- the rule, written ---- */

static bool is_same_rule(const struct egress_rule *a, const struct egress_rule *b)
{
    const struct net_rule *one = &a->rule, *other = &b->rule;
    const char *host = one->peer_count ? one->peers[0].host : NULL, *other_host = other->peer_count ? other->peers[0].host : NULL;

    return one->peer_count == 1 && other->peer_count == 1 && one->port_count == 1 && other->port_count == 1 && !one->requests &&
           !other->requests && one->ports[0].first == other->ports[0].first && one->ports[0].last == other->ports[0].last &&
           one->ports[0].protocol == other->ports[0].protocol && a->programs.count == b->programs.count &&
           (host && other_host ? strcmp(host, other_host) == 0 : host == other_host) &&
           one->peers[0].has_block == other->peers[0].has_block &&
           (!one->peers[0].has_block || (net_block_contains(&one->peers[0].block, &other->peers[0].block) &&
                                         net_block_contains(&other->peers[0].block, &one->peers[0].block)));
}

static size_t count_rule(const struct document *document, const struct egress_rule *rule)
{
    size_t count = 0;

    for (size_t i = 0; i < document->network.allow_count; i++)
        count += is_same_rule(&document->network.allow[i], rule);
    return count;
}

/* The document with the rule alone, to compare with: what the value means is known by reading it. */
static int load_rule(const struct rule_place *place, const struct askable *rule, struct policy *policy, struct document **ret_document,
                     struct error *err)
{
    const struct rule_place alone = {.variables = place->variables, .name = "the rule"};
    struct text text auto_text = {0};
    int r;

    text_printf(&text, "version: cordon/1\nnetwork: {egress: {allow: [%s]}}\n", rule->value);
    if (text.is_broken)
        return error_memory(err);
    r = askable_load(&alone, policy, text.data, text.length, ret_document, err);
    if (r == 0 && (*ret_document)->network.allow_count != 1)
        r = error_set(err, ERROR_INTERNAL, EINVAL, "the rule is not one rule");
    return r;
}

static int check(const struct rule_place *place, const struct askable *rule, const char *after, struct error *err)
{
    struct policy *old auto_policy = NULL, *new auto_policy = NULL, *alone auto_policy = NULL;
    struct document *before, *now, *only;
    const char *witness = NULL;
    int r = policy_new(&old, err);

    if (r == 0)
        r = policy_new(&new, err);
    if (r == 0)
        r = policy_new(&alone, err);
    if (r == 0)
        r = askable_load(place, old, place->text, place->size, &before, err);
    if (r == 0)
        r = askable_load(place, new, after, strlen(after), &now, err);
    if (r == 0)
        r = load_rule(place, rule, alone, &only, err);
    if (r < 0)
        return r;
    if (now->network.allow_count != before->network.allow_count + 1 ||
        count_rule(now, only->network.allow) != count_rule(before, only->network.allow) + 1 || !policy_is_subset(old, new, &witness))
        return error_set(err, ERROR_INVALID, EINVAL, "%s: the rule found no place in it: %s", place->name, witness ? witness : "something else would change");
    return 0;
}

int askable_write_connection(const struct rule_place *place, const struct askable *rule, char **ret_text, struct error *err)
{
    static const char *const members[] = {"network", "egress", "allow", NULL};
    char *after auto_free = NULL;
    int r = askable_insert(place, members, rule, &after, err);

    if (r == 0)
        r = check(place, rule, after, err);
    if (r == 0)
        *ret_text = take_ptr(after);
    return r;
}
