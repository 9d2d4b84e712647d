/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's word that nothing has moved: inotify marks on every directory on the way to what was looked at, and on the object itself. Marks are on inodes,
 * so it does not matter by which name or mount something changes; they keep no file system from being unmounted. What the kernel does not say is not believed
 * to stand still: file systems that others change (servers, FUSE, layers of an overlay), places that the caller may not read, and bytes, which a mapping
 * changes unseen. Another root directory or mount namespace of the caller has another root mount.
 *
 * System calls: inotify_init1, inotify_add_watch, read, newfstatat, statx, statfs, readlink, getpid, close.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/looks_inside.h"
#include "base/memory.h"

#define PLACES     2048 /* a power of two */
#define PLACES_MAX 1024 /* of them used; each is a mark */
#define LINKS_MAX  8
#define DEVICES    16
#define EVENTS_MAX 512 /* more at once are not gone through */
#define MARK       (IN_ATTRIB | IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MOVED_FROM | IN_MOVED_TO | IN_MOVE_SELF | IN_DONT_FOLLOW)

/* A name that matters in a directory that is marked. */
struct name {
    int mark;
    const char *text;
};

struct looks_watch {
    int fd;
    pid_t owner; /* a copy of this process would take events away */
    bool is_proved; /* everything was seen to be as it was, after it was marked */
    bool has_moved; /* for good: marks may be on what is not on the way any more */
    struct statx root;
    struct arena *arena;
    struct name names[PLACES_MAX];
    size_t name_count;
};

enum place_kind { PLACE_UNKNOWN = 0, PLACE_OBJECT, PLACE_DIRECTORY, PLACE_LINK, PLACE_ABSENT, PLACE_UNSEEN };

/* Somewhere on a way: a path as the way came to it. */
struct place {
    const char *path, *target; /* of a link */
    enum place_kind kind;
    int mark;
};

struct walk {
    struct looks_watch *watch;
    struct arena *arena;
    struct place places[PLACES];
    size_t place_count;
    struct {
        dev_t device;
        bool tells;
    } devices[DEVICES];
    size_t device_count;
};

static bool root_is(struct statx *ret_root)
{
    memset(ret_root, 0, sizeof(*ret_root));
    return statx(AT_FDCWD, "/", AT_STATX_SYNC_AS_STAT, STATX_INO | STATX_MNT_ID, ret_root) == 0 && (ret_root->stx_mask & STATX_MNT_ID);
}

static bool is_same_root(const struct statx *one, const struct statx *other)
{
    return one->stx_ino == other->stx_ino && one->stx_mnt_id == other->stx_mnt_id && one->stx_dev_major == other->stx_dev_major &&
           one->stx_dev_minor == other->stx_dev_minor;
}

/* ---- the marks ---- */

/* File systems that nobody changes but by this kernel's names. */
static bool tells(struct walk *walk, const char *path, const struct stat *st)
{
    static const unsigned long types[] = {EXT4_SUPER_MAGIC, BTRFS_SUPER_MAGIC, F2FS_SUPER_MAGIC, TMPFS_MAGIC, SQUASHFS_MAGIC, RAMFS_MAGIC,
                                          0x58465342 /* xfs */, 0xe0f5e1e2 /* erofs */, 0xca451a4e /* bcachefs */};
    struct statfs fs;
    bool is_known = false;

    for (size_t i = 0; i < walk->device_count; i++)
        if (walk->devices[i].device == st->st_dev)
            return walk->devices[i].tells;
    if (S_ISLNK(st->st_mode) || walk->device_count == DEVICES || statfs(path, &fs) < 0)
        return false;
    for (size_t i = 0; i < ARRAY_COUNT(types); i++)
        is_known |= (unsigned long)fs.f_type == types[i];
    walk->devices[walk->device_count].device = st->st_dev;
    walk->devices[walk->device_count++].tells = is_known;
    return is_known;
}

static enum place_kind look_at(struct walk *walk, struct place *place)
{
    char target[PATH_MAX];
    struct stat st;
    ssize_t length;

    if (lstat(place->path, &st) < 0)
        return errno == ENOENT ? PLACE_ABSENT : PLACE_UNSEEN;
    if (!tells(walk, place->path, &st))
        return PLACE_UNSEEN;
    place->mark = inotify_add_watch(walk->watch->fd, place->path, MARK);
    if (place->mark < 0)
        return PLACE_UNSEEN;
    if (!S_ISLNK(st.st_mode))
        return S_ISDIR(st.st_mode) ? PLACE_DIRECTORY : PLACE_OBJECT;
    length = readlink(place->path, target, sizeof(target) - 1);
    if (length <= 0)
        return PLACE_UNSEEN;
    target[length] = '\0';
    place->target = arena_string(walk->arena, target);
    return place->target ? PLACE_LINK : PLACE_UNSEEN;
}

static bool add_name(struct looks_watch *watch, int mark, const char *text, size_t length)
{
    const char *copy = arena_string_n(watch->arena, text, length);

    if (!copy || watch->name_count == PLACES_MAX)
        return false;
    watch->names[watch->name_count++] = (struct name){mark, copy};
    return true;
}

/* The directory is marked before what is in it, so whatever is exchanged meanwhile is said. */
static const struct place *visit(struct walk *walk, const char *path, const struct place *parent, const char *name, size_t name_length)
{
    size_t at = hash_mix(HASH_START, path, strlen(path));
    struct place *place;

    for (place = &walk->places[at % PLACES]; place->kind; place = &walk->places[++at % PLACES])
        if (strcmp(place->path, path) == 0)
            return place;
    if (walk->place_count == PLACES_MAX || (parent && !add_name(walk->watch, parent->mark, name, name_length)))
        return NULL;
    place->path = arena_string(walk->arena, path);
    if (!place->path)
        return NULL;
    walk->place_count++;
    place->kind = look_at(walk, place);
    return place;
}

/* Where a link at `at` leads, and the rest of the way behind it. */
static bool behind_link(const struct place *link, const char *rest, char *ret_path)
{
    int before = *link->target == '/' ? 0 : (int)(strrchr(link->path, '/') - link->path) + 1;
    int length = snprintf(ret_path, PATH_MAX, "%.*s%s%s", before, link->path, link->target, rest);

    return length > 0 && length < PATH_MAX;
}

/* Every step to `path`, and what is there: is all of it marked, to its end or to the name that is absent? */
static bool way_is_marked(struct walk *walk, const char *path, bool follows, unsigned links_left)
{
    const struct place *place = visit(walk, *path == '/' ? "/" : ".", NULL, NULL, 0);
    char at[PATH_MAX];
    size_t length = (size_t)snprintf(at, sizeof(at), "%s", *path == '/' ? "" : ".");

    for (const char *rest = path + strspn(path, "/"); *rest; rest += strspn(rest, "/")) {
        const char *name = rest;
        size_t name_length = strcspn(rest, "/");

        if (!place || place->kind != PLACE_DIRECTORY || length + name_length + 2 > sizeof(at))
            return false;
        length += (size_t)snprintf(at + length, sizeof(at) - length, "/%.*s", (int)name_length, name);
        rest += name_length;
        place = visit(walk, at, place, name, name_length);
        if (place && place->kind == PLACE_ABSENT)
            return true;
        if (place && place->kind == PLACE_LINK && (*rest || follows))
            return links_left && behind_link(place, rest, at) && way_is_marked(walk, at, follows, links_left - 1);
    }
    return place && place->kind != PLACE_UNSEEN;
}

static bool mark(struct walk *walk, const struct look *look)
{
    bool is_stated = look->kind == LOOK_STATUS || (look->kind == LOOK_CONTENT && (look->bytes || look->error == ENOENT));

    if (look->kind == LOOK_REAL_PATH)
        return (!look->error || look->error == ENOENT) && way_is_marked(walk, look->path, true, LINKS_MAX);
    return is_stated && (!look->error || look->error == ENOENT) && way_is_marked(walk, look->path, look->follows, LINKS_MAX);
}

/* ---- what is said ---- */

static bool matters(const struct looks_watch *watch, const struct inotify_event *event)
{
    if (!event->len)
        return true; /* of itself, or that some were lost */
    for (size_t i = 0; i < watch->name_count; i++)
        if (watch->names[i].mark == event->wd && strcmp(watch->names[i].text, event->name) == 0)
            return true;
    return false;
}

static bool something_moved(const struct looks_watch *watch)
{
    char bytes[8192] __attribute__((aligned(__alignof__(struct inotify_event))));
    size_t count = 0;
    ssize_t got;

    while ((got = read(watch->fd, bytes, sizeof(bytes))) > 0)
        for (ssize_t at = 0; at < got;) {
            const struct inotify_event *event = (const struct inotify_event *)(bytes + at);

            if (++count > EVENTS_MAX || matters(watch, event))
                return true;
            at += (ssize_t)(sizeof(*event) + event->len);
        }
    return got == 0 || errno != EAGAIN;
}

enum quiet looks_watch_quiet(struct looks *looks)
{
    struct looks_watch *watch = looks->watch;
    struct statx root;

    if (!watch || watch->has_moved || watch->owner != getpid() || !root_is(&root) || !is_same_root(&root, &watch->root))
        return QUIET_NOT;
    watch->has_moved = something_moved(watch);
    if (watch->has_moved)
        return QUIET_NOT;
    return watch->is_proved ? QUIET : QUIET_UNPROVED;
}

void looks_watch_proved(struct looks *looks)
{
    looks->watch->is_proved = true;
}

bool looks_are_watched(struct looks *looks)
{
    return looks_watch_quiet(looks) == QUIET;
}

/* ---- the object ---- */

static void watch_free(struct looks_watch *watch)
{
    if (!watch)
        return;
    fd_close_at(&watch->fd);
    arena_free(watch->arena);
    mem_free(watch);
}

static void walk_free(struct walk *walk)
{
    if (walk)
        arena_free(walk->arena);
    mem_free(walk);
}

static struct looks_watch *watch_new(void)
{
    struct looks_watch *watch = mem_alloc(sizeof(*watch));

    if (!watch)
        return NULL;
    watch->arena = arena_new();
    watch->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    watch->owner = getpid();
    if (watch->arena && watch->fd >= 0 && root_is(&watch->root))
        return watch;
    watch_free(watch);
    return NULL;
}

void looks_unwatch(struct looks *looks)
{
    watch_free(take_ptr(looks->watch));
    for (size_t i = 0; i < looks->count; i++)
        looks->looks[i].is_watched = false;
}

void looks_watch(struct looks *looks)
{
    struct walk *walk;

    looks_unwatch(looks);
    walk = mem_alloc(sizeof(*walk));
    if (walk)
        walk->arena = arena_new();
    if (walk && walk->arena)
        walk->watch = looks->watch = watch_new();
    for (size_t i = 0; looks->watch && i < looks->count; i++)
        looks->looks[i].is_watched = mark(walk, &looks->looks[i]);
    walk_free(walk);
}
