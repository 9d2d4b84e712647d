/* SPDX-License-Identifier: Apache-2.0 */
/* What a commit writes is prepared beside its place, in a directory of the tree itself, and synced. redo.c carries it out. */
#include "review/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/file.h"

#define COPY_BYTES  ((size_t)1 << 20)
#define XATTR_BYTES 65536

static int tree_enter(struct commit *commit, unsigned tree)
{
    char stage[64];

    if (commit->root >= 0 && commit->tree == tree)
        return 0;
    fd_close_at(&commit->root);
    fd_close_at(&commit->stage);
    fd_close_at(&commit->upper);
    commit->stage = commit->upper = -1;
    commit->tree = tree;
    stage_name(commit->review, stage);
    commit->root = review_root(commit->review, tree, commit->err);
    if (commit->root < 0)
        return commit->root;
    commit->upper = review_upper(commit->review, tree, commit->err);
    if (commit->upper < 0)
        return commit->upper;
    if (mkdirat(commit->root, stage, 0700) < 0 && errno != EEXIST)
        return error_system(commit->err, errno, "create %s/%s", commit->review->trees[tree].source, stage);
    commit->stage = openat(commit->root, stage, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (commit->stage < 0)
        return error_system(commit->err, errno, "open %s", stage);
    /* what is prepared here gets its name elsewhere, where other access lists are handed down */
    if (fremovexattr(commit->stage, "system.posix_acl_default") < 0 && errno != ENODATA && errno != EOPNOTSUPP)
        return error_system(commit->err, errno, "clear the access list of %s", stage);
    return 0;
}

static int copy_range(int from, int to, off_t at, off_t end, char *bytes)
{
    while (at < end) {
        size_t wanted = end - at < (off_t)COPY_BYTES ? (size_t)(end - at) : COPY_BYTES;
        ssize_t got = pread(from, bytes, wanted, at);
        int status;

        if (got <= 0)
            return got < 0 ? -errno : -ESTALE;
        if (lseek(to, at, SEEK_SET) < 0)
            return -errno;
        status = file_write_all(to, bytes, (size_t)got);
        if (status < 0)
            return status;
        at += got;
    }
    return 0;
}

/* Holes stay holes: what a program makes large for nothing must not fill the disk. */
static int copy_bytes(int from, int to, off_t size)
{
    auto_free char *bytes = NULL;
    off_t at = 0;

    if (ioctl(to, FICLONE, from) == 0)
        return 0;
    bytes = mem_alloc(COPY_BYTES);
    if (!bytes)
        return -ENOMEM;
    while (at < size) {
        off_t data = lseek(from, at, SEEK_DATA), hole = data < 0 ? -1 : lseek(from, data, SEEK_HOLE);
        int status;

        if (data < 0 && errno == ENXIO)
            break;
        if (hole < 0)
            return -errno;
        status = copy_range(from, to, data, hole < size ? hole : size, bytes);
        if (status < 0)
            return status;
        at = hole;
    }
    return ftruncate(to, size) < 0 ? -errno : 0;
}

/* What the file that is replaced had, its successor has: access lists above all. */
static int copy_attributes(int root, const char *path, int to)
{
    auto_close int from = place_open(root, path, O_RDONLY | O_NONBLOCK);
    auto_free char *names = from < 0 ? NULL : mem_alloc(2 * (size_t)XATTR_BYTES);
    ssize_t size = names ? flistxattr(from, names, XATTR_BYTES) : 0;

    if (from < 0)
        return from == -EACCES ? -EACCES : 0;
    if (!names)
        return -ENOMEM;
    for (char *name = names; size > 0 && name < names + size; name += strlen(name) + 1) {
        char *value = names + XATTR_BYTES;
        ssize_t length;

        if (strncmp(name, "user.", 5) != 0 && strcmp(name, "system.posix_acl_access") != 0)
            continue;
        length = fgetxattr(from, name, value, XATTR_BYTES);
        if (length < 0 || fsetxattr(to, name, value, (size_t)length, 0) < 0)
            return -errno;
    }
    return 0;
}

/* Of the group that is not kept: who was in it, and who is in the new one, may do no more than everybody could and it could. */
static mode_t narrowed(mode_t mode, int fd)
{
    mode_t both = mode >> 3 & mode & 07;

    if (fgetxattr(fd, "system.posix_acl_access", NULL, 0) > 0)
        both = 0; /* a list names others, and what it gave the group is not in the permissions */
    return (mode & 0700) | both << 3 | both;
}

/* What is new has the caller's group, or the one that the nearest directory that is there hands down to all below. */
static gid_t group_of_new(const struct commit *commit, const char *path)
{
    char above[PATH_MAX], *slash;
    struct stat st;

    snprintf(above, sizeof(above), "%s", path);
    while ((slash = strrchr(above, '/'))) {
        *slash = '\0';
        if (place_stat(commit->root, above, &st) && S_ISDIR(st.st_mode))
            return st.st_mode & S_ISGID ? st.st_gid : getegid();
    }
    return fstat(commit->root, &st) == 0 && st.st_mode & S_ISGID ? st.st_gid : getegid();
}

/* Owner, group, attributes, permissions, times. Never a set-id bit. */
static int dress(struct commit *commit, const struct change *change, const struct stat *st, int to)
{
    const struct object *before = &change->before;
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, st->st_mtim};
    mode_t mode = st->st_mode & 0777;

    if (S_ISREG(before->mode)) {
        int status;

        if (fchown(to, before->uid, change->loses_group ? getegid() : before->gid) < 0)
            return -errno;
        status = copy_attributes(commit->root, change->path, to);
        if (status < 0)
            return status;
    } else if (fchown(to, (uid_t)-1, group_of_new(commit, change->path)) < 0 && errno != EPERM && errno != EINVAL) {
        return -errno;
    }
    if (change->loses_group)
        mode = narrowed(mode, to);
    return fchmod(to, mode) < 0 || futimens(to, times) < 0 ? -errno : 0;
}

static int stage_file(struct commit *commit, const struct change *change, const char *name, struct stat *ret_st)
{
    auto_close int from = place_open(commit->upper, change->path, O_RDONLY | O_NONBLOCK), to = -1;
    struct stat st;
    int status;

    if (from < 0 || fstat(from, &st) < 0 || !S_ISREG(st.st_mode))
        return from < 0 ? from : -ESTALE;
    to = openat(commit->stage, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (to < 0)
        return -errno;
    status = copy_bytes(from, to, st.st_size);
    if (status == 0)
        status = dress(commit, change, &st, to);
    if (status == 0 && commit->chosen_count <= SYNC_EACH_MAX && fsync(to) < 0)
        status = -errno;
    if (status == 0 && fstat(to, ret_st) < 0)
        status = -errno;
    return status;
}

static int stage_directory(struct commit *commit, const char *name, struct stat *ret_st)
{
    auto_close int fd = -1;

    if (mkdirat(commit->stage, name, 0700) < 0)
        return -errno;
    fd = openat(commit->stage, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || fstat(fd, ret_st) < 0)
        return -errno;
    return commit->chosen_count <= SYNC_EACH_MAX && fsync(fd) < 0 ? -errno : 0;
}

static int stage_link(struct commit *commit, const struct change *change, const char *name, struct stat *ret_st)
{
    const char *last;
    auto_close int parent = place_open_parent(commit->upper, change->path, &last);
    char text[PATH_MAX];
    ssize_t length = parent < 0 ? -1 : readlinkat(parent, last, text, sizeof(text) - 1);

    if (length < 0)
        return parent < 0 ? parent : -errno;
    text[length] = '\0';
    if (symlinkat(text, commit->stage, name) < 0 || fstatat(commit->stage, name, ret_st, AT_SYMLINK_NOFOLLOW) < 0)
        return -errno;
    return 0;
}

static struct op *add_op(struct commit *commit, enum op_kind kind, const struct change *change)
{
    struct op *op = arena_append(commit->ops.arena, commit->ops.items, commit->ops.count);

    if (!op) {
        error_memory(commit->err);
        return NULL;
    }
    op->kind = kind;
    op->tree = change->tree;
    op->path = change->path;
    op->before = change->before;
    op->is_whole = true;
    return op;
}

/* What takes its name as a whole: a file, a link, or a directory with nothing in it yet. */
static int stage_object(struct commit *commit, struct change *change)
{
    mode_t mode = change->after.mode;
    struct op *op = add_op(commit, S_ISDIR(mode) ? OP_MAKE : OP_WRITE, change);
    struct stat st;
    char name[24];
    int status;

    if (!op)
        return -ENOMEM;
    op->staged = commit->staged++;
    snprintf(name, sizeof(name), "%llu", (unsigned long long)op->staged);
    if (S_ISDIR(mode))
        status = stage_directory(commit, name, &st);
    else
        status = S_ISLNK(mode) ? stage_link(commit, change, name, &st) : stage_file(commit, change, name, &st);
    if (status < 0)
        return error_system(commit->err, -status, "prepare %s/%s", commit->review->trees[change->tree].source, change->path);
    op->staged_inode = change->staged_inode = st.st_ino;
    return 0;
}

static int stage_mode(struct commit *commit, const struct change *change, bool is_new)
{
    struct op *op = add_op(commit, OP_MODE, change);

    if (!op)
        return -ENOMEM;
    op->mode = change->after.mode & 01777;
    if (is_new) {
        op->before = (struct object){0};
        op->staged_inode = change->staged_inode;
        op->is_whole = false;
    } else {
        op->mode |= change->before.mode & (change->loses_group ? 04000 : 06000); /* what has them keeps them, nothing gets them */
    }
    return 0;
}

/* A directory that its owner could not write to is opened before what is in it is written. */
static int stage_opening(struct commit *commit, const struct change *change)
{
    struct op *op;

    if (!S_ISDIR(change->before.mode) || (change->before.mode & 0700) == 0700 || (change->after.mode & 0300) != 0300)
        return 0;
    op = add_op(commit, OP_MODE, change);
    if (!op)
        return -ENOMEM;
    op->mode = (change->before.mode & 07777) | 0700;
    op->is_whole = false;
    return 0;
}

static int stage_change(struct commit *commit, struct change *change)
{
    int status = tree_enter(commit, change->tree);

    if (status < 0)
        return status;
    if (change->type == CHANGE_DELETED)
        return add_op(commit, OP_DELETE, change) ? 0 : -ENOMEM;
    if (change->type == CHANGE_MODE)
        return stage_opening(commit, change);
    return stage_object(commit, change);
}

/* Deepest first, and behind everything else: a directory may be closed to its owner from then on. */
static int stage_modes(struct commit *commit)
{
    const struct review *review = commit->review;
    int status = 0;

    for (size_t i = review->change_count; i-- > 0 && status == 0;) {
        const struct change *change = &review->changes[i];

        if (commit->chosen[i] && !change->refused && (change->type == CHANGE_MODE || change_makes_directory(change)))
            status = stage_mode(commit, change, change->type != CHANGE_MODE);
    }
    return status;
}

static int sync_stages(struct commit *commit)
{
    const struct review *review = commit->review;
    char stage[64];

    stage_name(review, stage);
    for (unsigned i = 0; i < review->tree_count; i++) {
        auto_close int root = review_root(review, i, NULL), fd = -1;

        fd = root < 0 ? -1 : openat(root, stage, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
            continue;
        if ((commit->chosen_count > SYNC_EACH_MAX ? syncfs(fd) : fsync(fd)) < 0 || fsync(root) < 0)
            return error_system(commit->err, errno, "write what was prepared to the disk");
    }
    return 0;
}

/* Without it a log would be of no use, and a run of an older version did not wait for the disk. */
static int sync_state(const struct commit *commit)
{
    const struct review *review = commit->review;
    auto_close int fd = openat(review->run_directory, REVIEW_OPEN_NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0 || fsync(fd) < 0 || fsync(review->run_directory) < 0 || fsync(review->runs) < 0)
        return error_system(commit->err, errno, "write what is known of run %s to the disk", review->run);
    return 0;
}

int stage_all(struct commit *commit)
{
    const struct review *review = commit->review;
    int status = sync_state(commit);

    if (status < 0)
        return status;
    unlinkat(review->runs, REVIEW_PENDING_NAME, 0); /* of another run: that one is found by its own log */
    if (symlinkat(review->run, review->runs, REVIEW_PENDING_NAME) < 0 && errno != EEXIST)
        return error_system(commit->err, errno, "write down that a commit begins");
    for (size_t i = 0; i < review->change_count && status == 0; i++)
        if (commit->chosen[i] && !review->changes[i].refused)
            status = stage_change(commit, &review->changes[i]);
    if (status == 0)
        status = stage_modes(commit);
    return status < 0 ? status : sync_stages(commit);
}
