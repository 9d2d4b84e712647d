/* SPDX-License-Identifier: Apache-2.0 */
#include "tier/process/in_place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tier/process/control.h"

/* With an unconnected socket, or one that takes a name with each message, the program would reach the host's services. */
static int socket_check(int fd, const char *name, enum plan_network network, struct error *err)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof(peer), type_size = sizeof(int);
    struct stat st;
    int type = 0;

    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISSOCK(st.st_mode))
        return 0;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size) < 0)
        return error_system(err, errno, "%s (descriptor %d)", name, fd);
    if ((type == SOCK_STREAM || type == SOCK_SEQPACKET) && getpeername(fd, (struct sockaddr *)&peer, &size) == 0 &&
        (peer.ss_family == AF_UNIX || network == PLAN_NET_HOST))
        return 0;
    return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP,
                     "%s (descriptor %d) is a socket that could be turned to the host's services, which needs a user "
                     "namespace to prevent; give a pipe or a connected stream socket",
                     name, fd);
}

static int sockets_check(const struct tier_start *start, struct error *err)
{
    static const char *const names[] = {"standard input", "standard output", "standard error"};
    int status = 0;

    for (int i = 0; i < 3 && status == 0 && !start->is_tty; i++)
        status = socket_check(start->stdio[i], names[i], start->plan->network, err);
    for (size_t i = 0; i < start->fd_count && status == 0; i++)
        status = socket_check(start->fds[i], "kept descriptor", start->plan->network, err);
    return status;
}

static int scratch_make(const struct plan *plan, char scratch[IN_PLACE_PATH_MAX], struct error *err)
{
    char below[IN_PLACE_PATH_MAX + 32], *base = realpath("/tmp", NULL);
    bool is_short = base && snprintf(scratch, IN_PLACE_PATH_MAX, "%s/cordon-XXXXXX", base) < IN_PLACE_PATH_MAX;

    free(base);
    if (!is_short || !mkdtemp(scratch)) {
        scratch[0] = '\0';
        return error_system(err, is_short ? errno : ENAMETOOLONG, "make a private directory in /tmp");
    }
    for (size_t i = 0; i < plan->private_count; i++) {
        snprintf(below, sizeof(below), "%s/%s", scratch, plan->privates[i].below);
        if (mkdir(below, 0700) < 0)
            return error_system(err, errno, "make %s", below);
    }
    return 0;
}

int in_place_prepare(const struct tier_start *start, char ret_scratch[IN_PLACE_PATH_MAX], struct error *err)
{
    int status = sockets_check(start, err);

    ret_scratch[0] = '\0';
    if (status < 0 || !start->plan->private_count)
        return status;
    return scratch_make(start->plan, ret_scratch, err);
}

void in_place_order_end(int control)
{
    shutdown(control, SHUT_WR);
}

void in_place_end(int control)
{
    struct message message;
    int status;

    in_place_order_end(control);
    do
        status = control_receive(control, &message, NULL, 0);
    while (status == 0 || status == -EBADMSG);
}

void in_place_forget(const char *scratch)
{
    static const char *const below[] = {"/home", "/tmp", ""};
    char path[IN_PLACE_PATH_MAX + 8];

    for (size_t i = 0; scratch[0] && i < ARRAY_COUNT(below); i++) {
        snprintf(path, sizeof(path), "%s%s", scratch, below[i]);
        rmdir(path);
    }
}
