/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the evaluator only. A question is answered in two steps: what surrounds a name (spot.c, by the plan's mounts and
 * patterns), and what that means for an operation (files.c, changes.c, in_place.c). Nothing here allocates after
 * plan_index_new().
 */
#ifndef CORDON_POLICY_ASK_ASK_H
#define CORDON_POLICY_ASK_ASK_H

#include <limits.h>

#include "base/hash.h"
#include "base/memory.h"
#include "policy/question.h"

#define ASK_STATES_MAX 16384 /* of the patterns' automaton */
#define ASK_WORDS      (ASK_STATES_MAX / 64)

/* Texts to what they mean, found by prefixes of a path: open addressing, never full. */
struct ask_entry {
    const char *text;
    size_t length;
    uint64_t hash;
    const void *value;
};
struct ask_table {
    struct ask_entry *entries;
    size_t size; /* a power of two */
};

static inline uint64_t ask_hash(const char *text, size_t length)
{
    return hash_mix(HASH_START, text, length);
}
int ask_table_init(struct arena *arena, struct ask_table *table, size_t count, struct error *err) must_check;
/* A text that is there already gets the new value. */
void ask_table_put(struct ask_table *table, const char *text, size_t length, const void *value);
const void *ask_table_find(const struct ask_table *table, const char *text, size_t length, uint64_t hash);
/* The deepest entry that is `path` or a directory above it. */
const struct ask_entry *ask_table_deepest(const struct ask_table *table, const char *path, size_t length);

/* names.c: patterns over names as process 1 keeps them. */
struct ask_names;
int ask_names_new(struct arena *arena, const struct plan *plan, struct ask_names **ret_names, struct error *err) must_check;

/* Where a path stands among the patterns. */
struct ask_stand {
    uint64_t live[ASK_WORDS];
    const struct plan_name *kept, *old; /* that cover it, NULL = none does */
};
void ask_names_walk(const struct ask_names *names, const char *path, struct ask_stand *ret_stand);
/* The same without the states: enough for what does not move. */
void ask_names_look(const struct ask_names *names, const char *path, const struct plan_name **ret_kept,
                    const struct plan_name **ret_old);
/* Could something below be covered at `a` that is not at the same place below `b`? */
bool ask_names_differ(const struct ask_names *names, const struct ask_stand *a, const struct ask_stand *b);

struct plan_index {
    const struct plan *plan;
    struct arena *arena;
    struct ask_table mounts;  /* target to struct plan_mount */
    struct ask_table sources; /* host path of a bind or pin to the first of struct ask_source */
    struct ask_table denied;  /* path that a rule denies and that is absent, to its struct origin */
    struct ask_table ways;    /* text of a network rule's origin to its struct origin */
    struct ask_table programs; /* path of a program to its struct net_program */
    struct ask_names *names;  /* NULL = process 1 keeps none */
    const struct plan_mount **views; /* shown for writing under another name than its own: patterns about either hold for both */
    size_t view_count;
    struct plan_call *calls;  /* by number, NULL = not told */
    size_t call_count;
};

struct ask_source {
    const struct plan_mount *mount;
    const struct ask_source *next; /* the same source elsewhere */
};

/* What a name is, by what surrounds it. */
enum ask_kind {
    ASK_ABSENT = 1, /* nothing grants it */
    ASK_FRAME,      /* a directory of the plan's, that nobody writes */
    ASK_PASSAGE,    /* the same, that cannot be listed */
    ASK_LINK,       /* a symbolic link of the plan's */
    ASK_READ,       /* of the host, not to be changed */
    ASK_WRITE,
    ASK_PRIVATE,
    ASK_DEVICE,
    ASK_SOCKET,
    ASK_OWN_FILE,   /* written by the plan */
    ASK_MASK,       /* listed and shut */
    ASK_SHUT,       /* below one that is */
    ASK_PROCESS,    /* of /proc: of a process */
    ASK_MACHINE,    /* of /proc: of the machine, readable */
};

struct ask_spot {
    enum ask_kind kind;
    const struct plan_mount *mount; /* that the name lies in, NULL = none */
    const void *tree;               /* two names with another one lie in different mounts of the kernel's */
    bool is_top;                    /* the name is where something is mounted */
    bool is_made;                   /* ASK_PRIVATE: a directory that the plan makes on the way to what is mounted below */
    const struct origin *origin;    /* of the rule */
    const struct origin *denied;    /* ASK_ABSENT, ASK_PRIVATE: a rule denies what the host has there, NULL = none needs to */
};

struct ask {
    const struct plan_index *index;
    const struct question *question;
    const char *path, *second; /* the question's, without links of the plan's on the way */
    struct judged *judged;
};

void ask_spot(const struct plan_index *index, const char *path, struct ask_spot *ret_spot);
/* Of the directory that the name is in. */
void ask_spot_around(const struct plan_index *index, const char *path, struct ask_spot *ret_spot);
/*
 * `path` without the plan's links on the way, with `is_followed` at the end too: itself, or `buffer`. NULL = too long, or
 * in a circle.
 */
const char *ask_follow(const struct plan_index *index, const char *path, bool is_followed, char buffer[PATH_MAX]);

/* index.c: `path` below `from` as it is called below `to`; into `ret_path` (PATH_MAX). */
bool ask_rebase(const char *path, const char *from, const char *to, char *ret_path);

/* Verdicts. */
void ask_allow(const struct ask *ask, const struct origin *origin, const char *reason);
/* The same of a file: where it is the run's own and not the one of this name outside, the reason says so. */
void ask_allow_at(const struct ask *ask, const struct ask_spot *spot, const struct origin *origin);
void ask_refuse(const struct ask *ask, enum mechanism first, enum mechanism behind, int errnum, const struct origin *origin,
                const char *reason);
void ask_depend(const struct ask *ask, const struct origin *origin, const char *reason);
/* There is nothing of that name inside. */
void ask_missing(const struct ask *ask, const struct ask_spot *spot);
/* In words, by the rule that it comes from. */
const char *ask_why(const struct origin *origin, const char *otherwise);

/* Do patterns keep `path` as it is? Then the verdict is said. */
bool ask_is_kept(const struct ask *ask, const char *path, const struct ask_spot *spot);
/* What refuses a change of what lies in something read-only. */
void ask_refuse_change(const struct ask *ask, const struct ask_spot *spot);

void ask_file(const struct ask *ask);     /* files.c: LOOK to WRITE, METADATA, EXECUTE */
void ask_change(const struct ask *ask);   /* changes.c: CREATE, DELETE, RENAME, LINK */
void ask_in_place(const struct ask *ask); /* in_place.c: all of them, PLAN_WALL_LANDLOCK */
void ask_socket(const struct ask *ask);   /* sockets.c: CONNECT, BIND */

#endif
