/* SPDX-License-Identifier: Apache-2.0 */
/* Names below a directory: through no symbolic link, never out of it, and into no file system that is mounted in it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "review/inside.h"

#define REMOVE_DEPTH_MAX 64 /* each level holds a descriptor */

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

uint64_t place_born_ns(int fd)
{
    struct statx st;

    if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &st) < 0 || !(st.stx_mask & STATX_BTIME))
        return 0;
    return (uint64_t)st.stx_btime.tv_sec * NS_PER_S + st.stx_btime.tv_nsec;
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

struct removal {
    int top, depth;
    unsigned long moved; /* names given out at the top */
};

/* What lies too deep to be reached at once comes to the top, and is emptied from there. */
static void raise_directory(struct removal *removal, int parent, const char *name)
{
    char new_name[40];

    snprintf(new_name, sizeof(new_name), ".cordon-deep-%lu", removal->moved);
    if (renameat2(parent, name, removal->top, new_name, RENAME_NOREPLACE) == 0)
        removal->moved++; /* a name that is taken already is met there, and goes with the rest */
}

static void empty_directory(struct removal *removal, int fd)
{
    DIR *directory = fdopendir(fd);
    struct dirent *entry;

    if (!directory) {
        close(fd);
        return;
    }
    removal->depth++;
    while ((entry = readdir(directory))) {
        int child;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (unlinkat(dirfd(directory), entry->d_name, 0) == 0 || errno != EISDIR)
            continue;
        if (unlinkat(dirfd(directory), entry->d_name, AT_REMOVEDIR) == 0)
            continue;
        if (fchmodat(dirfd(directory), entry->d_name, 0700, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        if (removal->depth > REMOVE_DEPTH_MAX) {
            raise_directory(removal, dirfd(directory), entry->d_name);
            continue;
        }
        child = openat(dirfd(directory), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (child >= 0)
            empty_directory(removal, child);
        unlinkat(dirfd(directory), entry->d_name, AT_REMOVEDIR);
    }
    removal->depth--;
    closedir(directory);
}

void place_remove_tree(int directory, const char *name)
{
    struct removal removal = {.top = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)};
    unsigned long before;

    do {
        int fd = removal.top < 0 ? -1 : openat(removal.top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        before = removal.moved;
        if (fd >= 0)
            empty_directory(&removal, fd);
    } while (removal.moved != before);
    fd_close_at(&removal.top);
    unlinkat(directory, name, AT_REMOVEDIR);
}
