/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs of the user's store into the user's own log, without a daemon. What is written was recorded by Cordon as this user, and
 * until now this user could have changed it: from here on nobody can unseen. Doing it again adds what is new.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit/log.h"
#include "auditor/command.h"
#include "auditor/left.h"
#include "auditor/there.h"
#include "base/memory.h"
#include "base/text.h"
#include "event/read.h"
#include "logger/spool.h"
#include "recording/recording.h"

struct import {
    const struct options *options;
    struct writer_desk desk;
    struct recording *recording; /* of the run that is read; NULL before it says who it is */
    struct stamp_label label;
    uint64_t number; /* of its last record, under that label */
    struct desk log;             /* what is in it by now */
    bool is_new;                 /* nothing is */
    struct left left;            /* by keepers */
    struct there there;          /* records of the runs that are in it: their keepers wrote them, or this did */
    uint64_t records, runs, unnamed;
};

/* Who writes from here on: the agent of this run, or, of one that was refused, the person who wanted it. */
static int begin_run(struct import *import, const struct event_record *record, struct error *err)
{
    const struct recording_options options = {.host = import->desk.host, .has_persons = true, .keys = import->options->keys};
    int status = recording_new(&options, record, &import->recording, err);

    if (status < 0 || !import->recording)
        return status;
    import->label = (struct stamp_label){.uid = getuid(), .gid = getgid()};
    snprintf(import->label.writer, sizeof(import->label.writer), "store/%s", record->run);
    snprintf(import->label.actor, sizeof(import->label.actor), "%s", recording_actor(import->recording));
    snprintf(import->label.identity, sizeof(import->label.identity), "%s", recording_identity(import->recording));
    import->number = import->desk.log ? log_number(import->desk.log, import->label.writer) : 0;
    return 0;
}

static int take_record(struct import *import, const struct event_record *record, struct error *err)
{
    struct stamp_label label = import->label;
    bool is_persons = recording_is_persons(record);
    const char *body;
    size_t size;
    int status;

    if (there_has(&import->there, record->run, record->sequence) || record->sequence < import->options->first)
        return 0;
    status = (is_persons ? recording_render_persons : recording_render)(import->recording, record->line, strlen(record->line), &body, &size, err);
    if (is_persons) {
        text_put(label.actor, sizeof(label.actor), "human");
        label.identity[0] = '\0';
    }
    if (status == 0)
        status = writer_append(&import->desk, &label, ++import->number, body, size, err);
    if (status == LOG_TAKEN)
        import->records++;
    return status < 0 ? status : 0;
}

static int take_run(struct import *import, const struct run_store *store, const char *id, struct error *err)
{
    auto_event_reader struct event_reader *reader = NULL;
    struct event_record record;
    int status = run_store_read(store, id, &reader, err);
    bool is_first = true;

    if (status == -ENOENT) /* dropped by the store meanwhile */
        return 0;
    while (status >= 0 && (status = event_reader_next(reader, &record, err)) > 0) {
        if (is_first)
            status = begin_run(import, &record, err);
        is_first = false;
        if (status >= 0 && !import->recording) {
            import->unnamed++;
            break;
        }
        if (status >= 0)
            status = take_record(import, &record, err);
    }
    import->runs += import->recording != NULL;
    recording_free(take_ptr(import->recording));
    return status < 0 ? error_prepend(err, "run %s", id), status : 0;
}

/* Before anything is added: nothing is asked about what this adds. */
static int read_there(struct import *import, const struct run_store *store, const char *run, struct error *err)
{
    return import->is_new ? 0 : there_read(&import->there, &import->log, store, run, err);
}

/* The oldest first. */
static int take_runs(struct import *import, struct error *err)
{
    const struct options *options = import->options;
    auto_run_store struct run_store *store = NULL;
    const char *id;
    int status = run_store_open(options->runs, &store, err);

    if (status == 0 && options->query.run) {
        status = run_store_find(store, options->query.run, &id, err);
        if (status == 0)
            status = read_there(import, store, id, err);
        return status == 0 ? take_run(import, store, id, err) : status;
    }
    if (status == 0)
        status = read_there(import, store, NULL, err);
    for (size_t i = status == 0 ? run_store_count(store) : 0; i > 0 && status == 0; i--)
        status = take_run(import, store, run_store_id(store, i - 1), err);
    return status;
}

/* What keepers have left, before the runs: it is known then what of them is there. Where there is a daemon, its next keeper tells that. */
static int take_left(struct import *import, struct error *err)
{
    int status;

    if (!import->desk.log)
        return 0;
    status = import->options->machine ? left_take(&import->left, import->desk.log, import->options->machine, err) : 0;

    if (status == 0)
        status = log_say_losses(import->desk.log, err);
    if (status == 0)
        status = log_commit(import->desk.log, NULL, err);
    if (status == 0) /* what was found when it was opened counts, too */
        status = log_checkpoint(import->desk.log, err);
    left_end(&import->left, status);
    import->records += import->left.records;
    return status;
}

/* The index is made of what the checkpoint has: opened again behind one that has all. */
static int open_caught_up(struct import *import, struct error *err)
{
    int status = through_catch_up(&import->desk, import->log.reader, err);

    desk_close(&import->log);
    return status < 0 ? status : desk_open(&import->log, import->options, err);
}

static void say_result(const struct import *import, uint64_t size, struct text *out)
{
    if (import->options->is_json) {
        text_printf(out, "{\"records\":%" PRIu64 ",\"runs\":%" PRIu64 ",\"unattributed\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"size\":", import->records, import->runs, import->unnamed, import->left.lost);
        if (size == UINT64_MAX)
            text_add(out, "null}\n");
        else
            text_printf(out, "%" PRIu64 "}\n", size);
        return;
    }
    text_printf(out, "%" PRIu64 " records of %" PRIu64 " runs are new in the log", import->records, import->runs);
    if (size == UINT64_MAX)
        text_add(out, ", through the daemon that writes it\n");
    else
        text_printf(out, ", which has %" PRIu64 "\n", size);
    if (import->left.lost)
        text_printf(out, "at least %" PRIu64 " of what keepers left are lost, which the log says\n", import->left.lost);
    if (import->left.odd)
        text_printf(out, "%zu of their files end with what is no record, and are kept in %s/" SPOOL_FOLDER ", named *.bad\n", import->left.odd, import->options->machine);
    if (import->unnamed)
        text_printf(out, "%" PRIu64 " runs were left out: an older version recorded them without saying who they were\n", import->unnamed);
}

int command_record(const struct options *options, struct error *err)
{
    struct import import = {.options = options, .left.directory = -1};
    auto_text struct text text = {0};
    uint64_t size = 0;
    int status;

    if (!options->runs)
        return error_set(err, ERROR_INVALID, EINVAL, "which runs: --runs DIRECTORY");
    status = writer_open(options, &import.desk, err);
    if (status == 0)
        status = take_left(&import, err);
    if (status == 0 && !options->first)
        status = desk_open(&import.log, options, err);
    import.is_new = status == -ENOENT || options->first;
    if (status == 0 && !options->first && !import.desk.log)
        status = open_caught_up(&import, err);
    if (status == 0 || import.is_new)
        status = take_runs(&import, err);
    if (status == 0)
        status = writer_settle(&import.desk, &size, err);
    writer_close(&import.desk);
    desk_close(&import.log);
    there_free(&import.there);
    if (status < 0)
        return status;
    say_result(&import, size, &text);
    return say(&text, err);
}
