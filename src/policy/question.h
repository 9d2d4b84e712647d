/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a plan says about one operation: the evaluator that 'why', simulation and the reachability card ask, and that every
 * recorded denial is put to. It reads the plan alone, so it answers for what is recorded as for what is supposed.
 */
#ifndef CORDON_POLICY_QUESTION_H
#define CORDON_POLICY_QUESTION_H

#include "base/operation.h"
#include "net/rules.h"
#include "policy/plan.h"

struct question {
    enum operation operation;
    const char *path;   /* inside, absolute, normalised, links resolved as far as they are there; NULL = none is meant. LIMIT: its member */
    const char *second; /* RENAME, LINK: the new name, the same way */
    bool is_directory;  /* CREATE, DELETE, RENAME: a directory is meant */
    bool exists;        /* there is something at `path` outside: tells hidden from missing */
    const char *exe;    /* the program that asks, inside; NULL = any */
    /* CONNECT, BIND without a path */
    const char *host; /* the name that was resolved or said, NULL = none */
    struct net_address address; /* family 0 = none */
    unsigned port;
    unsigned protocol; /* enum net_protocol */
    const struct net_request *request; /* one over HTTP to `host`, NULL = the connection as a whole */
    int call; /* SYSCALL: its number; METADATA: of the call that asks, 0 = any */
};

enum judgement {
    JUDGED_ALLOWED = 1, /* no rule is in the way; permissions of the host's file system may be */
    JUDGED_REFUSED,
    JUDGED_HIDDEN,  /* it is there outside and absent inside: ENOENT */
    JUDGED_MISSING, /* it is nowhere, and what would be made there is not refused */
    JUDGED_DEPENDS, /* on more than was said, as on the arguments of a system call: `reason` says on what */
};
const char *judgement_name(enum judgement judgement); /* "allowed", "refused", "hidden", "missing", "depends" */

struct judged {
    enum judgement judgement;
    enum mechanism first, behind; /* who refuses; BY_NOTHING where allowed */
    int errnum;                   /* as the program sees it, 0 = allowed */
    const struct origin *origin;  /* the rule that decides, also for what is allowed; NULL = no rule names it */
    const char *reason;           /* one line: "no rule grants it", "read-only here", "a protected name", ... */
    const struct plan_mount *mount; /* that `path` lies in, NULL = none; valid as long as the plan */
    const struct plan_name *name;   /* the pattern that decides, NULL = none */
    const char *what; /* which of the two names decides: question.path or question.second */
};

/* A plan made ready for many questions. `plan` must outlive it. Costs one pass over the plan. */
struct plan_index;
int plan_index_new(const struct plan *plan, struct plan_index **ret_index, struct error *err) must_check;
void plan_index_free(struct plan_index *index);
void plan_index_free_at(struct plan_index **index);
#define auto_plan_index cleanup_with(plan_index_free_at)

/* How the filter answers a system call. */
struct plan_call {
    enum judgement judgement; /* ALLOWED, REFUSED, or DEPENDS: on its arguments */
    int errnum;               /* REFUSED, and where arguments are refused */
    const char *reason;       /* static, "" = none */
};

/*
 * Whose tier it is tells how its filter answers (tier.h): without, a question about a system call knows only what the policy
 * itself names. Once, before the first question.
 */
int plan_index_set_calls(struct plan_index *index, void (*judge)(const struct plan_filter *filter, int number, struct plan_call *ret_call),
                         struct error *err) must_check;

/* Never fails: what cannot be known is JUDGED_DEPENDS with its reason. Allocates nothing; any number of threads. */
void plan_judge(const struct plan_index *index, const struct question *question, struct judged *ret_judged);

/*
 * From a name on the host to the name inside and back, by the plan's mounts: into `ret_path` (PATH_MAX). False = it has none
 * there.
 */
bool plan_path_inside(const struct plan_index *index, const char *outside, char *ret_path);
bool plan_path_outside(const struct plan_index *index, const char *inside, char *ret_path);

#endif
