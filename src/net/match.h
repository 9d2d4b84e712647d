/* SPDX-License-Identifier: Apache-2.0 */
/* For the files of this part: one question against rules, without a verdict yet. */
#ifndef CORDON_NET_MATCH_H
#define CORDON_NET_MATCH_H

#include "net/rules.h"

/* A question, what follows from its address alone, and how rules about requests and programs are taken. */
struct net_view {
    const struct net_question *question;
    bool is_readable; /* requests can be judged in it, else rules that grant some do not hold and rules that deny some do */
    bool is_best;     /* what is still open (requests, a body) will be as it is permitted, else as it is refused */
    bool is_any_program;
    bool has_ended; /* rules whose time is over grant as if it were not */
    struct net_address address, inner; /* unmapped; what it embeds */
    bool has_inner;
    bool is_never;       /* no rule grants it */
    bool is_private;     /* not by a name alone */
    unsigned prefix_min; /* only by a block at least so long, 0 = by any */
};

/* What a match may leave out of account, to learn what was missing. */
enum net_lenience {
    NET_STRICT = 0,
    NET_WHATEVER_NAME = 1 << 0,  /* rules about names match, whoever is asked about */
    NET_WHATEVER_CLASS = 1 << 1, /* private, link-local ... count as public */
    NET_WHATEVER_PORTS = 1 << 2, /* rules about names hold for UDP that they do not name */
};

/* What grants, in the order of what it says. */
enum net_grant_by { NET_BY_DEFAULT = 0, NET_BY_ADDRESS, NET_BY_NAME };

struct net_grant {
    bool is_granted;
    bool is_over; /* by a rule whose time is over: only where the view has these */
    enum net_grant_by by;
    const char *where; /* of the rule that says most; where nothing is granted, of the layer that does not */
};

struct net_view net_view_of(const struct net_question *question);

/* Is there an allow rule that opens TLS, for this name or by address, whatever the request? */
bool net_opens(const struct net_rules *rules, const struct net_view *view, const char *name);

/* Does one open TLS or have a budget that only this name leads to? It matters then whether the name is said. */
bool net_name_matters(const struct net_rules *rules, const struct net_view *view, const char *name);

/* Of each layer the budget of the first rule that grants it, into the decision. False where there is no room. */
bool net_add_budgets(const struct net_rules *rules, const struct net_view *view, const char *name,
                     struct net_decision *decision);

/* By every layer: by address, or by this name too where it is not NULL. */
struct net_grant net_granted(const struct net_rules *rules, const struct net_view *view, const char *name,
                             unsigned lenience);

/* The `where` of a deny rule about addresses alone, NULL = none denies. */
const char *net_denied(const struct net_rules *rules, const struct net_view *view);

/* The same of one about this name (NULL: about any). */
const char *net_name_denied(const struct net_rules *rules, const struct net_view *view, const char *name);

/* At every port of this protocol (NET_ANY: of each), and whatever the request. */
bool net_rule_is_complete(const struct net_rule *rule, enum net_protocol protocol);

/* At some port of this protocol (NET_ANY: of one). */
bool net_rule_is_about(const struct net_rule *rule, enum net_protocol protocol);

/* The question's own pointer for this name, NULL = the address was not given for it. */
const char *net_given_name(const struct net_question *question, const char *name);

/* By names and addresses, with requests and programs as the view takes them; without the addresses that are never reached. */
struct net_decision net_judge(const struct net_rules *rules, const struct net_view *view);

#endif
