/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread within the container's network namespace. It makes what has to be made there; with inward doors it stays,
 * confined, and opens sockets when it is asked to: a socket belongs to the namespace of the thread that opened it, and
 * descriptors are common to all threads.
 *
 * System calls: before confinement what it needs; then read, write, socket, exit.
 */
#include "gateway/inside.h"

#include <errno.h>
#include <linux/nsfs.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "worker/confine.h"

struct inside {
    pthread_t thread;
    int main_end, thread_end; /* a pair: a family to the thread, a descriptor or -errno back */
    int network;
    const struct inside_want *want;
    struct inside_sockets sockets;
    int status;
    struct error err;
};

/* Where the container is somebody of its own outside, so are the connections that are made for it: its uid, under the name that it has inside. */
static int ids_take(uid_t uid, gid_t gid, struct error *err)
{
    if (getuid() == uid && getgid() == gid)
        return 0;
    if (setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
        return error_system(err, errno, "become who the container is");
    return 0;
}

int inside_enter_owner(int network, struct error *err)
{
    uid_t uid = getuid();
    gid_t gid = getgid();
    auto_close int user = ioctl(network, NS_GET_USERNS);
    struct stat theirs, ours;

    if (user < 0)
        return error_system(err, errno, "find the user namespace that owns the container's network");
    if (ioctl(network, NS_GET_NSTYPE) != CLONE_NEWNET)
        return error_set(err, ERROR_INTERNAL, EINVAL, "what the starter gave to attach to is no network namespace");
    if (fstat(user, &theirs) < 0 || stat("/proc/self/ns/user", &ours) < 0)
        return error_system(err, errno, "look at the user namespaces");
    /* With the rights of the host's root it would not be contained. */
    if (theirs.st_dev == ours.st_dev && theirs.st_ino == ours.st_ino)
        return error_set(err, ERROR_UNENFORCEABLE, EPERM,
                         "the network namespace belongs to this user namespace; a gateway needs one of a container's own");
    if (setns(user, CLONE_NEWUSER) < 0)
        return error_system(err, errno, "enter the container's user namespace");
    return ids_take(uid, gid, err);
}

void inside_want_synthetic(struct inside_want *want, struct net_block blocks[2])
{
    for (unsigned i = 0; i < 2; i++)
        if (names_synthetic_block(want->set->rules, i ? AF_INET6 : AF_INET, &blocks[i]))
            want->synthetic[i] = (struct blocks){.items = &blocks[i], .count = 1};
}

int inside_capture_again(int network, const struct ruleset *set, struct error *err)
{
    struct inside_want want = {.set = set, .settings = -1, .is_again = true, .has_ping = set->has_ping};
    struct net_block synthetic[2];
    bool has_ipv6 = false;
    int status;

    inside_want_synthetic(&want, synthetic);
    if (setns(network, CLONE_NEWNET) < 0)
        return error_system(err, errno, "enter the container's network namespace");
    status = inside_make_routes(&want, &has_ipv6, err);
    return status < 0 ? status : inside_make_filter(&want, has_ipv6, err);
}

static bool is_needed(const struct inside *inside)
{
    return inside->want->set->rules->inward_count;
}

static int make_all(struct inside *inside)
{
    const struct inside_want *want = inside->want;
    bool has_ipv6 = false;
    int status;

    if (setns(inside->network, CLONE_NEWNET) < 0)
        return error_system(&inside->err, errno, "enter the container's network namespace");
    status = inside_make_routes(want, &has_ipv6, &inside->err);
    if (status == 0)
        status = inside_make_sockets(want, has_ipv6, &inside->sockets, &inside->err);
    if (status == 0)
        status = inside_make_settings(want, has_ipv6, &inside->err);
    if (status == 0)
        status = inside_make_filter(want, has_ipv6, &inside->err);
    /* one that is not needed any more ends with its rights, before the program begins */
    if (status == 0 && is_needed(inside))
        status = confine_thread(CONFINE_INSIDE, &inside->err);
    return status;
}

static void serve(struct inside *inside)
{
    int family;

    while (read(inside->thread_end, &family, sizeof(family)) == sizeof(family)) {
        int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd < 0)
            fd = -errno;
        if (write(inside->thread_end, &fd, sizeof(fd)) != sizeof(fd))
            break;
    }
}

static void *run(void *data)
{
    struct inside *inside = data;
    bool is_staying;
    int done = 0;

    inside->status = make_all(inside);
    is_staying = inside->status == 0 && is_needed(inside);
    if (write(inside->thread_end, &done, sizeof(done)) != sizeof(done))
        shutdown(inside->thread_end, SHUT_RDWR); /* who waits would wait for ever */
    else if (is_staying)
        serve(inside);
    return NULL;
}

static void sockets_init(struct inside_sockets *sockets)
{
    *sockets = (struct inside_sockets){
        .tcp = {-1, -1}, .udp = {-1, -1}, .raw = {-1, -1}, .ping = {-1, -1}, .names = {.udp = {-1, -1}, .tcp = {-1, -1}}};
}

int inside_open(int network, const struct inside_want *want, struct inside **ret_inside,
                struct inside_sockets *ret_sockets, struct error *err)
{
    struct inside *inside = mem_alloc(sizeof(*inside));
    size_t doors = want->set->rules->outward_count;
    int pair[2], done, status;
    ssize_t got;

    if (!inside)
        return error_memory(err);
    *inside = (struct inside){.main_end = -1, .thread_end = -1, .network = network, .want = want};
    sockets_init(&inside->sockets);
    inside->sockets.outward = mem_alloc((doors + 1) * sizeof(*inside->sockets.outward));
    if (!inside->sockets.outward) {
        inside_close(inside);
        return error_memory(err);
    }
    memset(inside->sockets.outward, 0xff, (doors + 1) * sizeof(*inside->sockets.outward));
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
        status = error_system(err, errno, "make a socket pair");
        inside_close(inside);
        return status;
    }
    inside->main_end = pair[0];
    inside->thread_end = pair[1];
    status = pthread_create(&inside->thread, NULL, run, inside);
    if (status > 0) {
        status = error_system(err, status, "start the thread for the container's network");
        inside_close(inside);
        return status;
    }
    got = read(inside->main_end, &done, sizeof(done));
    if (got != sizeof(done))
        return error_system(err, got < 0 ? errno : ECONNRESET, "wait for the container's network");
    if (inside->status < 0) {
        if (err)
            *err = inside->err;
        return inside->status; /* the process ends next, and the thread and its sockets with it */
    }
    if (!want->set->rules->inward_count) {
        pthread_join(inside->thread, NULL);
        inside->thread = 0;
    }
    inside->want = NULL;
    *ret_sockets = inside->sockets;
    *ret_inside = inside;
    return 0;
}

void inside_close(struct inside *inside)
{
    if (!inside)
        return;
    fd_close_at(&inside->main_end);
    if (inside->thread)
        pthread_join(inside->thread, NULL);
    fd_close_at(&inside->thread_end);
    mem_free(inside);
}

int inside_socket(struct inside *inside, int family)
{
    int fd;

    if (write(inside->main_end, &family, sizeof(family)) != sizeof(family) ||
        read(inside->main_end, &fd, sizeof(fd)) != sizeof(fd))
        return -EIO;
    return fd;
}
