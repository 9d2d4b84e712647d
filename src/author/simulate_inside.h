/* SPDX-License-Identifier: Apache-2.0 */
/* For the files of simulation: what was gathered. */
#ifndef CORDON_AUTHOR_SIMULATE_INSIDE_H
#define CORDON_AUTHOR_SIMULATE_INSIDE_H

#include "author/recorded.h"
#include "author/simulate.h"

#define SIMULATE_GROUPS   1024u /* different rules and reasons */
#define SIMULATE_OBJECTS  65536u /* different objects that are told apart, of all groups */
#define SIMULATE_EXAMPLES 5u    /* of a group that are shown */
#define SIMULATE_MADE     65536u /* directories that runs made; with more they are not looked at so closely */

struct simulate_example {
    const char *id, *exe, *object, *second; /* of the first record of this object */
    enum operation operation;
    uint64_t count;
};

/* One rule, or the lack of one, with all that it would decide anew. */
struct simulate_group {
    enum simulated simulated;
    const struct origin *origin; /* NULL = no rule names it */
    const char *reason;
    enum mechanism layer;
    uint64_t events, objects;
    struct simulate_example examples[SIMULATE_EXAMPLES];
    size_t example_count;
};

struct simulate_object {
    uint64_t hash; /* of group, operation and object; 0 = free */
    uint32_t group, example; /* index + 1 of the example, 0 = it is not shown */
};

struct simulate_seen {
    unsigned sequence;
    enum simulated simulated;
    bool was_allowed;
    uint32_t group, example; /* index + 1, 0 = none */
};

/* One whose records are being taken. */
struct simulate_run {
    struct simulate_run *next; /* of the same bucket */
    char id[RUN_ID_SIZE];
    char *workspace; /* NULL = not known */
    struct simulate_seen *seen; /* access records, in their order: access.repeated names them */
    size_t seen_count, seen_room;
};

/* The answer to a question about a connection: programs ask for the same few again and again. */
#define SIMULATE_KNOWN 1024u
struct simulate_known {
    bool is_set;
    char host[NET_NAME_SIZE]; /* "" = none */
    struct net_address address;
    unsigned port, protocol;
    char exe[256];
    struct judged judged;
};

#define SIMULATE_BUCKETS 256u

struct simulation {
    struct arena *arena;
    const struct plan_index *index;
    struct simulation_sum sum;
    struct simulate_group *groups;
    size_t group_count;
    uint64_t more_groups; /* events that found none */
    struct simulate_object *objects;
    size_t object_count;
    struct simulate_known *known; /* by hash; a newer one takes the place */
    struct simulate_run *buckets[SIMULATE_BUCKETS], *run; /* by id; the last one that was asked for */
    uint64_t *made; /* hashes of the directories that runs made, 0 = free */
    size_t made_count;
    bool is_made_full;
};

/* simulate_known.c: of a question that was asked before; false = ask, and keep the answer. */
bool simulate_judge_known(const struct simulation *simulation, const struct question *question, struct judged *ret_judged);
void simulate_judge_keep(struct simulation *simulation, const struct question *question, const struct judged *judged);

/*
 * simulate_around.c: what is allowed by its name alone is hidden where the directory is that it would be made in, or depends
 * on who makes that: says so in `judged`.
 */
void simulate_around(struct simulation *simulation, const struct simulate_run *run, const struct event_record *record,
                     const struct recorded *recorded, struct judged *judged);

/* simulate_runs.c. NULL without memory. */
struct simulate_run *simulate_run_of(struct simulation *simulation, const char *id);
int simulate_seen_add(struct simulate_run *run, const struct simulate_seen *seen, struct error *err) must_check;
const struct simulate_seen *simulate_seen_find(const struct simulate_run *run, unsigned sequence); /* NULL = there is none */

#endif
