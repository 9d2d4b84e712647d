/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of the container's network namespace. Runs once, in the thread that is inside, for which /proc/sys/net is that
 * of the container.
 *
 * ping_group_range: who may have a socket for ping; echo_ignore_all: the gateway answers, not the kernel.
 * tcp_fwmark_accept: what is accepted has the mark of the socket that connected, which says whose it is (net/inside.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "gateway/inside.h"

static int write_setting(int settings, const char *name, const char *value)
{
    auto_close int fd = settings < 0 ? -1 : openat(settings, name, O_WRONLY | O_CLOEXEC);

    if (settings < 0)
        return -ENOENT;
    return fd < 0 || write(fd, value, strlen(value)) < 0 ? -errno : 0;
}

/* Without these a program inside has no socket for ping, or the kernel answers in the name of every address. */
static int make_ping(const struct inside_want *want, bool has_ipv6, struct error *err)
{
    char range[32];
    int status = write_setting(want->settings, "net/ipv4/icmp_echo_ignore_all", "1");

    snprintf(range, sizeof(range), "%u %u", (unsigned)getegid(), (unsigned)getegid());
    if (status == 0 && has_ipv6)
        status = write_setting(want->settings, "net/ipv6/icmp/echo_ignore_all", "1");
    if (status == 0)
        status = write_setting(want->settings, "net/ipv4/ping_group_range", range);
    return status < 0 ? error_set(err, ERROR_UNENFORCEABLE, -status,
                                  "rules about icmp need settings of the container's network; make /proc/sys writable for "
                                  "whoever starts it")
                      : 0;
}

int inside_make_settings(const struct inside_want *want, bool has_ipv6, struct error *err)
{
    int status = write_setting(want->settings, "net/ipv4/tcp_fwmark_accept", "1");

    /* without it no program is known, and rules about programs grant nothing */
    if (status < 0 && want->set->rules->program_count)
        return error_set(err, ERROR_UNENFORCEABLE, -status,
                         "rules about programs need net.ipv4.tcp_fwmark_accept in the container; make /proc/sys writable for "
                         "whoever starts it");
    return want->has_ping ? make_ping(want, has_ipv6, err) : 0;
}
