/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is older than the file `retain` says (days) goes by itself, once an hour, in whole bundles and never what a hold keeps. Where that file is not
 * there, or is not understood, everything stays. A clock that was moved is not believed for a day.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "audit/log_state.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"

#define NUMBER_MAX  32
#define HOUR_US     3600000000ull
#define DAY_US      (24 * HOUR_US)
#define BUNDLES_MAX 64 /* at a time: the others wait meanwhile */

/* 0 = everything stays. */
static uint64_t days_kept(const struct log *log)
{
    auto_close int fd = openat(log->directory, "retain", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    auto_free char *text = NULL;
    uint64_t days = 0;
    size_t size;

    if (fd < 0 || file_read_fd(fd, "retain", NUMBER_MAX, &text, &size, NULL) < 0)
        return 0;
    for (size_t i = 0; i < size; i++)
        if (text[i] == '\n')
            text[i] = '\0';
    return number_parse(text, 1, LOG_RETAIN_DAYS_MAX, &days, NULL) == 0 ? days : 0;
}

/* Is each record of this bundle older? One that is no record of ours is as young as can be. */
static bool is_old(const struct log *log, uint64_t index, uint64_t since_us)
{
    char name[TILE_PATH_SIZE];
    auto_close int fd = -1;
    auto_free char *bytes = NULL;
    const unsigned char *entry;
    size_t size, at = 0, entry_size;

    tile_path(TILE_ENTRIES, index, TILE_WIDTH, name);
    fd = openat(log->directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || file_read_fd(fd, name, BUNDLE_SIZE_MAX, &bytes, &size, NULL) < 0)
        return false;
    while (bundle_next((const unsigned char *)bytes, size, &at, &entry, &entry_size)) {
        struct stamp stamp;
        const char *body;
        size_t body_size;

        if (!stamp_read(entry, entry_size, &stamp, &body, &body_size) || stamp.time_us >= since_us)
            return false;
    }
    return size > 0 && at == size;
}

void log_retain_later(struct log *log)
{
    log->retain_us = log->machine->mono_us(log->machine->context) + DAY_US;
}

int log_retain(struct log *log, struct error *err)
{
    const uint64_t mono = log->machine->mono_us(log->machine->context), now = log->machine->time_us(log->machine->context);
    const uint64_t first = log->minimum / TILE_WIDTH;
    uint64_t days, end = first;

    if (mono < log->retain_us)
        return 0;
    log->retain_us = mono + HOUR_US;
    days = days_kept(log);
    if (!days || now < days * DAY_US)
        return 0;
    while (end - first < BUNDLES_MAX && (end + 1) * TILE_WIDTH <= log->published && (end + 1) * TILE_WIDTH <= log_held_from(log) &&
           is_old(log, end, now - days * DAY_US))
        end++;
    if (end - first == BUNDLES_MAX)
        log->retain_us = 0; /* there may be more */
    return end > first ? log_prune(log, end * TILE_WIDTH, err) : 0;
}
