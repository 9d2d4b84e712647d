/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sandbox inside binds parts of the container's tree elsewhere and gives itself another root directory; what it changes
 * there changes the container's objects all the same. So an object is traced back: the mount that it was reached through
 * says which part of which file system it is, and the container's own mounts of that file system say what that part is
 * called. The name counts only when it leads to the same object. What cannot be traced back is refused.
 *
 * Mount namespaces change while this looks; a wrong name is found out by the comparison, and which file system a mount
 * shows never changes. The number of a mount that is gone is given to the next one, so numbers are looked up only while
 * the descriptor that they were asked of is open: it keeps its mount, and with it the number.
 */
#include "tier/process/init/view.h"

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/openat2.h>
#include <linux/poll.h>
#include <linux/stat.h>
#include <linux/time_types.h>

#include "tier/process/init/mounts.h"

struct identity {
    uint64_t device, inode, mount;
    uint32_t links;
};

#define GONE UINT64_MAX /* no mount's number */

static struct mounts own_mounts; /* those that are gone stay as rows, since what file system they showed is the host's */
static struct mounts other_mounts;

static long identity_of(int fd, const char *path, int flags, struct identity *ret_identity)
{
    struct statx info;
    long status = sys_call5(statx, fd, path, flags, STATX_INO | STATX_NLINK | STATX_MNT_ID, &info);

    if (status < 0)
        return status;
    if (!(info.stx_mask & STATX_MNT_ID))
        return -ENOSYS;
    *ret_identity = (struct identity){(uint64_t)info.stx_dev_major << 32 | info.stx_dev_minor, info.stx_ino,
                                      info.stx_mnt_id, info.stx_nlink};
    return 0;
}

static int is_same(const struct identity *a, const struct identity *b)
{
    return a->device == b->device && a->inode == b->inode;
}

void view_prepare(struct init *init, struct keeper *keeper)
{
    struct identity identity;
    long fd, status;

    keeper->view.root = keeper->view.own_news = -1;
    if (!keeper->is_nested)
        return;
    fd = init_need(init, sys_call4(openat, AT_FDCWD, "/proc/thread-self/mountinfo", O_RDONLY | O_CLOEXEC, 0), "open",
                   "/proc/thread-self/mountinfo");
    status = mounts_read(&own_mounts, fd);
    init_need(init, status, "read",
              status == -E2BIG ? "the container's mounts, which nested.namespaces needs; they are too many (8,192, 2 MiB of "
                                 "text): deny or grant directories instead of what is in them"
                               : "the container's mounts");
    sys_call1(close, fd);
    init_need(init, identity_of(AT_FDCWD, "/", 0, &identity), "stat", "/");
    keeper->view.own_root_mount = identity.mount;
    keeper->view.own_root_inode = identity.inode;
    init_need(init, identity_of(AT_FDCWD, "/proc/thread-self/ns/mnt", 0, &identity), "stat", "mount namespace");
    keeper->view.own_namespace = identity.inode;
    init_need(init, identity_of(AT_FDCWD, "/proc/thread-self/ns/user", 0, &identity), "stat", "user namespace");
    keeper->view.own_user_namespace = identity.inode;
}

/* -errno, or 1 when mounts may have gone since it was asked the last time. */
static long own_has_news(struct keeper *keeper)
{
    struct __kernel_timespec at_once = {0};
    struct pollfd polled = {.fd = keeper->view.own_news, .events = POLLPRI};
    long fd, news;

    if (polled.fd >= 0) {
        news = sys_call5(ppoll, &polled, 1, &at_once, 0, sizeof(uint64_t));
        return news == -EINTR ? 1 : news;
    }
    fd = sys_call4(openat, keeper->proc, "thread-self/mountinfo", O_RDONLY | O_CLOEXEC, 0);
    if (fd >= 0)
        keeper->view.own_news = (int)fd;
    return fd < 0 ? fd : 1;
}

/*
 * The host takes a mount away by replacing the file that it lies on. The program cannot, and nothing is ever added. The
 * kernel announces it before the number is free.
 */
static long own_refresh(struct keeper *keeper)
{
    long status = own_has_news(keeper);

    if (status <= 0)
        return status;
    status = sys_call3(lseek, keeper->view.own_news, 0, 0);
    if (status >= 0)
        status = mounts_read(&other_mounts, keeper->view.own_news);
    if (status < 0) {
        sys_call1(close, keeper->view.own_news); /* once more for the next call */
        keeper->view.own_news = -1;
        return status;
    }
    for (uint32_t i = 0; i < own_mounts.count; i++)
        if (!mounts_find(&other_mounts, own_mounts.rows[i].id))
            own_mounts.rows[i].id = GONE;
    return 0;
}

/* Is it one of the container's own mounts? The caller holds a descriptor of it. */
static int is_own_mount(struct keeper *keeper, uint64_t id)
{
    return mounts_find(&own_mounts, id) && own_refresh(keeper) == 0 && mounts_find(&own_mounts, id);
}

int view_is_own(struct keeper *keeper, int fd)
{
    struct identity identity;

    return identity_of(fd, "", AT_EMPTY_PATH, &identity) == 0 && is_own_mount(keeper, identity.mount);
}

static void caller_path(const struct call *call, const char *rest, char path[48])
{
    string_append(string_append_number(path, path + 48, call->tid), path + 48, rest);
}

long view_enter(struct keeper *keeper, const struct call *call)
{
    struct view *view = &keeper->view;
    struct identity namespace, root;
    char path[48];
    long status;

    view->is_foreign = 0;
    if (!keeper->is_nested)
        return 0;
    caller_path(call, "/ns/mnt", path);
    status = identity_of(keeper->proc, path, 0, &namespace);
    if (status < 0)
        return status;
    caller_path(call, "/root", path);
    status = sys_call4(openat, keeper->proc, path, O_PATH | O_CLOEXEC, 0);
    if (status < 0)
        return status;
    view->root = (int)status;
    status = identity_of(view->root, "", AT_EMPTY_PATH, &root);
    if (status < 0)
        return status;
    view->root_mount = root.mount;
    view->root_inode = root.inode;
    view->is_foreign = namespace.inode != view->own_namespace || root.mount != view->own_root_mount ||
                       root.inode != view->own_root_inode;
    return 0;
}

void view_leave(struct keeper *keeper)
{
    if (keeper->view.root >= 0)
        sys_call1(close, keeper->view.root);
    keeper->view.root = -1;
}

int view_is_root(const struct keeper *keeper, int fd)
{
    struct identity identity;

    return identity_of(fd, "", AT_EMPTY_PATH, &identity) == 0 && identity.mount == keeper->view.root_mount &&
           identity.inode == keeper->view.root_inode;
}

/* What has lost its last name, or never had one, is covered by no pattern. */
static int is_nameless(const struct identity *identity, const char *text)
{
    return text[0] != '/' || !identity->links;
}

long view_check_own(struct keeper *keeper, int fd, const char *text)
{
    struct identity identity;
    long status;

    if (!keeper->is_nested)
        return 0;
    status = identity_of(fd, "", AT_EMPTY_PATH, &identity);
    if (status < 0)
        return status;
    return is_nameless(&identity, text) || is_own_mount(keeper, identity.mount) ? 0 : keeper_refuses(-EACCES);
}

/* What of `path` lies below `tree`, with its slash, or 0. */
static const char *path_below(const char *path, const char *tree)
{
    if (!tree[1])
        return path[1] ? path : path + 1; /* "/" */
    while (*tree && *path == *tree)
        path++, tree++;
    return !*tree && (!*path || *path == '/') ? path : 0;
}

static long join(char to[PATH_MAX], const char *tree, const char *rest)
{
    char *end = to + PATH_MAX, *at = string_append(to, end, tree[1] || !*rest ? tree : "");

    at = string_append(at, end, rest);
    return at + 1 == end ? -ENAMETOOLONG : 0;
}

/* The part of its file system that the object is: from its name in the sandbox and where its mount is there. */
static long part_of(struct keeper *keeper, const struct mount_row *row, const char *text, char part[PATH_MAX])
{
    char root[PATH_MAX] not_initialised, point[PATH_MAX] not_initialised;
    const char *rest;
    long status = place_text(keeper, keeper->view.root, root);

    if (status <= 0)
        return status < 0 ? status : keeper_refuses(-EACCES);
    status = row->point[1] || !root[1] ? join(point, root, row->point[1] ? row->point : "") : join(point, root, "");
    if (status < 0)
        return status;
    rest = path_below(text, point);
    return rest ? join(part, row->root, rest) : keeper_refuses(-EACCES);
}

/* O_PATH of that in the container's own tree, if it is the same object. */
static long open_there(const char *name, const struct identity *identity)
{
    struct open_how how = {.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
                           .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    struct identity found;
    long fd = sys_call4(openat2, AT_FDCWD, name, &how, sizeof(how));

    if (fd < 0)
        return fd;
    if (identity_of((int)fd, "", AT_EMPTY_PATH, &found) == 0 && is_same(&found, identity))
        return fd;
    sys_call1(close, fd);
    return -ENOENT;
}

static int is_there(const char *name, const struct identity *identity)
{
    long fd = open_there(name, identity);

    if (fd >= 0)
        sys_call1(close, fd);
    return fd >= 0;
}

/* Read anew for each object: of what was read for another, numbers may mean other mounts by now. */
static const struct mount_row *other_row(struct keeper *keeper, const struct call *call, uint64_t id)
{
    char path[48];
    long fd, status;

    caller_path(call, "/mountinfo", path);
    fd = sys_call4(openat, keeper->proc, path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return 0;
    status = mounts_read(&other_mounts, fd);
    sys_call1(close, fd);
    return status < 0 ? 0 : mounts_find(&other_mounts, id);
}

static int is_own_device(uint64_t device)
{
    for (uint32_t i = 0; i < own_mounts.count; i++)
        if (own_mounts.rows[i].device == device)
            return 1;
    return 0;
}

void view_join(struct names_at *at, const struct names_at *other)
{
    for (size_t i = 0; i < NAMES_WORDS; i++)
        at->live[i] |= other->live[i];
    at->kinds |= other->kinds;
}

static void names_none(struct names_at *at)
{
    memset(at, 0, sizeof(*at));
}

/* Under each name that the container has for the part; the first one alone where nobody asks for patterns. */
static long part_names(struct keeper *keeper, const struct mount_row *row, const char *text,
                       const struct identity *identity, char name[PATH_MAX], struct names_at *at)
{
    char part[PATH_MAX] not_initialised;
    struct names_at here not_initialised;
    int is_found = 0;
    long status = part_of(keeper, row, text, part);

    for (uint32_t i = 0; i < own_mounts.count && status == 0 && (at || !is_found); i++) {
        const struct mount_row *own = &own_mounts.rows[i];
        const char *rest = own->device == row->device ? path_below(part, own->root) : 0;

        if (!rest || join(name, own->point, rest) < 0 || !is_there(name, identity))
            continue;
        is_found = 1;
        if (at) {
            names_walk(keeper->record, name, &here);
            view_join(at, &here);
        }
    }
    return status < 0 ? status : is_found ? 0 : keeper_refuses(-EACCES);
}

static long trace(struct keeper *keeper, const struct call *call, int fd, const char *text, char name[PATH_MAX],
                  struct names_at *at)
{
    const struct mount_row *row;
    struct identity identity;
    long status = identity_of(fd, "", AT_EMPTY_PATH, &identity);

    if (status < 0)
        return status;
    if (at)
        names_none(at);
    if (is_nameless(&identity, text))
        return 1;
    if (is_own_mount(keeper, identity.mount)) {
        string_append(name, name + PATH_MAX, text);
        if (at)
            names_walk(keeper->record, name, at);
        return 0;
    }
    row = keeper->view.is_foreign ? other_row(keeper, call, identity.mount) : 0;
    if (!row)
        return keeper_refuses(-EACCES);
    return is_own_device(row->device) ? part_names(keeper, row, text, &identity, name, at) : 1;
}

long view_name(struct keeper *keeper, const struct call *call, int fd, const char *text, char name[PATH_MAX])
{
    return trace(keeper, call, fd, text, name, 0);
}

long view_names(struct keeper *keeper, const struct call *call, int fd, const char *text, struct names_at *ret_at)
{
    char name[PATH_MAX] not_initialised;
    long status;

    if (!keeper->is_nested) {
        names_walk(keeper->record, text, ret_at);
        return 0;
    }
    status = trace(keeper, call, fd, text, name, ret_at);
    return status < 0 ? status : 0;
}

/* The name that it has in the container's own tree; -ENOENT = none. */
static long own_name(struct keeper *keeper, const struct call *call, int fd, char name[PATH_MAX])
{
    char text[PATH_MAX] not_initialised;
    long status = place_text(keeper, fd, text);

    if (status > 0)
        status = view_name(keeper, call, fd, text, name);
    else if (status == 0)
        status = 1;
    return status > 0 ? -ENOENT : status;
}

long view_open(struct keeper *keeper, const struct call *call, int fd)
{
    char name[PATH_MAX] not_initialised;
    struct identity identity;
    long status = identity_of(fd, "", AT_EMPTY_PATH, &identity);

    if (status >= 0)
        status = own_name(keeper, call, fd, name);
    return status < 0 ? status : open_there(name, &identity);
}

long view_open_parent(struct keeper *keeper, const struct call *call, int fd)
{
    struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                           .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    char name[PATH_MAX] not_initialised;
    long length = own_name(keeper, call, fd, name);

    if (length < 0)
        return length;
    for (length = (long)string_length(name); length > 1 && name[length - 1] != '/'; length--)
        ;
    name[length] = '\0';
    return sys_call4(openat2, AT_FDCWD, name, &how, sizeof(how));
}
