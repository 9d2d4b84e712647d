/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a launcher must know that begins while containers run. Below a directory that goes with the boot, one fixed record each,
 * "GROUP" and "GROUP.ID". What is missing or damaged is no container's: then nothing is served for it, it ends with its keeper, and the ledger
 * finds its uid in use as long as it is.
 */
#include "launcher/server.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

#define MAGIC 0x4b637243u

struct group_record {
    uint32_t magic, size;
    int32_t pid;
    uint32_t uid, gid, login_uid, group_count, unused;
    uint64_t started;
    gid_t groups[HAND_GROUPS_MAX];
};

struct container_record {
    uint32_t magic, size;
    int32_t pid;
    uint32_t uid, has_own_uid, unused;
    uint64_t started;
    char around[LAUNCH_ID_SIZE]; /* missing where it is inside of none */
};
#define OUTERMOST_SIZE offsetof(struct container_record, around)

int records_open(struct server *server, const char *directory, struct error *err)
{
    int status = file_make_directories(directory, 0700, err);

    if (status < 0)
        return status;
    server->records = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return server->records < 0 ? error_system(err, errno, "open %s", directory) : 0;
}

static void record_name(char ret_name[LAUNCH_GROUP_SIZE + LAUNCH_ID_SIZE], const struct group *group, const struct container *container)
{
    snprintf(ret_name, LAUNCH_GROUP_SIZE + LAUNCH_ID_SIZE, container ? "%s.%s" : "%s", group->name, container ? container->id : "");
}

/* A record that is lost costs the next launcher this container, not this one. */
static void record_write(const struct server *server, const char *name, const void *record, size_t size)
{
    auto_close int fd = openat(server->records, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0 || file_write_all(fd, record, size) < 0)
        unlinkat(server->records, name, 0);
}

/* Of one of two sizes. */
static bool record_read(const struct server *server, const char *name, void *ret_record, size_t size, size_t other_size)
{
    auto_close int fd = openat(server->records, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    const uint32_t *head = ret_record;
    ssize_t got = fd < 0 ? -1 : read(fd, ret_record, size);

    return (got == (ssize_t)size || got == (ssize_t)other_size) && head[0] == MAGIC && head[1] == (size_t)got;
}

void records_group(const struct server *server, const struct group *group)
{
    struct group_record record = {MAGIC, sizeof(record), group->peer.pid, group->peer.uid, group->peer.gid, group->peer.login_uid,
                                  group->peer.group_count, 0, peer_started(group->peer.pid), {0}};
    char name[LAUNCH_GROUP_SIZE + LAUNCH_ID_SIZE];

    memcpy(record.groups, group->peer.groups, sizeof(record.groups));
    record_name(name, group, NULL);
    record_write(server, name, &record, sizeof(record));
}

void records_container(const struct server *server, const struct container *container)
{
    struct container_record record = {MAGIC, container->around ? sizeof(record) : OUTERMOST_SIZE, container->pid, container->uid, container->has_own_uid, 0,
                                      peer_started(container->pid), ""};
    char name[LAUNCH_GROUP_SIZE + LAUNCH_ID_SIZE];

    if (container->around)
        memcpy(record.around, container->around->id, sizeof(record.around));
    record_name(name, container->group, container);
    record_write(server, name, &record, record.size);
}

void records_forget(const struct server *server, const struct group *group, const struct container *container)
{
    char name[LAUNCH_GROUP_SIZE + LAUNCH_ID_SIZE];

    record_name(name, group, container);
    unlinkat(server->records, name, 0);
}

/* ---- beginning again ---- */

/* -1 = it is gone. */
static int process_open(pid_t pid, uint64_t started)
{
    int pidfd = pid > 0 && started ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;

    if (pidfd >= 0 && peer_started(pid) != started) {
        close(pidfd);
        return -1;
    }
    return pidfd;
}

static int group_load(struct server *server, const char *name, struct error *err)
{
    auto_free struct group_record *record = mem_alloc(sizeof(*record));
    auto_free struct group *group = mem_alloc(sizeof(*group));

    if (!record || !group)
        return error_memory(err);
    if (!name_is_plain(name, strlen(name) + 1) || strlen(name) >= sizeof(group->name) || !record_read(server, name, record, sizeof(*record), sizeof(*record)) ||
        record->group_count > HAND_GROUPS_MAX)
        return 0;
    snprintf(group->name, sizeof(group->name), "%s", name);
    group->peer = (struct peer){.pid = record->pid, .uid = record->uid, .gid = record->gid, .login_uid = record->login_uid,
                                .group_count = record->group_count, .pidfd = process_open(record->pid, record->started)};
    memcpy(group->peer.groups, record->groups, sizeof(record->groups));
    group->is_over = group->peer.pidfd < 0;
    group->next = server->groups;
    server->groups = take_ptr(group);
    server->group_count++;
    return 0;
}

/* The record of a container and the keeper that has it; NULL = neither. */
static struct group *container_record(struct server *server, const char *name, const char *dot, struct container_record *ret_record)
{
    char group_name[LAUNCH_GROUP_SIZE];

    *ret_record = (struct container_record){0};
    if ((size_t)(dot - name) >= sizeof(group_name) || strlen(dot + 1) >= LAUNCH_ID_SIZE || !name_is_plain(dot + 1, strlen(dot)) ||
        !record_read(server, name, ret_record, sizeof(*ret_record), OUTERMOST_SIZE))
        return NULL;
    memcpy(group_name, name, (size_t)(dot - name));
    group_name[dot - name] = '\0';
    return server_find_group(server, group_name);
}

static int container_load(struct server *server, const char *name, struct error *err)
{
    const char *dot = strchr(name, '.');
    struct container_record record;
    auto_free struct container *container = mem_alloc(sizeof(*container));
    struct group *group = container_record(server, name, dot, &record);

    if (!container)
        return error_memory(err);
    if (!group || ledger_keep(&server->ledger, group->peer.uid, record.uid, NULL) < 0)
        return 0;
    snprintf(container->id, sizeof(container->id), "%s", dot + 1);
    container->group = group;
    container->uid = record.uid;
    container->has_own_uid = record.has_own_uid;
    container->pid = record.pid;
    container->map = -1;
    container->pidfd = process_open(record.pid, record.started);
    container->is_over = container->pidfd < 0;
    container->is_found = true;
    container->next = group->containers;
    group->containers = take_ptr(container);
    group->count++;
    server->container_count++;
    return 0;
}

static struct container *loaded(const struct group *group, const char *id)
{
    struct container *container = group->containers;

    while (container && strcmp(container->id, id) != 0)
        container = container->next;
    return container;
}

/* When all are loaded. One that is inside of nobody knows what has nothing to hold it. */
static int container_link(struct server *server, const char *name, struct error *err)
{
    const char *dot = strchr(name, '.');
    struct container_record record;
    struct group *group = container_record(server, name, dot, &record);
    struct container *container = group ? loaded(group, dot + 1) : NULL, *around;

    (void)err;
    if (!container || record.size == OUTERMOST_SIZE)
        return 0;
    around = name_is_plain(record.around, sizeof(record.around)) ? loaded(group, record.around) : NULL;
    if (!around || container_put_inside(server, container, around, NULL) < 0)
        server_end(server, container);
    return 0;
}

static int each_record(struct server *server, bool has_dot, int (*load)(struct server *server, const char *name, struct error *err), struct error *err)
{
    int fd = openat(server->records, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), status = 0;
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);

    if (!directory)
        return error_system(err, errno, "list the launcher's records");
    for (struct dirent *entry; status == 0 && (entry = readdir(directory));)
        if (entry->d_name[0] != '.' && !strchr(entry->d_name, '.') == !has_dot)
            status = load(server, entry->d_name, err);
    closedir(directory);
    return status;
}

struct strays {
    struct server *server;
    struct group *group;      /* whose containers are looked at */
    struct container *around; /* inside of which they are; NULL = none */
    struct error *err;
};

static int strays_below(const struct strays *strays, struct container *around);

/* Begun by a launcher that ended before it could write it down: whatever runs in it has lost who would have gone on with it. */
static int stray_end(void *context, const char *name)
{
    const struct strays *strays = context;
    struct group *group = strays->group;
    struct container *container;

    if (!name_is_plain(name, strlen(name) + 1) || strlen(name) >= LAUNCH_ID_SIZE || (!strays->around && !group->is_over && strcmp(name, "keeper") == 0))
        return 0;
    container = server_find(group, name);
    if (container && container->around == strays->around)
        return 0;
    container = mem_alloc(sizeof(*container));
    if (!container)
        return error_memory(strays->err);
    *container = (struct container){.group = group, .pidfd = -1, .map = -1};
    snprintf(container->id, sizeof(container->id), "%s", name);
    if (strays->around && container_put_inside(strays->server, container, strays->around, NULL) < 0) {
        mem_free(container); /* nobody that had these rules made it */
        return 0;
    }
    container->next = group->containers;
    group->containers = container;
    group->count++;
    strays->server->container_count++;
    server_end(strays->server, container);
    return strays_below(strays, container);
}

static int strays_below(const struct strays *strays, struct container *around)
{
    struct strays below = {.server = strays->server, .group = strays->group, .around = around, .err = strays->err};
    char place[LAUNCH_CGROUP_SIZE], path[LAUNCH_GROUP_SIZE + LAUNCH_CGROUP_SIZE];

    snprintf(path, sizeof(path), "%s/%s", around->group->name, container_place(around, place));
    return cgroups_list(&strays->server->cgroups, path, stray_end, &below);
}

static int stray_group(void *context, const char *name)
{
    struct strays *strays = context;
    struct group *group;

    if (!name_is_plain(name, strlen(name) + 1) || strlen(name) >= LAUNCH_GROUP_SIZE || strcmp(name, "launcher") == 0 ||
        server_find_group(strays->server, name))
        return 0;
    group = mem_alloc(sizeof(*group));
    if (!group)
        return error_memory(strays->err);
    *group = (struct group){.next = strays->server->groups, .peer = {.pidfd = -1}, .is_over = true};
    snprintf(group->name, sizeof(group->name), "%s", name);
    strays->server->groups = group;
    strays->server->group_count++;
    return 0;
}

static int strays_load(struct server *server, struct error *err)
{
    struct strays strays = {.server = server, .err = err};
    int status = cgroups_list(&server->cgroups, NULL, stray_group, &strays);

    for (strays.group = server->groups; strays.group && status == 0; strays.group = strays.group->next) {
        struct container *known = strays.group->containers; /* strays come before them in the list */

        status = cgroups_list(&server->cgroups, strays.group->name, stray_end, &strays);
        for (; known && status == 0; known = known->next)
            status = strays_below(&strays, known);
    }
    return status;
}

/* What was around of it has ended meanwhile, and nobody ended it. */
static void orphans_end(struct server *server, struct group *group)
{
    for (struct container *container = group->containers; container; container = container->next)
        if (container->is_over && container->inside)
            server_end(server, container);
}

int records_load(struct server *server, struct error *err)
{
    int status = each_record(server, false, group_load, err);

    if (status == 0)
        status = each_record(server, true, container_load, err);
    if (status == 0)
        status = each_record(server, true, container_link, err);
    if (status == 0)
        status = strays_load(server, err);
    for (struct group *group = server->groups; group && status == 0; group = group->next) {
        orphans_end(server, group);
        if (group->is_over)
            server_end_group(server, group);
        else
            status = server_watch(server, SOURCE_KEEPER_END, fcntl(group->peer.pidfd, F_DUPFD_CLOEXEC, 3), WHO_KEEPER, group, err);
    }
    return status;
}
