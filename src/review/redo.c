/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A commit is written down as a whole before the first of the host's names changes: everything that it needs lies, synced,
 * in a directory of the tree itself; then the log appears under its name, which is the commit; then names are changed, each
 * by one rename, unlink or mkdir that can be repeated. An interruption before the log leaves what was; after it, the next
 * command completes. What is not what was looked at any more stays and is told.
 */
#include "review/redo.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

void stage_name(const struct review *review, char name[64])
{
    snprintf(name, 64, STAGE_PREFIX "%s", review->run);
}

/* ---- the log ---- */

int ops_save(const struct review *review, const struct ops *ops, struct error *err)
{
    auto_text struct text out = {0};

    field_put(&out, "cordon-commit/1");
    field_put_number(&out, ops->count);
    for (size_t i = 0; i < ops->count; i++) {
        const struct op *op = &ops->items[i];

        field_put_number(&out, op->kind);
        field_put_number(&out, op->tree);
        field_put(&out, op->path);
        field_put_number(&out, op->staged);
        field_put_number(&out, op->staged_inode);
        field_put_number(&out, op->mode);
        field_put_number(&out, op->before.mode);
        field_put_number(&out, op->before.inode);
        field_put_number(&out, op->before.size);
        field_put_number(&out, op->before.changed_ns);
        field_put_number(&out, op->is_whole);
    }
    return fields_save(review->directory, LOG_NAME, &out, true, err);
}

static int ops_load(struct review *review, struct ops *ops, struct error *err)
{
    auto_free char *data = NULL;
    struct fields fields;
    size_t count;
    int status = fields_load(review->directory, LOG_NAME, &data, &fields, err);

    if (status < 0)
        return status;
    if (strcmp(field_text(&fields), "cordon-commit/1") != 0)
        fields.is_bad = true;
    count = field_number(&fields);
    for (size_t i = 0; i < count && !fields.is_bad; i++) {
        struct op *op = arena_append(ops->arena, ops->items, ops->count);

        if (!op)
            return error_memory(err);
        op->kind = (enum op_kind)field_number(&fields);
        op->tree = (unsigned)field_number(&fields);
        op->path = arena_string(ops->arena, field_text(&fields));
        op->staged = field_number(&fields);
        op->staged_inode = field_number(&fields);
        op->mode = (mode_t)field_number(&fields);
        op->before.mode = (mode_t)field_number(&fields);
        op->before.inode = field_number(&fields);
        op->before.size = field_number(&fields);
        op->before.changed_ns = field_number(&fields);
        op->is_whole = field_number(&fields);
        if (!op->path)
            return error_memory(err);
        if (op->tree >= review->tree_count)
            fields.is_bad = true;
    }
    if (fields.is_bad || fields.at != fields.end)
        return error_set(err, ERROR_SYSTEM, EBADMSG, "%s of run %s is not understood", LOG_NAME, review->run);
    return 0;
}

/* ---- carrying it out ---- */

struct place {
    int root, stage; /* of the tree; -1 = no stage */
    int parent;
    const char *name;
    bool is_there;
    struct stat st;
};

static bool is_as_before(const struct object *before, const struct stat *st)
{
    struct object now;

    object_of(st, &now);
    if ((now.mode & S_IFMT) != (before->mode & S_IFMT) || now.inode != before->inode)
        return false;
    return S_ISDIR(now.mode) || (now.changed_ns == before->changed_ns && now.size == before->size);
}

static const char *by_error(int errnum)
{
    const char *text = strerrordesc_np(errnum);

    return text ? text : "unknown error";
}

static const char changed[] = "it was changed outside at this moment, and stays";

static const char *delete(const struct op *op, const struct place *at)
{
    bool is_directory = S_ISDIR(op->before.mode);

    if (!at->is_there)
        return NULL;
    if (!is_as_before(&op->before, &at->st))
        return changed;
    if (unlinkat(at->parent, at->name, is_directory ? AT_REMOVEDIR : 0) == 0 || errno == ENOENT)
        return NULL;
    return errno == ENOTEMPTY || errno == EEXIST ? "something in it stays, and so does it" : by_error(errno);
}

#define STAGED_SIZE 24 /* of a name of what was prepared */

/* NULL where it lies under `name`; else it has its own already, because this was carried out before (""), or why not. */
static const char *not_staged(const struct op *op, const struct place *at, char name[STAGED_SIZE])
{
    struct stat st;

    snprintf(name, STAGED_SIZE, "%llu", (unsigned long long)op->staged);
    if (at->stage >= 0 && fstatat(at->stage, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_ino == op->staged_inode)
        return NULL;
    return at->is_there && at->st.st_ino == op->staged_inode ? "" : "what was prepared for it is gone";
}

/* A directory made in its place would have these from the one around it. Nobody reaches it before it has its name. */
static int hand_down(const struct place *at, int fd)
{
    static const char *const lists[] = {"system.posix_acl_default", "system.posix_acl_access"};
    auto_free char *list = mem_alloc(XATTR_SIZE_MAX);
    auto_close int around = openat(at->parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    gid_t group = getegid();
    struct stat st;
    ssize_t size;

    if (!list)
        return -ENOMEM;
    if (fstat(at->parent, &st) < 0)
        return -errno;
    if (st.st_mode & S_ISGID)
        group = st.st_gid;
    size = around < 0 ? 0 : fgetxattr(around, lists[0], list, XATTR_SIZE_MAX); /* who cannot look has none to hand down */
    for (size_t i = 0; size > 0 && i < ARRAY_COUNT(lists); i++)
        if (fsetxattr(fd, lists[i], list, (size_t)size, 0) < 0)
            return -errno;
    if (fchown(fd, (uid_t)-1, group) < 0 && errno != EPERM && errno != EINVAL)
        return -errno; /* a group that the caller is not in cannot be given: it keeps the caller's */
    return fchmod(fd, 0700 | (st.st_mode & S_ISGID)) < 0 ? -errno : 0;
}

/* Not by mkdir(): who completes this later could not tell it from one that somebody made meanwhile. */
static const char *make(const struct op *op, const struct place *at)
{
    char staged[STAGED_SIZE];
    const char *why = not_staged(op, at, staged);
    auto_close int fd = -1;
    int status;

    if (why)
        return *why ? why : NULL;
    if (at->is_there && (!op->before.mode || !is_as_before(&op->before, &at->st)))
        return changed;
    fd = openat(at->stage, staged, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    status = fd < 0 ? -errno : hand_down(at, fd);
    if (status < 0)
        return by_error(-status);
    if (at->is_there && unlinkat(at->parent, at->name, 0) < 0)
        return by_error(errno);
    if (renameat2(at->stage, staged, at->parent, at->name, RENAME_NOREPLACE) == 0)
        return NULL;
    if (errno == EINVAL && renameat(at->stage, staged, at->parent, at->name) == 0)
        return NULL; /* a file system that cannot promise it */
    return errno == EEXIST || errno == ENOTEMPTY ? changed : by_error(errno);
}

static const char *write_name(const struct op *op, const struct place *at)
{
    bool was_directory = S_ISDIR(op->before.mode);
    unsigned flags = op->before.mode && !was_directory ? 0 : RENAME_NOREPLACE;
    char staged[STAGED_SIZE];
    const char *why = not_staged(op, at, staged);

    if (why)
        return *why ? why : NULL;
    if (at->is_there ? !op->before.mode || !is_as_before(&op->before, &at->st) : op->before.mode && !was_directory)
        return changed;
    if (at->is_there && was_directory && unlinkat(at->parent, at->name, AT_REMOVEDIR) < 0)
        return errno == ENOTEMPTY || errno == EEXIST ? "something in the directory that it replaces stays" : by_error(errno);
    if (renameat2(at->stage, staged, at->parent, at->name, flags) == 0)
        return NULL;
    if (flags && errno == EINVAL && renameat(at->stage, staged, at->parent, at->name) == 0)
        return NULL; /* a file system that cannot promise it */
    return errno == EEXIST ? changed : by_error(errno);
}

static const char *set_mode(const struct op *op, const struct place *at)
{
    /* what the directory around hands down to a new one is not the program's */
    mode_t mode = op->mode | (op->before.mode ? 0 : at->st.st_mode & S_ISGID);

    if (!at->is_there || (op->before.mode && !is_as_before(&op->before, &at->st) && (at->st.st_mode & 07777) != mode))
        return changed;
    if (!op->before.mode && at->st.st_ino != op->staged_inode)
        return changed; /* a directory that somebody else made */
    if ((at->st.st_mode & 07777) == mode)
        return NULL;
    return fchmodat(at->parent, at->name, mode, AT_SYMLINK_NOFOLLOW) < 0 ? by_error(errno) : NULL;
}

static const char *carry_out(const struct op *op, struct place *at)
{
    const char *why = "not understood";

    at->parent = place_open_parent(at->root, op->path, &at->name);
    if (at->parent == -ENOENT && op->kind == OP_DELETE)
        return NULL;
    if (at->parent < 0)
        return at->parent == -ELOOP || at->parent == -EXDEV ? "a link or another file system is on the way to it" : by_error(-at->parent);
    at->is_there = fstatat(at->parent, at->name, &at->st, AT_SYMLINK_NOFOLLOW) == 0;
    switch (op->kind) {
    case OP_DELETE:
        why = delete(op, at);
        break;
    case OP_MAKE:
        why = make(op, at);
        break;
    case OP_WRITE:
        why = write_name(op, at);
        break;
    case OP_MODE:
        why = S_ISLNK(at->st.st_mode) ? changed : set_mode(op, at);
        break;
    }
    close(at->parent);
    return why;
}

static int trees_sync(const struct place *places, size_t count, struct error *err)
{
    for (size_t i = 0; i < count; i++)
        if (places[i].root >= 0 && syncfs(places[i].root) < 0)
            return error_system(err, errno, "write changes to the disk");
    return 0;
}

/* The same for a few names: others that write to this file system need not be waited for. */
static int directories_sync(const struct place *places, size_t tree_count, const struct ops *ops, struct error *err)
{
    for (size_t i = 0; i < ops->count; i++) {
        const struct op *op = &ops->items[i];
        const char *name;
        auto_close int parent = place_open_parent(places[op->tree].root, op->path, &name), fd = -1;

        if (parent == -ENOENT && op->kind == OP_DELETE)
            continue; /* what it was in is gone as well, which is a change of a directory further up */
        if (op->kind == OP_MODE) /* the object's own, not the directory's */
            fd = place_open(places[op->tree].root, op->path, O_RDONLY | O_NONBLOCK);
        else
            fd = parent < 0 ? -1 : openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0) /* nobody may look into it: the whole, then */
            return trees_sync(places, tree_count, err);
        if (fsync(fd) < 0)
            return error_system(err, errno, "write changes to the disk");
    }
    return 0;
}

static void places_close(struct place *places, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fd_close_at(&places[i].root);
        fd_close_at(&places[i].stage);
    }
}

int ops_apply(struct review *review, struct ops *ops, struct text *out, struct error *err)
{
    auto_free struct place *places = mem_alloc((review->tree_count + 1) * sizeof(*places));
    char stage[64];
    int status = 0;

    if (!places)
        return error_memory(err);
    stage_name(review, stage);
    for (size_t i = 0; i < review->tree_count; i++)
        places[i].root = places[i].stage = -1;
    for (size_t i = 0; i < ops->count && status == 0; i++) {
        struct op *op = &ops->items[i];
        struct place *at = &places[op->tree];
        const char *why;

        if (at->root < 0) {
            at->root = review_root(review, op->tree, err);
            at->stage = at->root < 0 ? -1 : openat(at->root, stage, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        }
        if (at->root < 0) {
            status = at->root;
            break;
        }
        why = carry_out(op, at);
        op->is_failed = why != NULL;
        if (why) {
            text_add(out, "not applied: ");
            text_add_safe(out, review->trees[op->tree].source);
            text_add(out, "/");
            text_add_safe(out, op->path);
            text_printf(out, ": %s\n", why);
        }
    }
    if (status == 0)
        status = ops->count > SYNC_EACH_MAX ? trees_sync(places, review->tree_count, err) : directories_sync(places, review->tree_count, ops, err);
    places_close(places, review->tree_count);
    return status;
}

void stages_remove(const struct review *review)
{
    char stage[64];

    stage_name(review, stage);
    for (unsigned i = 0; i < review->tree_count; i++) {
        auto_close int root = review_root(review, i, NULL);

        if (root >= 0)
            place_remove_tree(root, stage);
    }
}

static void pending_remove(const struct review *review)
{
    char pending[RUN_NAME_SIZE];

    review_pending(review->runs_path, pending);
    if (strcmp(pending, review->run) == 0)
        unlinkat(review->runs, REVIEW_PENDING_NAME, 0);
}

int redo_forget(struct review *review, struct error *err)
{
    stages_remove(review);
    if (unlinkat(review->directory, LOG_NAME, 0) < 0 && errno != ENOENT)
        return error_system(err, errno, "end the commit of run %s", review->run);
    if (fsync(review->directory) < 0)
        return error_system(err, errno, "end the commit of run %s", review->run);
    pending_remove(review);
    return 0;
}

/* Which of the changes are made by what was carried out. */
static int settle(struct review *review, const struct ops *ops, struct error *err)
{
    auto_free struct change *made = mem_alloc((ops->count + 1) * sizeof(*made));
    auto_free const struct change **list = mem_alloc((ops->count + 1) * sizeof(*list));
    size_t count = 0;

    if (!made || !list)
        return error_memory(err);
    for (size_t i = 0; i < ops->count; i++) {
        const struct op *op = &ops->items[i];

        if (!op->is_whole || op->is_failed)
            continue;
        made[count] = (struct change){.tree = op->tree, .path = op->path};
        list[count] = &made[count];
        count++;
    }
    return count ? review_add_done(review, list, count, err) : 0;
}

int redo_run(struct review *review, struct ops *ops, struct text *out, struct error *err)
{
    int status = ops_apply(review, ops, out, err);

    if (status == 0)
        status = settle(review, ops, err);
    return status < 0 ? status : redo_forget(review, err);
}

static bool has_stage(const struct review *review)
{
    char stage[64];
    bool has = false;

    stage_name(review, stage);
    for (unsigned i = 0; i < review->tree_count && !has; i++) {
        auto_close int root = review->trees[i].is_cache ? -1 : review_root(review, i, NULL);
        struct stat st;

        has = root >= 0 && fstatat(root, stage, &st, AT_SYMLINK_NOFOLLOW) == 0;
    }
    return has;
}

int commit_recover(struct review *review, const char **ret_recovered, struct error *err)
{
    auto_arena struct arena *arena = arena_new();
    struct ops ops = {.arena = arena};
    auto_text struct text ignored = {0};
    int status = arena ? ops_load(review, &ops, err) : error_memory(err);

    if (status == -ENOENT) {
        if (has_stage(review)) {
            *ret_recovered = "an interrupted commit was taken back: nothing of it was applied";
            return redo_forget(review, err);
        }
        pending_remove(review);
        return 0;
    }
    if (status == 0)
        status = redo_run(review, &ops, &ignored, err);
    if (status < 0)
        return error_prepend(err, "an interrupted commit of run %s cannot be completed", review->run);
    *ret_recovered = ignored.length ? "an interrupted commit was completed, but for what was changed outside since: it is still here"
                                    : "an interrupted commit was completed";
    return 0;
}
