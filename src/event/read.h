/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading what was recorded: the runs of a store, and the records of one run, of a file or of a descriptor. What is read was
 * written by Cordon, with texts in it that a program chose; a file that somebody else could have written is refused.
 */
#ifndef CORDON_EVENT_READ_H
#define CORDON_EVENT_READ_H

#include "event/event.h"

/* ---- records ---- */

enum record_kind {
    RECORD_OTHER = 0, /* a type that this build does not decode: only what every record has */
    RECORD_STARTED,   /* run.started */
    RECORD_FAILED,
    RECORD_FINDING,
    RECORD_EXITED,
    RECORD_TIMEOUT,
    RECORD_LIMIT,    /* limit.reached */
    RECORD_NETWORK,  /* network.connected, .closed, .denied, .failed, .name-denied, .request, .request-denied, .secret-denied */
    RECORD_NETWORK_LOST,
    RECORD_ACCESS,   /* access.denied, access.used */
    RECORD_REPEATED, /* access.repeated */
    RECORD_LOST,     /* access.lost */
    RECORD_APPROVAL, /* approval.asked, approval.answered */
    RECORD_EXEC,        /* exec.started */
    RECORD_EXEC_EXITED, /* exec.exited: `exited`, and `number` */
    RECORD_EXEC_LOST,   /* exec.lost: `count` */
};

/* Every text belongs to the reader and holds until its next record; NULL = null, or not there. */
struct event_record {
    enum record_kind kind;
    const char *type, *id, *run, *time;
    unsigned sequence; /* of `id` */
    const char *line;  /* all of it, JSON, as it was read */
    union {
        struct event_started started; /* `argv` as it was redacted; `losses` the first that were shown, as all lists */
        struct error failed;
        struct event_finding finding;
        struct {
            struct event_exited exited;
            uint64_t number; /* RECORD_EXEC_EXITED */
        };
        struct event_exec exec; /* `argv` as it was redacted */
        struct {
            const char *member;
            uint64_t value; /* of a limit, or ms */
        } limit;            /* RECORD_LIMIT, RECORD_TIMEOUT */
        struct event_network network;
        struct event_access access; /* `type` is that of the record; numbers that nobody knew are 0 */
        struct event_approval approval; /* `answer` NULL: it is the question */
        struct {
            const char *of; /* RECORD_REPEATED: an id */
            unsigned of_sequence;
            const char *source; /* RECORD_LOST */
            uint64_t count;
        } count; /* RECORD_REPEATED, RECORD_LOST, RECORD_NETWORK_LOST, RECORD_EXEC_LOST */
    };
    bool is_cut; /* RECORD_ACCESS: a text of the object is not whole; RECORD_STARTED, RECORD_EXEC: argv */
};

struct event_reader;

struct event_reading {
    uint64_t records; /* that were whole */
    uint64_t damaged; /* lines that are none: passed over */
    bool is_torn;     /* the last line has no end: its writer was killed, or is still writing */
};

/* Records in a file, or in a pipe that somebody holds open (`<(...)`); not in one with a name, where nobody may ever write. */
int event_file_open(const char *path, int *ret_fd, struct error *err) must_check;

/*
 * The records of `fd`, which the reader takes also on failure. With `run` those of that run alone: another's count as damaged.
 */
int event_reader_new(int fd, const char *run, struct event_reader **ret_reader, struct error *err) must_check;
void event_reader_free(struct event_reader *reader);
void event_reader_free_at(struct event_reader **reader);
#define auto_event_reader cleanup_with(event_reader_free_at)

/* From here on a line that is no record, and a last one without its end, is an error that names the line: ERROR_INVALID. */
void event_reader_refuse_damaged(struct event_reader *reader);

/* 1 = *ret_record is the next one, 0 = there is none, negative = it cannot be read (or -ENOMEM). */
int event_reader_next(struct event_reader *reader, struct event_record *ret_record, struct error *err) must_check;

/* A record that stands in memory, by a reader of the same run that is there for that alone (fd = -1). False: it is none. */
bool event_reader_line(struct event_reader *reader, const char *line, size_t size, struct event_record *ret_record);

/* Nanoseconds since 1970 of a record's time, 0 where it says none. */
uint64_t event_time_ns(const char *time);

/* As far as it was read. */
struct event_reading event_reader_state(const struct event_reader *reader);

/* ---- the store ---- */

struct run_store; /* the names of its runs are those of the moment in which it was opened */

/* `runs`: places.runs. A store that is not there is an empty one. Somebody else's, or one that others may write, is refused. */
int run_store_open(const char *runs, struct run_store **ret_store, struct error *err) must_check;
void run_store_close(struct run_store *store);
void run_store_close_at(struct run_store **store);
#define auto_run_store cleanup_with(run_store_close_at)

size_t run_store_count(const struct run_store *store);
const char *run_store_id(const struct run_store *store, size_t index); /* newest first */

/*
 * "last", an id, or the beginning of one that no other run's id has: *ret_id belongs to the store. ERROR_NOT_FOUND (-ENOENT): there
 * is none; ERROR_INVALID (-EINVAL): that is no id; (-ENOTUNIQ): there are several.
 */
int run_store_find(const struct run_store *store, const char *text, const char **ret_id, struct error *err) must_check;

/* The records of a run of the store. */
int run_store_read(const struct run_store *store, const char *id, struct event_reader **ret_reader, struct error *err) must_check;

enum run_state {
    RUN_RUNNING = 1, /* its supervisor lives */
    RUN_ENDED,       /* run.exited */
    RUN_FAILED,      /* run.failed: it was not started, or Cordon ended it because it could not keep its promise */
    RUN_KILLED,      /* no last word: its supervisor was killed, and the container with it */
};
const char *run_state_name(enum run_state state); /* "running", "ended", "failed", "killed" */

/* One run in short. run_summary_finish() frees the texts; those that nobody wrote are NULL. */
struct run_summary {
    char id[RUN_ID_SIZE];
    enum run_state state;
    uint64_t begun_ms;           /* since 1970, as the id says it */
    bool was_started;            /* run.started: the program ran */
    char *policy, *program;      /* name of the policy; the command, its arguments separated by blanks */
    char *end;                   /* of RUN_ENDED: "exited", "signaled", ... */
    int code, exit_status;       /* of RUN_ENDED */
    uint64_t wall_us;            /* of RUN_ENDED */
    struct error failure;        /* of RUN_FAILED */
    uint64_t denied;             /* access.denied, repeated ones counted */
    uint64_t network_denied;     /* network.denied, .name-denied, .request-denied, .secret-denied */
    uint64_t findings;           /* run.finding */
    uint64_t lost;               /* access.lost and network.lost */
    struct event_reading reading;
};
void run_summary_finish(struct run_summary *summary);
#define auto_run_summary cleanup_with(run_summary_finish)

int run_store_summarise(const struct run_store *store, const char *id, struct run_summary *ret_summary, struct error *err) must_check;

#endif
