/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk. Nearly every name has no symbolic link on its way: one openat2() proves that. The rest
 * is walked component by component, so that the links are known, and proved afterwards.
 * System calls: openat2 fstat lstat readlink faccessat2.
 */
#include "policy/compile/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/path.h"

static int open_without_links(const char *path)
{
    struct open_how how = {
        .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
        .resolve = RESOLVE_NO_SYMLINKS,
    };

    return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
}

/* 0 and an identity, -ELOOP when there is a link, or what stopped the walk. */
static int identify(const char *path, struct resolved *object)
{
    auto_close int fd = open_without_links(path);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return -errno;
    if (S_ISLNK(st.st_mode))
        return -ELOOP;
    object->device = st.st_dev;
    object->inode = st.st_ino;
    object->mode = st.st_mode;
    object->uid = st.st_uid;
    object->gid = st.st_gid;
    object->special = st.st_rdev;
    return 0;
}

struct walk {
    struct arena *arena;
    struct resolved *object;
    char real[PATH_MAX]; /* walked so far, "" = the root */
    char rest[PATH_MAX]; /* still to walk */
    size_t real_length;
};

static void walk_up(struct walk *walk)
{
    while (walk->real_length && walk->real[--walk->real_length] != '/')
        ;
    walk->real[walk->real_length] = '\0';
}

/* Append the next component of `rest`. 1 when there was one, 0 at the end, -ENAMETOOLONG. */
static int walk_down(struct walk *walk)
{
    char *start = walk->rest + strspn(walk->rest, "/");
    size_t length = strcspn(start, "/");

    if (!length)
        return 0;
    if (walk->real_length + length + 2 > sizeof(walk->real))
        return -ENAMETOOLONG;
    if (length == 2 && memcmp(start, "..", 2) == 0) {
        walk_up(walk);
    } else if (!(length == 1 && *start == '.')) {
        walk->real[walk->real_length] = '/';
        memcpy(walk->real + walk->real_length + 1, start, length);
        walk->real_length += length + 1;
        walk->real[walk->real_length] = '\0';
    }
    memmove(walk->rest, start + length, strlen(start + length) + 1);
    return 1;
}

/* Replace the link that was just walked onto by its text. */
static int walk_follow(struct walk *walk)
{
    struct resolved *object = walk->object;
    struct resolve_link *link;
    char text[PATH_MAX];
    ssize_t length = readlink(walk->real, text, sizeof(text) - 1);
    size_t rest = strlen(walk->rest);

    if (length < 0)
        return -errno;
    if (object->link_count >= RESOLVE_LINKS_MAX)
        return -ELOOP;
    if ((size_t)length + rest + 2 > sizeof(walk->rest))
        return -ENAMETOOLONG;
    text[length] = '\0';
    link = arena_append(walk->arena, object->links, object->link_count);
    if (!link)
        return -ENOMEM;
    link->path = arena_string(walk->arena, walk->real);
    link->text = arena_string(walk->arena, text);
    if (!link->path || !link->text)
        return -ENOMEM;
    memmove(walk->rest + length + 1, walk->rest, rest + 1);
    memcpy(walk->rest, text, (size_t)length);
    walk->rest[length] = '/';
    if (text[0] == '/')
        walk->real_length = 0;
    else
        walk_up(walk);
    walk->real[walk->real_length] = '\0';
    return 0;
}

/* The walk ended early: keep where the name would be. */
static int walk_stop(struct walk *walk, enum resolve_status status)
{
    struct resolved *object = walk->object;
    int step;

    object->status = status;
    if (status == RESOLVE_SHUT) {
        object->blocked = path_parent(walk->arena, walk->real);
        if (!object->blocked)
            return -ENOMEM;
    }
    do
        step = walk_down(walk);
    while (step > 0);
    if (step < 0)
        return step;
    object->real = arena_string(walk->arena, walk->real_length ? walk->real : "/");
    return object->real ? 0 : -ENOMEM;
}

static int walk_links(struct walk *walk)
{
    struct stat st;
    int r;

    while ((r = walk_down(walk)) > 0) {
        if (path_is_within(walk->real_length ? walk->real : "/", "/proc"))
            return walk_stop(walk, RESOLVE_PROC);
        if (!walk->real_length)
            continue;
        if (lstat(walk->real, &st) < 0) {
            if (errno == ENOENT || errno == ENOTDIR)
                return walk_stop(walk, RESOLVE_MISSING);
            return errno == EACCES ? walk_stop(walk, RESOLVE_SHUT) : -errno;
        }
        if (S_ISLNK(st.st_mode)) {
            r = walk_follow(walk);
            if (r < 0)
                return r;
        }
    }
    if (r < 0)
        return r;
    walk->object->status = RESOLVE_FOUND;
    walk->object->real = arena_string(walk->arena, walk->real_length ? walk->real : "/");
    return walk->object->real ? identify(walk->object->real, walk->object) : -ENOMEM;
}

static int walk_path(struct arena *arena, const char *path, struct resolved *object)
{
    struct walk walk;

    walk.arena = arena;
    walk.object = object;
    walk.real[0] = '\0';
    walk.real_length = 0;
    if (strlen(path) >= sizeof(walk.rest))
        return -ENAMETOOLONG;
    memcpy(walk.rest, path, strlen(path) + 1);
    return walk_links(&walk);
}

int resolve_path(struct arena *arena, const char *path, struct resolved *ret_resolved,
                 struct error *err)
{
    struct resolved object = {.given = path, .real = path, .status = RESOLVE_FOUND};
    int r = identify(path, &object);

    if (r == -ENOENT || r == -ENOTDIR) {
        object.status = RESOLVE_MISSING;
        r = 0;
    } else if (r == -ELOOP || r == -EACCES) {
        r = walk_path(arena, path, &object);
    }
    if (r == -ENOMEM)
        return error_memory(err);
    if (r < 0)
        return error_system(err, -r, "resolve %s", path);
    *ret_resolved = object;
    return 0;
}

/* uid 0 without CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, gid 0, no supplementary group. */
static bool bits_allow(const struct resolved *object, mode_t wanted)
{
    mode_t bits = object->mode;

    if (object->uid == 0)
        bits >>= 6;
    else if (object->gid == 0)
        bits >>= 3;
    return (bits & wanted) == wanted;
}

const char *resolve_refusal(struct arena *arena, const struct facts *facts,
                            const struct resolved *object, bool wants_write)
{
    mode_t wanted = 4u | (wants_write ? 2u : 0) | (S_ISDIR(object->mode) ? 1u : 0);
    const char *verb = wants_write ? "write" : "read", *reason;

    if (faccessat(AT_FDCWD, object->real, (int)wanted, AT_EACCESS) < 0) {
        if (errno == EROFS)
            return "it is on a read-only file system";
        reason = arena_printf(arena, "the caller may not %s it", verb);
        return reason ? reason : "the caller may not";
    }
    if (!facts->is_root || bits_allow(object, wanted))
        return NULL;
    reason = arena_printf(arena,
                          "contained root holds no capability and could not %s what belongs to "
                          "user %u with mode %04o; run Cordon as user %u",
                          verb, (unsigned)object->uid, (unsigned)(object->mode & 07777),
                          (unsigned)object->uid);
    return reason ? reason : "contained root holds no capability";
}

const char *resolve_kind_name(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return "a directory";
    case S_IFREG:
        return "a file";
    case S_IFCHR:
        return "a character device";
    case S_IFBLK:
        return "a block device";
    case S_IFSOCK:
        return "a socket";
    case S_IFIFO:
        return "a FIFO";
    default:
        return "a symbolic link";
    }
}
