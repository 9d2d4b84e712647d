/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk, component by component from the root, so that every symbolic link on the way is known.
 * A directory that was once found to be one is not looked at again, nor a name that was not there.
 * System calls: lstat readlink faccessat2.
 */
#include "policy/compile/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/looks.h"
#include "base/path.h"

#define KNOWN_BUCKETS 1024u
#define UID_OVERFLOW  65534u /* whom this user namespace does not know: not the caller */

struct known {
    struct known *next;
    unsigned missing; /* 0 = a directory; else the look at which it was not there */
    uint32_t hash;
    size_t length;
    char path[];
};

struct walk {
    struct resolver *resolver;
    struct resolved *object;
    size_t real_length;
    bool is_looked_at; /* `st` is of `real` */
    struct stat st;
    char real[PATH_MAX]; /* walked so far, "" = the root */
    char rest[PATH_MAX]; /* still to walk */
};

struct resolver {
    struct arena *arena;
    struct walk walk; /* one at a time */
    unsigned look; /* counts from 1 */
    struct known *known[KNOWN_BUCKETS];
};

int resolver_new(struct arena *arena, struct resolver **ret_resolver, struct error *err)
{
    struct resolver *resolver = arena_alloc(arena, sizeof(*resolver));

    if (!resolver)
        return error_memory(err);
    resolver->arena = arena;
    resolver->look = 1;
    *ret_resolver = resolver;
    return 0;
}

void resolver_look_again(struct resolver *resolver)
{
    resolver->look++;
}

/* FNV-1a */
static uint32_t hash_of(const char *path, size_t length)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)path[i]) * 16777619u;
    return hash;
}

/* As a directory (`missing` 0), or as not there. `hash` of what was walked so far. */
static bool is_known(const struct walk *walk, uint32_t hash, unsigned missing)
{
    const struct known *known = walk->resolver->known[hash % KNOWN_BUCKETS];

    for (; known; known = known->next)
        if (known->hash == hash && known->length == walk->real_length && known->missing == missing &&
            memcmp(known->path, walk->real, walk->real_length) == 0)
            return true;
    return false;
}

static int make_known(struct walk *walk, uint32_t hash, unsigned missing)
{
    struct known **bucket = &walk->resolver->known[hash % KNOWN_BUCKETS];
    struct known *known =
        arena_alloc(walk->resolver->arena, sizeof(*known) + walk->real_length + 1);

    if (!known)
        return -ENOMEM;
    known->missing = missing;
    known->hash = hash;
    known->length = walk->real_length;
    memcpy(known->path, walk->real, walk->real_length + 1);
    known->next = *bucket;
    *bucket = known;
    return 0;
}

static void walk_up(struct walk *walk)
{
    while (walk->real_length && walk->real[--walk->real_length] != '/')
        ;
    walk->real[walk->real_length] = '\0';
}

/* Append the next component of `rest`. 1 when there was one, 0 at the end, -ENAMETOOLONG. */
static int walk_down(struct walk *walk)
{
    char *start = walk->rest + strspn(walk->rest, "/");
    size_t length = strcspn(start, "/");

    if (!length)
        return 0;
    walk->is_looked_at = false;
    if (walk->real_length + length + 2 > sizeof(walk->real))
        return -ENAMETOOLONG;
    if (length == 2 && memcmp(start, "..", 2) == 0) {
        walk_up(walk);
    } else if (!(length == 1 && *start == '.')) {
        walk->real[walk->real_length] = '/';
        memcpy(walk->real + walk->real_length + 1, start, length);
        walk->real_length += length + 1;
        walk->real[walk->real_length] = '\0';
    }
    memmove(walk->rest, start + length, strlen(start + length) + 1);
    return 1;
}

/* Replace the link that was just walked onto by its text. */
static int walk_follow(struct walk *walk)
{
    struct resolved *object = walk->object;
    struct arena *arena = walk->resolver->arena;
    struct resolve_link *link;
    char text[PATH_MAX];
    ssize_t length = readlink(walk->real, text, sizeof(text) - 1);
    size_t rest = strlen(walk->rest);

    if (length < 0)
        return -errno;
    if (object->link_count >= RESOLVE_LINKS_MAX)
        return -ELOOP;
    if ((size_t)length + rest + 2 > sizeof(walk->rest))
        return -ENAMETOOLONG;
    text[length] = '\0';
    link = arena_append(arena, object->links, object->link_count);
    if (!link)
        return -ENOMEM;
    link->path = arena_string(arena, walk->real);
    link->text = arena_string(arena, text);
    link->uid = walk->st.st_uid;
    if (!link->path || !link->text)
        return -ENOMEM;
    memmove(walk->rest + length + 1, walk->rest, rest + 1);
    memcpy(walk->rest, text, (size_t)length);
    walk->rest[length] = '/';
    if (text[0] == '/')
        walk->real_length = 0;
    else
        walk_up(walk);
    walk->real[walk->real_length] = '\0';
    return 0;
}

static int walk_finish(struct walk *walk, enum resolve_status status)
{
    struct resolved *object = walk->object;
    const char *real = walk->real_length ? walk->real : "/";

    object->status = status;
    object->real = strcmp(real, object->given) == 0 ? object->given
                                                    : arena_string(walk->resolver->arena, real);
    return object->real ? 0 : -ENOMEM;
}

/* The walk ended early: keep where the name would be. */
static int walk_stop(struct walk *walk, enum resolve_status status)
{
    int step;

    if (status == RESOLVE_SHUT) {
        walk->object->blocked = path_parent(walk->resolver->arena, walk->real);
        if (!walk->object->blocked)
            return -ENOMEM;
    }
    do
        step = walk_down(walk);
    while (step > 0);
    return step < 0 ? step : walk_finish(walk, status);
}

static int walk_arrive(struct walk *walk)
{
    struct resolved *object = walk->object;
    const struct stat *st = &walk->st;

    if (!walk->is_looked_at && look_lstat(walk->real_length ? walk->real : "/", &walk->st) < 0)
        return -errno;
    object->device = st->st_dev;
    object->inode = st->st_ino;
    object->links_to = st->st_nlink;
    object->mode = st->st_mode;
    object->uid = st->st_uid;
    object->gid = st->st_gid;
    object->special = st->st_rdev;
    return walk_finish(walk, RESOLVE_FOUND);
}

/* Look at the component just walked onto. 1 = stopped, 0 = go on. */
static int walk_look(struct walk *walk, bool is_last)
{
    uint32_t hash = hash_of(walk->real, walk->real_length);
    int r;

    if (!walk->real_length || (!is_last && is_known(walk, hash, 0)))
        return 0;
    if (is_known(walk, hash, walk->resolver->look)) {
        r = walk_stop(walk, RESOLVE_MISSING);
        return r < 0 ? r : 1;
    }
    if (path_is_within(walk->real, "/proc")) {
        r = walk_stop(walk, RESOLVE_PROC);
        return r < 0 ? r : 1;
    }
    if (look_lstat(walk->real, &walk->st) < 0) {
        bool is_shut = errno == EACCES;

        if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
            return -errno;
        r = is_shut ? 0 : make_known(walk, hash, walk->resolver->look);
        if (r == 0)
            r = walk_stop(walk, is_shut ? RESOLVE_SHUT : RESOLVE_MISSING);
        return r < 0 ? r : 1;
    }
    if (S_ISLNK(walk->st.st_mode))
        return walk_follow(walk);
    walk->is_looked_at = true;
    return S_ISDIR(walk->st.st_mode) && !is_known(walk, hash, 0) ? make_known(walk, hash, 0) : 0;
}

/*
 * Links in a circle, or a name that no file system holds: nothing can be opened by it before one of the links is made
 * anew. `real` is where the first of them is, and each of them is listed once.
 */
static int walk_get_lost(struct walk *walk)
{
    struct resolved *object = walk->object;
    size_t kept = 0;

    for (size_t i = 0; i < object->link_count; i++) {
        size_t at = 0;

        while (at < kept && strcmp(object->links[at].path, object->links[i].path) != 0)
            at++;
        if (at == kept)
            object->links[kept++] = object->links[i];
    }
    object->link_count = kept;
    object->status = RESOLVE_MISSING;
    object->real = object->links[0].path;
    return 0;
}

/* Is the component just walked onto longer than any file system's names are? */
static bool is_too_long(const struct walk *walk)
{
    return strlen(path_base(walk->real)) > NAME_MAX;
}

static int walk_all(struct walk *walk)
{
    int r;

    while ((r = walk_down(walk)) > 0) {
        r = walk_look(walk, walk->rest[strspn(walk->rest, "/")] == '\0');
        if (r)
            return r < 0 ? r : 0;
    }
    return r < 0 ? r : walk_arrive(walk);
}

int resolve_path(struct resolver *resolver, const char *path, struct resolved *ret_resolved,
                 struct error *err)
{
    struct resolved object = {.given = path};
    struct walk *walk = &resolver->walk;
    size_t length = strlen(path);
    int r = -ENAMETOOLONG;

    walk->resolver = resolver;
    walk->object = &object;
    walk->real[0] = '\0';
    walk->real_length = 0;
    walk->is_looked_at = false;
    if (length < sizeof(walk->rest)) {
        memcpy(walk->rest, path, length + 1);
        r = walk_all(walk);
        if (object.link_count && (r == -ELOOP || (r == -ENAMETOOLONG && is_too_long(walk))))
            r = walk_get_lost(walk);
    }
    if (r == -ENOMEM)
        return error_memory(err);
    if (r < 0)
        return error_system(err, -r, "resolve %s", path);
    *ret_resolved = object;
    return 0;
}

/* uid 0 without CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH, gid 0, no supplementary group. */
static bool root_bits_allow(const struct resolved *object, mode_t wanted)
{
    mode_t bits = object->mode;

    if (object->uid == 0)
        bits >>= 6;
    else if (object->gid == 0)
        bits >>= 3;
    return (bits & wanted) == wanted;
}

/* Everybody may, whichever class the caller is in: spares a system call for most of a system. */
static bool all_bits_allow(const struct resolved *object, mode_t wanted)
{
    return (object->mode & object->mode >> 3 & object->mode >> 6 & wanted) == wanted;
}

const char *resolve_refusal(struct arena *arena, const struct facts *facts,
                            const struct resolved *object, bool wants_write)
{
    mode_t wanted = 4u | (wants_write ? 2u : 0) | (S_ISDIR(object->mode) ? 1u : 0);
    const char *verb = wants_write ? "write" : "read", *reason;

    if (!wants_write && all_bits_allow(object, wanted))
        return NULL;
    if (look_access(object->real, (int)wanted) < 0) {
        if (errno == EROFS)
            return "it is on a read-only file system";
        reason = arena_printf(arena, "the caller may not %s it", verb);
        return reason ? reason : "the caller may not";
    }
    if (!facts->is_root || root_bits_allow(object, wanted))
        return NULL;
    reason = arena_printf(arena,
                          "contained root holds no capability and could not %s what belongs to "
                          "user %u with mode %04o; run Cordon as user %u",
                          verb, (unsigned)object->uid, (unsigned)(object->mode & 07777),
                          (unsigned)object->uid);
    return reason ? reason : "contained root holds no capability";
}

/* What the system lays out itself. Not /usr/local, /usr/src, /opt: people work there. */
static bool is_system_place(const char *parent)
{
    static const char *const trees[] = {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/dev",
                                        "/etc", "/usr", "/nix", "/gnu", "/run"};
    static const char *const worked_in[] = {"/usr/local", "/usr/src", "/run/user", "/dev/shm"};
    static const char *const directories[] = {"/", "/home", "/var"};
    bool is_in = false;

    for (size_t i = 0; i < ARRAY_COUNT(directories); i++)
        is_in |= strcmp(parent, directories[i]) == 0;
    for (size_t i = 0; i < ARRAY_COUNT(trees); i++)
        is_in |= path_is_within(parent, trees[i]);
    for (size_t i = 0; i < ARRAY_COUNT(worked_in); i++)
        is_in &= !path_is_within(parent, worked_in[i]);
    return is_in;
}

bool resolve_is_system_link(const struct facts *facts, const struct resolve_link *link)
{
    char parent[PATH_MAX];
    size_t length = (size_t)(strrchr(link->path, '/') - link->path);

    if (link->uid != 0 && link->uid != UID_OVERFLOW)
        return false;
    length += !length; /* of a link in "/" */
    memcpy(parent, link->path, length);
    parent[length] = '\0';
    if (is_system_place(parent))
        return true;
    return !facts->is_root && look_access(parent, W_OK) < 0 && errno == EACCES;
}
