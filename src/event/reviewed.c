/* SPDX-License-Identifier: Apache-2.0 */
/* What a reviewed run changed, and what a person did with it later. How much a program changes is its own to say: these have a bound of their own. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/file.h"
#include "event/log.h"
#include "event/read.h"
#include "event/store.h"

#define PATH_BYTES_MAX (PATH_MAX - 1)

int event_review_changed(struct event_log *log, const struct event_change *change, struct error *err)
{
    struct record record;
    size_t before = log->stored;
    int status;

    if (log->review_count >= EVENT_REVIEW_MAX || log->review_bytes >= EVENT_REVIEW_BYTES_MAX) {
        log->review_lost++;
        return 0;
    }
    record_begin(&record, log, "review.changed");
    json_add_string(&record.json, "change", change->what);
    record_cut(&record.json, "path", change->path, PATH_BYTES_MAX);
    record_cut(&record.json, "from", change->from, PATH_BYTES_MAX);
    json_add_string(&record.json, "kind", change->kind);
    status = record_write(&record, log, err);
    log->review_bytes += log->stored - before;
    log->review_count++;
    return status;
}

int event_review_end(struct event_log *log, const char *why, struct error *err)
{
    struct record record;

    if (!log->review_lost && !why)
        return 0;
    record_begin(&record, log, "review.lost");
    json_add_uint(&record.json, "count", log->review_lost);
    record_cut(&record.json, "text", why, EVENT_TEXT_MAX);
    log->review_lost = 0;
    return record_write(&record, log, err);
}

static int write_decided(struct event_log *log, const struct event_decided *decided, const char *path, struct error *err)
{
    struct record record;

    record_begin(&record, log, decided->is_commit ? "review.committed" : "review.discarded");
    record_cut(&record.json, "workspace", decided->workspace, PATH_BYTES_MAX);
    record_cut(&record.json, "path", path, PATH_BYTES_MAX);
    json_add_uint(&record.json, "count", decided->count);
    if (decided->left == SIZE_MAX)
        json_add_null(&record.json, "left");
    else
        json_add_uint(&record.json, "left", decided->left);
    return record_write(&record, log, err);
}

/* ---- of a run that has ended ---- */

/* Behind what is there, also where its writer was killed in the middle of a line. */
static int go_behind(struct event_log *log, const char *runs, struct error *err)
{
    auto_run_store struct run_store *store = NULL;
    auto_event_reader struct event_reader *reader = NULL;
    struct event_record record;
    int status = run_store_open(runs, &store, err);

    if (status == 0)
        status = run_store_read(store, log->run_id, &reader, err);
    while (status == 0 && (status = event_reader_next(reader, &record, err)) > 0) {
        if (record.sequence > log->sequence)
            log->sequence = record.sequence;
        status = 0;
    }
    if (status == 0 && event_reader_state(reader).is_torn)
        status = file_write_all(log->store_fd, "\n", 1);
    return status;
}

static int open_again(struct event_log *log, const char *runs, struct error *err)
{
    int status = store_open(runs, &log->runs_fd, err);

    if (status == 0)
        status = store_open_again(log->runs_fd, log->run_id, &log->store_fd, err);
    log->is_begun = true;
    return status == 0 ? go_behind(log, runs, err) : status;
}

int event_review_decided(const char *runs, const char *run, const struct event_decided *decided, unsigned *ret_first, struct error *err)
{
    auto_event_log struct event_log *log = NULL;
    int status;

    if (!run_id_is_valid(run))
        return error_set(err, ERROR_INVALID, EINVAL, "run '%.40s' is none", run);
    status = event_log_name(&log, err);
    if (status < 0)
        return status;
    memcpy(log->run_id, run, sizeof(log->run_id));
    status = open_again(log, runs, err);
    *ret_first = log->sequence + 1;
    if (status == 0 && !decided->path_count)
        status = write_decided(log, decided, NULL, err);
    for (size_t i = 0; i < decided->path_count && i < EVENT_ITEMS_MAX && status == 0; i++)
        status = write_decided(log, decided, decided->paths[i], err);
    return status;
}
