/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record of one run: cordon-event/1, JSON Lines, into the run store and where the caller wants
 * it beside that. Every record is complete when its call returns. event/read.h reads it back. docs/events.md names every member.
 */
#ifndef CORDON_EVENT_EVENT_H
#define CORDON_EVENT_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "base/operation.h"

/* 26 characters of lower-case base32 (Crockford's digits): 48 bits of ms since 1970, then 80 random
 * bits. Sorts by time. */
#define RUN_ID_LENGTH 26
#define RUN_ID_SIZE   (RUN_ID_LENGTH + 1)

int run_id_new(char ret_id[RUN_ID_SIZE], struct error *err) must_check;
bool run_id_is_valid(const char *text);
bool run_id_is_prefix(const char *text); /* a valid one begins like that; not "" */
uint64_t run_id_ms(const char *id);      /* since 1970; of a valid one */

/* Bounds of the record. */
#define EVENT_RUN_BYTES_MAX ((size_t)40 << 20) /* one run's file: the largest records fit */
#define EVENT_NETWORK_BYTES_MAX ((size_t)6 << 20) /* of these for what passes the gateway, */
#define EVENT_NETWORK_MAX       20000             /* and so many records; the rest is counted */
#define EVENT_ACCESS_BYTES_MAX ((size_t)8 << 20) /* and for access.denied, */
#define EVENT_ACCESS_MAX        20000             /* so many that differ; the rest is counted */
#define EVENT_KIND_BYTES_MAX   ((size_t)128 << 10) /* of each operation, when these are used up by others: */
#define EVENT_KIND_MAX          200
#define EVENT_EXEC_BYTES_MAX ((size_t)4 << 20) /* and for exec.started and exec.exited, */
#define EVENT_EXEC_MAX          20000             /* and so many records; the rest is counted */
#define EVENT_USES_BYTES_MAX   ((size_t)16 << 20) /* and for access.used, which take no room from refusals */
#define EVENT_USES_MAX          30000
#define EVENT_REVIEW_BYTES_MAX ((size_t)2 << 20) /* and for review.changed, */
#define EVENT_REVIEW_MAX        5000              /* and so many records; the rest is counted */
#define EVENT_ARGS_MAX      64                /* arguments that run.started shows */
#define EVENT_TEXT_MAX      1024              /* bytes of each, and of each loss, layer, warning */
#define EVENT_ITEMS_MAX     128               /* losses, layers, warnings that are shown */
#define EVENT_VALUE_MAX     256               /* bytes of a finding's key and of its value */
#define EVENT_RUNS_MAX      1024              /* runs that the store keeps */
#define EVENT_RUNS_SLACK    64                /* beyond that before the oldest are dropped */
#define EVENT_STALL_MS      5000              /* a reader of events may stand still that long */

/*
 * Somebody in this process who hears every record, complete and with its newline, once it is where else it goes. `begin` may make a context for
 * the run, whose store is in `runs` (NULL = none); `done` ends it. What `hear` fails with, the writing of the record fails with. All of it
 * outlives the log.
 */
struct event_recorder {
    void *owner;
    int (*begin)(void *owner, const char *run, const char *runs, void **ret_context, struct error *err);
    /* Records of this run are this one's, by its full name; those of any other are refused. NULL = whoever writes them is believed. */
    int (*expect)(void *context, const char *identity, struct error *err);
    int (*hear)(void *context, const char *line, size_t size, struct error *err);
    void (*done)(void *context);
    /* Wait, not for ever, until all that was heard is where nobody changes it. NULL = it cannot say. What it fails with, is not done. */
    int (*settle)(void *context, struct error *err);
    /* The same without waiting: *ret_at is what is_settled() is asked about, by and by. NULL = settle() waits. */
    int (*settle_later)(void *context, uint64_t *ret_at, struct error *err);
    bool (*is_settled)(void *context, uint64_t at);
};

struct event_options {
    const struct event_recorder *recorder; /* NULL = nobody */
    const char *runs_directory; /* the run store, made when missing (0700); NULL = none */
    int fd;                     /* also to this descriptor, the caller's; -1 = none */
    const char *file;           /* also appended to this file, made with 0600; NULL = none */
};

struct event_log;

/* The same in two steps: a name, and later everything that the record goes to. What is written in between fails. */
int event_log_name(struct event_log **ret_log, struct error *err) must_check;
int event_log_begin(struct event_log *log, const struct event_options *options, struct error *err) must_check;

/* Between the two, where that will most likely be the store: begin() is quicker then. What cannot be prepared begin() meets again. */
void event_log_prepare(struct event_log *log, const char *runs_directory);
/* One that was named long before it begins: runs are in the order of their names. */
int event_log_name_anew(struct event_log *log, struct error *err) must_check;

/*
 * Name a run and open everything that its record goes to, so that a store that cannot be written
 * stops the launch. Nothing is written yet, but when one of them cannot be opened: then run.failed,
 * to the others.
 */
int event_log_open(const struct event_options *options, struct event_log **ret_log,
                   struct error *err) must_check;

/* Close. Drops the oldest runs when the store holds too many. */
void event_log_free(struct event_log *log);
void event_log_free_at(struct event_log **log);
#define auto_event_log cleanup_with(event_log_free_at)

/*
 * What is recorded from here on has not happened yet (audit.mode: required): it is marked as pending, and goes to the recorder alone. event_settle() ends
 * that: 0 where the recorder says that it is there for good. `status`: of what was recorded in between.
 */
void event_pending(struct event_log *log);
int event_settle(struct event_log *log, int status, struct error *err) must_check;
/* Likewise, without waiting. */
int event_settle_later(struct event_log *log, int status, uint64_t *ret_at, struct error *err) must_check;
bool event_is_settled(const struct event_log *log, uint64_t at);

const char *event_log_run_id(const struct event_log *log);

/* Drop the record of this run, unless it is under way or its changes wait for a review. true = it is gone. */
bool event_run_drop(const char *runs_directory, const char *run_id);

struct event_named {
    const char *name;
    const char *text;
};

/* One of the ways in which a run is watched. */
struct event_source {
    const char *name;
    unsigned sees;     /* bit 1 << enum operation */
    const char *blind; /* what of these it cannot see; NULL = "" */
};
#define EVENT_SOURCES_MAX 16

/* Who the container is (src/identity), and by what the kernel can tell that a process is one of its own. */
#define EVENT_PROOFS_MAX 8
struct event_identity {
    const char *name, *class_name, *instance;
    const char *host_from; /* "machine-id"; "state": this machine has none, and its user's state does */
    const char *actor;     /* "agent", "human", "system", "delegated-human" */
    uint32_t sponsor_uid;  /* on whose behalf, as the kernel has it */
    const char *sponsor_name, *sponsor_declared; /* of that uid; as the policy says it. NULL = none */
    const char *proof[EVENT_PROOFS_MAX]; /* "loginuid", "uid", "cgroup", "pidfd", or "process" alone */
    size_t proof_count;
    const char *service; /* whose runs it: "none", "user", "system"; NULL = not known: of an older record */
    const char *unproved[EVENT_PROOFS_MAX]; /* what of it is therefore not proved: "signatures", "records", "audit", "files", "descendants" */
    size_t unproved_count;
    bool has_kernel; /* what the kernel knows it by was made for it: */
    int64_t uid, login_uid, session; /* outside; -1 = none of its own */
    const char *cgroup;              /* below the root of each hierarchy; NULL = none */
    const char *as_caller;           /* why its uid is the caller's all the same; NULL = it is not, or nobody could have changed that */
};

struct event_started {
    const char *policy, *policy_digest, *plan_digest, *tier, *mechanism, *network, *workspace;
    const char *terminal;    /* "own", "caller", "none" */
    const char *const *argv; /* redacted here */
    int64_t pid;             /* of the first process, outside */
    uint64_t timeout_ms;     /* 0 = none */
    const char *const *layers;
    size_t layer_count;
    const char *const *warnings;
    size_t warning_count;
    const struct event_named *losses;
    size_t loss_count;
    const struct event_source *sources; /* at most EVENT_SOURCES_MAX are shown */
    size_t source_count;
    bool is_review; /* what it changes in the workspace waits to be looked at */
    const char *audit_arguments, *audit_paths; /* how they stand in an audit log: "salted", "sealed"; NULL = in clear */
    const struct event_identity *identity; /* NULL = not known: of an older record */
    const char *parent;                    /* run id of the container around, NULL = none */
};

struct event_exited {
    const char *end; /* "exited", "signaled", "timeout", "limit", "lost", "abandoned" */
    int code;        /* exit status or signal */
    int exit_status; /* as `cordon run` exits */
    bool is_oom_killed;
    bool has_times, has_rss; /* user_us and system_us, max_rss_bytes are known */
    uint64_t wall_us, user_us, system_us, max_rss_bytes, output_bytes;
};

/* A program in a container that stands. */
struct event_exec {
    uint64_t number; /* of the program, from 1 */
    const char *const *argv; /* NULL-terminated */
    const char *directory;   /* inside */
    const char *terminal;    /* "own", "caller", "none" */
    unsigned pid;            /* inside */
    uint64_t timeout_ms;     /* 0 = none */
};

/* Something that the program left behind and that the caller's own programs would act on. */
struct event_finding {
    const char *kind; /* "git.key", "git.hook", ... */
    const char *path;
    const char *key, *value; /* NULL = none */
    const char *text, *remedy;
};

/* One decision of the gateway, or what became of it. Text that is NULL or empty, and 0, is none. */
struct event_network {
    const char *type; /* "network.connected", "network.denied", ... */
    uint64_t connection;
    const char *protocol, *address, *name, *rule, *reason;
    unsigned port;
    unsigned pid;              /* inside */
    const char *exe, *program; /* what that process executes; whom of the rules' programs it was told as */
    bool has_request;          /* it is about one: */
    const char *method, *path; /* without query */
    const char *call, *tool;   /* of JSON-RPC, MCP: what its body calls */
    unsigned status;           /* of the answer */
    const char *secret;        /* whose placeholder it was */
    int errnum;
    uint64_t bytes_up, bytes_down, duration_us;
};

/* One process of a record; `pid` 0, texts NULL and `host_pid` 0 where nobody knows. */
struct event_process {
    unsigned pid;    /* inside */
    int64_t host_pid; /* outside */
    const char *exe;
    const char *const *argv; /* NULL-terminated, redacted here; NULL = not known */
};

#define EVENT_PARENTS_MAX 8

/*
 * access.denied: something was refused, told where it was refused. access.used: where everything is watched, something that
 * was let through. Equal ones (all but pids, command line, parents, count and time) are one record; how often more they came is
 * told at the end (access.repeated).
 */
struct event_access {
    const char *type; /* "access.denied", "access.used" */
    enum operation operation;
    const char *kind;         /* of the object: "file", "directory", "device", "socket", "address", "process", "syscall", "limit" */
    const char *named;        /* as the program named it */
    const char *path;         /* as resolved, inside; of an address or a limit its text */
    const char *second_named, *second; /* RENAME, LINK */
    const char *outside;      /* the same object's name on the host, NULL = it has none */
    bool is_hidden;           /* it exists outside, and the plan hides it */
    const char *call;         /* system call */
    const char *args;         /* decoded, one line */
    int errnum;
    struct event_process process;
    struct event_process parents[EVENT_PARENTS_MAX]; /* from the parent up; without argv */
    size_t parent_count;
    const char *rule;   /* file, line, member; NULL = no rule names it */
    const char *layer;  /* mechanism that refused */
    const char *source; /* who saw it */
    const char *reason; /* one line */
    uint64_t count;     /* so many at once; 0 = 1 */
};

/*
 * Somebody is asked (approval.asked) while the program waits, and answers, or does not (approval.answered): "once", "run", "rule",
 * "deny"; "timeout"; "withdrawn": nobody waits any more; "changed": allowed, and it was no longer what had been asked about.
 */
struct event_approval {
    uint64_t number; /* of the question, from 1 */
    const char *digest;
    enum operation operation;
    const char *path, *named; /* of the host, without links; as the program named it */
    const char *name, *address; /* CONNECT, over TCP: NULL = none is known */
    unsigned port;              /* 0 = it is about a file */
    unsigned pid;             /* inside */
    const char *exe;
    const char *rule; /* that would allow it, or that was written; NULL = none */
    uint64_t timeout_ms;
    uint64_t until_ms; /* allowed until then, since 1970; 0 = without an end */
    const char *answer;
    bool has_uid; /* a person answered: */
    unsigned uid;
    uint64_t count; /* so many calls that waited got this answer */
};

/* A budget is used up. Not many: each is told once. */
struct event_budget {
    uint64_t connection; /* that met it first, 0 = none */
    const char *rule, *kind;
    uint64_t limit;
    bool ends_run;
};

int event_run_started(struct event_log *log, const struct event_started *started,
                      struct error *err) must_check;
int event_run_failed(struct event_log *log, const struct error *failure,
                     struct error *err) must_check;
int event_limit_reached(struct event_log *log, const char *member, uint64_t limit,
                        struct error *err) must_check;
int event_run_timeout(struct event_log *log, const char *member, uint64_t timeout_ms,
                      struct error *err) must_check;
int event_run_finding(struct event_log *log, const struct event_finding *finding, struct error *err) must_check;
/* The same members, into a JSON object that is open. */
void event_finding_members(struct json *json, const struct event_finding *finding);
int event_network(struct event_log *log, const struct event_network *network, struct error *err) must_check;
bool event_network_has_room(const struct event_log *log); /* else the next one is only counted */
int event_network_budget(struct event_log *log, const struct event_budget *budget, struct error *err) must_check;
/* The time of a rule is over: until when it granted, ms since 1970. */
int event_grant_ended(struct event_log *log, const char *rule, uint64_t until_ms, struct error *err) must_check;
/* Told of, and not seen: in the number that event_network_end() writes, if there is one. */
void event_network_lost(struct event_log *log, uint64_t count);
int event_network_end(struct event_log *log, struct error *err) must_check;
/* Equal to one that is recorded: counted. Beyond the bounds: counted as lost. */
int event_access(struct event_log *log, const struct event_access *access, struct error *err) must_check;
/* So many were not seen, or not told, by this source. */
void event_access_lost(struct event_log *log, const char *source, uint64_t count);
/* access.repeated and access.lost, before run.exited. */
int event_access_end(struct event_log *log, struct error *err) must_check;
int event_approval_asked(struct event_log *log, const struct event_approval *approval, struct error *err) must_check;
int event_approval_answered(struct event_log *log, const struct event_approval *approval, struct error *err) must_check;
/* The caller gave the container less; 0 = that is as it was. */
int event_container_updated(struct event_log *log, uint64_t memory, uint64_t pids, uint64_t cpu_milli, struct error *err) must_check;
/* What a reviewed run left to be looked at: each change, and, before run.exited, how many stand in no record (`why`: and why; NULL = for lack of room). */
struct event_change {
    const char *what, *path; /* "added", "changed", "deleted", "mode", "renamed"; on the host */
    const char *from, *kind; /* NULL = not known */
};
int event_review_changed(struct event_log *log, const struct event_change *change, struct error *err) must_check;
int event_review_end(struct event_log *log, const char *why, struct error *err) must_check;
/*
 * What a person did with that, added to the record of a run that has ended: one record of each path that was named, or one of all. *ret_first: the
 * number of the first. -ENOENT: the store has that run no more.
 */
struct event_decided {
    bool is_commit;
    const char *workspace;
    const char *const *paths;
    size_t path_count, count, left; /* changes; left = SIZE_MAX: not known */
};
int event_review_decided(const char *runs, const char *run, const struct event_decided *decided, unsigned *ret_first, struct error *err) must_check;
/* Another policy decides about the network from here on; its digest. */
int event_network_changed(struct event_log *log, const char *policy_digest, struct error *err) must_check;
/* The gateway is no more; the container goes on without a network. */
int event_network_gone(struct event_log *log, const char *text, struct error *err) must_check;
/*
 * exec.started, exec.exited (which `exited` fills as it does run.exited); without room they are counted, and event_exec_end() says how
 * many (exec.lost).
 */
int event_exec_started(struct event_log *log, const struct event_exec *exec, struct error *err) must_check;
int event_exec_exited(struct event_log *log, uint64_t number, const struct event_exited *exited, struct error *err) must_check;
int event_exec_end(struct event_log *log, struct error *err) must_check;

/* A container inside this one, or inside of one that is: nested.started, nested.ended. With the same bound. */
struct event_nested {
    const char *child, *parent; /* runs */
    const char *identity, *policy_digest;
};
int event_nested_started(struct event_log *log, const struct event_nested *nested, struct error *err) must_check;
int event_nested_ended(struct event_log *log, const struct event_nested *nested, struct error *err) must_check; /* child and parent */

int event_run_exited(struct event_log *log, const struct event_exited *exited,
                     struct error *err) must_check;

#endif
