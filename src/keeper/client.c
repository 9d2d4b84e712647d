/* SPDX-License-Identifier: Apache-2.0 */
/* What a client says: its request, piece by piece, and then about its container. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "keeper/keeper.h"

#define LIMITS_MAX 8

static void cut(char *to, size_t size, const char *text)
{
    size_t used = strlen(to);

    snprintf(to + used, size - used, "%s%s", used ? " " : "", text);
}

/* What people will see of it in a list. */
static void describe(struct session *session, const struct protocol_message *record)
{
    const char *policy = protocol_text(record, TAG_POLICY_NAME), *profile = protocol_text(record, TAG_PROFILE);
    struct protocol_field field;

    snprintf(session->policy, sizeof(session->policy), "%s", policy ? policy : profile ? profile : "coding-agent");
    for (size_t at = 0; protocol_next(record, &at, &field);)
        if (field.tag == TAG_ARG && strlen(session->command) + 2 < sizeof(session->command))
            cut(session->command, sizeof(session->command), field.data);
}

int session_read_request(struct session *session, const struct protocol_message *record, struct error *err)
{
    int status = request_read_process(record, &session->process, err);

    if (status == 0)
        status = request_read(record, &session->request, err);
    if (status == 0)
        status = again_read(session, record, err);
    if (status == 0 && session->purpose == PROTOCOL_PURPOSE_KEEP)
        status = ending_read(record, &session->ends.when, err);
    if (status == 0 && session->keeper->launcher.fd >= 0)
        status = cordon_request_set_launcher(session->request, session->keeper->launcher.fd, (struct cordon_error *)err);
    if (status == 0)
        describe(session, record);
    return status;
}

static int fill_request(struct session *session, struct protocol_received *received, struct error *err)
{
    auto_free unsigned char *bytes = NULL;
    struct protocol_message record;
    struct stat st;
    int status = protocol_unseal(received->fds[0], PROTOCOL_RECORD_REQUEST, &bytes, &record, err);

    if (status == 0 && (fstat(received->fds[1], &st) < 0 || !S_ISDIR(st.st_mode)))
        status = error_set(err, ERROR_INVALID, ENOTDIR, "the client's directory is none");
    if (status == 0)
        status = session_read_request(session, &record, err);
    if (status == 0)
        status = numbers_lift(take_fd(received->fds[1]), &session->cwd, err);
    if (status < 0)
        return status;
    if (session->purpose == PROTOCOL_PURPOSE_KEEP) {
        session->disk.record = take_ptr(bytes);
        session->disk.record_size = (size_t)(record.fields - session->disk.record) + record.size;
    }
    session->has_tty = protocol_number(&record, TAG_HAS_TTY, 0) != 0;
    session->state = PROTOCOL_FILLING;
    return 0;
}

static int fill_stream(struct session *session, struct protocol_received *received, struct error *err)
{
    uint64_t number = protocol_number(&received->message, TAG_NUMBER, UINT64_MAX);

    if (number > 2 || session->streams[number] >= 0)
        return error_set(err, ERROR_INVALID, EPROTO, "stream %llu is none of three, or told twice", (unsigned long long)number);
    return numbers_lift(take_fd(received->fds[0]), &session->streams[number], err);
}

static int fill_kept(struct session *session, struct protocol_received *received, struct error *err)
{
    uint64_t number = protocol_number(&received->message, TAG_NUMBER, UINT64_MAX);
    struct kept *kept = &session->kept[session->kept_count];
    int status;

    if (number < 3 || number > 1023)
        return error_set(err, ERROR_INVALID, EBADF, "only descriptors 3 to 1023 can be kept");
    if (session->kept_count == CORDON_FDS_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "more than %d kept descriptors", CORDON_FDS_MAX);
    for (size_t i = 0; i < session->kept_count; i++)
        if (session->kept[i].number == (int)number)
            return error_set(err, ERROR_INVALID, EPROTO, "descriptor %d is told twice", (int)number);
    status = numbers_lift(take_fd(received->fds[0]), &kept->fd, err);
    if (status < 0)
        return status;
    kept->number = (int)number;
    session->kept_count++;
    return 0;
}

static int fill_events(struct session *session, struct protocol_received *received, struct error *err)
{
    if (session->events >= 0)
        return error_set(err, ERROR_INVALID, EPROTO, "where events go is told twice");
    return numbers_lift(take_fd(received->fds[0]), &session->events, err);
}

int session_fill(struct session *session, struct protocol_received *received, struct error *err)
{
    switch (received->message.type) {
    case PROTOCOL_REQUEST_IS:
        return fill_request(session, received, err);
    case PROTOCOL_STREAM:
        return fill_stream(session, received, err);
    case PROTOCOL_KEEP:
        return fill_kept(session, received, err);
    case PROTOCOL_EVENTS:
        return fill_events(session, received, err);
    default:
        return error_set(err, ERROR_INTERNAL, EPROTO, "message %s has nobody who hears it", received->message.row->name);
    }
}

/* ---- while it runs ---- */

static struct cordon_container *container_about(const struct session *session)
{
    return session->is_visitor ? session->visits ? session->visits->container : NULL : session->container;
}

int session_reply(const struct session *session, uint32_t request, int status, const struct error *failure, struct error *err)
{
    auto_protocol struct protocol_out out;

    if (session->hears)
        control_record(session, session->hears, status, failure);
    protocol_begin(&out, status < 0 ? PROTOCOL_FAILED : PROTOCOL_DONE, request);
    if (status < 0) {
        protocol_add_error(&out, failure, NULL);
        protocol_add_number(&out, TAG_NUMBER, (uint64_t)-status); /* what the function returned, which its text is not always about */
    }
    return protocol_send(session->client.fd, MSG_DONTWAIT, &out, NULL, 0, err);
}

static int hear_signal(struct session *session, const struct protocol_message *message, struct error *err)
{
    uint64_t number = protocol_number(message, TAG_SIGNAL, 0);

    return cordon_container_signal(container_about(session), number <= 64 ? (int)number : 0, (struct cordon_error *)err);
}

static int hear_answer(struct session *session, const struct protocol_message *message, struct error *err)
{
    uint64_t answer = protocol_number(message, TAG_ANSWER, UINT64_MAX), for_ms = protocol_number(message, TAG_LEFT_MS, 0), number = protocol_number(message, TAG_NUMBER, 0);
    const char *digest = protocol_text(message, TAG_DIGEST);
    struct place own;
    int status;

    if (session->is_visitor)
        return error_set(err, ERROR_FORBIDDEN, EPERM, "questions are answered where the program was started");
    status = place_enter(session, &own, err);
    if (status < 0)
        return status;
    if (for_ms && answer != CORDON_ANSWER_RUN)
        status = error_set(err, ERROR_INVALID, EINVAL, "answer %llu has no end of its own", (unsigned long long)answer);
    else if (for_ms)
        status = cordon_container_answer_for(container_about(session), number, digest, for_ms, (struct cordon_error *)err);
    else
        status = cordon_container_answer(container_about(session), number, digest, answer <= CORDON_ANSWER_RULE ? (enum cordon_answer)answer : (enum cordon_answer)-1,
                                         (struct cordon_error *)err);
    place_leave(&own);
    return status;
}

/* What it has for a while is not what it goes back to. */
static void take_network(struct session *holder, const struct ending *ends, struct cordon_request **request, int *cwd)
{
    if (!ending_is_set(ends)) {
        network_forget(holder);
        holder->network.lasting = take_ptr(*request);
        holder->network.cwd = take_fd(*cwd);
    }
    holder->network.ends = *ends;
    daemon_tell_running(holder->keeper, holder);
    ends_look(holder->keeper);
}

static int hear_network(struct session *session, struct protocol_received *received, struct error *err)
{
    struct session *holder = session->is_visitor ? session->visits : session;
    auto_free unsigned char *bytes = NULL;
    struct cordon_request *request = NULL;
    struct protocol_message record;
    struct container_facts former;
    struct ending ends;
    auto_close int cwd = -1;
    struct place own;
    int status = protocol_unseal(received->fds[0], PROTOCOL_RECORD_REQUEST, &bytes, &record, err);

    if (status == 0)
        status = ending_read(&received->message, &ends, err);
    if (status == 0)
        status = request_read(&record, &request, err);
    if (status < 0)
        return status;
    status = numbers_lift(take_fd(received->fds[1]), &cwd, err);
    container_tell_facts(holder->container, &former);
    if (status == 0)
        status = place_enter_at(cwd, holder->process.umask, &own, err);
    if (status == 0) {
        status = cordon_container_set_network(holder->container, request, (struct cordon_error *)err);
        place_leave(&own);
    }
    changed_network(holder, former.digest);
    if (status == 0)
        take_network(holder, &ends, &request, &cwd);
    cordon_request_free(request);
    return status;
}

static int hear_limits(struct session *session, const struct protocol_message *message, struct error *err)
{
    const char *members[LIMITS_MAX + 1];
    struct protocol_field field;
    size_t count = 0;

    for (size_t at = 0; protocol_next(message, &at, &field);) {
        if (count == LIMITS_MAX)
            return error_set(err, ERROR_LIMIT, E2BIG, "more than %d limits", LIMITS_MAX);
        members[count++] = field.data;
    }
    members[count] = NULL;
    return cordon_container_set_limits(container_about(session), members, (struct cordon_error *)err);
}

static int tell_changes(struct session *session, uint32_t request, struct error *err)
{
    auto_protocol struct protocol_out out;
    struct error failure = ERROR_INIT;
    size_t count = 0;

    if (cordon_container_changes(container_about(session), &count, (struct cordon_error *)&failure) < 0)
        return session_reply(session, request, -1, &failure, err);
    protocol_begin(&out, PROTOCOL_CHANGES_ARE, request);
    protocol_add_number(&out, TAG_COUNT, count);
    return protocol_send(session->client.fd, MSG_DONTWAIT, &out, NULL, 0, err);
}

/* `container`: whose control group counts better than what is left of its processes; NULL = none does. */
int session_tell_stats(struct session *session, const struct cordon_container *container, pid_t pid, uint32_t request, struct error *err)
{
    auto_protocol struct protocol_out out = {0};
    struct error failure = ERROR_INIT;
    struct stats stats;
    int status = stats_read(pid, &stats, &failure);

    if (status < 0)
        return session_reply(session, request, status, &failure, err);
    if (container) {
        (void)!container_memory(container, &stats.memory);
        (void)!container_times(container, &stats.user_us, &stats.system_us);
    }
    protocol_begin(&out, PROTOCOL_STATS_ARE, request);
    protocol_add_number(&out, TAG_USER_US, stats.user_us);
    protocol_add_number(&out, TAG_SYSTEM_US, stats.system_us);
    protocol_add_number(&out, TAG_MEMORY, stats.memory);
    protocol_add_number(&out, TAG_PROCESSES, stats.processes);
    return protocol_send(session->client.fd, MSG_DONTWAIT, &out, NULL, 0, err);
}

static int hear_freeze(struct session *session, bool is_frozen, struct error *err)
{
    struct session *holder = session->is_visitor ? session->visits : session;
    struct cordon_error *public = (struct cordon_error *)err;
    int status = is_frozen ? cordon_container_freeze(holder->container, public) : cordon_container_thaw(holder->container, public);

    if (status == 0 && holder->is_frozen != is_frozen) {
        holder->is_frozen = is_frozen;
        daemon_tell_running(session->keeper, holder);
        children_tell_all(holder);
    }
    return status;
}

/* What becomes of it is said on its own connection. */
static int hear_program(struct session *session, struct protocol_received *received, struct error *err)
{
    int client, status = numbers_lift(take_fd(received->fds[0]), &client, err);

    if (status == 0)
        session_open_program(session, client);
    return status;
}

/*
 * Of a launch that waits for the log. One that is under way looks for itself whether its client says anything (`request->cancel_fd`), and what has
 * begun goes on: its client hears so.
 */
static int give_up(const struct session *session, struct error *err)
{
    if (session->state != PROTOCOL_STARTING)
        return 0;
    return error_set(err, ERROR_SYSTEM, ECANCELED, "the launch was given up, as the caller asked");
}

int session_heard(struct session *session, struct protocol_received *received, struct error *err)
{
    const struct protocol_message *message = &received->message;
    const struct session *about = session->is_visitor ? session->visits : session;
    struct error failure = ERROR_INIT;
    int status;

    if (message->type == PROTOCOL_GIVE_UP)
        return give_up(session, err);
    session->hears = session->purpose == PROTOCOL_PURPOSE_VISIT ? message->type : 0; /* what one does to one's own run is the run's record's */
    snprintf(session->about, sizeof(session->about), "%s", *session->child ? session->child : about ? about->id : "");
    if (*session->child)
        return child_heard(session, message, err);
    if (session->program)
        return program_heard(session, message, err);
    if (message->type == PROTOCOL_PROGRAM)
        return hear_program(session, received, err);
    if (message->type == PROTOCOL_START || message->type == PROTOCOL_DROP || message->type == PROTOCOL_LOGS || message->type == PROTOCOL_RENEW)
        return held_heard(session, message, err);
    if (session->purpose == PROTOCOL_PURPOSE_EXEC) /* its program ended while this was said: nothing else is meant */
        return session_reply(session, message->request, 0, &failure, err);
    if ((message->type == PROTOCOL_STOP || message->type == PROTOCOL_KILL) && session->visits && session->visits->lifecycle && again_give_up(session->visits)) {
        status = session_reply(session, message->request, 0, &failure, err);
        session_tell_visitors(session->visits, -1);
        return status;
    }
    if (!container_about(session) && session->visits)
        return session_reply(session, message->request, held_not_running(session->visits, message->type, &failure), &failure, err);
    if (!container_about(session)) { /* it ended while this was said */
        bool is_done = message->type == PROTOCOL_SIGNAL || message->type == PROTOCOL_KILL || message->type == PROTOCOL_STOP;

        error_set(&failure, ERROR_INVALID, ESTALE, "the container has ended");
        return session_reply(session, message->request, is_done ? 0 : -ESTALE, &failure, err);
    }
    switch (message->type) {
    case PROTOCOL_SIGNAL:
        return session_reply(session, message->request, hear_signal(session, message, &failure), &failure, err);
    case PROTOCOL_KILL:
        return session_reply(session, message->request, cordon_container_kill(container_about(session), (struct cordon_error *)&failure), &failure, err);
    case PROTOCOL_ANSWER:
        status = hear_answer(session, message, &failure);
        if (!session->is_visitor && session_tell_question(session, err) < 0) /* before the answer: what stands then is known */
            return -EPIPE;
        return session_reply(session, message->request, status, &failure, err);
    case PROTOCOL_NETWORK:
        return session_reply(session, message->request, hear_network(session, received, &failure), &failure, err);
    case PROTOCOL_LIMITS:
        return session_reply(session, message->request, hear_limits(session, message, &failure), &failure, err);
    case PROTOCOL_STOP:
        status = cordon_container_stop(container_about(session), protocol_number(message, TAG_LEFT_MS, 0), (struct cordon_error *)&failure);
        return session_reply(session, message->request, status, &failure, err);
    case PROTOCOL_FREEZE:
    case PROTOCOL_THAW:
        status = hear_freeze(session, message->type == PROTOCOL_FREEZE, &failure);
        return session_reply(session, message->request, status, &failure, err);
    case PROTOCOL_STATS:
        return session_tell_stats(session, container_about(session), cordon_container_pid(container_about(session)), message->request, err);
    case PROTOCOL_COUNT_CHANGES:
        return tell_changes(session, message->request, err);
    default:
        return error_set(err, ERROR_INTERNAL, EPROTO, "message %s has nobody who hears it", message->row->name);
    }
}
