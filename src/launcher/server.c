/* SPDX-License-Identifier: Apache-2.0 */
/* Keepers and containers: they come, end, and what they had is taken back when nothing of them runs any more. */
#include "launcher/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

#define SWEEP_MS 50   /* between two looks at what is about to end */
#define FOUND_MS 2000 /* and at what may have ended while nobody heard it */

bool name_is_plain(const char *name, size_t size)
{
    size_t length = strnlen(name, size);

    for (size_t i = 0; i < length; i++)
        if (!strchr("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-", name[i]))
            return false;
    for (size_t i = length; i < size; i++)
        if (name[i])
            return false;
    return length > 0 && length < size;
}

int server_watch(struct server *server, enum source_kind kind, int fd, enum who who, struct group *group, struct error *err)
{
    struct source *source = mem_alloc(sizeof(*source));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = source};

    if (!source) {
        close(fd);
        return error_memory(err);
    }
    *source = (struct source){.kind = kind, .fd = fd, .who = who};
    if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
        int errnum = errno;

        mem_free(source);
        close(fd);
        return error_system(err, errnum, "wait for a descriptor");
    }
    if (kind == SOURCE_CONNECTION && group)
        server_join(source, group);
    source->group = group;
    return 0;
}

void server_join(struct source *connection, struct group *group)
{
    connection->group = group;
    connection->next = group->connections;
    group->connections = connection;
}

void server_close(struct server *server, struct source *source)
{
    struct source **at = source->kind == SOURCE_CONNECTION && source->group ? &source->group->connections : NULL;

    while (at && *at && *at != source)
        at = &(*at)->next;
    if (at && *at)
        *at = source->next;
    notes_forget(server, source);
    /* closing takes it out of the loop only where nobody else has a descriptor of the same, as of a keeper's pidfd */
    epoll_ctl(server->epoll, EPOLL_CTL_DEL, source->fd, NULL);
    close(source->fd);
    mem_free(source);
}

int server_open(struct server *server, const char *state, const char *records, struct error *err)
{
    int status;

    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (server->epoll < 0)
        return error_system(err, errno, "make a loop of events");
    status = ledger_open(&server->ledger, state, &server->range, err);
    if (status == 0)
        status = kept_open(server, state, err);
    if (status == 0)
        status = notes_open(&server->notes, err);
    return status < 0 ? status : records_open(server, records, err);
}

struct group *server_find_group(struct server *server, const char *name)
{
    struct group *group = server->groups;

    while (group && strcmp(group->name, name) != 0)
        group = group->next;
    return group;
}

struct container *server_find(struct group *group, const char *id)
{
    struct container *container = group->containers;

    while (container && (container->is_over || strcmp(container->id, id) != 0))
        container = container->next;
    return container;
}

static bool has_ended(int pidfd)
{
    struct pollfd ended = {.fd = pidfd, .events = POLLIN};

    return pidfd < 0 || poll(&ended, 1, 0) != 0;
}

struct group *server_find_maker(struct server *server, int connection)
{
    struct group *group = server->groups;
    struct peer peer;
    size_t count = 0;

    if (peer_read(connection, &peer, NULL) < 0)
        return NULL;
    /* alive both: the number is nobody else's */
    while (group && (group->is_over || group->peer.pid != peer.pid || group->peer.uid != peer.uid || has_ended(group->peer.pidfd)))
        group = group->next;
    peer_finish(&peer);
    for (const struct source *at = group ? group->connections : NULL; at; at = at->next)
        count++;
    return count < SERVER_CONNECTIONS_MAX ? group : NULL;
}

/* What an earlier launcher left may have the name still. */
static int group_name(struct server *server, struct group *group, struct error *err)
{
    int status = -EEXIST;

    for (unsigned tries = 0; tries < SERVER_GROUPS_MAX && status == -EEXIST; tries++) {
        snprintf(group->name, sizeof(group->name), "%u-%u", group->peer.uid, ++server->next_group);
        status = cgroups_make_group(&server->cgroups, group->name, err);
    }
    return status;
}

int server_add_group(struct server *server, const struct peer *peer, struct group **ret_group, struct error *err)
{
    auto_free struct group *group = mem_alloc(sizeof(*group));
    size_t own = 0;
    int status;

    if (!group)
        return error_memory(err);
    for (const struct group *at = server->groups; at; at = at->next)
        own += at->peer.uid == peer->uid;
    if (server->group_count >= SERVER_GROUPS_MAX || own >= SERVER_GROUPS_OF_CALLER_MAX)
        return error_set(err, ERROR_LIMIT, EDQUOT, "at most %d keepers of one caller, %d of all", SERVER_GROUPS_OF_CALLER_MAX, SERVER_GROUPS_MAX);
    group->peer = *peer;
    group->peer.pidfd = -1; /* the keeper's comes when there is one */
    group->began_ns = clock_monotonic_ns();
    status = group_name(server, group, err);
    if (status < 0)
        return status;
    group->next = server->groups;
    server->groups = group;
    server->group_count++;
    *ret_group = take_ptr(group);
    return 0;
}

static size_t count_of_caller(const struct server *server, uint32_t uid)
{
    size_t count = 0;

    for (const struct group *group = server->groups; group; group = group->next)
        count += group->peer.uid == uid ? group->count : 0;
    return count;
}

static int uid_take(struct server *server, const struct group *group, struct container *container, struct error *err)
{
    int status = ledger_take(&server->ledger, group->peer.uid, &container->uid, err);

    if (server->ledger.is_new)
        notes_owned(server, group->peer.uid, server->range.first + server->ledger.new_block * RANGE_BLOCK, RANGE_BLOCK);
    return status;
}

int server_add(struct server *server, struct group *group, const char *id, struct container *around, struct container **ret_container,
               struct error *err)
{
    auto_free struct container *container = mem_alloc(sizeof(*container));
    int status;

    if (!container)
        return error_memory(err);
    for (const struct container *at = group->containers; at; at = at->next)
        if (strcmp(at->id, id) == 0)
            return error_set(err, ERROR_INVALID, EEXIST, "the container %s is there already", id);
    if (server->container_count >= SERVER_CONTAINERS_MAX || count_of_caller(server, group->peer.uid) >= SERVER_OF_CALLER_MAX)
        return error_set(err, ERROR_LIMIT, EDQUOT, "at most %d containers of one caller, %d of all: end some first", SERVER_OF_CALLER_MAX,
                         SERVER_CONTAINERS_MAX);
    snprintf(container->id, sizeof(container->id), "%s", id);
    container->group = group;
    status = around ? container_put_inside(server, container, around, err) : 0;
    if (status == 0)
        status = uid_take(server, group, container, err);
    if (status < 0) {
        container_take_out(container);
        return status;
    }
    container->pidfd = container->map = -1;
    container->next = group->containers;
    group->containers = container;
    group->count++;
    server->container_count++;
    *ret_container = take_ptr(container);
    return 0;
}

/* ---- the end ---- */

bool container_has_ended(const struct container *container)
{
    return has_ended(container->pidfd);
}

static void container_kill(const struct server *server, const struct container *container, const char *place)
{
    if (container->pidfd >= 0)
        syscall(SYS_pidfd_send_signal, container->pidfd, SIGKILL, NULL, 0);
    if (server->cgroups.count)
        (void)!cgroups_order(&server->cgroups, container->group->name, place, LAUNCH_KILL, NULL);
}

static void end_one(const struct server *server, struct container *container)
{
    char text[LAUNCH_CGROUP_SIZE];
    const char *place = container_place(container, text);

    container->is_over = true;
    if (!has_ended(container->pidfd) || !cgroups_is_empty(&server->cgroups, container->group->name, place))
        container_kill(server, container, place);
}

void server_end(struct server *server, struct container *container)
{
    end_one(server, container);
    for (struct container *at = container->inside ? container->group->containers : NULL; at; at = at->next)
        if (container_is_within(at, container))
            end_one(server, at);
}

void server_end_group(struct server *server, struct group *group)
{
    group->is_over = true;
    kept_left(group);
    for (struct source *source = group->connections; source; source = source->next)
        shutdown(source->fd, SHUT_RDWR); /* whoever holds the other end: the loop closes this one */
    for (struct container *container = group->containers; container; container = container->next)
        end_one(server, container);
}

/* Its uid is given back only when nothing runs in its group any more, nor in one below, where it is the uid of others. */
static bool container_sweep(struct server *server, struct container *container)
{
    char place[LAUNCH_CGROUP_SIZE];

    if (container->inside || !has_ended(container->pidfd) || !cgroups_remove(&server->cgroups, container->group->name, container_place(container, place)))
        return false;
    records_forget(server, container->group, container);
    notes_container(server, LAUNCH_NOTED_TAKEN, container, NULL);
    ledger_give(&server->ledger, container->uid);
    fd_close_at(&container->pidfd);
    fd_close_at(&container->map);
    return true;
}

/* Its keeper has had the time to read what it used. */
static void found_look(struct server *server, struct container *container)
{
    uint64_t now = clock_monotonic_ns();

    if (container->is_over || !container->is_found || !has_ended(container->pidfd))
        return;
    if (!container->ended_ns)
        container->ended_ns = now;
    else if (now - container->ended_ns >= FOUND_MS * NS_PER_MS)
        server_end(server, container);
}

static void containers_sweep(struct server *server, struct group *group)
{
    struct container **at = &group->containers;

    while (*at) {
        struct container *container = *at;

        found_look(server, container);
        if (!container->is_over || !container_sweep(server, container)) {
            at = &container->next;
            continue;
        }
        *at = container->next;
        container_take_out(container);
        group->count--;
        server->container_count--;
        mem_free(container);
    }
}

static bool group_sweep(struct server *server, struct group *group)
{
    if (!group->is_over || group->containers || group->connections || !has_ended(group->peer.pidfd))
        return false;
    if (!cgroups_remove(&server->cgroups, group->name, "keeper") || !cgroups_remove(&server->cgroups, group->name, NULL))
        return false;
    records_forget(server, group, NULL);
    notes_keeper(server, LAUNCH_NOTED_KEEPER_ENDED, group);
    peer_finish(&group->peer);
    return true;
}

static int soonest(int one, int other)
{
    return one < 0 || (other >= 0 && other < one) ? other : one;
}

static int group_wait(const struct group *group)
{
    int wait = group->is_over ? SWEEP_MS : -1;

    for (const struct container *container = group->containers; container; container = container->next)
        wait = soonest(wait, container->is_over ? SWEEP_MS : container->is_found ? FOUND_MS : -1);
    return wait;
}

int server_sweep(struct server *server)
{
    struct group **at = &server->groups;
    int wait = -1;

    while (*at) {
        struct group *group = *at;

        containers_sweep(server, group);
        if (group_sweep(server, group)) {
            *at = group->next;
            server->group_count--;
            mem_free(group);
            continue;
        }
        wait = soonest(wait, group_wait(group));
        at = &group->next;
    }
    return wait;
}
