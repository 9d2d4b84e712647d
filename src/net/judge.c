/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names and addresses against what a connection says of itself (docs/decisions/0111). What rules about requests and programs
 * count for is in the view: decide.c asks with what is permitted at best and at worst.
 */
#include <string.h>

#include "net/match.h"
#include "net/rules.h"

static struct net_decision refuse(enum net_reason reason, const char *where, const char *name)
{
    return (struct net_decision){.verdict = NET_REFUSE, .reason = reason, .where = where, .name = name};
}

/* What the names of a question come to, each as if it were the one that is meant. */
struct names {
    const char *granted, *granted_where; /* the first that may be reached so */
    const char *denied, *denied_where;   /* the first about which a deny rule is */
    const char *missing;                 /* the first that is not granted, or denied */
    bool all_denied;
};

static struct names judge_names(const struct net_rules *rules, const struct net_view *view)
{
    const struct net_question *question = view->question;
    struct names names = {.all_denied = question->name_count};

    for (size_t i = 0; i < question->name_count; i++) {
        const char *name = question->names[i];
        const char *denied = net_name_denied(rules, view, name);
        struct net_grant grant = net_granted(rules, view, name, NET_STRICT);

        if (denied && !names.denied) {
            names.denied = name;
            names.denied_where = denied;
        }
        if (!denied && grant.is_granted && !names.granted) {
            names.granted = name;
            names.granted_where = grant.where;
        }
        if ((denied || !grant.is_granted) && !names.missing)
            names.missing = name;
        names.all_denied = names.all_denied && denied;
    }
    return names;
}

/* By address or by one of the question's names, leaving something out of account. */
static struct net_grant granted_if(const struct net_rules *rules, const struct net_view *view, unsigned lenience,
                                   const char **ret_name)
{
    struct net_grant grant = net_granted(rules, view, NULL, lenience);

    *ret_name = NULL;
    for (size_t i = 0; i < view->question->name_count && !grant.is_granted; i++) {
        grant = net_granted(rules, view, view->question->names[i], lenience);
        *ret_name = grant.is_granted ? view->question->names[i] : NULL;
    }
    return grant;
}

/* Nothing grants it: what was missing. */
static struct net_decision refuse_ungranted(const struct net_rules *rules, const struct net_view *view)
{
    const char *name;
    struct net_grant grant = granted_if(rules, view, NET_WHATEVER_CLASS, &name);

    if (grant.is_granted)
        return refuse(NET_SPECIAL, grant.where, name);
    grant = granted_if(rules, view, NET_WHATEVER_PORTS, &name);
    if (grant.is_granted)
        return refuse(NET_NOT_SAID, grant.where, name);
    grant = net_granted(rules, view, NULL, NET_WHATEVER_NAME);
    if (grant.is_granted)
        return refuse(NET_NOT_RESOLVED, grant.where, NULL);
    return refuse(NET_NO_RULE, grant.where, NULL); /* of the layer that would not, whatever the name */
}

/* None of the names leads anywhere. */
static struct net_decision refuse_names(const struct net_rules *rules, const struct net_view *view,
                                        const struct names *names)
{
    for (size_t i = 0; names->denied && i < view->question->name_count; i++) {
        const char *name = view->question->names[i];
        const char *where = net_name_denied(rules, view, name);

        if (where && net_granted(rules, view, name, NET_STRICT).is_granted)
            return refuse(NET_BY_RULE, where, name);
    }
    return refuse_ungranted(rules, view);
}

static struct net_decision decide_early(const struct net_rules *rules, const struct net_view *view,
                                        const struct net_grant *by_address)
{
    const char *denied = by_address->is_granted ? net_name_denied(rules, view, NULL) : NULL;
    struct names names;

    if (by_address->is_granted)
        return (struct net_decision){.verdict = denied ? NET_ASK_NAME : NET_PERMIT, .reason = NET_BY_RULE, .where = denied ? denied : by_address->where, .name = NULL};
    names = judge_names(rules, view);
    if (names.granted)
        return (struct net_decision){.verdict = NET_ASK_NAME, .reason = NET_BY_RULE, .where = names.granted_where, .name = names.granted};
    return refuse_names(rules, view, &names);
}

static struct net_decision decide_unsaid(const struct net_rules *rules, const struct net_view *view,
                                         const struct net_grant *by_address)
{
    struct names names = judge_names(rules, view);

    if (by_address->is_granted && names.denied)
        return refuse(names.all_denied ? NET_BY_RULE : NET_NOT_SAID, names.denied_where, names.denied);
    if (by_address->is_granted)
        return (struct net_decision){.verdict = NET_PERMIT, .reason = NET_BY_RULE, .where = by_address->where, .name = NULL};
    if (!names.granted)
        return refuse_names(rules, view, &names);
    if (view->question->said == NET_SAID_NO_NAME)
        return refuse(NET_NOT_SAID, names.granted_where, names.granted);
    if (names.missing)
        return refuse(NET_SHARED, names.granted_where, names.missing);
    return (struct net_decision){.verdict = NET_PERMIT, .reason = NET_BY_RULE, .where = names.granted_where, .name = names.granted};
}

const char *net_given_name(const struct net_question *question, const char *name)
{
    for (size_t i = 0; i < question->name_count; i++)
        if (strcmp(question->names[i], name) == 0)
            return question->names[i];
    return NULL;
}

/* The container asked for a denied name and got this address: saying a name that it never asked for is no way out. */
static struct net_decision decide_other(const struct net_rules *rules, const struct net_view *view,
                                        const struct net_grant *by_address)
{
    struct names names = judge_names(rules, view);

    if (by_address->is_granted && names.denied)
        return refuse(NET_OTHER_NAME, names.denied_where, names.denied);
    if (by_address->is_granted)
        return (struct net_decision){.verdict = NET_PERMIT, .reason = NET_BY_RULE, .where = by_address->where, .name = NULL};
    if (names.granted)
        return refuse(NET_OTHER_NAME, names.granted_where, names.granted);
    return refuse_names(rules, view, &names);
}

static struct net_decision decide_named(const struct net_rules *rules, const struct net_view *view,
                                        const struct net_grant *by_address)
{
    const char *said = view->question->name, *given = said ? net_given_name(view->question, said) : NULL;
    const char *denied = said ? net_name_denied(rules, view, said) : NULL;
    struct net_question alone = *view->question;
    struct net_view of_alone = *view;
    struct net_grant grant;

    if (!said)
        return refuse(NET_NOT_SAID, NULL, NULL);
    if (denied)
        return refuse(NET_BY_RULE, denied, given);
    if (!given)
        return decide_other(rules, view, by_address);
    if (by_address->is_granted)
        return (struct net_decision){.verdict = NET_PERMIT, .reason = NET_BY_RULE, .where = by_address->where, .name = NULL};
    grant = net_granted(rules, view, given, NET_STRICT);
    if (grant.is_granted)
        return (struct net_decision){.verdict = NET_PERMIT, .reason = NET_BY_RULE, .where = grant.where, .name = given};
    alone.names = &given;
    alone.name_count = 1;
    of_alone.question = &alone;
    return refuse_ungranted(rules, &of_alone);
}

/* Nobody waits for a datagram to say a name; one that was seen to say one is held to that as well. */
static struct net_decision decide_datagram(const struct net_rules *rules, const struct net_view *view,
                                           const struct net_grant *by_address)
{
    struct net_decision named = {.verdict = NET_PERMIT};

    if (view->question->said == NET_SAID_NAME)
        named = decide_named(rules, view, by_address);
    return named.verdict == NET_PERMIT ? decide_unsaid(rules, view, by_address) : named;
}

struct net_decision net_judge(const struct net_rules *rules, const struct net_view *view)
{
    struct net_grant by_address;
    const char *denied = net_denied(rules, view);

    if (denied)
        return refuse(NET_BY_RULE, denied, NULL);
    by_address = net_granted(rules, view, NULL, NET_STRICT);
    if (view->question->protocol != NET_TCP)
        return decide_datagram(rules, view, &by_address);
    switch (view->question->said) {
    case NET_SAID_NOT_YET:
        return decide_early(rules, view, &by_address);
    case NET_SAID_NAME:
        return decide_named(rules, view, &by_address);
    case NET_SAID_NOTHING:
    case NET_SAID_NO_NAME:
        return decide_unsaid(rules, view, &by_address);
    }
    return refuse(NET_NO_RULE, NULL, NULL);
}
