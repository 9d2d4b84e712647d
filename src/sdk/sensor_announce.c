/* SPDX-License-Identifier: Apache-2.0 */
/* A container is announced to the machine's cordon-sensord by the marks that its launcher gave it (docs/decisions/0272). */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/memory.h"
#include "sdk/sensor.h"
#include "sensor/sensor.h"

static bool hand_over(int connection, const struct sensor_ask *question, int fd)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    struct iovec part = {(void *)(uintptr_t)question, sizeof(*question)};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};

    memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
    return sendmsg(connection, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof(*question);
}

void sensor_take(struct sensor *sensor, int fd)
{
    sensor->worker.channel = fd;
    sensor->worker.is_ready = sensor->is_machines = sensor->is_announced = sensor->is_elsewhere = true;
}

bool sensor_announce(struct sensor *sensor, int connection, const struct tier_spawned *spawned, const char **ret_why)
{
    struct sensor_ask question = {.type = SENSOR_CONTAINER, .login_uid = spawned->login_uid, .pid = (uint32_t)spawned->pid};
    auto_close int ours = -1, theirs = -1;
    int pair[2];

    *ret_why = "cordon-sensord could not be told of this container";
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
        return false;
    ours = pair[0];
    theirs = pair[1];
    snprintf(question.cgroup, sizeof(question.cgroup), "%s", spawned->cgroup);
    if (!hand_over(connection, &question, theirs))
        return false;
    *ret_why = NULL;
    sensor->worker.channel = take_fd(ours);
    sensor->worker.is_ready = sensor->is_machines = sensor->is_announced = true;
    return true;
}
