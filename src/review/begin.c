/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The beginning of a reviewed run: a place that can keep its changes, the directories that the layers need, and what is
 * written down of what they lie over.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/path.h"
#include "review/inside.h"

static const struct {
    long type;
    const char *name;
} unfit[] = {
    {OVERLAYFS_SUPER_MAGIC, "overlay"}, {TMPFS_MAGIC, "tmpfs, which forgets"}, {RAMFS_MAGIC, "ramfs, which forgets"},
    {NFS_SUPER_MAGIC, "nfs"},           {FUSE_SUPER_MAGIC, "fuse"},             {CIFS_SUPER_MAGIC, "cifs"},
    {SMB2_SUPER_MAGIC, "smb"},          {V9FS_MAGIC, "9p"},                     {MSDOS_SUPER_MAGIC, "vfat"},
};

/* A layer keeps its own marks in extended attributes, and nothing may be lost before somebody decided. */
static int check_place(int fd, const char *path, struct error *err)
{
    static const char remedy[] = "say --review-dir DIR on a local disk (ext4, xfs, btrfs)";
    struct statfs st;

    if (fstatfs(fd, &st) < 0)
        return error_system(err, errno, "examine %s", path);
    for (size_t i = 0; i < ARRAY_COUNT(unfit); i++)
        if ((unsigned long)st.f_type == (unsigned long)unfit[i].type)
            return error_set(err, ERROR_UNENFORCEABLE, 0, "--review: %s is on a file system that cannot keep changes (%s): %s",
                             path, unfit[i].name, remedy);
    if (faccessat(fd, "", W_OK | X_OK, AT_EMPTY_PATH | AT_EACCESS) < 0)
        return error_set(err, ERROR_SYSTEM, errno, "--review: %s cannot be written to (%s): say --review-dir with a directory of your own",
                         path, strerrordesc_np(errno));
    if (fsetxattr(fd, "user.cordon", "1", 1, 0) < 0)
        return error_set(err, ERROR_UNENFORCEABLE, errno,
                         "--review: the file system of %s has no extended attributes for its user: %s", path, remedy);
    fremovexattr(fd, "user.cordon");
    return 0;
}

static int make_directory(int at, const char *name, mode_t mode, struct error *err)
{
    int fd;

    if (mkdirat(at, name, mode) < 0)
        return error_system(err, errno, "create %s", name);
    fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? error_system(err, errno, "open %s", name) : fd;
}

/*
 * The kernel copies nothing into a layer that has a group which the run's user namespace does not know (EOVERFLOW), and that
 * knows the caller's own alone. In a directory that hands another one down to all that is in it, nothing could be changed.
 */
static int check_group(const struct review_tree *tree, const struct stat *st, struct error *err)
{
    if (st->st_gid == getegid() || (st->st_mode & (S_ISGID | S_IWGRP)) != (S_ISGID | S_IWGRP))
        return 0;
    return error_set(err, ERROR_UNENFORCEABLE, EOVERFLOW,
                     "%s is shared with group %u, whose files a run can change through a layer only where that is its own "
                     "group: begin it with `sg GROUP -c 'cordon run --review ...'`",
                     tree->source, (unsigned)st->st_gid);
}

/* What the root of the new tree looks like is what `upper` looks like. */
static int make_layer(int directory, size_t index, const struct review_tree *tree, struct error *err)
{
    char name[24];
    auto_close int source = open(tree->source, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), layer = -1, upper = -1, work = -1;
    struct stat st;

    if (source < 0 || fstat(source, &st) < 0)
        return error_system(err, errno, "open %s", tree->source);
    if (st.st_dev != tree->device || st.st_ino != tree->inode)
        return error_set(err, ERROR_SYSTEM, ESTALE, "%s was exchanged since it was checked", tree->source);
    if (check_group(tree, &st, err) < 0)
        return -EOVERFLOW;
    snprintf(name, sizeof(name), "%zu", index);
    layer = make_directory(directory, name, 0700, err);
    upper = layer < 0 ? layer : make_directory(layer, "upper", 0700, err);
    work = upper < 0 ? upper : make_directory(layer, "work", 0700, err);
    if (work < 0)
        return work;
    if (st.st_gid != getegid() && fchown(upper, (uid_t)-1, st.st_gid) < 0 && errno != EPERM)
        return error_system(err, errno, "set the group of a layer over %s", tree->source);
    if (fchmod(upper, st.st_mode & 07777) < 0)
        return error_system(err, errno, "set permissions of a layer over %s", tree->source);
    return 0;
}

/* The kernel refuses a layer that lies in what it is laid over, and the program would see its own changes twice. */
static int check_apart(const struct review_options *options, const char *directory, struct error *err)
{
    for (size_t i = 0; i < options->tree_count; i++)
        if (path_is_within(directory, options->trees[i].source) || path_is_within(options->trees[i].source, directory))
            return error_set(err, ERROR_UNENFORCEABLE, 0,
                             "--review: changes of %s cannot be kept in %s, which is a part of it: say --review-dir DIR outside "
                             "of every writable directory",
                             options->trees[i].source, directory);
    return 0;
}

static uint64_t born_ns(const char *path)
{
    auto_close int fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    return fd < 0 ? 0 : place_born_ns(fd);
}

static int save_state(int run, const char *directory, bool is_elsewhere, const struct review_options *options,
                      struct error *err)
{
    auto_text struct text out = {0};

    field_put(&out, "cordon-review/2");
    field_put(&out, directory);
    field_put_number(&out, is_elsewhere);
    field_put_number(&out, options->started_ns);
    field_put(&out, options->workspace);
    field_put(&out, options->command);
    field_put_number(&out, options->folds_names);
    field_put_number(&out, options->tree_count);
    for (size_t i = 0; i < options->tree_count; i++) {
        field_put(&out, options->trees[i].source);
        field_put(&out, options->trees[i].target);
        field_put_number(&out, options->trees[i].device);
        field_put_number(&out, options->trees[i].inode);
        field_put_number(&out, options->trees[i].is_cache);
        field_put_number(&out, born_ns(options->trees[i].source));
    }
    field_put_number(&out, options->rule_count);
    for (size_t i = 0; i < options->rule_count; i++) {
        field_put_number(&out, options->rules[i].kind);
        field_put(&out, options->rules[i].text);
    }
    return fields_save(run, REVIEW_OPEN_NAME, &out, true, err);
}

static int check_waiting(const char *path, int runs, struct error *err)
{
    auto_arena struct arena *arena = arena_new();
    char **names;
    size_t count;
    int status = arena ? state_list_waiting(runs, arena, &names, &count, err) : error_memory(err);

    if (status < 0)
        return error_prepend(err, "%s", path);
    if (count < REVIEW_OPEN_MAX)
        return 0;
    return error_set(err, ERROR_LIMIT, 0,
                     "%d reviewed runs wait already, the oldest is %s: `cordon review --list`, then commit or discard", REVIEW_OPEN_MAX,
                     names[count - 1]);
}

static int create(const struct review_options *options, int runs, int run, char **ret_directory, int *ret_lock, struct error *err)
{
    bool is_elsewhere = options->directory != NULL;
    auto_text struct text path = {0};
    auto_close int parent = -1, directory = -1;
    const char *name = is_elsewhere ? options->run_id : HERE_NAME;
    int status;

    if (is_elsewhere)
        text_printf(&path, "%s/%s", options->directory, options->run_id);
    else
        text_printf(&path, "%s/%s/" HERE_NAME, options->runs, options->run_id);
    if (path.is_broken)
        return error_memory(err);
    status = check_apart(options, path.data, err);
    if (status < 0)
        return status;
    parent = is_elsewhere ? open(options->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : fcntl(run, F_DUPFD_CLOEXEC, 0);
    if (parent < 0)
        return error_system(err, errno, "--review-dir: open %s", options->directory ? options->directory : "the run's directory");
    status = check_place(parent, is_elsewhere ? options->directory : options->runs, err);
    if (status < 0)
        return status;
    directory = make_directory(parent, name, 0700, err);
    if (directory < 0)
        return error_prepend(err, "--review");
    if (flock(directory, LOCK_EX | LOCK_NB) < 0)
        return error_system(err, errno, "lock %s", path.data);
    /* first, so that what is made after it is found again */
    status = save_state(run, path.data, is_elsewhere, options, err);
    if (status < 0)
        unlinkat(parent, name, AT_REMOVEDIR); /* nobody would find it */
    for (size_t i = 0; i < options->tree_count && status == 0; i++)
        status = make_layer(directory, i, &options->trees[i], err);
    if (status < 0)
        return error_prepend(err, "--review");
    /* what the layers will hold is lost if nobody finds them after a loss of power */
    if (fsync(runs) < 0 || (is_elsewhere && fsync(parent) < 0))
        return error_system(err, errno, "--review: write down where changes are kept");
    status = text_take(&path, ret_directory, err);
    if (status == 0)
        *ret_lock = take_fd(directory);
    return status;
}

int review_create(const struct review_options *options, char **ret_directory, int *ret_lock, struct error *err)
{
    auto_close int runs = -1, run = -1;
    int status = state_open_run(options->runs, options->run_id, &runs, &run, err);

    if (status == 0)
        status = check_waiting(options->runs, runs, err);
    if (status == 0)
        status = create(options, runs, run, ret_directory, ret_lock, err);
    if (status < 0)
        review_forget(options->runs, options->run_id);
    return status;
}
