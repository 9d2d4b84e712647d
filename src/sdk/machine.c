/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/machine.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "base/memory.h"
#include "protocol/service.h"

const char *const machine_users[] = {"cordon", "cordon-log", "cordon-id", "cordon-sensor", NULL};

static const char *missing_user(const char *const *users)
{
    while (*users && getpwnam(*users))
        users++;
    return *users;
}

void machine_daemon_look(const char *control, const char *const *users, const struct facts *facts, struct machine_daemon *ret_daemon)
{
    const char *sudo = facts->is_root ? "" : "sudo ", *user;
    auto_close int fd = -1;
    int status = service_connect_now(control, &fd, NULL);

    *ret_daemon = (struct machine_daemon){.is_there = status == 0 || status == -EAGAIN};
    if (ret_daemon->is_there)
        return;
    user = missing_user(users);
    if (facts->kernel_major < 6 || (facts->kernel_major == 6 && facts->kernel_minor < 5)) { /* SO_PEERPIDFD */
        snprintf(ret_daemon->why, sizeof(ret_daemon->why), "it needs Linux 6.5, and this is %.64s: cordond --user serves one user", facts->kernel);
    } else if (user) {
        snprintf(ret_daemon->why, sizeof(ret_daemon->why), "there is no user %s, whom a part of it runs as", user);
        if (access(MACHINE_SYSUSERS, F_OK) == 0)
            snprintf(ret_daemon->mend, sizeof(ret_daemon->mend), "%ssystemd-sysusers %s", sudo, MACHINE_SYSUSERS);
        else
            snprintf(ret_daemon->mend, sizeof(ret_daemon->mend), "%suseradd --system --no-create-home --shell /usr/sbin/nologin %s", sudo, user);
    } else {
        snprintf(ret_daemon->why, sizeof(ret_daemon->why), status == -ENOENT ? "none is started here: there is no %s" : "nobody answers at %s", control);
        snprintf(ret_daemon->mend, sizeof(ret_daemon->mend), facts->has_systemd ? "%ssystemctl enable --now cordond.socket cordond.service" : "%scordond --system", sudo);
    }
}
