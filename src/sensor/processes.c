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
