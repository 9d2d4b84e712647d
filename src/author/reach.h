/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reachability card: what a program under this plan can read, change, run, reach and use, for how long, and what it
 * cannot. Computed from the plan, which is what is enforced, and from this machine's files; on one screen.
 */
#ifndef CORDON_AUTHOR_REACH_H
#define CORDON_AUTHOR_REACH_H

#include "base/error.h"
#include "base/memory.h"
#include "policy/plan.h"

#define REACH_COLUMNS   80
#define REACH_LINES     24
#define REACH_NAMES_MAX 10000 /* looked at for sensitive ones in what the documents themselves grant */

struct reach_list {
    const char **items;
    size_t count;
};

struct reach {
    const struct plan *plan;
    struct reach_list read;      /* of the caller's own, read-only; by their names inside */
    size_t system_count;         /* places of the system that profiles grant read-only */
    struct reach_list sensitive; /* of these and of what is writable, what is there: "~/.ssh (keys of ssh)" */
    bool sensitive_is_cut;       /* there were more names than are looked at */
    struct reach_list change;    /* of the host, writable */
    struct reach_list kept;      /* of these, caches of Cordon's own that stay for the next run */
    size_t private_count;        /* directories private to the run */
    size_t kept_names;           /* patterns that nobody changes */
    struct reach_list hosts;     /* what may be connected to */
    struct reach_list denied;    /* what never may */
    struct reach_list doors;     /* ports of one loopback that lead to the other */
    struct reach_list secrets, sockets, devices, variables;
    struct reach_list limits;
    struct reach_list cannot; /* the three that people ask about first, of those that hold */
    struct reach_list losses, problems;
};

struct reach_input {
    const struct plan *plan;
    const char *home, *workspace; /* NULL = not known */
    bool has_machine;             /* files may be looked up */
};

int reach_look(struct arena *arena, const struct reach_input *input, struct reach *ret_reach, struct error *err) must_check;

/* At most REACH_LINES lines of REACH_COLUMNS; all of it as JSON (cordon-reach/1). Caller mem_free()s. */
int reach_print_text(const struct reach *reach, char **ret_text, struct error *err) must_check;
int reach_print_json(const struct reach *reach, char **ret_json, struct error *err) must_check;

#endif
