/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what recorded runs did to a policy that allows it and little more. Pure: nothing here looks at the machine; what a
 * path is, its name and the records say.
 */
#ifndef CORDON_AUTHOR_LEARN_H
#define CORDON_AUTHOR_LEARN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/operation.h"
#include "event/read.h"

#define LEARN_USES_MAX 200000 /* different ones */
#define LEARN_BYTES_MAX ((size_t)256 << 20) /* of different names */
#define LEARN_RUNS_MAX 64
#define LEARN_RULES_MAX 512
#define LEARN_DENIALS_MAX 4096 /* that come along with them */

/* The caller's, as in struct variables; absolute and normalised. */
struct learn_places {
    const char *home, *user;
    const char *workspace;   /* NULL = none */
    const char *caller_path; /* PATH, for filesystem.toolchains; NULL = none */
};

/* One thing that programs did, or tried, so many times. */
struct learn_use {
    enum operation operation;
    const char *kind;         /* of the object as in event_access, NULL = not known */
    const char *named;        /* absolute and not equal to `path`, else NULL: a link leads from it to `path` */
    const char *path;         /* NULL = none is meant */
    const char *text;         /* the object's own words where it has no path: an address, a limit */
    const char *second;       /* RENAME, LINK */
    const char *host;         /* name, or address in digits; NULL = not of a network */
    bool is_address;          /* `host` is one */
    bool is_name_only;        /* it was asked for, and nobody knows what for */
    unsigned port;
    const char *protocol;     /* "tcp", "udp", "icmp" */
    const char *call;         /* system call, NULL = not known */
    const char *exe;          /* who; NULL = not known */
    bool is_refused, is_hidden, is_missing;
    bool is_shut;    /* refused by a rule that denies the name, and not for want of one that grants it */
    bool is_private; /* done to what is the container's own and not the host's */
    unsigned sequence;        /* in the record */
    unsigned run;             /* index into learn_input.runs */
    uint64_t count;
};

struct learn_texts;

/* The last record of a run that was taken in: before the record that is being read, and so far. */
struct learn_seen {
    unsigned before, now;
};

struct learn_input {
    struct arena *arena;
    struct learn_texts *texts;
    struct learn_use *uses; /* mem_resize()d, `room` of them */
    size_t count, room;
    const char **runs; /* run ids */
    size_t run_count;
    struct learn_seen *seen; /* of each run */
    size_t seen_count;
    const char *workspace; /* of all of them; NULL = no record says */
    uint64_t lost; /* so many were not seen while it was recorded */
};

int learn_input_new(struct learn_input **ret_input, struct error *err) must_check;
void learn_input_free(struct learn_input *input);
void learn_input_free_at(struct learn_input **input);
#define auto_learn_input cleanup_with(learn_input_free_at)

/*
 * Take in the rest of a record, of one run or of several. What an earlier call has taken in is passed over, so that a run counts
 * once however often it is given. What says nothing about a policy is passed over, what is damaged is
 * counted in `lost`. On failure what was taken in before stays.
 */
int learn_input_read(struct learn_input *input, struct event_reader *reader, struct error *err) must_check;

enum learn_kind {
    LEARN_EXTENDS = 1, /* text: name of a profile */
    LEARN_READONLY,    /* absolute path */
    LEARN_READWRITE,
    LEARN_CACHE,
    LEARN_DENIED, /* path or pattern; takes away */
    LEARN_TOOLCHAINS,
    LEARN_SOCKET,
    LEARN_HOST, /* name or address */
};

enum learn_confidence { LEARN_LOW = 1, LEARN_MEDIUM, LEARN_HIGH };
const char *learn_confidence_name(enum learn_confidence confidence); /* "low", "medium", "high" */

#define LEARN_PROGRAMS 4
struct learn_evidence {
    uint64_t seen; /* times */
    uint64_t runs; /* bit n: run n */
    size_t objects; /* different ones */
    struct {
        const char *exe;
        uint64_t seen;
    } programs[LEARN_PROGRAMS]; /* those that did most, the first of them most */
    bool has_more_programs;
    bool is_refused; /* some of it was, while it was recorded */
};

struct learn_rule {
    enum learn_kind kind;
    const char *text;
    unsigned port;        /* LEARN_HOST; 0 = every */
    const char *protocol; /* LEARN_HOST */
    bool is_address;      /* LEARN_HOST */
    bool is_tree;         /* of a path: it may be a directory, with more in it than was used */
    bool is_widened;      /* it allows more than was seen: `why` says what it was made from */
    const char *why;      /* one line, or NULL */
    struct learn_evidence evidence;
    enum learn_confidence confidence;
};

/* Not in the policy. */
struct learn_omission {
    enum operation operation;
    const char *text;   /* what: path, host, system call; anything may be in it */
    const char *reason; /* static or in the arena, safe */
    bool is_sensitive;
    struct learn_evidence evidence;
};

struct learned {
    struct arena *arena;
    const struct learn_places *places; /* copied */
    struct learn_rule *rules; /* by kind, then by text */
    size_t rule_count;
    struct learn_rule *proposed; /* hosts that the network refused: rules that are not in force */
    size_t proposed_count;
    bool proposed_is_cut; /* there may be more */
    struct learn_omission *omissions;
    size_t omission_count;
    size_t run_count;
    uint64_t use_count, lost;
};

struct learn_options {
    struct learn_places places;
    bool takes_denied_hosts; /* what the network refused was recorded in order to be granted */
};

/* `input` may be freed afterwards. */
int learn_policy(const struct learn_input *input, const struct learn_options *options, struct learned **ret_learned,
                 struct error *err) must_check;
void learned_free(struct learned *learned);
void learned_free_at(struct learned **learned);
#define auto_learned cleanup_with(learned_free_at)

/* As a document of its own, in YAML. Caller mem_free()s. */
int learned_write(const struct learned *learned, char **ret_text, struct error *err) must_check;

/* What happened to one rule or omission when it met a document of a person. */
struct learn_merge {
    bool had_document;           /* for who calls it: there was one to merge into */
    size_t added, had, kept_out; /* kept_out: a person took it out or narrowed it before */
    char *notes;                 /* a line each; mem_free() */
};

/*
 * The document `text` with the rules of `learned` that it lacks, written in between its own lines, which all stay as they are.
 * What a person took out of a learned policy, or narrowed, stays out (docs/decisions/0177). The result is loaded and compared
 * before it is returned: it allows all that `text` does, and nothing that neither `text` nor learned_write() does.
 */
int learned_merge(const struct learned *learned, const char *name, const char *text, size_t size, char **ret_text,
                  struct learn_merge *ret_merge, struct error *err) must_check;

/* What was learned, left out and is uncertain, for a person; `merge` may be NULL. Caller mem_free()s. */
int learned_summary(const struct learned *learned, const struct learn_merge *merge, char **ret_text, struct error *err) must_check;
/* The same for programs: one object, every rule and omission in it, and `policy` as a text. */
int learned_json(const struct learned *learned, const struct learn_merge *merge, const char *policy, char **ret_text,
                 struct error *err) must_check;

struct learn_confining {
    const char *const *hosts; /* NULL-terminated or NULL: what may be connected to, on every port */
    bool records_hosts;       /* there is a gateway also where nothing may be connected to, which tells what was tried */
    const char *home;
    const char *const *readable; /* paths in the home, NULL-terminated or NULL: what of it is not sensitive may be read */
    bool (*exists)(const char *path); /* is there something of that name? */
};

/*
 * The document in which programs run while it is learned from them: much may be read and the workspace changed, what is
 * sensitive is shut. Caller mem_free()s.
 */
int learn_confinement(const struct learn_confining *confining, char **ret_text, struct error *err) must_check;

#endif
