/* SPDX-License-Identifier: Apache-2.0 */
/* A sandbox of the attempt's own: a user namespace with its own uid and a mount namespace. */
#ifndef CORDON_ESCAPE_SANDBOX_H
#define CORDON_ESCAPE_SANDBOX_H

#include <sched.h>
#include <sys/mount.h>

#include "attempt.h"

#define SANDBOX_STAGE "/dev/shm" /* everywhere, and nothing of the test is in it */

__attribute__((unused)) static void sandbox_write(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);

    if (fd >= 0 && write(fd, text, strlen(text)) < 0)
        broken(path);
    if (fd >= 0)
        close(fd);
}

/* With a tmpfs of its own on the stage; -1 and errno when that is refused. */
__attribute__((unused)) static int sandbox_enter(void)
{
    char map[64];
    unsigned uid = getuid(), gid = getgid();

    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
        return -1;
    sandbox_write("/proc/self/setgroups", "deny");
    snprintf(map, sizeof(map), "%u %u 1", uid, uid);
    sandbox_write("/proc/self/uid_map", map);
    snprintf(map, sizeof(map), "%u %u 1", gid, gid);
    sandbox_write("/proc/self/gid_map", map);
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return -1;
    return mount("stage", SANDBOX_STAGE, "tmpfs", 0, NULL);
}

#endif
