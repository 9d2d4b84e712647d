/* SPDX-License-Identifier: Apache-2.0 */
/* One descriptor that says whenever a container wants attention, for callers with a loop of their
 * own. */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "sdk/container.h"

void watch_close(struct watch *watch)
{
    fd_close_at(&watch->epoll);
    fd_close_at(&watch->timer);
    *watch = WATCH_INIT;
}

static int watch_set(const struct watch *watch, int operation, int fd, uint32_t events,
                     struct error *err)
{
    struct epoll_event event = {.events = events, .data.fd = fd};

    if (epoll_ctl(watch->epoll, operation, fd, &event) < 0)
        return error_system(err, errno, "watch the container");
    return 0;
}

static int watch_arm(struct watch *watch, uint64_t at_ns, struct error *err)
{
    struct itimerspec when = {0};

    if (at_ns == watch->armed_ns)
        return 0;
    when.it_value.tv_sec = (time_t)(at_ns / NS_PER_S);
    when.it_value.tv_nsec = (long)(at_ns % NS_PER_S);
    if (timerfd_settime(watch->timer, TFD_TIMER_ABSTIME, &when, NULL) < 0)
        return error_system(err, errno, "set a timer");
    watch->armed_ns = at_ns;
    return 0;
}

/* A relay wants either to read or to write. A descriptor that it closed has left the set by
 * itself. */
static int watch_relay(struct watch *watch, const struct relay *relay, int *watched,
                       struct error *err)
{
    int wanted = relay->held ? relay->to : relay->from;
    uint32_t events = relay->held ? EPOLLOUT : EPOLLIN;
    int status = 0;

    if (wanted == *watched)
        return 0;
    if (*watched >= 0 && (*watched == relay->from || *watched == relay->to))
        status = watch_set(watch, EPOLL_CTL_DEL, *watched, 0, err);
    *watched = -1;
    if (status == 0 && wanted >= 0)
        status = watch_set(watch, EPOLL_CTL_ADD, wanted, events, err);
    if (status == 0)
        *watched = wanted;
    return status;
}

/* After the end it would be readable for good, and a caller that waits for a slow reader of output
 * would spin. */
static int watch_tier(struct cordon_container *container, struct error *err)
{
    struct watch *watch = &container->watch;
    bool is_wanted = container->state == CONTAINER_RUNNING;
    int status;

    if (is_wanted == watch->has_tier)
        return 0;
    status = watch_set(watch, is_wanted ? EPOLL_CTL_ADD : EPOLL_CTL_DEL,
                       container->assembly.ops->poll_fd(container->run), EPOLLIN, err);
    if (status == 0)
        watch->has_tier = is_wanted;
    return status;
}

/* A channel that was closed has left the set by itself: all of them go at once. */
static int watch_workers(struct cordon_container *container, struct error *err)
{
    struct watch *watch = &container->watch;
    int open[CONTAINER_WATCHED], status = 0;

    container_watched(container, open);
    for (size_t i = 0; i < CONTAINER_WATCHED && status == 0; i++) {
        int there = open[i], wanted = container->state == CONTAINER_RUNNING ? there : -1;

        if (wanted == watch->worker_fds[i])
            continue;
        if (watch->worker_fds[i] >= 0 && watch->worker_fds[i] == there)
            status = watch_set(watch, EPOLL_CTL_DEL, there, 0, err);
        if (status == 0 && wanted >= 0)
            status = watch_set(watch, EPOLL_CTL_ADD, wanted, EPOLLIN, err);
        watch->worker_fds[i] = status == 0 ? wanted : -1;
    }
    return status;
}

int watch_update(struct cordon_container *container, struct error *err)
{
    struct watch *watch = &container->watch;
    int status = watch_arm(watch, container_next_ns(container), err);

    if (status == 0)
        status = watch_tier(container, err);
    if (status == 0)
        status = watch_workers(container, err);
    for (int i = 0; status == 0 && i < 2; i++)
        status = watch_relay(watch, &container->streams.relays[i], &watch->relay_fds[i], err);
    return status;
}

int watch_open(struct cordon_container *container, struct error *err)
{
    struct watch *watch = &container->watch;
    int status;

    watch->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (watch->epoll >= 0)
        watch->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (watch->timer < 0)
        status = error_system(err, errno, "watch the container");
    else
        status = watch_set(watch, EPOLL_CTL_ADD, watch->timer, EPOLLIN, err);
    if (status == 0)
        status = watch_update(container, err);
    if (status < 0)
        watch_close(watch);
    return status;
}
