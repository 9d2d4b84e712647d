/* SPDX-License-Identifier: Apache-2.0 */
/* The log that process 1 wrote of the run: which program changed which name, and what that meant before. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/change_record.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "review/inside.h"

static size_t bucket_of(const char *name)
{
    return (hash_mix(HASH_START, name, strlen(name)) >> 24) % TOLD_BUCKETS;
}

struct told *told_find(const struct review *review, const char *name)
{
    struct told *told = review->told ? review->told[bucket_of(name)] : NULL;

    while (told && strcmp(told->name, name) != 0)
        told = told->next;
    return told;
}

static struct told *told_of(struct review *review, const char *name)
{
    struct told *told = told_find(review, name), **bucket = &review->told[bucket_of(name)];

    if (told)
        return told;
    told = arena_alloc(review->arena, sizeof(*told));
    if (!told)
        return NULL;
    told->name = name;
    told->next = *bucket;
    return *bucket = told;
}

static int take(struct review *review, const struct change_record *record, const char *bytes, const char **last_exe)
{
    char *name = arena_string_n(review->arena, bytes, record->name_size);
    char *second = arena_string_n(review->arena, bytes + record->name_size, record->second_size);
    const char *exe = bytes + record->name_size + record->second_size;
    struct told *told = name && second ? told_of(review, name) : NULL, *to = NULL;
    struct act act = {.process = record->process,
                      .time_ns = (uint64_t)record->time_s * NS_PER_S + record->time_ns};

    if (!told)
        return -ENOMEM;
    if (!*last_exe || strlen(*last_exe) != record->exe_size || memcmp(*last_exe, exe, record->exe_size) != 0)
        *last_exe = arena_string_n(review->arena, exe, record->exe_size);
    if (!*last_exe)
        return -ENOMEM;
    act.exe = **last_exe ? *last_exe : NULL;
    if (!told->is_before_known) {
        told->is_before_known = true;
        told->before = (struct object){.mode = record->mode, .inode = record->inode, .size = record->length,
                                       .changed_ns = (uint64_t)record->change_s * NS_PER_S + record->change_ns};
        told->first = act;
    }
    told->last = act;
    if (record->kind != CHANGE_RENAMED || !*second)
        return 0;
    to = told_of(review, second);
    if (!to)
        return -ENOMEM;
    told->to = second;
    to->from = name;
    to->first = to->first.time_ns ? to->first : act;
    to->last = act;
    return 0;
}

int told_read(struct review *review, struct error *err)
{
    auto_close int fd = openat(review->directory, CHANGES_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    auto_free char *data = NULL;
    const char *last_exe = NULL;
    size_t size, at = 0;
    int status;

    if (fd < 0)
        return 0; /* no keeper: nobody saw anything */
    status = file_read_fd(fd, CHANGES_NAME, CHANGE_LOG_MAX + 65536, &data, &size, err);
    if (status < 0)
        return status;
    review->told = arena_alloc(review->arena, TOLD_BUCKETS * sizeof(struct told *));
    if (!review->told)
        return error_memory(err);
    while (size - at >= sizeof(struct change_record)) {
        struct change_record record;

        memcpy(&record, data + at, sizeof(record));
        if (record.magic != CHANGE_MAGIC || record.size > size - at ||
            record.size != sizeof(record) + record.name_size + record.second_size + record.exe_size)
            break; /* the last one may be cut */
        if (record.kind == CHANGE_LOST)
            review->has_lost_told = true;
        else if (take(review, &record, data + at + sizeof(record), &last_exe) < 0)
            return error_memory(err);
        at += record.size;
    }
    if (at != size && !review->is_running)
        review->has_lost_told = true;
    return 0;
}

/* What was made in a directory that got its name later is known by that directory's. */
void told_apply(struct review *review, struct change *change, const char *name)
{
    struct told *told = told_find(review, name);
    char *above = told ? NULL : arena_string(review->arena, name), *slash;

    while (!told && above && change->type == CHANGE_ADDED && (slash = strrchr(above, '/')) && slash != above) {
        *slash = '\0';
        told = told_find(review, above);
        if (told && !told->from)
            told = NULL;
    }
    if (!told)
        return;
    change->first = told->first;
    change->last = told->last;
}
