/* SPDX-License-Identifier: Apache-2.0 */
/* What comes back while a start is under way, from cordond and from the keeper; and what becomes of a start that its caller gives up. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "protocol/peer.h"
#include "sdk/remote_inside.h"
#include "sdk/request.h"

#define LAST_WORD_NS (10 * NS_PER_S)

/* The daemon's word counts until the keeper has taken it over; then the keeper's. */
static int hear_daemon(struct remote *remote, struct error *err)
{
    struct error failure = ERROR_INIT;
    int status = protocol_receive(remote->control, MSG_DONTWAIT, &remote->received, err);

    if (status == -EAGAIN)
        return 0;
    protocol_drop(&remote->received);
    fd_close_at(&remote->control);
    remote->control = -1;
    if (status <= 0)
        return status; /* a daemon that is gone has handed over what it could: the keeper's end says */
    protocol_read_error(&remote->received.message, &failure);
    if (remote->received.message.type != PROTOCOL_FAILED)
        return error_set(err, ERROR_INTERNAL, EPROTO, "the daemon says %s", remote->received.message.row->name);
    if (err)
        *err = failure;
    return failure.errnum ? -failure.errnum : -EINVAL;
}

/* A pair that this user made: no other user, and no part of the daemon, can have made one. */
static int hear_here(struct remote *remote, struct error *err)
{
    struct peer keeper = PEER_INIT;
    int status;

    if (remote->is_met)
        return error_set(err, ERROR_INTERNAL, EPROTO, "the keeper says twice where it is");
    status = peer_open(remote->received.fds[0], &keeper, err);
    if (status < 0)
        return error_prepend(err, "who is to run this"), status;
    if (!peer_is_of_pair(remote->received.fds[0]))
        status = error_set(err, ERROR_FORBIDDEN, EPERM, "what is to run this is at the end of a connection, not of a pair that it made: the daemon hands requests to somebody else; "
                           "tell the administrator, and run without it");
    else if ((keeper.uid != geteuid() && !(remote->is_visitor && geteuid() == 0)) || keeper.pid == getpid())
        status = error_set(err, ERROR_FORBIDDEN, EPERM, "process %d of user %u says that it runs this for user %u: the daemon hands requests to somebody else; "
                           "tell the administrator, and run without it", (int)keeper.pid, keeper.uid, geteuid());
    peer_close(&keeper);
    if (status < 0)
        return status;
    close(remote->socket);
    remote->socket = take_fd(remote->received.fds[0]);
    remote->is_met = true;
    remote->is_started = false; /* what was said before may have been anybody's */
    return 0;
}

static int hear_start(struct remote *remote, struct error *err)
{
    const struct protocol_message *message = &remote->received.message;
    const char *id;
    int status = protocol_permit(message, PROTOCOL_KEEPER, PROTOCOL_CLIENT, PROTOCOL_STARTING, remote->received.fd_count, err);

    if (status < 0)
        return status;
    switch (message->type) {
    case PROTOCOL_HERE:
        return hear_here(remote, err);
    case PROTOCOL_TAKEN:
        remote->is_taken = true;
        return 0;
    case PROTOCOL_TERMINAL:
        fd_close_at(&remote->tty);
        remote->tty = take_fd(remote->received.fds[0]);
        return 0;
    case PROTOCOL_STARTED:
        id = protocol_text(message, TAG_ID);
        if (strlen(id) >= sizeof(remote->id))
            return error_set(err, ERROR_INTERNAL, EPROTO, "the keeper names a run that cannot be");
        snprintf(remote->id, sizeof(remote->id), "%s", id);
        remote->pid = (pid_t)protocol_number(message, TAG_PID, 0);
        remote->may_write_clipboard = protocol_number(message, TAG_LEVEL, 0) != 0;
        remote->number = protocol_number(message, TAG_NUMBER, 0);
        remote->is_started = true;
        return 0;
    case PROTOCOL_FAILED:
        protocol_read_error(message, err);
        return err->errnum ? -err->errnum : -EINVAL;
    default:
        return error_set(err, ERROR_INTERNAL, EPROTO, "the keeper says %s", message->row->name);
    }
}

static int gone(struct remote *remote, struct error *err)
{
    remote->was_dropped = !remote->is_taken;
    if (!remote->is_taken)
        return error_set(err, ERROR_SYSTEM, EPIPE, "the daemon, or what it starts for this (cordon-keeper), ended before it had begun, or could not be executed: cordond's log says why (journalctl --user -u cordond)");
    return error_set(err, ERROR_SYSTEM, EPIPE, "the keeper ended while it was starting the program, which ended with it if it had started");
}

/* The keeper alone knows whether the program runs already: then it goes on, and whatever made its caller give up is told to it by that one. */
static int give_up(struct remote *remote, struct error *err)
{
    auto_protocol struct protocol_out out;
    int status;

    if (!remote->is_taken)
        return error_set(err, ERROR_SYSTEM, ECANCELED, "the launch was given up, as the caller asked");
    protocol_begin(&out, PROTOCOL_GIVE_UP, 0);
    status = protocol_send(remote->socket, MSG_DONTWAIT, &out, NULL, 0, err);
    if (status == -EPIPE || status == -ECONNRESET) {
        *err = (struct error)ERROR_INIT; /* what it said last is there to be read */
        status = 0;
    }
    remote->given_up_ns = clock_monotonic_ns();
    return status;
}

static int milliseconds_left(const struct remote *remote)
{
    uint64_t passed_ns = clock_monotonic_ns() - remote->given_up_ns;

    if (!remote->given_up_ns)
        return -1;
    return passed_ns < LAST_WORD_NS ? (int)((LAST_WORD_NS - passed_ns) / NS_PER_MS) + 1 : 0;
}

static int hear_keeper(struct remote *remote, struct error *err)
{
    int status = protocol_receive(remote->socket, MSG_DONTWAIT, &remote->received, err);

    if (status == 0)
        return gone(remote, err);
    if (status > 0)
        status = hear_start(remote, err);
    protocol_drop(&remote->received);
    return status == -EAGAIN && !err->kind ? 0 : status;
}

/* That the caller gives up is looked at first and heard last: what the keeper said before it counts. */
int remote_await(struct remote *remote, const struct cordon_request *request, const bool *is_there, struct error *err)
{
    while (!*is_there) {
        struct pollfd fds[] = {{.fd = remote->given_up_ns ? -1 : request->cancel_fd, .events = POLLIN}, {.fd = remote->socket, .events = POLLIN}, {.fd = remote->control, .events = POLLIN}};
        int count = poll(fds, ARRAY_COUNT(fds), milliseconds_left(remote)), status = 0;

        if (count < 0 && errno != EINTR)
            return error_system(err, errno, "wait for the daemon");
        if (count < 0)
            continue;
        if (count == 0 && milliseconds_left(remote) == 0)
            return error_set(err, ERROR_SYSTEM, ECANCELED, "the launch was given up, and its keeper does not say whether the program had started: it ends now");
        if (fds[2].revents && remote->control >= 0)
            status = hear_daemon(remote, err);
        if (status == 0 && fds[1].revents)
            status = hear_keeper(remote, err);
        else if (status == 0 && fds[0].revents)
            status = give_up(remote, err);
        if (status < 0)
            return status;
    }
    return 0;
}
