/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must stay as it is: names that the patterns cover, files that were there before the container, and what a directory
 * that moves would take along.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/time.h>
#include <linux/time_types.h>

#include "tier/process/init/keeper.h"

#define WALK_DEPTH    32
#define WALK_NAMES    20000
#define ENTRIES_BYTES 2048

static int is_after_start(const struct keeper *keeper, int64_t seconds, uint32_t nanoseconds)
{
    return seconds > keeper->started_s || (seconds == keeper->started_s && nanoseconds > keeper->started_ns);
}

void place_note_new(struct keeper *keeper, int object)
{
    struct __kernel_timespec now = {0};
    struct statx info;

    if (!keeper->is_starting)
        return;
    sys_call2(clock_gettime, CLOCK_REALTIME_COARSE, &now);
    keeper->is_starting = !is_after_start(keeper, now.tv_sec, (uint32_t)now.tv_nsec);
    if (!keeper->is_starting || keeper->young_count == KEEPER_YOUNG ||
        sys_call5(statx, object, "", AT_EMPTY_PATH, STATX_INO, &info) < 0)
        return; /* one that is not remembered counts as old */
    keeper->young[keeper->young_count++] =
        (struct young){(uint64_t)info.stx_dev_major << 32 | info.stx_dev_minor, info.stx_ino};
}

static int is_young(const struct keeper *keeper, const struct statx *info)
{
    for (uint32_t i = 0; i < keeper->young_count; i++)
        if (keeper->young[i].inode == info->stx_ino &&
            keeper->young[i].device == ((uint64_t)info->stx_dev_major << 32 | info->stx_dev_minor))
            return 1;
    return 0;
}

/* Was the object there before the container? Where the file system does not say, it counts as old. */
static int is_old(const struct keeper *keeper, int object)
{
    struct statx info;

    if (sys_call5(statx, object, "", AT_EMPTY_PATH, STATX_BTIME | STATX_INO, &info) < 0 ||
        !(info.stx_mask & STATX_BTIME))
        return 1;
    return !is_after_start(keeper, info.stx_btime.tv_sec, info.stx_btime.tv_nsec) && !is_young(keeper, &info);
}

long place_check(const struct keeper *keeper, struct place *place)
{
    long status = 0;

    if (place->at.kinds & RECORD_NAME_KEPT)
        return keeper_refuses(-EACCES);
    if (place->at.kinds & RECORD_NAME_OLD)
        status = place_look(place);
    if (place->at.kinds & RECORD_NAME_OLD && status == 0 && place->object >= 0 && is_old(keeper, place->object))
        status = keeper_refuses(-EACCES);
    return status;
}

struct entry { /* struct linux_dirent64 */
    uint64_t inode;
    int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

struct walk {
    const struct keeper *keeper;
    long left; /* names that may still be looked at */
};

static long walk_directory(struct walk *walk, int directory, const struct names_at *from, const struct names_at *to,
                           int depth);

static long walk_entry(struct walk *walk, int directory, const char *name, const struct names_at *from,
                       const struct names_at *to, int depth)
{
    const struct record *record = walk->keeper->record;
    size_t length = string_length(name);
    struct names_at from_here, to_here;
    long child, status = 0;

    names_step(record, from, name, length, &from_here);
    names_step(record, to, name, length, &to_here);
    if ((from_here.kinds ^ to_here.kinds) & RECORD_NAME_KEPT)
        return keeper_refuses(-EACCES);
    if (!names_differ(record, &from_here, &to_here) && !names_differ(record, &to_here, &from_here))
        return 0;
    child = place_open(directory, name, walk->keeper->view.is_foreign);
    if (child < 0)
        return child == -ENOENT ? 0 : child;
    if (from_here.kinds & ~to_here.kinds & RECORD_NAME_OLD && is_old(walk->keeper, (int)child))
        status = keeper_refuses(-EACCES);
    if (status == 0)
        status = walk_directory(walk, (int)child, &from_here, &to_here, depth + 1);
    sys_call1(close, child);
    return status;
}

/* `directory` is an O_PATH descriptor of anything; only a directory has something below it. */
static long walk_directory(struct walk *walk, int directory, const struct names_at *from, const struct names_at *to,
                           int depth)
{
    union {
        struct entry first;
        char bytes[ENTRIES_BYTES];
    } buffer;
    long fd = sys_call4(openat, directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0), got = 0, status = 0;

    if (fd == -ENOTDIR)
        return 0;
    if (fd < 0 || depth > WALK_DEPTH)
        status = keeper_refuses(-EACCES); /* what cannot be looked into is not moved */
    while (status == 0 && (got = sys_call3(getdents64, fd, &buffer, sizeof(buffer))) > 0)
        for (long at = 0; at < got && status == 0;) {
            const struct entry *entry = (const struct entry *)(const void *)(buffer.bytes + at);

            at += entry->length;
            if (--walk->left < 0)
                status = keeper_refuses(-EACCES);
            else if (!place_is_dots(entry->name))
                status = walk_entry(walk, (int)fd, entry->name, from, to, depth);
        }
    if (fd >= 0)
        sys_call1(close, fd);
    return status < 0 ? status : got < 0 ? -EACCES : 0;
}

long place_check_move(const struct keeper *keeper, struct place *from, const struct names_at *to)
{
    struct walk walk = {.keeper = keeper, .left = WALK_NAMES};
    long status;

    if (!names_differ(keeper->record, &from->at, to) && !names_differ(keeper->record, to, &from->at))
        return 0;
    status = place_look(from);
    if (status < 0 || from->object < 0 || (from->mode & S_IFMT) != S_IFDIR)
        return status;
    return walk_directory(&walk, from->object, &from->at, to, 0);
}
