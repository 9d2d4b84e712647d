/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bind() and connect(). A socket file that was not made inside is a service of the host, even in a tree that is granted:
 * it is connected to only when the policy names it in `unixSockets`, that is, when it is a mount of its own.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/ioctl.h>
#include <linux/netlink.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <linux/socket.h>
#include <linux/stat.h>
#include <linux/un.h>

#include "tier/process/init/view.h"

#define AF_UNIX_FAMILY    1 /* <sys/socket.h> belongs to a C library */
#define AF_NETLINK_FAMILY 16
#define LEVEL_SOCKET      1
#define OPTION_TYPE       3
#define TYPE_DATAGRAM     2
#define PIDFD_OF_THREAD   O_EXCL /* 6.9 */

union socket_name {
    struct {
        uint16_t family;
        char path[UNIX_PATH_MAX + 1];
    } local;
    struct sockaddr_nl netlink;
    char bytes[SOCKET_NAME_MAX + 1]; /* and a zero behind it */
};

static long name_copy(const struct call *call, union socket_name *name, size_t *ret_length)
{
    size_t length = (uint32_t)call->args[2];

    memset(name, 0, sizeof(*name));
    if (length > SOCKET_NAME_MAX)
        return -EINVAL;
    *ret_length = length;
    return caller_bytes(call, call->args[1], name, length);
}

static int is_named(const union socket_name *name, size_t length)
{
    return length > sizeof(name->local.family) && name->local.family == AF_UNIX_FAMILY && name->local.path[0];
}

/* The caller's own socket, which stays the one that is meant whatever number the caller gives another. */
static long caller_socket(const struct keeper *keeper, const struct call *call, int fd)
{
    long socket, process = sys_call2(pidfd_open, call->tid, PIDFD_OF_THREAD), valid;

    if (process < 0) {
        long group = caller_group(keeper, call);

        process = group < 0 ? group : sys_call2(pidfd_open, group, 0);
    }
    if (process < 0)
        return process;
    socket = sys_call3(pidfd_getfd, process, fd, 0);
    sys_call1(close, process);
    valid = sys_call3(ioctl, keeper->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &call->id);
    if (socket >= 0 && valid < 0) { /* another process has the number by now */
        sys_call1(close, socket);
        return valid;
    }
    return socket;
}

/* As it was written, from the directory that was judged, so that it has the name that the caller gave. */
static long bind_from(int directory, int socket, const void *name, size_t length)
{
    long status = sys_call1(fchdir, directory);

    if (status >= 0)
        status = sys_call3(bind, socket, name, length);
    sys_call1(chdir, "/");
    return status;
}

static long socket_look(int object, struct known_socket *ret_socket)
{
    struct statx info;
    long status = sys_call5(statx, object, "", AT_EMPTY_PATH, STATX_TYPE | STATX_INO, &info);

    if (status < 0)
        return status;
    if ((info.stx_mode & S_IFMT) != S_IFSOCK)
        return -ENOTSOCK;
    *ret_socket = (struct known_socket){(uint64_t)info.stx_dev_major << 32 | info.stx_dev_minor, info.stx_ino, object};
    return 0;
}

/* Those that have no name any more need not be known. */
static void sockets_forget(struct keeper *keeper)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < keeper->socket_count; i++) {
        struct statx info = {0};

        if (sys_call5(statx, keeper->sockets[i].object, "", AT_EMPTY_PATH, STATX_NLINK, &info) == 0 && info.stx_nlink)
            keeper->sockets[kept++] = keeper->sockets[i];
        else
            sys_call1(close, keeper->sockets[i].object);
    }
    keeper->socket_count = kept;
}

/*
 * The host may have put another in its place by now, but the program cannot: all its calls that change names wait here, and
 * what a sandbox mounts on the name meanwhile is not entered. One that is not remembered is not connected to.
 */
static void socket_remember(struct keeper *keeper, const struct place *place)
{
    struct open_how how = {.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
                           .resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    struct known_socket made;
    long object = sys_call4(openat2, place->parent, place->name, &how, sizeof(how));

    if (object < 0)
        return;
    if (socket_look((int)object, &made) < 0) {
        sys_call1(close, object);
        return;
    }
    if (keeper->socket_count == KEEPER_SOCKETS)
        sockets_forget(keeper);
    if (keeper->socket_count < KEEPER_SOCKETS) {
        keeper->sockets[keeper->socket_count++] = made;
        return;
    }
    sys_call1(close, keeper->sockets[keeper->socket_oldest].object);
    keeper->sockets[keeper->socket_oldest] = made;
    keeper->socket_oldest = (keeper->socket_oldest + 1) % KEEPER_SOCKETS;
}

/*
 * The kernel resolves the path once more, which leads to the directory that was judged as long as no mount on the way can
 * change: not from a sandbox's directory.
 */
static long bind_here(struct keeper *keeper, const struct call *call, int socket, const union socket_name *name,
                      size_t length)
{
    struct place place = {.parent = PARENT_NONE, .object = -1};
    long from = caller_descriptor(keeper, call, AT_FDCWD), status;

    if (from < 0)
        return from;
    if (keeper->is_nested && name->local.path[0] != '/' && !view_is_own(keeper, (int)from))
        status = keeper_refuses(-EACCES);
    else
        status = place_find_again(keeper, call, (int)from, name->local.path, &place);
    if (status == 0)
        status = place.object >= 0 ? -EADDRINUSE : place_check(keeper, &place);
    if (status == 0)
        status = notes_take(keeper, call, &place);
    if (status == 0) {
        caller_take_mask(keeper, call);
        status = bind_from((int)from, socket, name, length);
    }
    if (status == 0)
        socket_remember(keeper, &place);
    place_leave(&place);
    sys_call1(close, from);
    return status;
}

/*
 * The same below a root directory of the caller's own, where the kernel would not find the path again: by the name in its
 * directory, which is then what getsockname() says.
 */
static long bind_elsewhere(struct keeper *keeper, const struct call *call, int socket, union socket_name *name)
{
    struct place place not_initialised;
    long status = place_find(keeper, call, AT_FDCWD, name->local.path, PLACE_NEW, &place);

    if (status < 0)
        return status;
    if (place.object >= 0 || place.parent < 0)
        status = -EADDRINUSE;
    else
        status = place_check(keeper, &place);
    if (status == 0 && string_length(place.name) >= UNIX_PATH_MAX)
        status = -ENAMETOOLONG;
    if (status == 0)
        status = notes_take(keeper, call, &place);
    if (status == 0) {
        caller_take_mask(keeper, call);
        string_append(name->local.path, name->local.path + sizeof(name->local.path), place.name);
        status = bind_from(place.parent, socket, name, sizeof(name->local.family) + string_length(name->local.path) + 1);
    }
    if (status == 0)
        socket_remember(keeper, &place);
    place_leave(&place);
    return status;
}

/* Without a number of its own a netlink socket gets its process's, which programs expect in the answers. */
static void netlink_number(const struct keeper *keeper, const struct call *call, struct sockaddr_nl *name)
{
    long group = caller_group_inside(keeper, call);

    if (name->nl_family == AF_NETLINK_FAMILY && !name->nl_pid && group > 0)
        name->nl_pid = (uint32_t)group;
}

/* Another thread's socket may have the number already: then the kernel finds one. */
static long bind_nameless(struct keeper *keeper, const struct call *call, int socket, union socket_name *name, size_t length)
{
    struct sockaddr_nl *netlink = &name->netlink;
    uint32_t asked = netlink->nl_pid;
    long status;

    if (length >= sizeof(*netlink))
        netlink_number(keeper, call, netlink);
    status = sys_call3(bind, socket, name, length);
    if (status != -EADDRINUSE || netlink->nl_pid == asked || length < sizeof(*netlink))
        return status;
    netlink->nl_pid = asked;
    return sys_call3(bind, socket, name, length);
}

static long bind_socket(struct keeper *keeper, const struct call *call)
{
    union socket_name name not_initialised;
    size_t length = 0;
    long status = name_copy(call, &name, &length), socket;

    if (status < 0)
        return status;
    socket = caller_socket(keeper, call, (int)call->args[0]);
    if (socket < 0)
        return socket;
    if (is_named(&name, length)) {
        char *named = seen_next(keeper);

        string_append(named, named + PATH_MAX, name.local.path);
    }
    if (!is_named(&name, length))
        status = bind_nameless(keeper, call, (int)socket, &name, length);
    else if (keeper->view.is_foreign)
        status = bind_elsewhere(keeper, call, (int)socket, &name);
    else
        status = bind_here(keeper, call, (int)socket, &name, length);
    sys_call1(close, socket);
    return status;
}

/* Does the policy name it, or was it made inside? */
static int is_granted(const struct keeper *keeper, const struct known_socket *socket)
{
    const struct record_mount *mounts = (const void *)((const char *)keeper->record + keeper->record->mounts);

    for (uint32_t i = 0; i < keeper->record->mount_count; i++)
        if (mounts[i].flags & RECORD_SOCKET && mounts[i].device == socket->device && mounts[i].inode == socket->inode)
            return 1;
    for (uint32_t i = 0; i < keeper->socket_count; i++)
        if (keeper->sockets[i].device == socket->device && keeper->sockets[i].inode == socket->inode)
            return 1;
    return 0;
}

/* What is no socket, the kernel refuses. The object that was judged is what is connected to. */
static long object_take(struct keeper *keeper, const struct call *call, union socket_name *name, size_t *length,
                        int *ret_object)
{
    char *end = name->local.path + sizeof(name->local.path), *at;
    struct known_socket socket = {0};
    struct place place not_initialised;
    char *named = seen_next(keeper);
    long status;

    string_append(named, named + PATH_MAX, name->local.path);
    status = place_find(keeper, call, AT_FDCWD, named, PLACE_FOLLOW, &place);
    if (status < 0)
        return status;
    status = place.has_slash ? -ENOTDIR : socket_look(place.object, &socket);
    if (status == -ENOTSOCK)
        status = -ECONNREFUSED;
    if (status == 0 && !is_granted(keeper, &socket))
        status = keeper_refuses(-EACCES);
    if (status == 0) {
        at = string_append_number(string_append(name->local.path, end, "/proc/thread-self/fd/"), end,
                                  (uint64_t)place.object);
        *length = (size_t)(at + 1 - name->bytes);
        *ret_object = place.object;
        place.object = -1;
    }
    place_leave(&place);
    return status;
}

/* Without standing still; what must go on later is -EAGAIN, unless the caller would not wait either. */
static long connect_once(int socket, const union socket_name *name, size_t length)
{
    long flags = sys_call3(fcntl, socket, F_GETFL, 0), status;
    int is_waiting = flags >= 0 && !(flags & O_NONBLOCK);

    if (flags < 0)
        return flags;
    if (is_waiting)
        sys_call3(fcntl, socket, F_SETFL, flags | O_NONBLOCK);
    status = sys_call3(connect, socket, name, length);
    if (is_waiting && status == -EINPROGRESS) /* on the own loopback it is through by now */
        status = sys_call3(connect, socket, name, length);
    if (is_waiting)
        sys_call3(fcntl, socket, F_SETFL, flags);
    if (is_waiting && (status == -EINPROGRESS || status == -EALREADY))
        return -EAGAIN;
    return status;
}

long sockets_again(struct keeper *keeper, const struct waiting *waiting)
{
    union socket_name name not_initialised;
    long status;

    memcpy(name.bytes, waiting->name, sizeof(waiting->name));
    status = connect_once(waiting->socket, &name, waiting->name_length);
    telling_result(keeper, 0, waiting, name.bytes, waiting->name_length, status);
    return status;
}

/* One that the program has was shut for sending when it was made. Programs then try the other types, or say so here. */
static int is_mute(const struct keeper *keeper, int socket, const union socket_name *name, size_t length)
{
    int type = 0, size = sizeof(type);

    if (keeper->record->flags & RECORD_DATAGRAMS || length <= sizeof(name->local.family) ||
        name->local.family != AF_UNIX_FAMILY)
        return 0;
    return sys_call5(getsockopt, socket, LEVEL_SOCKET, OPTION_TYPE, &type, &size) < 0 || type == TYPE_DATAGRAM;
}

static int would_wait(int socket)
{
    long flags = sys_call3(fcntl, socket, F_GETFL, 0);

    return flags >= 0 && !(flags & O_NONBLOCK);
}

static long connect_socket(struct keeper *keeper, const struct call *call)
{
    struct waiting waiting = {.id = call->id, .object = -1, .reader = -1};
    union socket_name name not_initialised;
    size_t length = 0;
    long status = name_copy(call, &name, &length);
    int meant;

    if (status < 0)
        return status;
    meant = is_named(&name, length) ? self_is_meant(keeper, name.local.path) : 0;
    if (meant)
        return self_connect(keeper, call, meant);
    status = caller_socket(keeper, call, (int)call->args[0]);
    if (status < 0)
        return status;
    waiting.socket = (int)status;
    status = is_mute(keeper, waiting.socket, &name, length) ? -EPROTOTYPE : 0;
    if (status == 0 && is_named(&name, length))
        status = object_take(keeper, call, &name, &length, &waiting.object);
    if (status == 0)
        status = marks_set(keeper, call, &waiting);
    if (status == 0) {
        status = connect_once(waiting.socket, &name, length);
        telling_result(keeper, call, &waiting, name.bytes, length, status);
    }
    if (status == -EAGAIN && would_wait(waiting.socket)) {
        memcpy(waiting.name, name.bytes, sizeof(waiting.name));
        waiting.name_length = (uint32_t)length;
        status = waiting_add(keeper, &waiting);
        if (status == 0)
            return KEEPER_ANSWERED;
    }
    if (waiting.object >= 0)
        sys_call1(close, waiting.object);
    sys_call1(close, waiting.socket);
    return status;
}

long sockets_handle(struct keeper *keeper, const struct call *call)
{
    return call->number == __NR_bind ? bind_socket(keeper, call) : connect_socket(keeper, call);
}
