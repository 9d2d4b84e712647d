/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A path as a caller means it whose root directory or mount namespace is not the container's: one component after the
 * other, from descriptors of its directories, because the kernel would start at the keeper's own root directory. What is
 * found is called by its name in the container's tree (view.c).
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/stat.h>

#include "tier/process/init/view.h"

#define LINKS_MAX 40 /* as the kernel has it (MAXSYMLINKS) */
#define PROC_ROOT_INODE 1

struct fs_info { /* struct statfs */
    long type, rest[14];
};

struct walk {
    struct keeper *keeper;
    const struct call *call;
    struct place *place;
    int flags;
    int at;    /* the directory, O_PATH */
    int links; /* followed so far */
    char *path; /* what is left, of PATH_MAX bytes */
};

static void settle(int *slot, int fd)
{
    if (*slot >= 0)
        sys_call1(close, *slot);
    *slot = fd;
}

static long start_at_root(struct walk *walk)
{
    long fd = sys_call3(fcntl, walk->keeper->view.root, F_DUPFD_CLOEXEC, 5);

    if (fd < 0)
        return fd;
    settle(&walk->at, (int)fd);
    return 0;
}

static int is_on_proc(int fd)
{
    struct fs_info info;

    return sys_call2(fstatfs, fd, &info) == 0 && info.type == PROC_SUPER_MAGIC;
}

static long stat_of(int fd, struct statx *ret_info)
{
    return sys_call5(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_MODE | STATX_INO | STATX_MNT_ID, ret_info);
}

/* The first component, taken off the path; *ret_is_last when there is nothing but slashes behind it. */
static long component_take(struct walk *walk, char name[NAME_MAX + 1], int *ret_is_last)
{
    char *from = walk->path, *end;

    while (*from == '/')
        from++;
    for (end = from; *end && *end != '/'; end++)
        ;
    if (end - from > NAME_MAX)
        return -ENAMETOOLONG;
    memcpy(name, from, (size_t)(end - from));
    name[end - from] = '\0';
    if (end == from)
        string_append(name, name + 2, "."); /* "/" */
    walk->place->has_slash = *end == '/';
    while (*end == '/')
        end++;
    *ret_is_last = !*end;
    string_append(walk->path, walk->path + PATH_MAX, end);
    return 0;
}

/* What a symbolic link says, put before the rest of the path. */
static long link_enter(struct walk *walk, int link, int has_slash)
{
    char text[PATH_MAX] not_initialised, *end = text + sizeof(text), *at;
    long length = sys_call4(readlinkat, link, "", text, PATH_MAX - 1);

    if (length <= 0)
        return length < 0 ? length : -ENOENT;
    if (++walk->links > LINKS_MAX)
        return -ELOOP;
    text[length] = '\0';
    at = text + length;
    if (*walk->path || has_slash)
        at = string_append(at, end, "/");
    at = string_append(at, end, walk->path);
    if (at + 1 >= end)
        return -ENAMETOOLONG;
    string_append(walk->path, walk->path + PATH_MAX, text);
    return text[0] == '/' ? start_at_root(walk) : 0;
}

/* "self" would be the keeper. */
static void self_replace(const struct walk *walk, char name[NAME_MAX + 1])
{
    struct statx info;

    if (!string_equal(name, "self") && !string_equal(name, "thread-self"))
        return;
    if (stat_of(walk->at, &info) == 0 && info.stx_ino == PROC_ROOT_INODE)
        string_append_number(name, name + NAME_MAX, walk->call->tid);
}

/* The directory of /proc, taken as the container's own /proc has it, so that it is the caller's to use. */
static long proc_enter(struct walk *walk)
{
    char text[PATH_MAX] not_initialised, name[PATH_MAX] not_initialised;
    long status = place_text(walk->keeper, walk->at, text);

    if (status > 0)
        status = view_name(walk->keeper, walk->call, walk->at, text, name);
    if (status != 0 || memcmp(name, "/proc/", 6) != 0)
        return status < 0 ? status : keeper_refuses(-EACCES); /* /proc itself, or one of another process namespace */
    return place_take_proc(walk->keeper, walk->call, name, &walk->at, &walk->place->is_foreign);
}

/* Through a link of /proc (fd/3, cwd, root) in the middle of a path. */
static long proc_step(struct walk *walk, const char *name, int object)
{
    struct place *place = walk->place;
    struct statx info;
    long status = stat_of(object, &info);

    sys_call1(close, object);
    if (status >= 0)
        status = proc_enter(walk);
    if (status < 0)
        return status;
    place->mode = info.stx_mode;
    place->parent = walk->at;
    walk->at = -1;
    string_append(place->name, place->name + sizeof(place->name), name);
    status = place_follow_proc(walk->keeper, walk->call, place);
    walk->at = place->object;
    place->object = -1;
    place->is_foreign = place->is_read_only = place->is_handed = place->is_outside = 0;
    return status;
}

static long step_up(struct walk *walk)
{
    long fd;

    if (view_is_root(walk->keeper, walk->at))
        return 0;
    fd = sys_call4(openat, walk->at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd >= 0)
        settle(&walk->at, (int)fd);
    return fd < 0 ? fd : 0;
}

static long step(struct walk *walk, char name[NAME_MAX + 1])
{
    int is_proc = is_on_proc(walk->at);
    struct statx info;
    long object, status;

    if (string_equal(name, "."))
        return 0;
    if (string_equal(name, ".."))
        return step_up(walk);
    if (is_proc)
        self_replace(walk, name);
    object = sys_call4(openat, walk->at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
    if (object < 0)
        return object;
    status = stat_of((int)object, &info);
    if (status >= 0 && (info.stx_mode & S_IFMT) == S_IFLNK) {
        if (is_proc && stat_of(walk->at, &info) == 0 && info.stx_ino != PROC_ROOT_INODE)
            return proc_step(walk, name, (int)object);
        status = link_enter(walk, (int)object, 0);
        sys_call1(close, object);
        return status;
    }
    if (status < 0) {
        sys_call1(close, object);
        return status;
    }
    settle(&walk->at, (int)object);
    return 0;
}

/* The place is the directory itself, however it was written. */
static long end_at_directory(struct walk *walk)
{
    walk->place->object = walk->at;
    walk->at = -1;
    return place_name_object(walk->keeper, walk->call, walk->place);
}

static long end_on_proc(struct walk *walk, const char *name)
{
    struct place *place = walk->place;
    long status = proc_enter(walk);

    if (status < 0)
        return status;
    place->is_proc = 1;
    place->parent = walk->at;
    walk->at = -1;
    string_append(place->name, place->name + sizeof(place->name), name);
    names_start(walk->keeper->record, &place->at);
    status = place_look(place);
    if (status < 0 || place->object < 0)
        return status < 0 ? status : -ENOENT;
    if ((place->mode & S_IFMT) == S_IFLNK && (walk->flags & PLACE_FOLLOW || place->has_slash))
        return place_follow_proc(walk->keeper, walk->call, place);
    return 0;
}

/* An object that is mounted there is covered by what covers it where it comes from, too. */
static long object_join(struct walk *walk)
{
    struct place *place = walk->place;
    char text[PATH_MAX] not_initialised;
    struct names_at at not_initialised;
    struct statx around, object;
    long status = stat_of(place->parent, &around);

    if (status >= 0)
        status = stat_of(place->object, &object);
    if (status < 0 || around.stx_mnt_id == object.stx_mnt_id)
        return status;
    status = place_text(walk->keeper, place->object, text);
    if (status > 0)
        status = view_names(walk->keeper, walk->call, place->object, text, &at);
    if (status >= 0)
        view_join(&place->at, &at);
    return status;
}

/* The last component. 1 = a symbolic link leads on. */
static long end_here(struct walk *walk, const char *name)
{
    struct place *place = walk->place;
    char text[PATH_MAX] not_initialised;
    struct names_at parent not_initialised;
    long status = place_text(walk->keeper, walk->at, text);

    if (status > 0)
        status = view_names(walk->keeper, walk->call, walk->at, text, &parent);
    else if (status == 0)
        status = keeper_refuses(-EACCES);
    if (status < 0)
        return status;
    place->parent = walk->at;
    walk->at = -1;
    string_append(place->name, place->name + sizeof(place->name), name);
    names_step(walk->keeper->record, &parent, name, string_length(name), &place->at);
    place->is_bare = (walk->flags & PLACE_NAME) != 0;
    if (place->is_bare)
        return 0;
    status = place_look(place);
    if (status < 0 || place->object < 0)
        return status < 0 ? status : walk->flags & PLACE_NEW ? 0 : -ENOENT;
    if ((place->mode & S_IFMT) != S_IFLNK || !(walk->flags & PLACE_FOLLOW || place->has_slash))
        return object_join(walk);
    status = sticky_check_link(walk->keeper, place->parent, place->object);
    if (status < 0)
        return status;
    walk->at = place->parent;
    place->parent = PARENT_NONE;
    status = link_enter(walk, place->object, place->has_slash);
    settle(&place->object, -1);
    return status < 0 ? status : 1;
}

static long end_with(struct walk *walk, char name[NAME_MAX + 1])
{
    long status;

    if (place_is_dots(name)) {
        status = name[1] ? step_up(walk) : 0;
        return status < 0 ? status : end_at_directory(walk);
    }
    if (!is_on_proc(walk->at))
        return end_here(walk, name);
    self_replace(walk, name);
    return end_on_proc(walk, name);
}

static long walk_on(struct walk *walk)
{
    char name[NAME_MAX + 1] not_initialised;
    long status;
    int is_last;

    do {
        status = component_take(walk, name, &is_last);
        if (status == 0)
            status = is_last ? end_with(walk, name) : step(walk, name);
    } while (status == 1 || (status == 0 && !is_last));
    return status;
}

long walk_find(struct keeper *keeper, const struct call *call, int directory, char path[PATH_MAX], int flags,
               struct place *place)
{
    struct walk walk = {
        .keeper = keeper, .call = call, .place = place, .flags = flags, .at = -1, .path = path};
    long status;

    if (*path == '/') {
        status = start_at_root(&walk);
    } else {
        status = caller_descriptor(keeper, call, directory);
        walk.at = (int)status;
    }
    if (status >= 0)
        status = walk_on(&walk);
    if (walk.at >= 0)
        sys_call1(close, walk.at);
    return status < 0 ? status : 0;
}
