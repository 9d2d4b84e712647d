/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a path leads that leads nowhere, or to what is denied. What lies in directories of the plan's own may be there outside,
 * where the policy hides it; whoever records it asks the host. In a tree of the host's own it is absent outside as well, and nobody
 * needs to be told.
 */
#include <asm/statfs.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/magic.h>

#include "tier/process/init/keeper.h"

#define PARTS_MAX 64

/* Skeleton, private directories, and what is served or laid over: a tree that is granted is none, but for a tmpfs of the host's. */
static int is_of_plan(const struct place *place)
{
    struct statfs mounted;

    if (place->parent < 0 || sys_call2(fstatfs, place->parent, &mounted) < 0)
        return 0;
    return mounted.f_type == TMPFS_MAGIC || mounted.f_type == FUSE_SUPER_MAGIC || mounted.f_type == OVERLAYFS_SUPER_MAGIC;
}

/* Take the last component off. 0 = there is none left. */
static int part_cut(char *path)
{
    size_t length = string_length(path);

    while (length && path[length - 1] == '/')
        length--;
    while (length && path[length - 1] != '/')
        length--;
    while (length > 1 && path[length - 1] == '/')
        length--;
    path[length] = '\0';
    return length && (length > 1 || path[0] != '/');
}

/* `path` becomes where the link that is seen now leads, and `rest` behind it. 0 = that is too long. */
static int link_expand(const struct seen_name *name, int link, const char *rest, char path[PATH_MAX])
{
    char text[PATH_MAX] not_initialised, behind[PATH_MAX] not_initialised, *end = path + PATH_MAX, *at = path;
    long length = sys_call4(readlinkat, link, "", text, PATH_MAX - 1);

    if (length <= 0)
        return 0;
    text[length] = '\0';
    string_append(behind, behind + sizeof(behind), rest);
    if (text[0] != '/')
        at = string_append(string_append(at, end, name->directory), end, "/");
    at = string_append(string_append(at, end, text), end, behind);
    return at + 1 < end;
}

/*
 * From the whole of the path to its beginning, for the last name that can be looked for; a link that leads nowhere, or to what is
 * denied, is replaced with where it leads. 0 = found, in `ret_place` and in what is seen now, whether or not something is there;
 * `path` is the whole then, of which *ret_length was found.
 */
static long last_find(struct keeper *keeper, const struct call *call, int from, char path[PATH_MAX], int is_followed,
                      size_t *ret_length, struct place *ret_place)
{
    char part[PATH_MAX] not_initialised;
    int is_whole = 1;
    long status;

    string_append(part, part + sizeof(part), path);
    for (int i = 0; i < PARTS_MAX; i++) {
        status = place_find(keeper, call, from, part, PLACE_NEW, ret_place);
        *ret_length = string_length(part);
        if (status == 0 && ret_place->object < 0)
            return 0;
        if (status == 0) {
            int is_link = (ret_place->mode & S_IFMT) == S_IFLNK && (is_followed || !is_whole) && seen_now(keeper)->is_resolved;
            int is_new = is_link && link_expand(seen_now(keeper), ret_place->object, path + *ret_length, path);

            if (!is_new)
                return 0;
            place_leave(ret_place);
            string_append(part, part + sizeof(part), path);
            is_whole = 1;
            continue;
        }
        if ((status != -ENOENT && status != -ENOTDIR && status != -EACCES) || !part_cut(part))
            return status;
        is_whole = 0;
    }
    return -ELOOP;
}

/* The name seen becomes that place, and behind it what the path says then. */
static int name_make(struct seen_name *name, const char *rest)
{
    char *end = name->directory + sizeof(name->directory), *at = name->directory + string_length(name->directory);

    if (!name->is_resolved)
        return 0;
    while (*rest == '/')
        rest++;
    if (!*rest)
        return 1;
    if (at > name->directory + 1)
        at = string_append(at, end, "/");
    at = string_append(string_append(string_append(at, end, name->name), end, "/"), end, rest);
    name->name[0] = '\0';
    return at + 1 < end;
}

/*
 * What is seen of name `which` becomes where it leads. With `only_absent` that must be a name that is not there in a directory of
 * the plan's own, with `is_made` one that is not to be made by the call. What the call was judged by stays.
 */
static int name_find(struct keeper *keeper, const struct call *call, uint32_t which, int is_followed, int only_absent, int is_made)
{
    char path[PATH_MAX] not_initialised;
    struct seen *seen = &keeper->seen;
    struct seen_name *name = &seen->names[which];
    uint32_t count = seen->count, layer = seen->layer;
    long decided = seen->decided;
    struct place place not_initialised;
    int is_found = 0, from = name->from;
    size_t length;

    if (keeper->view.is_foreign || !name->named[0])
        return 0;
    string_append(path, path + sizeof(path), name->named);
    seen->count = which + 1;
    if (last_find(keeper, call, from, path, is_followed, &length, &place) == 0) {
        while (path[length] == '/')
            length++;
        is_found = !only_absent || (place.object < 0 && (!is_made || path[length]) && is_of_plan(&place));
        is_found = is_found && name_make(name, path + length);
        place_leave(&place);
    }
    name->from = from;
    seen->count = count;
    seen->decided = decided;
    seen->layer = layer;
    return is_found;
}

int absent_is_of_plan(struct keeper *keeper, const struct call *call, uint32_t which, int is_followed, int is_made)
{
    return name_find(keeper, call, which, is_followed, 1, is_made);
}

void refused_find(struct keeper *keeper, const struct call *call, uint32_t which, int is_followed)
{
    if (!name_find(keeper, call, which, is_followed, 0, 0))
        keeper->seen.names[which].is_resolved = 0;
}
