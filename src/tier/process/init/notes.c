/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the caller of the container looks at when it has ended: directories in which a noted name was made or changed. The
 * parent is told at once, with a descriptor of the directory, which stays right whatever is renamed afterwards and is not
 * lost when the container is killed. Where the kernel passes no descriptor on, since all processes of one user share the
 * limit, the parent is told that there was more; what cannot be told at all is not done.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>

#include "tier/process/init/view.h"

/* Of the parts of a repository, the one that is about to be made may be missing. */
static int is_repository(int directory)
{
    static const char *const parts[] = {"config", "objects", "refs"};
    int there = 0;

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        struct statx info;

        there += sys_call5(statx, directory, parts[i], AT_SYMLINK_NOFOLLOW, STATX_TYPE, &info) >= 0;
    }
    return there >= 2;
}

static long tell(const struct keeper *keeper, uint32_t kind, int directory)
{
    struct message message = {.type = MESSAGE_NOTED, .kind = kind};
    long status = message_send(keeper->control, &message, directory);

    if (status == -EPIPE || status == -ECONNRESET)
        sys_call1(exit_group, 125); /* the parent is gone */
    return status;
}

static long tell_more(struct keeper *keeper)
{
    long status = keeper->has_more_notes ? 0 : tell(keeper, RECORD_NOTE_MORE, -1);

    if (status == 0)
        keeper->has_more_notes = 1;
    return status;
}

static int is_noted(const struct keeper *keeper, const struct noted *noted)
{
    for (uint32_t i = 0; i < keeper->noted_count; i++)
        if (keeper->noted[i].inode == noted->inode && keeper->noted[i].device == noted->device &&
            keeper->noted[i].kind == noted->kind)
            return 1;
    return 0;
}

static long note(struct keeper *keeper, int directory, uint32_t kind)
{
    struct noted noted = {.kind = kind};
    struct statx info;

    if (sys_call5(statx, directory, "", AT_EMPTY_PATH, STATX_INO, &info) < 0)
        return tell_more(keeper);
    noted.device = (uint64_t)info.stx_dev_major << 32 | info.stx_dev_minor;
    noted.inode = info.stx_ino;
    if (is_noted(keeper, &noted))
        return 0;
    if (keeper->noted_count == RECORD_NOTES_MAX || tell(keeper, kind, directory) < 0)
        return tell_more(keeper);
    keeper->noted[keeper->noted_count++] = noted;
    return 0;
}

/* The directory of a place whose object is known by a descriptor alone: the name that it has now tells. */
static long directory_by_name(const struct keeper *keeper, int object)
{
    char path[PATH_MAX] not_initialised, again[24];
    long length = sys_call4(readlinkat, keeper->own, place_again(object, again), path, sizeof(path) - 1);

    while (length > 0 && path[length - 1] != '/')
        length--;
    if (length <= 0)
        return -ENOENT;
    path[length] = '\0';
    return sys_call4(openat, AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
}

/*
 * Where a sandbox acts on an object, that may come from another directory than the one in which it is mounted. And the
 * parent gets no descriptor of a sandbox's mounts: those on names in it would stay with it, and hide what it shall look at.
 */
static long directory_elsewhere(struct keeper *keeper, const struct call *call, const struct place *place)
{
    long directory = -ENOENT;

    if (place->object >= 0 && !place->is_bare)
        directory = view_open_parent(keeper, call, place->object);
    if (directory == -ENOENT && place->parent != PARENT_NONE)
        directory = view_open(keeper, call, place->parent);
    return directory;
}

static long directory_of(struct keeper *keeper, const struct call *call, const struct place *place)
{
    if (keeper->view.is_foreign)
        return directory_elsewhere(keeper, call, place);
    if (place->parent != PARENT_NONE)
        return sys_call4(openat, place->parent, ".", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    return directory_by_name(keeper, place->object);
}

long notes_take(struct keeper *keeper, const struct call *call, const struct place *place)
{
    long directory, status = 0;

    changes_take(keeper, call, place);
    if (!(place->at.kinds & (RECORD_NAME_NOTED | RECORD_NAME_PART)))
        return 0;
    directory = directory_of(keeper, call, place);
    if (directory < 0)
        return tell_more(keeper);
    if (place->at.kinds & RECORD_NAME_NOTED)
        status = note(keeper, (int)directory, RECORD_NOTE_NAME);
    if (status == 0 && place->at.kinds & RECORD_NAME_PART && is_repository((int)directory))
        status = note(keeper, (int)directory, RECORD_NOTE_PARTS);
    sys_call1(close, directory);
    return status;
}
