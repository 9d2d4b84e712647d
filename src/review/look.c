/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a layer changed, found by walking it beside the host's directory. A character device 0:0 in a layer says that a name
 * is gone; a directory that is marked opaque shows nothing of the host's; everything else stands for itself.
 */
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

#define COMPARE_BYTES 65536

struct walk {
    struct review *review;
    unsigned tree;
    char path[PATH_MAX];
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
    judge_change(review, change, name, after);
    return 0;
}

/* What is gone, what was in it before it itself. */
static int deleted(struct walk *walk, int lower, const char *name, int depth)
{
    auto_arena struct arena *arena = NULL;
    auto_close int fd = -1;
    struct names names = {0};
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
        arena = arena_new();
        if (!arena)
            return error_memory(walk->err);
        fd = depth > REVIEW_DEPTH_MAX ? -ELOOP : place_open(lower, name, O_RDONLY | O_DIRECTORY);
        status = fd < 0 ? error_system(walk->err, -fd, "look into %s/%s", walk->review->trees[walk->tree].source, walk->path)
                        : names_read(arena, fd, &names, walk->err);
        for (size_t i = 0; i < names.count && status == 0; i++)
            status = deleted(walk, fd, names.items[i], depth + 1);
    }
    if (status == 0)
        status = add(walk, CHANGE_DELETED, &st, NULL, NULL);
    walk_leave(walk, length);
    return status;
}

static bool is_same_text(int upper, int lower, const char *name)
{
    char a[PATH_MAX], b[PATH_MAX];
    ssize_t a_size = readlinkat(upper, name, a, sizeof(a)), b_size = readlinkat(lower, name, b, sizeof(b));

    return a_size >= 0 && a_size == b_size && memcmp(a, b, (size_t)a_size) == 0;
}

static bool is_same_content(int upper, int lower, const char *name)
{
    auto_close int a = place_open(upper, name, O_RDONLY | O_NONBLOCK), b = place_open(lower, name, O_RDONLY | O_NONBLOCK);
    auto_free char *bytes = mem_alloc(2 * (size_t)COMPARE_BYTES);

    while (a >= 0 && b >= 0 && bytes) {
        ssize_t got = read(a, bytes, COMPARE_BYTES), other = read(b, bytes + COMPARE_BYTES, COMPARE_BYTES);

        if (got < 0 || got != other || memcmp(bytes, bytes + COMPARE_BYTES, (size_t)got) != 0)
            return false;
        if (!got)
            return true;
    }
    return false;
}

static bool is_readable_kind(mode_t mode)
{
    return !(S_ISREG(mode) && !(mode & 0400)) && !(S_ISDIR(mode) && (mode & 0500) != 0500);
}

static int walk_directory(struct walk *walk, int upper, int lower, int depth);

static int directory(struct walk *walk, int upper, int lower, const char *name, const struct stat *before, const struct stat *st,
                     int depth)
{
    bool is_new = !before || !S_ISDIR(before->st_mode), is_closed = !is_readable_kind(st->st_mode);
    auto_close int above = -1, below = -1;
    int status = 0;

    if (is_new)
        status = add(walk, before ? CHANGE_CONTENT : CHANGE_ADDED, before, st, NULL);
    else if ((before->st_mode ^ st->st_mode) & 07777)
        status = add(walk, CHANGE_MODE, before, st, NULL);
    if (status < 0)
        return status;
    above = place_open(upper, name, O_RDONLY | O_DIRECTORY);
    if (above == -EACCES && is_closed)
        return add(walk, CHANGE_MODE, before, st, "its permissions let nobody look into it");
    if (above < 0)
        return above == -ENOENT ? 0 : error_system(walk->err, -above, "look into %s", walk->path);
    below = is_new ? -1 : place_open(lower, name, O_RDONLY | O_DIRECTORY);
    if (!is_new && below < 0)
        return error_system(walk->err, -below, "look into %s/%s", walk->review->trees[walk->tree].source, walk->path);
    return walk_directory(walk, above, below, depth + 1);
}

static int file(struct walk *walk, int upper, int lower, const char *name, const struct stat *before, const struct stat *st)
{
    bool is_closed = !is_readable_kind(st->st_mode) && geteuid() != 0;
    const char *why = is_closed ? "its permissions let nobody read it" : NULL;
    bool is_same = false;

    if (!before)
        return add(walk, CHANGE_ADDED, NULL, st, why);
    if (S_ISLNK(st->st_mode) && S_ISLNK(before->st_mode))
        return is_same_text(upper, lower, name) ? 0 : add(walk, CHANGE_CONTENT, before, st, NULL);
    if (S_ISREG(st->st_mode) && S_ISREG(before->st_mode) && st->st_size == before->st_size)
        is_same = is_same_content(upper, lower, name);
    if (!is_same)
        return add(walk, CHANGE_CONTENT, before, st, why);
    return (before->st_mode ^ st->st_mode) & 07777 ? add(walk, CHANGE_MODE, before, st, NULL) : 0;
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
    if (is_there && S_ISDIR(before.st_mode) && !S_ISDIR(st.st_mode)) {
        /* what was in it goes first; the directory itself makes room for what takes its place */
        auto_close int fd = place_open(lower, name, O_RDONLY | O_DIRECTORY);
        auto_arena struct arena *arena = arena_new();
        struct names names = {0};

        status = !arena ? error_memory(walk->err)
                 : fd < 0 ? error_system(walk->err, -fd, "look into %s", name)
                          : names_read(arena, fd, &names, walk->err);
        if (status == 0)
            status = walk_enter(walk, name, &length);
        for (size_t i = 0; i < names.count && status == 0; i++)
            status = deleted(walk, fd, names.items[i], depth + 1);
        if (status < 0)
            return status;
        walk_leave(walk, length);
    }
    status = walk_enter(walk, name, &length);
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
    int status;

    if (!arena)
        return error_memory(walk->err);
    if (depth > REVIEW_DEPTH_MAX)
        return error_set(walk->err, ERROR_LIMIT, ELOOP, "the changes are more than %d directories deep", REVIEW_DEPTH_MAX);
    status = names_read(arena, upper, &above, walk->err);
    if (status == 0 && lower >= 0 && is_opaque(upper))
        status = names_read(arena, lower, &below, walk->err);
    for (size_t i = 0; i < below.count && status == 0; i++)
        if (!names_have(&above, below.items[i]))
            status = deleted(walk, lower, below.items[i], depth);
    for (size_t i = 0; i < above.count && status == 0; i++)
        status = entry(walk, upper, lower, above.items[i], depth);
    return status;
}

static int compare_changes(const void *a, const void *b)
{
    const struct change *const *x = a, *const *y = b;
    int by_tree = ((*x)->tree > (*y)->tree) - ((*x)->tree < (*y)->tree);

    return by_tree ? by_tree : strcmp((*x)->path, (*y)->path);
}

/* A name that came from another is a renamed one where that other is gone. */
static int match_renames(struct review *review, struct error *err)
{
    auto_free struct change **sorted = NULL;

    if (!review->change_count)
        return 0;
    sorted = mem_alloc(review->change_count * sizeof(*sorted));
    if (!sorted)
        return error_memory(err);
    for (size_t i = 0; i < review->change_count; i++)
        sorted[i] = &review->changes[i];
    qsort(sorted, review->change_count, sizeof(*sorted), compare_changes);
    for (size_t i = 0; i < review->change_count; i++) {
        struct change *change = &review->changes[i], key = {.tree = change->tree}, *key_at = &key, **found;
        const char *target = review->trees[change->tree].target;
        size_t length = strlen(target);

        if (!change->from)
            continue;
        found = NULL;
        if (strncmp(change->from, target, length) == 0 && change->from[length] == '/') {
            key.path = change->from + length + 1;
            found = bsearch(&key_at, sorted, review->change_count, sizeof(*sorted), compare_changes);
        }
        change->from = found && (*found)->type == CHANGE_DELETED && S_ISDIR((*found)->before.mode) == S_ISDIR(change->after.mode)
                           ? key.path
                           : NULL;
    }
    return 0;
}

int review_looked(struct review *review, struct error *err)
{
    int status = 0;

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
        status = upper < 0 ? upper : walk_directory(&walk, upper, lower, 0);
    }
    if (status == 0)
        status = match_renames(review, err);
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
