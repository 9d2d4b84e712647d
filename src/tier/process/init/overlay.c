/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A granted directory of a reviewed run: what the program changes goes to a directory of the run's own, and the host's is
 * only read. What the plan checked of the objects in it are the host's, which the new mount shows under numbers of its own:
 * they are looked at where they lie.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/limits.h>
#include <linux/stat.h>

#include <asm/statfs.h>

#include "base/error.h"
#include "tier/process/init/init.h"

#define MOUNTED_READ_ONLY 0x0001 /* ST_RDONLY */
#define MOUNTED_NOEXEC    0x0008 /* ST_NOEXEC */
#define NAME_SIZE         64

static struct {
    const char *target;
    int source; /* O_PATH, of the host */
} overlays[RECORD_REVIEWED_MAX];
static uint32_t overlay_count;

/* By number, since a path with a comma or a colon is none to the mount's options. */
static void name_of(int fd, char name[NAME_SIZE])
{
    char *end = name + NAME_SIZE;

    string_append_number(string_append(name, end, "/proc/self/fd/"), end, (uint64_t)fd);
}

static int part_open(struct init *init, const char *which)
{
    struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
                           .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    const char *directory = init_string(init, init->record->review);
    char path[PATH_MAX] not_initialised, *end = path + sizeof(path), *at;

    at = string_append(string_append(path, end, directory), end, "/");
    at = string_append(string_append_number(at, end, overlay_count), end, which);
    if (at + 1 >= end)
        init_fail(init, "open", directory, ENAMETOOLONG);
    return (int)init_need(init, sys_call4(openat2, AT_FDCWD, path, &how, sizeof(how)), "open", path);
}

int overlay_open(struct init *init, int source, uint64_t attributes, const char *target)
{
    char lower[NAME_SIZE], upper[NAME_SIZE], work[NAME_SIZE];
    const char *options[] = {"lowerdir", lower, "upperdir", upper, "workdir", work, "userxattr", 0, 0};
    struct statfs mounted;
    int parts[2];
    long fd;

    if (!init->record->review || overlay_count == RECORD_REVIEWED_MAX)
        init_fail(init, "understand the mount of", target, EBADMSG);
    init_need(init, sys_call2(fstatfs, source, &mounted), "examine", target);
    attributes |= mounted.f_flags & MOUNTED_READ_ONLY ? MOUNT_ATTR_RDONLY : 0;
    attributes |= mounted.f_flags & MOUNTED_NOEXEC ? MOUNT_ATTR_NOEXEC : 0;
    parts[0] = part_open(init, "/upper");
    parts[1] = part_open(init, "/work");
    name_of(source, lower);
    name_of(parts[0], upper);
    name_of(parts[1], work);
    fd = tree_new_mount("overlay", options, attributes);
    if (fd < 0) {
        init->error_kind = ERROR_UNENFORCEABLE;
        init_fail(init, "keep changes for --review (overlay in a user namespace, kernel 5.11; --review-dir says where) of",
                  target, -fd);
    }
    sys_call1(close, parts[0]);
    sys_call1(close, parts[1]);
    overlays[overlay_count].target = target;
    overlays[overlay_count++].source = source;
    return (int)fd;
}

/* What of `path` lies below `tree`, or 0. */
static const char *below(const char *path, const char *tree)
{
    while (*tree && *path == *tree)
        path++, tree++;
    return !*tree && *path == '/' && path[1] ? path + 1 : 0;
}

int overlay_find(const char *target)
{
    struct open_how how = {.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    const char *rest = 0;
    int source = -1;

    for (uint32_t i = 0; i < overlay_count; i++) {
        const char *here = below(target, overlays[i].target);

        if (here && (!rest || here > rest)) {
            rest = here;
            source = overlays[i].source;
        }
    }
    return rest ? (int)sys_call4(openat2, source, rest, &how, sizeof(how)) : -ENOENT;
}

void overlay_end(void)
{
    while (overlay_count)
        sys_call1(close, overlays[--overlay_count].source);
}
