/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/nest/beside.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "sdk/nest/wire.h"
#include "worker/start.h"

#define ANSWER_MS 10000

#define ORDERS_MAX 8

/* That came while an answer was awaited. One that has no room is lost but for the last, which is the kill if there is one. */
static struct order {
    struct nest_packet packet;
    int fd;
} orders[ORDERS_MAX];
static size_t order_count;

static bool is_order(const struct nest_packet *packet, size_t count)
{
    return packet->type == NEST_SIGNER ? count == 1 : !count && (packet->type == NEST_SIGNAL || packet->type == NEST_STOP || packet->type == NEST_KILL);
}

static void keep_order(const struct nest_packet *packet, const int *fds, size_t count)
{
    struct order *last;

    if (order_count < ORDERS_MAX)
        orders[order_count++] = (struct order){.fd = -1};
    last = &orders[order_count - 1];
    if (last->packet.type == NEST_KILL) {
        nest_close_all(fds, count);
        return;
    }
    fd_close_at(&last->fd);
    *last = (struct order){*packet, count ? fds[0] : -1};
}

bool beside_has_order(void)
{
    return order_count;
}

int beside_hear(struct nest_packet *ret_packet, int *ret_fd)
{
    int fds[NEST_FDS_MAX], status;
    size_t count = 0;

    if (order_count) {
        *ret_packet = orders[0].packet;
        *ret_fd = orders[0].fd;
        memmove(orders, orders + 1, --order_count * sizeof(orders[0]));
        return 1;
    }
    status = nest_receive(WORKER_CHANNEL, ret_packet, fds, &count, MSG_DONTWAIT);
    if (status == -EAGAIN)
        return 0;
    *ret_fd = -1;
    if (status > 0 && is_order(ret_packet, count)) {
        *ret_fd = count ? fds[0] : -1;
        return 1;
    }
    if (status > 0)
        nest_close_all(fds, count);
    return -EPIPE;
}

int beside_tell(const struct nest_packet *packet, const int *fds, size_t count)
{
    struct pollfd channel = {.fd = WORKER_CHANNEL, .events = POLLOUT};
    int status;

    while ((status = nest_send(WORKER_CHANNEL, packet, fds, count)) == -EAGAIN)
        if (poll(&channel, 1, -1) < 0 && errno != EINTR)
            return -errno;
    return status;
}

static int await_answer(struct nest_packet *ret_packet, int ret_fds[NEST_FDS_MAX], size_t *ret_count, struct error *err)
{
    struct pollfd channel = {.fd = WORKER_CHANNEL, .events = POLLIN};
    int count;

    do
        count = poll(&channel, 1, ANSWER_MS);
    while (count < 0 && errno == EINTR);
    if (count <= 0)
        return error_set(err, ERROR_SYSTEM, ETIMEDOUT, "whoever started the container around does not answer");
    if (nest_receive(WORKER_CHANNEL, ret_packet, ret_fds, ret_count, 0) <= 0)
        return error_set(err, ERROR_SYSTEM, EPIPE, "whoever started the container around is gone");
    return 0;
}

static int ask(const struct nest_packet *question, const int *fds, size_t count, enum nest_type expected, struct nest_packet *ret_packet,
               int ret_fds[NEST_FDS_MAX], size_t *ret_count, struct error *err)
{
    int status = beside_tell(question, fds, count);

    if (status < 0)
        return error_system(err, -status, "ask whoever started the container around");
    while ((status = await_answer(ret_packet, ret_fds, ret_count, err)) == 0 && is_order(ret_packet, *ret_count)) {
        keep_order(ret_packet, ret_fds, *ret_count);
        *ret_count = 0;
    }
    if (status < 0 || ret_packet->type == expected)
        return status;
    nest_close_all(ret_fds, *ret_count);
    if (ret_packet->type != NEST_FAILED || ret_packet->error.kind == ERROR_NONE)
        return error_set(err, ERROR_INTERNAL, EBADMSG, "whoever started the container around says something unknown");
    if (err)
        *err = ret_packet->error;
    return ret_packet->error.errnum > 0 ? -ret_packet->error.errnum : -EIO;
}

static int group(void *context, const struct tier_limits *limits, struct tier_counting *ret_counting, struct error *err)
{
    const struct nest_packet question = {
        .type = NEST_GROUP, .limits = {limits->memory, limits->pids, limits->cpu_milli, limits->counts_cpu, 0}};
    struct tier_counting counting;
    struct nest_packet answer;
    int fds[NEST_FDS_MAX];
    size_t count = 0, next = 0;
    int status = ask(&question, NULL, 0, NEST_GROUPED, &answer, fds, &count, err);

    if (status < 0)
        return status;
    counting.is_v2 = answer.value;
    for (unsigned i = 0; i < TIER_COUNT_FILES; i++)
        counting.files[i] = answer.streams & 1u << i && next < count ? fds[next++] : -1;
    *ret_counting = counting;
    return 0;
}

/* ---- its first process, made by a launcher ---- */

static struct error spawn_failure = ERROR_INIT;
static int sensor = -1;

int beside_take_sensor(void)
{
    return take_fd(sensor);
}

const struct error *beside_spawn_failure(void)
{
    return &spawn_failure;
}

static int ask_spawn(const struct tier_spawn *spawn, struct tier_spawned *ret_spawned, struct error *err)
{
    struct nest_packet question = {.type = NEST_SPAWN, .spawned = {.capabilities = spawn->capabilities}}, answer;
    const struct nest_spawned *made = &answer.spawned;
    int fds[NEST_FDS_MAX], status;
    size_t count = 0;

    if (spawn->fd_count || snprintf(question.id, sizeof(question.id), "%s", spawn->id) >= (int)sizeof(question.id))
        return error_set(err, ERROR_INTERNAL, EINVAL, "a container inside that does not begin as others do");
    status = ask(&question, &spawn->channel, 1, NEST_SPAWNED, &answer, fds, &count, err);
    if (status < 0)
        return status;
    if (count != 1 && count != 2) {
        nest_close_all(fds, count);
        return error_set(err, ERROR_INTERNAL, EBADMSG, "whoever started the container around holds nothing of this one");
    }
    *ret_spawned = (struct tier_spawned){.pid = (pid_t)made->pid, .pidfd = fds[0], .uid = made->uid, .gid = made->gid, .login_uid = made->login_uid,
                                         .session = made->session, .cgroup_id = made->cgroup_id};
    memcpy(ret_spawned->cgroup, made->cgroup, sizeof(ret_spawned->cgroup));
    sensor = count == 2 ? fds[1] : -1;
    return 0;
}

static int spawn(void *context, const struct tier_spawn *spawn, struct tier_spawned *ret_spawned, struct error *err)
{
    int status = ask_spawn(spawn, ret_spawned, &spawn_failure);

    if (status < 0 && err)
        *err = spawn_failure;
    return status;
}

/* Nothing of one inside is frozen or limited from here; its starter ends it when this process has ended. */
static int order(void *context, const char *id, enum tier_order order, struct error *err)
{
    return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP, "a container inside is frozen with the one around");
}

static void end(void *context, const char *id)
{
}

/* ---- its record ---- */

struct recording {
    char id[NEST_ID_SIZE];
};

static int record_begin(void *owner, const char *run, const char *runs, void **ret_context, struct error *err)
{
    static struct recording recording; /* a nester has one */

    snprintf(recording.id, sizeof(recording.id), "%s", run);
    *ret_context = &recording;
    return 0;
}

static int record_hear(void *context, const char *line, size_t size, struct error *err)
{
    const struct recording *recording = context;
    struct nest_packet packet = {.type = NEST_RECORD};
    int status = 0;

    memcpy(packet.id, recording->id, sizeof(packet.id));
    for (size_t at = 0; status == 0 && at < size; at += (size_t)packet.value) {
        packet.value = size - at < NEST_PIECE ? (int32_t)(size - at) : NEST_PIECE;
        memcpy(packet.piece, line + at, (size_t)packet.value);
        status = beside_tell(&packet, NULL, 0);
    }
    return status < 0 ? error_system(err, -status, "record a container inside") : 0;
}

static void record_done(void *context)
{
}

static int record_settle(void *context, struct error *err)
{
    const struct nest_packet question = {.type = NEST_SETTLE};
    struct nest_packet answer;
    int fds[NEST_FDS_MAX], status;
    size_t count = 0;

    status = ask(&question, NULL, 0, NEST_SETTLED, &answer, fds, &count, err);
    if (status == 0)
        nest_close_all(fds, count);
    return status;
}

const struct event_recorder nest_recorder = {.begin = record_begin, .hear = record_hear, .done = record_done};
const struct event_recorder nest_settling_recorder = {.begin = record_begin, .hear = record_hear, .done = record_done, .settle = record_settle};

const struct tier_spawner nest_beside = {.group = group};
const struct tier_spawner nest_beside_launched = {.spawn = spawn, .order = order, .end = end, .is_inside = true};
