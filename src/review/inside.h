/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this part share. */
#ifndef CORDON_REVIEW_INSIDE_H
#define CORDON_REVIEW_INSIDE_H

#include <sys/stat.h>

#include "base/digest.h"
#include "base/json.h"
#include "review/review.h"

#define RUN_NAME_SIZE 32
#define STATE_SIZE_MAX ((size_t)256 << 20)
#define STAGE_PREFIX   ".cordon-commit-" /* and the run: in a tree's own directory while it is being committed */
#define HERE_NAME      "review" /* in the run's directory */
#define LOG_NAME       "commit.log"
#define DONE_NAME      "done"
#define NOTES_NAME     "notes"
#define CHANGES_NAME   "changes.log"

/* ---- fields.c: records of NUL-terminated fields with a digest at the end ---- */

void field_put(struct text *out, const char *text);
void field_put_number(struct text *out, uint64_t number);

struct fields {
    const char *at, *end;
    bool is_bad; /* something was missing; what is read then is "" and 0 */
};

const char *field_text(struct fields *fields);
uint64_t field_number(struct fields *fields);

/* All of it or what was there before; with `is_synced` also after a loss of power. `out` is taken. */
int fields_save(int directory, const char *name, struct text *out, bool is_synced, struct error *err) must_check;
/* *ret_data is the caller's and holds what *ret_fields reads. -ENOENT without `err` where there is none. */
int fields_load(int directory, const char *name, char **ret_data, struct fields *ret_fields, struct error *err) must_check;

/* ---- place.c: names below a directory, through no link and into no other file system ---- */

int place_open(int root, const char *path, int flags);
/* The directory that holds `path`, and its last part. */
int place_open_parent(int root, const char *path, const char **ret_name);
/* The object at a name; false = there is none. */
bool place_stat(int root, const char *path, struct stat *ret_st);
/* When it was made; 0 = the file system does not say. */
uint64_t place_born_ns(int fd);
uint64_t time_ns(const struct timespec *time);
/* With everything in it, which may have forbidden its owner to look. Best effort. */
void place_remove_tree(int directory, const char *name);

/* ---- the review itself (state.c) ---- */

enum change_type { CHANGE_ADDED = 1, CHANGE_CONTENT, CHANGE_DELETED, CHANGE_MODE };

struct object {
    mode_t mode; /* 0 = nothing is there */
    uid_t uid;
    gid_t gid;
    nlink_t links;
    uint64_t inode, size, modified_ns, changed_ns;
};

/* Who changed a name, when. */
struct act {
    const char *exe; /* NULL = nobody saw it */
    unsigned process;
    uint64_t time_ns;
};

struct change {
    enum change_type type;
    unsigned tree;
    const char *path; /* below the tree */
    const char *from; /* CHANGE_ADDED: it was called so before, NULL = not known */
    size_t pair;      /* the other half of a renaming: its number + 1, 0 = none */
    const char *link; /* where a new symbolic link leads */
    struct object before, after;
    struct act first, last;
    const char *refused;  /* why it is never applied, NULL = it may be */
    const char *conflict; /* what was changed outside, or cannot be kept, NULL = nothing */
    bool loses_group;     /* the conflict, or a part of it */
    uint64_t staged_inode; /* of what a commit prepared for it */
};

/* What the log of the run says of a name. */
struct told {
    const char *name;
    struct act first, last;
    struct object before; /* the first time */
    bool is_before_known;
    const char *from, *to; /* it was renamed from, to; last one */
    struct told *next;
};

#define TOLD_BUCKETS 65536

struct review {
    struct arena *arena;
    char run[RUN_NAME_SIZE];
    char *runs_path;
    int runs, run_directory; /* the store, the run's directory in it */
    int directory;           /* where the changes are */
    const char *path;        /* the same by name */
    bool is_elsewhere;       /* not in the run's directory */
    bool is_running;
    struct error stuck; /* kind 0 = nothing: why all that can be done is to drop it */
    uint64_t started_ns;
    const char *workspace, *command;
    bool folds_names;
    struct review_tree *trees;
    size_t tree_count;
    struct review_rule *rules;
    size_t rule_count;
    const char **done; /* "tree/path" that were committed or discarded, sorted */
    size_t done_count;
    struct change *changes;
    size_t change_count;
    bool is_looked;
    struct told **told; /* TOLD_BUCKETS, NULL = not read */
    bool has_lost_told;
    const struct owners *owners; /* NULL = nobody asked */
};

int state_open_run(const char *runs_path, const char *run_id, int *ret_runs, int *ret_run, struct error *err) must_check;
int state_list_waiting(int runs, struct arena *arena, char ***ret_names, size_t *ret_count, struct error *err) must_check;

int review_looked(struct review *review, struct error *err) must_check; /* look.c: fill `changes` once */
int review_root(const struct review *review, unsigned tree, struct error *err) must_check; /* state.c: the host's, compared */
int review_upper(const struct review *review, unsigned tree, struct error *err) must_check;
bool review_is_done(const struct review *review, unsigned tree, const char *path);
bool review_has_done_below(const struct review *review, unsigned tree, const char *path);
int review_add_done(struct review *review, const struct change *const *changes, size_t count, struct error *err) must_check;
int review_finish(struct review *review, struct error *err) must_check; /* nothing waits any more */
const char *review_name_inside(const struct review *review, struct arena *arena, const struct change *change);
const char *review_name_outside(const struct review *review, struct arena *arena, const struct change *change);
bool review_is_chosen(const struct review *review, const struct change *change, const char *const *paths, size_t count);

/* What is named, and the other half of each renaming; `ret_chosen` has room for all changes. */
void review_choose(const struct review *review, const char *const *paths, size_t count, bool *ret_chosen);
bool change_makes_directory(const struct change *change);
bool change_is_below(const struct change *change, const struct change *directory);

void object_of(const struct stat *st, struct object *ret_object);

bool owner_can_be_given(struct review *review, uid_t user); /* owners.c */
bool group_can_be_given(struct review *review, gid_t group);

int told_read(struct review *review, struct error *err) must_check; /* told.c */
struct told *told_find(const struct review *review, const char *name);
void told_apply(struct review *review, struct change *change, const char *name);

void judge_change(struct review *review, struct change *change, const char *name); /* judge.c */
/* Nothing is applied in a directory that is not. */
void judge_nested(struct review *review);
/* A name that is told as gone and lies where something came or went outside: did the program ever see it? */
void judge_unseen(const struct review *review, struct change *change, const char *name);

/* renames.c: `name` of the layer and `other` of the host hold the same, permissions aside */
bool is_same_object(int upper, const char *name, const struct stat *st, int lower, const char *other, const struct stat *before);
int renames_match(struct review *review, struct error *err) must_check;

int commit_recover(struct review *review, const char **ret_recovered, struct error *err) must_check; /* redo.c */

void notes_print(struct text *out, const struct review *review); /* notes.c */
void notes_json(struct json *json, const struct review *review);

const char *object_kind(mode_t mode); /* show.c */
const char *change_name(const struct change *change);
int show_json(struct text *out, const struct review *review, struct change *const *changes, size_t total, struct error *err) must_check;

/* bound.c: "" while the run is under way */
int bound_digest(const struct review *review, char ret_text[DIGEST_TEXT_SIZE], struct error *err) must_check;
int bound_check(const struct review *review, const char *expected, struct error *err) must_check; /* NULL = as it may be */

int diff_print(struct text *out, const char *old_text, size_t old_size, const char *new_text, size_t new_size,
               struct error *err) must_check; /* diff.c */

#endif
