/* SPDX-License-Identifier: Apache-2.0 */
/* A container of the daemon's while it runs, and what is known of its end. */
#include "sdk/remote.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/memory.h"
#include "sdk/programs.h"
#include "sdk/remote_inside.h"

static int fail(struct remote *remote, const struct error *err)
{
    remote->failure = *err;
    return err->errnum > 0 ? -err->errnum : -EIO;
}

/* Nothing of it runs on: the keeper's end is that of its containers. */
static void lose(struct remote *remote)
{
    remote->is_over = true;
    remote->is_asked = false;
    remote->status = (struct cordon_status){.end = CORDON_END_LOST, .exit_status = 125};
    snprintf(remote->status.text, sizeof(remote->status.text), "the keeper of this container ended, and the container with it");
}

static int copy_text(char **ret_copy, const char *text, struct error *err)
{
    if (!text)
        return 0;
    *ret_copy = mem_string(text);
    return *ret_copy ? 0 : error_memory(err);
}

static int take_end(struct remote *remote, struct error *err)
{
    auto_free unsigned char *bytes = NULL;
    struct protocol_message record;
    const void *status;
    size_t size;
    int r = protocol_unseal(remote->received.fds[0], PROTOCOL_RECORD_END, &bytes, &record, err);

    if (r < 0)
        return r;
    status = protocol_bytes(&record, TAG_STATUS, &size);
    if (size != sizeof(remote->status))
        return error_set(err, ERROR_SCHEMA, EPROTO, "the keeper tells of the end as another version of Cordon does: restart the daemon");
    memcpy(&remote->status, status, size);
    remote->status.text[sizeof(remote->status.text) - 1] = '\0';
    remote->denial_count = protocol_number(&record, TAG_DENIALS, 0);
    remote->changes = protocol_number(&record, TAG_CHANGES, UINT64_MAX);
    remote->has_changes = remote->changes != UINT64_MAX;
    r = copy_text(&remote->findings, protocol_text(&record, TAG_FINDINGS), err);
    if (r == 0)
        r = copy_text(&remote->findings_json, protocol_text(&record, TAG_FINDINGS_JSON), err);
    if (r == 0)
        r = copy_text(&remote->denials, protocol_text(&record, TAG_DENIALS_TEXT), err);
    remote->is_over = r == 0;
    remote->is_asked = false;
    return r;
}

static int take_question(struct remote *remote, struct error *err)
{
    struct protocol_message question = remote->received.message;
    unsigned char *bytes;

    remote->is_asked = false;
    if (!protocol_number(&question, TAG_NUMBER, 0))
        return 0;
    bytes = mem_alloc(question.size);
    if (!bytes)
        return error_memory(err);
    memcpy(bytes, question.fields, question.size);
    mem_free(remote->question);
    remote->question = bytes;
    question.fields = bytes;
    remote->approval = (struct cordon_approval){
        .number = protocol_number(&question, TAG_NUMBER, 0),
        .digest = protocol_text(&question, TAG_DIGEST),
        .operation = protocol_text(&question, TAG_OPERATION),
        .path = protocol_text(&question, TAG_PATH),
        .named = protocol_text(&question, TAG_NAMED),
        .exe = protocol_text(&question, TAG_EXE),
        .text = protocol_text(&question, TAG_TEXT),
        .rule_file = protocol_text(&question, TAG_RULE_FILE),
        .pid = (int32_t)protocol_number(&question, TAG_PID, 0),
        .left_ms = protocol_number(&question, TAG_LEFT_MS, 0),
    };
    remote->asked_ns = clock_monotonic_ns();
    remote->is_asked = remote->approval.digest && remote->approval.text;
    return 0;
}

/* What comes without being asked for. */
static int take_news(struct remote *remote, struct error *err)
{
    const struct protocol_message *message = &remote->received.message;
    struct error failure = ERROR_INIT;
    int status = protocol_permit(message, PROTOCOL_KEEPER, PROTOCOL_CLIENT, PROTOCOL_RUNNING, remote->received.fd_count, err);

    if (status < 0)
        return status;
    switch (message->type) {
    case PROTOCOL_ASKED:
        return take_question(remote, err);
    case PROTOCOL_OVER:
        return take_end(remote, err);
    case PROTOCOL_FAILED:
        protocol_read_error(message, &failure);
        if (err)
            *err = failure;
        return fail(remote, &failure);
    case PROTOCOL_DONE:
        return 0; /* of something that nobody waits for any more */
    default:
        return error_set(err, ERROR_INTERNAL, EPROTO, "the keeper says %s", message->row->name);
    }
}

/* One message, if there is one: 1, 0 = none now, or the keeper is gone: then it is over. */
static int hear_one(struct remote *remote, int flags, struct error *err)
{
    struct error failure = ERROR_INIT;
    int status = protocol_receive(remote->socket, flags, &remote->received, &failure);

    if (status == -EAGAIN)
        return 0;
    if (status == 0 && !remote->is_over)
        lose(remote);
    if (status < 0 && err)
        *err = failure;
    return status < 0 ? fail(remote, &failure) : status;
}

/* What the function returned there: mostly the error's number. */
static int returned(const struct protocol_message *message, const struct error *failure)
{
    uint64_t number = protocol_number(message, TAG_NUMBER, (uint64_t)failure->errnum);

    return number && number < 4096 ? -(int)number : -EINVAL;
}

/* The answer to the last request: 0, or what went wrong. What else comes meanwhile is taken, too; after the end nothing is answered. */
int remote_hear(struct remote *remote, struct error *err)
{
    for (;;) {
        const struct protocol_message *message = &remote->received.message;
        struct error failure = ERROR_INIT;
        int status = hear_one(remote, 0, err);

        if (status <= 0)
            return status;
        if (message->request == remote->last_request && message->request) {
            if (message->type != PROTOCOL_FAILED && remote->wants_fd)
                return 0;
            protocol_drop(&remote->received);
            if (message->type != PROTOCOL_FAILED)
                return 0;
            protocol_read_error(message, &failure);
            if (err)
                *err = failure;
            return returned(message, &failure);
        }
        status = take_news(remote, err);
        protocol_drop(&remote->received);
        if (status < 0)
            return status;
    }
}

static int ask(struct remote *remote, struct protocol_out *out, struct error *err)
{
    int status = protocol_send(remote->socket, 0, out, NULL, 0, err);

    if (status == -EPIPE || status == -ECONNRESET) {
        lose(remote);
        return 0;
    }
    return status < 0 ? status : remote_hear(remote, err);
}

int remote_signal(struct remote *remote, int signal_number, struct error *err)
{
    auto_protocol struct protocol_out out;

    protocol_begin(&out, PROTOCOL_SIGNAL, ++remote->last_request);
    protocol_add_number(&out, TAG_SIGNAL, (uint64_t)signal_number);
    return ask(remote, &out, err);
}

int remote_stop(struct remote *remote, uint64_t grace_ms, struct error *err)
{
    auto_protocol struct protocol_out out;

    protocol_begin(&out, PROTOCOL_STOP, ++remote->last_request);
    protocol_add_number(&out, TAG_LEFT_MS, grace_ms);
    return ask(remote, &out, err);
}

int remote_set_limits(struct remote *remote, const char *const *members, struct error *err)
{
    auto_protocol struct protocol_out out;

    protocol_begin(&out, PROTOCOL_LIMITS, ++remote->last_request);
    for (size_t i = 0; members[i]; i++)
        protocol_add_text(&out, TAG_MEMBER, members[i]);
    return ask(remote, &out, err);
}

void remote_add_until(struct protocol_out *out, const struct until *until)
{
    if (until->left_ms)
        protocol_add_number(out, TAG_LEFT_MS, until->left_ms);
    if (until->at_ms)
        protocol_add_number(out, TAG_UNTIL_MS, until->at_ms);
}

int remote_renew(struct remote *remote, const struct until *until, struct error *err)
{
    auto_protocol struct protocol_out out;

    protocol_begin(&out, PROTOCOL_RENEW, ++remote->last_request);
    remote_add_until(&out, until);
    return ask(remote, &out, err);
}

int remote_freeze(struct remote *remote, bool is_frozen, struct error *err)
{
    auto_protocol struct protocol_out out;

    protocol_begin(&out, is_frozen ? PROTOCOL_FREEZE : PROTOCOL_THAW, ++remote->last_request);
    return ask(remote, &out, err);
}

int remote_kill(struct remote *remote, struct error *err)
{
    auto_protocol struct protocol_out out;

    protocol_begin(&out, PROTOCOL_KILL, ++remote->last_request);
    return ask(remote, &out, err);
}

int remote_order(struct remote *remote, uint16_t type, struct error *err)
{
    auto_protocol struct protocol_out out;
    int status;

    protocol_begin(&out, type, ++remote->last_request);
    status = ask(remote, &out, err);
    if (status == 0 && remote->is_over && remote->status.end == CORDON_END_LOST)
        return error_set(err, ERROR_SYSTEM, EPIPE, "%s", remote->status.text);
    return status;
}

int remote_stats(struct remote *remote, uint64_t ret_numbers[4], struct error *err)
{
    static const uint16_t tags[4] = {TAG_USER_US, TAG_SYSTEM_US, TAG_MEMORY, TAG_PROCESSES};
    int status = remote_order(remote, PROTOCOL_STATS, err);

    if (status == 0 && remote->received.message.type != PROTOCOL_STATS_ARE)
        return error_set(err, ERROR_INTERNAL, EPROTO, "the keeper answers with %s", remote->received.message.row->name);
    for (size_t i = 0; status == 0 && i < ARRAY_COUNT(tags); i++)
        ret_numbers[i] = protocol_number(&remote->received.message, tags[i], 0);
    return status;
}

/* What is behind `logs->at`, of the start that it was of. */
static int take_logs(const struct protocol_message *record, struct cordon_logs *logs, struct error *err)
{
    uint64_t dropped = protocol_number(record, TAG_COUNT, 0), run_ms = protocol_number(record, TAG_STARTED_MS, 0), from;
    size_t size;
    const char *output = protocol_bytes(record, TAG_OUTPUT, &size);
    char *copy;

    from = run_ms == logs->run_ms && logs->at > dropped ? logs->at - dropped : 0;
    if (from > size)
        from = size;
    copy = mem_alloc(size - from + 1);
    if (!copy)
        return error_memory(err);
    memcpy(copy, output + from, size - from);
    *logs = (struct cordon_logs){.at = dropped + size, .run_ms = run_ms, .bytes = copy, .size = size - from, .is_over = !protocol_number(record, TAG_STATE, 0)};
    return 0;
}

/* The one answer that brings a descriptor: it is read before others are. */
int remote_logs(struct remote *remote, struct cordon_logs *logs, struct error *err)
{
    auto_protocol struct protocol_out out;
    auto_free unsigned char *bytes = NULL;
    struct protocol_message record;
    int status;

    protocol_begin(&out, PROTOCOL_LOGS, ++remote->last_request);
    remote->wants_fd = true;
    status = ask(remote, &out, err);
    remote->wants_fd = false;
    if (status == 0 && remote->received.message.type != PROTOCOL_LOGS_ARE)
        status = error_set(err, ERROR_SYSTEM, EPIPE, "the keeper did not tell what was written");
    if (status == 0)
        status = protocol_unseal(remote->received.fds[0], PROTOCOL_RECORD_LOGS, &bytes, &record, err);
    protocol_drop(&remote->received);
    return status < 0 ? status : take_logs(&record, logs, err);
}

int remote_answer(struct remote *remote, uint64_t number, const char *digest, enum cordon_answer answer, uint64_t for_ms, struct error *err)
{
    auto_protocol struct protocol_out out;

    protocol_begin(&out, PROTOCOL_ANSWER, ++remote->last_request);
    protocol_add_number(&out, TAG_NUMBER, number);
    protocol_add_text(&out, TAG_DIGEST, digest);
    protocol_add_number(&out, TAG_ANSWER, (uint64_t)answer);
    if (for_ms)
        protocol_add_number(&out, TAG_LEFT_MS, for_ms);
    return ask(remote, &out, err);
}

int remote_changes(struct remote *remote, size_t *ret_count, struct error *err)
{
    auto_protocol struct protocol_out out = {0};
    int status;

    if (!remote->is_reviewed)
        return error_set(err, ERROR_INVALID, EINVAL, "the container was not started for a review");
    if (!remote->is_over) {
        protocol_begin(&out, PROTOCOL_COUNT_CHANGES, ++remote->last_request);
        status = ask(remote, &out, err);
        if (status < 0)
            return status;
        if (!remote->is_over) {
            *ret_count = (size_t)protocol_number(&remote->received.message, TAG_COUNT, 0);
            return 0;
        }
    }
    if (!remote->has_changes)
        return error_set(err, ERROR_SYSTEM, EIO, "what it changed was not told: cordon review shows it");
    *ret_count = (size_t)remote->changes;
    return 0;
}

/* What was captured here is on its way until its pipes are empty. */
static int drain(struct cordon_container *container, struct error *err)
{
    struct relay *relays = container->streams.relays;
    uint64_t counted = 0;
    int status = 0;

    for (int i = 0; status == 0 && i < 2; i++)
        status = relay_step(&relays[i], 0, &counted, container->remote->is_over, err);
    return status;
}

int remote_step(struct cordon_container *container, struct error *err)
{
    struct remote *remote = container->remote;
    const struct relay *relays = container->streams.relays;
    int status = programs_step(container, err);

    if (status < 0)
        return status;
    if (container->state == CONTAINER_ENDED)
        return 1;
    if (remote->failure.kind) {
        if (err)
            *err = remote->failure;
        return fail(remote, &remote->failure);
    }
    while (!remote->is_over && (status = hear_one(remote, MSG_DONTWAIT, err)) > 0) {
        status = take_news(remote, err);
        protocol_drop(&remote->received);
        if (status < 0)
            break;
    }
    if (status >= 0)
        status = drain(container, err);
    if (status < 0)
        return remote->failure.errnum > 0 ? -remote->failure.errnum : status;
    if (!remote->is_over || !relay_is_done(&relays[0]) || !relay_is_done(&relays[1]))
        return 0;
    container->status = remote->status;
    container->status.flags |= (relays[0].is_incomplete ? CORDON_STATUS_STDOUT_INCOMPLETE : 0) | (relays[1].is_incomplete ? CORDON_STATUS_STDERR_INCOMPLETE : 0);
    container->state = CONTAINER_ENDED;
    return 1;
}

int remote_approval(const struct remote *remote, struct cordon_approval *ret_approval)
{
    uint64_t passed_ms = (clock_monotonic_ns() - remote->asked_ns) / NS_PER_MS;

    if (!remote->is_asked)
        return 0;
    *ret_approval = remote->approval;
    ret_approval->left_ms = remote->approval.left_ms > passed_ms ? remote->approval.left_ms - passed_ms : 0;
    return 1;
}

int remote_poll_fd(const struct remote *remote)
{
    return remote->watch >= 0 ? remote->watch : remote->socket;
}

int remote_tty_fd(const struct remote *remote)
{
    return remote->tty;
}

pid_t remote_pid(const struct remote *remote)
{
    return remote->pid;
}

const char *remote_id(const struct remote *remote)
{
    return remote->id;
}

bool remote_may_write_clipboard(const struct remote *remote)
{
    return remote->may_write_clipboard;
}

const char *remote_findings(const struct remote *remote, enum cordon_format format)
{
    const char *text = format == CORDON_JSON ? remote->findings_json : remote->findings;

    return text ? text : format == CORDON_JSON ? "{\"findings\":[]}\n" : "";
}

const char *remote_denials(const struct remote *remote, uint64_t *ret_count)
{
    *ret_count = remote->denial_count;
    return remote->denials ? remote->denials : "";
}
