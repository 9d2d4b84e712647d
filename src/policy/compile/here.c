/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other names that this machine has for what a proof is about: links on the way to it, mounts that show it elsewhere, and whether a
 * file has another hard link, wherever that is. System calls: lstat openat getdents read.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/glob.h"
#include "base/path.h"
#include "policy/compile/mounts.h"
#include "policy/facts.h"
#include "policy/prove.h"

#define NAMES_MAX 20000 /* looked at for hard links */

struct here {
    struct arena *arena;
    const char *pattern; /* as it is without links */
    const char *rest;    /* of it, behind what has no wildcard: "/x/y*", or "" */
    struct prove_here *names;
    struct error *err;
    size_t left;
};

static int add_name(struct here *here, const char *name)
{
    const char **slot;

    if (!name)
        return error_memory(here->err);
    slot = arena_append(here->arena, here->names->items, here->names->count);
    if (!slot)
        return error_memory(here->err);
    *slot = name;
    return 0;
}

/* What of it is not there stays as it is written. */
static const char *resolve(struct arena *arena, const char *path)
{
    char real[PATH_MAX], *copy = arena_string(arena, path);
    size_t length = copy ? strlen(copy) : 0;

    while (copy && length > 1) {
        copy[length] = '\0';
        if (realpath(copy, real))
            return arena_printf(arena, "%s%s", strcmp(real, "/") == 0 && path[length] ? "" : real, path + length);
        while (length > 1 && copy[--length] != '/')
            ;
    }
    return copy ? arena_string(arena, path) : NULL;
}

static int add_mounts(struct here *here, const char *real)
{
    struct mount_table table;
    const struct host_mount *home;
    const char *text, *alias;
    char *copy;
    int r = policy_read_mounts(here->arena, NULL, &text, here->err);

    if (r < 0)
        return r;
    copy = arena_string(here->arena, text);
    r = copy ? mounts_parse(here->arena, copy, &table, here->err) : error_memory(here->err);
    home = r < 0 || !table.has_aliases ? NULL : mounts_find(&table, real);
    for (size_t i = 0; home && i < table.count && r == 0; i++) {
        const struct host_mount *other = &table.mounts[i];

        r = mounts_alias(here->arena, home, real, other, &alias, here->err);
        if (r < 0 || !alias || other->is_kernel || mounts_find(&table, alias) != other)
            continue;
        /* a place of the mount that lies deeper than what is asked about: all of it is meant */
        r = add_name(here, arena_printf(here->arena, "%s%s", alias, strcmp(alias, other->point) == 0 ? "" : here->rest));
    }
    return r;
}

static void doubt(struct here *here, const char *format, const char *path)
{
    if (!here->names->doubt)
        here->names->doubt = arena_printf(here->arena, format, path);
}

/* One file of more than one name is enough of a doubt. */
static int look_for_links(struct here *here, const char *path, unsigned depth)
{
    auto_arena struct arena *scratch = arena_new();
    struct dirent *entry;
    DIR *directory;
    struct stat st;
    int r = 0;

    if (!scratch)
        return error_memory(here->err);
    if (lstat(path, &st) < 0) {
        if (errno != ENOENT && errno != ENOTDIR)
            doubt(here, "%s cannot be looked at, nor what else this machine calls it", path);
        return 0;
    }
    if (!S_ISDIR(st.st_mode)) {
        if (st.st_nlink > 1 && glob_covers(here->pattern, path))
            doubt(here, "%s has another name on this machine (a hard link), which may lie in what is granted", path);
        return 0;
    }
    directory = opendir(path);
    if (!directory || depth >= PATH_DEPTH_MAX)
        doubt(here, "%s cannot be looked through for files with another name (hard links)", path);
    while (directory && r == 0 && !here->names->doubt) {
        const char *below;

        errno = 0;
        entry = readdir(directory);
        if (!entry) {
            if (errno)
                doubt(here, "%s cannot be read to its end for files with another name (hard links)", path);
            break;
        }
        below = path_join(scratch, path, entry->d_name);
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (!below)
            r = error_memory(here->err);
        else if (!here->left--)
            doubt(here, "more lies in %s than is looked through for files with another name (hard links)", path);
        else
            r = look_for_links(here, below, depth + 1);
    }
    if (directory)
        closedir(directory);
    return r;
}

int prove_names_here(struct arena *arena, const char *pattern, struct prove_here *ret_names, struct error *err)
{
    struct prove_here names = {0};
    struct here here = {.arena = arena, .names = &names, .err = err, .left = NAMES_MAX};
    const char *literal = glob_literal_part(arena, pattern), *real = literal ? resolve(arena, literal) : NULL;
    int r;

    if (!real)
        return error_memory(err);
    here.rest = strcmp(literal, "/") == 0 ? pattern : pattern + strlen(literal);
    here.pattern = arena_printf(arena, "%s%s", strcmp(real, "/") == 0 && *here.rest ? "" : real, here.rest);
    if (!here.pattern)
        return error_memory(err);
    r = strcmp(real, literal) == 0 ? 0 : add_name(&here, here.pattern);
    if (r == 0)
        r = add_mounts(&here, real);
    if (r == 0)
        r = look_for_links(&here, real, 0);
    if (r == 0)
        *ret_names = names;
    return r;
}
