/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of a reviewed run (base/change_record.h): who was about to change a name, and what it meant then. Nothing depends
 * on it but what a person is told and how a change made outside meanwhile is known: what cannot be written is left out,
 * and the reader falls back to what the file system itself says. A name is told once for each thread that changes it.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/time.h>
#include <linux/time_types.h>

#include "base/change_record.h"
#include "tier/process/init/view.h"

#define SEEN_COUNT 8192 /* a power of two */

static uint64_t seen[SEEN_COUNT];
static uint64_t written;
static int is_full;

static uint64_t mix(uint64_t hash, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * 0x100000001b3ull;
    return hash;
}

/* Was this told already? One that is forgotten is told again. */
static int is_known(const struct call *call, const char *name, size_t name_size, const char *second, size_t second_size)
{
    uint64_t hash = mix(0xcbf29ce484222325ull ^ call->tid, name, name_size);
    uint64_t *slot;

    hash = mix(hash * 31, second, second_size) | 1;
    slot = &seen[(hash >> 20) % SEEN_COUNT];
    if (*slot == hash)
        return 1;
    *slot = hash;
    return 0;
}

/* The name inside; 0 = it has none. */
static size_t name_of(struct keeper *keeper, const struct call *call, const struct place *place, char name[PATH_MAX])
{
    char text[PATH_MAX] not_initialised, *end = name + PATH_MAX, *at;
    int is_object = place->parent == PARENT_NONE, fd = is_object ? place->object : place->parent;
    long length;

    if (place->parent == PARENT_HERE) {
        length = sys_call2(getcwd, name, PATH_MAX);
        length = length > 0 ? length - 1 : 0;
    } else {
        length = fd < 0 ? 0 : place_text(keeper, fd, keeper->is_nested ? text : name);
        if (keeper->is_nested && length > 0)
            length = view_name(keeper, call, fd, text, name) == 0 ? (long)string_length(name) : 0;
    }
    if (length <= 0 || name[0] != '/')
        return 0;
    if (is_object)
        return (size_t)length;
    at = name + length;
    if (length > 1)
        at = string_append(at, end, "/");
    at = string_append(at, end, place->name);
    return at + 1 >= end ? 0 : (size_t)(at - name);
}

static void look_at(const struct place *place, struct change_record *record)
{
    struct statx info;
    long status = place->object >= 0
                      ? sys_call5(statx, place->object, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &info)
                      : sys_call5(statx, place->parent, place->name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &info);

    if (status < 0)
        return;
    record->mode = info.stx_mode;
    record->inode = info.stx_ino;
    record->length = info.stx_size;
    record->change_s = info.stx_ctime.tv_sec;
    record->change_ns = info.stx_ctime.tv_nsec;
}

static size_t read_exe(const struct keeper *keeper, const struct call *call, char exe[PATH_MAX])
{
    char path[32], *end = path + sizeof(path);
    long length;

    string_append(string_append_number(path, end, call->tid), end, "/exe");
    length = sys_call4(readlinkat, keeper->proc, path, exe, PATH_MAX);
    return length < 0 || length == PATH_MAX ? 0 : (size_t)length;
}

static void append(const struct keeper *keeper, struct change_record *record, const char *name, const char *second,
                   const char *exe)
{
    static struct {
        struct change_record record;
        char bytes[3 * PATH_MAX];
    } line;
    size_t size = sizeof(*record) + record->name_size + record->second_size + record->exe_size;

    if (written + size > CHANGE_LOG_MAX - sizeof(*record)) {
        *record = (struct change_record){.kind = CHANGE_LOST};
        size = sizeof(*record);
        is_full = 1;
    }
    record->magic = CHANGE_MAGIC;
    record->size = (uint32_t)size;
    line.record = *record;
    memcpy(line.bytes, name, record->name_size);
    memcpy(line.bytes + record->name_size, second, record->second_size);
    memcpy(line.bytes + record->name_size + record->second_size, exe, record->exe_size);
    if (sys_call3(write, keeper->changes, &line, size) != (long)size)
        is_full = 1; /* the disk is: the program meets that as well */
    written += size;
}

static void tell(struct keeper *keeper, const struct call *call, const struct place *place, const struct place *to)
{
    char name[PATH_MAX] not_initialised, second[PATH_MAX] not_initialised, exe[PATH_MAX] not_initialised;
    struct change_record record = {.kind = to ? CHANGE_RENAMED : CHANGE_MADE};
    struct __kernel_timespec now = {0};
    size_t name_size, second_size = 0;
    long group;

    if (keeper->changes < 0 || is_full || place->is_proc)
        return;
    name_size = name_of(keeper, call, place, name);
    if (to)
        second_size = name_of(keeper, call, to, second);
    if (!name_size || is_known(call, name, name_size, second, second_size))
        return;
    look_at(place, &record);
    sys_call2(clock_gettime, CLOCK_REALTIME, &now);
    group = caller_group_inside(keeper, call);
    record.process = group > 0 ? (uint32_t)group : 0;
    record.time_s = now.tv_sec;
    record.time_ns = (uint32_t)now.tv_nsec;
    record.name_size = (uint16_t)name_size;
    record.second_size = (uint16_t)second_size;
    record.exe_size = (uint16_t)read_exe(keeper, call, exe);
    append(keeper, &record, name, second, exe);
}

void changes_take(struct keeper *keeper, const struct call *call, const struct place *place)
{
    tell(keeper, call, place, 0);
}

void changes_take_rename(struct keeper *keeper, const struct call *call, const struct place *from, const struct place *to)
{
    tell(keeper, call, from, to);
}

void changes_open(struct init *init)
{
    const char *directory = init_string(init, init->record->review);
    char path[PATH_MAX] not_initialised, *end = path + sizeof(path), *at;

    if (!init->record->review || !init_has_keeper(init))
        return;
    at = string_append(string_append(path, end, directory), end, "/changes.log");
    if (at + 1 >= end)
        init_fail(init, "open", directory, ENAMETOOLONG);
    init->changes = (int)init_need(
        init, sys_call4(openat, AT_FDCWD, path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600), "create", path);
}
