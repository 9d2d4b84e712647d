/* SPDX-License-Identifier: Apache-2.0 */
#include "launcher/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* 6.5 */
#endif
#define STATUS_SIZE 4096

void peer_finish(struct peer *peer)
{
    fd_close_at(&peer->pidfd);
    peer->pidfd = -1;
}

static bool is_alive(const struct peer *peer)
{
    struct pollfd ended = {.fd = peer->pidfd, .events = POLLIN};

    return poll(&ended, 1, 0) == 0;
}

static bool proc_text(pid_t pid, const char *name, char *ret_text, size_t size)
{
    char path[64];
    ssize_t got;
    auto_close int fd = -1;

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    got = fd < 0 ? -1 : read(fd, ret_text, size - 1);
    ret_text[got > 0 ? got : 0] = '\0';
    return got > 0;
}

static int fds_of_peer(int socket, struct peer *peer, struct error *err)
{
    socklen_t size = sizeof(peer->pidfd);

    if (getsockopt(socket, SOL_SOCKET, SO_PEERPIDFD, &peer->pidfd, &size) < 0) {
        peer->pidfd = -1;
        return error_set(err, errno == ENOPROTOOPT ? ERROR_UNENFORCEABLE : ERROR_SYSTEM, errno,
                         "the kernel does not say which process is at the other end of a socket (Linux 6.5; it may have ended): "
                         "run without the daemon");
    }
    return 0;
}

int peer_read(int socket, struct peer *ret_peer, struct error *err)
{
    struct ucred credentials;
    struct peer peer = {.pidfd = -1};
    socklen_t size = sizeof(credentials), groups = sizeof(peer.groups);
    char text[32];
    int status;

    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0 || size != sizeof(credentials))
        return error_system(err, errno, "ask who is at the other end of a socket");
    if (credentials.pid <= 0 || credentials.uid == UINT32_MAX || credentials.gid == UINT32_MAX)
        return error_set(err, ERROR_FORBIDDEN, EPERM, "who is at the other end of the socket is not of this machine's namespaces");
    if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, peer.groups, &groups) < 0)
        return error_system(err, errno, "ask for the groups of uid %u (at most %d)", credentials.uid, HAND_GROUPS_MAX);
    status = fds_of_peer(socket, &peer, err);
    if (status < 0)
        return status;
    peer.pid = credentials.pid;
    peer.uid = credentials.uid;
    peer.gid = credentials.gid;
    peer.group_count = (uint32_t)(groups / sizeof(gid_t));
    peer.login_uid = proc_text(peer.pid, "loginuid", text, sizeof(text)) ? (uint32_t)strtoul(text, NULL, 10) : UINT32_MAX;
    if (!is_alive(&peer)) { /* or the number may be another's by now */
        peer_finish(&peer);
        return error_set(err, ERROR_SYSTEM, ESRCH, "the process at the other end of the socket has ended");
    }
    *ret_peer = peer;
    return 0;
}

int peer_check_pair(int socket, struct error *err)
{
    struct sockaddr_un own = {0}, other = {0};
    socklen_t own_size = sizeof(own), other_size = sizeof(other), size = sizeof(int);
    int type = 0, domain = 0;

    if (getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &size) < 0 || getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &size) < 0 ||
        domain != AF_UNIX || type != SOCK_SEQPACKET)
        return error_set(err, ERROR_INVALID, EPROTOTYPE, "a client is known by a socket pair of its own (SOCK_SEQPACKET)");
    if (getsockname(socket, (struct sockaddr *)&own, &own_size) < 0 || getpeername(socket, (struct sockaddr *)&other, &other_size) < 0)
        return error_system(err, errno, "look at a client's socket");
    if (own_size > sizeof(sa_family_t) || other_size > sizeof(sa_family_t))
        return error_set(err, ERROR_FORBIDDEN, EPERM,
                         "a client is known by a socket pair that it made: one end of this connection has an address, so its credentials may be a listener's");
    return 0;
}

static int same_place(pid_t pid, const char *name, const char *what, struct error *err)
{
    struct stat theirs, ours;
    char path[64], own[64];

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    snprintf(own, sizeof(own), "/proc/self/%s", name);
    if (stat(path, &theirs) < 0 || stat(own, &ours) < 0)
        return error_system(err, errno, "look at the %s of process %d", what, (int)pid);
    if (theirs.st_dev != ours.st_dev || theirs.st_ino != ours.st_ino)
        return error_set(err, ERROR_FORBIDDEN, EPERM,
                         "process %d has another %s than the machine: what is started for it here would have more than it has; run "
                         "without the daemon", (int)pid, what);
    return 0;
}

/* "Uid:\t1000\t1000\t1000\t1000": real, effective, saved, of files. */
static bool ids_are(const char *status, const char *name, uint32_t id)
{
    const char *at = strstr(status, name);
    char *next = at ? (char *)(uintptr_t)at + strlen(name) : NULL;

    for (int i = 0; i < 4; i++)
        if (!next || strtoul(next, &next, 10) != id)
            return false;
    return true;
}

/* A pair's credentials stay those of who made it; the process may execute a set-user-ID program since, and its limits are that program's then. */
static int check_ids(const struct peer *peer, const char *status, struct error *err)
{
    if (ids_are(status, "\nUid:", peer->uid) && ids_are(status, "\nGid:", peer->gid))
        return 0;
    return error_set(err, ERROR_FORBIDDEN, EPERM,
                     "process %d made its socket pair as user %u and has other ids since (a set-user-ID program): run without the daemon", (int)peer->pid, peer->uid);
}

int peer_check_whole(const struct peer *peer, struct error *err)
{
    char text[STATUS_SIZE];
    const char *at;
    static const struct {
        const char *name, *what;
    } places[] = {{"ns/user", "user namespace"}, {"ns/mnt", "mount namespace"},   {"ns/pid", "process namespace"}, {"ns/net", "network namespace"},
                  {"ns/ipc", "IPC namespace"},   {"ns/uts", "host name's namespace"}, {"ns/cgroup", "control group namespace"}, {"root", "root directory"}};
    int status = 0;

    if (peer->pid == getpid() || peer->pid == getppid())
        return error_set(err, ERROR_FORBIDDEN, EPERM, "the socket is one of Cordon's own, no client's");
    for (size_t i = 0; i < ARRAY_COUNT(places) && status == 0; i++)
        status = same_place(peer->pid, places[i].name, places[i].what, err);
    if (status < 0)
        return status;
    at = proc_text(peer->pid, "status", text, sizeof(text)) ? strstr(text, "\nNoNewPrivs:\t") : NULL;
    if (!at || at[strlen("\nNoNewPrivs:\t")] != '0')
        return error_set(err, ERROR_FORBIDDEN, EPERM,
                         "process %d has given up privileges for good (no_new_privs): what is started for it here would not be held by "
                         "its Landlock domain or filter; run without the daemon", (int)peer->pid);
    at = strstr(text, "\nSeccomp:\t");
    if (!at || at[strlen("\nSeccomp:\t")] != '0')
        return error_set(err, ERROR_FORBIDDEN, EPERM, "process %d has a filter of system calls, which what is started for it here would not have: run without the daemon",
                         (int)peer->pid);
    status = check_ids(peer, text, err);
    if (status == 0 && !is_alive(peer))
        status = error_set(err, ERROR_SYSTEM, ESRCH, "process %d has ended", (int)peer->pid);
    return status;
}

/* "Max open files            1024                 1048576              files": in the order of their numbers, in columns. */
#define LIMITS_SOFT 26
#define LIMITS_HARD 47

static rlim_t limit_read(const char *text)
{
    return strncmp(text, "unlimited", 9) == 0 ? RLIM_INFINITY : (rlim_t)strtoull(text, NULL, 10);
}

static int limits_read(pid_t pid, struct rlimit *ret_limits, struct error *err)
{
    char text[STATUS_SIZE], *line = text;

    if (!proc_text(pid, "limits", text, sizeof(text)))
        return error_system(err, ESRCH, "read the limits of process %d", (int)pid);
    for (int i = 0; i < RLIM_NLIMITS; i++) {
        line = strchr(line, '\n'); /* the first one is the head */
        if (!line || strnlen(++line, LIMITS_HARD + 1) <= LIMITS_HARD)
            return error_set(err, ERROR_SYSTEM, EBADMSG, "the limits of process %d are not what was expected", (int)pid);
        ret_limits[i] = (struct rlimit){limit_read(line + LIMITS_SOFT), limit_read(line + LIMITS_HARD)};
    }
    return 0;
}

int peer_manner(const struct peer *peer, struct hand_manner *ret_manner, struct error *err)
{
    struct hand_manner manner = {.umask = 022};
    char text[STATUS_SIZE];
    const char *at;
    int status = limits_read(peer->pid, manner.limits, err);

    if (status < 0)
        return status;
    errno = 0;
    manner.nice = getpriority(PRIO_PROCESS, (id_t)peer->pid);
    if (manner.nice < 0 || errno)
        manner.nice = 0; /* what is better than usual is not handed on */
    manner.has_cpus = sched_getaffinity(peer->pid, sizeof(manner.cpus), &manner.cpus) == 0;
    manner.oom = proc_text(peer->pid, "oom_score_adj", text, sizeof(text)) && atoi(text) > 0 ? atoi(text) : 0;
    if (!proc_text(peer->pid, "status", text, sizeof(text)) || !is_alive(peer))
        return error_set(err, ERROR_SYSTEM, ESRCH, "process %d has ended", (int)peer->pid);
    status = check_ids(peer, text, err); /* behind the limits: they were its own */
    if (status < 0)
        return status;
    at = strstr(text, "\nUmask:\t");
    if (at)
        manner.umask = (uint32_t)strtoul(at + strlen("\nUmask:\t"), NULL, 8);
    *ret_manner = manner;
    return 0;
}

uint64_t peer_started(pid_t pid)
{
    char text[1024], *at;

    if (!proc_text(pid, "stat", text, sizeof(text)))
        return 0;
    at = strrchr(text, ')'); /* a name may hold anything */
    for (int field = 2; at && field < 22; field++) {
        at = strchr(at, ' ');
        at += at != NULL;
    }
    return at ? strtoull(at, NULL, 10) : 0;
}
