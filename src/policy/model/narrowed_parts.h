/* SPDX-License-Identifier: Apache-2.0 */
/* What two sets of rules name (narrowed_list.c), of which they are asked one by one (narrowed.c). */
#ifndef CORDON_POLICY_MODEL_NARROWED_PARTS_H
#define CORDON_POLICY_MODEL_NARROWED_PARTS_H

#include "policy/model/narrowed.h"
#include "policy/model/states.h"

struct words {
    const char **items;
    size_t count;
};

/* A program that some rule names, and its number in each of the two. */
struct program {
    const char *name;
    uint16_t a, b;
};

/* One rule about destinations alone, and how it is asked. */
struct probe {
    struct net_rule rule;
    bool is_deny;
};

struct call {
    bool is_empty;
    const char *call, *tool;
};

struct narrowed {
    struct arena *arena;
    const struct net_rules *a, *b;
    size_t rule_count;
    struct probe *probes;
    size_t probe_count;
    struct states seen; /* destinations, by which rules are about them */
    uint64_t *key;
    size_t key_words;
    struct program *programs; /* the first is any other one */
    size_t program_count;
    struct words methods, paths;
    struct call *calls;
    size_t call_count;
    uint64_t *kept; /* for each budget of `b` a row: which of `a` have counted whatever it did so far */
    size_t kept_words;
    bool *counted; /* of `b`: it counts something that `a` permits */
    uint64_t work;
    size_t last; /* index in `seen` */
    int (*note)(void *data, const struct narrowed_fact *fact);
    void *data;
};

#endif
