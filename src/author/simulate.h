/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recorded runs against a candidate policy: what would newly be refused, what newly permitted, by rule. Each record is put to
 * the evaluator that explains refusals, of the candidate's plan; nothing is run.
 */
#ifndef CORDON_AUTHOR_SIMULATE_H
#define CORDON_AUTHOR_SIMULATE_H

#include "base/memory.h"
#include "event/read.h"
#include "policy/question.h"

/* What became of a record. */
enum simulated {
    SIMULATED_SAME = 0,
    SIMULATED_DENIED,    /* it went well, and would be refused */
    SIMULATED_ALLOWED,   /* it was refused, and would not be */
    SIMULATED_UNDECIDED, /* the plan alone cannot tell */
    SIMULATED_COUNT_,
};
const char *simulated_name(enum simulated simulated); /* "unchanged", "newly denied", "newly allowed", "undecided" */

struct simulation;

/* `index` is of the candidate's plan and must outlive it. */
int simulation_new(const struct plan_index *index, struct simulation **ret_simulation, struct error *err) must_check;
void simulation_free(struct simulation *simulation);
void simulation_free_at(struct simulation **simulation);
#define auto_simulation cleanup_with(simulation_free_at)

/*
 * One record; access.repeated adds to the one that it is of. Records of several runs may be mixed, each run's own in their order.
 * `to` (NULL = no change): names in the workspace that a run.started told of stand for names here. Groups and examples are
 * bounded: what is beyond is counted.
 */
int simulation_take(struct simulation *simulation, const struct event_record *record, const char *to, struct error *err) must_check;

/* What was taken since the last call were all records of their runs. */
void simulation_end_runs(struct simulation *simulation);

struct simulation_sum {
    uint64_t runs, events;              /* decisions, repeated ones counted */
    uint64_t counts[SIMULATED_COUNT_];
    uint64_t same_allowed, same_denied; /* of counts[SIMULATED_SAME] */
    uint64_t others;                    /* records that are no decision of the policy */
    uint64_t damaged;                   /* lines that are no record */
};
struct simulation_sum simulation_sum(const struct simulation *simulation);
void simulation_add_damaged(struct simulation *simulation, uint64_t count);

/* For people; for programs (schema cordon-simulate/1). Caller mem_free()s. */
int simulation_print_text(const struct simulation *simulation, char **ret_text, struct error *err) must_check;
int simulation_print_json(const struct simulation *simulation, char **ret_json, struct error *err) must_check;

#endif
