/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: bytes are read as a run's record and as what a run was asked for. Every line is a record or damaged, what
 * has no end is torn, and reading the same run twice, or only one run of it, says the same; whatever is decoded can be walked.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/memory.h"
#include "event/read.h"
#include "event/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hold(bool condition)
{
    if (!condition)
        abort();
}

/* Every byte is read, so that one behind an end is found. */
static size_t walk(const char *text)
{
    return text ? strlen(text) : 0;
}

static size_t walk_access(const struct event_access *access)
{
    size_t sum = walk(access->kind) + walk(access->named) + walk(access->path) + walk(access->second_named) +
                 walk(access->second) + walk(access->outside) + walk(access->call) + walk(access->args) + walk(access->rule) +
                 walk(access->layer) + walk(access->source) + walk(access->reason) + walk(access->process.exe);

    hold(access->parent_count <= EVENT_PARENTS_MAX && access->operation < OPERATION_COUNT_);
    for (size_t i = 0; access->process.argv && access->process.argv[i]; i++)
        sum += walk(access->process.argv[i]);
    for (size_t i = 0; i < access->parent_count; i++)
        sum += walk(access->parents[i].exe);
    return sum;
}

static size_t walk_started(const struct event_started *started)
{
    size_t sum = walk(started->policy) + walk(started->workspace);

    hold(started->layer_count <= EVENT_ITEMS_MAX && started->loss_count <= EVENT_ITEMS_MAX);
    hold(started->warning_count <= EVENT_ITEMS_MAX && started->source_count <= EVENT_SOURCES_MAX);
    for (size_t i = 0; started->argv[i]; i++)
        sum += walk(started->argv[i]);
    for (size_t i = 0; i < started->layer_count; i++)
        sum += walk(started->layers[i]);
    for (size_t i = 0; i < started->warning_count; i++)
        sum += walk(started->warnings[i]);
    for (size_t i = 0; i < started->loss_count; i++)
        sum += walk(started->losses[i].name) + walk(started->losses[i].text);
    for (size_t i = 0; i < started->source_count; i++) {
        hold(started->sources[i].sees < 1u << OPERATION_COUNT_);
        sum += walk(started->sources[i].name) + walk(started->sources[i].blind);
    }
    return sum;
}

static size_t walk_record(const struct event_record *record)
{
    size_t sum = walk(record->type) + walk(record->time) + walk(record->line);

    hold(record->type && record->sequence && run_id_is_valid(record->run) && !strchr(record->line, '\n'));
    hold(strncmp(record->id, record->run, RUN_ID_LENGTH) == 0);
    if (record->kind == RECORD_ACCESS)
        sum += walk_access(&record->access);
    if (record->kind == RECORD_STARTED)
        sum += walk_started(&record->started);
    if (record->kind == RECORD_FAILED)
        sum += walk(record->failed.text);
    return sum + event_time_ns(record->time) % 2;
}

struct seen {
    struct event_reading reading;
    size_t sum;
    char run[RUN_ID_SIZE]; /* of the first record */
};

static struct seen see(const uint8_t *data, size_t size, const char *run)
{
    int fd = memfd_create("record", MFD_CLOEXEC), status;
    auto_event_reader struct event_reader *reader = NULL;
    struct event_record record;
    struct error err = ERROR_INIT;
    struct seen seen = {0};

    hold(fd >= 0 && write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0);
    hold(event_reader_new(fd, run, &reader, &err) == 0);
    while ((status = event_reader_next(reader, &record, &err)) > 0) {
        seen.sum += walk_record(&record);
        if (!seen.run[0])
            memcpy(seen.run, record.run, RUN_ID_LENGTH);
        hold(!run || strcmp(record.run, run) == 0);
    }
    hold(status == 0);
    seen.reading = event_reader_state(reader);
    return seen;
}

static void check_record(const uint8_t *data, size_t size)
{
    struct seen all = see(data, size, NULL), again = see(data, size, NULL), one;
    uint64_t lines = 0;

    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    hold(all.reading.records + all.reading.damaged == lines);
    hold(all.reading.is_torn == (size && data[size - 1] != '\n'));
    hold(all.sum == again.sum && all.reading.records == again.reading.records);
    if (!all.reading.records)
        return;
    one = see(data, size, all.run);
    hold(one.reading.records >= 1 && one.reading.records <= all.reading.records);
    hold(one.reading.records + one.reading.damaged == lines);
}

static void check_asked(const uint8_t *data, size_t size)
{
    auto_arena struct arena *arena = arena_new();
    struct error err = ERROR_INIT;
    struct asked asked;
    int status;

    hold(arena != NULL);
    status = asked_parse((const char *)data, size, arena, &asked, &err);
    hold(status == 0 || (status == -EINVAL && err.text[0]));
    if (status < 0)
        return;
    hold(asked.cwd[0] == '/' && asked.mechanism && asked.plan_digest);
    for (size_t i = 0; i < asked.document_count; i++) {
        const struct asked_document *document = &asked.documents[i];
        char digest[DIGEST_TEXT_SIZE];

        hold(document->name && document->digest && !document->text == (document->withheld != NULL));
        if (!document->text)
            continue;
        hold(strlen(document->text) == document->size);
        digest_text(document->text, document->size, digest);
        hold(strcmp(digest, document->digest) == 0);
    }
    for (size_t i = 0; i < asked.member_count; i++)
        hold(asked.members[i].name != NULL);
    for (size_t i = 0; asked.argv && asked.argv[i]; i++)
        hold(walk(asked.argv[i]) <= size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_record(data, size);
    check_asked(data, size);
    return 0;
}
