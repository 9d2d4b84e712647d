/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this keeper keeps ready: a pool for each set of conditions that its clients come with (directory, umask, soft limits), since a container has
 * them from when it is made. Filled while nobody waits. That one is still what a start would make, the library looks at whenever one is taken.
 */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/memory.h"
#include "keeper/keeper.h"

#define READY_MAX       32   /* of one pool */
#define PAUSE_MS        5    /* after a start: the program has the processors */
#define POSTPONED_MAX   40   /* a client that opened the door and says nothing keeps nobody else from a fast start */
#define FAILED_MS       2000 /* until it is tried again */
#define COMPILED_MAX    2    /* of clients whose environment is another one than that of who came first: a compilation each */

struct pool {
    struct keeper *keeper;
    struct cordon_pool *pool;
    int cwd;
    struct request_process process;
    struct loop_watch watch;
    struct loop_timer later;
    uint64_t used_ns;
    unsigned postponed;
    unsigned compiled; /* so many one after the other were proved only by a compilation */
};

static void pool_free(struct pool *pool)
{
    struct keeper *keeper = pool->keeper;

    for (size_t i = 0; i < KEEPER_POOLS_MAX; i++)
        if (keeper->pools[i] == pool)
            keeper->pools[i] = NULL;
    loop_cancel(keeper->loop, &pool->later);
    if (pool->watch.fd >= 0)
        loop_forget(keeper->loop, &pool->watch);
    cordon_pool_free(pool->pool);
    fd_close_at(&pool->cwd);
    mem_free(pool);
}

void pools_end(struct keeper *keeper)
{
    for (size_t i = 0; i < KEEPER_POOLS_MAX; i++)
        if (keeper->pools[i])
            pool_free(keeper->pools[i]);
}

/* ---- filled ---- */

static bool somebody_waits(const struct keeper *keeper)
{
    for (const struct session *session = keeper->sessions; session; session = session->next)
        if (!session->is_visitor && session->client.fd >= 0 && session->state < PROTOCOL_RUNNING)
            return true;
    return false;
}

static bool is_early(struct pool *pool)
{
    if (loop_now_ns(pool->keeper->loop) - pool->used_ns >= PAUSE_MS * NS_PER_MS && !somebody_waits(pool->keeper))
        return false;
    return pool->postponed++ < POSTPONED_MAX;
}

static bool is_empty(const struct pool *pool)
{
    struct cordon_pool_stats stats;

    cordon_pool_stats(pool->pool, &stats);
    return !stats.ready && !stats.prepared && !stats.beginning;
}

/* What is kept ready for a directory that somebody has removed is for nobody, and would make the caller's places anew. */
static bool is_gone(const struct pool *pool)
{
    struct stat st;

    return fstat(pool->cwd, &st) < 0 || st.st_nlink == 0;
}

static bool has_work(const struct pool *pool)
{
    struct pollfd polled = {.fd = pool->watch.fd, .events = POLLIN};

    return poll(&polled, 1, 0) > 0;
}

static void pool_later(struct loop_timer *timer)
{
    struct pool *pool = container_of(timer, struct pool, later);
    struct loop *loop = pool->keeper->loop;
    struct error err;

    if (is_gone(pool)) {
        pool_free(pool);
        return;
    }
    if (is_early(pool)) {
        loop_start(loop, timer, PAUSE_MS);
        return;
    }
    pool->postponed = 0;
    if (terms_step(pool->cwd, &pool->process, pool->pool, &err) < 0) {
        loop_start(loop, timer, FAILED_MS);
        return;
    }
    if (!has_work(pool) && is_empty(pool)) { /* drained: whoever comes next begins anew */
        pool_free(pool);
        return;
    }
    if (loop_watch(loop, &pool->watch, EPOLLIN) < 0)
        pool_free(pool);
}

/* Not at once: first come all that is ready by now. */
static void pool_ready(struct loop_watch *watch, uint32_t events)
{
    struct pool *pool = container_of(watch, struct pool, watch);

    loop_forget(pool->keeper->loop, watch);
    loop_start(pool->keeper->loop, &pool->later, 0);
}

/* ---- found and made ---- */

static bool is_like(const struct pool *pool, const struct session *session)
{
    const struct request_process *process = &session->process;
    struct stat here, there;

    return pool->process.umask == process->umask && pool->process.limit_count == process->limit_count &&
           memcmp(pool->process.limits, process->limits, process->limit_count * sizeof(process->limits[0])) == 0 &&
           fstat(pool->cwd, &here) == 0 && fstat(session->cwd, &there) == 0 && here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

static struct pool *pool_find(const struct keeper *keeper, const struct session *session)
{
    for (size_t i = 0; i < KEEPER_POOLS_MAX; i++)
        if (keeper->pools[i] && is_like(keeper->pools[i], session))
            return keeper->pools[i];
    return NULL;
}

/* Room for one more: what was not used for longest goes. */
static struct pool **find_room(struct keeper *keeper)
{
    struct pool **oldest = &keeper->pools[0];

    for (size_t i = 0; i < KEEPER_POOLS_MAX; i++) {
        if (!keeper->pools[i])
            return &keeper->pools[i];
        if (keeper->pools[i]->used_ns < (*oldest)->used_ns)
            oldest = &keeper->pools[i];
    }
    pool_free(*oldest);
    return oldest;
}

/* Whoever fails to be kept ready for starts from nothing the next time, too: no reason to refuse this one. */
static void pool_new(struct session *session)
{
    struct keeper *keeper = session->keeper;
    struct pool *pool = mem_alloc(sizeof(*pool));
    int cwd;

    if (!pool)
        return;
    *pool = (struct pool){.keeper = keeper, .cwd = -1, .process = session->process, .watch = {.fd = -1, .ready = pool_ready}, .later.due = pool_later,
                          .used_ns = clock_monotonic_ns()};
    if (cordon_pool_new(session->request, READY_MAX, &pool->pool, NULL) < 0) {
        mem_free(pool);
        return;
    }
    cwd = fcntl(session->cwd, F_DUPFD_CLOEXEC, 3);
    if (cwd >= 0 && numbers_lift(cwd, &pool->cwd, NULL) == 0)
        pool->watch.fd = cordon_pool_poll_fd(pool->pool, NULL);
    if (pool->watch.fd < 0 || loop_watch(keeper->loop, &pool->watch, EPOLLIN) < 0)
        pool_free(pool);
    else
        *find_room(keeper) = pool;
}

static uint64_t taken(const struct cordon_pool_stats *stats)
{
    return stats->taken_ready + stats->taken_unsealed;
}

/* Is it from now on for clients like this one? */
static bool is_outdated(struct pool *pool, const struct cordon_pool_stats *before)
{
    struct cordon_pool_stats after;

    cordon_pool_stats(pool->pool, &after);
    if (taken(&after) != taken(before))
        pool->compiled = after.proved == before->proved ? pool->compiled + 1 : 0;
    return after.stale != before->stale || pool->compiled >= COMPILED_MAX;
}

int pools_spawn(struct session *session, struct error *err)
{
    struct cordon_error *public = (struct cordon_error *)err;
    struct pool *pool = pool_find(session->keeper, session);
    struct cordon_pool_stats before;
    int status;

    if (!pool) {
        status = cordon_spawn(session->request, &session->container, public);
        if (status == 0 && !session->keeper->is_retiring)
            pool_new(session);
        return status;
    }
    cordon_pool_stats(pool->pool, &before);
    status = cordon_pool_spawn(pool->pool, session->request, &session->container, public);
    pool->used_ns = clock_monotonic_ns();
    if (is_outdated(pool, &before) && status == 0) {
        pool_free(pool);
        pool_new(session);
    }
    return status;
}
