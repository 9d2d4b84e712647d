/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks the layout for what the points, the built-in private directories and the links come to.
 * A grant of the root directory is a grant of what is in it: kernel file systems and /run stay out
 * unless a rule names something in them. System calls: openat getdents64 lstat readlink.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/looks.h"
#include "policy/compile/compile.h"

struct private_directory {
    const char *path; /* NULL = the home */
    mode_t mode;
};

static const struct private_directory private_directories[] = {
    {NULL, 0700},
    {"/tmp", 01777},
    {"/var/tmp", 01777},
};

/* Sockets of the host's services live in /run; the others are not files. */
static const char *const never_from_root[] = {"proc", "dev", "sys", "run"};

static const struct point *find_point(const struct compile *c, const char *path)
{
    for (size_t i = 0; i < c->point_count; i++)
        if (strcmp(c->points[i].path, path) == 0)
            return &c->points[i];
    return NULL;
}

static bool is_private_path(const struct compile *c, const char *path)
{
    if (c->home && strcmp(path, c->home) == 0)
        return true;
    for (size_t i = 0; i < ARRAY_COUNT(private_directories); i++)
        if (private_directories[i].path && strcmp(path, private_directories[i].path) == 0)
            return true;
    return false;
}

static int want_point(struct compile *c, struct point *point, struct error *err)
{
    struct layout_want want = {
        .path = point->path,
        .source = point->path,
        .is_directory = S_ISDIR(point->mode),
        .device = point->device,
        .inode = point->inode,
    };
    enum access access = objects_point_access(c, point, &want.origin);

    /* Sockets and devices are granted by name only; a rule can but shut them. */
    if (access != ACCESS_DENIED && !S_ISDIR(point->mode) && !S_ISREG(point->mode))
        return 0;
    /* Not granted is not denied: the private directory stands there. */
    if (access == ACCESS_DENIED && !want.origin && is_private_path(c, point->path))
        return 0;
    want.state = access == ACCESS_DENIED ? LAYOUT_SHUT
                 : access == ACCESS_READ ? LAYOUT_READ
                                         : LAYOUT_WRITE;
    return layout_want(c->layout, &want, err);
}

int wants_link(struct compile *c, const char *path, const char *text, const struct origin *origin,
               struct error *err)
{
    struct layout_want want = {
        .path = path, .state = LAYOUT_LINK, .source = text, .origin = origin};

    return layout_want(c->layout, &want, err);
}

static bool is_never_from_root(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(never_from_root); i++)
        if (strcmp(name, never_from_root[i]) == 0)
            return true;
    return false;
}

static int want_root_entry(struct compile *c, const char *name, struct error *err)
{
    struct point point = {0};
    char text[PATH_MAX];
    struct stat st;
    ssize_t length;

    point.path = arena_printf(c->work, "/%s", name);
    if (!point.path)
        return error_memory(err);
    if (look_lstat(point.path, &st) < 0)
        return errno == ENOENT ? 0 : error_system(err, errno, "lstat %s", point.path);
    if (S_ISLNK(st.st_mode)) {
        const struct origin *why;
        const char *copy;

        if (objects_access(c, point.path, &why) == ACCESS_DENIED)
            return 0;
        length = readlink(point.path, text, sizeof(text) - 1);
        if (length < 0)
            return error_system(err, errno, "readlink %s", point.path);
        copy = arena_string_n(c->work, text, (size_t)length);
        return copy ? wants_link(c, point.path, copy, why, err) : error_memory(err);
    }
    if (is_private_path(c, point.path) || (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode)))
        return 0;
    point.device = st.st_dev;
    point.inode = st.st_ino;
    point.mode = st.st_mode;
    return want_point(c, &point, err);
}

static void close_directory(DIR **directory)
{
    if (*directory)
        closedir(*directory);
}

static int want_root(struct compile *c, struct error *err)
{
    const struct origin *why = NULL;
    enum access access = objects_access(c, "/", &why);
    cleanup_with(close_directory) DIR *directory = NULL;
    const struct dirent *entry;
    int r = 0;

    if (access == ACCESS_DENIED)
        return 0;
    if (access == ACCESS_WRITE)
        r = compile_warning(
            c, why, err,
            "/ itself stays as it is: what is in it is writable, new names directly "
            "in it are refused");
    look_content("/", false);
    directory = opendir("/");
    if (!directory)
        return error_system(err, errno, "read /");
    while (r == 0 && (errno = 0, entry = readdir(directory)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
            !is_never_from_root(entry->d_name))
            r = want_root_entry(c, entry->d_name, err);
    if (r == 0 && errno)
        r = error_system(err, errno, "read /");
    return r;
}

/* Unless a rule names the directory itself, it is empty and private to this run. */
static int want_private(struct compile *c, const char *given, mode_t mode,
                        const struct origin *origin, struct error *err)
{
    struct layout_want want = {.state = LAYOUT_PRIVATE, .mode = mode, .origin = origin};
    const struct origin *why = NULL;
    const struct point *point;
    struct resolved object;
    int r = resolve_path(c->resolver, given, &object, err);

    if (r < 0)
        return r;
    want.path = object.real;
    want.is_there = object.status == RESOLVE_FOUND && S_ISDIR(object.mode);
    for (size_t i = 0; i < object.link_count && r == 0; i++)
        r = wants_link(c, object.links[i].path, object.links[i].text, origin, err);
    if (r < 0 || strcmp(want.path, "/") == 0 || path_is_within(want.path, "/proc") ||
        path_is_within(want.path, "/dev"))
        return r;
    point = find_point(c, want.path);
    if (point && point->is_ruled && (objects_access(c, want.path, &why) != ACCESS_DENIED || why))
        return 0;
    return layout_want(c->layout, &want, err);
}

static int want_privates(struct compile *c, struct error *err)
{
    const struct origin *origin = compile_builtin_origin(c, "private directories");
    int r = 0;

    if (!origin)
        return error_memory(err);
    for (size_t i = 0; i < ARRAY_COUNT(private_directories) && r == 0; i++) {
        const struct private_directory *row = &private_directories[i];
        const char *path = row->path;

        if (!path && c->home)
            path = c->options->variables->home;
        if (path)
            r = want_private(c, path, row->mode, origin, err);
    }
    for (size_t i = 0; i < c->real.layer_count && r == 0; i++) {
        const struct document *layer = c->real.layers[i];

        for (size_t j = 0; j < layer->path_count && r == 0; j++)
            if (layer->paths[j].kind == PATH_PRIVATE && !is_private_path(c, layer->paths[j].path))
                r = want_private(c, layer->paths[j].path, 0700, &layer->paths[j].origin, err);
    }
    return r;
}

static int want_system(struct compile *c, struct error *err)
{
    static const char *const directories[] = {"/dev", "/proc"};
    int r = 0;

    for (size_t i = 0; i < ARRAY_COUNT(directories) && r == 0; i++) {
        struct layout_want want = {.path = directories[i], .state = LAYOUT_SYSTEM};

        want.origin = compile_builtin_origin(c, "private directories");
        if (!want.origin)
            return error_memory(err);
        r = layout_want(c->layout, &want, err);
    }
    return r;
}

int wants_add(struct compile *c, struct error *err)
{
    int r = want_root(c, err);

    for (size_t i = 0; i < c->point_count && r == 0; i++)
        if (strcmp(c->points[i].path, "/") != 0 && !path_is_within(c->points[i].path, "/dev"))
            r = want_point(c, &c->points[i], err);
    if (r == 0)
        r = want_privates(c, err);
    for (size_t i = 0; i < c->led_count && r == 0; i++)
        for (size_t j = 0; !c->led[i].is_own && j < c->led[i].object->link_count && r == 0; j++)
            r = wants_link(c, c->led[i].object->links[j].path, c->led[i].object->links[j].text,
                          c->led[i].origin, err);
    if (r == 0)
        r = network_want_files(c, err);
    if (r == 0)
        r = hosts_want_file(c, err);
    if (r == 0)
        r = authority_want_files(c, err);
    if (r == 0)
        r = secrets_want_files(c, err);
    if (r == 0)
        r = served_want_directory(c, err);
    return r < 0 ? r : want_system(c, err);
}

/* Pins are found by the layout, which knows no host: give them the identity that is mounted. */
int wants_identify(struct compile *c, struct error *err)
{
    for (size_t i = 0; i < c->plan->mount_count; i++) {
        struct plan_mount *mount = &c->plan->mounts[i];
        struct stat st;

        if (mount->kind != PLAN_PIN)
            continue;
        if (look_lstat(mount->source, &st) < 0)
            return error_system(err, errno, "lstat %s", mount->source);
        if (!S_ISDIR(st.st_mode))
            return error_set(err, ERROR_SYSTEM, ENOTDIR, "%s changed meanwhile; try again",
                             mount->source);
        mount->device = st.st_dev;
        mount->inode = st.st_ino;
    }
    return 0;
}
