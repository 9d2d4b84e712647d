/* SPDX-License-Identifier: Apache-2.0 */
/* A program in a container that another session holds: it ends with its client, or before. */
#include <errno.h>
#include <signal.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "keeper/keeper.h"
#include "sdk/keeping.h"

static int say_started(const struct session *session, struct error *err)
{
    auto_protocol struct protocol_out out, terminal;
    int tty = cordon_program_tty_fd(session->program), status = 0;

    protocol_begin(&terminal, PROTOCOL_TERMINAL, 0);
    if (tty >= 0)
        status = protocol_send(session->client.fd, MSG_DONTWAIT, &terminal, &tty, 1, err);
    protocol_begin(&out, PROTOCOL_STARTED, 0);
    protocol_add_text(&out, TAG_ID, cordon_container_id(session->visits->container));
    protocol_add_number(&out, TAG_PID, (uint64_t)cordon_program_pid(session->program));
    protocol_add_number(&out, TAG_LEVEL, (uint64_t)container_may_write_clipboard(session->visits->container));
    protocol_add_number(&out, TAG_NUMBER, cordon_program_number(session->program));
    return status < 0 ? status : protocol_send(session->client.fd, MSG_DONTWAIT, &out, NULL, 0, err);
}

int program_start(struct session *session, struct error *err)
{
    struct session *holder = session->visits;
    int status;

    if (!holder)
        return error_set(err, ERROR_NOT_FOUND, ESTALE, "stale_id: that container is no more");
    if (!holder->container)
        return held_not_running(holder, PROTOCOL_GO, err);
    status = session_exec(session, holder->container, err);
    if (status == 0)
        status = say_started(session, err);
    if (status == 0)
        session->state = PROTOCOL_RUNNING;
    return status;
}

/* Its end is told; the client closes. */
static void look(struct session *session)
{
    struct cordon_status ended;
    struct error err = ERROR_INIT;
    int status = cordon_program_try_wait(session->program, &ended, (struct cordon_error *)&err);

    if (status == 0)
        return;
    if (status > 0)
        status = session_tell_status(session, &ended, &err);
    if (status < 0)
        protocol_send_error(session->client.fd, 0, &err, NULL);
    cordon_program_free(take_ptr(session->program));
    session->state = PROTOCOL_ENDED;
}

void session_step_programs(struct session *holder)
{
    for (struct session *session = holder->keeper->sessions; session; session = session->next)
        if (session->visits == holder && session->purpose == PROTOCOL_PURPOSE_EXEC && session->program && session->state == PROTOCOL_RUNNING)
            look(session);
}

void session_end_programs(struct session *holder)
{
    struct error err;

    session_step_programs(holder);
    error_set(&err, ERROR_SYSTEM, ESTALE, "the container ended, and the program with it");
    for (struct session *session = holder->keeper->sessions; session; session = session->next) {
        if (session->visits != holder || session->purpose != PROTOCOL_PURPOSE_EXEC || !session->program)
            continue;
        cordon_program_free(take_ptr(session->program));
        protocol_send_error(session->client.fd, 0, &err, NULL);
        session->state = PROTOCOL_ENDED;
    }
}

int program_heard(struct session *session, const struct protocol_message *message, struct error *err)
{
    struct error failure = ERROR_INIT;
    struct cordon_error *public = (struct cordon_error *)&failure;
    uint64_t number = protocol_number(message, TAG_SIGNAL, 0);
    int status;

    switch (message->type) {
    case PROTOCOL_SIGNAL:
        status = cordon_program_signal(session->program, number <= 64 ? (int)number : 0, public);
        break;
    case PROTOCOL_KILL:
        status = cordon_program_signal(session->program, SIGKILL, public);
        break;
    case PROTOCOL_STOP:
        status = cordon_program_signal(session->program, SIGTERM, public);
        break;
    default:
        status = error_set(&failure, ERROR_INVALID, ENOTSUP, "that is asked of the container, not of a program in it");
        break;
    }
    return session_reply(session, message->request, status, &failure, err);
}
