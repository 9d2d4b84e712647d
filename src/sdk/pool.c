/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers that are kept ready. How many follows from use: what was taken in the last minute, bounded, and none where nothing was.
 * That one is what a start would make now is never taken from what was known when it was made: container_take_ready() compiles
 * anew and compares. What no compilation sees, file systems that were mounted or unmounted meanwhile, drops all of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "sdk/container.h"
#include "sdk/pool_use.h"

#define BEGINNING_MAX  4  /* at a time: more would only wait for each other */
#define SETTLE_NS      NS_PER_MS
#define LOOK_NS        (5 * NS_PER_S)

struct cordon_pool {
    struct cordon_request *request;
    struct assembly assembly; /* where things are, and the tier: nothing of a policy */
    uint32_t ready_max;
    struct cordon_container *ready[CORDON_POOL_MAX]; /* the oldest first */
    struct cordon_container *beginning[BEGINNING_MAX];
    uint32_t ready_count, beginning_count;
    struct prepared prepared[CORDON_POOL_MAX];
    uint32_t prepared_count;
    struct shared_assembly *last; /* by which the last one was made */
    bool has_no_ready; /* the policy has what cannot be kept ready */
    struct pool_use use;
    int mounts, epoll, timer; /* mounts: says when the table of the caller's mounts has changed */
    struct cordon_pool_stats stats;
};

static void prepared_free(const struct cordon_pool *pool, struct prepared *prepared)
{
    if (prepared->run)
        pool->assembly.ops->finish(prepared->run);
    event_log_free(prepared->log);
    *prepared = (struct prepared){0};
}

static uint32_t wanted(struct cordon_pool *pool, uint64_t now)
{
    return pool_use_wanted(&pool->use, now, pool->ready_max);
}

/* ---- made and dropped ---- */

static struct cordon_container *remove_at(struct cordon_container **list, uint32_t *count, uint32_t index)
{
    struct cordon_container *container = list[index];

    --*count;
    memmove(&list[index], &list[index + 1], (*count - index) * sizeof(*list));
    return container;
}

static void drop_all(struct cordon_pool *pool, uint64_t *counter)
{
    *counter += pool->ready_count + pool->beginning_count + pool->prepared_count;
    while (pool->ready_count)
        cordon_container_free(remove_at(pool->ready, &pool->ready_count, pool->ready_count - 1));
    while (pool->beginning_count)
        cordon_container_free(remove_at(pool->beginning, &pool->beginning_count, pool->beginning_count - 1));
    while (pool->prepared_count)
        prepared_free(pool, &pool->prepared[--pool->prepared_count]);
    pool->has_no_ready = false;
    shared_assembly_retire(take_ptr(pool->last)); /* mounts are no part of what it saw */
}

/* A first process has a copy of the mounts of its moment. */
static void look_at_mounts(struct cordon_pool *pool)
{
    struct pollfd polled = {.fd = pool->mounts, .events = POLLPRI};

    if (poll(&polled, 1, 0) != 0)
        drop_all(pool, &pool->stats.stale);
}

/* One that says something has nothing good to say: nothing runs in it. */
static bool is_alive(const struct cordon_pool *pool, const struct tier_run *run)
{
    struct pollfd polled = {.fd = pool->assembly.ops->poll_fd(run), .events = POLLIN};

    return poll(&polled, 1, 0) == 0;
}

static void settle(struct cordon_pool *pool)
{
    for (uint32_t i = 0; i < pool->beginning_count;) {
        int status = container_settle(pool->beginning[i], pool->request, false, NULL);

        if (status == 0) {
            i++;
        } else if (status > 0) {
            pool->ready[pool->ready_count] = remove_at(pool->beginning, &pool->beginning_count, i);
            pool->ready_count++;
        } else {
            cordon_container_free(remove_at(pool->beginning, &pool->beginning_count, i));
            pool->stats.failed++;
        }
    }
    for (uint32_t i = 0; i < pool->ready_count;)
        if (is_alive(pool, pool->ready[i]->run)) {
            i++;
        } else {
            cordon_container_free(remove_at(pool->ready, &pool->ready_count, i));
            pool->stats.failed++;
        }
}

static int make_prepared(struct cordon_pool *pool, struct error *err)
{
    struct prepared *prepared = &pool->prepared[pool->prepared_count];
    struct tier_prepare given = {.init_path = pool->assembly.places.init};
    int status = pool->assembly.ops->prepare ? event_log_name(&prepared->log, err)
                                             : error_set(err, ERROR_UNENFORCEABLE, ENOTSUP, "this tier prepares nothing");

    if (status < 0)
        return status;
    given.run_id = event_log_run_id(prepared->log);
    status = pool->assembly.ops->prepare(&given, &prepared->run, err);
    if (status < 0)
        prepared_free(pool, prepared);
    else
        pool->prepared_count++;
    return status;
}

static int make_ready(struct cordon_pool *pool, struct error *err)
{
    struct error failure = ERROR_INIT;
    int status = container_make_ready(pool->request, &pool->last, &pool->beginning[pool->beginning_count], &failure);

    if (status == 0)
        pool->beginning_count++;
    if (status < 0 && failure.kind == ERROR_UNENFORCEABLE) {
        pool->has_no_ready = true; /* until all are dropped */
        return 0;
    }
    if (status < 0 && err)
        *err = failure;
    return status;
}

static uint32_t count_of(const struct cordon_pool *pool)
{
    return pool->ready_count + pool->beginning_count;
}

/*
 * What cannot be kept ready is prepared; of the others one is, for requests that cannot use what is ready. A launcher's first process
 * belongs to a container from the beginning.
 */
static uint32_t prepared_wanted(const struct cordon_pool *pool, uint32_t target)
{
    if (pool->request->launcher_fd >= 0)
        return 0;
    return pool->has_no_ready ? target : target ? 1 : 0;
}

static int fill(struct cordon_pool *pool, uint32_t target, struct error *err)
{
    if (!pool->has_no_ready && count_of(pool) < target && pool->beginning_count < BEGINNING_MAX)
        return make_ready(pool, err);
    if (pool->prepared_count < prepared_wanted(pool, target))
        return make_prepared(pool, err);
    return 0;
}

static void drain(struct cordon_pool *pool, uint32_t target)
{
    if (pool->ready_count && count_of(pool) > target) {
        cordon_container_free(remove_at(pool->ready, &pool->ready_count, pool->ready_count - 1));
        pool->stats.drained++;
    }
    if (pool->prepared_count > prepared_wanted(pool, target)) {
        prepared_free(pool, &pool->prepared[--pool->prepared_count]);
        pool->stats.drained++;
    }
}

/* ---- the descriptor ---- */

static bool has_work(struct cordon_pool *pool, uint32_t target)
{
    bool fills = !pool->has_no_ready && count_of(pool) < target && pool->beginning_count < BEGINNING_MAX;

    return fills || (count_of(pool) > target && pool->ready_count) || pool->prepared_count != prepared_wanted(pool, target);
}

static int arm(struct cordon_pool *pool, struct error *err)
{
    uint64_t now = clock_monotonic_ns();
    uint64_t pause = has_work(pool, wanted(pool, now)) ? 1 : pool->beginning_count ? SETTLE_NS : LOOK_NS;
    struct itimerspec when = {.it_value = {.tv_sec = (time_t)(pause / NS_PER_S), .tv_nsec = (long)(pause % NS_PER_S)}};

    if (pool->timer < 0)
        return 0;
    if (timerfd_settime(pool->timer, 0, &when, NULL) < 0)
        return error_system(err, errno, "set the pool's timer");
    return 0;
}

static int watch(struct cordon_pool *pool, struct error *err)
{
    struct epoll_event by_time = {.events = EPOLLIN}, by_mounts = {.events = EPOLLPRI};

    pool->epoll = epoll_create1(EPOLL_CLOEXEC);
    pool->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (pool->epoll < 0 || pool->timer < 0 || epoll_ctl(pool->epoll, EPOLL_CTL_ADD, pool->timer, &by_time) < 0 ||
        epoll_ctl(pool->epoll, EPOLL_CTL_ADD, pool->mounts, &by_mounts) < 0)
        return error_system(err, errno, "watch the pool");
    return arm(pool, err);
}

int cordon_pool_poll_fd(struct cordon_pool *pool, struct cordon_error *err)
{
    int status = pool->epoll < 0 ? watch(pool, public_error(err)) : 0;

    if (status < 0) {
        fd_close_at(&pool->epoll);
        fd_close_at(&pool->timer);
        pool->epoll = pool->timer = -1;
    }
    return status < 0 ? status : pool->epoll;
}

int cordon_pool_step(struct cordon_pool *pool, struct cordon_error *err)
{
    uint32_t target = wanted(pool, clock_monotonic_ns());
    int status, armed;

    look_at_mounts(pool);
    settle(pool);
    drain(pool, target);
    status = fill(pool, target, public_error(err));
    if (status < 0)
        pool->stats.failed++;
    armed = arm(pool, status < 0 ? NULL : public_error(err));
    return status < 0 ? status : armed;
}

/* ---- taken ---- */

/* What stands has a rule for no file that it has not heard of. */
static bool needs_rule(int fd)
{
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return false;
    return S_ISREG(st.st_mode) || (S_ISCHR(st.st_mode) && st.st_rdev != makedev(1, 3));
}

/* A file of its events is guarded where it is, and made only when the run begins: what stands has no guard for it. */
static bool can_be_ready(const struct cordon_request *request)
{
    bool is_plain = request->watch == CORDON_WATCH_REFUSED && !request->ask_ms && !request->is_tty && !request->fd_count &&
                    !request->is_learning && !request->events_file;

    for (int i = 0; i < 3 && is_plain; i++)
        if (!(i > 0 && request->captures[i - 1]) && request->stdio[i] != CORDON_STDIO_PIPE)
            is_plain = !needs_rule(request->stdio[i] == CORDON_STDIO_INHERIT ? i : request->stdio[i]);
    return is_plain;
}

/* 1 = it is one that was ready, 0 = there is none. */
static int take_ready(struct cordon_pool *pool, const struct cordon_request *request, struct cordon_container **ret_container,
                      struct error *err)
{
    settle(pool);
    while (pool->ready_count || pool->beginning_count) {
        struct cordon_container *container = pool->ready_count ? remove_at(pool->ready, &pool->ready_count, 0)
                                                               : remove_at(pool->beginning, &pool->beginning_count, 0);
        int status = container_settle(container, pool->request, true, NULL);
        bool is_proved = false;

        if (status > 0 && is_alive(pool, container->run)) {
            status = container_take_ready(container, pool->request, request, &is_proved, err);
            if (status > 0) {
                *ret_container = container;
                pool->stats.proved += is_proved;
                pool->stats.taken_ready++;
                return 1;
            }
        } else {
            pool->stats.failed++;
            status = 1;
        }
        cordon_container_free(container);
        if (status < 0)
            return status;
        if (status == 0) { /* and those that were made with it are no better */
            pool->stats.stale++;
            drop_all(pool, &pool->stats.stale);
        }
    }
    return 0;
}

static bool can_be_prepared(const struct cordon_request *request)
{
    return request->watch == CORDON_WATCH_REFUSED && !request->is_reviewed && !request->fd_count;
}

static int take_prepared(struct cordon_pool *pool, const struct cordon_request *request, struct cordon_container **ret_container,
                         struct error *err)
{
    struct prepared *prepared = &pool->prepared[--pool->prepared_count];
    /* what cannot be kept ready has files of its own (secrets), and who is asked another plan */
    bool is_alike = !pool->has_no_ready && !request->ask_ms && request_is_same_container(pool->request, request);
    int status = container_start_prepared(request, pool->assembly.ops, prepared, is_alike ? pool->last : NULL, ret_container, err);

    prepared_free(pool, prepared);
    pool->stats.taken_prepared++;
    return status;
}

int cordon_pool_spawn(struct cordon_pool *pool, const struct cordon_request *request, struct cordon_container **ret_container,
                      struct cordon_error *err)
{
    int status = 0;

    if (request->captures[0] || request->captures[1])
        return error_set(public_error(err), ERROR_INVALID, EINVAL, "capture goes with cordon_run(); ask for pipes instead");
    pool_use_take(&pool->use, clock_monotonic_ns());
    look_at_mounts(pool);
    if (can_be_ready(request) && !request->is_reviewed)
        status = take_ready(pool, request, ret_container, public_error(err));
    while (pool->prepared_count && !is_alive(pool, pool->prepared[pool->prepared_count - 1].run)) {
        prepared_free(pool, &pool->prepared[--pool->prepared_count]);
        pool->stats.failed++;
    }
    if (status == 0 && pool->prepared_count && can_be_prepared(request)) {
        status = take_prepared(pool, request, ret_container, public_error(err));
    } else if (status == 0) {
        pool->stats.cold++;
        status = container_start(request, ret_container, public_error(err));
    }
    (void)!arm(pool, NULL);
    return status < 0 ? status : 0;
}

/* ---- the object ---- */

void cordon_pool_stats(const struct cordon_pool *pool, struct cordon_pool_stats *ret_stats)
{
    *ret_stats = pool->stats;
    ret_stats->ready = pool->ready_count;
    ret_stats->prepared = pool->prepared_count;
    ret_stats->beginning = pool->beginning_count;
}

void cordon_pool_free(struct cordon_pool *pool)
{
    if (!pool)
        return;
    drop_all(pool, &pool->stats.drained);
    fd_close_at(&pool->epoll);
    fd_close_at(&pool->timer);
    fd_close_at(&pool->mounts);
    assembly_finish(&pool->assembly);
    cordon_request_free(pool->request);
    mem_free(pool);
}

static void pool_free_at(struct cordon_pool **pool)
{
    cordon_pool_free(*pool);
}

int cordon_pool_new(const struct cordon_request *request, uint32_t ready_max, struct cordon_pool **ret_pool, struct cordon_error *err)
{
    cleanup_with(pool_free_at) struct cordon_pool *pool = NULL;
    struct error *error = public_error(err);
    int status;

    if (!ready_max || ready_max > CORDON_POOL_MAX)
        return error_set(error, ERROR_INVALID, EINVAL, "a pool keeps 1 to %d containers ready", CORDON_POOL_MAX);
    if (request->is_reviewed || request->is_learning)
        return error_set(error, ERROR_INVALID, EINVAL, "nothing is kept ready for reviewed runs and for learning");
    pool = mem_alloc(sizeof(*pool));
    if (!pool)
        return error_memory(error);
    pool->epoll = pool->timer = pool->mounts = -1;
    pool->ready_max = ready_max;
    pool_use_begin(&pool->use, clock_monotonic_ns());
    status = request_copy_container(request, &pool->request, error);
    if (status == 0)
        status = assembly_begin(&pool->assembly, pool->request, error);
    if (status == 0)
        status = assembly_find(&pool->assembly, error);
    if (status < 0)
        return status;
    pool->mounts = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    if (pool->mounts < 0)
        return error_system(error, errno, "open /proc/self/mountinfo");
    look_at_mounts(pool); /* the first word is of what was before */
    *ret_pool = take_ptr(pool);
    return 0;
}
