/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers that are kept ready. How many of each kind follows from use: what was taken in the last minute, bounded, and none where nothing was.
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
#include "sdk/pool_stock.h"

#define SETTLE_NS      NS_PER_MS
#define LOOK_NS        (5 * NS_PER_S)

struct cordon_pool {
    struct cordon_request *request;
    struct assembly assembly; /* where things are, and the tier: nothing of a policy */
    uint32_t ready_max;
    struct pool_stock ready, unsealed; /* for programs that are given no file, and for those that are */
    struct prepared prepared[CORDON_POOL_MAX];
    uint32_t prepared_count;
    struct shared_assembly *last; /* by which the last one was made */
    bool has_no_ready; /* the policy has what cannot be kept ready: of neither kind */
    struct pool_use use;
    int mounts, mounts_wake, epoll, timer; /* says when the table of the caller's mounts has changed: once to who asks, so who waits has one of its own */
    struct cordon_pool_stats stats;
};

static void prepared_free(const struct cordon_pool *pool, struct prepared *prepared)
{
    if (prepared->run)
        pool->assembly.ops->finish(prepared->run);
    event_log_free(prepared->log);
    *prepared = (struct prepared){0};
}

/* Of first processes; of a stock, what it says itself. */
static uint32_t wanted(struct cordon_pool *pool, uint64_t now)
{
    return pool_use_wanted(&pool->use, now, pool->ready_max);
}

static uint32_t stock_wanted(struct cordon_pool *pool, struct pool_stock *stock, uint64_t now)
{
    return pool->has_no_ready ? 0 : pool_use_wanted(&stock->use, now, pool->ready_max);
}

/* ---- made and dropped ---- */

static void drop_all(struct cordon_pool *pool, uint64_t *counter)
{
    stock_drop_all(&pool->ready, counter);
    stock_drop_all(&pool->unsealed, counter);
    *counter += pool->prepared_count;
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

static void settle(struct cordon_pool *pool)
{
    stock_settle(&pool->ready, pool->request, &pool->stats.failed);
    stock_settle(&pool->unsealed, pool->request, &pool->stats.failed);
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

static int make_ready(struct cordon_pool *pool, struct pool_stock *stock, struct error *err)
{
    struct error failure = ERROR_INIT;
    int status = stock_make(stock, pool->request, &pool->last, &failure);

    if (status < 0 && failure.kind == ERROR_UNENFORCEABLE) {
        pool->has_no_ready = true; /* until all are dropped */
        return 0;
    }
    if (status < 0 && err)
        *err = failure;
    return status;
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

static int fill(struct cordon_pool *pool, uint64_t now, struct error *err)
{
    struct pool_stock *stocks[] = {&pool->ready, &pool->unsealed};

    for (size_t i = 0; i < ARRAY_COUNT(stocks); i++)
        if (stock_fills(stocks[i], stock_wanted(pool, stocks[i], now)))
            return make_ready(pool, stocks[i], err);
    if (pool->prepared_count < prepared_wanted(pool, wanted(pool, now)))
        return make_prepared(pool, err);
    return 0;
}

static void drain(struct cordon_pool *pool, uint64_t now)
{
    struct pool_stock *stocks[] = {&pool->ready, &pool->unsealed};

    for (size_t i = 0; i < ARRAY_COUNT(stocks); i++)
        if (stock_drains(stocks[i], stock_wanted(pool, stocks[i], now))) {
            stock_give_back(stocks[i]);
            pool->stats.drained++;
        }
    if (!wanted(pool, now) && !stock_count(&pool->ready) && !stock_count(&pool->unsealed))
        shared_assembly_retire(take_ptr(pool->last)); /* nobody uses it: marks are this user's, too, and they are counted */
    if (pool->prepared_count > prepared_wanted(pool, wanted(pool, now))) {
        prepared_free(pool, &pool->prepared[--pool->prepared_count]);
        pool->stats.drained++;
    }
}

/* ---- the descriptor ---- */

static bool has_work(struct cordon_pool *pool, uint64_t now)
{
    struct pool_stock *stocks[] = {&pool->ready, &pool->unsealed};
    bool has = pool->prepared_count != prepared_wanted(pool, wanted(pool, now));

    for (size_t i = 0; i < ARRAY_COUNT(stocks) && !has; i++) {
        uint32_t target = stock_wanted(pool, stocks[i], now);

        has = stock_fills(stocks[i], target) || stock_drains(stocks[i], target);
    }
    return has;
}

static int arm(struct cordon_pool *pool, struct error *err)
{
    bool begins = pool->ready.beginning_count + pool->unsealed.beginning_count > 0;
    uint64_t pause = has_work(pool, clock_monotonic_ns()) ? 1 : begins ? SETTLE_NS : LOOK_NS;
    struct itimerspec when = {.it_value = {.tv_sec = (time_t)(pause / NS_PER_S), .tv_nsec = (long)(pause % NS_PER_S)}};

    if (pool->timer < 0)
        return 0;
    if (timerfd_settime(pool->timer, 0, &when, NULL) < 0)
        return error_system(err, errno, "set the pool's timer");
    return 0;
}

static int mounts_open(int *ret_fd, struct error *err)
{
    int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return error_system(err, errno, "open /proc/self/mountinfo");
    *ret_fd = fd;
    return 0;
}

static int watch(struct cordon_pool *pool, struct error *err)
{
    struct epoll_event by_time = {.events = EPOLLIN}, by_mounts = {.events = EPOLLPRI};

    int status = mounts_open(&pool->mounts_wake, err);

    if (status < 0)
        return status;
    pool->epoll = epoll_create1(EPOLL_CLOEXEC);
    pool->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (pool->epoll < 0 || pool->timer < 0 || epoll_ctl(pool->epoll, EPOLL_CTL_ADD, pool->timer, &by_time) < 0 ||
        epoll_ctl(pool->epoll, EPOLL_CTL_ADD, pool->mounts_wake, &by_mounts) < 0)
        return error_system(err, errno, "watch the pool");
    return arm(pool, err);
}

int cordon_pool_poll_fd(struct cordon_pool *pool, struct cordon_error *err)
{
    int status = pool->epoll < 0 ? watch(pool, public_error(err)) : 0;

    if (status < 0) {
        fd_close_at(&pool->epoll);
        fd_close_at(&pool->timer);
        fd_close_at(&pool->mounts_wake);
        pool->epoll = pool->timer = pool->mounts_wake = -1;
    }
    return status < 0 ? status : pool->epoll;
}

int cordon_pool_step(struct cordon_pool *pool, struct cordon_error *err)
{
    uint64_t now = clock_monotonic_ns();
    int status, armed;

    look_at_mounts(pool);
    settle(pool);
    drain(pool, now);
    status = fill(pool, now, public_error(err));
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

/*
 * What a program in one that stands can be given, if its container has heard of it before it is sealed. A file of its events is guarded where it is, and
 * made only when the run begins: what stands has no guard for it.
 */
static bool can_be_unsealed(const struct cordon_request *request)
{
    return request->watch == CORDON_WATCH_REFUSED && !request->ask_ms && !request->is_tty && !request->fd_count && !request->is_learning &&
           !request->events_file && !request->is_reviewed;
}

static bool can_be_ready(const struct cordon_request *request)
{
    bool can = can_be_unsealed(request);

    for (int i = 0; i < 3 && can; i++)
        if (!(i > 0 && request->captures[i - 1]) && request->stdio[i] != CORDON_STDIO_PIPE)
            can = !needs_rule(request->stdio[i] == CORDON_STDIO_INHERIT ? i : request->stdio[i]);
    return can;
}

/* 1 = it is a container that stood, 0 = there is none. */
static int take_from(struct cordon_pool *pool, struct pool_stock *stock, const struct cordon_request *request,
                     struct cordon_container **ret_container, struct error *err)
{
    struct cordon_container *container;

    settle(pool);
    while ((container = stock_take(stock))) {
        int status = container_settle(container, pool->request, true, NULL);
        bool is_proved = false;

        if (status > 0 && stock_is_alive(pool->assembly.ops, container->run)) {
            status = container_take_ready(container, pool->request, request, &is_proved, err);
            if (status > 0) {
                *ret_container = container;
                pool->stats.proved += is_proved;
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

/* Of the kind that suits; one that is unsealed suits what needs no rule, too. */
static int take_ready(struct cordon_pool *pool, const struct cordon_request *request, struct cordon_container **ret_container,
                      struct error *err)
{
    bool can_be = can_be_ready(request);
    int status = 0;

    if (!can_be_unsealed(request))
        return 0;
    pool_use_take(can_be ? &pool->ready.use : &pool->unsealed.use, clock_monotonic_ns());
    if (can_be)
        status = take_from(pool, &pool->ready, request, ret_container, err);
    pool->stats.taken_ready += status > 0;
    if (status == 0) {
        status = take_from(pool, &pool->unsealed, request, ret_container, err);
        pool->stats.taken_unsealed += status > 0;
    }
    return status;
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
    status = take_ready(pool, request, ret_container, public_error(err));
    while (status == 0 && pool->prepared_count && !stock_is_alive(pool->assembly.ops, pool->prepared[pool->prepared_count - 1].run)) {
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
    ret_stats->ready = pool->ready.ready_count;
    ret_stats->unsealed = pool->unsealed.ready_count;
    ret_stats->prepared = pool->prepared_count;
    ret_stats->beginning = pool->ready.beginning_count + pool->unsealed.beginning_count;
}

void cordon_pool_free(struct cordon_pool *pool)
{
    if (!pool)
        return;
    drop_all(pool, &pool->stats.drained);
    fd_close_at(&pool->epoll);
    fd_close_at(&pool->timer);
    fd_close_at(&pool->mounts);
    fd_close_at(&pool->mounts_wake);
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
    pool->epoll = pool->timer = pool->mounts = pool->mounts_wake = -1;
    pool->ready_max = ready_max;
    pool_use_begin(&pool->use, clock_monotonic_ns());
    pool_use_begin(&pool->ready.use, clock_monotonic_ns());
    pool->unsealed.is_unsealed = true; /* none before one was wanted */
    status = request_copy_container(request, &pool->request, error);
    if (status == 0)
        status = assembly_begin(&pool->assembly, pool->request, error);
    if (status == 0)
        status = assembly_find(&pool->assembly, error);
    if (status < 0)
        return status;
    status = mounts_open(&pool->mounts, error);
    if (status < 0)
        return status;
    look_at_mounts(pool); /* the first word is of what was before */
    *ret_pool = take_ptr(pool);
    return 0;
}
