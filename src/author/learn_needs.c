/* SPDX-License-Identifier: Apache-2.0 */
/* What each use needs of a policy: a path to read or to change, a host, a socket; or nothing; or what is left out. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "author/learn_needs.h"

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool learn_is_made(const struct finding *f, const char *path)
{
    return f->made_count && bsearch(&path, f->made, f->made_count, sizeof(path), compare_paths);
}

static int find_made(struct finding *f, const struct learn_input *input)
{
    for (size_t i = 0; i < input->count; i++) {
        const struct learn_use *use = &input->uses[i];
        const char *path = NULL, **added;

        if (use->is_refused)
            continue;
        if (use->operation == OPERATION_CREATE || use->operation == OPERATION_BIND)
            path = use->path;
        else if (use->operation == OPERATION_RENAME || use->operation == OPERATION_LINK)
            path = use->second;
        if (!path)
            continue;
        added = arena_append(f->map->arena, f->made, f->made_count);
        if (!added)
            return error_memory(f->err);
        *added = path;
    }
    if (f->made_count)
        qsort(f->made, f->made_count, sizeof(*f->made), compare_paths);
    return 0;
}

static int omit(struct finding *f, const struct learn_use *use, const char *text, const char *reason, bool is_sensitive)
{
    return learn_omit(f->learned, use, text, reason, is_sensitive, f->err);
}

static int add_need(struct finding *f, const struct learn_use *use, const char *path, bool is_write, bool is_entry,
                    enum learn_place place)
{
    struct learn_need *need = arena_append(f->map->arena, f->needs->items, f->needs->count);

    if (!need)
        return error_memory(f->err);
    *need = (struct learn_need){.path = path, .is_write = is_write, .is_entry = is_entry, .place = place, .use = use};
    return 0;
}

static bool is_private_device(const char *path)
{
    static const char *const names[] = {"null", "zero",   "full",   "random", "urandom", "tty",     "pts",
                                        "ptmx", "stdin",  "stdout", "stderr", "fd",      "console", "shm"};

    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (strlen(path) > 5 && path_is_within(path + 5, names[i]))
            return true;
    return false;
}

/* What was refused says nothing of what it is, and nothing at all is a file that has the home in it. */
static bool may_be_shared(const struct finding *f, const struct learn_use *use, const char *path)
{
    return !learn_map_may_widen(f->map, path) && (use->is_refused || path_is_within(f->map->places.home, path));
}

static int find_read(struct finding *f, const struct learn_use *use, const char *path)
{
    enum learn_place place = learn_map_place(f->map, path);
    bool is_directory = use->operation == OPERATION_LIST || (use->kind && strcmp(use->kind, "directory") == 0);

    switch (place) {
    case LEARN_PLACE_BUILTIN:
        if (path_is_within(path, "/dev") && strcmp(path, "/dev") != 0 && !is_private_device(path))
            return omit(f, use, path, "a device; name it in devices if it is meant", false);
        return 0;
    case LEARN_PLACE_PRIVATE:
        return 0;
    case LEARN_PLACE_HOME:
    case LEARN_PLACE_SYSTEM:
        if (use->is_private)
            return 0;
        /* To list what everybody shares is no reason to open all of it; what is granted below is listed inside. */
        if (is_directory && !learn_map_tree(f->map, path) && !learn_map_may_widen(f->map, path) &&
            document_access(f->map->base, path, NULL) == ACCESS_DENIED)
            return 0;
        if (is_directory && place == LEARN_PLACE_HOME && !learn_map_may_widen(f->map, path))
            return 0;
        if (may_be_shared(f, use, path) && document_access(f->map->base, path, NULL) == ACCESS_DENIED)
            return omit(f, use, path, "would open what everybody shares; name what is meant in it", false);
        break;
    case LEARN_PLACE_WORKSPACE:
    case LEARN_PLACE_CACHE:
    case LEARN_PLACE_TOOLCHAIN:
        break;
    }
    return add_need(f, use, path, false, false, place);
}

/* A name in a directory, or, where that was made by the program too, in the first above that was not. */
static const char *entry_root(struct finding *f, const char *path)
{
    char root[PATH_LENGTH_MAX + 1];
    size_t length = strlen(path);

    if (length >= sizeof(root))
        return NULL;
    memcpy(root, path, length + 1);
    do
        *strrchr(root, '/') = '\0';
    while (*root && learn_is_made(f, root));
    return arena_string(f->map->arena, *root ? root : "/");
}

/* A new repository has a configuration; one that was there stays as it is. */
static bool makes_repository(const struct finding *f, const char *path)
{
    static const char name[] = "/.git/config";
    size_t length = strlen(path);

    return length > strlen(name) && strcmp(path + length - strlen(name), name) == 0 && learn_is_made(f, path);
}

static int find_workspace_write(struct finding *f, const struct learn_use *use, const char *path, const char *root, bool is_entry)
{
    if (!path_is_within(root, f->map->places.workspace))
        return omit(f, use, path, "the workspace itself cannot be removed or renamed", false);
    if (document_access(f->map->guarded, path, NULL) != ACCESS_WRITE) {
        if (makes_repository(f, path) && !use->is_refused)
            return 0;
        return omit(f, use, path, "a protected name: programs outside obey what it holds", true);
    }
    return add_need(f, use, root, true, is_entry, LEARN_PLACE_WORKSPACE);
}

/* Outside of the workspace: what programs outside obey nobody learns to write, nor a directory in which such a name could come to be. */
static int find_outer_write(struct finding *f, const struct learn_use *use, const char *path, const char *root, bool is_entry)
{
    const char *home = f->map->places.home, *parent = path_parent(f->map->arena, path), *obeyed;
    bool is_home = path_is_within(path, home);

    if (!parent || learn_obeyed(f->map->arena, &f->map->places, root, &obeyed) < 0)
        return error_memory(f->err);
    if (use->is_refused)
        return omit(f, use, path, is_home ? "would change the home; it was refused" : "would change what is not the program's; it was refused",
                    obeyed != NULL);
    if (use->is_private || strcmp(root, home) == 0 || strcmp(parent, home) == 0)
        return omit(f, use, path, is_home ? "stays in the private home, which is lost at the end" : "stays inside, and is lost at the end",
                    false);
    if (obeyed)
        return omit(f, use, path, obeyed, true);
    if (!learn_map_may_widen(f->map, root) && (is_home || is_entry || !learn_map_may_widen(f->map, path)))
        return omit(f, use, path, "would open a directory that everybody shares for writing", false);
    return add_need(f, use, root, true, is_entry, is_home ? LEARN_PLACE_HOME : LEARN_PLACE_SYSTEM);
}

static int find_write(struct finding *f, const struct learn_use *use, const char *path, bool is_entry)
{
    enum learn_place place = learn_map_place(f->map, path);
    const char *root = path;

    if (is_entry || learn_is_made(f, path)) {
        root = entry_root(f, path);
        is_entry = true;
        if (!root)
            return error_memory(f->err);
    }
    switch (place) {
    case LEARN_PLACE_BUILTIN:
        return find_read(f, use, path);
    case LEARN_PLACE_PRIVATE:
        return 0;
    case LEARN_PLACE_CACHE:
        return add_need(f, use, path, true, is_entry, place);
    case LEARN_PLACE_WORKSPACE:
        return find_workspace_write(f, use, path, root, is_entry);
    case LEARN_PLACE_TOOLCHAIN:
        return omit(f, use, path, "would change a toolchain that other programs run", true);
    case LEARN_PLACE_HOME:
    case LEARN_PLACE_SYSTEM:
        return find_outer_write(f, use, path, root, is_entry);
    }
    return error_set(f->err, ERROR_INVALID, EINVAL, "a path without a place");
}

static int find_other(struct finding *f, const struct learn_use *use)
{
    if (!use->is_refused)
        return 0;
    switch (use->operation) {
    case OPERATION_SYSCALL:
        return omit(f, use, use->call ?: "a system call", "is refused to every program; programs go on without it", false);
    case OPERATION_MOUNT:
        return omit(f, use, use->path ?: "a mount", "needs nested.namespaces, for sandboxes inside", false);
    case OPERATION_LIMIT:
        return omit(f, use, use->text ?: "a limit", "more than the policy gave; see resources", false);
    default:
        return omit(f, use, use->text ?: operation_name(use->operation), "is about a process outside, or is refused to every program",
                    false);
    }
}

/* What is secret under any of its names stays out, whole. */
static const char *why_sensitive(const struct finding *f, const struct learn_use *use, const char **ret_path)
{
    const char *const paths[] = {use->path, use->named, use->second};
    const char *reason = NULL;

    for (size_t i = 0; i < ARRAY_COUNT(paths) && !reason; i++)
        if (paths[i]) {
            reason = learn_sensitive(&f->map->places, paths[i]);
            *ret_path = paths[i];
        }
    return reason;
}

static int find_file(struct finding *f, const struct learn_use *use)
{
    int r = 0;

    switch (use->operation) {
    case OPERATION_LIST:
    case OPERATION_READ:
    case OPERATION_EXECUTE:
        r = find_read(f, use, use->path);
        break;
    case OPERATION_WRITE:
    case OPERATION_METADATA:
        r = find_write(f, use, use->path, false);
        break;
    case OPERATION_LINK:
        r = find_read(f, use, use->path);
        if (r == 0 && use->second)
            r = find_write(f, use, use->second, true);
        break;
    case OPERATION_RENAME:
        r = find_write(f, use, use->path, true);
        if (r == 0 && use->second)
            r = find_write(f, use, use->second, true);
        break;
    default:
        r = find_write(f, use, use->path, true);
        break;
    }
    /* A link that led there: without it the name is not there inside. */
    if (r == 0 && use->named && operation_only_reads(use->operation))
        r = find_read(f, use, use->named);
    return r;
}

int learn_add_use(struct arena *arena, const struct learn_use ***list, size_t *count, const struct learn_use *use, struct error *err)
{
    const struct learn_use **added = arena_append(arena, *list, *count);

    if (!added)
        return error_memory(err);
    *added = use;
    return 0;
}

/* A second name of a key says nothing of being one, and whoever recorded knew. */
static int find_shut(struct finding *f, const struct learn_use *use)
{
    int r = learn_add_use(f->map->arena, &f->needs->shut, &f->needs->shut_count, use, f->err);

    return r < 0 ? r : omit(f, use, use->path, "a denial shut it while it was recorded", true);
}

static int find_use(struct finding *f, const struct learn_use *use)
{
    const char *path = NULL, *reason;

    /* What is not there needs no rule, and looking at what is there is no reason to open it. */
    if (use->is_missing || use->operation == OPERATION_LOOK)
        return 0;
    reason = why_sensitive(f, use, &path);
    if (reason)
        return omit(f, use, path, reason, true);
    if (use->is_shut && use->path)
        return find_shut(f, use);
    if (use->operation == OPERATION_CONNECT)
        return learn_find_connect(f, use);
    if (use->operation == OPERATION_BIND)
        return use->path ? find_write(f, use, use->path, true) : 0;
    if (!operation_is_of_file(use->operation) || use->operation == OPERATION_MOUNT)
        return find_other(f, use);
    return use->path ? find_file(f, use) : 0;
}

int learn_needs_find(struct learn_map *map, const struct learn_input *input, const struct learn_options *options,
                     struct learned *learned, struct learn_needs *ret_needs, struct error *err)
{
    struct finding f = {.map = map, .options = options, .learned = learned, .needs = ret_needs, .err = err};
    int r;

    *ret_needs = (struct learn_needs){0};
    r = find_made(&f, input);
    for (size_t i = 0; i < input->count && r == 0; i++)
        r = find_use(&f, &input->uses[i]);
    return r;
}
