/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's side of a start: a pair of sockets of its own, one end of which cordond hands to the keeper; on the other the whole request
 * is told at once, before anybody has answered.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "sdk/daemon.h"
#include "sdk/remote_inside.h"
#include "sdk/request_record.h"

#define TRIES_MAX    4
#define TRY_AGAIN_MS 20

void remote_free(struct remote *remote)
{
    if (!remote)
        return;
    protocol_drop(&remote->received);
    fd_close_at(&remote->socket);
    fd_close_at(&remote->control);
    fd_close_at(&remote->tty);
    fd_close_at(&remote->watch);
    fd_close_at(&remote->request);
    fd_close_at(&remote->cwd);
    mem_free(remote->findings);
    mem_free(remote->findings_json);
    mem_free(remote->denials);
    mem_free(remote->question);
    mem_free(remote);
}

static void remote_free_at(struct remote **remote)
{
    remote_free(*remote);
}

/* The room for messages is left as it is: a program that begins with nothing would have the kernel clear a hundred kilobytes that it may never use. */
struct remote *remote_new(void)
{
    struct remote *remote = mem_resize(NULL, sizeof(*remote));

    if (!remote)
        return NULL;
    memset(remote, 0, offsetof(struct remote, received.bytes));
    remote->socket = remote->control = remote->tty = remote->watch = remote->request = remote->cwd = -1;
    for (size_t i = 0; i < PROTOCOL_FDS_MAX; i++)
        remote->received.fds[i] = -1;
    return remote;
}

/* The keeper's end has this process as its maker, which the kernel says to whoever gets it. */
static int make_pair(struct remote *remote, int *ret_theirs, struct error *err)
{
    bool is_own = false;
    int ends[2], status = daemon_connect(&remote->control, &is_own, err);

    remote->is_of_machine = !is_own;
    if (status == 0)
        status = daemon_greet(remote->control, err);
    if (status < 0)
        return status;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return error_system(err, errno, "make a pair of sockets");
    remote->socket = ends[0];
    *ret_theirs = ends[1];
    return 0;
}

static int open_door(struct remote *remote, const struct cordon_request *request, enum protocol_purpose purpose, struct error *err)
{
    auto_protocol struct protocol_out out = {0};
    unsigned char key[DIGEST_SIZE];
    auto_close int theirs = -1;
    int status = request_key(request, key, err);

    if (status == 0)
        status = make_pair(remote, &theirs, err);
    if (status < 0)
        return status;
    protocol_begin(&out, PROTOCOL_OPEN, 0);
    protocol_add_number(&out, TAG_KIND, purpose);
    protocol_add_bytes(&out, TAG_KEY, key, sizeof(key));
    protocol_add_text(&out, TAG_NAME, request->name);
    return protocol_send(remote->control, 0, &out, &theirs, 1, err);
}

static int send_numbered(struct remote *remote, uint16_t type, int number, int fd, struct error *err)
{
    auto_protocol struct protocol_out out;

    protocol_begin(&out, type, 0);
    if (number >= 0)
        protocol_add_number(&out, TAG_NUMBER, (uint64_t)number);
    return protocol_send(remote->socket, 0, &out, &fd, fd >= 0 ? 1 : 0, err);
}

static int seal_request(struct remote *remote, const struct cordon_request *request, struct error *err)
{
    auto_protocol struct protocol_out record = {0};

    if (remote->request >= 0)
        return 0;
    remote->cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (remote->cwd < 0)
        return error_system(err, errno, "open the current directory");
    request_write(&record, request);
    return protocol_seal(&record, "cordon-request", &remote->request, err);
}

static int send_request(struct remote *remote, uint16_t type, const struct cordon_request *request, uint32_t number, struct error *err)
{
    auto_protocol struct protocol_out out = {0};
    int status = seal_request(remote, request, err);
    auto_close int file = take_fd(remote->request), cwd = take_fd(remote->cwd);

    if (status < 0)
        return status;
    protocol_begin(&out, type, number);
    if (type == PROTOCOL_NETWORK)
        remote_add_until(&out, &request->until);
    return protocol_send(remote->socket, 0, &out, (const int[]){file, cwd}, 2, err);
}

/* Of a container without a program nothing is said that would be a program's: `streams` is NULL. */
static int tell(struct remote *remote, const struct cordon_request *request, const struct streams *streams, struct error *err)
{
    int status = send_request(remote, PROTOCOL_REQUEST_IS, request, 0, err);

    for (int i = 0; status == 0 && i < 3 && streams && !request->is_tty; i++)
        if (streams->inside[i] >= 0)
            status = send_numbered(remote, PROTOCOL_STREAM, i, streams->inside[i], err);
    for (size_t i = 0; status == 0 && streams && i < request->fd_count; i++)
        status = send_numbered(remote, PROTOCOL_KEEP, request->fds[i], request->fds[i], err);
    if (status == 0 && request->events_fd >= 0)
        status = send_numbered(remote, PROTOCOL_EVENTS, -1, request->events_fd, err);
    return status < 0 ? status : send_numbered(remote, PROTOCOL_GO, -1, -1, err);
}

static int await_start(struct remote *remote, const struct cordon_request *request, struct error *err)
{
    int status = remote_await(remote, request, &remote->is_started, err);

    if (status < 0)
        return status;
    fd_close_at(&remote->control);
    remote->control = -1;
    return 0;
}

/* Before anything is told (`request`; NULL = nothing will be): the machine's daemon has a copy of the end that it handed on. */
static int meet(struct remote *remote, const struct cordon_request *request, struct error *err)
{
    const struct cordon_request nothing = {.cancel_fd = -1};
    int status;

    if (!remote->is_of_machine)
        return 0;
    status = send_numbered(remote, PROTOCOL_WHO, -1, -1, err);
    if (status == -EPIPE || status == -ECONNRESET) {
        *err = (struct error)ERROR_INIT; /* whoever shut the door has said why */
        status = 0;
    }
    if (status == 0 && request)
        status = seal_request(remote, request, err);
    return status < 0 ? status : remote_await(remote, request ? request : &nothing, &remote->is_met, err);
}

int remote_ask_for(struct remote *remote, struct cordon_container *container, const struct cordon_request *request, struct error *err)
{
    bool stands = container->stands;
    int status = meet(remote, request, err);

    if (status == 0 && !request->is_tty && !stands)
        status = streams_open(&container->streams, request, false, false, err);
    if (status == 0)
        status = tell(remote, request, stands ? NULL : &container->streams, err);
    if (status == -EPIPE || status == -ECONNRESET) {
        *err = (struct error)ERROR_INIT; /* whoever shut the door has said why */
        status = 0;
    }
    streams_close_inside(&container->streams);
    return status < 0 ? status : await_start(remote, request, err);
}

static int try_daemon(struct remote *remote, struct cordon_container *container, const struct cordon_request *request, struct error *err)
{
    int status = open_door(remote, request, container->stands ? PROTOCOL_PURPOSE_STAND : PROTOCOL_PURPOSE_RUN, err);

    if (status == 0)
        status = remote_ask_for(remote, container, request, err);
    return status == 0 && container->stands ? remote_watch(remote, remote->socket, err) : status;
}

/* A keeper may end, or be killed, when this client has just been handed to it: another one serves it. */
static bool is_to_try_again(struct remote **remote, const struct cordon_request *request, unsigned tried, struct error *err)
{
    struct pollfd given_up = {.fd = request->cancel_fd, .events = POLLIN};
    struct remote *next = (*remote)->was_dropped && tried < TRIES_MAX ? remote_new() : NULL;

    if (!next || poll(&given_up, 1, TRY_AGAIN_MS << tried) > 0) {
        remote_free(next);
        return false;
    }
    next->is_reviewed = (*remote)->is_reviewed;
    remote_free(*remote);
    *remote = next;
    *err = (struct error)ERROR_INIT;
    return true;
}

int remote_start(struct cordon_container *container, const struct cordon_request *request, struct error *err)
{
    cleanup_with(remote_free_at) struct remote *remote = NULL;
    enum daemon_use use;
    int status = daemon_find_use(request, &use, err);

    if (status == 0 && use == DAEMON_NEVER && request->name)
        return error_set(err, ERROR_INVALID, EINVAL, "a container has a name at the daemon alone: --daemon required, or no name");
    if (status < 0 || use == DAEMON_NEVER)
        return status;
    remote = remote_new();
    if (!remote)
        return error_memory(err);
    remote->is_reviewed = request->is_reviewed;
    status = try_daemon(remote, container, request, err);
    for (unsigned tried = 0; status < 0 && is_to_try_again(&remote, request, tried, err); tried++) {
        streams_close(&container->streams);
        status = try_daemon(remote, container, request, err);
    }
    if (status == 0) {
        container->remote = take_ptr(remote);
        return 1;
    }
    /* not begun: without the daemon it is what it would have been */
    if (use == DAEMON_AVAILABLE && !request->name && !remote->is_taken && err->errnum != ECANCELED) {
        *err = (struct error)ERROR_INIT;
        streams_close(&container->streams);
        return 0;
    }
    if (remote->socket < 0 && use == DAEMON_REQUIRED)
        error_prepend(err, "the daemon is required");
    return status;
}

static int visit(struct remote *remote, const char *name, enum protocol_purpose purpose, struct error *err)
{
    auto_protocol struct protocol_out out = {0};
    auto_close int theirs = -1;
    int status = make_pair(remote, &theirs, err);

    if (status < 0)
        return status;
    remote->is_visitor = purpose == PROTOCOL_PURPOSE_VISIT;
    protocol_begin(&out, PROTOCOL_REACH, 0);
    protocol_add_number(&out, TAG_KIND, purpose);
    protocol_add_text(&out, TAG_ID, name);
    return protocol_send(remote->control, 0, &out, &theirs, 1, err);
}

int remote_attach(struct cordon_container *container, const char *name, struct error *err)
{
    const struct cordon_request nothing = {.cancel_fd = -1};
    cleanup_with(remote_free_at) struct remote *remote = remote_new();
    int status;

    if (!remote)
        return error_memory(err);
    status = visit(remote, name, PROTOCOL_PURPOSE_VISIT, err);
    if (status == 0)
        status = meet(remote, NULL, err);
    if (status == 0)
        status = await_start(remote, &nothing, err);
    if (status == 0)
        status = remote_watch(remote, remote->socket, err);
    if (status == 0)
        container->remote = take_ptr(remote);
    return status;
}

int remote_exec(struct cordon_container *container, const char *name, const struct cordon_request *request, struct error *err)
{
    cleanup_with(remote_free_at) struct remote *remote = remote_new();
    int status;

    if (!remote)
        return error_memory(err);
    status = visit(remote, name, PROTOCOL_PURPOSE_EXEC, err);
    if (status == 0)
        status = remote_ask_for(remote, container, request, err);
    if (status == 0)
        container->remote = take_ptr(remote);
    return status;
}

static int try_create(struct remote *remote, const struct cordon_request *request, struct error *err)
{
    int status = open_door(remote, request, PROTOCOL_PURPOSE_KEEP, err);

    if (status == 0)
        status = meet(remote, request, err);
    if (status == 0)
        status = send_request(remote, PROTOCOL_REQUEST_IS, request, 0, err);
    if (status == 0)
        status = send_numbered(remote, PROTOCOL_GO, -1, -1, err);
    if (status == -EPIPE || status == -ECONNRESET) {
        *err = (struct error)ERROR_INIT; /* whoever shut the door has said why */
        status = 0;
    }
    return status < 0 ? status : await_start(remote, request, err);
}

int remote_create(const struct cordon_request *request, char ret_id[CORDON_RUN_SIZE], struct error *err)
{
    cleanup_with(remote_free_at) struct remote *remote = remote_new();
    int status;

    if (!remote)
        return error_memory(err);
    status = try_create(remote, request, err);
    for (unsigned tried = 0; status < 0 && is_to_try_again(&remote, request, tried, err); tried++)
        status = try_create(remote, request, err);
    if (status == 0)
        memcpy(ret_id, remote->id, sizeof(remote->id));
    return status;
}

int remote_set_network(struct remote *remote, const struct cordon_request *request, struct error *err)
{
    int status = send_request(remote, PROTOCOL_NETWORK, request, ++remote->last_request, err);

    return status < 0 ? status : remote_hear(remote, err);
}
