/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's sensor: each keeper gets a connection on which it announces its own containers. Which are its own the sensor sees by the control group
 * that the launcher made for that keeper; whose they are is said here (src/sensor/sensor.h).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/memory.h"
#include "daemon/services.h"
#include "sensor/sensor.h"

/* Answers, and gaps, of which keepers are told, too. */
static int hear(struct service *service, struct error *err)
{
    struct sensor_told told;
    int status = service_receive(service, &told, sizeof(told), err);

    if (status <= 0)
        return status;
    if (told.type == SENSOR_FAILED)
        daemon_log("the sensor refuses a keeper: %s", strerror(told.errnum));
    return status;
}

static int hand(struct service *service, const struct keeper *keeper, int fd, struct error *err)
{
    const struct sensor_ask question = {.type = SENSOR_KEEPER, .owner = keeper->account->uid, .login_uid = SENSOR_NO_UID, .pid = (uint32_t)keeper->pid};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    struct iovec part = {(void *)(uintptr_t)&question, sizeof(question)};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};

    memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
    if (sendmsg(service->watch.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof(question))
        return 0;
    return errno == EAGAIN ? -EAGAIN : error_system(err, errno, "tell it of a keeper");
}

const struct service_kind service_sensor = {.name = "sensor", .needs_pid = true, .hear = hear, .hand = hand};
