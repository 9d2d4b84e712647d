/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names in a home, one by one: they are granted each, since the home itself stays the container's own, with its caches and
 * what programs make in it. What holds everybody's things, or caches, is looked into.
 */
#include "sdk/learn_home.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"

/* Below the home; "" is the home. A directory before what is in it. */
static const char *const looked_into[] = {"", ".config", ".local", ".local/share", ".local/state", ".cargo", "go"};
/* Caches, which are private, and Cordon's own. */
static const char *const left_out[] = {".cache", ".npm", ".cargo/registry", ".cargo/git", "go/pkg", ".config/cordon", ".local/state/cordon"};

struct listing {
    struct arena *arena;
    const char *home;
    const char *workspace; /* real; NULL = none */
    const char **paths;
    size_t count;
    struct error *err;
};

static bool is_among(const char *const *names, size_t count, const char *below)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], below) == 0)
            return true;
    return false;
}

/* Files and directories, and links that stay in the home; not the workspace, which has a grant of its own. */
static bool is_granted(const struct listing *list, const char *path)
{
    char real[PATH_MAX];
    struct stat st;

    if (lstat(path, &st) < 0)
        return false;
    if (!realpath(path, real) || (list->workspace && strcmp(real, list->workspace) == 0))
        return false;
    if (S_ISLNK(st.st_mode))
        return path_is_within(real, list->home) && strcmp(real, list->home) != 0;
    return S_ISREG(st.st_mode) || S_ISDIR(st.st_mode);
}

static int add_name(struct listing *list, const char *directory, const char *name)
{
    const char *path = path_join(list->arena, directory, name), **slot;
    const char *below;

    if (!path)
        return error_memory(list->err);
    below = path + strlen(list->home) + 1;
    if (is_among(looked_into, ARRAY_COUNT(looked_into), below) || is_among(left_out, ARRAY_COUNT(left_out), below) ||
        !is_granted(list, path))
        return 0;
    if (list->count == LEARN_HOME_MAX)
        return error_set(list->err, ERROR_LIMIT, E2BIG, "%s has more than %d names in it: learn with a private home", list->home,
                         LEARN_HOME_MAX);
    slot = arena_append(list->arena, list->paths, list->count);
    if (!slot)
        return error_memory(list->err);
    *slot = path;
    return 0;
}

static void close_directory(DIR **directory)
{
    if (*directory)
        closedir(*directory);
}

static int list_directory(struct listing *list, const char *path)
{
    cleanup_with(close_directory) DIR *directory = opendir(path);
    const struct dirent *entry;
    int r = 0;

    while (directory && r == 0 && (entry = readdir(directory)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            r = add_name(list, path, entry->d_name);
    return r;
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int learn_home_list(struct arena *arena, const char *home, const char *workspace, const char *const **ret_paths, struct error *err)
{
    char real[PATH_MAX];
    struct listing list = {.arena = arena, .home = home, .workspace = realpath(workspace ?: ".", real), .err = err};
    const char **end;
    int r = 0;

    for (size_t i = 0; i < ARRAY_COUNT(looked_into) && r == 0; i++) {
        const char *path = *looked_into[i] ? path_join(arena, home, looked_into[i]) : home;
        struct stat st;

        if (!path)
            return error_memory(err);
        if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode))
            r = list_directory(&list, path);
    }
    if (r < 0)
        return r;
    if (list.count)
        qsort(list.paths, list.count, sizeof(*list.paths), compare_paths);
    end = arena_append(arena, list.paths, list.count);
    if (!end)
        return error_memory(err);
    *end = NULL;
    *ret_paths = list.paths;
    return 0;
}
