/* SPDX-License-Identifier: Apache-2.0 */
/* The one decision about what a container may reach (docs/decisions/0111 and 0121). */
#include <string.h>

#include "net/match.h"
#include "net/rules.h"

const char *net_reason_text(enum net_reason reason)
{
    static const char *const texts[] = {
        [NET_BY_RULE] = "a rule denies it",
        [NET_NO_RULE] = "no rule grants it",
        [NET_NOT_RESOLVED] = "no granted name was asked for that has this address",
        [NET_OTHER_NAME] = "the connection says another name than the address was given for",
        [NET_SHARED] = "the address was given for several names, and not all of them are granted",
        [NET_SPECIAL] = "the address is special: only a rule that names it grants it, as {host: NAME, cidr: ADDRESS/32}",
        [NET_NOT_SAID] = "a rule about a name decides, and no name was said",
        [NET_PROGRAM] = "it is granted to another program",
        [NET_REQUEST] = "other requests are granted, not this one",
        [NET_CALL] = "other calls or tools are granted, not this one",
        [NET_OPAQUE] = "requests decide, and they cannot be read: it is no HTTP, or TLS that is not terminated",
        [NET_MALFORMED] = "it can be read in more than one way",
        [NET_PLACEHOLDER] = "it holds the placeholder of a secret that does not belong there",
        [NET_BUDGET] = "the budget is used up",
        [NET_CROWDED] = "too much waits to be judged or sent on",
        [NET_NOT_LOGGED] = "it has to be in the audit log first, which takes no record of it",
        [NET_ENDED] = "it was granted until a time that is over",
    };

    return (size_t)reason < ARRAY_COUNT(texts) ? texts[reason] : "unknown";
}

bool net_reason_is_ungranted(enum net_reason reason)
{
    return reason == NET_NO_RULE || reason == NET_ENDED;
}

static struct net_decision refuse(enum net_reason reason, const char *where, const char *name)
{
    return (struct net_decision){.verdict = NET_REFUSE, .reason = reason, .where = where, .name = name};
}

static bool is_sound(const struct net_question *question)
{
    switch (question->protocol) {
    case NET_TCP:
    case NET_UDP:
        return question->port;
    case NET_ICMP:
        return !question->port;
    default:
        return false;
    }
}

/* By whom rules about names are matched where addresses alone permit it. */
static const char *name_in_force(const struct net_question *question)
{
    return question->said == NET_SAID_NAME && question->name ? net_given_name(question, question->name) : NULL;
}

static bool has_said_http_or_tls(const struct net_question *question)
{
    return question->protocol == NET_TCP && (question->said == NET_SAID_NAME || question->said == NET_SAID_NO_NAME);
}

/* Before anything was said it may turn out to be. */
static bool is_readable(const struct net_rules *rules, const struct net_view *view)
{
    const struct net_question *question = view->question;

    if (question->protocol == NET_TCP && question->said == NET_SAID_NOT_YET)
        return true;
    if (!has_said_http_or_tls(question))
        return false;
    return !question->is_tls || net_opens(rules, view, name_in_force(question));
}

/* Where no rule says anything of either, nothing is open and there is no need to ask twice. */
static bool is_narrowed(const struct net_rules *rules)
{
    for (size_t i = 0; i < rules->layer_count; i++) {
        const struct net_layer *layer = &rules->layers[i];

        for (size_t j = 0; j < layer->allow_count; j++)
            if (layer->allow[j].requests || layer->allow[j].program_count)
                return true;
        for (size_t j = 0; j < layer->deny_count; j++)
            if (layer->deny[j].requests)
                return true;
    }
    return false;
}

/* Nothing permits it, at best: what is in the way, if not what cannot be read or whose program it is. */
static struct net_decision explain(const struct net_rules *rules, const struct net_view *view,
                                   const struct net_decision *refused)
{
    struct net_view other = *view;
    struct net_decision readable, any;

    other.is_readable = true;
    readable = net_judge(rules, &other);
    if (readable.verdict != NET_REFUSE)
        return refuse(NET_OPAQUE, refused->reason == NET_BY_RULE ? refused->where : readable.where, readable.name);
    other.is_any_program = true;
    other.is_readable = is_readable(rules, &other);
    any = net_judge(rules, &other);
    return any.verdict == NET_REFUSE ? readable : refuse(NET_PROGRAM, any.where, any.name);
}

/* With what it counts for. */
static struct net_decision permit(const struct net_rules *rules, const struct net_view *view, const struct net_decision *by,
                                  enum net_verdict verdict)
{
    struct net_decision decision = {.verdict = verdict, .reason = NET_BY_RULE, .where = by->where, .name = by->name};
    const char *name = by->name ? by->name : name_in_force(view->question);

    if (!net_add_budgets(rules, view, name, &decision))
        return refuse(NET_BUDGET, by->where, by->name);
    return decision;
}

static bool could_matter_who(const struct net_rules *rules, const struct net_view *view)
{
    if (net_opens(rules, view, NULL))
        return true;
    for (size_t i = 0; i < view->question->name_count; i++)
        if (net_name_matters(rules, view, view->question->names[i]))
            return true;
    return false;
}

/* As a whole: whatever the requests in it are. */
static struct net_decision decide_connection(const struct net_rules *rules, struct net_view *view)
{
    const struct net_question *question = view->question;
    struct net_decision best, worst;
    bool can_differ = is_narrowed(rules);

    view->is_readable = is_readable(rules, view);
    view->is_best = true;
    best = net_judge(rules, view);
    if (best.verdict == NET_REFUSE)
        return can_differ ? explain(rules, view, &best) : best;
    view->is_best = false;
    worst = can_differ ? net_judge(rules, view) : best;
    if (best.verdict == NET_ASK_NAME)
        return best;
    if (question->protocol == NET_TCP && question->said == NET_SAID_NOT_YET) {
        if (worst.verdict == NET_PERMIT && !could_matter_who(rules, view))
            return permit(rules, view, &worst, NET_PERMIT);
        return (struct net_decision){.verdict = NET_ASK_NAME, .reason = NET_BY_RULE, .where = best.where, .name = best.name};
    }
    if (worst.verdict == NET_PERMIT &&
        !(has_said_http_or_tls(question) && net_opens(rules, view, name_in_force(question))))
        return permit(rules, view, &worst, NET_PERMIT);
    view->is_best = true;
    best = permit(rules, view, &best, NET_ASK_REQUEST);
    best.terminates = best.verdict == NET_ASK_REQUEST && question->is_tls;
    return best;
}

static struct net_decision refuse_request(const struct net_rules *rules, const struct net_view *view,
                                          const struct net_decision *connection, const struct net_decision *refused)
{
    struct net_request unread = *view->question->request;
    struct net_question question = *view->question;
    struct net_view before = *view;
    const char *where = refused->reason == NET_BY_RULE ? refused->where : connection->where;

    if (!unread.path)
        return refuse(NET_MALFORMED, where, connection->name);
    unread.has_call = false;
    question.request = &unread;
    before.question = &question;
    if (view->question->request->has_call && net_judge(rules, &before).verdict != NET_REFUSE)
        return refuse(NET_CALL, where, connection->name);
    return refuse(refused->reason == NET_BY_RULE ? NET_BY_RULE : NET_REQUEST, where, connection->name);
}

/* One of a connection whose requests decide. */
static struct net_decision decide_request(const struct net_rules *rules, struct net_view *view,
                                          const struct net_decision *connection)
{
    struct net_decision best, worst;

    view->is_best = true;
    best = net_judge(rules, view);
    if (best.verdict == NET_REFUSE)
        return refuse_request(rules, view, connection, &best);
    view->is_best = false;
    worst = net_judge(rules, view);
    if (worst.verdict == NET_PERMIT)
        return permit(rules, view, &worst, NET_PERMIT);
    return (struct net_decision){.verdict = NET_ASK_CALL, .reason = NET_BY_RULE, .where = best.where, .name = best.name};
}

static bool has_ended(const struct net_rules *rules)
{
    for (size_t i = 0; i < rules->layer_count; i++)
        if (rules->layers[i].ended_count)
            return true;
    return false;
}

/* Would it be permitted if no rule's time were over? Then that is what is in the way. */
static struct net_decision explain_ended(const struct net_rules *rules, const struct net_view *view, const struct net_decision *refused)
{
    struct net_view before = *view;
    struct net_decision decision;

    if (!has_ended(rules))
        return *refused;
    before.has_ended = true;
    before.is_best = true;
    decision = net_judge(rules, &before);
    return decision.verdict == NET_REFUSE ? *refused : refuse(NET_ENDED, decision.where, decision.name);
}

struct net_decision net_decide(const struct net_rules *rules, const struct net_question *question)
{
    struct net_question whole = *question;
    struct net_view view = net_view_of(question);
    struct net_decision connection;

    if (!is_sound(question))
        return refuse(NET_NO_RULE, NULL, NULL);
    if (view.is_never)
        return refuse(NET_SPECIAL, NULL, NULL);
    if (question->request && (!has_said_http_or_tls(question) || question->is_tls != question->is_opened))
        return refuse(NET_OPAQUE, NULL, NULL);
    whole.request = NULL;
    view.question = &whole;
    connection = decide_connection(rules, &view);
    if (connection.verdict == NET_REFUSE)
        return explain_ended(rules, &view, &connection);
    if (!question->request || connection.verdict != NET_ASK_REQUEST)
        return connection;
    view.question = question;
    connection = decide_request(rules, &view, &connection);
    return connection.verdict == NET_REFUSE ? explain_ended(rules, &view, &connection) : connection;
}

bool net_rules_open_tls(const struct net_rules *rules)
{
    for (size_t i = 0; i < rules->layer_count; i++)
        for (size_t j = 0; j < rules->layers[i].allow_count; j++)
            if (rules->layers[i].allow[j].terminates)
                return true;
    return false;
}
