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

#define AGAIN_MS      200
#define AGAIN_MOST_MS 5000
#define ANSWER_MS     30000 /* systemd goes on listening for one that does not come back */

static void look_later(struct keeper *keeper)
{
    loop_start(keeper->loop, &keeper->launcher_again, keeper->launcher_delay_ms);
    keeper->launcher_delay_ms = 2 * keeper->launcher_delay_ms < AGAIN_MOST_MS ? 2 * keeper->launcher_delay_ms : AGAIN_MOST_MS;
}

static void lost(struct loop_watch *watch, uint32_t events)
{
    struct keeper *keeper = container_of(watch, struct keeper, launcher);

    /* nothing comes that was not asked for: this is the end */
    loop_forget(keeper->loop, watch);
    keeper->has_launcher = false;
    keeper->launcher_delay_ms = AGAIN_MS;
    look_later(keeper);
}

static void forget_next(struct keeper *keeper)
{
    loop_forget(keeper->loop, &keeper->launcher_next);
    fd_close_at(&keeper->launcher_next.fd);
    keeper->launcher_next.fd = -1;
}

static int take_next(struct keeper *keeper, struct error *err)
{
    int status;

    if (dup3(keeper->launcher_next.fd, keeper->launcher.fd, O_CLOEXEC) < 0)
        return error_system(err, errno, "take the launcher's connection");
    pools_end(keeper); /* what stands ready has what the former one gave it */
    status = loop_watch(keeper->loop, &keeper->launcher, EPOLLIN);
    if (status < 0)
        return error_system(err, -status, "watch the launcher's connection");
    keeper->has_launcher = true;
    if (keeper->keeps) { /* or it would have another one started; where that cannot be said, the next one hears it */
        keeper->keeps = false;
        keeper->keeps = launching_keep(keeper, LAUNCH_KEEPS, NULL) < 0 || keeper->keeps;
    }
    return 0;
}

/* It has answered, or is gone. */
static void next_ready(struct loop_watch *watch, uint32_t events)
{
    struct keeper *keeper = container_of(watch, struct keeper, launcher_next);
    int status = launcher_attach_hear(watch->fd, NULL);

    if (status == -EAGAIN)
        return;
    loop_cancel(keeper->loop, &keeper->launcher_again);
    if (status == 0)
        status = take_next(keeper, NULL);
    forget_next(keeper);
    if (status < 0)
        look_later(keeper);
}

/* One that does not answer keeps nobody waiting: what it says is heard in the loop. */
static int ask_next(struct keeper *keeper, struct error *err)
{
    char path[sizeof(keeper->rejoin_at) + 32];
    const char *slash = strrchr(keeper->rejoin_at, '/');
    int fd, status;

    snprintf(path, sizeof(path), "%.*s/keepers-launcher.sock", slash ? (int)(slash - keeper->rejoin_at) : 0, keeper->rejoin_at);
    status = service_connect_now(path, &fd, err);
    if (status == 0)
        status = numbers_lift(fd, &keeper->launcher_next.fd, err);
    if (status == 0)
        status = launcher_attach_send(keeper->launcher_next.fd, "", err);
    if (status == 0)
        status = loop_watch(keeper->loop, &keeper->launcher_next, EPOLLIN);
    return status;
}

static void look_again(struct loop_timer *timer)
{
    struct keeper *keeper = container_of(timer, struct keeper, launcher_again);

    forget_next(keeper); /* that has not answered */
    if (ask_next(keeper, NULL) == 0) {
        loop_start(keeper->loop, timer, ANSWER_MS);
        return;
    }
    forget_next(keeper);
    look_later(keeper);
}

int launching_begin(struct keeper *keeper, struct error *err)
{
    int fd, status = service_socket("launcher", &fd, NULL);

    keeper->launcher = (struct loop_watch){.fd = -1, .ready = lost};
    keeper->launcher_next = (struct loop_watch){.fd = -1, .ready = next_ready};
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
    keeper->has_client = service_socket("client", &fd, NULL) == 0;
    if (keeper->has_client)
        close(fd); /* it said for whom this keeper is; it comes once more to be served */
    return 0;
}

int launching_keep(struct keeper *keeper, uint32_t what, struct error *err)
{
    struct launcher *launcher;
    int status;

    if (keeper->launcher.fd < 0 || (keeper->keeps && what == LAUNCH_KEEPS))
        return 0;
    launcher = launcher_new(keeper->launcher.fd);
    status = launcher ? launcher_keep(launcher, keeper->key, (enum launch_keeping)what, err) : error_memory(err);
    launcher_free(launcher);
    if (status == 0)
        keeper->keeps = what == LAUNCH_KEEPS;
    return status;
}

int launching_admit(const struct keeper *keeper, int client, bool or_root, struct error *err)
{
    struct launcher *launcher = launcher_new(keeper->launcher.fd);
    int status = launcher ? launcher_admit(launcher, client, or_root, err) : error_memory(err);

    launcher_free(launcher);
    return status;
}
