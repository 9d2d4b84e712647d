/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small documents by hand and from bytes: few names, few addresses, so that rules meet often. The
 * bytes are a generator's (tests) or a fuzzer's.
 */
#ifndef CORDON_TESTS_POLICY_MODEL_GENERATE_H
#define CORDON_TESTS_POLICY_MODEL_GENERATE_H

#include <stdint.h>

#include "policy/policy.h"

struct source {
    uint64_t seed; /* used when data is NULL */
    const uint8_t *data;
    size_t size;
};

/* 0..limit-1; 0 when the bytes are used up. */
unsigned source_below(struct source *source, unsigned limit);

enum generate_part { GENERATE_PATHS = 1, GENERATE_NETWORK = 2, GENERATE_SETTINGS = 4, GENERATE_SECRETS = 8 };

/* All return NULL when out of memory. */
struct document *generate_document(struct arena *arena, struct source *source, enum layer_kind kind,
                                   unsigned parts);
/* A copy with one thing changed. */
struct document *generate_variant(struct arena *arena, struct source *source,
                                  const struct document *document, unsigned parts);

/* Documents by hand; they stop the program when out of memory. */
struct policy *make_policy(void);
struct document *make_layer(struct policy *policy, enum layer_kind kind);
void make_path(struct policy *policy, struct document *layer, enum path_rule_kind kind,
               const char *path); /* a pattern when it holds a wildcard */
void make_view(struct policy *policy, struct document *layer, const char *source,
               const char *target, bool is_writable);
void make_item(struct policy *policy, struct string_list *list, const char *text);
void make_variable(struct policy *policy, struct document *layer, const char *name,
                   const char *value);
void make_setting(struct setting *setting, uint64_t value);
/* peer: "10.0.0.0/8", "*.example.org" or NULL; ports 0, 0 = every port. */
void make_rule(struct policy *policy, struct document *layer, bool is_deny, const char *peer,
               unsigned first, unsigned last, enum net_protocol protocol);

#endif
