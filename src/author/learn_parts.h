/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of learning. */
#ifndef CORDON_AUTHOR_LEARN_PARTS_H
#define CORDON_AUTHOR_LEARN_PARTS_H

#include "author/learn.h"
#include "base/path.h"
#include "base/text.h"
#include "policy/policy.h"

/* learn_texts.c. The arena's; NULL without memory. */
struct learn_texts *learn_texts_new(struct arena *arena);
/* The one copy of `text`. ERROR_LIMIT beyond LEARN_BYTES_MAX. */
int learn_text_keep(struct learn_texts *texts, const char *text, const char **ret_text, struct error *err) must_check;

/* Numbers of records: what is too much for one stays the most there is. */
uint64_t learn_count_add(uint64_t a, uint64_t b);

/* Where a path lies, for a policy. */
enum learn_place {
    LEARN_PLACE_BUILTIN = 1, /* /proc, /dev: there without a rule, or never */
    LEARN_PLACE_PRIVATE,     /* /tmp and its like: private to each run */
    LEARN_PLACE_WORKSPACE,
    LEARN_PLACE_CACHE, /* one of those that profiles name */
    LEARN_PLACE_TOOLCHAIN,
    LEARN_PLACE_HOME,
    LEARN_PLACE_SYSTEM,
};

/* The profiles as documents, and the paths that they name. */
struct learn_map {
    struct arena *arena;
    struct learn_places places;
    struct document *base;
    struct document *profiles[16]; /* candidates, NULL-terminated; names in document->name */
    struct document *agent;        /* coding-agent, for its caches */
    struct document *guarded;      /* the workspace writable but for its protected names; NULL = there is none */
};

int learn_map_init(struct learn_map *map, struct arena *arena, const struct learn_places *places, struct error *err) must_check;
enum learn_place learn_map_place(const struct learn_map *map, const char *path);

/* The tree by which `path` is known: a cache, fonts, certificates, ...; NULL = none, or without memory. */
const char *learn_map_cache(const struct learn_map *map, const char *path);
const char *learn_map_tree(const struct learn_map *map, const char *path);

/* May the tree below `directory` be granted because several things in it were used? Not what is everybody's, nor a home. */
bool learn_map_may_widen(const struct learn_map *map, const char *directory);

/* The profile that programs of this name want for its settings, NULL = none. */
const char *learn_map_program(const char *exe);

/* Is this component of a path another one in each run? A pattern that says how is appended to `pattern` (may be NULL). */
bool learn_name_varies(const char *name, size_t length, struct text *pattern);

/* Why nobody should learn to allow it, NULL = nothing is known. */
const char *learn_sensitive(const struct learn_places *places, const char *path);
/* Why nothing at, above or below `path` should be writable: a program outside executes or obeys it. NULL = it may be. */
int learn_obeyed(struct arena *arena, const struct learn_places *places, const char *path, const char **ret_why) must_check;
/* Can a document say it, with ${workspace} and ${home} for what they stand for? */
bool learn_name_can_be_written(const struct learn_places *places, const char *path);
/* A pattern that covers this path, whatever is in its name: it may be denied where nothing is there yet. NULL without memory. */
const char *learn_name_pattern(struct arena *arena, const char *path);

/* What is in what the rule grants, into `texts` (paths and patterns for deniedPaths). */
int learn_sensitive_below(struct arena *arena, const struct learn_places *places, const struct learn_rule *rule,
                          const char ***texts, size_t *count, struct error *err) must_check;

/* A list of uses in the arena. */
int learn_add_use(struct arena *arena, const struct learn_use ***list, size_t *count, const struct learn_use *use,
                  struct error *err) must_check;

/* One use's need of one path. */
struct learn_need {
    const char *path; /* must be granted, itself or by something above it */
    bool is_write;
    bool is_entry;    /* write: a name in `path` is made or removed, so that nothing below `path` will do */
    enum learn_place place;
    const struct learn_use *use;
};

/* What uses need; what no rule should give is in learned->omissions. */
struct learn_needs {
    struct learn_need *items;
    size_t count;
    const struct learn_use **hosts, **proposed, **sockets;
    const struct learn_use **shut; /* left out, and to be denied where a tree around them is granted */
    size_t host_count, proposed_count, socket_count, shut_count;
};
int learn_needs_find(struct learn_map *map, const struct learn_input *input, const struct learn_options *options,
                     struct learned *learned, struct learn_needs *ret_needs, struct error *err) must_check;

/* Left out, with this use as evidence. `reason` is kept. */
int learn_omit(struct learned *learned, const struct learn_use *use, const char *text, const char *reason, bool is_sensitive,
               struct error *err) must_check;
void learn_omissions_fold(struct learned *learned);

/* Rules about files for the needs of HOME, SYSTEM, WORKSPACE, CACHE and TOOLCHAIN. */
int learn_tree_rules(struct learn_map *map, struct learn_needs *needs, struct learned *learned, struct error *err) must_check;

/* The rule of this kind and text, made where it is not there. It stays where it is. */
int learn_rule_get(struct learned *learned, enum learn_kind kind, const char *text, struct learn_rule **ret_rule,
                   struct error *err) must_check;

/* What the written policy refuses of what was needed becomes an omission: protected names, and whatever else. */
int learn_check(const struct learn_needs *needs, struct learned *learned, struct error *err) must_check;

/* Load a document as the caller's request. */
int learn_load(struct arena *arena, const struct learn_places *places, const char *name, const char *text, size_t size,
               struct document **ret_document, struct error *err) must_check;

void learn_evidence_add(struct learn_evidence *evidence, const struct learn_use *use);
void learn_evidence_write(struct text *out, const struct learn_evidence *evidence, size_t run_count);

/* A rule as an item of a list in YAML, and as a line of `learned`. */
void learn_rule_item(struct text *out, const struct learned *learned, const struct learn_rule *rule);
void learn_rule_token(struct text *out, const struct learned *learned, const struct learn_rule *rule);
/* Bytes of a program's choice in a comment: made visible, in one line, and cut. */
void learn_add_visible(struct text *out, const char *text);
/* As it is written in a document: with variables for the workspace and the home. */
void learn_add_spelled(struct text *out, const struct learn_places *places, const char *path);
/* Why it is no surer, or as sure as it is. */
const char *learn_confidence_reason(const struct learned *learned, const struct learn_rule *rule);
void learn_rule_comment(struct text *out, const struct learned *learned, const struct learn_rule *rule, const char *indent);
#define LEARN_PROTECTION "# hooks, configuration and other names that programs outside obey\nprotectBuiltin: true\n"
/* The members that the lists of a kind are in: "filesystem", "readonlyPaths", NULL. */
const char *const *learn_kind_members(enum learn_kind kind);

/*
 * Does `after` allow nothing that neither `before` nor the learned policy as a document of its own does? ERROR_INVALID names one
 * such thing. Exact but for files, of which each rule must be of one of the two, and one path of each kind of gain is looked at.
 */
int learn_check_bound(const struct learned *learned, struct arena *arena, const struct document *before, const struct document *after,
                      const char *name, struct error *err) must_check;

/*
 * Put `lines` (whole lines without indentation; of a list an item "- ...", with its comment above) in front of what is in the
 * list or map that `members` lead to, in a document in block style. Members that are missing are made. A list in one line takes
 * the item into its brackets. *ret_text is the caller's to mem_free(). ERROR_INVALID: a map on the way is written in one line.
 */
int learn_edit_insert(const char *text, const char *const *members, const char *lines, char **ret_text,
                      struct error *err) must_check;
/*
 * Take out the line `item` (with its end) of the list that `members` lead to, and its line of evidence; with the last item the
 * list. 1 = *ret_text is the caller's, 0 = it is not there in this form.
 */
int learn_edit_remove(const char *text, const char *const *members, const char *item, char **ret_text,
                      struct error *err) must_check;

#endif
