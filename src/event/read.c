/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a record, one after the other: what is no line of ours is counted and passed over. */
#include "event/read.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "event/decode.h"

#define CHUNK    ((size_t)64 << 10)
#define LINE_BYTES_MAX ((size_t)4 << 20) /* the largest record, a start with every list full of control characters, has less */

struct event_reader {
    int fd;
    char run[RUN_ID_SIZE]; /* "" = any */
    char *bytes;
    size_t start, length, capacity; /* what was read and not yet given away is bytes[start..length) */
    bool is_skipping;               /* a line is too long: up to its end */
    bool refuses;                   /* what is damaged is an error */
    uint64_t lines;                 /* that have ended */
    struct event_reading state;
    json_t *value; /* of the last record */
    struct decoded decoded;
};

static bool is_nameless_pipe(int fd, const struct stat *st)
{
    struct statfs system;

    return S_ISFIFO(st->st_mode) && fstatfs(fd, &system) == 0 && system.f_type == PIPEFS_MAGIC;
}

int event_file_open(const char *path, int *ret_fd, struct error *err)
{
    auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return error_system(err, errno, "open %s", path);
    if (!S_ISREG(st.st_mode) && !is_nameless_pipe(fd, &st))
        return error_set(err, ERROR_INVALID, EINVAL, "%s: not a regular file; what a program writes is read from <(PROGRAM)", path);
    if (fcntl(fd, F_SETFL, 0) < 0)
        return error_system(err, errno, "open %s", path);
    *ret_fd = take_fd(fd);
    return 0;
}

int event_reader_new(int fd, const char *run, struct event_reader **ret_reader, struct error *err)
{
    struct event_reader *reader = mem_alloc(sizeof(*reader));

    if (!reader) {
        fd_close_at(&fd);
        return error_memory(err);
    }
    reader->fd = fd;
    if (run)
        memcpy(reader->run, run, strnlen(run, RUN_ID_LENGTH));
    *ret_reader = reader;
    return 0;
}

void event_reader_free(struct event_reader *reader)
{
    if (!reader)
        return;
    json_decref(reader->value);
    fd_close_at(&reader->fd);
    mem_free(reader->bytes);
    mem_free(reader);
}

void event_reader_free_at(struct event_reader **reader)
{
    event_reader_free(*reader);
}

void event_reader_refuse_damaged(struct event_reader *reader)
{
    reader->refuses = true;
}

struct event_reading event_reader_state(const struct event_reader *reader)
{
    return reader->state;
}

uint64_t event_time_ns(const char *time)
{
    unsigned long nanoseconds;
    struct tm tm = {0};
    char end = '\0';
    time_t seconds;

    if (sscanf(time, "%4d-%2d-%2dT%2d:%2d:%2d.%9luZ%c", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec,
               &nanoseconds, &end) != 7)
        return 0;
    tm.tm_year -= 1900;
    tm.tm_mon--;
    seconds = timegm(&tm);
    return seconds < 0 ? 0 : (uint64_t)seconds * NS_PER_S + nanoseconds;
}

/* Room for a chunk behind what is there. */
static int reader_reserve(struct event_reader *reader, struct error *err)
{
    size_t kept = reader->length - reader->start;
    void *grown;

    if (reader->start) {
        memmove(reader->bytes, reader->bytes + reader->start, kept);
        reader->start = 0;
        reader->length = kept;
    }
    if (reader->capacity - kept >= CHUNK)
        return 0;
    grown = mem_resize(reader->bytes, reader->capacity ? 2 * reader->capacity : 2 * CHUNK);
    if (!grown)
        return error_memory(err);
    reader->bytes = grown;
    reader->capacity = reader->capacity ? 2 * reader->capacity : 2 * CHUNK;
    return 0;
}

/* 1 = there is more, 0 = the end. */
static int reader_fill(struct event_reader *reader, struct error *err)
{
    int status = reader_reserve(reader, err);
    ssize_t got;

    if (status < 0)
        return status;
    do
        got = read(reader->fd, reader->bytes + reader->length, reader->capacity - reader->length);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return error_system(err, errno, "read the record");
    reader->length += (size_t)got;
    return got > 0;
}

static int refuse_line(uint64_t line, const char *what, struct error *err)
{
    return error_set(err, ERROR_INVALID, EINVAL, "line %" PRIu64 ": %s", line, what);
}

/* 1 = a line without its end, 0 = there is none. */
static int reader_line(struct event_reader *reader, const char **ret_line, size_t *ret_length, struct error *err)
{
    size_t searched = 0;

    for (;;) {
        char *line = reader->bytes ? reader->bytes + reader->start : NULL;
        size_t there = reader->length - reader->start;
        char *end = there ? memchr(line + searched, '\n', there - searched) : NULL;
        int status;

        if (end) {
            bool is_skipped = reader->is_skipping;

            *end = '\0';
            reader->start += (size_t)(end - line) + 1;
            reader->lines++;
            reader->is_skipping = false;
            searched = 0;
            if (is_skipped)
                continue;
            *ret_line = line;
            *ret_length = (size_t)(end - line);
            return 1;
        }
        if (there > LINE_BYTES_MAX) {
            reader->state.damaged += !reader->is_skipping;
            reader->is_skipping = true;
            if (reader->refuses)
                return refuse_line(reader->lines + 1, "it is longer than any record", err);
        }
        if (reader->is_skipping)
            reader->start = reader->length;
        searched = reader->length - reader->start;
        status = reader_fill(reader, err);
        if (status < 0)
            return status;
        if (status == 0) {
            reader->state.is_torn = reader->length > reader->start || reader->is_skipping;
            return reader->state.is_torn && reader->refuses ? refuse_line(reader->lines + 1, "it has no end: the file is cut off", err) : 0;
        }
    }
}

/* Is the line a record, and one of the run that is meant? */
static bool reader_decode(struct event_reader *reader, const char *line, size_t length, struct event_record *ret_record)
{
    json_decref(reader->value);
    reader->value = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);
    return reader->value && decode_record(reader->value, &reader->decoded, ret_record) &&
           (!reader->run[0] || strcmp(ret_record->run, reader->run) == 0);
}

bool event_reader_line(struct event_reader *reader, const char *line, size_t size, struct event_record *ret_record)
{
    if (!reader_decode(reader, line, size, ret_record))
        return false;
    ret_record->line = line;
    return true;
}

int event_reader_next(struct event_reader *reader, struct event_record *ret_record, struct error *err)
{
    struct event_record record;
    const char *line = NULL;
    size_t length = 0;
    int status;

    while ((status = reader_line(reader, &line, &length, err)) > 0) {
        if (reader_decode(reader, line, length, &record)) {
            reader->state.records++;
            record.line = line;
            *ret_record = record;
            return 1;
        }
        reader->state.damaged++;
        if (reader->refuses)
            return refuse_line(reader->lines, "it is no record of cordon-event/1", err);
    }
    return status;
}
