/* SPDX-License-Identifier: Apache-2.0 */
/* System calls: socket, bind, listen, connect, umask, unlink, sendmsg, fcntl. */
#include "protocol/service.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/memory.h"

#define FIRST_FD  3
#define GIVEN_MAX 64
#define BACKLOG   128

/* The number of the name in "a:b:c"; -1 = it is not there. */
static int index_of(const char *names, const char *name)
{
    size_t length = strlen(name);

    for (int i = 0; i < GIVEN_MAX; i++) {
        size_t part = strcspn(names, ":");

        if (part == length && strncmp(names, name, length) == 0)
            return i;
        if (!names[part])
            return -1;
        names += part + 1;
    }
    return -1;
}

int service_socket(const char *name, int *ret_fd, struct error *err)
{
    const char *count = getenv("LISTEN_FDS"), *names = getenv("LISTEN_FDNAMES"), *pid = getenv("LISTEN_PID");
    int at = names ? index_of(names, name) : -1, fd;

    if (!count || at < 0 || at >= atoi(count) || (pid && atoi(pid) != getpid()))
        return error_set(err, ERROR_NOT_FOUND, ENOENT, "no socket '%s' was handed over (LISTEN_FDS, LISTEN_FDNAMES)", name);
    fd = FIRST_FD + at;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return error_system(err, errno, "socket '%s'", name);
    *ret_fd = fd;
    return 0;
}

/* A path, or "@name" of the abstract space. */
static int set_address(struct sockaddr_un *address, socklen_t *size, const char *path)
{
    size_t length = strlen(path);

    if (!length || length >= sizeof(address->sun_path))
        return -ENAMETOOLONG;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, path, length + 1);
    if (path[0] == '@')
        address->sun_path[0] = '\0';
    *size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (path[0] != '@'));
    return 0;
}

int service_notifier(void)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address;
    auto_close int fd = -1;
    socklen_t size;

    if (!path || set_address(&address, &size, path) < 0)
        return -1;
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return fd >= 0 && connect(fd, (struct sockaddr *)&address, size) == 0 ? take_fd(fd) : -1;
}

void service_notify_by(int notifier, const char *text)
{
    struct iovec part = {(void *)(uintptr_t)text, strlen(text)};
    const struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    if (notifier >= 0)
        (void)!sendmsg(notifier, &message, MSG_NOSIGNAL);
}

void service_notify(const char *text)
{
    auto_close int notifier = service_notifier();

    service_notify_by(notifier, text);
}

static int connect_to(const char *path, int flags, int *ret_fd, struct error *err)
{
    struct sockaddr_un address;
    socklen_t size;
    auto_close int fd = -1;
    int status = set_address(&address, &size, path);

    if (status < 0)
        return error_system(err, -status, "socket %s", path);
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0);
    if (fd < 0)
        return error_system(err, errno, "make a socket");
    if (connect(fd, (struct sockaddr *)&address, size) < 0)
        return error_system(err, errno, "connect to %s", path);
    *ret_fd = take_fd(fd);
    return 0;
}

int service_connect(const char *path, int *ret_fd, struct error *err)
{
    return connect_to(path, 0, ret_fd, err);
}

int service_connect_now(const char *path, int *ret_fd, struct error *err)
{
    auto_close int fd = -1;
    int status = connect_to(path, SOCK_NONBLOCK, &fd, err);

    if (status < 0)
        return status;
    if (fcntl(fd, F_SETFL, 0) < 0)
        return error_system(err, errno, "connect to %s", path);
    *ret_fd = take_fd(fd);
    return 0;
}

/* What a former one left is in the way; one that still listens stays. */
static int clear_path(const char *path, struct error *err)
{
    auto_close int fd = -1;
    struct stat st;
    int status;

    if (lstat(path, &st) < 0)
        return errno == ENOENT ? 0 : error_system(err, errno, "%s", path);
    if (!S_ISSOCK(st.st_mode))
        return error_set(err, ERROR_FORBIDDEN, EEXIST, "%s is there and is no socket: remove it", path);
    status = service_connect(path, &fd, err);
    if (status == 0)
        return error_set(err, ERROR_FORBIDDEN, EADDRINUSE, "%s: another one listens there", path);
    if (status != -ECONNREFUSED)
        return status;
    if (unlink(path) < 0 && errno != ENOENT)
        return error_system(err, errno, "remove %s", path);
    return 0;
}

int service_listen(const char *path, mode_t mode, int *ret_fd, struct error *err)
{
    struct sockaddr_un address;
    socklen_t size;
    auto_close int fd = -1;
    int status = set_address(&address, &size, path);

    if (status < 0)
        return error_system(err, -status, "socket %s", path);
    status = clear_path(path, err);
    if (status < 0)
        return status;
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return error_system(err, errno, "make a socket");
    /* the kernel takes the mode of the new name from here, whatever the umask is about to make of it */
    if (fchmod(fd, mode) < 0)
        return error_system(err, errno, "mode of a socket");
    if (bind(fd, (struct sockaddr *)&address, size) < 0)
        return error_system(err, errno, "listen at %s", path);
    if (chmod(path, mode) < 0 || listen(fd, BACKLOG) < 0)
        return error_system(err, errno, "listen at %s", path);
    *ret_fd = take_fd(fd);
    return 0;
}
