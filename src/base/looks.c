/* SPDX-License-Identifier: Apache-2.0 */
/* System calls: newfstatat, openat, fstatfs, read, faccessat2, readlink, clock_gettime. */
#include "base/looks.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/looks_inside.h"
#include "base/memory.h"

#define BYTES_MAX ((off_t)64 << 10) /* of a file that is kept as it was read */
#define SLOTS     4096 /* a power of two, more than looks */

/* A stamp that is younger may be that of a later change as well: jiffies, and file systems that keep whole seconds. */
#define TOO_NEW_NS ((int64_t)2500 * 1000 * 1000)

static _Thread_local struct looks *noted;

bool looks_are_noted(void)
{
    return noted && !noted->is_given_up;
}

void looks_give_up(void)
{
    if (noted)
        noted->is_given_up = true;
}

static int64_t time_ns(const struct timespec *time)
{
    return (int64_t)time->tv_sec * (int64_t)NS_PER_S + time->tv_nsec;
}

static void looks_free(struct looks *looks)
{
    if (!looks)
        return;
    looks_unwatch(looks);
    arena_free(looks->arena);
    mem_free(looks->looks);
    mem_free(looks->slots);
    mem_free(looks);
}

struct looks *looks_begin(void)
{
    struct looks *looks = mem_alloc(sizeof(*looks));
    struct timespec now;

    if (!looks)
        return NULL;
    looks->shares = 1;
    looks->arena = arena_new();
    looks->slots = mem_alloc(SLOTS * sizeof(*looks->slots));
    if (!looks->arena || !looks->slots) {
        looks_free(looks);
        return NULL;
    }
    clock_gettime(CLOCK_REALTIME_COARSE, &now); /* by which files are stamped */
    looks->began_ns = time_ns(&now);
    noted = looks;
    return looks;
}

struct looks *looks_share(struct looks *looks)
{
    if (looks)
        __atomic_add_fetch(&looks->shares, 1, __ATOMIC_RELAXED);
    return looks;
}

void looks_drop(struct looks *looks)
{
    if (looks && __atomic_sub_fetch(&looks->shares, 1, __ATOMIC_ACQ_REL) == 0)
        looks_free(looks);
}

/* ---- noted ---- */

/* Where whoever changes something cannot keep the change time from moving. */
static bool is_stamped(const struct look *look)
{
    static const unsigned long types[] = {EXT4_SUPER_MAGIC, BTRFS_SUPER_MAGIC, F2FS_SUPER_MAGIC, TMPFS_MAGIC, OVERLAYFS_SUPER_MAGIC, SQUASHFS_MAGIC,
                                          RAMFS_MAGIC, 0x58465342 /* xfs */, 0xe0f5e1e2 /* erofs */, 0xca451a4e /* bcachefs */};
    auto_close int fd = open(look->path, O_PATH | O_CLOEXEC | (look->follows ? 0 : O_NOFOLLOW));
    struct statfs fs;

    if (fd < 0 || fstatfs(fd, &fs) < 0)
        return false;
    for (size_t i = 0; i < ARRAY_COUNT(types); i++)
        if ((unsigned long)fs.f_type == types[i])
            return true;
    return false;
}

static bool is_old(const struct looks *looks, const struct look *look)
{
    return time_ns(&look->changed) < looks->began_ns - TOO_NEW_NS;
}

static bool is_question_same(const struct look *one, const struct look *other)
{
    return one->kind == other->kind && one->follows == other->follows && one->mode == other->mode && one->ask == other->ask &&
           strcmp(one->path, other->path) == 0;
}

static bool texts_are_same(const char *one, const char *other)
{
    return one && other ? strcmp(one, other) == 0 : one == other;
}

static bool is_dated_the_same(const struct look *one, const struct look *other)
{
    return one->size == other->size && time_ns(&one->changed) == time_ns(&other->changed) && time_ns(&one->modified) == time_ns(&other->modified);
}

/* What stands in a directory is not what the directory is, unless it was listed. */
static bool is_object_same(const struct look *was, const struct look *is)
{
    if (was->error || is->error)
        return was->error == is->error;
    if (was->device != is->device || was->inode != is->inode || was->type != is->type || was->uid != is->uid || was->gid != is->gid ||
        was->special != is->special || (!S_ISDIR(was->type) && was->links != is->links))
        return false;
    return (was->kind != LOOK_CONTENT && !S_ISLNK(was->type)) || is_dated_the_same(was, is);
}

static bool is_answer_same(const struct look *was, const struct look *is)
{
    return is_object_same(was, is) && was->answer == is->answer && texts_are_same(was->text, is->text);
}

static struct look *add(struct looks *looks)
{
    if (looks->count == looks->room) {
        size_t room = looks->room ? looks->room * 2 : 64;
        struct look *larger = room <= LOOKS_MAX ? mem_resize(looks->looks, room * sizeof(*larger)) : NULL;

        if (!larger)
            return NULL;
        looks->looks = larger;
        looks->room = room;
    }
    return &looks->looks[looks->count++];
}

static bool keep(struct looks *looks, const struct look *seen, uint16_t *slot)
{
    const char *path = arena_string(looks->arena, seen->path), *text = seen->text ? arena_string(looks->arena, seen->text) : NULL;
    struct look *look = path && (text || !seen->text) ? add(looks) : NULL;

    if (!look)
        return false;
    *look = *seen;
    look->path = path;
    look->text = text;
    look->parent = -1;
    *slot = (uint16_t)looks->count;
    return true;
}

/* A second look at the same has to have seen the same. */
static void note(const struct look *seen)
{
    struct looks *looks = noted;
    size_t at = hash_mix(HASH_START, seen->path, strlen(seen->path)) + (size_t)seen->kind;

    if (!looks_are_noted())
        return;
    for (;; at++) {
        uint16_t *slot = &looks->slots[at % SLOTS];

        if (!*slot) {
            looks->is_given_up = !keep(looks, seen, slot);
            return;
        }
        if (is_question_same(&looks->looks[*slot - 1], seen)) {
            looks->is_given_up |= !is_answer_same(&looks->looks[*slot - 1], seen);
            return;
        }
    }
}

static void fill(struct look *look, int error, const struct stat *st)
{
    look->error = error;
    if (error)
        return;
    look->device = st->st_dev;
    look->special = st->st_rdev;
    look->inode = st->st_ino;
    look->links = st->st_nlink;
    look->type = st->st_mode;
    look->uid = st->st_uid;
    look->gid = st->st_gid;
    look->size = st->st_size;
    look->changed = st->st_ctim;
    look->modified = st->st_mtim;
}

static int status_of(const char *path, bool follows, struct stat *ret_status)
{
    return fstatat(AT_FDCWD, path, ret_status, follows ? 0 : AT_SYMLINK_NOFOLLOW);
}

static int look_status(const char *path, bool follows, struct stat *ret_status)
{
    int status = status_of(path, follows, ret_status), error = status < 0 ? errno : 0;

    if (looks_are_noted()) {
        struct look look = {.kind = LOOK_STATUS, .follows = follows, .path = path};

        fill(&look, error, ret_status);
        note(&look);
    }
    errno = error;
    return status;
}

int look_lstat(const char *path, struct stat *ret_status)
{
    return look_status(path, false, ret_status);
}

int look_stat(const char *path, struct stat *ret_status)
{
    return look_status(path, true, ret_status);
}

int look_access(const char *path, int mode)
{
    int status = faccessat(AT_FDCWD, path, mode, AT_EACCESS), error = status < 0 ? errno : 0;

    note(&(struct look){.kind = LOOK_ACCESS, .path = path, .mode = mode, .error = error});
    errno = error;
    return status;
}

char *look_real_path(const char *path, char *ret_real)
{
    char *real = realpath(path, ret_real);
    int error = real ? 0 : errno;

    note(&(struct look){.kind = LOOK_REAL_PATH, .path = path, .text = real, .error = error});
    errno = error;
    return real;
}

/* All `size` bytes and no more, into `bytes`, which has room for one more. Of a regular file a read gives all that there is. */
static bool read_whole(const struct look *look, char *bytes)
{
    auto_close int fd = open(look->path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC | (look->follows ? 0 : O_NOFOLLOW));

    return fd >= 0 && read(fd, bytes, (size_t)look->size + 1) == look->size;
}

/* A file that is small is kept as it is: what is written through a mapping need not move a stamp. */
void look_content(const char *path, bool follows)
{
    struct look look = {.kind = LOOK_CONTENT, .follows = follows, .path = path};
    struct stat st;

    if (!looks_are_noted())
        return;
    fill(&look, status_of(path, follows, &st) < 0 ? errno : 0, &st);
    if (!look.error && S_ISREG(look.type) && look.size <= BYTES_MAX) {
        char *bytes = arena_alloc(noted->arena, (size_t)look.size + 1);

        if (!bytes || !read_whole(&look, bytes))
            looks_give_up();
        look.bytes = bytes;
    }
    note(&look);
}

void look_answer(const char *path, bool (*ask)(const char *path), bool answer)
{
    struct look look = {.kind = LOOK_ANSWER, .path = path, .ask = ask, .answer = answer};
    struct stat st;

    if (!looks_are_noted())
        return;
    fill(&look, status_of(path, false, &st) < 0 ? errno : 0, &st);
    note(&look);
}

void look_variable(const char *name, const char *value)
{
    note(&(struct look){.kind = LOOK_VARIABLE, .path = name, .text = value});
}

/* ---- sealed ---- */

static int find(const struct looks *looks, const char *path, size_t length)
{
    for (size_t at = hash_mix(HASH_START, path, length) + LOOK_STATUS; looks->slots[at % SLOTS]; at++) {
        int index = looks->slots[at % SLOTS] - 1;
        const struct look *look = &looks->looks[index];

        if (look->kind == LOOK_STATUS && !look->follows && strncmp(look->path, path, length) == 0 && !look->path[length])
            return index;
    }
    return -1;
}

/* Many names are absent from a directory that stands still: it is looked at instead of each of them. */
static void find_parent(struct looks *looks, struct look *absent)
{
    const char *slash = strrchr(absent->path, '/');
    int index = slash && slash != absent->path ? find(looks, absent->path, (size_t)(slash - absent->path)) : -1;
    struct look *parent = index >= 0 ? &looks->looks[index] : NULL;

    if (!parent || parent->error || !S_ISDIR(parent->type) || !is_old(looks, parent))
        return;
    parent->is_dated = parent->is_dated || is_stamped(parent);
    if (parent->is_dated)
        absent->parent = index;
}

struct looks *looks_end(struct looks *looks)
{
    noted = NULL;
    for (size_t i = 0; looks && i < looks->count && !looks->is_given_up; i++) {
        struct look *look = &looks->looks[i];

        if (look->kind == LOOK_STATUS && look->error == ENOENT && !look->follows)
            find_parent(looks, look);
        if (look->kind == LOOK_ANSWER)
            look->is_dated = !look->error && S_ISDIR(look->type) && is_old(looks, look) && is_stamped(look);
        else if (!look->error && (look->kind == LOOK_CONTENT || S_ISLNK(look->type)))
            looks->is_given_up = !look->bytes && !(is_old(looks, look) && is_stamped(look));
    }
    if (looks && looks->is_given_up) {
        looks_free(looks);
        return NULL;
    }
    if (looks) {
        mem_free(looks->slots);
        looks->slots = NULL;
    }
    return looks;
}

bool looks_are_same(const struct looks *one, const struct looks *other)
{
    if (one->count != other->count)
        return false;
    for (size_t i = 0; i < one->count; i++) {
        const struct look *a = &one->looks[i], *b = &other->looks[i];

        if (!is_question_same(a, b) || !is_answer_same(a, b) || a->is_dated != b->is_dated || (a->is_dated && !is_dated_the_same(a, b)) ||
            !a->bytes != !b->bytes || (a->bytes && memcmp(a->bytes, b->bytes, (size_t)a->size) != 0))
            return false;
    }
    return true;
}

/* ---- asked again ---- */

static const char *variable_of(const char *const *environment, const char *name)
{
    size_t length = strlen(name);

    for (; environment && *environment; environment++)
        if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=')
            return *environment + length + 1;
    return NULL;
}

static bool bytes_hold(const struct look *was)
{
    auto_free char *bytes = mem_alloc((size_t)was->size + 1);

    return bytes && read_whole(was, bytes) && memcmp(bytes, was->bytes, (size_t)was->size) == 0;
}

/* *ret_stands: what is in it is what was in it. */
static bool object_holds(const struct look *was, bool *ret_stands)
{
    struct look is = {.kind = was->kind};
    struct stat st;

    fill(&is, status_of(was->path, was->follows, &st) < 0 ? errno : 0, &st);
    if (!is_object_same(was, &is))
        return false;
    *ret_stands = was->is_dated && is_dated_the_same(was, &is);
    return !was->bytes || bytes_hold(was);
}

/* It answered the same after this was seen of it. What was too new when it was noted, or has changed since, is believed from now on if it has stood still. */
static void date_anew(struct look *was, const struct look *is)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (is->error || !S_ISDIR(is->type) || !is_object_same(was, is) || time_ns(&is->changed) >= time_ns(&now) - TOO_NEW_NS)
        return;
    was->size = is->size;
    was->changed = is->changed;
    was->modified = is->modified;
    was->is_dated = was->is_dated || is_stamped(was);
}

/* Of a directory that is as it was, the answer is, too. */
static bool answer_holds(struct look *was)
{
    struct look is = {.kind = was->kind};
    struct stat st;

    fill(&is, status_of(was->path, was->follows, &st) < 0 ? errno : 0, &st);
    if (was->is_dated && is_object_same(was, &is) && is_dated_the_same(was, &is))
        return true;
    if (was->ask(was->path) != was->answer)
        return false;
    date_anew(was, &is);
    return true;
}

static bool look_holds(struct look *was, const char *const *environment, bool *ret_stands)
{
    char real[PATH_MAX];
    const char *path;

    switch (was->kind) {
    case LOOK_STATUS:
    case LOOK_CONTENT:
        return object_holds(was, ret_stands);
    case LOOK_ACCESS:
        return (faccessat(AT_FDCWD, was->path, was->mode, AT_EACCESS) < 0 ? errno : 0) == was->error;
    case LOOK_REAL_PATH:
        path = realpath(was->path, real);
        return (path ? 0 : errno) == was->error && texts_are_same(path, was->text);
    case LOOK_ANSWER:
        return answer_holds(was);
    case LOOK_VARIABLE:
        return texts_are_same(variable_of(environment, was->path), was->text);
    }
    return false;
}

/* What the kernel has said nothing about is not asked for, but for what a mapping can have written. */
static bool is_quiet(const struct look *look, bool watches)
{
    return watches && look->is_watched && (!look->bytes || bytes_hold(look));
}

/* Is it as it was? Asked for unless the kernel would have said that it is not. */
static bool is_as_it_was(struct looks *looks, struct look *look, bool watches, const char *const *environment, bool *ret_stands)
{
    if (is_quiet(look, watches))
        return true;
    looks->asked++;
    return look_holds(look, environment, ret_stands);
}

bool looks_hold(struct looks *looks, const char *const *environment)
{
    bool stands[LOOKS_MAX] = {false};
    enum quiet quiet = looks_watch_quiet(looks);

    looks->asked = 0;
    for (size_t i = 0; i < looks->count; i++)
        if (looks->looks[i].parent < 0 && !is_as_it_was(looks, &looks->looks[i], quiet == QUIET, environment, &stands[i]))
            return false;
    for (size_t i = 0; i < looks->count; i++) {
        int parent = looks->looks[i].parent;

        if (parent >= 0 && !stands[parent] && !is_as_it_was(looks, &looks->looks[i], quiet == QUIET, environment, &stands[i]))
            return false;
    }
    if (quiet == QUIET_UNPROVED)
        looks_watch_proved(looks);
    return true;
}

size_t looks_asked(const struct looks *looks)
{
    return looks->asked;
}
