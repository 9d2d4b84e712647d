/* SPDX-License-Identifier: Apache-2.0 */
/* System calls: sendmsg, close. */
#include "sensor/listeners.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/memory.h"

#define BUCKETS 16384u

struct listeners {
    struct listener at[LISTENERS_MAX]; /* 0 is nobody */
    uint32_t most;                     /* behind the last that is, or was, in use */
    uint32_t login[BUCKETS];           /* first container with that hash */
    uint32_t asking[LISTENERS_ASKING_MAX], asking_count;
    uint32_t cgroups, gone;
    uint64_t generation;
    bool has_lost;
};

int listeners_new(struct listeners **ret_listeners, struct error *err)
{
    struct listeners *listeners = mem_alloc(sizeof(*listeners));

    if (!listeners)
        return error_memory(err);
    listeners->most = 1;
    *ret_listeners = listeners;
    return 0;
}

void listeners_free(struct listeners *listeners)
{
    for (uint32_t i = 1; listeners && i < listeners->most; i++)
        if (listeners->at[i].kind)
            listeners_remove(listeners, i);
    mem_free(listeners);
}

void listeners_free_at(struct listeners **listeners)
{
    listeners_free(*listeners);
}

struct listener *listeners_at(struct listeners *listeners, uint32_t number)
{
    return number > 0 && number < listeners->most && listeners->at[number].kind ? &listeners->at[number] : NULL;
}

static uint32_t place_take(struct listeners *listeners)
{
    uint32_t i = 1;

    while (i < listeners->most && listeners->at[i].kind)
        i++;
    if (i == LISTENERS_MAX)
        return 0;
    listeners->most += i == listeners->most;
    return i;
}

static uint32_t of_user(const struct listeners *listeners, uint32_t uid)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < listeners->asking_count; i++)
        count += listeners->at[listeners->asking[i]].uid == uid;
    return count;
}

int listeners_add(struct listeners *listeners, int fd, uint32_t uid, uint32_t *ret_number)
{
    uint32_t number;

    if (listeners->asking_count == LISTENERS_ASKING_MAX || (uid != 0 && of_user(listeners, uid) >= LISTENERS_USER_MAX))
        return -ENOSPC;
    number = place_take(listeners);
    if (!number)
        return -ENOSPC;
    listeners->at[number] = (struct listener){.fd = fd, .kind = LISTENER_NEW, .uid = uid, .login_uid = SENSOR_NO_UID};
    listeners->asking[listeners->asking_count++] = number;
    *ret_number = number;
    return 0;
}

static uint32_t *bucket_of(struct listeners *listeners, uint32_t login_uid)
{
    return &listeners->login[login_uid * 0x9e3779b1u % BUCKETS];
}

int listeners_announce(struct listeners *listeners, int fd, const struct sensor_ask *ask, uint32_t *ret_number)
{
    auto_free char *cgroup = NULL;
    bool has_login = ask->login_uid != SENSOR_NO_UID;
    uint32_t number;

    if (!memchr(ask->cgroup, '\0', sizeof(ask->cgroup)) || (ask->cgroup[0] && (ask->cgroup[0] != '/' || !ask->cgroup[1])))
        return -EINVAL;
    if (!has_login && !ask->cgroup[0] && !ask->pid)
        return -EINVAL;
    if (has_login && listeners_of_login(listeners, ask->login_uid))
        return -EEXIST;
    cgroup = ask->cgroup[0] ? mem_string(ask->cgroup) : NULL;
    if (ask->cgroup[0] && !cgroup)
        return -ENOMEM;
    number = place_take(listeners);
    if (!number)
        return -ENOSPC;
    listeners->cgroups += cgroup != NULL;
    listeners->at[number] = (struct listener){.fd = fd, .kind = LISTENER_CONTAINER, .uid = ask->owner, .pid = ask->pid,
                                              .login_uid = ask->login_uid, .cgroup = take_ptr(cgroup)};
    if (has_login) {
        uint32_t *first = bucket_of(listeners, ask->login_uid);

        listeners->at[number].next = *first;
        *first = number;
    }
    listeners->generation++;
    *ret_number = number;
    return 0;
}

int listeners_add_keeper(struct listeners *listeners, int fd, uint32_t owner, const char *cgroup, uint32_t *ret_number)
{
    auto_free char *group = mem_string(cgroup);
    uint32_t number = place_take(listeners);

    if (!group || !number)
        return group ? -ENOSPC : -ENOMEM;
    listeners->at[number] = (struct listener){.fd = fd, .kind = LISTENER_KEEPER, .uid = owner, .login_uid = SENSOR_NO_UID, .cgroup = take_ptr(group)};
    *ret_number = number;
    return 0;
}

uint32_t listeners_of_owner(const struct listeners *listeners, uint32_t owner)
{
    uint32_t count = 0;

    for (uint32_t i = 1; i < listeners->most; i++)
        count += listeners->at[i].kind == LISTENER_CONTAINER && listeners->at[i].uid == owner;
    return count;
}

static void unlink_login(struct listeners *listeners, uint32_t number)
{
    uint32_t *at = bucket_of(listeners, listeners->at[number].login_uid);

    while (*at && *at != number)
        at = &listeners->at[*at].next;
    if (*at)
        *at = listeners->at[number].next;
}

void listeners_remove(struct listeners *listeners, uint32_t number)
{
    struct listener *listener = &listeners->at[number];

    if (listener->kind == LISTENER_CONTAINER && listener->login_uid != SENSOR_NO_UID)
        unlink_login(listeners, number);
    for (uint32_t i = 0; i < listeners->asking_count; i++)
        if (listeners->asking[i] == number)
            listeners->asking[i] = listeners->asking[--listeners->asking_count];
    listeners->cgroups -= listener->kind == LISTENER_CONTAINER && listener->cgroup;
    listeners->gone -= listener->is_gone;
    mem_free(listener->cgroup);
    fd_close_at(&listener->fd);
    *listener = (struct listener){.fd = -1};
    while (listeners->most > 1 && !listeners->at[listeners->most - 1].kind)
        listeners->most--;
    listeners->generation++;
}

static void set_gone(struct listeners *listeners, struct listener *listener)
{
    listeners->gone += !listener->is_gone;
    listener->is_gone = true;
}

void listeners_mark_gone(struct listeners *listeners, uint32_t number)
{
    set_gone(listeners, &listeners->at[number]);
}

uint32_t listeners_gone(struct listeners *listeners)
{
    for (uint32_t i = 1; listeners->gone && i < listeners->most; i++)
        if (listeners->at[i].kind && listeners->at[i].is_gone)
            return i;
    return 0;
}

uint32_t listeners_of_login(const struct listeners *listeners, uint32_t login_uid)
{
    uint32_t number = login_uid == SENSOR_NO_UID ? 0 : listeners->login[login_uid * 0x9e3779b1u % BUCKETS];

    while (number && listeners->at[number].login_uid != login_uid)
        number = listeners->at[number].next;
    return number;
}

uint32_t listeners_of_maker(const struct listeners *listeners, uint32_t pid)
{
    for (uint32_t i = 1; pid && i < listeners->most; i++)
        if (listeners->at[i].kind == LISTENER_CONTAINER && listeners->at[i].pid == pid)
            return i;
    return 0;
}

/* The longest that it is, or lies below. */
uint32_t listeners_of_cgroup(const struct listeners *listeners, const char *path, size_t length)
{
    size_t best = 0;
    uint32_t found = 0;

    for (uint32_t i = 1; listeners->cgroups && i < listeners->most; i++) {
        const char *cgroup = listeners->at[i].kind == LISTENER_CONTAINER ? listeners->at[i].cgroup : NULL;
        size_t own = cgroup ? strlen(cgroup) : 0;

        if (own > best && own <= length && memcmp(path, cgroup, own) == 0 && (own == length || path[own] == '/')) {
            best = own;
            found = i;
        }
    }
    return found;
}

bool listeners_has_cgroups(const struct listeners *listeners)
{
    return listeners->cgroups > 0;
}

uint64_t listeners_generation(const struct listeners *listeners)
{
    return listeners->generation;
}

bool listeners_hear_user(const struct listeners *listeners, uint32_t uid)
{
    for (uint32_t i = 0; i < listeners->asking_count; i++) {
        const struct listener *listener = &listeners->at[listeners->asking[i]];

        if (listener->kind == LISTENER_ALL || (listener->kind == LISTENER_MINE && listener->uid == uid))
            return true;
    }
    return false;
}

bool listeners_hear_all(const struct listeners *listeners)
{
    return listeners_hear_user(listeners, SENSOR_NO_UID);
}

void listeners_changed(struct listeners *listeners)
{
    listeners->generation++;
}

/* ---- telling ---- */

static int send_told(const struct listener *listener, const struct sensor_told *told, const char *path, const char *exe)
{
    struct iovec parts[] = {{(void *)(uintptr_t)told, sizeof(*told)},
                            {(void *)(uintptr_t)path, told->path_length},
                            {(void *)(uintptr_t)exe, told->exe_length}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = ARRAY_COUNT(parts)};

    return sendmsg(listener->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* What was lost before comes first, so that a listener never takes what follows for whole. */
static int send_lost(struct listeners *listeners, struct listener *listener)
{
    const struct sensor_told gap = {.type = SENSOR_GAP, .flags = SENSOR_GAP_LISTENER, .count = listener->lost, .login_uid = SENSOR_NO_UID};
    int status = listener->lost ? send_told(listener, &gap, "", "") : 0;

    if (status == 0)
        listener->lost = 0;
    else if (status != -EAGAIN && status != -ENOBUFS)
        set_gone(listeners, listener);
    return status;
}

static void say(struct listeners *listeners, struct listener *listener, const struct sensor_told *told, const char *path, const char *exe)
{
    int status = listener->is_gone ? 0 : send_lost(listeners, listener);

    if (listener->is_gone)
        return;
    if (status == 0)
        status = send_told(listener, told, path, exe);
    if (status == -EAGAIN || status == -ENOBUFS) {
        listener->lost += told->type == SENSOR_DOMAIN || !told->count ? 1 : told->count;
        listeners->has_lost = true;
    } else if (status < 0) {
        set_gone(listeners, listener);
    }
}

void listeners_say(struct listeners *listeners, uint32_t number, const struct sensor_told *told)
{
    struct listener *listener = listeners_at(listeners, number);

    if (listener)
        say(listeners, listener, told, "", "");
}

void listeners_tell(struct listeners *listeners, const struct fold_owner *owner, const struct sensor_told *told, const char *path, const char *exe)
{
    struct listener *container = listeners_at(listeners, owner->container);
    bool has_container = container && container->kind == LISTENER_CONTAINER;
    uint32_t user = has_container ? container->uid : owner->uid; /* whose own uid may be nobody else's */

    if (has_container)
        say(listeners, container, told, path, exe);
    for (uint32_t i = 0; i < listeners->asking_count; i++) {
        struct listener *listener = &listeners->at[listeners->asking[i]];

        if (listener->kind == LISTENER_ALL || (listener->kind == LISTENER_MINE && user != SENSOR_NO_UID && listener->uid == user &&
                                               (!listener->pid || listener->pid == owner->maker)))
            say(listeners, listener, told, path, exe);
    }
}

void listeners_tell_gap(struct listeners *listeners, enum sensor_gap gap, uint64_t count, bool to_everybody)
{
    const struct sensor_told told = {.type = SENSOR_GAP, .flags = gap, .count = count, .login_uid = SENSOR_NO_UID};

    for (uint32_t i = 1; i < listeners->most; i++) {
        struct listener *listener = &listeners->at[i];

        if (listener->kind == LISTENER_ALL || listener->kind == LISTENER_CONTROL || (to_everybody && listener->kind > LISTENER_NEW))
            say(listeners, listener, &told, "", "");
    }
}

void listeners_tell_lost(struct listeners *listeners)
{
    bool had_lost = listeners->has_lost;

    listeners->has_lost = false;
    for (uint32_t i = 1; had_lost && i < listeners->most; i++)
        if (listeners->at[i].kind && listeners->at[i].lost && !listeners->at[i].is_gone && send_lost(listeners, &listeners->at[i]) < 0)
            listeners->has_lost = true;
}
