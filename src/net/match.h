/* SPDX-License-Identifier: Apache-2.0 */
/* For the files of this part: one question against rules, without a verdict yet. */
#ifndef CORDON_NET_MATCH_H
#define CORDON_NET_MATCH_H

#include "net/rules.h"

/* A question, and what follows from its address alone. */
struct net_view {
    const struct net_question *question;
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
    enum net_grant_by by;
    const char *where; /* of the rule that says most; where nothing is granted, of the layer that does not */
};

struct net_view net_view_of(const struct net_question *question);

/* By every layer: by address, or by this name too where it is not NULL. */
struct net_grant net_granted(const struct net_rules *rules, const struct net_view *view, const char *name,
                             unsigned lenience);

/* The `where` of a deny rule about addresses alone, NULL = none denies. */
const char *net_denied(const struct net_rules *rules, const struct net_view *view);

/* The same of one about this name (NULL: about any). */
const char *net_name_denied(const struct net_rules *rules, const struct net_view *view, const char *name);

/* At every port, with every protocol. */
bool net_rule_has_all_ports(const struct net_rule *rule);

#endif
