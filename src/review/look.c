/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a layer changed, found by walking it beside the host's directory. A character device 0:0 in a layer says that a name
 * is gone; a directory that is marked opaque shows nothing of the host's; everything else stands for itself.
 */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "review/inside.h"

static const char is_closed_inside[] = "its permissions let nobody look into it";
static const char is_too_deep[] = "it lies deeper than 200 directories, so nobody looked into it";
static const char is_too_long[] = "its name is so long that nobody looked into it";
static_assert(REVIEW_DEPTH_MAX == 200, "the text says so");

struct walk {
    struct review *review;
    unsigned tree;
    char path[PATH_MAX];
    size_t outer_length;    /* of the tree's own name, the longer of both */
    bool is_stirred;        /* of the directory above: something came or went in it outside since */
    struct error *err;
};

struct names {
    struct arena *arena;
    char **items;
    size_t count;
};

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool names_have(const struct names *names, const char *name)
{
    return names->count && bsearch(&name, names->items, names->count, sizeof(*names->items), compare_names);
}

static int names_read(struct arena *arena, int directory, struct names *ret_names, struct error *err)
{
    struct names names = {.arena = arena};
    int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    int status = 0;

    if (!stream) {
        status = errno;
        fd_close_at(&fd);
        return error_system(err, status, "read a directory");
    }
    while (status == 0 && (errno = 0, entry = readdir(stream))) {
        char **slot;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        slot = arena_append(arena, names.items, names.count);
        if (slot)
            *slot = arena_string(arena, entry->d_name);
        if (!slot || !*slot)
            status = error_memory(err);
    }
    if (status == 0 && errno)
        status = error_system(err, errno, "read a directory");
    closedir(stream);
    if (status < 0)
        return status;
    if (names.count)
        qsort(names.items, names.count, sizeof(*names.items), compare_names);
    *ret_names = names;
    return 0;
}

/* 0, and *ret_length of what the path was before; back with walk_leave(). */
static int walk_enter(struct walk *walk, const char *name, size_t *ret_length)
{
    size_t length = strlen(walk->path), more = strlen(name);

    if (length + more + 2 > sizeof(walk->path))
        return error_set(walk->err, ERROR_LIMIT, ENAMETOOLONG, "a name in the changes is longer than %zu bytes", sizeof(walk->path));
    *ret_length = length;
    if (length)
        walk->path[length++] = '/';
    memcpy(walk->path + length, name, more + 1);
    return 0;
}

static void walk_leave(struct walk *walk, size_t length)
{
    walk->path[length] = '\0';
}

static int add(struct walk *walk, enum change_type type, const struct stat *before, const struct stat *after, const char *refused)
{
    struct review *review = walk->review;
    struct change *change;
    const char *name;

    if (review_is_done(review, walk->tree, walk->path))
        return 0;
    if (review->change_count == REVIEW_CHANGES_MAX)
        return error_set(walk->err, ERROR_LIMIT, E2BIG, "more than %d changes: `cordon discard` is all that is left for them",
                         REVIEW_CHANGES_MAX);
    change = arena_append(review->arena, review->changes, review->change_count);
    if (!change)
        return error_memory(walk->err);
    change->type = type;
    change->tree = walk->tree;
    change->refused = refused;
    change->path = arena_string(review->arena, walk->path);
    if (before)
        object_of(before, &change->before);
    if (after)
        object_of(after, &change->after);
    name = change->path ? review_name_inside(review, review->arena, change) : NULL;
    if (!name)
        return error_memory(walk->err);
    judge_change(review, change, name);
    if (type == CHANGE_DELETED && walk->is_stirred && !change->refused)
        judge_unseen(review, change, name);
    return 0;
}

/* Names are a person's to choose by: each fits, with its tree's, into one path. */
static const char *too_far(const struct walk *walk, int depth)
{
    if (depth >= REVIEW_DEPTH_MAX)
        return is_too_deep;
    return walk->outer_length + strlen(walk->path) + NAME_MAX + 3 > sizeof(walk->path) ? is_too_long : NULL;
}

/* Did something come or go in a directory of the host's, other than by what was committed of this run? */
static bool is_stirred(const struct walk *walk, const struct stat *st)
{
    return time_ns(&st->st_ctim) > walk->review->started_ns && !review_has_done_below(walk->review, walk->tree, walk->path);
}

static bool is_open_kind(mode_t mode)
{
    return geteuid() == 0 || (!(S_ISREG(mode) && !(mode & 0400)) && !(S_ISDIR(mode) && (mode & 0500) != 0500));
}

/* -EACCES also where its names could be read and nothing behind them. */
static int open_closed(int at, const char *name, mode_t mode)
{
    int fd = is_open_kind(mode) ? place_open(at, name, O_RDONLY | O_DIRECTORY) : -EACCES;

    if (fd >= 0 && faccessat(fd, ".", X_OK, AT_EACCESS) < 0) {
        close(fd);
        return -EACCES;
    }
    return fd;
}

static int deleted(struct walk *walk, int lower, const char *name, int depth);

/* All that is in a directory of the host's, which walk->path names already. */
static int deleted_within(struct walk *walk, int fd, const struct stat *st, int depth)
{
    auto_arena struct arena *arena = arena_new();
    bool was_stirred = walk->is_stirred;
    struct names names = {0};
    int status = arena ? names_read(arena, fd, &names, walk->err) : error_memory(walk->err);

    walk->is_stirred = is_stirred(walk, st);
    for (size_t i = 0; i < names.count && status == 0; i++)
        status = deleted(walk, fd, names.items[i], depth + 1);
    walk->is_stirred = was_stirred;
    return status;
}

/* What is gone, what was in it before it itself. */
static int deleted(struct walk *walk, int lower, const char *name, int depth)
{
    const char *why = NULL;
    auto_close int fd = -1;
    struct stat st;
    size_t length;
    int status = walk_enter(walk, name, &length);

    if (status < 0)
        return status;
    if (fstatat(lower, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        walk_leave(walk, length);
        return errno == ENOENT ? 0 : error_system(walk->err, errno, "stat %s", walk->path);
    }
    if (S_ISDIR(st.st_mode)) {
        why = too_far(walk, depth);
        fd = why ? -1 : open_closed(lower, name, st.st_mode);
        if (fd >= 0)
            status = deleted_within(walk, fd, &st, depth);
        else if (!why)
            why = arena_printf(walk->review->arena, "what is there cannot be looked into: %s", strerrordesc_np(-fd));
    }
    if (status == 0)
        status = add(walk, CHANGE_DELETED, &st, NULL, why);
    walk_leave(walk, length);
    return status;
}


static int walk_directory(struct walk *walk, int upper, int lower, int depth);

/* A directory of which nobody knows what is in it is one change, which is not applied and waits. */
static int blind(struct walk *walk, const struct stat *before, const struct stat *st, const char *why)
{
    return why ? add(walk, before ? CHANGE_CONTENT : CHANGE_ADDED, before, st, why) : error_memory(walk->err);
}

static int directory(struct walk *walk, int upper, int lower, const char *name, const struct stat *before, const struct stat *st,
                     int depth)
{
    bool is_new = !before || !S_ISDIR(before->st_mode);
    const char *why = too_far(walk, depth);
    auto_close int above = why ? -1 : open_closed(upper, name, st->st_mode), below = -1;
    int status = 0;

    if (why || above == -EACCES)
        return blind(walk, before, st, why ? why : is_closed_inside);
    if (above < 0)
        return above == -ENOENT ? 0 : error_system(walk->err, -above, "look into %s", walk->path);
    below = is_new ? -1 : open_closed(lower, name, before->st_mode);
    if (!is_new && below < 0)
        return blind(walk, before, st,
                     arena_printf(walk->review->arena, "what is there cannot be looked into: %s", strerrordesc_np(-below)));
    if (is_new)
        status = add(walk, before ? CHANGE_CONTENT : CHANGE_ADDED, before, st, NULL);
    else if ((before->st_mode ^ st->st_mode) & 07777)
        status = add(walk, CHANGE_MODE, before, st, NULL);
    return status < 0 ? status : walk_directory(walk, above, below, depth + 1);
}

/* Of the change that was added last, if it was. */
static int note_link(struct walk *walk, int upper, const char *name)
{
    struct review *review = walk->review;
    struct change *change = review->change_count ? &review->changes[review->change_count - 1] : NULL;
    char text[PATH_MAX];
    ssize_t length;

    if (!change || strcmp(change->path, walk->path) != 0)
        return 0;
    length = readlinkat(upper, name, text, sizeof(text));
    if (length < 0)
        return error_system(walk->err, errno, "read the link %s", walk->path);
    change->link = arena_string_n(review->arena, text, (size_t)length);
    return change->link ? 0 : error_memory(walk->err);
}

static int file(struct walk *walk, int upper, int lower, const char *name, const struct stat *before, const struct stat *st)
{
    const char *why = is_open_kind(st->st_mode) ? NULL : "its permissions let nobody read it";

    if (review_is_done(walk->review, walk->tree, walk->path))
        return 0;
    if (!before || !is_same_object(upper, name, st, lower, name, before)) {
        int status = add(walk, before ? CHANGE_CONTENT : CHANGE_ADDED, before, st, why);

        return status == 0 && S_ISLNK(st->st_mode) ? note_link(walk, upper, name) : status;
    }
    return !S_ISLNK(st->st_mode) && (before->st_mode ^ st->st_mode) & 07777 ? add(walk, CHANGE_MODE, before, st, NULL) : 0;
}

/* What was in a directory goes first; the directory itself makes room for what takes its place. */
static int make_room(struct walk *walk, int lower, const char *name, const struct stat *before, int depth)
{
    auto_close int fd = -1;
    const char *why = too_far(walk, depth);

    fd = why ? -1 : open_closed(lower, name, before->st_mode);
    return fd < 0 ? 0 : deleted_within(walk, fd, before, depth); /* else what cannot be emptied stays */
}

static int entry(struct walk *walk, int upper, int lower, const char *name, int depth)
{
    struct stat st, before;
    bool is_there;
    size_t length;
    int status;

    if (fstatat(upper, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : error_system(walk->err, errno, "stat %s", name);
    if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0))
        return lower < 0 ? 0 : deleted(walk, lower, name, depth);
    is_there = lower >= 0 && fstatat(lower, name, &before, AT_SYMLINK_NOFOLLOW) == 0;
    status = walk_enter(walk, name, &length);
    if (status == 0 && is_there && S_ISDIR(before.st_mode) && !S_ISDIR(st.st_mode))
        status = make_room(walk, lower, name, &before, depth);
    if (status == 0)
        status = S_ISDIR(st.st_mode) ? directory(walk, upper, lower, name, is_there ? &before : NULL, &st, depth)
                                     : file(walk, upper, lower, name, is_there ? &before : NULL, &st);
    if (status == 0)
        walk_leave(walk, length);
    return status;
}

static bool is_opaque(int fd)
{
    char value;

    return fgetxattr(fd, "user.overlay.opaque", &value, 1) == 1 && value == 'y';
}

static int walk_directory(struct walk *walk, int upper, int lower, int depth)
{
    auto_arena struct arena *arena = arena_new();
    struct names above = {0}, below = {0};
    struct stat st;
    int status;

    if (!arena)
        return error_memory(walk->err);
    status = names_read(arena, upper, &above, walk->err);
    if (status == 0 && lower >= 0 && is_opaque(upper))
        status = names_read(arena, lower, &below, walk->err);
    walk->is_stirred = below.count && fstat(lower, &st) == 0 && is_stirred(walk, &st);
    for (size_t i = 0; i < below.count && status == 0; i++)
        if (!names_have(&above, below.items[i]))
            status = deleted(walk, lower, below.items[i], depth);
    walk->is_stirred = false;
    for (size_t i = 0; i < above.count && status == 0; i++)
        status = entry(walk, upper, lower, above.items[i], depth);
    return status;
}

int review_looked(struct review *review, struct error *err)
{
    int status = 0;

    if (review->stuck.kind) {
        if (err)
            *err = review->stuck;
        return error_prepend(err, "run %s waits for what follows, or to be dropped as a whole", review->run);
    }
    if (review->is_looked)
        return 0;
    review->changes = NULL;
    review->change_count = 0;
    if (!review->told)
        status = told_read(review, err);
    for (unsigned i = 0; i < review->tree_count && status == 0; i++) {
        struct walk walk = {.review = review, .tree = i, .err = err};
        auto_close int upper = -1, lower = -1;

        if (review->trees[i].is_cache)
            continue;
        lower = review_root(review, i, err);
        upper = lower < 0 ? lower : review_upper(review, i, err);
        walk.outer_length = strlen(review->trees[i].source);
        if (strlen(review->trees[i].target) > walk.outer_length)
            walk.outer_length = strlen(review->trees[i].target);
        status = upper < 0 ? upper : walk_directory(&walk, upper, lower, 0);
    }
    judge_nested(review);
    if (status == 0)
        status = renames_match(review, err);
    review->is_looked = status == 0;
    return status;
}

int review_count(struct review *review, size_t *ret_count, struct error *err)
{
    int status = review_looked(review, err);

    if (status == 0)
        *ret_count = review->change_count;
    return status;
}
