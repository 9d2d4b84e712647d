/* SPDX-License-Identifier: Apache-2.0 */
/* What a container uses now: the processes that share the first one's pid namespace, as /proc has them. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "keeper/keeper.h"

static bool read_namespace(const char *pid, char *ret_name, size_t size)
{
    char path[64];
    ssize_t length;

    snprintf(path, sizeof(path), "/proc/%.20s/ns/pid", pid);
    length = readlink(path, ret_name, size - 1);
    if (length <= 0)
        return false;
    ret_name[length] = '\0';
    return true;
}

/* Fields 14, 15 and 24 of proc(5): behind the name, which may hold anything but ends with the last ')'. */
static void add_process(const char *pid, struct stats *stats)
{
    static const struct {
        unsigned number;
    } wanted[] = {{14}, {15}, {24}};
    unsigned long long values[ARRAY_COUNT(wanted)] = {0};
    char path[64], *text = NULL, *at;
    unsigned field = 2;
    size_t size, found = 0;

    snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
    if (file_read(path, 4096, &text, &size, NULL) < 0)
        return;
    at = strrchr(text, ')');
    while (at && found < ARRAY_COUNT(wanted) && (at = strchr(at, ' '))) {
        at++;
        if (++field == wanted[found].number)
            values[found++] = strtoull(at, NULL, 10);
    }
    mem_free(text);
    stats->user_us += values[0] * 1000000 / (unsigned long long)sysconf(_SC_CLK_TCK);
    stats->system_us += values[1] * 1000000 / (unsigned long long)sysconf(_SC_CLK_TCK);
    stats->memory += values[2] * (unsigned long long)sysconf(_SC_PAGESIZE);
    stats->processes++;
}

int stats_read(pid_t first, struct stats *ret_stats, struct error *err)
{
    char own[64], other[64], pid[24];
    struct stats stats = {0};
    const struct dirent *entry;
    DIR *proc;

    snprintf(pid, sizeof(pid), "%d", (int)first);
    if (!read_namespace(pid, own, sizeof(own)))
        return error_system(err, errno, "look at process %s", pid);
    proc = opendir("/proc");
    if (!proc)
        return error_system(err, errno, "open /proc");
    while ((entry = readdir(proc)))
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && read_namespace(entry->d_name, other, sizeof(other)) && strcmp(own, other) == 0)
            add_process(entry->d_name, &stats);
    closedir(proc);
    *ret_stats = stats;
    return 0;
}
