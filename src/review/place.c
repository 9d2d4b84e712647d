/* SPDX-License-Identifier: Apache-2.0 */
/* Names below a directory: through no symbolic link, never out of it, and into no file system that is mounted in it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "review/inside.h"

int place_open(int root, const char *path, int flags)
{
    struct open_how how = {.flags = (unsigned)(flags | O_CLOEXEC | O_NOFOLLOW),
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV};
    long fd;

    do
        fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
    while (fd < 0 && errno == EAGAIN); /* something was renamed while it looked */
    return fd < 0 ? -errno : (int)fd;
}

int place_open_parent(int root, const char *path, const char **ret_name)
{
    const char *slash = strrchr(path, '/');
    char directory[PATH_MAX];

    *ret_name = slash ? slash + 1 : path;
    if (!slash)
        return place_open(root, ".", O_PATH | O_DIRECTORY);
    if ((size_t)(slash - path) >= sizeof(directory))
        return -ENAMETOOLONG;
    memcpy(directory, path, (size_t)(slash - path));
    directory[slash - path] = '\0';
    return place_open(root, directory, O_PATH | O_DIRECTORY);
}

bool place_stat(int root, const char *path, struct stat *ret_st)
{
    const char *name;
    auto_close int parent = place_open_parent(root, path, &name);

    return parent >= 0 && fstatat(parent, name, ret_st, AT_SYMLINK_NOFOLLOW) == 0;
}

uint64_t time_ns(const struct timespec *time)
{
    return (uint64_t)time->tv_sec * NS_PER_S + (uint64_t)time->tv_nsec;
}

void object_of(const struct stat *st, struct object *ret_object)
{
    *ret_object = (struct object){
        .mode = st->st_mode,
        .uid = st->st_uid,
        .gid = st->st_gid,
        .links = st->st_nlink,
        .inode = st->st_ino,
        .size = (uint64_t)st->st_size,
        .modified_ns = time_ns(&st->st_mtim),
        .changed_ns = time_ns(&st->st_ctim),
    };
}

static void empty_directory(int fd, int depth)
{
    DIR *directory = fdopendir(fd);
    struct dirent *entry;

    if (!directory) {
        close(fd);
        return;
    }
    while ((entry = readdir(directory))) {
        int child;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (unlinkat(dirfd(directory), entry->d_name, 0) == 0 || errno != EISDIR)
            continue;
        if (fchmodat(dirfd(directory), entry->d_name, 0700, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        child = openat(dirfd(directory), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (child >= 0 && depth < REVIEW_DEPTH_MAX + 8)
            empty_directory(child, depth + 1);
        else if (child >= 0)
            close(child);
        unlinkat(dirfd(directory), entry->d_name, AT_REMOVEDIR);
    }
    closedir(directory);
}

void place_remove_tree(int directory, const char *name)
{
    int fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd >= 0)
        empty_directory(fd, 0);
    unlinkat(directory, name, AT_REMOVEDIR);
}
