/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/nest/beside.h"

#include <errno.h>
#include <poll.h>

#include "sdk/nest/wire.h"
#include "worker/start.h"

#define ANSWER_MS 10000

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
    int status = nest_send(WORKER_CHANNEL, question, fds, count);

    if (status < 0)
        return error_system(err, -status, "ask whoever started the container around");
    status = await_answer(ret_packet, ret_fds, ret_count, err);
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

const struct tier_spawner nest_beside = {.group = group};
