/* SPDX-License-Identifier: Apache-2.0 */
/* A whole file in place of another: whoever reads it, also after a power loss, finds the old one or the new one. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/path.h"

#define TRIES 16

/* A new file beside `path`, with the permissions that the old one has. */
static int open_beside(struct arena *arena, const char *path, const char **ret_name, int *ret_fd, struct error *err)
{
    const char *directory = path_parent(arena, path);
    struct stat old;
    bool exists = stat(path, &old) == 0;

    if (!directory)
        return error_memory(err);
    for (int i = 0; i < TRIES; i++) {
        unsigned long long word = 0;
        const char *name;
        int fd;

        if (getrandom(&word, sizeof(word), 0) != sizeof(word))
            return error_system(err, errno, "random bytes");
        name = arena_printf(arena, "%s/.%.200s.%016llx", strcmp(directory, "/") == 0 ? "" : directory, path_base(path), word);
        if (!name)
            return error_memory(err);
        fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (fd < 0 && errno == EEXIST)
            continue;
        if (fd < 0)
            return error_system(err, errno, "make a file in %s", directory);
        *ret_name = name;
        *ret_fd = fd;
        if (exists && fchmod(fd, old.st_mode & 07777) < 0)
            return error_system(err, errno, "%s: permissions", name);
        return 0;
    }
    return error_set(err, ERROR_SYSTEM, EEXIST, "make a file in %s: every name is taken", directory);
}

static int flush_directory(struct arena *arena, const char *path, struct error *err)
{
    const char *directory = path_parent(arena, path);
    int fd auto_close = directory ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

    if (!directory)
        return error_memory(err);
    if (fd < 0 || (fsync(fd) < 0 && errno != EINVAL))
        return error_system(err, errno, "%s", directory);
    return 0;
}

int file_replace(const char *path, const void *data, size_t size, struct error *err)
{
    struct arena *arena auto_arena = arena_new();
    char *real = realpath(path, NULL);
    const char *target, *name = NULL;
    int fd auto_close = -1, r;

    if (!arena || (!real && errno == ENOMEM)) {
        free(real);
        return error_memory(err);
    }
    if (!real && errno != ENOENT)
        return error_system(err, errno, "%s", path);
    target = real ? arena_string(arena, real) : path[0] == '/' ? path_normalise(arena, path) : arena_printf(arena, "./%s", path);
    free(real);
    if (!target)
        return error_memory(err);
    r = open_beside(arena, target, &name, &fd, err);
    if (r == 0) {
        r = file_write_all(fd, data, size);
        if (r == 0 && fsync(fd) < 0)
            r = -errno;
        if (r == 0 && rename(name, target) < 0)
            r = -errno;
        if (r < 0)
            r = error_system(err, -r, "write %s", path);
    }
    if (r < 0) {
        if (name)
            (void)unlink(name);
        return r;
    }
    return flush_directory(arena, target, err);
}
