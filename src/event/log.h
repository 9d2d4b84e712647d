/* SPDX-License-Identifier: Apache-2.0 */
/* Inside this part: the sinks of one run's record, and the frame of every record. */
#ifndef CORDON_EVENT_LOG_H
#define CORDON_EVENT_LOG_H

#include "base/json.h"
#include "event/event.h"
#include "event/fold.h"

struct event_log {
    char run_id[RUN_ID_SIZE];
    bool is_begun; /* its sinks are open; until then it has but a name */
    bool is_pending; /* what is recorded has not happened yet */
    unsigned sequence;
    char *ready_in; /* the store in which its file was made ahead; NULL = it was not, or is its record by now */
    char ready_id[RUN_ID_SIZE]; /* by which name */
    int ready_runs_fd, ready_fd;
    int runs_fd;  /* the store, -1 = none */
    int store_fd; /* this run's file */
    int file_fd;  /* --events FILE */
    int fd;       /* --events fd:N, the caller's */
    const struct event_recorder *recorder; /* NULL = nobody */
    void *recording;                       /* its context */
    size_t stored;
    size_t network_bytes, network_count; /* of what event_network() wrote */
    uint64_t network_lost;               /* what it had no room for */
    size_t exec_bytes, exec_count; /* of what event_exec_...() wrote */
    uint64_t exec_lost;            /* what they had no room for */
    size_t review_bytes, review_count; /* of what event_review_changed() wrote */
    uint64_t review_lost;              /* what it had no room for */
    struct fold fold;                    /* of what event_access() wrote */
};

/* A record under construction: record_begin(), members through `json`, record_write(). */
struct record {
    struct text text;
    struct json json;
};

void record_begin(struct record *record, struct event_log *log, const char *type);
int record_write(struct record *record, struct event_log *log, struct error *err) must_check;
/* At most so many bytes of it; NULL = null. True = there were more. */
bool record_cut(struct json *json, const char *member, const char *text, size_t bytes_max);
/* The members of an end, in run.exited and exec.exited. */
void record_end_members(struct record *record, const struct event_exited *exited);
/* An array of arguments without their secrets: so many, so many bytes of each and of all. True = there were more. */
struct argument_bounds {
    size_t count, bytes, bytes_in_all;
};
#define RECORD_ARGV_BOUNDS ((struct argument_bounds){EVENT_ARGS_MAX, EVENT_TEXT_MAX, SIZE_MAX})
bool record_arguments(struct record *record, const char *member, const char *const *argv, const struct argument_bounds *bounds);

/* "2026-01-02T03:04:05.678901234Z" */
#define TIME_TEXT_SIZE 31
void time_text(uint64_t real_ns, char ret_text[TIME_TEXT_SIZE]);

#endif
