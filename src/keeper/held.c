/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container that is kept: created (its policy was judged), started (it stands, and runs its own program where it has one), stopped, started again,
 * removed. It has an id of its own; each start is a run with its own record.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "keeper/kept.h"

#define ID_BYTES 12
#define READ_AT_ONCE 4096

/* "c" and 24 digits: no run has such an id. */
static int make_id(struct session *session, struct error *err)
{
    unsigned char bytes[ID_BYTES];
    size_t used = 1;

    if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
        return error_system(err, errno, "take random bytes");
    session->id[0] = 'c';
    for (size_t i = 0; i < ID_BYTES; i++, used += 2)
        snprintf(session->id + used, sizeof(session->id) - used, "%02x", bytes[i]);
    return 0;
}

static int judge(struct session *session, struct error *err)
{
    struct place own;
    int status = place_enter(session, &own, err);

    if (status < 0)
        return status;
    status = request_judge(session->request, session->disk.digest, err);
    place_leave(&own);
    return status;
}

int held_create(struct session *session, struct error *err)
{
    auto_protocol struct protocol_out out = {0};
    int status = judge(session, err);

    if (status == 0)
        status = make_id(session, err);
    if (status < 0)
        return status;
    session->lifecycle = PROTOCOL_CREATED;
    session->created_ms = clock_real_ns() / NS_PER_MS;
    status = kept_make(session, err);
    if (status < 0) {
        session->lifecycle = 0;
        return status;
    }
    session->state = PROTOCOL_RUNNING;
    daemon_tell_running(session->keeper, session);
    ends_look(session->keeper);
    protocol_begin(&out, PROTOCOL_STARTED, 0);
    protocol_add_text(&out, TAG_ID, session->id);
    protocol_add_number(&out, TAG_PID, 0);
    protocol_add_number(&out, TAG_LEVEL, 0);
    return protocol_send(session->client.fd, MSG_DONTWAIT, &out, NULL, 0, err);
}

int held_not_running(const struct session *session, uint16_t asked, struct error *err)
{
    bool is_stopped = session->lifecycle == PROTOCOL_STOPPED;

    if (session->lifecycle == PROTOCOL_RESTARTING)
        return error_set(err, ERROR_INVALID, ENOTCONN, "not_started: container %s has ended, and is started again in a moment", session->id);
    if (asked == PROTOCOL_STOP && is_stopped)
        return error_set(err, ERROR_INVALID, EALREADY, "already_stopped: container %s has been stopped", session->id);
    return error_set(err, ERROR_INVALID, ENOTCONN, "not_started: container %s %s: cordon start", session->id,
                     is_stopped ? "has been stopped" : "was created and not started");
}

/* ---- what its own program writes ---- */

static void keep_output(struct output *output, const char *bytes, size_t size)
{
    size_t over;

    if (!output->bytes && !(output->bytes = mem_alloc(OUTPUT_MAX)))
        return;
    if (size > OUTPUT_MAX) {
        output->dropped += size - OUTPUT_MAX;
        bytes += size - OUTPUT_MAX;
        size = OUTPUT_MAX;
    }
    over = output->size + size > OUTPUT_MAX ? output->size + size - OUTPUT_MAX : 0;
    memmove(output->bytes, output->bytes + over, output->size - over);
    output->dropped += over;
    memcpy(output->bytes + output->size - over, bytes, size);
    output->size += size - over;
}

static void read_output(struct session *session, struct loop_watch *watch)
{
    char bytes[READ_AT_ONCE];
    ssize_t got = read(watch->fd, bytes, sizeof(bytes));

    if (got > 0)
        keep_output(&session->output, bytes, (size_t)got);
    if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)))
        return;
    loop_forget(session->keeper->loop, watch);
    fd_close_at(&watch->fd);
    watch->fd = -1;
}

static void out_ready(struct loop_watch *watch, uint32_t events)
{
    read_output(container_of(watch, struct session, output.watches[0]), watch);
}

static void err_ready(struct loop_watch *watch, uint32_t events)
{
    read_output(container_of(watch, struct session, output.watches[1]), watch);
}

static int watch_output(struct session *session, int which, int fd, struct error *err)
{
    struct loop_watch *watch = &session->output.watches[which];
    int status;

    *watch = (struct loop_watch){.fd = fcntl(fd, F_DUPFD_CLOEXEC, KEEPER_NUMBERS_ABOVE), .ready = which ? err_ready : out_ready};
    if (watch->fd < 0 || fcntl(watch->fd, F_SETFL, O_NONBLOCK) < 0)
        return error_system(err, errno, "keep a program's output");
    status = loop_watch(session->keeper->loop, watch, EPOLLIN);
    return status < 0 ? error_system(err, -status, "keep a program's output") : 0;
}

void held_finish(struct session *session)
{
    loop_cancel(session->keeper->loop, &session->again.timer);
    for (int i = 0; i < 2; i++) {
        loop_forget(session->keeper->loop, &session->output.watches[i]);
        fd_close_at(&session->output.watches[i].fd);
        session->output.watches[i].fd = -1;
    }
    mem_free(take_ptr(session->output.bytes));
    session->output.size = 0;
    cordon_program_free(take_ptr(session->program));
}

/* ---- started, stopped, removed ---- */

static int start_own_program(struct session *session, struct error *err)
{
    int status = cordon_request_set_stdio(session->request, CORDON_STDIO_NULL, CORDON_STDIO_PIPE, CORDON_STDIO_PIPE, (struct cordon_error *)err);

    if (status == 0)
        status = cordon_container_exec(session->container, session->request, &session->program, (struct cordon_error *)err);
    if (status == 0)
        status = watch_output(session, 0, cordon_program_stdout_fd(session->program), err);
    if (status == 0)
        status = watch_output(session, 1, cordon_program_stderr_fd(session->program), err);
    return status;
}

int held_start(struct session *session, struct error *err)
{
    int status;

    if (session->container)
        return error_set(err, ERROR_INVALID, EALREADY, "already_started: container %s runs", session->id);
    if (ending_has_come(&session->ends.when))
        return error_set(err, ERROR_FORBIDDEN, ETIME, "the time of container %s is over: cordon renew %s --for DURATION", session->id, session->id);
    held_finish(session);
    status = session_create(session, err);
    if (status == 0)
        status = session_watch(session, err);
    if (status == 0 && *session->command)
        status = start_own_program(session, err);
    if (status < 0) {
        held_finish(session);
        if (session->container)
            loop_forget(session->keeper->loop, &session->container_watch);
        cordon_container_free(take_ptr(session->container));
        return status;
    }
    session->lifecycle = PROTOCOL_IS_RUNNING;
    changed_at_start(session);
    kept_update(session);
    daemon_tell_running(session->keeper, session);
    return 0;
}

void held_look(struct session *session)
{
    struct again *again = &session->again;
    struct error err = ERROR_INIT;

    if (!session->program || again->is_asked_to_end || again->was_ended)
        return; /* who asked gives the others their time, too */
    if (cordon_program_try_wait(session->program, &again->end, (struct cordon_error *)&err) <= 0)
        return;
    again->was_ended = true;
    if (cordon_container_kill(session->container, (struct cordon_error *)&err) < 0)
        keeper_say("container %s: %s", session->id, err.text);
}

void held_ended(struct session *session, int over, const struct error *failure)
{
    cordon_program_free(take_ptr(session->program));
    session->again.has_end = true;
    session->lifecycle = again_wanted(session) ? PROTOCOL_RESTARTING : PROTOCOL_STOPPED;
    session->is_frozen = false;
    kept_update(session);
    daemon_tell_running(session->keeper, session);
    session_tell_visitors(session, over);
}

static int held_drop(struct session *session, struct error *err)
{
    int status;

    if (session->container)
        return error_set(err, ERROR_INVALID, EBUSY, "already_started: container %s runs: stop it before it is removed", session->id);
    if (session->lifecycle == PROTOCOL_RESTARTING)
        return error_set(err, ERROR_INVALID, EBUSY, "already_started: container %s is started again in a moment: stop it before it is removed", session->id);
    status = kept_remove(session, err);
    if (status == 0)
        session_close(session);
    return status;
}

/* By somebody. */
static int start_anew(struct session *session, struct error *err)
{
    int status;

    if (!session->container)
        again_begin(session, false);
    status = held_start(session, err);
    if (status < 0 && session->lifecycle == PROTOCOL_RESTARTING)
        again_give_up(session);
    return status;
}

/* What the policy requires to be in the log first waits for that, as a run does, while everybody else is served. */
static bool waits_for_log(struct session *visitor, uint32_t request)
{
    struct keeper *keeper = visitor->keeper;

    if (visitor->visits->container || visitor->patient_until_ns || !writer_is_awaited(keeper))
        return false;
    visitor->start_request = request;
    visitor->patient_until_ns = loop_now_ns(keeper->loop) + LOG_PATIENCE_MS * NS_PER_MS;
    loop_start(keeper->loop, &visitor->log_timer, LOG_LOOK_MS);
    return true;
}

/* -EINPROGRESS: it will be answered. */
static int start_in_time(struct session *visitor, uint32_t request, struct error *err)
{
    int status = waits_for_log(visitor, request) ? -EINPROGRESS : start_anew(visitor->visits, err);

    return status < 0 && status != -EINPROGRESS && waits_for_log(visitor, request) ? -EINPROGRESS : status;
}

int held_start_late(struct session *visitor, struct error *err)
{
    struct error failure = ERROR_INIT;
    int status = visitor->visits ? start_anew(visitor->visits, &failure) : error_set(&failure, ERROR_NOT_FOUND, ESTALE, "stale_id: that container is no more");

    visitor->hears = PROTOCOL_START;
    return session_reply(visitor, visitor->start_request, status, &failure, err);
}

static int renew(struct session *session, const struct protocol_message *message, struct error *err)
{
    int status = ending_read(message, &session->ends.when, err);

    if (status < 0)
        return status;
    session->ends.is_told = false;
    kept_update(session);
    daemon_tell_running(session->keeper, session);
    ends_look(session->keeper);
    return 0;
}

static int tell_logs(const struct session *visitor, uint32_t request, struct error *err)
{
    const struct output *output = &visitor->visits->output;
    auto_protocol struct protocol_out record, out = {0};
    auto_close int fd = -1;
    int status;

    protocol_begin(&record, PROTOCOL_RECORD_LOGS, 0);
    protocol_add_bytes(&record, TAG_OUTPUT, output->bytes, output->size);
    protocol_add_number(&record, TAG_COUNT, output->dropped);
    protocol_add_number(&record, TAG_STATE, output->watches[0].fd >= 0 || output->watches[1].fd >= 0 || visitor->visits->lifecycle == PROTOCOL_RESTARTING);
    protocol_add_number(&record, TAG_STARTED_MS, visitor->visits->started_ms);
    status = protocol_seal(&record, "cordon-logs", &fd, err);
    if (status < 0)
        return status;
    protocol_begin(&out, PROTOCOL_LOGS_ARE, request);
    return protocol_send(visitor->client.fd, MSG_DONTWAIT, &out, &fd, 1, err);
}

int held_heard(struct session *visitor, const struct protocol_message *message, struct error *err)
{
    struct session *held = visitor->visits; /* NULL also for whoever created it: that is no visitor */
    struct error failure = ERROR_INIT;
    int status = 0;

    if (!held)
        status = error_set(&failure, ERROR_NOT_FOUND, ESTALE, "stale_id: that container is no more");
    else if (held->purpose != PROTOCOL_PURPOSE_KEEP)
        status = error_set(&failure, ERROR_INVALID, EINVAL, "container %s belongs to the command that runs it, and goes with it", held->id);
    else if (message->type == PROTOCOL_START)
        status = replaced_look(held->keeper) && replaced_can_hand_on(held)
                     ? error_set(&failure, ERROR_SYSTEM, EREMCHG, "Cordon was upgraded, and container %s is being left to a keeper of the new program: start it again in a moment", held->id)
                     : start_in_time(visitor, message->request, &failure);
    else if (message->type == PROTOCOL_DROP)
        status = held_drop(held, &failure);
    else if (message->type == PROTOCOL_RENEW)
        status = renew(held, message, &failure);
    else
        return tell_logs(visitor, message->request, err);
    if (status == -EINPROGRESS)
        return 0;
    status = session_reply(visitor, message->request, status, &failure, err);
    if (failure.errnum == EREMCHG)
        replaced_hand_on(held);
    return status;
}
