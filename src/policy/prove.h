/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions about what a policy makes impossible, answered over everything it could mean: all paths, names and addresses, not
 * those that are there. Pure, as policy.h, but for prove_names_here().
 */
#ifndef CORDON_POLICY_PROVE_H
#define CORDON_POLICY_PROVE_H

#include "policy/policy.h"

enum proof_question {
    PROVE_CAN_READ = 1,     /* anything of the host's at `path` (a pattern) or below */
    PROVE_CAN_WRITE,        /* the same, change, create or remove */
    PROVE_CAN_REACH,        /* `destination` */
    PROVE_READS_REACHES,    /* both: what was read at `path` get to `destination` */
    PROVE_SECRET_REACHES,   /* the value of `secret` */
    PROVE_WRITABLE_OBEYED,  /* anything be written that a program outside executes or obeys */
    PROVE_ESCAPES_CEILING,  /* anything that `ceiling` does not permit */
};

/* A name that a document grants and that is a link, or lies behind one, on the machine that is meant. */
struct prove_link {
    const char *path, *real;
};

/* Of what is asked about, on the machine that is meant. */
struct prove_here {
    const char **items; /* patterns: its other names, by links on the way to it and by mounts */
    size_t count;
    const char *doubt; /* that it may have more of them, by hard links; NULL = it has not */
};

struct prove_request {
    enum proof_question question;
    const char *path;        /* absolute, normalised; a pattern as of base/glob.h */
    const char *destination; /* "HOST", "HOST:PORT", "*.example.org", "10.0.0.0/8", "[::1]:80", "*" (anything) */
    const char *secret;
    const struct policy *ceiling;
    const char *home;               /* for the table of what is obeyed; NULL = none */
    const char *caller_path;        /* PATH, for filesystem.toolchains; NULL = not asked about */
    const char *const *search_path; /* its directories, NULL-terminated; NULL = not asked about */
    const struct prove_link *links; /* not looked for where there are none */
    size_t link_count;
    const struct prove_here *here; /* of `path`; NULL = not looked for */
};

enum proof_answer {
    PROOF_HOLDS = 1, /* it is impossible */
    PROOF_POSSIBLE,
    PROOF_UNDECIDED, /* it depends on what no policy says, or cannot be compared within the bounds */
};
const char *proof_answer_name(enum proof_answer answer); /* "holds", "possible", "undecided" */

struct proof_line {
    const char *text;
    const char *rule; /* "a.yaml:3:5: filesystem.readonlyPaths[0]", or NULL */
};

struct proof_lines {
    struct proof_line *items;
    size_t count;
};

struct proof {
    const char *question; /* in words */
    enum proof_answer answer;
    struct proof_lines witness;     /* POSSIBLE: how */
    struct proof_lines reasons;     /* HOLDS: what closes it; UNDECIDED: what it depends on */
    struct proof_lines assumptions; /* what the answer leaves out of account */
};

/* Into the arena. ERROR_INVALID: `destination` or `secret` cannot be what is meant. ERROR_MEMORY. */
int policy_prove(struct arena *arena, const struct policy *policy, const struct prove_request *request, struct proof *ret_proof,
                 struct error *err) must_check;

/* What this machine calls `pattern`: looks at names and at the mounts, into the arena. ERROR_SYSTEM, ERROR_MEMORY. */
int prove_names_here(struct arena *arena, const char *pattern, struct prove_here *ret_names, struct error *err) must_check;

/* Caller mem_free()s. */
int proof_text(const struct proof *proof, char **ret_text, struct error *err) must_check;
int proof_json(const struct proof *proof, char **ret_json, struct error *err) must_check;

#endif
