/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules about requests and programs a second time: for each way in which what is open could turn out, the rules are written
 * anew without either (a rule that does not hold is left out), and the plain reference is asked about those.
 */
#include <string.h>

#include "base/memory.h"
#include "reference.h"

enum outcome { LUCKY, UNLUCKY };

struct world {
    const struct net_rules *rules;
    const struct net_question *question;
    bool is_readable, is_any_program;
    enum outcome outcome;
};

static bool is_of_program(const struct world *world, const struct net_rule *rule)
{
    bool is_of = !rule->program_count || world->is_any_program || world->question->program == NET_PROGRAM_ANY;

    for (size_t i = 0; i < rule->program_count; i++)
        is_of |= rule->programs[i] == world->question->program;
    return is_of;
}

static bool holds(const struct world *world, const struct net_rule *rule, bool is_deny)
{
    enum net_match match = NET_MATCH_BODY; /* of a connection nothing is known yet */

    if (!is_deny && !is_of_program(world, rule))
        return false;
    if (!rule->requests)
        return true;
    if (world->question->protocol == NET_ICMP && is_deny)
        return false;
    if (!world->is_readable)
        return is_deny;
    if (world->question->request)
        match = reference_match(rule->requests, world->question->request, is_deny);
    if (match == NET_MATCH_BODY)
        return world->outcome == (is_deny ? UNLUCKY : LUCKY);
    return match == NET_MATCH_YES;
}

static void keep(struct arena *arena, const struct world *world, const struct net_rule *rules, size_t count, bool is_deny,
                 struct net_rule **ret_rules, size_t *ret_count)
{
    for (size_t i = 0; i < count; i++)
        if (holds(world, &rules[i], is_deny))
            *arena_append(arena, *ret_rules, *ret_count) = rules[i];
}

/* The rules that hold in this world. */
static struct net_rules written_anew(struct arena *arena, const struct world *world)
{
    struct net_rules anew = {0};

    for (size_t i = 0; i < world->rules->layer_count; i++) {
        const struct net_layer *layer = &world->rules->layers[i];
        struct net_layer *copy = arena_append(arena, anew.layers, anew.layer_count);

        copy->is_open = layer->is_open;
        copy->only_denies = layer->only_denies;
        keep(arena, world, layer->allow, layer->allow_count, false, &copy->allow, &copy->allow_count);
        keep(arena, world, layer->deny, layer->deny_count, true, &copy->deny, &copy->deny_count);
    }
    return anew;
}

static struct net_decision asked(const struct world *world)
{
    struct arena *arena auto_arena = arena_new();
    struct net_rules anew = written_anew(arena, world);

    return reference_plain(&anew, world->question);
}

/* The name by which it is known: said, and one for which the address was given. */
static const char *known_name(const struct net_question *question)
{
    for (size_t i = 0; i < question->name_count && question->said == NET_SAID_NAME; i++)
        if (strcmp(question->names[i], question->name) == 0)
            return question->name;
    return NULL;
}

static bool is_http_or_tls(const struct net_question *question)
{
    return question->protocol == NET_TCP && question->said != NET_SAID_NOT_YET && question->said != NET_SAID_NOTHING;
}

/* Does somebody want its TLS opened? */
static bool is_opened_by_rule(const struct world *world, const char *name)
{
    for (size_t i = 0; i < world->rules->layer_count; i++)
        for (size_t j = 0; j < world->rules->layers[i].allow_count; j++) {
            const struct net_rule *rule = &world->rules->layers[i].allow[j];

            if (rule->terminates && is_of_program(world, rule) && reference_grants(rule, world->question, name, false))
                return true;
        }
    return false;
}

static bool can_be_read(const struct world *world)
{
    const struct net_question *question = world->question;

    if (question->protocol != NET_TCP || question->said == NET_SAID_NOTHING)
        return false;
    return question->said == NET_SAID_NOT_YET || !question->is_tls || is_opened_by_rule(world, known_name(question));
}

static struct net_decision answer(enum net_verdict verdict, enum net_reason reason)
{
    return (struct net_decision){.verdict = verdict, .reason = reason};
}

/* Even at best it is refused. */
static struct net_decision why_refused(struct world world)
{
    struct net_decision readable;

    world.outcome = LUCKY;
    world.is_readable = true;
    readable = asked(&world);
    if (readable.verdict != NET_REFUSE)
        return answer(NET_REFUSE, NET_OPAQUE);
    world.is_any_program = true;
    world.is_readable = can_be_read(&world);
    return asked(&world).verdict == NET_REFUSE ? readable : answer(NET_REFUSE, NET_PROGRAM);
}

/* Would a name make a difference to what is done with the connection, though not to whether it may be? */
static bool is_name_wanted(const struct world *world)
{
    for (size_t i = 0; i < world->rules->layer_count; i++)
        for (size_t j = 0; j < world->rules->layers[i].allow_count; j++) {
            const struct net_rule *rule = &world->rules->layers[i].allow[j];

            if ((!rule->terminates && !rule->budget) || !is_of_program(world, rule))
                continue;
            if (rule->terminates && reference_grants(rule, world->question, NULL, false))
                return true;
            for (size_t k = 0; k < world->question->name_count; k++)
                if (reference_grants(rule, world->question, world->question->names[k], true))
                    return true;
        }
    return false;
}

static struct net_decision about_connection(struct world world)
{
    const struct net_question *question = world.question;
    struct net_decision lucky, unlucky, decision;

    world.is_readable = can_be_read(&world);
    lucky = asked(&world);
    world.outcome = UNLUCKY;
    unlucky = asked(&world);
    if (lucky.verdict == NET_REFUSE)
        return why_refused(world);
    if (question->protocol == NET_TCP && question->said == NET_SAID_NOT_YET)
        return answer(unlucky.verdict == NET_PERMIT && !is_name_wanted(&world) ? NET_PERMIT : NET_ASK_NAME, NET_BY_RULE);
    if (unlucky.verdict == NET_PERMIT && !(is_http_or_tls(question) && is_opened_by_rule(&world, known_name(question))))
        return answer(NET_PERMIT, NET_BY_RULE);
    decision = answer(NET_ASK_REQUEST, NET_BY_RULE);
    decision.terminates = question->is_tls;
    return decision;
}

static struct net_decision about_request(struct world world)
{
    struct net_question unread = *world.question;
    struct net_request bodiless = *unread.request;
    struct net_decision decision;

    world.is_readable = true;
    decision = asked(&world);
    if (decision.verdict != NET_REFUSE) {
        world.outcome = UNLUCKY;
        return answer(asked(&world).verdict == NET_PERMIT ? NET_PERMIT : NET_ASK_CALL, NET_BY_RULE);
    }
    if (!bodiless.path)
        return answer(NET_REFUSE, NET_MALFORMED);
    bodiless.has_call = false;
    unread.request = &bodiless;
    if (world.question->request->has_call) {
        world.question = &unread;
        if (asked(&world).verdict != NET_REFUSE)
            return answer(NET_REFUSE, NET_CALL);
    }
    return answer(NET_REFUSE, decision.reason == NET_BY_RULE ? NET_BY_RULE : NET_REQUEST);
}

struct net_decision reference_decide(const struct net_rules *rules, const struct net_question *question)
{
    struct net_question whole = *question;
    struct world world = {.rules = rules, .question = &whole, .outcome = LUCKY};
    struct net_decision decision;

    whole.request = NULL;
    decision = about_connection(world);
    if (!question->request || decision.verdict != NET_ASK_REQUEST)
        return decision;
    world.question = question;
    return about_request(world);
}

void reference_budgets(const struct net_rules *rules, const struct net_question *question, struct net_decision *decision)
{
    struct net_question whole = *question;
    struct world world = {.rules = rules, .question = &whole, .is_readable = true};
    const char *name = decision->name ? decision->name : known_name(question);

    whole.request = NULL;
    if (about_connection(world).verdict == NET_ASK_REQUEST)
        whole.request = question->request; /* else they are not looked at */

    decision->budget_count = 0;
    if (decision->verdict != NET_PERMIT && decision->verdict != NET_ASK_REQUEST)
        return;
    world.outcome = decision->verdict == NET_PERMIT ? UNLUCKY : LUCKY;
    if (question->protocol != NET_TCP || question->said == NET_SAID_NOTHING)
        world.is_readable = false;
    for (size_t i = 0; i < rules->layer_count; i++)
        for (size_t j = 0; j < rules->layers[i].allow_count; j++) {
            const struct net_rule *rule = &rules->layers[i].allow[j];

            if (!holds(&world, rule, false) || !reference_grants(rule, question, name, false))
                continue;
            if (rule->budget && decision->budget_count < NET_DECISION_BUDGETS)
                decision->budgets[decision->budget_count++] = rule->budget;
            break;
        }
}
