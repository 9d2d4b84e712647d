/* SPDX-License-Identifier: Apache-2.0 */
/* System calls: openat, read, close, clock_gettime. */
#include "sensor/processes.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

#define FILE_BYTES    4096
#define BEGAN_AT      22  /* the field of /proc/PID/stat, from 1 */
#define TICKS_PER_S   100 /* USER_HZ, on every machine of this processor */
#define MS_PER_S      1000u
#define MS_PER_TICK   (MS_PER_S / TICKS_PER_S)

/* Without the end of a longer one. */
static bool read_proc(uint32_t pid, const char *name, char text[FILE_BYTES])
{
    char path[64];
    auto_close int fd = -1;
    ssize_t size;

    snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    size = fd >= 0 ? read(fd, text, FILE_BYTES - 1) : -1;
    text[size > 0 ? size : 0] = '\0';
    return size > 0;
}

/* Milliseconds of CLOCK_REALTIME at boot. */
static uint64_t boot_ms(void)
{
    struct timespec since;

    clock_gettime(CLOCK_BOOTTIME, &since);
    return clock_real_ns() / NS_PER_MS - ((uint64_t)since.tv_sec * MS_PER_S + (uint64_t)since.tv_nsec / NS_PER_MS);
}

/* The program's own name, in parentheses, may hold anything: what counts is behind the last one. */
static bool began_before(uint32_t pid, uint64_t at_ms)
{
    char text[FILE_BYTES];
    const char *at = read_proc(pid, "stat", text) ? strrchr(text, ')') : NULL;

    for (int field = 2; at && field < BEGAN_AT; field++) {
        at = strchr(at, ' ');
        at = at ? at + 1 : NULL;
    }
    return at && boot_ms() + strtoull(at, NULL, 10) * MS_PER_TICK <= at_ms + MS_PER_TICK;
}

static uint32_t by_cgroup(const struct listeners *listeners, const char *text)
{
    uint32_t found = 0;

    while (!found && *text) {
        size_t length = strcspn(text, "\n");
        const char *path = memchr(text, '/', length);

        if (path)
            found = listeners_of_cgroup(listeners, path, length - (size_t)(path - text));
        text += length + (text[length] == '\n');
    }
    return found;
}

uint32_t processes_container(const struct listeners *listeners, uint32_t pid, uint64_t at_ms, bool *ret_is_gone)
{
    char text[FILE_BYTES];
    uint32_t found = 0;
    bool is_there = pid && read_proc(pid, "loginuid", text);

    if (is_there)
        found = listeners_of_login(listeners, (uint32_t)strtoul(text, NULL, 10));
    if (is_there && !found && listeners_has_cgroups(listeners) && read_proc(pid, "cgroup", text))
        found = by_cgroup(listeners, text);
    *ret_is_gone = !is_there || !began_before(pid, at_ms); /* last: it was there all the while */
    return *ret_is_gone ? 0 : found;
}

bool processes_keeper_group(uint32_t pid, char ret_group[SENSOR_CGROUP_SIZE])
{
    static const char own[] = "/keeper";
    char text[FILE_BYTES];

    if (!pid || !read_proc(pid, "cgroup", text))
        return false;
    for (char *line = text, *rest; *line; line = rest) {
        size_t length = strcspn(line, "\n"), size;
        const char *path = memchr(line, '/', length);

        rest = line + length + (line[length] == '\n');
        size = path ? length - (size_t)(path - line) : 0;
        if (size <= sizeof(own) || size - sizeof(own) + 1 >= SENSOR_CGROUP_SIZE || memcmp(path + size - sizeof(own) + 1, own, sizeof(own) - 1) != 0)
            continue;
        size -= sizeof(own) - 1;
        memcpy(ret_group, path, size);
        ret_group[size] = '\0';
        return size > 1;
    }
    return false;
}

static bool is_below(const char *path, size_t length, const char *group)
{
    size_t size = strlen(group);

    return length > size && memcmp(path, group, size) == 0 && path[size] == '/';
}

bool processes_is_within(uint32_t pid, const char *group, uint32_t login_uid)
{
    char text[FILE_BYTES];
    bool is_within = false;

    if (!pid || !read_proc(pid, "cgroup", text))
        return false;
    for (const char *line = text; !is_within && *line;) {
        size_t length = strcspn(line, "\n");
        const char *path = memchr(line, '/', length);

        is_within = path && is_below(path, length - (size_t)(path - line), group);
        line += length + (line[length] == '\n');
    }
    if (!is_within || login_uid == SENSOR_NO_UID)
        return is_within;
    return read_proc(pid, "loginuid", text) && strtoul(text, NULL, 10) == login_uid;
}
