/* SPDX-License-Identifier: Apache-2.0 */
/* Destinations as diff_network.c asks about them, and how those that differ alike become few items. */
#ifndef CORDON_POLICY_MODEL_DIFF_BOXES_H
#define CORDON_POLICY_MODEL_DIFF_BOXES_H

#include "policy/model/cuts.h"
#include "policy/model/diff_requests.h"
#include "policy/model/differ.h"

/* Addresses that nothing tells apart. */
struct address_class {
    int family; /* of the one that stands for them */
    unsigned char address[16];
    bool is_own;
    bool is_never;
    bool has_inner; /* it embeds an IPv4 address: `inner` */
    unsigned char inner[4];
    bool is_ordinary; /* a rule about a name alone may lead there */
};

/* Ports of one protocol that no rule about a name tells apart. */
struct port_cell {
    enum net_protocol protocol;
    uint16_t first, last; /* 0 where the protocol has none */
    struct cell_class {
        size_t class, outcome;
    } *classes; /* that differ here; ascending */
    size_t class_count;
};

enum { OUTCOME_NONE = 0, OUTCOME_WHOLE = 1, OUTCOME_FACTS = 2 }; /* and the number of the facts */

struct host_boxes {
    const char *host;  /* NULL = by address */
    const char *label; /* as it is written */
    struct net_rules rules[2];
    bool is_same; /* in so many words: nothing was asked */
    uint64_t rule_count;
    struct narrowed *narrowed; /* NULL = connections are all that differ */
    struct request_facts *facts;       /* by the numbers of narrowed_last() */
    size_t fact_count;
    struct port_cell *cells;
    size_t cell_count;
    const char *a_where, *b_where;
    bool may_ask; /* the name may newly be asked for */
};

struct boxes {
    struct differ *differ;
    struct net_rules *rules[2]; /* of who gives, and of the other */
    struct cuts cuts;
    struct address_class *classes;
    size_t class_count;
    size_t *class_of[2]; /* of each range of `cuts`, by family */
    bool has_narrowed;
    struct host_boxes *hosts;
    size_t host_count;
    uint64_t work;
};

/* -ENOMEM, -E2BIG. */
int boxes_find_classes(struct boxes *boxes) must_check;
int boxes_list_ports(struct arena *arena, struct host_boxes *of) must_check;
int boxes_note(struct boxes *boxes, struct port_cell *cell, size_t class, size_t outcome) must_check;
int boxes_put(struct boxes *boxes) must_check;

#endif
