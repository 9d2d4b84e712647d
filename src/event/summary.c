/* SPDX-License-Identifier: Apache-2.0 */
/* One run in short, from all of its records. */
#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "event/read.h"
#include "event/runs.h"
#include "event/store.h"

const char *run_state_name(enum run_state state)
{
    switch (state) {
    case RUN_RUNNING:
        return "running";
    case RUN_ENDED:
        return "ended";
    case RUN_FAILED:
        return "failed";
    case RUN_KILLED:
        return "killed";
    }
    return "unknown";
}

void run_summary_finish(struct run_summary *summary)
{
    mem_free(summary->policy);
    mem_free(summary->program);
    mem_free(summary->end);
    *summary = (struct run_summary){0};
}

static int copy_text(char **slot, const char *text, struct error *err)
{
    char *copy = mem_string(text ? text : "");

    if (!copy)
        return error_memory(err);
    mem_free(*slot);
    *slot = copy;
    return 0;
}

static int note_started(struct run_summary *summary, const struct event_started *started, struct error *err)
{
    auto_text struct text program = {0};
    int status = copy_text(&summary->policy, started->policy, err);

    for (size_t i = 0; started->argv[i]; i++) {
        text_add(&program, i ? " " : "");
        text_add(&program, started->argv[i]);
    }
    summary->was_started = true;
    mem_free(take_ptr(summary->program));
    return status < 0 ? status : text_take(&program, &summary->program, err);
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);

    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static int note(struct run_summary *summary, const struct event_record *record, struct error *err)
{
    switch (record->kind) {
    case RECORD_STARTED:
        return note_started(summary, &record->started, err);
    case RECORD_FAILED:
        summary->state = RUN_FAILED;
        summary->failure = record->failed;
        return 0;
    case RECORD_EXITED:
        summary->state = RUN_ENDED;
        summary->code = record->exited.code;
        summary->exit_status = record->exited.exit_status;
        summary->wall_us = record->exited.wall_us;
        return copy_text(&summary->end, record->exited.end, err);
    case RECORD_ACCESS:
        summary->denied += ends_with(record->type, "denied") ? record->access.count : 0;
        return 0;
    case RECORD_NETWORK:
        summary->network_denied += ends_with(record->type, "denied");
        return 0;
    case RECORD_FINDING:
        summary->findings++;
        return 0;
    case RECORD_LOST:
    case RECORD_NETWORK_LOST:
        summary->lost += record->count.count;
        return 0;
    default:
        return 0;
    }
}

/* Which of the repeated ones were refused, by their sequence. */
struct refused {
    unsigned char *is_refused;
    size_t size;
};

static int refused_note(struct refused *refused, const struct event_record *record, struct error *err)
{
    size_t at = record->sequence;

    if (at >= (size_t)2 * (EVENT_ACCESS_MAX + EVENT_USES_MAX) + EVENT_NETWORK_MAX)
        return 0; /* more than a run has */
    if (at >= refused->size) {
        size_t size = 2 * at + 64;
        void *grown = mem_resize(refused->is_refused, size);

        if (!grown)
            return error_memory(err);
        refused->is_refused = grown;
        memset(refused->is_refused + refused->size, 0, size - refused->size);
        refused->size = size;
    }
    refused->is_refused[at] = 1;
    return 0;
}

static int read_all(struct event_reader *reader, struct run_summary *summary, struct refused *refused, struct error *err)
{
    struct event_record record;
    int status;

    while ((status = event_reader_next(reader, &record, err)) > 0) {
        status = note(summary, &record, err);
        if (status == 0 && record.kind == RECORD_ACCESS && ends_with(record.type, "denied"))
            status = refused_note(refused, &record, err);
        if (status < 0)
            return status;
        if (record.kind == RECORD_REPEATED && record.count.of_sequence < refused->size &&
            refused->is_refused[record.count.of_sequence])
            summary->denied += record.count.count;
    }
    summary->reading = event_reader_state(reader);
    return status;
}

int run_store_summarise(const struct run_store *store, const char *id, struct run_summary *ret_summary, struct error *err)
{
    auto_run_summary struct run_summary summary = {.state = RUN_KILLED, .begun_ms = run_id_ms(id)};
    auto_event_reader struct event_reader *reader = NULL;
    struct refused refused = {0};
    auto_close int fd = -1;
    bool is_running;
    int status = store_open_file(store->fd, id, STORE_EVENTS_NAME, &fd, err);

    if (status < 0)
        return status;
    is_running = store_is_running(fd); /* before it is read: who ends meanwhile has written all */
    memcpy(summary.id, id, RUN_ID_SIZE);
    status = event_reader_new(take_fd(fd), id, &reader, err);
    if (status == 0)
        status = read_all(reader, &summary, &refused, err);
    mem_free(refused.is_refused);
    if (status < 0)
        return status;
    if (is_running && summary.state == RUN_KILLED)
        summary.state = RUN_RUNNING;
    *ret_summary = summary;
    summary = (struct run_summary){0};
    return 0;
}
