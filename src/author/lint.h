/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wrong with a policy, or more than it needs to be, although it is valid: findings with their place, reason and
 * mend, and a sum of what it leaves open. Documents are looked at as they were written, and, where there is one, the plan
 * that they come to on this machine.
 */
#ifndef CORDON_AUTHOR_LINT_H
#define CORDON_AUTHOR_LINT_H

#include "base/error.h"
#include "base/memory.h"
#include "policy/policy.h"

enum lint_severity { LINT_NOTE = 1, LINT_WARNING, LINT_ERROR };
const char *lint_severity_name(enum lint_severity severity); /* "note", "warning", "error" */

/* One kind of finding. */
struct lint_rule {
    const char *id; /* "conflict.same-path" */
    enum lint_severity severity;
    const char *summary;
};
const struct lint_rule *lint_rules(size_t *ret_count);

struct lint_finding {
    const struct lint_rule *rule;
    const struct origin *origin; /* NULL = of the policy as a whole */
    const char *reason;
    const char *mend; /* NULL = none but to think about it */
};

/* One way in which a program can do harm or be looked into, and whether this policy leaves it open. */
struct lint_exposure {
    const char *id;
    unsigned weight; /* tenths of a point */
    bool is_open;
    const char *summary;
    const char *why; /* where it is open: by which member; "" = by no member, it is how it is without one */
};
#define LINT_EXPOSURE_MAX 100 /* tenths: what is more counts as much */

struct lint {
    const char *document; /* the first of the request, NULL = it is a profile */
    struct lint_finding *findings; /* by file, line and column; those without a place last */
    size_t finding_count;
    size_t counts[LINT_ERROR + 1];
    struct lint_exposure *exposures;
    size_t exposure_count;
    unsigned exposure; /* tenths, the sum of what is open */
};

/* What recorded runs used: a rule that let something through when a record was put to the plan again. */
struct lint_use {
    const struct origin *origin;
    bool is_write; /* of a file */
};

struct lint_input {
    const struct policy *policy;
    const struct plan *plan;     /* NULL = without this machine, or there is none */
    const struct error *failure; /* why there is no policy or no plan; NULL = nothing failed */
    const char *document;        /* with `failure` and no policy: the file that is at fault, NULL = not known */
    const struct variables *variables;
    const char *search_path; /* the caller's PATH, NULL = not known */
    bool has_machine;        /* file names may be looked up */
    bool has_uses;           /* records were given: what no use names was not used */
    bool has_files;          /* and files are in them: of a run that was watched in full */
    const struct lint_use *uses;
    size_t use_count;
};

/* Everything in *ret_lint lives in `arena`; origins belong to the policy and the plan. */
int lint_look(struct arena *arena, const struct lint_input *input, struct lint *ret_lint, struct error *err) must_check;

/* For people; for programs (schema cordon-lint/1); SARIF 2.1.0. Caller mem_free()s. */
int lint_print_text(const struct lint *lint, char **ret_text, struct error *err) must_check;
int lint_print_json(const struct lint *lint, char **ret_json, struct error *err) must_check;
int lint_print_sarif(const struct lint *lint, const char *version, char **ret_json, struct error *err) must_check;

#endif
