/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's sensor as this keeper has it: the library announces each container there, when it starts. What comes of one goes to that container. */
#include <errno.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "keeper/keeper.h"

#define HEARD_AT_ONCE 64

/* Answers and gaps: what was refused ends its container's own connection, which says so in its record. */
static void heard(struct loop_watch *watch, uint32_t events)
{
    struct keeper *keeper = container_of(watch, struct keeper, sensor);
    char message[4096];
    ssize_t size = 1;

    for (int i = 0; i < HEARD_AT_ONCE && size > 0; i++)
        size = recv(watch->fd, message, sizeof(message), MSG_DONTWAIT);
    if (size > 0 || (size < 0 && (errno == EAGAIN || errno == EINTR)))
        return;
    loop_forget(keeper->loop, watch);
    fd_close_at(&watch->fd);
    watch->fd = -1;
    daemon_tell_gone(keeper, "sensor");
}

int senses_connect(struct keeper *keeper, int fd, struct error *err)
{
    int status;

    loop_forget(keeper->loop, &keeper->sensor);
    fd_close_at(&keeper->sensor.fd);
    keeper->sensor = (struct loop_watch){.fd = fd, .ready = heard};
    status = loop_watch(keeper->loop, &keeper->sensor, EPOLLIN);
    if (status < 0) {
        fd_close_at(&keeper->sensor.fd);
        keeper->sensor.fd = -1;
        return error_system(err, -status, "watch the sensor's connection");
    }
    return 0;
}
