/* SPDX-License-Identifier: Apache-2.0 */
/* For the files of lint: what they hand to each other. */
#ifndef CORDON_AUTHOR_LINT_LOOK_H
#define CORDON_AUTHOR_LINT_LOOK_H

#include "author/lint.h"
#include "author/sensitive.h"
#include "policy/question.h"

/* Same order as the table in lint_rules.c. */
enum lint_id {
    LINT_DOCUMENT_INVALID = 0,
    LINT_NOT_ENFORCEABLE,
    LINT_NOT_ENFORCED,
    LINT_CHECK_WARNING,
    LINT_NO_EFFECT,
    LINT_SAME_PATH,
    LINT_VOID_GRANT,
    LINT_OTHER_DOCUMENT,
    LINT_CEILING,
    LINT_HOLE,
    LINT_NETWORK_DENIED,
    LINT_NETWORK_PLAIN,
    LINT_SYSCALL_BOTH,
    LINT_DEAD_DENIAL,
    LINT_DEAD_PROTECTION,
    LINT_DEAD_VARIABLE,
    LINT_COVERED,
    LINT_UNUSED,
    LINT_TREE_WRITABLE,
    LINT_PATH_DIRECTORY,
    LINT_OBEYED,
    LINT_HOME_READABLE,
    LINT_CREDENTIAL,
    LINT_CREDENTIAL_NETWORK,
    LINT_NOT_SEARCHED,
    LINT_UNPROTECTED,
    LINT_WILDCARD_HOST,
    LINT_SHARED_DOMAIN,
    LINT_EVERY_ADDRESS,
    LINT_EVERY_PORT,
    LINT_INSIDE_ADDRESS,
    LINT_HOST_NETWORK,
    LINT_HOST_LOOPBACK,
    LINT_PASSTHROUGH,
    LINT_ROOT_SOCKET,
    LINT_SESSION_SOCKET,
    LINT_DEVICE,
    LINT_SYSCALL,
    LINT_NESTED,
    LINT_LOSS,
    LINT_SECRET_VARIABLE,
    LINT_SECRET_VALUE,
    LINT_CLIPBOARD,
    LINT_NO_LIMIT,
    LINT_MISSING_PATH,
    LINT_GLOB_NOTHING,
    LINT_GLOB_WIDE,
    LINT_NOT_EXPANDED,
    LINT_ID_COUNT,
};

struct look {
    struct arena *arena;
    const struct lint_input *input;
    const struct plan_index *index; /* of the plan, where it is one that can be launched; else NULL */
    struct lint *lint;
    struct error *err;
    bool found[LINT_ID_COUNT];
    const struct origin *first[LINT_ID_COUNT]; /* of the first finding of this kind */
    struct sensitive_walk walk; /* of granted trees, all of them together */
    bool is_broken; /* out of memory: the next finding says so */
};

/*
 * `mend` may be NULL; both texts stay as they are (arena_printf()). What a built-in profile says is nobody's to mend: it is
 * only remembered as found.
 */
int look_add(struct look *look, enum lint_id id, const struct origin *origin, const char *reason, const char *mend) must_check;
/* "mend" and "reason" made here; `mend` NULL = none. */
int look_say(struct look *look, enum lint_id id, const struct origin *origin, const char *mend, const char *format,
             ...) must_check printf_like(5, 6);

/*
 * "agent.yaml:12:5: filesystem.readonlyPaths[0]: text", as errors begin, taken apart: *ret_rest is the text. The origin has
 * no file where `text` begins with none of the policy's. NULL without memory.
 */
const struct origin *look_origin_of(struct look *look, const char *text, const char **ret_rest) must_check;

/* Did the caller's own documents say it, which can be mended? */
bool look_is_own(const struct origin *origin);
/* "agent.yaml:12 (filesystem.deniedPaths[0])", for use within a sentence. */
const char *look_place(struct look *look, const struct origin *origin);
/* A text as it is printed: control characters visible. */
const char *look_safe(struct look *look, const char *text);
/* A path the way a document would write it: ${workspace}/..., ${home}/... */
const char *look_spell(struct look *look, const char *path);

/* Each adds its findings about one document of the request. */
int look_at_paths(struct look *look, const struct document *document) must_check;    /* lint_paths.c: conflicts, dead rules */
int look_at_patterns(struct look *look, const struct document *document) must_check; /* lint_patterns.c */
int look_at_dangers(struct look *look, const struct document *document) must_check;  /* lint_dangers.c: what grants open */
int look_at_network(struct look *look, const struct document *document) must_check;  /* lint_network.c */
int look_at_settings(struct look *look, const struct document *document) must_check; /* lint_settings.c: the rest */

/* What of `pattern` stands before its first wildcard: a directory. */
const char *look_pattern_root(struct look *look, const char *pattern);

/* Is there a way out of the container's network? */
bool look_has_way_out(const struct look *look);

/* Then of all together. */
int look_at_machine(struct look *look) must_check; /* lint_machine.c: the plan, missing names */
int look_at_uses(struct look *look) must_check;    /* lint_uses.c */

/* exposure.c, when all findings are there. */
int look_at_exposure(struct look *look) must_check;

#endif
