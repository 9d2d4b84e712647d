/* SPDX-License-Identifier: Apache-2.0 */
/* Choosing what is applied, preparing it beside its place, and dropping the rest. redo.c carries it out. */
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
#include "base/path.h"
#include "review/redo.h"

#define COPY_BYTES    ((size_t)1 << 20)
#define XATTR_BYTES   65536

struct commit {
    struct review *review;
    struct ops ops;
    bool *chosen;
    size_t chosen_count;
    uint64_t staged; /* names given out */
    int root, stage, upper;
    unsigned tree; /* of these three */
    struct error *err;
};

/* A line for people: why a change is not applied. */
static void tell(const struct review *review, const struct change *change, const char *why, struct text *out)
{
    text_add(out, "not applied: ");
    text_add_safe(out, review->trees[change->tree].source);
    text_add(out, "/");
    text_add_safe(out, change->path);
    text_printf(out, ": %s\n", why);
}

/* With what is chosen go the new directories that it lies in. */
static void choose(struct commit *commit, const char *const *paths, size_t path_count)
{
    const struct review *review = commit->review;
    size_t above[REVIEW_DEPTH_MAX + 2], depth = 0;

    review_choose(review, paths, path_count, commit->chosen);
    for (size_t i = 0; i < review->change_count; i++) {
        const struct change *change = &review->changes[i];

        while (depth && !change_is_below(change, &review->changes[above[depth - 1]]))
            depth--;
        for (size_t j = 0; commit->chosen[i] && !change->refused && j < depth; j++)
            commit->chosen[above[j]] = true;
        if (change_makes_directory(change) && depth < ARRAY_COUNT(above))
            above[depth++] = i;
    }
}

static int check_conflicts(struct commit *commit, bool is_forced, struct text *out)
{
    const struct review *review = commit->review;
    size_t conflicts = 0;

    for (size_t i = 0; i < review->change_count; i++) {
        const struct change *change = &review->changes[i];

        if (!commit->chosen[i] || change->refused || !change->conflict)
            continue;
        conflicts++;
        if (!is_forced)
            tell(review, change, change->conflict, out);
    }
    if (!conflicts || is_forced)
        return 0;
    return error_set(commit->err, ERROR_FORBIDDEN, EBUSY,
                     "%zu of these were changed outside since run %s began, so nothing was applied: commit others by their names, "
                     "discard these, or name them with --force",
                     conflicts, review->run);
}

/* ---- preparing ---- */

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

/* Owner, group, attributes, permissions, times. Never a set-id bit. */
static int dress(struct commit *commit, const struct change *change, const struct stat *st, int to)
{
    const struct object *before = &change->before;
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, st->st_mtim};
    const char *slash = strrchr(change->path, '/');
    const char *above = slash ? arena_string_n(commit->ops.arena, change->path, (size_t)(slash - change->path)) : ".";
    struct stat parent;
    int status = 0;

    if (S_ISREG(before->mode)) {
        if ((before->uid != geteuid() || before->gid != getegid()) && fchown(to, before->uid, before->gid) < 0)
            return -errno;
        status = copy_attributes(commit->root, change->path, to);
    } else if (above) {
        bool is_handed_down = place_stat(commit->root, above, &parent) && parent.st_mode & S_ISGID;

        status = fchown(to, (uid_t)-1, is_handed_down ? parent.st_gid : getegid()) < 0 && errno != EPERM ? -errno : 0;
    } else {
        status = -ENOMEM;
    }
    if (status == 0 && (fchmod(to, st->st_mode & 0777) < 0 || futimens(to, times) < 0))
        status = -errno;
    return status;
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
        op->mode |= change->before.mode & 06000; /* what has them keeps them, nothing gets them */
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

static int prepare(struct commit *commit)
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

static int check_idle(const struct review *review, struct error *err)
{
    if (!review->is_running)
        return 0;
    return error_set(err, ERROR_FORBIDDEN, EBUSY, "run %s is still under way, or another command is at work on it: wait for its end",
                     review->run);
}

/*
 * A log that could not be saved may still be there, or be there again after a loss of power. What is prepared goes only when
 * the log is gone for certain: without it a log would be carried out in part.
 */
static void take_back(struct commit *commit)
{
    struct error ignored = ERROR_INIT;
    struct review *review = commit->review;

    if ((unlinkat(review->directory, LOG_NAME, 0) < 0 && errno != ENOENT) || fsync(review->directory) < 0)
        error_prepend(commit->err, "(not known to be undone: the next command for run %s may complete it)", review->run);
    else if (redo_forget(review, &ignored) < 0)
        error_prepend(commit->err, "(what was prepared is left for the next command)");
}

static int commit_chosen(struct commit *commit, struct review_result *result, size_t *ret_failed)
{
    struct review *review = commit->review;
    size_t failed = 0, whole = 0;
    int status = prepare(commit);

    if (status == 0)
        status = ops_save(review, &commit->ops, commit->err);
    if (status < 0) {
        take_back(commit);
        return status;
    }
    status = redo_run(review, &commit->ops, &result->text, commit->err);
    for (size_t i = 0; i < commit->ops.count; i++) {
        whole += commit->ops.items[i].is_whole;
        failed += commit->ops.items[i].is_whole && commit->ops.items[i].is_failed;
    }
    result->applied = whole - failed;
    *ret_failed = failed;
    return status;
}

/* What waits still; nothing: the review is over. */
static int settle(struct review *review, struct review_result *result, struct error *err)
{
    int status = review_count(review, &result->left, err);

    return status == 0 && !result->left ? review_finish(review, err) : status;
}

static void commit_end(struct commit *commit)
{
    fd_close_at(&commit->root);
    fd_close_at(&commit->stage);
    fd_close_at(&commit->upper);
    mem_free(commit->chosen);
    arena_free(commit->ops.arena);
}

/* What was asked for and is not there must not look as if it were. */
static int tell_left(size_t refused, size_t failed, struct error *err)
{
    if (!refused && !failed)
        return 0;
    return error_set(err, ERROR_FORBIDDEN, 0, "%zu of these were not applied and still wait (the reasons are above); the others were",
                     refused + failed);
}

int review_commit(struct review *review, const char *const *paths, size_t path_count, bool is_forced, const char *expected,
                  struct review_result *ret_result, struct error *err)
{
    cleanup_with(commit_end) struct commit commit = {
        .review = review, .root = -1, .stage = -1, .upper = -1, .err = err, .ops = {.arena = arena_new()}};
    size_t named = 0, refused = 0, failed = 0;
    int status = check_idle(review, err);

    if (status == 0 && is_forced && !path_count)
        return error_set(err, ERROR_INVALID, EINVAL, "--force needs the paths that shall be overwritten");
    if (status == 0)
        status = review_looked(review, err);
    if (status == 0)
        status = bound_check(review, expected, err);
    commit.chosen = mem_alloc(review->change_count + 1);
    if (status == 0 && (!commit.chosen || !commit.ops.arena))
        status = error_memory(err);
    if (status < 0)
        return status;
    choose(&commit, paths, path_count);
    notes_print(&ret_result->text, review);
    for (size_t i = 0; i < review->change_count; i++) {
        named += commit.chosen[i];
        commit.chosen_count += commit.chosen[i] && !review->changes[i].refused;
        refused += commit.chosen[i] && review->changes[i].refused;
        if (commit.chosen[i] && review->changes[i].refused)
            tell(review, &review->changes[i], review->changes[i].refused, &ret_result->text);
    }
    if (path_count && !named)
        return error_set(err, ERROR_NOT_FOUND, ENOENT, "run %s changed nothing at %s", review->run, paths[0]);
    status = check_conflicts(&commit, is_forced, &ret_result->text);
    if (status == 0 && commit.chosen_count)
        status = commit_chosen(&commit, ret_result, &failed);
    if (status == 0)
        status = settle(review, ret_result, err);
    return status < 0 ? status : tell_left(refused, failed, err);
}

int review_discard(struct review *review, const char *const *paths, size_t path_count, struct review_result *ret_result,
                   struct error *err)
{
    auto_free const struct change **list = NULL;
    auto_free bool *chosen = NULL;
    size_t count = 0;
    int status = check_idle(review, err);

    if (status == 0 && !path_count) {
        if (review_count(review, &ret_result->applied, NULL) < 0)
            ret_result->applied = 0; /* it can be dropped all the same */
        if (review->stuck.kind)
            text_printf(&ret_result->text, "dropped as it is: %s\n", review->stuck.text);
        stages_remove(review);
        return review_finish(review, err);
    }
    if (status == 0)
        status = review_looked(review, err);
    if (status < 0)
        return status;
    list = mem_alloc((review->change_count + 1) * sizeof(*list));
    chosen = mem_alloc(review->change_count + 1);
    if (!list || !chosen)
        return error_memory(err);
    review_choose(review, paths, path_count, chosen);
    for (size_t i = 0; i < review->change_count; i++)
        if (chosen[i])
            list[count++] = &review->changes[i];
    if (!count)
        return error_set(err, ERROR_NOT_FOUND, ENOENT, "run %s changed nothing at %s", review->run, paths[0]);
    status = review_add_done(review, list, count, err);
    ret_result->applied = count;
    return status < 0 ? status : settle(review, ret_result, err);
}
