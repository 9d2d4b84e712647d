/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, framing and writing a run's record. */
#include "event/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/quiet.h"
#include "event/sink.h"
#include "event/store.h"

static int log_check_fd(int fd, struct error *err)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0)
        return error_system(err, errno, "events descriptor %d", fd);
    if ((flags & O_ACCMODE) == O_RDONLY)
        return error_set(err, ERROR_INVALID, EBADF, "events descriptor %d is not open for writing",
                         fd);
    return 0;
}

int event_log_name(struct event_log **ret_log, struct error *err)
{
    auto_event_log struct event_log *log = mem_alloc(sizeof(*log));
    int status;

    if (!log)
        return error_memory(err);
    log->runs_fd = log->store_fd = log->file_fd = log->fd = log->ready_runs_fd = log->ready_fd = -1;
    status = run_id_new(log->run_id, err);
    if (status == 0)
        *ret_log = take_ptr(log);
    return status;
}

void event_log_prepare(struct event_log *log, const char *runs_directory)
{
    log->ready_in = mem_string(runs_directory);
    memcpy(log->ready_id, log->run_id, sizeof(log->ready_id));
    if (log->ready_in && store_prepare_run(runs_directory, log->ready_id, &log->ready_runs_fd, &log->ready_fd, NULL) < 0)
        mem_free(take_ptr(log->ready_in));
}

/* What was made ahead and is not wanted. */
static void unprepare(struct event_log *log)
{
    if (!log->ready_in)
        return;
    mem_free(take_ptr(log->ready_in));
    store_discard_run(log->ready_runs_fd, log->ready_id);
    fd_close_at(&log->ready_fd);
    fd_close_at(&log->ready_runs_fd);
}

static int open_store(struct event_log *log, const char *runs_directory, struct error *err)
{
    if (!log->ready_in || strcmp(log->ready_in, runs_directory) != 0 || store_publish_run(log->ready_runs_fd, log->ready_id, log->run_id, NULL) < 0) {
        unprepare(log);
        return store_open_run(runs_directory, log->run_id, &log->runs_fd, &log->store_fd, err);
    }
    mem_free(take_ptr(log->ready_in));
    log->runs_fd = take_fd(log->ready_runs_fd);
    log->store_fd = take_fd(log->ready_fd);
    return 0;
}

int event_log_name_anew(struct event_log *log, struct error *err)
{
    return run_id_new(log->run_id, err);
}

int event_log_begin(struct event_log *log, const struct event_options *options, struct error *err)
{
    struct error failure = ERROR_INIT;
    int status = 0, stored = 0;

    log->is_begun = true;
    if (options->fd >= 0)
        status = log_check_fd(options->fd, &failure);
    if (status == 0)
        log->fd = options->fd;
    if (status == 0 && options->file)
        status = sink_open(options->file, &log->file_fd, &failure);
    if (options->runs_directory)
        stored = open_store(log, options->runs_directory, status < 0 ? NULL : &failure);
    if (status == 0)
        status = stored;
    if (status == 0 && options->recorder) {
        status = options->recorder->begin(options->recorder->owner, log->run_id, options->runs_directory, &log->recording, &failure);
        log->recorder = status == 0 ? options->recorder : NULL;
    }
    if (status < 0) {
        /* the sinks that are there hear of the one that is not */
        if (event_run_failed(log, &failure, NULL) < 0)
            error_prepend(&failure, "(not recorded)");
        if (err)
            *err = failure;
    }
    return status < 0 ? status : 0;
}

int event_log_open(const struct event_options *options, struct event_log **ret_log,
                   struct error *err)
{
    auto_event_log struct event_log *log = NULL;
    int status = event_log_name(&log, err);

    if (status == 0)
        status = event_log_begin(log, options, err);
    if (status == 0)
        *ret_log = take_ptr(log);
    return status;
}

void event_log_free(struct event_log *log)
{
    if (!log)
        return;
    unprepare(log);
    fd_close_at(&log->store_fd);
    if (log->runs_fd >= 0)
        store_prune(log->runs_fd);
    fd_close_at(&log->runs_fd);
    fd_close_at(&log->file_fd);
    if (log->recorder)
        log->recorder->done(log->recording);
    fold_finish(&log->fold);
    mem_free(log);
}

void event_log_free_at(struct event_log **log)
{
    event_log_free(*log);
}

const char *event_log_run_id(const struct event_log *log)
{
    return log->run_id;
}

void time_text(uint64_t real_ns, char ret_text[TIME_TEXT_SIZE])
{
    time_t seconds = (time_t)(real_ns / NS_PER_S);
    char whole[20];
    struct tm tm;

    gmtime_r(&seconds, &tm);
    strftime(whole, sizeof(whole), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(ret_text, TIME_TEXT_SIZE, "%s.%09uZ", whole, (unsigned)(real_ns % NS_PER_S));
}

void record_begin(struct record *record, struct event_log *log, const char *type)
{
    char id[RUN_ID_SIZE + 12], now[TIME_TEXT_SIZE];

    *record = (struct record){0};
    record->json = JSON_INIT(&record->text, 0);
    snprintf(id, sizeof(id), "%s.%u", log->run_id, ++log->sequence);
    time_text(clock_real_ns(), now);
    json_begin_object(&record->json, NULL);
    json_add_string(&record->json, "schema", "cordon-event/1");
    json_add_string(&record->json, "id", id);
    json_add_string(&record->json, "time", now);
    json_add_string(&record->json, "run", log->run_id);
    json_add_string(&record->json, "type", type);
    if (log->is_pending)
        json_add_string(&record->json, "phase", "pending");
}

void event_pending(struct event_log *log)
{
    log->is_pending = true;
}

int event_settle(struct event_log *log, int status, struct error *err)
{
    log->is_pending = false;
    if (status == 0 && (!log->recorder || !log->recorder->settle))
        status = error_set(err, ERROR_UNENFORCEABLE, ENOTSUP, "audit.mode: required, and nobody here writes an audit log");
    return status < 0 ? status : log->recorder->settle(log->recording, err);
}

int event_settle_later(struct event_log *log, int status, uint64_t *ret_at, struct error *err)
{
    *ret_at = 0;
    if (!log->recorder || !log->recorder->settle_later)
        return event_settle(log, status, err);
    log->is_pending = false;
    return status < 0 ? status : log->recorder->settle_later(log->recording, ret_at, err);
}

bool event_is_settled(const struct event_log *log, uint64_t at)
{
    return log->recorder && (!log->recorder->is_settled || log->recorder->is_settled(log->recording, at));
}

/* A sink that failed holds a line cut short and is not written again, so that the store can still say what happened. */
static int write_sinks(struct event_log *log, const char *line, size_t size, struct error *err)
{
    int status = 0;

    if (log->store_fd >= 0) {
        if (size > EVENT_RUN_BYTES_MAX - log->stored)
            return error_set(err, ERROR_LIMIT, EFBIG, "event record of run %s: more than %zu bytes",
                             log->run_id, EVENT_RUN_BYTES_MAX);
        status = file_write_all(log->store_fd, line, size);
        if (status < 0)
            return error_system(err, -status, "write the event record of run %s", log->run_id);
        log->stored += size;
    }
    if (log->file_fd >= 0)
        status = quiet_write_all(log->file_fd, line, size, EVENT_STALL_MS);
    if (status < 0) {
        fd_close_at(&log->file_fd);
        log->file_fd = -1;
        return error_system(err, -status, "write events of run %s to their file", log->run_id);
    }
    if (log->fd >= 0)
        status = quiet_write_all(log->fd, line, size, EVENT_STALL_MS);
    if (status < 0) {
        log->fd = -1;
        return error_system(err, -status, "write events of run %s to their descriptor", log->run_id);
    }
    return 0;
}

/* The recorder first: what anybody has seen is not lost with this process. */
static int record_send(struct event_log *log, const char *line, size_t size, struct error *err)
{
    struct error unheard = ERROR_INIT;
    int heard, status;

    if (!log->is_begun)
        return error_set(err, ERROR_INTERNAL, EBADF, "run %s has no record yet", log->run_id);
    heard = log->recorder ? log->recorder->hear(log->recording, line, size, &unheard) : 0;
    status = log->is_pending ? 0 : write_sinks(log, line, size, err);
    if (status == 0 && heard < 0 && err)
        *err = unheard;
    return status < 0 ? status : heard;
}

int record_write(struct record *record, struct event_log *log, struct error *err)
{
    auto_free char *line = NULL;
    size_t length;
    int status;

    json_end(&record->json);
    text_add(&record->text, "\n");
    length = record->text.length;
    status = text_take(&record->text, &line, err);
    if (status < 0) {
        text_finish(&record->text);
        return status;
    }
    return record_send(log, line, length, err);
}
