/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a comparison (policy/diff.h): each adds what becomes possible when `limit` gives way to `who`. */
#ifndef CORDON_POLICY_MODEL_DIFFER_H
#define CORDON_POLICY_MODEL_DIFFER_H

#include "policy/diff.h"
#include "policy/model/zones.h"

/* Addresses in words, where those of ranges would be many; proofs know them again. */
#define WORDS_PUBLIC    "every public address"
#define WORDS_EMBEDDING "IPv6 addresses that embed one of these"

struct differ {
    struct arena *arena;
    const struct policy *policies[2]; /* before, after */
    struct policy_diff diff;
    /* the direction that is looked at */
    unsigned who;              /* whose it is: 1 = what becomes possible, 0 = what impossible */
    struct zones zones;        /* ready where has_zones */
    bool has_zones;
};

/* All return 0, -ENOMEM, or -E2BIG: then what they cover is unknown. */
int differ_paths(struct differ *differ) must_check;
int differ_network(struct differ *differ) must_check;
int differ_settings(struct differ *differ) must_check;
int differ_changes(struct differ *differ) must_check; /* after differ_settings() */

/* A new item of this direction; NULL without memory. Its rules are put on the right sides by differ_set_rules(). */
struct difference *differ_add(struct differ *differ, enum difference_area area);

/* By texts that live in the arena: the rule of `who`, and of the other one. */
void differ_set_rules(const struct differ *differ, struct difference *item, const char *who, const char *other);
int differ_set_origins(const struct differ *differ, struct difference *item, const struct origin *who,
                       const struct origin *other) must_check;
void differ_set_values(const struct differ *differ, struct difference *item, const char *who, const char *other);

/* One more word, unless it is there. -ENOMEM. */
int words_add(struct arena *arena, struct words_list *words, const char *word) must_check;

/* In the same order. */
bool words_are_same(const struct words_list *a, const struct words_list *b);

#endif
