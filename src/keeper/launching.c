/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The launcher as this keeper has it: a connection that it began with, under a number that every container's launcher object has. When the launcher
 * ended, this keeper looks for the next one, which knows it by the kernel's word, and its connection takes that number.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "keeper/keeper.h"
#include "launcher/client.h"
#include "protocol/service.h"

#define AGAIN_MS 200

static void lost(struct loop_watch *watch, uint32_t events)
{
    struct keeper *keeper = container_of(watch, struct keeper, launcher);

    /* nothing comes that was not asked for: this is the end */
    loop_forget(keeper->loop, watch);
    keeper->has_launcher = false;
    loop_start(keeper->loop, &keeper->launcher_again, AGAIN_MS);
}

static int attach(struct keeper *keeper, struct error *err)
{
    auto_close int fd = -1;
    struct launcher *launcher;
    char path[sizeof(keeper->rejoin_at) + 32];
    const char *slash = strrchr(keeper->rejoin_at, '/');
    int status;

    snprintf(path, sizeof(path), "%.*s/keepers-launcher.sock", slash ? (int)(slash - keeper->rejoin_at) : 0, keeper->rejoin_at);
    status = service_connect(path, &fd, err);
    if (status < 0)
        return status;
    launcher = launcher_new(fd);
    if (!launcher)
        return error_memory(err);
    status = launcher_attach(launcher, "", err);
    launcher_free(launcher);
    if (status < 0)
        return status;
    if (dup3(fd, keeper->launcher.fd, O_CLOEXEC) < 0)
        return error_system(err, errno, "take the launcher's connection");
    pools_end(keeper); /* what stands ready has what the former one gave it */
    return 0;
}

static void look_again(struct loop_timer *timer)
{
    struct keeper *keeper = container_of(timer, struct keeper, launcher_again);

    if (attach(keeper, NULL) < 0 || loop_watch(keeper->loop, &keeper->launcher, EPOLLIN) < 0)
        loop_start(keeper->loop, timer, AGAIN_MS);
    else
        keeper->has_launcher = true;
}

int launching_begin(struct keeper *keeper, struct error *err)
{
    int fd, status = service_socket("launcher", &fd, NULL);

    keeper->launcher = (struct loop_watch){.fd = -1, .ready = lost};
    keeper->launcher_again.due = look_again;
    if (status == -ENOENT)
        return 0;
    if (status == 0)
        status = numbers_lift(fd, &keeper->launcher.fd, err);
    if (status == 0)
        status = loop_watch(keeper->loop, &keeper->launcher, EPOLLIN);
    if (status < 0)
        return error_prepend(err, "the launcher's connection"), status;
    keeper->has_launcher = true;
    if (service_socket("client", &fd, NULL) == 0)
        close(fd); /* it said for whom this keeper is; it comes once more to be served */
    return 0;
}

int launching_admit(const struct keeper *keeper, int client, bool or_root, struct error *err)
{
    struct launcher *launcher = launcher_new(keeper->launcher.fd);
    int status = launcher ? launcher_admit(launcher, client, or_root, err) : error_memory(err);

    launcher_free(launcher);
    return status;
}
