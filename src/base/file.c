/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files, bounded, and complete writes. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

int file_read_fd(int fd, const char *name, size_t size_max, char **ret_data, size_t *ret_size,
                 struct error *err)
{
    size_t capacity = 4096, used = 0;
    auto_free char *data = mem_alloc(capacity);

    if (!data)
        return error_memory(err);
    for (;;) {
        ssize_t got = read(fd, data + used, capacity - used - 1);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_system(err, errno, "read %s", name);
        if (got == 0)
            break;
        used += (size_t)got;
        if (used > size_max)
            return error_set(err, ERROR_LIMIT, EFBIG, "%s: more than %zu bytes", name, size_max);
        if (used + 1 == capacity) {
            char *grown = mem_resize(data, capacity * 2);

            if (!grown)
                return error_memory(err);
            data = grown;
            capacity *= 2;
        }
    }
    data[used] = '\0';
    *ret_size = used;
    *ret_data = take_ptr(data);
    return 0;
}

int file_read(const char *path, size_t size_max, char **ret_data, size_t *ret_size,
              struct error *err)
{
    struct stat st;
    auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0)
        return error_system(err, errno, "open %s", path);
    if (fstat(fd, &st) < 0)
        return error_system(err, errno, "stat %s", path);
    if (!S_ISREG(st.st_mode))
        return error_set(err, ERROR_INVALID, EINVAL, "%s: not a regular file", path);
    return file_read_fd(fd, path, size_max, ret_data, ret_size, err);
}

int file_write_all(int fd, const void *data, size_t size)
{
    const char *at = data;

    while (size) {
        ssize_t wrote = write(fd, at, size);

        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return wrote < 0 ? -errno : -EIO;
        at += wrote;
        size -= (size_t)wrote;
    }
    return 0;
}

unsigned long file_number(const char *path, unsigned long otherwise)
{
    char text[24];
    auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

    if (got <= 0 || text[0] < '0' || text[0] > '9')
        return otherwise;
    text[got] = '\0';
    return strtoul(text, NULL, 10);
}

int file_make_directories(const char *path, mode_t mode, struct error *err)
{
    char partial[4096];
    struct stat st;
    size_t length = strlen(path);

    if (length >= sizeof(partial) || path[0] != '/')
        return error_set(err, ERROR_LIMIT, ENAMETOOLONG, "%s: not a usable absolute path", path);
    memcpy(partial, path, length + 1);
    for (size_t at = 1; at <= length; at++) {
        if (partial[at] != '/' && partial[at] != '\0')
            continue;
        partial[at] = '\0';
        if (mkdir(partial, mode) < 0 && errno != EEXIST)
            return error_system(err, errno, "create directory %s", partial);
        partial[at] = path[at];
    }
    if (stat(path, &st) < 0)
        return error_system(err, errno, "directory %s", path);
    if (!S_ISDIR(st.st_mode))
        return error_system(err, ENOTDIR, "directory %s", path);
    return 0;
}
