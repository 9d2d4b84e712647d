/* SPDX-License-Identifier: Apache-2.0 */
/*
 * This machine's files and clocks.
 *
 * System calls: openat, close, mkdirat, unlinkat, renameat, fallocate, pwritev, fdatasync, fsync, syncfs, fstatfs, clock_gettime.
 */
#include "audit/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"

#define NAME_MAX_SIZE 128
#define PARTS_MAX     16

static int make_directory(void *context, int directory, const char *name)
{
    return mkdirat(directory, name, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

static int put(void *context, int directory, const char *name, const void *bytes, size_t size)
{
    char beside[NAME_MAX_SIZE];
    auto_close int fd = -1;
    int status;

    snprintf(beside, sizeof(beside), "%s.new", name);
    fd = openat(directory, beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return -errno;
    status = file_write_all(fd, bytes, size);
    if (status == 0 && renameat(directory, beside, directory, name) < 0)
        status = -errno;
    if (status < 0)
        unlinkat(directory, beside, 0);
    return status;
}

static int remove_name(void *context, int directory, const char *name)
{
    if (unlinkat(directory, name, 0) == 0 || errno == ENOENT)
        return 0;
    return errno == EISDIR && unlinkat(directory, name, AT_REMOVEDIR) == 0 ? 0 : -errno;
}

static int rename_name(void *context, int directory, const char *from, const char *to)
{
    return renameat(directory, from, directory, to) < 0 ? -errno : 0;
}

static int reserve(void *context, int directory, const char *name, uint64_t size, int *ret_fd)
{
    auto_close int fd = openat(directory, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    int errnum;

    if (fd < 0)
        return -errno;
    if (fallocate(fd, 0, 0, (off_t)size) < 0 && (errno != EOPNOTSUPP || ftruncate(fd, (off_t)size) < 0)) {
        errnum = errno;
        unlinkat(directory, name, 0);
        return -errnum;
    }
    *ret_fd = take_fd(fd);
    return 0;
}

static int write_parts(void *context, int fd, const struct iovec *parts, int count, uint64_t offset)
{
    struct iovec left[PARTS_MAX];

    if (count > PARTS_MAX)
        return -EINVAL;
    for (int i = 0; i < count; i++)
        left[i] = parts[i];
    for (int at = 0; at < count;) {
        ssize_t done = pwritev(fd, left + at, count - at, (off_t)offset);

        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -errno;
        offset += (uint64_t)done;
        for (; at < count && (size_t)done >= left[at].iov_len; at++)
            done -= (ssize_t)left[at].iov_len;
        if (at < count) {
            left[at].iov_base = (char *)left[at].iov_base + done;
            left[at].iov_len -= (size_t)done;
        }
    }
    return 0;
}

static int sync_file(void *context, int fd)
{
    return fdatasync(fd) < 0 ? -errno : 0;
}

static int sync_directory(void *context, int directory, const char *name)
{
    auto_close int fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int sync_all(void *context, int directory)
{
    return syncfs(directory) < 0 ? -errno : 0;
}

static int free_bytes(void *context, int directory, uint64_t *ret_bytes)
{
    struct statfs about;

    if (fstatfs(directory, &about) < 0)
        return -errno;
    *ret_bytes = (uint64_t)about.f_bavail * (uint64_t)about.f_bsize;
    return 0;
}

static uint64_t time_us(void *context)
{
    return clock_real_ns() / 1000;
}

static uint64_t mono_us(void *context)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

const struct log_machine log_machine_own = {
    .make_directory = make_directory,
    .put = put,
    .remove = remove_name,
    .rename = rename_name,
    .reserve = reserve,
    .write = write_parts,
    .sync = sync_file,
    .sync_directory = sync_directory,
    .sync_all = sync_all,
    .free_bytes = free_bytes,
    .time_us = time_us,
    .mono_us = mono_us,
    .is_threaded = true,
};
