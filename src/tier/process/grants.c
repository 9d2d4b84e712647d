/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A child of the caller opens them, in namespaces of its own: there the caller may take mounts apart, what is mounted over something stays over
 * it, and read-only and the like are locked, as they are in every namespace that he could make himself. It shares this process's table
 * of descriptors, which is where it leaves them. It makes system calls only.
 */
#include "tier/process/grants.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/spawn.h"
#include "tier/process/control.h"

struct opener {
    const struct plan *plan;
    int *mounts;
    size_t count;
    const char *step, *path; /* written by the child, as the next */
    int errnum;
};

/* A device is what it is to everybody: process 1 opens it by its name. */
static bool is_granted(const struct plan_mount *mount)
{
    return mount->kind == PLAN_BIND && !mount->is_device;
}

static int failed(struct opener *opener, const char *step, const char *path, int errnum)
{
    opener->step = step;
    opener->path = path;
    opener->errnum = errnum;
    return 1;
}

static int open_one(struct opener *opener, const struct plan_mount *mount)
{
    struct open_how how = {.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    int object = (int)syscall(SYS_openat2, AT_FDCWD, mount->source, &how, sizeof(how)), tree, errnum;
    struct stat st;

    if (object < 0)
        return failed(opener, errno == ELOOP ? "mount (its path was exchanged since it was checked)" : "open", mount->source,
                      errno == ELOOP ? ESTALE : errno);
    if (fstat(object, &st) < 0 || st.st_dev != mount->device || st.st_ino != mount->inode) {
        close(object);
        return failed(opener, "mount (the object was exchanged since it was checked)", mount->source, ESTALE);
    }
    tree = (int)syscall(SYS_open_tree, object, "", AT_EMPTY_PATH | AT_RECURSIVE | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    errnum = errno;
    close(object);
    if (tree < 0)
        return failed(opener, "take apart", mount->source, errnum);
    opener->mounts[opener->count++] = tree;
    return 0;
}

static int open_all(void *context)
{
    struct opener *opener = context;
    struct mount_attr private = {.propagation = MS_PRIVATE};

    if (syscall(SYS_mount_setattr, AT_FDCWD, "/", AT_RECURSIVE, &private, sizeof(private)) < 0)
        return failed(opener, "make mounts private below", "/", errno);
    for (size_t i = 0; i < opener->plan->mount_count; i++)
        if (is_granted(&opener->plan->mounts[i]) && open_one(opener, &opener->plan->mounts[i]))
            return 1;
    return 0;
}

static int opener_run(struct opener *opener, struct error *err)
{
    const char *step = NULL;
    siginfo_t ignored;
    int pidfd = -1, status;
    pid_t pid;

    status = spawn_child(open_all, opener, CLONE_NEWUSER | CLONE_NEWNS | CLONE_FILES, &pid, &pidfd, &step);
    if (status < 0)
        return error_system(err, -status, "open what is granted: %s", step ? step : "make namespaces");
    while (waitid(P_PIDFD, (id_t)pidfd, &ignored, WEXITED | __WALL) < 0 && errno == EINTR)
        ;
    close(pidfd);
    return opener->step ? error_system(err, opener->errnum, "set-up: %s %s", opener->step, opener->path) : 0;
}

static int map_all(const struct tier_run *run, const struct opener *opener, struct error *err)
{
    int status = 0;

    for (size_t at = 0; at < opener->count && status == 0; at += TIER_IDMAP_MAX) {
        size_t left = opener->count - at;

        status = run->spawner->idmap(run->spawner->context, run->id, opener->mounts + at, left < TIER_IDMAP_MAX ? left : TIER_IDMAP_MAX, err);
    }
    return status;
}

/* All of them are under way before process 1 asks for the first. */
static int send_all(const struct opener *opener, int socket, struct error *err)
{
    for (size_t at = 0; at < opener->count; at += GRANTS_IN_PACKET) {
        size_t left = opener->count - at;
        int status = control_send_grants(socket, opener->mounts + at, left < GRANTS_IN_PACKET ? left : GRANTS_IN_PACKET);

        if (status < 0)
            return error_system(err, -status, "hand what is granted to init");
    }
    return 0;
}

static int make(const struct tier_run *run, struct opener *opener, int *ret_socket, struct error *err)
{
    auto_close int in = -1, out = -1;
    int ends[2], status = opener_run(opener, err);

    if (status == 0)
        status = map_all(run, opener, err);
    if (status < 0)
        return status;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return error_system(err, errno, "create a socket pair");
    in = ends[0];
    out = ends[1];
    status = send_all(opener, in, err);
    if (status == 0)
        *ret_socket = take_fd(out);
    return status;
}

int grants_make(const struct tier_run *run, const struct plan *plan, int *ret_socket, struct error *err)
{
    struct opener opener = {.plan = plan};
    size_t count = 0;
    int status;

    for (size_t i = 0; i < plan->mount_count; i++)
        count += is_granted(&plan->mounts[i]);
    if (count > GRANTS_MAX)
        return error_set(err, ERROR_LIMIT, EOPNOTSUPP, "the plan shows %zu objects, and at most %d can be mapped", count, GRANTS_MAX);
    opener.mounts = mem_alloc((count + 1) * sizeof(*opener.mounts));
    if (!opener.mounts)
        return error_memory(err);
    status = make(run, &opener, ret_socket, err);
    for (size_t i = 0; i < opener.count; i++)
        close(opener.mounts[i]);
    mem_free(opener.mounts);
    return status;
}
