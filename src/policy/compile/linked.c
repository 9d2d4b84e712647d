/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rule is about an object, and a file has as many names as it has hard links. Only files with more than one are of
 * interest. Where a rule takes from what a grant around it gives, all that it covers is looked at, or the launch refused;
 * a directory that stands alone (denied in nothing granted, readable in nothing writable) is mostly large: a little of it
 * is looked at.
 * System calls: openat getdents64 newfstatat.
 */
#include "base/looks.h"
#include "policy/compile/linked.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ALONE_NAMES_MAX 1024 /* names in all directories that stand alone: 2 ms */

struct walk {
    struct compile *c;
    struct linked_files *files;
    const char *root; /* the restricted directory */
    const struct origin *origin;
    size_t looked_at, names_max;
    bool is_alone, is_denied;
    struct error *err;
};

bool linked_is_grant(const struct path_rule *rule)
{
    return !rule->is_glob && (rule->kind == PATH_READWRITE || rule->kind == PATH_READONLY);
}

/* They hold what packages put there, a hundred thousand names and more. What a document grants itself is searched. */
bool linked_is_system_tree(const struct path_rule *rule)
{
    return rule->kind == PATH_READONLY && rule->origin.is_profile;
}

/* Is there a tree in which another name of a file with this access would give more? */
static bool has_wider_grant(const struct compile *c, enum access access)
{
    for (size_t i = 0; i < c->real.layer_count; i++) {
        const struct document *layer = c->real.layers[i];

        for (size_t j = 0; j < layer->path_count; j++) {
            const struct path_rule *rule = &layer->paths[j];

            if (linked_is_grant(rule) &&
                (rule->kind == PATH_READWRITE || (access == ACCESS_DENIED && !linked_is_system_tree(rule))))
                return true;
        }
        if (layer->view_count)
            return true;
    }
    return false;
}

static int add_file(struct linked_files *files, struct compile *c, const struct linked *linked, struct error *err)
{
    struct linked *slot = arena_append(c->work, files->files, files->count);

    if (!slot)
        return error_memory(err);
    *slot = *linked;
    return 0;
}

/* ---- a file that a rule names ---- */

static int collect_file(struct compile *c, struct point *point, struct linked_files *files, struct error *err)
{
    struct linked linked = {
        .device = point->device, .inode = point->inode, .links_to = point->links_to, .path = point->path};

    if (point->links_to < 2)
        return 0;
    linked.access = objects_point_access(c, point, &linked.origin);
    if (!linked.origin || linked.access == ACCESS_WRITE || !has_wider_grant(c, linked.access))
        return 0;
    linked.entry = linked_entry_at(point->path, false);
    return add_file(files, c, &linked, err);
}

/* ---- what lies in a directory ---- */

static int walk_directory(struct walk *walk, int parent, const char *name, const char *path, size_t depth);

/* Whose permission bits keep the caller from writing it has nothing to lose by another name that is writable. */
static bool is_writable_by(const struct facts *facts, uid_t owner, mode_t mode)
{
    return facts->uid == 0 || owner == facts->uid || mode & (S_IWGRP | S_IWOTH);
}

static int walk_file(struct walk *walk, const char *path, const struct stat *st)
{
    struct linked linked = {.device = st->st_dev, .inode = st->st_ino, .links_to = st->st_nlink, .path = path};

    linked.access = objects_access(walk->c, path, &linked.origin);
    if (!linked.origin || linked.access == ACCESS_WRITE || !has_wider_grant(walk->c, linked.access) ||
        (linked.access == ACCESS_READ && !is_writable_by(walk->c->facts, st->st_uid, st->st_mode)))
        return 0;
    linked.entry = linked_entry_at(path, true);
    return add_file(walk->files, walk->c, &linked, walk->err);
}

/* 1 when it goes on without: what was found so far counts. */
static int give_up(struct walk *walk)
{
    int r = 0;

    if (walk->is_alone && walk->is_denied)
        r = compile_warning(walk->c, walk->origin, walk->err,
                            "%s is too large to be searched at each start: a file in it that has another name (hard link) in "
                            "a granted tree is what that tree makes of it; name such files",
                            walk->root);
    else if (!walk->is_alone)
        r = compile_loss(walk->c, "hardLinks", walk->origin, walk->err,
                         "%s holds more than " STRINGIFY(SEARCH_NAMES_MAX) " names or is nested deeper than " STRINGIFY(
                             PATH_DEPTH_MAX) ": files in it that have other names (hard links) cannot be looked for",
                         walk->root);
    return r < 0 ? r : 1;
}

static int walk_entry(struct walk *walk, int directory, const char *path, const struct dirent *entry, size_t depth)
{
    const char *whole;
    struct stat st;

    if (++walk->looked_at > walk->names_max || depth > PATH_DEPTH_MAX)
        return give_up(walk);
    if (entry->d_type == DT_LNK) /* what is mounted on something else has that one's type */
        return 0;
    if (looks_are_noted() && entry->d_type != DT_DIR) {
        whole = path_join(walk->c->work, path, entry->d_name);
        if (!whole)
            return error_memory(walk->err);
        (void)look_lstat(whole, &st);
    }
    if (entry->d_type != DT_DIR && fstatat(directory, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT || errno == EACCES ? 0 : error_system(walk->err, errno, "look at %s in %s", entry->d_name, path);
    if (entry->d_type != DT_DIR && S_ISREG(st.st_mode) && st.st_nlink < 2)
        return 0;
    whole = path_join(walk->c->work, path, entry->d_name);
    if (!whole)
        return error_memory(walk->err);
    if (entry->d_type == DT_DIR || S_ISDIR(st.st_mode))
        return walk_directory(walk, directory, entry->d_name, whole, depth + 1);
    return S_ISREG(st.st_mode) ? walk_file(walk, whole, &st) : 0;
}

static void close_directory(DIR **directory)
{
    if (*directory)
        closedir(*directory);
}

/* One that the caller may not list is shut to the program as well: where it is restricted nobody can open it again. */
static int walk_directory(struct walk *walk, int parent, const char *name, const char *path, size_t depth)
{
    cleanup_with(close_directory) DIR *directory = NULL;
    const struct dirent *entry;
    int r = 0, fd;

    look_content(path, false);
    fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == EACCES || errno == ENOENT || errno == ENOTDIR || errno == ELOOP
                   ? 0
                   : error_system(walk->err, errno, "read %s", path);
    directory = fdopendir(fd);
    if (!directory) {
        close(fd);
        return error_memory(walk->err);
    }
    while (r == 0 && (errno = 0, entry = readdir(directory)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            r = walk_entry(walk, dirfd(directory), path, entry, depth);
    if (r == 0 && errno && errno != EACCES)
        r = error_system(walk->err, errno, "read %s", path);
    return r;
}

/*
 * Not searched: Cordon's own, in which nobody else makes names; and large trees of which nobody said that they are a
 * restriction: what profiles grant read-only, toolchains.
 */
static bool is_searched(const struct origin *origin)
{
    const char *member = origin->member ? origin->member : "";

    if (strcmp(origin->layer, COMPILE_BUILTIN_LAYER) == 0 || strcmp(member, "filesystem.toolchains") == 0)
        return false;
    return !origin->is_profile || strcmp(member, "filesystem.protectBuiltin") == 0;
}

/* Does what is around it give more? *ret_is_wanted: of a directory of the system's nobody but root can write anything. */
static int look_around(struct walk *walk, const struct point *point, enum access access, bool *ret_is_wanted)
{
    const char *around = path_parent(walk->c->work, walk->root);

    if (!around)
        return error_memory(walk->err);
    walk->is_alone = objects_access(walk->c, around, NULL) <= access;
    walk->is_denied = access == ACCESS_DENIED;
    *ret_is_wanted = !walk->is_alone || walk->is_denied || is_writable_by(walk->c->facts, point->uid, point->mode);
    return 0;
}

static int collect_directory(struct compile *c, struct point *point, bool is_denied, struct linked_files *files,
                             size_t *alone_left, struct error *err)
{
    struct walk walk = {.c = c, .files = files, .root = point->path, .err = err};
    enum access access = objects_point_access(c, point, &walk.origin);
    struct walked *slot;
    bool is_wanted = false;
    int r;

    if (!walk.origin || access == ACCESS_WRITE || (access == ACCESS_DENIED) != is_denied || !is_searched(walk.origin) || strcmp(point->path, "/") == 0 ||
        linked_is_walked(files, point->path) || !has_wider_grant(c, access))
        return 0;
    r = look_around(&walk, point, access, &is_wanted);
    if (r < 0 || !is_wanted)
        return r;
    walk.names_max = walk.is_alone ? *alone_left : SEARCH_NAMES_MAX;
    slot = arena_append(c->work, files->walked, files->walked_count);
    if (!slot)
        return error_memory(err);
    *slot = (struct walked){point->path, strlen(point->path)};
    r = walk_directory(&walk, AT_FDCWD, point->path, point->path, 0);
    if (walk.is_alone)
        *alone_left -= walk.looked_at < *alone_left ? walk.looked_at : *alone_left;
    if (r > 0) /* not all of it was looked at: the names of others in it are still to be found */
        files->walked_count--;
    return r < 0 ? r : 0;
}

/* ---- all of them ---- */

bool linked_is_walked(const struct linked_files *files, const char *path)
{
    size_t length = strlen(path);

    for (size_t i = 0; i < files->walked_count; i++)
        if (path_of_length_is_within(path, length, files->walked[i].path, files->walked[i].length))
            return true;
    return false;
}

static int compare_objects(const struct linked *a, const struct linked *b)
{
    if (a->inode != b->inode)
        return a->inode < b->inode ? -1 : 1;
    return a->device == b->device ? 0 : a->device < b->device ? -1 : 1;
}

static int compare(const void *one, const void *two)
{
    const struct linked *a = one, *b = two;
    int order = compare_objects(a, b);

    if (order == 0)
        order = linked_compare_entries(&a->entry, &b->entry);
    return order ? order : strcmp(a->path, b->path);
}

/* A name that is known already gets what the tightest of the object's names has. */
static int tighten(struct compile *c, const struct linked *linked, const struct linked *tightest, struct error *err)
{
    struct resolved object;
    int r;

    if (linked->access == tightest->access)
        return 0;
    r = resolve_path(c->resolver, linked->path, &object, err);
    if (r == 0 && object.status == RESOLVE_FOUND)
        r = objects_add_point(c, &object, false, err);
    return r < 0 ? r : objects_add_cap(c, linked->path, tightest->access, tightest->origin, err);
}

/* The paths of one object become one file, unless they are all of its names. */
static int settle_object(struct compile *c, struct linked_files *files, const struct linked *names, size_t count,
                         struct error *err)
{
    const struct linked *tightest = names;
    struct linked kept;
    int r = 0;

    for (size_t i = 1; i < count; i++)
        if (names[i].access < tightest->access ||
            (names[i].access == tightest->access && strcmp(names[i].path, tightest->path) < 0))
            tightest = &names[i];
    for (size_t i = 0; i < count && r == 0; i++)
        r = tighten(c, &names[i], tightest, err);
    kept = *tightest;
    if (r == 0)
        r = linked_start_count(c, files, &kept, names, count, err);
    if (r == 0 && kept.known_count < kept.links_to)
        files->files[files->count++] = kept; /* over what was looked at */
    return r;
}

static int settle(struct compile *c, struct linked_files *files, struct error *err)
{
    size_t count = files->count, end;
    int r = 0;

    if (count)
        qsort(files->files, count, sizeof(*files->files), compare);
    files->count = 0;
    for (size_t at = 0; at < count && r == 0; at = end) {
        for (end = at + 1; end < count && compare_objects(&files->files[at], &files->files[end]) == 0; end++)
            ;
        r = settle_object(c, files, &files->files[at], end - at, err);
    }
    return r;
}

int linked_collect(struct compile *c, struct linked_files *ret_files, struct error *err)
{
    size_t count = c->point_count, alone_left = ALONE_NAMES_MAX;
    int r = 0;

    *ret_files = (struct linked_files){0};
    for (size_t i = 0; i < count && r == 0; i++)
        if (S_ISREG(c->points[i].mode))
            r = collect_file(c, &c->points[i], ret_files, err);
    /* What is denied comes first: large trees that root could write would leave nothing of the little that is looked at. */
    for (size_t i = 0; i < 2 * count && r == 0; i++)
        if (S_ISDIR(c->points[i % count].mode))
            r = collect_directory(c, &c->points[i % count], i < count, ret_files, &alone_left, err);
    return r < 0 ? r : settle(c, ret_files, err);
}

struct linked *linked_find(const struct linked_files *files, ino_t inode)
{
    size_t low = 0, high = files->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (files->files[middle].inode < inode)
            low = middle + 1;
        else
            high = middle;
    }
    return low < files->count && files->files[low].inode == inode ? &files->files[low] : NULL;
}

struct linked *linked_next(const struct linked_files *files, struct linked *linked)
{
    struct linked *next = linked + 1;

    return next < files->files + files->count && next->inode == linked->inode ? next : NULL;
}
