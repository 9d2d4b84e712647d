/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a reviewed run changed: kept apart from the host's files until it is committed or discarded. The only header of this
 * part that others include. README.md says what a commit promises; docs/review.md where it ends.
 */
#ifndef CORDON_REVIEW_REVIEW_H
#define CORDON_REVIEW_REVIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"

#define REVIEW_OPEN_NAME    "review.open" /* in the run's directory of the store: neither committed nor discarded */
#define REVIEW_DONE_NAME    "review.done"
#define REVIEW_PENDING_NAME "commit.pending" /* in the store: a commit is at work, or was interrupted */
#define REVIEW_OPEN_MAX     64               /* reviewed runs that wait */
#define REVIEW_CHANGES_MAX  500000
#define REVIEW_DEPTH_MAX    200
#define REVIEW_DIFF_BYTES   (1u << 20) /* of a file whose text is compared line by line */
#define REVIEW_DIGEST_BYTES (1u << 30) /* of one whose digest is shown */

/* A directory of the host that the run saw through a layer of its own. */
struct review_tree {
    const char *source; /* on the host */
    const char *target; /* inside */
    uint64_t device, inode;
    bool is_cache; /* Cordon's own: what it gained is never kept */
    uint64_t born_ns; /* written down by review_create(); 0 = the file system does not say */
};

/* What the policy says of names inside; checked again before anything is written. */
enum review_rule_kind {
    REVIEW_RULE_KEPT = 'k', /* a pattern: never made, changed or removed */
    REVIEW_RULE_OLD = 'o',  /* the same where it was there before */
    REVIEW_RULE_MOUNT = 'm', /* a name at which something else than the tree around it stands */
    REVIEW_RULE_PIN = 'p',  /* a directory that stays where it is */
};

struct review_rule {
    enum review_rule_kind kind;
    const char *text;
};

struct review_options {
    const char *runs;      /* the run store */
    const char *run_id;    /* whose directory is there */
    const char *directory; /* where to keep changes, NULL = in the run's directory; else <directory>/<run_id> is made */
    const char *workspace, *command;
    uint64_t started_ns; /* CLOCK_REALTIME, before the container is made */
    bool folds_names;
    const struct review_tree *trees;
    size_t tree_count;
    const struct review_rule *rules;
    size_t rule_count;
};

/*
 * Make the directories that the layers need and write down what they are over. *ret_directory (the caller's to mem_free())
 * holds N/upper and N/work for the Nth tree; *ret_lock says that the run is under way as long as it is open. Refused by name
 * where the file system cannot carry a layer, or would lose it (ERROR_UNENFORCEABLE), and when too many wait (ERROR_LIMIT).
 */
int review_create(const struct review_options *options, char **ret_directory, int *ret_lock, struct error *err) must_check;

/* Nothing came of the run. */
void review_forget(const char *runs, const char *run_id);

/* Lines to be shown with the changes and before they are committed, or "": the end of the run was seen, and nothing found. */
int review_add_note(const char *directory, const char *text, struct error *err) must_check;

struct review;

/*
 * `run` is an id, or NULL for the newest that waits. An interrupted commit of it is completed, or taken back, first, and
 * *ret_recovered says which ("" = there was none; static). ERROR_NOT_FOUND where there is no such run or no review of it.
 */
int review_open(const char *runs, const char *run, struct review **ret_review, const char **ret_recovered,
                struct error *err) must_check;
void review_free(struct review *review);
void review_free_at(struct review **review);
#define auto_review cleanup_with(review_free_at)

bool review_is_running(const struct review *review);
const char *review_run(const struct review *review);

/* Is there an interrupted commit in the store? The run's id, "" = none. */
void review_pending(const char *runs, char ret_run[32]);

/* How many changes wait to be committed or discarded; those in caches are not among them. */
int review_count(struct review *review, size_t *ret_count, struct error *err) must_check;

/* Each of these. */
struct review_told {
    const char *what, *path; /* "added", ...; on the host */
    const char *from, *kind; /* NULL = not known */
};
int review_each(struct review *review, int (*hear)(void *context, const struct review_told *told, struct error *err), void *context, struct error *err) must_check;

enum review_show { REVIEW_SHOW_TREE = 0, REVIEW_SHOW_DIFF, REVIEW_SHOW_JSON };

/* `paths` are absolute and of the host; 0 of them = all. */
int review_print(struct review *review, const char *const *paths, size_t path_count, enum review_show show, struct text *out,
                 struct error *err) must_check;

struct review_result {
    size_t applied, left; /* changes */
    struct text text;     /* for people: what was not applied and why, line by line */
};

/*
 * Apply changes to the host's files. All of it or nothing, also when it is interrupted at any moment. Where something was
 * changed outside meanwhile nothing is written (ERROR_FORBIDDEN, the lines in result->text) unless `is_forced`, which needs
 * paths. `expected` is a digest that review_print() showed, or NULL: nothing is written where all that waits is not what it was
 * then (ERROR_FORBIDDEN). What was chosen and not applied is an error too, after the rest. The caller gives text back with
 * text_finish().
 */
int review_commit(struct review *review, const char *const *paths, size_t path_count, bool is_forced, const char *expected,
                  struct review_result *ret_result, struct error *err) must_check;

/* Drop changes. Without paths it needs neither what was written down nor the host's directories. */
int review_discard(struct review *review, const char *const *paths, size_t path_count, struct review_result *ret_result,
                   struct error *err) must_check;

/* Every run of the store that waits, newest first; what ended reviews left is removed. */
int review_waiting(const char *runs, struct arena *arena, char ***ret_names, size_t *ret_count, struct error *err) must_check;

/* The same as text or JSON. */
int review_list(const char *runs, bool is_json, struct text *out, struct error *err) must_check;

/* Of a review: where the changes lie and what for (for paths that a caller gave relatively). */
const char *review_workspace(const struct review *review);

#endif
