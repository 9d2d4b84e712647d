/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a path as the caller wrote it to the directory and the object that it means, with the name that the container's
 * file tree has for them. The kernel resolves everything but the last component; a symbolic link at the end is followed
 * here, so that the patterns see where it leads. /proc/self means the caller, not the keeper.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/ioctl.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>

#include "tier/process/init/keeper.h"
#include "tier/process/init/view.h"

#define LINKS_MAX 40 /* as the kernel has it (MAXSYMLINKS) */

static void descriptor_close(int *fd)
{
    if (*fd >= 0)
        sys_call1(close, *fd);
    *fd = -1;
}

void place_leave(struct place *place)
{
    descriptor_close(&place->parent);
    descriptor_close(&place->object);
}

const char *place_again(int object, char text[24])
{
    string_append_number(text, text + 24, (uint64_t)object);
    return text;
}

long place_text(const struct keeper *keeper, int fd, char text[PATH_MAX])
{
    char again[24];
    long length = sys_call4(readlinkat, keeper->own, place_again(fd, again), text, PATH_MAX - 1);

    if (length < 0)
        return length;
    text[length] = '\0';
    return text[0] == '/' ? length : 0;
}

/* The same of a place's directory; in one without a name nothing is made. */
static long parent_name(const struct keeper *keeper, const struct place *place, char text[PATH_MAX])
{
    long length;

    if (place->parent != PARENT_HERE)
        length = place_text(keeper, place->parent, text);
    else
        length = sys_call2(getcwd, text, PATH_MAX);
    if (length < 0)
        return length;
    return length && text[0] == '/' ? length : keeper_refuses(-EACCES);
}

static int begins(const char *text, const char *with)
{
    while (*with && *text == *with)
        text++, with++;
    return !*with;
}

static int is_on_proc(const char *name)
{
    return begins(name, "/proc") && (!name[5] || name[5] == '/');
}

static long number_at(const char **text)
{
    long number = 0;

    if (**text < '0' || **text > '9')
        return -1;
    while (**text >= '0' && **text <= '9' && number < 1 << 28)
        number = number * 10 + (*(*text)++ - '0');
    return number;
}

/*
 * A directory of /proc as the caller has it. "self" led the keeper to itself (process 1): it means the caller, and so does
 * a "/proc/1" that the caller wrote, since nothing of process 1 is its to write. Other processes' entries are opened
 * where the caller may look into them. *fd is replaced.
 */
long place_take_proc(struct keeper *keeper, const struct call *call, char name[PATH_MAX], int *fd, int *ret_is_foreign)
{
    const char *rest = name + 5;
    char path[PATH_MAX] not_initialised, *end = path + sizeof(path), *at;
    long process, opened;

    if (*rest == '/')
        rest++;
    process = number_at(&rest);
    if (process < 0 || (*rest && *rest != '/'))
        return keeper_refuses(-EACCES); /* /proc itself, /proc/sys ...: nothing there is the program's to write */
    if (process == 1 && begins(rest, "/task/")) {
        rest += 6;
        number_at(&rest);
    }
    if (process == 1)
        process = call->tid;
    else if (process != (long)call->tid && caller_group_of(keeper, (uint32_t)process) == 1)
        return keeper_refuses(-EACCES); /* a thread of process 1 by its own number */
    else if (process != (long)call->tid && !caller_may_trace(keeper, call, process))
        return keeper_refuses(-EACCES);
    *ret_is_foreign = process != (long)call->tid;
    at = string_append_number(path, end, (uint64_t)process);
    string_append(at, end, rest);
    opened = sys_call4(openat, keeper->proc, path, O_PATH | O_CLOEXEC | O_NOFOLLOW, 0);
    if (opened < 0)
        return opened;
    descriptor_close(fd);
    *fd = (int)opened;
    return 0;
}

static long object_look(struct place *place)
{
    struct statx info;
    long status = sys_call5(statx, place->object, "", AT_EMPTY_PATH, STATX_TYPE | STATX_MODE, &info);

    if (status < 0)
        return status;
    place->mode = info.stx_mode;
    place->rdev = (uint64_t)info.stx_rdev_major << 32 | info.stx_rdev_minor;
    return 0;
}

/* The object is known by its descriptor alone: its own name is what counts. */
long place_name_object(struct keeper *keeper, const struct call *call, struct place *place)
{
    struct seen_name *seen = seen_now(keeper);
    char *name = seen->directory;
    long status = place_text(keeper, place->object, name);

    seen->is_resolved = status > 0;
    seen->name[0] = '\0';

    if (status == 0) /* no pattern can mean it */
        names_start(keeper->record, &place->at);
    else if (status > 0)
        status = view_names(keeper, call, place->object, name, &place->at);
    if (status == -EACCES && place->is_handed) { /* from outside: the caller may write it already */
        names_start(keeper->record, &place->at);
        place->is_outside = 1;
        status = 0;
    }
    descriptor_close(&place->parent);
    place->parent = PARENT_NONE;
    place->name[0] = '\0';
    if (status >= 0)
        status = object_look(place);
    seen->is_there = status >= 0;
    seen->mode = place->mode;
    return status;
}

/* Split `path` behind its last directory; slashes at its end are taken off and remembered. */
long place_split(char *path, struct place *place, const char **ret_directory)
{
    size_t length = string_length(path), start;

    place->has_slash = 0;
    while (length > 1 && path[length - 1] == '/') {
        path[--length] = '\0';
        place->has_slash = 1;
    }
    for (start = length; start && path[start - 1] != '/'; start--)
        ;
    if (length - start > NAME_MAX)
        return -ENAMETOOLONG;
    string_append(place->name, place->name + sizeof(place->name), path + start);
    if (!place->name[0])
        string_append(place->name, place->name + sizeof(place->name), "."); /* "/" */
    while (start > 1 && path[start - 1] == '/')
        start--;
    path[start] = '\0';
    *ret_directory = start ? path : ".";
    return 0;
}

int place_is_dots(const char *name)
{
    return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

/*
 * Calls that act on a name act on what lies below a mount there, wherever the keeper's own namespace has none: so what a
 * sandbox mounted must not be what is judged. The kernel says EBUSY to who sees a mount there.
 */
long place_open(int directory, const char *name, int is_bare)
{
    struct open_how how = {.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC, .resolve = is_bare ? RESOLVE_NO_XDEV : 0};
    long fd = sys_call4(openat2, directory, name, &how, sizeof(how));

    return is_bare && fd == -EXDEV ? -EBUSY : fd;
}

long place_look(struct place *place)
{
    long status;

    if (place->object >= 0)
        return 0;
    status = place_open(place->parent, place->name, place->is_bare);
    if (status < 0)
        return status == -ENOENT ? 0 : status;
    place->object = (int)status;
    return object_look(place);
}

/* The directory in which the path ends: relative to `from` (a link's directory), or to the caller's `start`. */
static long parent_take(struct keeper *keeper, const struct call *call, int from, int start, const char *directory,
                        int flags)
{
    struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                           .resolve = flags & PLACE_AGAIN ? RESOLVE_NO_MAGICLINKS : 0};

    if (from < 0)
        return caller_directory(keeper, call, start, directory, flags & PLACE_HERE);
    return sys_call4(openat2, from, directory, &how, sizeof(how));
}

/* The name of the directory; one of /proc is exchanged for the caller's. */
static long parent_settle(struct keeper *keeper, const struct call *call, int flags, struct place *place,
                          char name[PATH_MAX])
{
    long status = parent_name(keeper, place, name);

    if (status >= 0)
        status = view_check_own(keeper, place->parent, name);
    place->is_proc = status >= 0 && is_on_proc(name);
    if (!place->is_proc)
        return status;
    if (flags & PLACE_AGAIN) /* the kernel would go to the keeper's */
        return keeper_refuses(-EACCES);
    if (place->parent == PARENT_HERE)
        place->parent = PARENT_NONE;
    return place_take_proc(keeper, call, name, &place->parent, &place->is_foreign);
}

/* The directory, and the object if there is one and it is wanted. `path` is taken apart. */
static long place_enter(struct keeper *keeper, const struct call *call, int from, int start, char *path, int flags,
                        struct place *place)
{
    struct seen_name *seen = seen_now(keeper);
    char *name = seen->directory;
    struct names_at parent not_initialised;
    const char *directory;
    long status = place_split(path, place, &directory);

    seen->is_resolved = seen->is_there = 0;
    name[0] = '\0';
    if (status >= 0)
        status = parent_take(keeper, call, from, start, directory, flags);
    if (status < 0)
        return status;
    descriptor_close(&place->parent);
    place->parent = flags & PLACE_HERE ? PARENT_HERE : (int)status;
    status = parent_settle(keeper, call, flags, place, name);
    seen->is_resolved = name[0] == '/';
    string_append(seen->name, seen->name + sizeof(seen->name), place->name);
    if (status >= 0 && (place_is_dots(place->name) || !(flags & PLACE_NAME)))
        status = place_look(place);
    seen->is_there = place->object >= 0;
    seen->mode = place->mode;
    if (status < 0)
        return status;
    if (place_is_dots(place->name) && place->object >= 0)
        return place_name_object(keeper, call, place);
    names_walk(keeper->record, name, &parent);
    names_step(keeper->record, &parent, place->name, string_length(place->name), &place->at);
    return 0;
}

long place_follow_proc(struct keeper *keeper, const struct call *call, struct place *place)
{
    long object;

    place->is_read_only = !(place->mode & S_IWUSR);
    place->is_handed = !place->is_read_only && place->name[0] >= '0' && place->name[0] <= '9';
    if (place->is_foreign) /* the kernel asks for the right to trace when it follows the link */
        keeper_set_tracing(0);
    object = sys_call4(openat, place->parent, place->name, O_PATH | O_CLOEXEC, 0);
    if (place->is_foreign)
        keeper_set_tracing(1);
    if (object < 0)
        return object;
    descriptor_close(&place->object);
    place->object = (int)object;
    return place_name_object(keeper, call, place);
}

/* Through the symbolic link at the end; 1 when there is more to resolve. On /proc a link is the object (fd/1, cwd). */
static long link_follow(struct keeper *keeper, const struct call *call, struct place *place, char path[PATH_MAX],
                        int *from)
{
    long length;

    if (place->is_proc)
        return place_follow_proc(keeper, call, place);
    length = sticky_check_link(keeper, place->parent, place->object);
    if (length < 0)
        return length;
    length = sys_call4(readlinkat, place->object, "", path, PATH_MAX - 1);
    if (length < 0)
        return length;
    path[length] = '\0';
    descriptor_close(&place->object);
    descriptor_close(from);
    *from = place->parent;
    place->parent = PARENT_NONE;
    return length ? 1 : -ENOENT;
}

/* Names of /proc that would mean the keeper, in what the caller wrote and in the text of links, are made to mean the caller. */
static long self_replace(const struct call *call, char path[PATH_MAX])
{
    static const struct {
        const char *name, *rest;
    } rows[] = {{"/proc/self/", "/"}, {"/proc/thread-self/", "/"}, {"/dev/fd/", "/fd/"}};
    char replaced[PATH_MAX] not_initialised, *end = replaced + sizeof(replaced), *at;

    if (path[0] != '/' || (path[1] != 'p' && path[1] != 'd'))
        return 0;
    if (begins(path, "/proc/1/fd/")) /* the keeper is process 1, whose descriptors are not the caller's */
        return keeper_refuses(-EACCES);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!begins(path, rows[i].name))
            continue;
        at = string_append_number(string_append(replaced, end, "/proc/"), end, call->tid);
        at = string_append(at, end, rows[i].rest);
        at = string_append(at, end, path + string_length(rows[i].name));
        if (at + 1 == end) /* perhaps cut: another name */
            return -ENAMETOOLONG;
        string_append(path, path + PATH_MAX, replaced);
        return 0;
    }
    return 0;
}

static long place_resolve(struct keeper *keeper, const struct call *call, int start, char path[PATH_MAX], int flags,
                          struct place *place)
{
    int from = -1;
    long status = 1;

    for (int links = 0; links < LINKS_MAX && status > 0; links++) {
        status = self_replace(call, path);
        if (status == 0)
            status = place_enter(keeper, call, from, start, path, flags, place);
        if (status < 0 || flags & PLACE_NAME)
            break;
        if (place->object < 0)
            status = flags & PLACE_NEW ? 0 : -ENOENT;
        else if ((place->mode & S_IFMT) == S_IFLNK && (flags & PLACE_FOLLOW || place->has_slash))
            status = link_follow(keeper, call, place, path, &from);
    }
    descriptor_close(&from);
    return status > 0 ? -ELOOP : status;
}

static void place_empty(struct place *place)
{
    place->parent = PARENT_NONE;
    place->object = -1;
    place->has_slash = place->is_proc = place->is_foreign = place->is_read_only = place->is_handed = place->is_outside = 0;
    place->is_bare = 0;
    place->mode = 0;
}

/* Is it still the caller whose memory and directories were looked at? */
static long place_found(const struct keeper *keeper, const struct call *call, struct place *place, long status)
{
    if (status >= 0)
        status = sys_call3(ioctl, keeper->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &call->id);
    if (status < 0)
        place_leave(place);
    return status;
}

long place_find_again(struct keeper *keeper, const struct call *call, int from, const char *path, struct place *ret_place)
{
    char rest[PATH_MAX] not_initialised;

    place_empty(ret_place);
    seen_now(keeper)->from = AT_FDCWD;
    string_append(rest, rest + sizeof(rest), path);
    return place_found(keeper, call, ret_place,
                       place_enter(keeper, call, from, AT_FDCWD, rest, PLACE_AGAIN, ret_place));
}

long place_find(struct keeper *keeper, const struct call *call, int directory, const char *path, int flags,
                struct place *ret_place)
{
    char rest[PATH_MAX] not_initialised;
    struct place *place = ret_place;
    long status;

    place_empty(place);
    seen_now(keeper)->from = directory;
    if (*path) {
        string_append(rest, rest + sizeof(rest), path);
        status = keeper->view.is_foreign ? walk_find(keeper, call, directory, rest, flags, place)
                                         : place_resolve(keeper, call, directory, rest, flags, place);
    } else if (flags & PLACE_EMPTY) {
        status = caller_descriptor(keeper, call, directory);
        if (status >= 0) {
            place->object = (int)status;
            status = place_name_object(keeper, call, place);
        }
    } else {
        status = -ENOENT;
    }
    return place_found(keeper, call, place, status);
}
