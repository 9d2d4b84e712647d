/* SPDX-License-Identifier: Apache-2.0 */
/* Rules and questions from bytes (a fuzzer's) or a seed (tests): few names and addresses, so that they meet often. */
#ifndef CORDON_TESTS_NET_GENERATE_H
#define CORDON_TESTS_NET_GENERATE_H

#include <stdint.h>

#include "net/rules.h"

struct source {
    uint64_t seed; /* used when data is NULL */
    const uint8_t *data;
    size_t size;
};

/* 0..limit-1; 0 when the bytes are used up. */
unsigned source_below(struct source *source, unsigned limit);

enum generate_part { GENERATE_PORTS = 1, GENERATE_DENIED_NAMES = 2, GENERATE_REQUESTS = 4, GENERATE_ALL = 7 };

/* At most this many layers. NULL when out of memory. */
struct net_rules *generate_rules(struct arena *arena, struct source *source, unsigned layers_max, unsigned parts);

/* Of rules: requests, programs, budgets, TLS. Of a question: program, TLS, and where there can be one a request. */
bool generate_narrow(struct arena *arena, struct source *source, struct net_rule *rule, bool is_deny);
bool generate_lists(struct arena *arena, struct net_rules *rules);
bool generate_request(struct arena *arena, struct source *source, struct net_question *question);
struct net_question *generate_question(struct arena *arena, struct source *source, const struct net_rules *rules);

/* Of every name that generated rules can match, NULL at the end. */
const char *const *generate_names(void);

#endif
