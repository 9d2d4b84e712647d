/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Change what is known about a file rather than what is in it, or read an attribute of it, in one of many ways.
 * Arguments: way, path.
 */
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>
#include <utime.h>

#include "attempt.h"

static const struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};

static int open_as(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);

    if (fd < 0)
        refused("open");
    return fd;
}

static const char *name_of(int fd)
{
    static char name[64];

    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    return name;
}

static long set_flags(int fd)
{
    int flags = 0;

    if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
        refused("FS_IOC_GETFLAGS");
    flags ^= FS_NOATIME_FL;
    return ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

static long change(const char *way, const char *path)
{
    char value[64];

    if (strcmp(way, "mode") == 0)
        return chmod(path, 0640);
    if (strcmp(way, "mode_descriptor") == 0)
        return fchmod(open_as(path, O_RDONLY), 0640);
    if (strcmp(way, "mode_name") == 0)
        return chmod(name_of(open_as(path, O_PATH)), 0640);
    if (strcmp(way, "mode_empty") == 0)
        return syscall(452 /* fchmodat2 */, open_as(path, O_PATH), "", 0640, AT_EMPTY_PATH);
    if (strcmp(way, "owner") == 0)
        return chown(path, getuid(), getgid());
    if (strcmp(way, "owner_empty") == 0)
        return fchownat(open_as(path, O_PATH), "", getuid(), getgid(), AT_EMPTY_PATH);
    if (strcmp(way, "times") == 0)
        return utimensat(AT_FDCWD, path, times, 0);
    if (strcmp(way, "times_old") == 0)
        return utime(path, &(struct utimbuf){1, 1});
    if (strcmp(way, "times_descriptor") == 0)
        return futimens(open_as(path, O_RDONLY), times);
    if (strcmp(way, "times_empty") == 0)
        return utimensat(open_as(path, O_PATH), "", times, AT_EMPTY_PATH);
    if (strcmp(way, "attribute") == 0)
        return setxattr(path, "user.cordon-escape", "1", 1, 0);
    if (strcmp(way, "attribute_descriptor") == 0)
        return fsetxattr(open_as(path, O_RDONLY), "user.cordon-escape", "1", 1, 0);
    if (strcmp(way, "attribute_read") == 0)
        return getxattr(path, "user.cordon-secret", value, sizeof(value));
    if (strcmp(way, "flags") == 0)
        return set_flags(open_as(path, O_RDONLY));
    errno = EINVAL;
    broken("no such way");
}

int main(int argc, char **argv)
{
    const char *way = argument(argc, argv, 1);

    decide(change(way, argument(argc, argv, 2)), way);
}
