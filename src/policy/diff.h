/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes possible and what impossible when one policy takes the place of another: exact, in the terms in which
 * policies are decided, not in those in which they are written. Pure, as policy.h.
 */
#ifndef CORDON_POLICY_DIFF_H
#define CORDON_POLICY_DIFF_H

#include "policy/policy.h"

enum difference_kind {
    DIFFERENCE_WIDER = 1, /* possible after, not before */
    DIFFERENCE_NARROWER,  /* possible before, not after */
    DIFFERENCE_UNKNOWN,   /* cannot be compared: it may be both */
    DIFFERENCE_CHANGED,   /* neither more nor less, and yet another run: a value, the command */
};
const char *difference_kind_name(enum difference_kind kind); /* "wider", "narrower", "unknown", "changed" */

enum difference_area {
    AREA_FILES = 1,
    AREA_NETWORK,
    AREA_SECRETS,
    AREA_SYSCALLS,
    AREA_DEVICES,
    AREA_SOCKETS,
    AREA_ENVIRONMENT,
    AREA_LIMITS,
    AREA_ISOLATION,
    AREA_NESTED,
    AREA_UI,
    AREA_PROCESS,
    AREA_OTHER,
};
const char *difference_area_name(enum difference_area area); /* "files", "network", ... */

/* What the rights of AREA_FILES and AREA_NETWORK are, as bits: other areas have none. */
enum difference_right {
    RIGHT_READ = 1,    /* look, list, read, execute */
    RIGHT_WRITE = 2,   /* write, create, delete, rename, link, metadata */
    RIGHT_CONNECT = 4,
    RIGHT_REQUEST = 8, /* some requests over a connection, which `detail` names */
    RIGHT_RESOLVE = 16,
    RIGHT_SPEND = 32, /* more than a budget */
    RIGHT_LAST = 64,  /* longer: what ends later, or not at all */
};

struct words_list {
    const char **items;
    size_t count;
};

struct difference {
    enum difference_kind kind;
    enum difference_area area;
    unsigned rights;
    const char *member;         /* of the document, as "resources.memory"; NULL for files */
    struct words_list subjects; /* patterns (base/glob.h) of paths, each with all below; hosts; names: any of these */
    struct words_list except;   /* but for what these cover */
    const char *detail;         /* "the host's /data under this name", or the sentence of the subset test; or NULL */
    /* AREA_NETWORK: empty = whatever they are */
    struct words_list other_than; /* names that a wildcard covers, and that this is not about */
    struct words_list ports;     /* "443/tcp", "1-1023/udp", "icmp" */
    struct words_list addresses; /* "10.0.0.0/8", "192.0.2.1-192.0.2.7", "every public address" */
    struct words_list programs;  /* paths or names; NULL is not among them */
    struct words_list methods, paths, calls; /* of requests; `except` are paths then */
    const char *witness;        /* one of the things themselves, or NULL */
    const char *before, *after; /* values, with obvious secrets as "***", or NULL */
    const char *before_rule, *after_rule; /* "a.yaml:3:5: filesystem.readonlyPaths[0]"; NULL = no rule says so */
};

struct policy_diff {
    struct difference *items; /* wider ones first */
    size_t count;
    bool has_wider, has_narrower, has_unknown, has_changed;
};

/* Into the arena. What passes the bounds is an item of kind DIFFERENCE_UNKNOWN. ERROR_MEMORY. */
int policy_diff(struct arena *arena, const struct policy *before, const struct policy *after, struct policy_diff *ret_diff,
                struct error *err) must_check;

/* `home` (or NULL) is written "~" in the text. Caller mem_free()s. */
int policy_diff_text(const struct policy_diff *diff, const char *home, char **ret_text, struct error *err) must_check;
int policy_diff_json(const struct policy_diff *diff, char **ret_json, struct error *err) must_check;

#endif
