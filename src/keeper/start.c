/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container is started as the client would have started it: in its directory, with its umask and its limits. They belong to a process, and this
 * one has one thread: it takes them on for the call and puts its own back.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/spawn.h"
#include "keeper/keeper.h"
#include "sdk/keeping.h"

struct own_limits {
    struct rlimit soft[RLIM_NLIMITS];
};

int place_enter_at(int cwd, unsigned mask, struct place *ret_own, struct error *err)
{
    struct place own = {.cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC)};

    if (own.cwd < 0 || fchdir(cwd) < 0) {
        int status = error_system(err, errno, "enter the client's directory");

        fd_close_at(&own.cwd);
        return status;
    }
    own.umask = umask(mask);
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* the library looks by a child what it may, which has to own its files in /proc */
    *ret_own = own;
    return 0;
}

int place_enter(const struct session *session, struct place *ret_own, struct error *err)
{
    return place_enter_at(session->cwd, session->process.umask, ret_own, err);
}

void place_leave(struct place *own)
{
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    umask(own->umask);
    if (fchdir(own->cwd) < 0)
        _exit(1);
    fd_close_at(&own->cwd);
}

/*
 * All clients of a keeper have the same hard limits (they are in its key): the first brings them. One that is higher than this process may have
 * cannot be given.
 */
static int take_hard_limits(struct session *session, struct error *err)
{
    for (size_t i = 0; i < session->process.limit_count; i++) {
        const struct request_limit *limit = &session->process.limits[i];
        struct rlimit own, wanted;

        if (limit->resource >= RLIM_NLIMITS || getrlimit((int)limit->resource, &own) < 0)
            continue;
        if (limit->hard > own.rlim_max) {
            wanted = (struct rlimit){own.rlim_cur, limit->hard};
            if (setrlimit((int)limit->resource, &wanted) < 0)
                return error_set(err, ERROR_UNENFORCEABLE, EPERM,
                                 "limit %u of this process is higher than the daemon's (ulimit -H; Limit...= of its unit): run without the daemon",
                                 (unsigned)limit->resource);
        }
    }
    for (size_t i = 0; i < session->process.limit_count; i++) {
        const struct request_limit *limit = &session->process.limits[i];
        struct rlimit own;

        if (limit->resource >= RLIM_NLIMITS || getrlimit((int)limit->resource, &own) < 0 || limit->hard >= own.rlim_max)
            continue;
        own.rlim_max = limit->hard;
        if (own.rlim_cur > own.rlim_max)
            own.rlim_cur = own.rlim_max;
        if (setrlimit((int)limit->resource, &own) < 0)
            return error_system(err, errno, "take on limit %u", (unsigned)limit->resource);
    }
    session->keeper->has_limits = true;
    return 0;
}

static int take_soft_limits(const struct request_process *process, struct own_limits *ret_own, struct error *err)
{
    for (unsigned resource = 0; resource < RLIM_NLIMITS; resource++)
        if (getrlimit(resource, &ret_own->soft[resource]) < 0)
            ret_own->soft[resource] = (struct rlimit){RLIM_INFINITY, RLIM_INFINITY};
    for (size_t i = 0; i < process->limit_count; i++) {
        const struct request_limit *limit = &process->limits[i];
        struct rlimit wanted;

        if (limit->resource == RLIMIT_NOFILE) /* of this process's files, most are others' */
            spawn_limit_files(limit->soft);
        if (limit->resource >= RLIM_NLIMITS || limit->resource == RLIMIT_NOFILE)
            continue;
        wanted = ret_own->soft[limit->resource];
        if (wanted.rlim_cur == limit->soft)
            continue;
        wanted.rlim_cur = limit->soft < wanted.rlim_max ? limit->soft : wanted.rlim_max;
        if (setrlimit((int)limit->resource, &wanted) < 0)
            return error_system(err, errno, "take on limit %u", (unsigned)limit->resource);
    }
    return 0;
}

static void leave_soft_limits(const struct request_process *process, const struct own_limits *own)
{
    spawn_limit_files(0);
    for (size_t i = 0; i < process->limit_count; i++) {
        uint64_t resource = process->limits[i].resource;

        if (resource < RLIM_NLIMITS)
            (void)!setrlimit((int)resource, &own->soft[resource]);
    }
}

int terms_step(int cwd, const struct request_process *process, struct cordon_pool *pool, struct error *err)
{
    struct own_limits limits;
    struct place own;
    int status = place_enter_at(cwd, process->umask, &own, err);

    if (status < 0)
        return status;
    status = take_soft_limits(process, &limits, err);
    if (status == 0)
        status = cordon_pool_step(pool, (struct cordon_error *)err);
    leave_soft_limits(process, &limits);
    place_leave(&own);
    return status;
}

static int keep_descriptors(struct session *session, struct error *err)
{
    int status = 0;

    for (size_t i = 0; status == 0 && i < session->kept_count; i++)
        status = cordon_request_keep_fd(session->request, session->kept[i].number, (struct cordon_error *)err);
    return status;
}

typedef int begin_container(struct session *session, struct cordon_container *within, struct error *err);

static int begin_spawn(struct session *session, struct cordon_container *within, struct error *err)
{
    return pools_spawn(session, err);
}

static int begin_create(struct session *session, struct cordon_container *within, struct error *err)
{
    return cordon_create(session->request, &session->container, (struct cordon_error *)err);
}

static int begin_exec(struct session *session, struct cordon_container *within, struct error *err)
{
    return cordon_container_exec(within, session->request, &session->program, (struct cordon_error *)err);
}

static int spawn(struct session *session, begin_container *begin, struct cordon_container *within, struct error *err)
{
    struct own_limits own;
    int status = take_soft_limits(&session->process, &own, err);

    if (status == 0)
        status = keep_descriptors(session, err);
    if (status == 0)
        status = begin(session, within, err);
    leave_soft_limits(&session->process, &own);
    return status;
}

static int spawn_with_numbers(struct session *session, begin_container *begin, struct cordon_container *within, struct error *err)
{
    struct lent lent;
    int status = session->keeper->has_limits ? 0 : take_hard_limits(session, err);

    if (status == 0)
        status = numbers_lend(session->kept, session->kept_count, &lent, err);
    if (status < 0)
        return status;
    status = spawn(session, begin, within, err);
    numbers_take_back(&lent);
    return status;
}

/* Where the client is gone, or says anything, before its program has started, the launch is given up. */
static int start(struct session *session, begin_container *begin, struct cordon_container *within, struct error *err)
{
    struct cordon_error *public = (struct cordon_error *)err;
    struct place own;
    int streams[3], status;

    for (int i = 0; i < 3; i++)
        streams[i] = session->has_tty ? CORDON_STDIO_INHERIT : session->streams[i] >= 0 ? session->streams[i] : CORDON_STDIO_NULL;
    status = cordon_request_set_stdio(session->request, streams[0], streams[1], streams[2], public);
    if (status == 0 && session->events >= 0)
        status = cordon_request_set_events_fd(session->request, session->events, public);
    if (status == 0)
        status = cordon_request_set_cancel_fd(session->request, session->purpose == PROTOCOL_PURPOSE_KEEP ? -1 : session->client.fd, public);
    if (status == 0 && begin != begin_exec)
        status = cordon_request_set_sensor(session->request, session->keeper->sensor.fd, public);
    request_set_recorder(session->request, writer_recorder(session->keeper));
    request_set_signer(session->request, session->keeper->signer);
    request_set_service(session->request, session->keeper->launcher.fd >= 0 ? SERVICE_OF_SYSTEM : SERVICE_OF_USER);
    if (status == 0)
        status = place_enter(session, &own, err);
    if (status < 0)
        return status;
    status = spawn_with_numbers(session, begin, within, err);
    place_leave(&own);
    return status;
}

int session_start(struct session *session, struct error *err)
{
    return start(session, begin_spawn, NULL, err);
}

int session_create(struct session *session, struct error *err)
{
    return start(session, begin_create, NULL, err);
}

int session_exec(struct session *session, struct cordon_container *container, struct error *err)
{
    return start(session, begin_exec, container, err);
}
