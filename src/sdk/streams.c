/* SPDX-License-Identifier: Apache-2.0 */
/* Opening the standard streams of a container. */
#include "sdk/streams.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

static int make_pipe(int ret_fds[2], struct error *err)
{
    if (pipe2(ret_fds, O_CLOEXEC) < 0)
        return error_system(err, errno, "make a pipe");
    return 0;
}

void streams_look(struct streams *streams)
{
    for (int i = 0; i < 3; i++)
        streams->is_open[i] = fcntl(i, F_GETFD) >= 0 || errno != EBADF;
}

int streams_target(const struct streams *streams, const struct cordon_request *request, int i)
{
    int fd = request->stdio[i];

    if (fd == CORDON_STDIO_INHERIT)
        fd = i;
    if (fd < 0 || (fd < 3 && !streams->is_open[fd]))
        return -1;
    return fd;
}

/* 2>&1: one pipe for both keeps the order in which they were written. */
static bool is_same_file(int a, int b)
{
    struct stat first, second;

    return a >= 0 && b >= 0 && fstat(a, &first) == 0 && fstat(b, &second) == 0 &&
           first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

/* A pipe that the program writes into and a relay that empties it into `to` (taken) or a capture.
 */
static int open_relay(struct streams *streams, int i, int to, struct capture *capture,
                      struct error *err)
{
    auto_close int held = to;
    int fds[2], status = make_pipe(fds, err);

    if (status < 0)
        return status;
    streams->inside[i] = fds[1];
    streams->is_owned[i] = true;
    return relay_open(&streams->relays[i - 1], fds[0], take_fd(held), capture, err);
}

static int open_captured(struct streams *streams, const struct cordon_request *request, int i,
                         struct error *err)
{
    struct capture *capture = &streams->captures[i - 1];

    capture->max = request->capture_max[i - 1];
    return open_relay(streams, i, -1, capture, err);
}

static int open_piped(struct streams *streams, int i, bool is_counted, struct error *err)
{
    int fds[2], status = make_pipe(fds, err);
    int outer = i == 0 ? 1 : 0;

    if (status < 0)
        return status;
    streams->outside[i] = fds[outer];
    if (i > 0 && is_counted) {
        auto_close int to = fds[1];

        if (fcntl(to, F_SETFL, O_NONBLOCK) < 0)
            return error_system(err, errno, "prepare a pipe");
        return open_relay(streams, i, take_fd(to), NULL, err);
    }
    streams->inside[i] = fds[1 - outer];
    streams->is_owned[i] = true;
    return 0;
}

static bool is_write_only_file(int fd)
{
    struct stat st;
    int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && (flags & O_ACCMODE) == O_WRONLY && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

static int open_passed(struct streams *streams, const struct cordon_request *request, int i,
                       bool is_counted, bool is_nested, struct error *err)
{
    int fd = streams_target(streams, request, i), copy;

    if (i == 0 || fd < 0 || !(is_counted || (is_nested && is_write_only_file(fd)))) {
        streams->inside[i] = fd;
        return 0;
    }
    if (i == 2 && streams->relays[0].to >= 0 && is_same_file(fd, streams_target(streams, request, 1))) {
        streams->inside[2] = streams->inside[1];
        return 0;
    }
    copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (copy < 0)
        return error_system(err, errno, "duplicate descriptor %d", fd);
    return open_relay(streams, i, copy, NULL, err);
}

int streams_open(struct streams *streams, const struct cordon_request *request, bool is_counted, bool is_nested,
                 struct error *err)
{
    for (int i = 0; i < 3; i++) {
        int status;

        if (i > 0 && request->captures[i - 1])
            status = open_captured(streams, request, i, err);
        else if (request->stdio[i] == CORDON_STDIO_PIPE)
            status = open_piped(streams, i, is_counted, err);
        else
            status = open_passed(streams, request, i, is_counted, is_nested, err);
        if (status < 0)
            return status;
    }
    return 0;
}

void streams_close_inside(struct streams *streams)
{
    for (int i = 0; i < 3; i++) {
        if (streams->is_owned[i])
            fd_close_at(&streams->inside[i]);
        streams->inside[i] = -1;
        streams->is_owned[i] = false;
    }
}

void streams_close(struct streams *streams)
{
    streams_close_inside(streams);
    for (int i = 0; i < 3; i++) {
        fd_close_at(&streams->outside[i]);
        streams->outside[i] = -1;
    }
    for (int i = 0; i < 2; i++) {
        relay_close(&streams->relays[i]);
        mem_free(streams->captures[i].data);
        streams->captures[i] = (struct capture){0};
    }
}

/* The first failure stays. */
static int check_open(int fd, int status, struct error *err)
{
    if (status < 0 || fcntl(fd, F_GETFD) >= 0)
        return status;
    return error_set(err, ERROR_INVALID, EBADF, "descriptor %d is not open any more", fd);
}

int streams_check(const struct cordon_request *request, struct error *err)
{
    bool is_moved = request->captures[0] || request->captures[1];
    int status = 0;

    for (int i = 0; i < 3; i++)
        is_moved |= request->stdio[i] != CORDON_STDIO_INHERIT;
    if (request->is_tty && is_moved)
        return error_set(
            err, ERROR_INVALID, EINVAL,
            "a terminal takes the place of stdin, stdout and stderr: neither pipes nor "
            "capture go with it");
    for (int i = 0; i < 3; i++)
        if (request->stdio[i] >= 0)
            status = check_open(request->stdio[i], status, err);
    for (size_t i = 0; i < request->fd_count; i++)
        status = check_open(request->fds[i], status, err);
    if (request->events_fd >= 0)
        status = check_open(request->events_fd, status, err);
    if (request->cancel_fd >= 0)
        status = check_open(request->cancel_fd, status, err);
    return status;
}

const char *streams_terminal(const struct streams *streams, const struct cordon_request *request)
{
    if (request->is_tty)
        return "own";
    for (int i = 0; i < 3; i++)
        if (isatty(streams_target(streams, request, i)))
            return "caller";
    return "none";
}
