/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Freezing a container by its control group: v2 by a file of the group that it has, v1 by a group of the freezer hierarchy,
 * made when it is first wanted, into which every process of the container is moved. Who is frozen hears nothing, process 1
 * included, and under v1 does not even die.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "tier/process/cgroup.h"

#define FILE_MAX    ((size_t)1 << 20)
#define PASSES_MAX  64
#define FREEZE_NS   (2 * NS_PER_S)
#define LOOK_NS     1000000 /* 1 ms */

static int text_read(const char *directory, const char *name, char **ret_text, struct error *err)
{
    char path[1024];
    auto_close int fd = -1;
    size_t size;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_system(err, errno, "open %s", path);
    return file_read_fd(fd, path, FILE_MAX, ret_text, &size, err);
}

/* Those of the group that are not in the freezer's yet; how many were moved. One that is gone by now counts for nothing. */
static int own_move(const struct cgroup *cgroup, const char *from, struct error *err)
{
    auto_free char *wanted = NULL, *there = NULL;
    int status = text_read(from, "cgroup.procs", &wanted, err), moved = 0;

    if (status == 0)
        status = text_read(cgroup->directories[cgroup->freezer], "cgroup.procs", &there, err);
    for (char *rest = wanted, *line; status == 0 && (line = strsep(&rest, "\n"));) {
        char word[32];
        bool is_there = false;

        for (const char *at = there; *line && !is_there && (at = strstr(at, line)); at++)
            is_there = (at == there || at[-1] == '\n') && (at[strlen(line)] == '\n' || !at[strlen(line)]);
        if (!*line || is_there)
            continue;
        snprintf(word, sizeof(word), "%s", line);
        if (cgroup_write(cgroup->directories[cgroup->freezer], "cgroup.procs", word, NULL) == 0)
            moved++;
    }
    return status < 0 ? status : moved;
}

/* And those of containers inside, whose groups are below. One of them may end meanwhile. */
static int processes_move(const struct cgroup *cgroup, const char *from, unsigned depth, struct error *err)
{
    int moved = own_move(cgroup, from, err);
    DIR *directory = moved < 0 || !depth ? NULL : opendir(from);

    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        char path[1024];
        int inner;

        if (entry->d_type != DT_DIR || entry->d_name[0] == '.' ||
            snprintf(path, sizeof(path), "%s/%s", from, entry->d_name) >= (int)sizeof(path))
            continue;
        inner = processes_move(cgroup, path, depth - 1, NULL);
        moved += inner > 0 ? inner : 0;
    }
    if (directory)
        closedir(directory);
    return moved;
}

static int freezer_make(struct cgroup *cgroup, struct error *err)
{
    int status = cgroup->freezer >= 0 ? 0 : cgroup_add_freezer(cgroup, err), moved = 1;

    for (int i = 0; status == 0 && moved > 0; i++) {
        moved = i < PASSES_MAX ? processes_move(cgroup, cgroup->directories[0], CGROUP_DEPTH_MAX, err)
                               : error_set(err, ERROR_SYSTEM, EAGAIN, "freeze: processes are made faster than they can be found");
        status = moved < 0 ? moved : 0;
    }
    return status;
}

/* 1 = it is as it was to be, 0 = not yet. */
static int is_settled(const struct cgroup *cgroup, bool is_frozen, struct error *err)
{
    auto_free char *text = NULL;
    int status = cgroup->is_v2 ? text_read(cgroup->directories[0], "cgroup.events", &text, err)
                               : text_read(cgroup->directories[cgroup->freezer], "freezer.state", &text, err);

    if (status < 0)
        return status;
    if (cgroup->is_v2)
        return strstr(text, is_frozen ? "frozen 1" : "frozen 0") != NULL;
    return strcmp(text, is_frozen ? "FROZEN\n" : "THAWED\n") == 0;
}

static int state_set(const struct cgroup *cgroup, bool is_frozen, struct error *err)
{
    if (cgroup->is_v2)
        return cgroup_write(cgroup->directories[0], "cgroup.freeze", is_frozen ? "1" : "0", err);
    return cgroup_write(cgroup->directories[cgroup->freezer], "freezer.state", is_frozen ? "FROZEN" : "THAWED", err);
}

int cgroup_freeze(struct cgroup *cgroup, bool is_frozen, struct error *err)
{
    uint64_t until = clock_monotonic_ns() + FREEZE_NS;
    int status = 0;

    if (!is_frozen && !cgroup->is_v2 && cgroup->freezer < 0)
        return 0;
    if (!cgroup->is_v2)
        status = freezer_make(cgroup, err);
    if (status == 0)
        status = state_set(cgroup, is_frozen, err);
    while (status == 0) {
        const struct timespec pause = {.tv_nsec = LOOK_NS};

        status = is_settled(cgroup, is_frozen, err);
        if (status == 0 && clock_monotonic_ns() > until)
            status = error_set(err, ERROR_SYSTEM, ETIMEDOUT, "%s: not all of the container did within %u s",
                               is_frozen ? "freeze" : "thaw", (unsigned)(FREEZE_NS / NS_PER_S));
        if (status == 0)
            nanosleep(&pause, NULL);
    }
    if (status < 0 && is_frozen)
        (void)!state_set(cgroup, false, NULL); /* half of it frozen is nobody's wish */
    return status < 0 ? status : 0;
}
