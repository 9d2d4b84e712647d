/* SPDX-License-Identifier: Apache-2.0 */
#include "tier/process/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* With an unconnected socket, or one that takes a name with each message, the program would reach the host's services. */
static int socket_check(int fd, const char *name, enum plan_network network, struct error *err)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof(peer), type_size = sizeof(int);
    int type = 0;

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

/* A socket belongs to the network that it was made in, and one without a peer can be given any. */
static int peer_check(int fd, const char *name, struct error *err)
{
    struct sockaddr_storage peer;
    socklen_t size = sizeof(peer), type_size = sizeof(int);
    int type = 0;

    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size) < 0)
        return error_system(err, errno, "%s (descriptor %d)", name, fd);
    if ((type == SOCK_STREAM || type == SOCK_SEQPACKET) && getpeername(fd, (struct sockaddr *)&peer, &size) == 0)
        return 0;
    return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP,
                     "%s (descriptor %d) is a socket without a fixed peer, by which the program would have the host's "
                     "network; give a pipe or a connected stream socket, or grant the host's network",
                     name, fd);
}

/* The program's own are shut for sending (init/datagrams.c); what a stream socket of this family is turned to the keeper sees. */
static int kept_check(int fd, const char *name, enum plan_network network, struct error *err)
{
    socklen_t size = sizeof(int);
    int type = 0, domain = 0;

    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0 ||
        getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) < 0)
        return error_system(err, errno, "%s (descriptor %d)", name, fd);
    if (domain != AF_UNIX)
        return network == PLAN_NET_HOST ? 0 : peer_check(fd, name, err);
    if (type != SOCK_DGRAM)
        return 0;
    return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP,
                     "%s (descriptor %d) is a datagram socket, by which the program could send to every socket of the host "
                     "in the directories that are granted; give a pipe or a stream socket",
                     name, fd);
}

/* A directory would let openat() walk the host; other objects may do worse. Files, pipes, terminals, sockets pass. */
static int descriptor_check(int fd, const char *name, const struct plan *plan, struct error *err)
{
    struct stat st;
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || fstat(fd, &st) < 0)
        return error_system(err, errno, "%s (descriptor %d)", name, fd);
    if (flags & O_PATH)
        return error_set(err, ERROR_INVALID, EBADF, "%s (descriptor %d) is a path descriptor; give an open file", name,
                         fd);
    if (S_ISSOCK(st.st_mode) && plan->wall == PLAN_WALL_LANDLOCK)
        return socket_check(fd, name, plan->network, err);
    if (S_ISSOCK(st.st_mode) && plan->filter.keeps_sockets && !plan->filter.sends_datagrams)
        return kept_check(fd, name, plan->network, err);
    if (S_ISSOCK(st.st_mode) && plan->network != PLAN_NET_HOST)
        return peer_check(fd, name, err);
    if (plan->filter.allows_namespaces && S_ISREG(st.st_mode) && (flags & O_ACCMODE) == O_WRONLY)
        return error_set(err, ERROR_INVALID, EACCES,
                         "%s (descriptor %d) is a file to be written only, which a program with namespaces of its own "
                         "could open again and read; give a pipe",
                         name, fd);
    if (S_ISREG(st.st_mode) || S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode) || S_ISSOCK(st.st_mode))
        return 0;
    return error_set(err, ERROR_INVALID, EISDIR,
                     "%s (descriptor %d) is %s, which would reach past the file rules; give a file, pipe, socket or "
                     "terminal",
                     name, fd,
                     S_ISDIR(st.st_mode)   ? "a directory"
                     : S_ISBLK(st.st_mode) ? "a block device"
                                           : "a kernel object");
}

int descriptors_check(const struct tier_start *start, struct error *err)
{
    static const char *const names[] = {"standard input", "standard output", "standard error"};
    int status = 0, previous = 2;

    if (start->fd_count > TIER_FDS_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "more than %d descriptors to keep", TIER_FDS_MAX);
    for (int i = 0; i < 3 && status == 0 && !start->is_tty; i++)
        if (start->stdio[i] >= 0)
            status = descriptor_check(start->stdio[i], names[i], start->plan, err);
    for (size_t i = 0; i < start->fd_count && status == 0; i++) {
        if (start->fds[i] <= previous)
            return error_set(err, ERROR_INVALID, EINVAL, "descriptors to keep must be above 2 and ascending");
        previous = start->fds[i];
        status = descriptor_check(start->fds[i], "kept descriptor", start->plan, err);
    }
    return status;
}

bool descriptors_is_null_device(int fd)
{
    struct stat st;

    return fd >= 0 && fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3);
}
