/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One file of the host, for somebody inside. What is opened here in the ordinary way would carry its mount along: whoever has it
 * could change permissions and times through it, or open it once more for writing. So a child opens it in namespaces of its own,
 * through a mount that holds this one file and is read-only where nothing is to be written. It has no right there over files
 * whose owner is not mapped, and none is mapped: it may what the caller may without any privilege.
 */
#include "tier/process/exact.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/spawn.h"

#define FLAGS_KNOWN (O_ACCMODE | O_APPEND | O_TRUNC | O_SYNC | O_DSYNC)

struct child {
    const struct tier_exact *exact;
    int out;
    int errnum;       /* written by the child */
    const char *step; /* likewise */
};

static bool is_same(int a, int b)
{
    struct stat one, other;

    return fstat(a, &one) == 0 && fstat(b, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino &&
           S_ISREG(other.st_mode);
}

static int child_failed(struct child *child, const char *step, int errnum)
{
    child->step = step;
    child->errnum = errnum;
    return 1;
}

static bool is_writing(int flags)
{
    return (flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC;
}

static void own_name(char name[32], int fd)
{
    static const char before[] = "/proc/self/fd/";
    char digits[12];
    size_t used = 0, at = sizeof(before) - 1;

    memcpy(name, before, at);
    do
        digits[used++] = (char)('0' + fd % 10);
    while (fd /= 10);
    while (used)
        name[at++] = digits[--used];
    name[at] = '\0';
}

static int send_fd(int socket, int fd)
{
    char byte = 0;
    struct iovec vector = {&byte, 1};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } ancillary = {.header = {.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))}};
    struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = &ancillary, .msg_controllen = sizeof(ancillary)};

    memcpy(CMSG_DATA(&ancillary.header), &fd, sizeof(fd));
    return sendmsg(socket, &header, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

/* System calls only, in the caller's memory; what it opens goes with it. */
static int child_run(void *argument)
{
    struct child *child = argument;
    const struct tier_exact *exact = child->exact;
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC};
    int object = (int)syscall(SYS_openat2, AT_FDCWD, exact->path, &how, sizeof(how)), tree, opened;
    char name[32];

    if (object < 0)
        return child_failed(child, "look at", errno == ENOENT || errno == ELOOP || errno == ENOTDIR ? ESTALE : errno);
    if (!is_same(exact->object, object))
        return child_failed(child, "look at", ESTALE);
    tree = (int)syscall(SYS_open_tree, object, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (tree < 0)
        return child_failed(child, "take apart", errno);
    if (!is_writing(exact->flags))
        attributes.attr_set |= MOUNT_ATTR_RDONLY;
    if (syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attributes, sizeof(attributes)) < 0)
        return child_failed(child, "mount", errno);
    own_name(name, tree);
    opened = open(name, (exact->flags & FLAGS_KNOWN) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (opened < 0)
        return child_failed(child, "open", errno);
    if (!is_same(exact->object, opened))
        return child_failed(child, "open", ESTALE);
    return send_fd(child->out, opened) < 0 ? child_failed(child, "hand over", errno) : 0;
}

static int receive_fd(int socket, int *ret_fd)
{
    char byte;
    struct iovec vector = {&byte, 1};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } ancillary;
    struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = &ancillary, .msg_controllen = sizeof(ancillary)};
    ssize_t got = recvmsg(socket, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    struct cmsghdr *first = got == 1 ? CMSG_FIRSTHDR(&header) : NULL;

    if (!first || first->cmsg_type != SCM_RIGHTS || first->cmsg_len != CMSG_LEN(sizeof(int)))
        return got < 0 ? -errno : -EBADMSG;
    memcpy(ret_fd, CMSG_DATA(first), sizeof(*ret_fd));
    return 0;
}

int exact_open(const struct tier_exact *exact, int *ret_fd, struct error *err)
{
    auto_close int in = -1, out = -1, opened = -1;
    struct child child = {.exact = exact};
    const char *step = NULL;
    siginfo_t ignored;
    int ends[2], pidfd = -1, status;
    pid_t pid;

    if (exact->flags & ~FLAGS_KNOWN || (exact->flags & O_ACCMODE) == O_ACCMODE)
        return error_set(err, ERROR_INVALID, EINVAL, "open %s: with flags that nobody asks about", exact->path);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return error_system(err, errno, "make a pair of sockets");
    in = ends[0];
    out = child.out = ends[1];
    status = spawn_child(child_run, &child, CLONE_NEWUSER | CLONE_NEWNS, &pid, &pidfd, &step);
    if (status < 0)
        return error_system(err, -status, "open %s: %s", exact->path, step ? step : "make namespaces");
    while (waitid(P_PIDFD, (id_t)pidfd, &ignored, WEXITED | __WALL) < 0 && errno == EINTR)
        ;
    close(pidfd);
    if (child.step)
        return error_system(err, child.errnum, "%s %s", child.step, exact->path);
    status = receive_fd(in, &opened);
    if (status < 0)
        return error_system(err, -status, "open %s", exact->path);
    *ret_fd = take_fd(opened);
    return 0;
}
