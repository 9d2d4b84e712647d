/* SPDX-License-Identifier: Apache-2.0 */
/* Inside this part: the sinks of one run's record, and the frame of every record. */
#ifndef CORDON_EVENT_LOG_H
#define CORDON_EVENT_LOG_H

#include "base/json.h"
#include "event/event.h"

struct event_log {
    char run_id[RUN_ID_SIZE];
    unsigned sequence;
    int runs_fd;  /* the store, -1 = none */
    int store_fd; /* this run's file */
    int file_fd;  /* --events FILE */
    int fd;       /* --events fd:N, the caller's */
    size_t stored;
    size_t network_bytes, network_count; /* of what event_network() wrote */
    uint64_t network_lost;               /* what it had no room for */
};

/* A record under construction: record_begin(), members through `json`, record_write(). */
struct record {
    struct text text;
    struct json json;
};

void record_begin(struct record *record, struct event_log *log, const char *type);
int record_write(struct record *record, struct event_log *log, struct error *err) must_check;

/* "2026-01-02T03:04:05.678901234Z" */
#define TIME_TEXT_SIZE 31
void time_text(uint64_t real_ns, char ret_text[TIME_TEXT_SIZE]);

#endif
