/* SPDX-License-Identifier: Apache-2.0 */
/*
 * open() for writing, or with O_CREAT. The descriptor is opened here and handed into the caller's table. Everything is
 * opened without waiting; what would have to wait is tried again every 20 ms while the caller sleeps.
 */
#include <asm/statfs.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/poll.h>
#include <linux/time.h>
#include <linux/time_types.h>

#include "tier/process/init/keeper.h"

#define MOUNTED_READ_ONLY 0x0001 /* ST_RDONLY */
#define TTY_DEVICE (5ull << 32) /* /dev/tty, 5:0 */
#ifndef SPLICE_F_NONBLOCK /* <fcntl.h> belongs to a C library */
#define SPLICE_F_NONBLOCK 2
#endif

struct asked {
    int flags;
    uint32_t mode;
};

static int is_writing(int flags)
{
    return (flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC;
}

/*
 * Hand the descriptor over with the flags that were asked for. One for writing is closed here before the caller goes on:
 * a file that somebody has open for writing cannot be executed, and the caller may do that next.
 */
long opening_give(const struct keeper *keeper, uint64_t id, long fd, int flags)
{
    long status = 0;
    int goes_on = !is_writing(flags);

    if (fd < 0)
        return fd;
    if (!(flags & O_NONBLOCK)) {
        status = sys_call3(fcntl, fd, F_GETFL, 0);
        if (status >= 0)
            status = sys_call3(fcntl, fd, F_SETFL, status & ~(long)O_NONBLOCK);
    }
    if (status >= 0)
        status = keeper_give(keeper, id, (int)fd, flags & O_CLOEXEC, goes_on);
    sys_call1(close, fd);
    if (status >= 0 && !goes_on)
        keeper_answer(keeper, id, status, 0);
    if (status == -ENOENT || status == -EINPROGRESS) /* the caller is gone */
        return KEEPER_ANSWERED;
    return status < 0 ? status : KEEPER_ANSWERED;
}

static long open_object(const struct keeper *keeper, int object, int flags)
{
    char again[24];
    int kept = (flags & ~(O_CREAT | O_EXCL | O_NOFOLLOW)) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

    return sys_call4(openat, keeper->own, place_again(object, again), kept, 0);
}

/* The id maps of a namespace of the program's own: only who has rights over it can open them to write. */
static int is_map(const struct keeper *keeper, const struct place *place)
{
    static const char *const names[] = {"uid_map", "gid_map", "projid_map", "setgroups"};

    for (size_t i = 0; keeper->is_nested && place->is_proc && i < sizeof(names) / sizeof(names[0]); i++)
        if (string_equal(place->name, names[i]))
            return 1;
    return 0;
}

/* As the caller's user namespace, when that is not the container's. */
static long reopen_map(struct keeper *keeper, const struct call *call, const struct place *place, int opened, int flags)
{
    long status = errand_open_map(keeper, call, place, (flags & O_ACCMODE) | O_NONBLOCK | O_NOCTTY);

    if (status == -EINVAL) /* it is the keeper's own */
        return opened;
    sys_call1(close, opened);
    return status;
}

/* What an open() that may wait would wait for. */
static int would_wait(long status, uint32_t mode)
{
    return status == -EAGAIN || (status == -ENXIO && (mode & S_IFMT) == S_IFIFO);
}

/* With `reader`, that is what is held meanwhile, as the kernel counts a reader that waits; without, the object. */
static long wait_later(struct keeper *keeper, uint64_t id, struct place *place, int flags, int reader)
{
    struct waiting waiting = {.id = id, .object = -1, .flags = flags, .reader = reader, .socket = -1};
    long status;

    if (reader < 0)
        waiting.object = place->object;
    status = waiting_add(keeper, &waiting);

    if (status < 0 && reader >= 0)
        sys_call1(close, reader);
    else if (status == 0 && reader < 0)
        place->object = -1;
    return status < 0 ? status : KEEPER_ANSWERED;
}

/*
 * 0 when somebody writes to this end of a FIFO, or did since it was opened; else -EAGAIN. Only tee() tells a pipe that is
 * empty from one that nobody writes to and takes nothing out of it.
 */
static long reader_look(int reader)
{
    struct pollfd polled = {.fd = reader};
    struct __kernel_timespec now = {0};
    int ends[2];
    long status = sys_call5(ppoll, &polled, 1, &now, 0, sizeof(uint64_t));

    if (status < 0 || polled.revents & POLLHUP) /* who wrote has gone */
        return status < 0 ? status : 0;
    status = sys_call2(pipe2, ends, O_CLOEXEC | O_NONBLOCK);
    if (status < 0)
        return status;
    status = sys_call4(tee, reader, ends[1], 1, SPLICE_F_NONBLOCK);
    sys_call1(close, ends[0]);
    sys_call1(close, ends[1]);
    return status > 0 || status == -EAGAIN ? 0 : status == 0 ? -EAGAIN : status;
}

static long open_reader(struct keeper *keeper, const struct call *call, struct place *place, int reader, int flags)
{
    long status = reader_look(reader);

    if (status == -EAGAIN)
        return wait_later(keeper, call->id, place, flags, reader);
    if (status == 0)
        return opening_give(keeper, call->id, reader, flags);
    sys_call1(close, reader);
    return status;
}

long opening_again(const struct keeper *keeper, struct waiting *waiting)
{
    long status = waiting->reader >= 0 ? reader_look(waiting->reader) : open_object(keeper, waiting->object, waiting->flags);

    if (would_wait(status, S_IFIFO))
        return -EAGAIN;
    if (status == 0 && waiting->reader >= 0) {
        status = waiting->reader;
        waiting->reader = -1;
    }
    return opening_give(keeper, waiting->id, status, waiting->flags);
}

/* /dev/tty is the caller's controlling terminal, not the keeper's. */
static long open_terminal(const struct keeper *keeper, const struct call *call, int flags)
{
    char path[32], *end = path + sizeof(path);
    long index = caller_terminal(keeper, call);
    int kept = (flags & ~(O_CREAT | O_EXCL)) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

    if (index < 0)
        return index;
    string_append_number(string_append(path, end, "/dev/pts/"), end, (uint64_t)index);
    return sys_call4(openat, AT_FDCWD, path, kept, 0);
}

/*
 * The kernel asks no mount before it opens a FIFO for writing, and a Landlock rule of a writable tree reaches what is
 * mounted in it; but who reads from a FIFO of the host takes orders from it.
 */
static long check_pipe(const struct place *place, int flags)
{
    struct statfs mounted;
    long status;

    if ((place->mode & S_IFMT) != S_IFIFO || (flags & O_ACCMODE) == O_RDONLY)
        return 0;
    if (place->is_read_only) /* the caller's input: others that read from the pipe would take it for their own */
        return keeper_refuses(-EACCES);
    status = sys_call2(fstatfs, place->object, &mounted);
    return status < 0 ? status : mounted.f_flags & MOUNTED_READ_ONLY ? keeper_refuses_by(-EROFS, TOLD_LAYER_MOUNT) : 0;
}

static long open_existing(struct keeper *keeper, const struct call *call, struct place *place, int flags)
{
    uint32_t type = place->mode & S_IFMT;
    long status;

    if (flags & O_CREAT && flags & O_EXCL)
        return -EEXIST;
    if (type == S_IFLNK)
        return -ELOOP;
    if (type == S_IFDIR)
        return flags & O_CREAT && flags & O_DIRECTORY ? -EINVAL : -EISDIR;
    if (place->has_slash || flags & O_DIRECTORY)
        return -ENOTDIR;
    status = is_writing(flags) ? place_check(keeper, place) : 0;
    if (status == 0)
        status = sticky_check_open(keeper, place, flags);
    if (status == 0)
        status = check_pipe(place, flags);
    if (status < 0)
        return status;
    if (place->is_outside && flags & O_TRUNC) /* it may have been given for appending only */
        return keeper_refuses(-EACCES);
    if (is_writing(flags))
        status = notes_take(keeper, call, place);
    if (status < 0)
        return status;
    if (place->is_proc) /* what /proc shows of a process is judged when it is opened, and by rights that callers lack */
        keeper_set_tracing(0);
    if (type == S_IFCHR && place->rdev == TTY_DEVICE)
        status = open_terminal(keeper, call, flags);
    else
        status = open_object(keeper, place->object, flags);
    if (place->is_proc)
        keeper_set_tracing(1);
    if (status >= 0 && is_map(keeper, place))
        status = reopen_map(keeper, call, place, (int)status, flags);
    if (would_wait(status, place->mode) && !(flags & O_NONBLOCK))
        return wait_later(keeper, call->id, place, flags, -1);
    if (status >= 0 && type == S_IFIFO && (flags & O_ACCMODE) == O_RDONLY && !(flags & O_NONBLOCK))
        return open_reader(keeper, call, place, (int)status, flags);
    return opening_give(keeper, call->id, status, flags);
}

/* A new file, if there is none: -EEXIST otherwise. Nothing new has anything to wait for. */
static long open_new(struct keeper *keeper, const struct call *call, struct place *place, const struct asked *asked)
{
    int kept = asked->flags | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    long status = place_check(keeper, place);

    if (status == 0 && place->has_slash)
        status = -EISDIR;
    if (status == 0)
        status = notes_take(keeper, call, place);
    if (status < 0)
        return status;
    caller_take_mask(keeper, call);
    status = sys_call4(openat, place->parent, place->name, kept, asked->mode & 07777);
    if (status >= 0)
        place_note_new(keeper, (int)status);
    return opening_give(keeper, call->id, status, asked->flags | O_NONBLOCK);
}

/* The common case first: a new name in a directory, with one look at the directory and none at the object. */
static long open_at_once(struct keeper *keeper, const struct call *call, int directory, const char *path,
                         const struct asked *asked)
{
    struct place place not_initialised;
    long status = place_find(keeper, call, directory, path, PLACE_NAME | PLACE_HERE, &place);

    if (status < 0)
        return -EEXIST; /* the thorough way says what is wrong */
    if (place.parent == PARENT_NONE || place.is_proc || place.has_slash || names_is_shut(&place.at))
        status = -EEXIST;
    else
        status = open_new(keeper, call, &place, asked);
    place_leave(&place);
    return status;
}

static long open_thoroughly(struct keeper *keeper, const struct call *call, int directory, const char *path,
                            const struct asked *asked)
{
    struct place place not_initialised;
    int is_followed = !(asked->flags & O_NOFOLLOW) && !(asked->flags & O_CREAT && asked->flags & O_EXCL);
    int flags = (is_followed ? PLACE_FOLLOW : 0) | (asked->flags & O_CREAT ? PLACE_NEW : 0);
    long status = place_find(keeper, call, directory, path, flags, &place);

    if (status < 0)
        return status;
    if (place.object >= 0)
        status = open_existing(keeper, call, &place, asked->flags);
    else
        status = open_new(keeper, call, &place, asked);
    place_leave(&place);
    return status;
}

/* A file without a name (O_TMPFILE), in a directory: no rule is about it until it gets one, but a mount may refuse it. */
static long open_unnamed(struct keeper *keeper, const struct call *call, int directory, const char *path,
                         const struct asked *asked)
{
    char again[24];
    struct place place not_initialised;
    int kept = (asked->flags & ~O_NOFOLLOW) | O_CLOEXEC;
    long status = place_find(keeper, call, directory, path, asked->flags & O_NOFOLLOW ? 0 : PLACE_FOLLOW, &place);

    if (status < 0)
        return status;
    if ((place.mode & S_IFMT) != S_IFDIR) {
        status = (place.mode & S_IFMT) == S_IFLNK ? -ELOOP : -ENOTDIR;
    } else {
        caller_take_mask(keeper, call);
        status = sys_call4(openat, keeper->own, place_again(place.object, again), kept, asked->mode & 07777);
    }
    if (status >= 0)
        place_note_new(keeper, (int)status);
    status = opening_give(keeper, call->id, status, asked->flags | O_NONBLOCK);
    place_leave(&place);
    return status;
}

static long open_at(struct keeper *keeper, const struct call *call, int directory, uint64_t address,
                    const struct asked *asked)
{
    char *path = seen_next(keeper);
    long status = caller_text(call, address, path);

    if (status < 0)
        return status;
    if (asked->flags & O_TMPFILE & ~O_DIRECTORY)
        return open_unnamed(keeper, call, directory, path, asked);
    if (asked->flags & O_CREAT) {
        status = open_at_once(keeper, call, directory, path, asked);
        if (status != -EEXIST)
            return status;
    }
    return open_thoroughly(keeper, call, directory, path, asked);
}

long opening_handle(struct keeper *keeper, const struct call *call)
{
    const uint64_t *args = call->args;
    struct asked asked;

#ifdef __x86_64__
    if (call->number == __NR_open) {
        asked = (struct asked){(int)args[1], (uint32_t)args[2]};
        return open_at(keeper, call, AT_FDCWD, args[0], &asked);
    }
    if (call->number == __NR_creat) {
        asked = (struct asked){O_CREAT | O_WRONLY | O_TRUNC, (uint32_t)args[1]};
        return open_at(keeper, call, AT_FDCWD, args[0], &asked);
    }
#endif
    asked = (struct asked){(int)args[2], (uint32_t)args[3]};
    return open_at(keeper, call, (int)args[0], args[1], &asked);
}
