/* SPDX-License-Identifier: Apache-2.0 */
/* What init says while the program runs: of names and connections, and how it ended. */
#include "tier/process/hear.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/memory.h"
#include "tier/process/cgroup.h"
#include "tier/process/control.h"

#define HEAR_MAX 512 /* messages at once: more than the socket holds */
#define ROUNDS_MAX 4 /* of looking for more */

/* Init sends no more of them than there is room for. */
int hear_note(struct tier_run *run, const struct message *message, int *directory, struct error *err)
{
    if (message->kind < TIER_NOTE_NAME || message->kind > TIER_NOTE_MORE || run->note_count == ARRAY_COUNT(run->notes))
        return error_set(err, ERROR_INTERNAL, EBADMSG, "init noted something unknown (%u)", message->kind);
    run->notes[run->note_count++] = (struct tier_note){(enum tier_note_kind)message->kind, take_fd(*directory)};
    return 0;
}

void hear_later(struct tier_run *run, const struct message *message)
{
    if (run->held_count < RUN_HELD_MAX)
        run->held[run->held_count++] = *message;
    else
        run->lost += 1 + message->refusal.lost;
}

/* The first one is that of process 1; it sends no other. */
void hear_channel(struct tier_run *run, int *fd)
{
    if (run->asks < 0)
        run->asks = take_fd(*fd);
}

void hear_self(struct tier_run *run, const struct message *message, int *fd)
{
    if (message->kind && run->watcher.nested && *fd >= 0)
        run->watcher.nested(run->watcher.context, take_fd(*fd));
    else if (!message->kind && run->watcher.asked && *fd >= 0)
        run->watcher.asked(run->watcher.context, take_fd(*fd));
}

static int tell_refusal(struct tier_run *run, const struct tier_refusal *refusal, struct error *err)
{
    run->lost = 0;
    return run->gateway.refused ? run->gateway.refused(run->gateway.context, refusal, err) : 0;
}

static int refusal_take(struct tier_run *run, struct message *message, struct error *err)
{
    const struct record_refusal *from = &message->refusal;
    struct tier_refusal refusal = {
        .pid = from->process,
        .program = from->program,
        .protocol = from->protocol,
        .family = from->family,
        .port = from->port,
        .errnum = message->value,
        .lost = (uint64_t)from->lost + run->lost,
    };

    message->object[sizeof(message->object) - 1] = '\0';
    refusal.exe = message->object[0] ? message->object : NULL;
    memcpy(refusal.address, from->address, sizeof(refusal.address));
    return tell_refusal(run, &refusal, err);
}

static void status_fill(struct tier_status *status, const struct message *message)
{
    status->end = WIFSIGNALED(message->value) ? TIER_SIGNALED : TIER_EXITED;
    status->code = WIFSIGNALED(message->value) ? WTERMSIG(message->value) : WEXITSTATUS(message->value);
    status->has_times = status->has_rss = true;
    status->user_us = message->user_us;
    status->system_us = message->system_us;
    status->max_rss_bytes = message->max_rss_bytes;
}

static void end(struct tier_run *run)
{
    run->is_over = true;
    run->status.is_oom_killed = run->has_cgroup && cgroup_was_oom_killed(&run->cgroup);
}

/* A killed init takes what it knew with it: the kernel adds the times of what dies with a process 1 to nobody's. */
static void lose(struct tier_run *run)
{
    struct tier_status *status = &run->status;

    status->end = TIER_LOST;
    run_reap(run); /* returns when the whole namespace is dead */
    status->has_times =
        run->has_cgroup && cgroup_times(&run->cgroup, &status->user_us, &status->system_us) == 0;
    end(run);
}

static int exit_take(struct tier_run *run, const struct message *message, struct error *err)
{
    const struct tier_refusal rest = {.lost = (uint64_t)message->refusal.lost + run->lost};

    status_fill(&run->status, message);
    end(run);
    return rest.lost ? tell_refusal(run, &rest, err) : 0;
}

static void ended_take(struct tier_run *run, const struct message *message)
{
    struct tier_status status = {0};

    status_fill(&status, message);
    if (run->programs.ended)
        run->programs.ended(run->programs.context, message->program, &status);
}

/* Of a program that was asked for and is not waited for any more nobody wants to know how it began. */
static void asked_take(struct tier_run *run, const struct message *message)
{
    if (message->program != run->asked.number)
        return;
    run->asked.message = *message;
    run->asked.is_known = true;
}

static void tty_take(struct tier_run *run, const struct message *message, int *fd)
{
    if (message->program == run->asked.number && run->asked.tty < 0)
        run->asked.tty = take_fd(*fd);
}

static int message_take(struct tier_run *run, struct message *message, int *fd, struct error *err)
{
    switch (run->stands ? message->type : 0) {
    case MESSAGE_STARTED:
    case MESSAGE_UNSTARTED:
        asked_take(run, message);
        return 0;
    case MESSAGE_TTY:
        tty_take(run, message, fd);
        return 0;
    case MESSAGE_ENDED:
        ended_take(run, message);
        return 0;
    default:
        break;
    }
    switch (message->type) {
    case MESSAGE_NOTED:
        return hear_note(run, message, fd, err);
    case MESSAGE_REFUSED:
        return refusal_take(run, message, err);
    case MESSAGE_TOLD:
        if (run->told)
            told_hand(run->told, message, *fd);
        return 0;
    case MESSAGE_SELF:
        hear_self(run, message, fd);
        return 0;
    case MESSAGE_ASKS:
        hear_channel(run, fd);
        return 0;
    case MESSAGE_UNASKED:
        if (run->watcher.unasked)
            run->watcher.unasked(run->watcher.context, message->ask);
        return 0;
    case MESSAGE_EXITED:
        return exit_take(run, message, err);
    default:
        return error_set(err, ERROR_INTERNAL, EBADMSG, "init said something unknown (%u)", message->type);
    }
}

static int message_next(struct tier_run *run, struct message *ret_message, int *ret_fd)
{
    if (run->held_next == run->held_count)
        return control_receive(run->control, ret_message, ret_fd, MSG_DONTWAIT);
    *ret_message = run->held[run->held_next++];
    return 0;
}

/* What the kernel counted of limits, once: when everything is gone. */
static int tell_limits(struct tier_run *run, struct error *err)
{
    const struct {
        const char *member;
        int errnum;
        uint64_t count;
    } met[] = {
        {"resources.memory", ENOMEM, run->has_cgroup ? cgroup_oom_kills(&run->cgroup) : 0},
        {"resources.pids", EAGAIN, run->has_cgroup ? cgroup_refused_forks(&run->cgroup) : 0},
    };
    int status = 0;

    for (size_t i = 0; i < ARRAY_COUNT(met) && run->watcher.accessed && status == 0; i++) {
        const struct tier_access access = {
            .operation = OPERATION_LIMIT,
            .source = "cgroup",
            .layer = BY_CGROUP,
            .errnum = met[i].errnum,
            .call = -1,
            .named = met[i].member,
            .path = met[i].member,
            .count = met[i].count,
        };

        if (met[i].count)
            status = run->watcher.accessed(run->watcher.context, &access, access.source, 0, err);
    }
    return status;
}

static int hear_messages(struct tier_run *run, struct error *err)
{
    int status = 0;

    for (int i = 0; i < HEAR_MAX && !run->is_over && status == 0; i++) {
        struct message message = {0};
        auto_close int fd = -1;

        status = message_next(run, &message, &fd);
        if (status == -EAGAIN)
            return 0;
        if (status == -ECONNRESET) {
            lose(run);
            return 0;
        }
        status = status == 0 ? message_take(run, &message, &fd, err)
                             : error_set(err, ERROR_INTERNAL, -status, "init said something that cannot be read");
    }
    return status;
}

int hear_asked(struct tier_run *run, uint64_t deadline_ns, int cancel_fd, struct error *err)
{
    int status = 0;

    while (status == 0 && !run->asked.is_known && !run->is_over) {
        struct message message = {0};
        auto_close int fd = -1;

        if (run->held_next == run->held_count)
            status = control_await(run->control, deadline_ns, cancel_fd, err);
        if (status < 0)
            return status;
        status = run->held_next == run->held_count ? control_receive(run->control, &message, &fd, 0)
                                                   : message_next(run, &message, &fd);
        if (status == -ECONNRESET) {
            lose(run);
            return 0;
        }
        status = status == 0 ? message_take(run, &message, &fd, err)
                             : error_set(err, ERROR_INTERNAL, -status, "init said something that cannot be read");
    }
    return status;
}

/*
 * Of a refusal's process a descriptor comes before it, so what has been written by now is taken after the messages. Somebody who
 * writes without end is left for the next time, which the next one brings about.
 */
int hear_all(struct tier_run *run, struct error *err)
{
    int status = 0;

    for (int i = 0; i < ROUNDS_MAX && status == 0; i++) {
        bool was_over = run->is_over;
        uint32_t until = run->told ? told_until(run->told) : 0;

        status = hear_messages(run, err);
        if (run->told && run->is_over)
            until = told_until(run->told); /* nobody writes any more */
        if (status == 0 && run->told)
            status = told_take(run->told, until, &run->watcher, run->is_in_place, err);
        if (status == 0 && run->is_over && !was_over)
            status = tell_limits(run, err);
        if (status < 0 || !run->told || was_over || told_await(run->told))
            break;
    }
    return status;
}
