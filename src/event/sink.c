/* SPDX-License-Identifier: Apache-2.0 */
/* A walk along a path, one name at a time, in which each link is judged before it is followed. */
#include "event/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

#define LINKS_MAX 8

struct walk {
    const char *path;    /* as the caller gave it */
    int directory;       /* where the walk stands */
    char rest[PATH_MAX]; /* what is still ahead of it */
    unsigned links;
};

static int walk_fail(const struct walk *walk, int errnum, struct error *err)
{
    return error_system(err, errnum, "events file %s", walk->path);
}

static int walk_to(struct walk *walk, const char *name, int *ret_fd, struct error *err)
{
    *ret_fd = openat(walk->directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    return *ret_fd < 0 ? walk_fail(walk, errno, err) : 0;
}

static int walk_restart(struct walk *walk, struct error *err)
{
    int fd = open(walk->rest[0] == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return walk_fail(walk, errno, err);
    fd_close_at(&walk->directory);
    walk->directory = fd;
    return 0;
}

static bool is_root_directory(int fd)
{
    struct stat here, root;

    return fstat(fd, &here) == 0 && stat("/", &root) == 0 && here.st_dev == root.st_dev && here.st_ino == root.st_ino;
}

/* Put what the link says in front of the rest. */
static int walk_follow(struct walk *walk, int link, const struct stat *st, struct error *err)
{
    char text[PATH_MAX], rest[PATH_MAX];
    ssize_t length;

    if (st->st_uid != 0 || (geteuid() == 0 && !is_root_directory(walk->directory)) || ++walk->links > LINKS_MAX)
        return error_set(err, ERROR_INVALID, ELOOP,
                         "events file %s leads through a symbolic link that a contained program could have made; name the "
                         "place itself",
                         walk->path);
    length = readlinkat(link, "", text, sizeof(text) - 1);
    if (length < 0)
        return walk_fail(walk, errno, err);
    text[length] = '\0';
    if (snprintf(rest, sizeof(rest), "%s/%s", text, walk->rest) >= (int)sizeof(rest))
        return walk_fail(walk, ENAMETOOLONG, err);
    memcpy(walk->rest, rest, sizeof(rest));
    return walk->rest[0] == '/' ? walk_restart(walk, err) : 0;
}

/* Along `name`, which is a directory or a link to one. */
static int walk_step(struct walk *walk, const char *name, struct error *err)
{
    auto_close int next = -1;
    struct stat st;
    int status = walk_to(walk, name, &next, err);

    if (status < 0)
        return status;
    if (fstat(next, &st) < 0)
        return walk_fail(walk, errno, err);
    if (S_ISLNK(st.st_mode))
        return walk_follow(walk, next, &st, err);
    fd_close_at(&walk->directory);
    walk->directory = take_fd(next);
    return 0;
}

/* O_NONBLOCK: a FIFO without a reader is an error at once, not a start that hangs. */
static int walk_open(const struct walk *walk, int *ret_fd, struct error *err)
{
    const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW;
    int fd = openat(walk->directory, walk->rest, flags, 0600);

    if (fd < 0 && errno == ELOOP)
        return error_set(err, ERROR_INVALID, ELOOP, "events file %s is a symbolic link; name the file itself",
                         walk->path);
    if (fd < 0)
        return walk_fail(walk, errno, err);
    *ret_fd = fd;
    return 0;
}

int sink_open(const char *path, int *ret_fd, struct error *err)
{
    struct walk walk = {.path = path, .directory = -1};
    int status;

    if (snprintf(walk.rest, sizeof(walk.rest), "%s", path) >= (int)sizeof(walk.rest))
        return walk_fail(&walk, ENAMETOOLONG, err);
    status = walk_restart(&walk, err);
    while (status == 0) {
        char name[PATH_MAX];
        const char *start = walk.rest + strspn(walk.rest, "/");
        size_t length = strcspn(start, "/");

        if (!start[length]) {
            memmove(walk.rest, start, length + 1);
            status = walk_open(&walk, ret_fd, err);
            break;
        }
        memcpy(name, start, length);
        name[length] = '\0';
        memmove(walk.rest, start + length + 1, strlen(start + length + 1) + 1);
        status = walk_step(&walk, name, err);
    }
    fd_close_at(&walk.directory);
    return status;
}
