/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What has been used of each budget of the rules. The counters lie in memory that the gateway and the inspector share, so
 * that both count the same thing, and whoever is first takes the last byte. Nobody waits here for anybody.
 *
 * Connections and requests count when they are permitted, bytes when they are taken from one side to be given to the other.
 */
#ifndef CORDON_WORKER_BUDGET_H
#define CORDON_WORKER_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/error.h"
#include "net/rules.h"

struct budget_memory;

/* Of one process: which counter belongs to which budget of the rules that hold. */
struct budgets {
    struct budget_memory *memory; /* NULL: nothing is counted */
    const struct net_rules *rules;
    uint16_t slots[NET_BUDGETS_MAX];
    uint64_t round; /* how many rules have held before these: in all processes that count the same */
};

enum budget_kind { BUDGET_CONNECTIONS = 0, BUDGET_REQUESTS, BUDGET_BYTES_UP, BUDGET_BYTES_DOWN, BUDGET_KINDS };
const char *budget_kind_text(enum budget_kind kind); /* "connections", "requests", "bytesUp", "bytesDown" */

/* For what a decision counts, those in total included. */
struct budget_use {
    uint16_t items[NET_DECISION_BUDGETS]; /* from 1, as in net_decision */
    unsigned count;
};
struct budget_use budget_use_of(const struct net_decision *decision);

/* The counters, all zero. With `ret_fd` they can be given to another process, and the caller closes it; NULL: nobody else's. */
int budgets_create(struct budgets *budgets, int *ret_fd, struct error *err) must_check;
/* Those that another process created. -EBADMSG for whatever is not such memory. */
int budgets_open(struct budgets *budgets, int fd, struct error *err) must_check;
void budgets_close(struct budgets *budgets);

/*
 * From now on the budgets of these rules, which stay the caller's. Where there was one before that stood in the same place
 * (`where`), its count goes on. Who created the memory does it first (`is_creator`), and before the others know the rules;
 * in a copy of `budgets` where somebody may still refuse them, for what is counted and told by the former is not touched.
 * Every process takes all rules that come to hold, each once.
 */
int budgets_set_rules(struct budgets *budgets, const struct net_rules *rules, bool is_creator, struct error *err) must_check;

/* Why less than was wanted. */
struct budget_short {
    uint16_t budget;  /* from 1; 0 = nothing is short */
    uint32_t wait_ms; /* its rate: ask again then; 0 = it is used up */
};

/*
 * What is here already is all counted, whatever is left. false: a limit is used up, and it may not go on. With ret_short->wait_ms a rate
 * is in debt, and budgets_take() waits until that is over.
 */
bool budgets_owe(struct budgets *budgets, const struct budget_use *use, enum budget_kind kind, uint64_t amount, uint64_t now_ns,
                 struct budget_short *ret_short) must_check;

bool budget_uses_equal(const struct budget_use *a, const struct budget_use *b);

/*
 * Take up to `want` of every budget in `use` and in total; returns how much: the least that all of them have. *ret_short
 * when it is less than `want` (NULL where nobody asks). What was taken and is not used is given back.
 */
uint64_t budgets_take(struct budgets *budgets, const struct budget_use *use, enum budget_kind kind, uint64_t want,
                      uint64_t now_ns, struct budget_short *ret_short);
void budgets_give(struct budgets *budgets, const struct budget_use *use, enum budget_kind kind, uint64_t amount);

/* All of it or nothing: 1, or a datagram, for which the rate may go into debt. */
bool budgets_take_whole(struct budgets *budgets, const struct budget_use *use, enum budget_kind kind, uint64_t want,
                        uint64_t now_ns, struct budget_short *ret_short);

/* Is there any budget that `use` counts for? Then nothing has to be asked. */
bool budgets_are_none(const struct budgets *budgets, const struct budget_use *use);

/*
 * `budget` was short of `kind` without a wait: it is used up. true once for each kind while these rules hold, for one of the
 * processes: whoever is told so sends the event. Of bytes: nothing that counts for it goes on.
 */
bool budgets_end(struct budgets *budgets, uint16_t budget, enum budget_kind kind);

/* A budget that `use` counts for and whose bytes are used up; 0 = none. */
uint16_t budgets_ended(const struct budgets *budgets, const struct budget_use *use);

/* What is allowed of it; 0 = no limit. */
uint64_t budget_limit(const struct budgets *budgets, uint16_t budget, enum budget_kind kind);

#endif
