/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SO_PEERCRED says who connected, SO_PEERPIDFD (6.5) holds on to that very process. Before 6.5 the process is opened by its number:
 * it may have ended, and another have its number; then that is the same user's, or it is refused.
 *
 * System calls: getsockopt, pidfd_open, poll, openat, read, readlink, stat.
 */
#include "protocol/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/file.h"
#include "base/memory.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* 6.5 */
#endif

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59 /* 4.13 */
#endif

#define PROC_FILE_MAX ((size_t)64 << 10)

void peer_close(struct peer *peer)
{
    fd_close_at(&peer->pidfd);
    *peer = PEER_INIT;
}

bool peer_is_there(const struct peer *peer)
{
    struct pollfd ended = {.fd = peer->pidfd, .events = POLLIN};

    return peer->pidfd >= 0 && poll(&ended, 1, 0) == 0;
}

static int gone(struct error *err)
{
    return error_set(err, ERROR_FORBIDDEN, ESRCH, "the process that connected is not there any more: nobody can say who it was");
}

bool peer_is_of_pair(int socket)
{
    struct sockaddr_un own = {0}, other = {0};
    socklen_t own_size = sizeof(own), other_size = sizeof(other);

    /* a listener has a name, and so has what is accepted from it */
    return getsockname(socket, (struct sockaddr *)&own, &own_size) == 0 && getpeername(socket, (struct sockaddr *)&other, &other_size) == 0 &&
           own.sun_family == AF_UNIX && own_size <= sizeof(sa_family_t) && other_size <= sizeof(sa_family_t);
}

int peer_open(int socket, struct peer *ret_peer, struct error *err)
{
    struct ucred who;
    socklen_t size = sizeof(who), fd_size = sizeof(int);
    auto_close int pidfd = -1;
    bool is_by_kernel;
    struct stat st;
    char path[32];

    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &size) < 0 || size != sizeof(who))
        return error_system(err, errno, "ask who connected");
    if (who.pid <= 0)
        return gone(err);
    is_by_kernel = getsockopt(socket, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &fd_size) == 0;
    if (!is_by_kernel && errno != ENOPROTOOPT)
        return errno == EINVAL || errno == ESRCH || errno == ENODATA ? gone(err) : error_system(err, errno, "hold on to who connected");
    if (!is_by_kernel) {
        pidfd = (int)syscall(SYS_pidfd_open, who.pid, 0);
        if (pidfd < 0)
            return gone(err);
        snprintf(path, sizeof(path), "/proc/%d", (int)who.pid);
        if (stat(path, &st) < 0 || st.st_uid != who.uid)
            return gone(err);
    }
    *ret_peer = (struct peer){.uid = who.uid, .gid = who.gid, .pid = who.pid, .pidfd = take_fd(pidfd), .is_by_kernel = is_by_kernel};
    return 0;
}

static int read_proc(const struct peer *peer, const char *name, char **ret_text, struct error *err)
{
    char path[64];
    size_t size;
    int status;

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)peer->pid, name);
    status = file_read(path, PROC_FILE_MAX, ret_text, &size, err);
    if (status == 0 && !peer_is_there(peer)) {
        mem_free(*ret_text);
        *ret_text = NULL;
        return gone(err); /* what was read may be another one's */
    }
    return status;
}

/* "NoNewPrivs:\t1" */
static long status_number(const char *status, const char *name)
{
    const char *at = strstr(status, name);

    return at ? strtol(at + strlen(name), NULL, 10) : -1;
}

/* In one directory, so that its process is looked up once. */
static int namespaces_read(const char *directory, struct peer_namespaces *ret_namespaces)
{
    static const char *const names[PEER_NAMESPACES] = {"mnt", "user", "pid", "net", "ipc", "uts", "cgroup"};
    auto_close int fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);

    for (size_t i = 0; i < PEER_NAMESPACES; i++) {
        ssize_t size = fd < 0 ? -1 : readlinkat(fd, names[i], ret_namespaces->links[i], sizeof(ret_namespaces->links[i]) - 1);

        if (size <= 0)
            return -EPERM;
        ret_namespaces->links[i][size] = '\0';
    }
    return 0;
}

static int check_namespaces(const struct peer *peer, const struct peer_namespaces *own, struct error *err)
{
    struct peer_namespaces theirs;
    char directory[64];

    snprintf(directory, sizeof(directory), "/proc/%d/ns", (int)peer->pid);
    if (namespaces_read(directory, &theirs) < 0)
        return error_set(err, ERROR_FORBIDDEN, EPERM, "the namespaces of process %d cannot be seen, so that it may be in a sandbox: run without the daemon",
                         (int)peer->pid);
    for (size_t i = 0; i < PEER_NAMESPACES; i++)
        if (strcmp(own->links[i], theirs.links[i]) != 0)
            return error_set(err, ERROR_FORBIDDEN, EPERM, "process %d is in another %.*s namespace, which the daemon would lead it out of: run without the daemon",
                             (int)peer->pid, (int)strcspn(theirs.links[i], ":"), theirs.links[i]);
    return peer_is_there(peer) ? 0 : gone(err);
}

/* Its status, of one that has given up nothing. */
static int read_status(const struct peer *peer, char **ret_text, struct error *err)
{
    auto_free char *text = NULL;
    int status = read_proc(peer, "status", &text, err);

    if (status < 0)
        return error_prepend(err, "look at process %d", (int)peer->pid);
    if (status_number(text, "\nNoNewPrivs:") != 0 || status_number(text, "\nSeccomp:") > 0)
        return error_set(err, ERROR_FORBIDDEN, EPERM,
                         "process %d has given up rights (no_new_privs or seccomp), which the daemon would give back: run without the daemon", (int)peer->pid);
    *ret_text = take_ptr(text);
    return 0;
}

int peer_check_free(const struct peer *peer, bool names_namespaces, struct error *err)
{
    auto_free char *text = NULL;
    struct peer_namespaces own;
    int status = read_status(peer, &text, err);

    if (status < 0 || !names_namespaces)
        return status;
    if (namespaces_read("/proc/self/ns", &own) < 0)
        return error_system(err, errno, "read /proc/self/ns");
    return check_namespaces(peer, &own, err);
}

static int compare_groups(const void *one, const void *other)
{
    gid_t a = *(const gid_t *)one, b = *(const gid_t *)other;

    return a < b ? -1 : a > b;
}

/* More than it has itself (ERANGE) are not the same. */
static int check_groups(int socket, struct error *err)
{
    int count = getgroups(0, NULL);
    socklen_t size = (socklen_t)((size_t)(count < 0 ? 0 : count) * sizeof(gid_t)), room = size;
    auto_free gid_t *theirs = mem_alloc(size + sizeof(*theirs)), *own = mem_alloc(size + sizeof(*own));
    bool is_same;

    if (!theirs || !own)
        return error_memory(err);
    if (count < 0 || getgroups(count, own) != count)
        return error_system(err, errno ? errno : EAGAIN, "ask for this process's groups");
    is_same = getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, theirs, &size) == 0;
    if (!is_same && errno != ERANGE)
        return error_system(err, errno, "ask for the groups of who connected");
    qsort(own, (size_t)count, sizeof(*own), compare_groups);
    qsort(theirs, is_same ? size / sizeof(*theirs) : 0, sizeof(*theirs), compare_groups);
    if (!is_same || size != room || (count && memcmp(own, theirs, size) != 0))
        return error_set(err, ERROR_FORBIDDEN, EPERM, "its supplementary groups are not the daemon's: log in anew, restart the daemon, or run without it");
    return 0;
}

static const char *const capability_sets[PEER_CAPABILITY_SETS] = {"\nCapPrm:", "\nCapBnd:", "\nCapAmb:"};

/* "CapPrm:\t0000000000000000" */
static int read_capabilities(const char *status, struct peer_capabilities *ret_capabilities)
{
    for (size_t i = 0; i < PEER_CAPABILITY_SETS; i++) {
        const char *at = strstr(status, capability_sets[i]);

        if (!at)
            return -EPERM;
        snprintf(ret_capabilities->sets[i], sizeof(ret_capabilities->sets[i]), "%.*s", (int)strcspn(at + 1, "\n"), at + 1);
    }
    return 0;
}

static int check_capabilities(const struct peer_capabilities *own, const char *status, struct error *err)
{
    struct peer_capabilities theirs;
    int read = read_capabilities(status, &theirs);

    for (size_t i = 0; i < PEER_CAPABILITY_SETS; i++)
        if (read < 0 || strcmp(own->sets[i], theirs.sets[i]) != 0)
            return error_set(err, ERROR_FORBIDDEN, EPERM, "its capabilities (%s) are not the daemon's: run without the daemon", capability_sets[i] + 1);
    return 0;
}

int peer_look_at_self(struct peer_self *ret_self, struct error *err)
{
    auto_free char *text = NULL;
    size_t size;
    int status = file_read("/proc/self/status", PROC_FILE_MAX, &text, &size, err);

    if (status < 0)
        return status;
    if (namespaces_read("/proc/self/ns", &ret_self->namespaces) < 0 || read_capabilities(text, &ret_self->capabilities) < 0)
        return error_set(err, ERROR_SYSTEM, EIO, "/proc/self does not show this process's namespaces and capabilities");
    return 0;
}

int peer_check_like_me(const struct peer *peer, int socket, const struct peer_self *self, struct error *err)
{
    auto_free char *theirs = NULL;
    int status = read_status(peer, &theirs, err);

    if (status == 0)
        status = check_namespaces(peer, &self->namespaces, err);
    if (status == 0)
        status = check_groups(socket, err);
    return status < 0 ? status : check_capabilities(&self->capabilities, theirs, err);
}

int peer_cgroup(const struct peer *peer, char *ret_path, size_t size, struct error *err)
{
    auto_free char *text = NULL;
    int status = read_proc(peer, "cgroup", &text, err);
    const char *line = text;
    size_t length;

    if (status < 0)
        return status;
    if (strncmp(text, "0::", 3) != 0 && (line = strstr(text, "\n0::")) != NULL)
        line++;
    if (!line)
        line = text;
    length = strcspn(line, "\n");
    if (length >= size)
        return error_set(err, ERROR_LIMIT, ENAMETOOLONG, "the cgroup of process %d has too long a name", (int)peer->pid);
    memcpy(ret_path, line, length);
    ret_path[length] = '\0';
    return 0;
}
