/* SPDX-License-Identifier: Apache-2.0 */
/* Old entries and tiles removed, by C2SP's criterion: what ends at or below the minimum, so that every proof about later ones stays. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "audit/log_state.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"

#define NUMBER_MAX 32

/* The lowest record that a legal hold keeps; all of them where what it says cannot be read. */
uint64_t log_held_from(const struct log *log)
{
    auto_close int fd = openat(log->directory, "hold", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    auto_free char *text = NULL;
    uint64_t from = 0;
    size_t size;

    if (fd < 0)
        return errno == ENOENT ? UINT64_MAX : 0;
    if (file_read_fd(fd, "hold", NUMBER_MAX, &text, &size, NULL) < 0)
        return 0;
    text[strcspn(text, "\n")] = '\0';
    return number_parse(text, 0, INT64_MAX, &from, NULL) == 0 ? from : 0;
}

static int say_minimum(struct log *log, uint64_t minimum, struct error *err)
{
    const struct log_machine *machine = log->machine;
    char text[NUMBER_MAX], fields[64];
    int length = snprintf(text, sizeof(text), "%" PRIu64 "\n", minimum);
    int status;

    snprintf(fields, sizeof(fields), ",\"x_from\":%" PRIu64 ",\"x_to\":%" PRIu64, log->minimum, minimum);
    status = log_say(log, LOG_ACTIVITY_DELETE, "log.pruned", "entries were removed; the tree and every proof of later ones stay", fields, err);
    if (status == 0)
        status = log_commit(log, NULL, err);
    if (status == 0)
        status = log_publish(log, log->size, err);
    if (status == 0) /* what the journal begins with may need a bundle that goes */
        status = log_restart(log, err);
    if (status < 0)
        return status;
    status = machine->put(machine->context, log->directory, "minimum", text, (size_t)length);
    if (status == 0) /* the tiles above those that go must last, and that they go must be known */
        status = machine->sync_all(machine->context, log->directory);
    return status < 0 ? error_system(err, -status, "%s: write what is pruned", log->path) : 0;
}

static int remove_range(struct log *log, int level, uint64_t from, uint64_t to)
{
    int status = 0;

    for (uint64_t index = from; index < to && status == 0; index++) {
        char name[TILE_PATH_SIZE];

        tile_path(level, index, TILE_WIDTH, name);
        status = log->machine->remove(log->machine->context, log->directory, name);
    }
    return status;
}

int log_prune(struct log *log, uint64_t minimum, struct error *err)
{
    uint64_t before = log->minimum, held = log_held_from(log);
    int status;

    minimum = minimum / TILE_WIDTH * TILE_WIDTH;
    if (minimum > log->published)
        return error_set(err, ERROR_INVALID, EINVAL, "%s: %" PRIu64 " records are published, %" PRIu64 " cannot be pruned", log->path,
                         log->published, minimum);
    if (minimum > held)
        return error_set(err, ERROR_FORBIDDEN, EPERM, "%s: a hold keeps the records from %" PRIu64 " on", log->path, held);
    if (minimum <= before)
        return 0;
    status = say_minimum(log, minimum, err);
    if (status < 0)
        return status;
    log->minimum = minimum;
    status = remove_range(log, TILE_ENTRIES, before / TILE_WIDTH, minimum / TILE_WIDTH);
    for (int level = 0; level < TILE_LEVELS - 1 && status == 0; level++)
        status = remove_range(log, level, before >> (TILE_HEIGHT * (level + 1)), minimum >> (TILE_HEIGHT * (level + 1)));
    return status < 0 ? error_system(err, -status, "%s: remove what is pruned", log->path) : 0;
}
