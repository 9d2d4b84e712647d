/* SPDX-License-Identifier: Apache-2.0 */
/* What was refused in one run: equal ones together, the most consequential first. */
#ifndef CORDON_AUTHOR_WHY_RUN_H
#define CORDON_AUTHOR_WHY_RUN_H

#include "author/suggest.h"
#include "event/read.h"

#define WHY_LOST_MAX 8

/* Refusals by one rule, of one kind, in one directory or to one host. */
struct why_group {
    const char *id;      /* of the one that is shown: the first */
    const char *object;  /* of that one, as a question names it */
    const char *exe, *reason, *rule, *source, *errno_name;
    struct question question;
    uint64_t count;
    uint64_t objects;    /* that differ */
    unsigned last;       /* sequence of the last record */
    double score;
    struct why_group *next; /* of the same hash */
};

struct why_run {
    char run[RUN_ID_SIZE];
    const char *program, *policy, *end; /* NULL = not known */
    struct why_group **groups;          /* ranked */
    size_t group_count;
    uint64_t count;
    unsigned seen;                      /* bits of operations that some source sees */
    struct event_named blind[EVENT_SOURCES_MAX];
    size_t blind_count;
    struct {
        const char *source;
        uint64_t count;
    } lost[WHY_LOST_MAX];
    size_t lost_count;
    uint64_t damaged;
    uint64_t asked, allowed; /* questions to a person, and those that were answered so */
    const char *changed;     /* as in struct why */
    const char *unexplained; /* the plan of the run could not be made again: why; NULL = it could */
};

int why_run_read(struct arena *arena, struct event_reader *reader, struct why_run *ret_run, struct error *err) must_check;

/* What the plan says of a group's question and what would allow it, in short. NULL where there is no plan. */
typedef int why_guesser(void *context, const struct question *question, struct judged *ret_judged, struct suggestion *ret_suggestion,
                        struct error *err);
int why_run_print_text(struct text *out, const struct why_run *run, bool has_colour, why_guesser *guess, void *context,
                       struct error *err) must_check;
int why_run_print_json(struct text *out, const struct why_run *run, why_guesser *guess, void *context, struct error *err) must_check;

#endif
