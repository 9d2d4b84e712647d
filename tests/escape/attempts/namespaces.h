/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces of the attempt's own, in which it has its own ids. */
#ifndef CORDON_ESCAPE_NAMESPACES_H
#define CORDON_ESCAPE_NAMESPACES_H

#include <sched.h>

#include "attempt.h"

static void namespaces_write(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);

    if (fd >= 0 && write(fd, text, strlen(text)) < 0)
        broken(path);
    if (fd >= 0)
        close(fd);
}

/* CLONE_NEW*, beside a user namespace. */
static void namespaces_enter(int kinds)
{
    unsigned uid = getuid(), gid = getgid();
    char map[64];

    if (unshare(CLONE_NEWUSER | kinds) < 0)
        refused("unshare");
    namespaces_write("/proc/self/setgroups", "deny");
    snprintf(map, sizeof(map), "%u %u 1", uid, uid);
    namespaces_write("/proc/self/uid_map", map);
    snprintf(map, sizeof(map), "%u %u 1", gid, gid);
    namespaces_write("/proc/self/gid_map", map);
}

#endif
