/* SPDX-License-Identifier: Apache-2.0 */
/* A client from its first message to its end, which is also the end of what it had run. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "keeper/kept.h"
#include "sdk/keeping.h"
#include "protocol/peer.h"

static struct session *of_client(struct loop_watch *watch)
{
    return container_of(watch, struct session, client);
}

static struct session *of_container(struct loop_watch *watch)
{
    return container_of(watch, struct session, container_watch);
}

void session_tell_visitors(const struct session *session, int over)
{
    for (struct session *visitor = session->keeper->sessions; visitor; visitor = visitor->next) {
        auto_protocol struct protocol_out out = {0};

        if (visitor->visits != session || visitor->purpose != PROTOCOL_PURPOSE_VISIT)
            continue;
        if (session->purpose != PROTOCOL_PURPOSE_KEEP || !session->lifecycle || *visitor->child) {
            visitor->visits = NULL;
            visitor->state = PROTOCOL_ENDED;
        }
        protocol_begin(&out, PROTOCOL_OVER, 0);
        if (over < 0 || *visitor->child || protocol_send(visitor->client.fd, MSG_DONTWAIT, &out, &over, 1, NULL) < 0)
            shutdown(visitor->client.fd, SHUT_RDWR);
    }
}

static void forget_container(struct session *session)
{
    bool is_listed = session_is_listed(session); /* by its id: a later cordond does not know the ticket of a former one's */

    if (!session->container)
        return;
    loop_forget(session->keeper->loop, &session->container_watch);
    session_end_programs(session);
    cordon_container_free(take_ptr(session->container));
    session_tell_visitors(session, -1);
    if (is_listed)
        daemon_tell_lost(session->keeper, session->id);
    else
        daemon_tell_not_served(session->keeper, session);
}

/* Its directory stays, from where a rule is written that a person adds, and where events go. */
static void close_fds(struct session *session)
{
    for (int i = 0; i < 3; i++) {
        fd_close_at(&session->streams[i]);
        session->streams[i] = -1;
    }
    while (session->kept_count)
        fd_close_at(&session->kept[--session->kept_count].fd);
}

void session_close(struct session *session)
{
    struct keeper *keeper = session->keeper;

    loop_forget(keeper->loop, &session->client);
    loop_cancel(keeper->loop, &session->log_timer);
    if (session->container)
        forget_container(session);
    else if (session->lifecycle)
        daemon_tell_lost(keeper, session->id);
    else if (session->state < PROTOCOL_RUNNING && !session->is_visitor)
        daemon_tell_not_served(keeper, session);
    for (struct session *visitor = keeper->sessions; visitor; visitor = visitor->next)
        if (visitor->visits == session)
            visitor->visits = NULL;
    held_finish(session);
    close_fds(session);
    network_forget(session);
    kept_forget(session);
    fd_close_at(&session->cwd);
    fd_close_at(&session->events);
    protocol_close(session->client.fd);
    fd_close_at(&session->made);
    cordon_request_free(session->request);
    *session->before = session->next;
    if (session->next)
        session->next->before = session->before;
    keeper->session_count--;
    mem_free(session);
    keeper_look_for_end(keeper);
}

bool session_is_listed(const struct session *session)
{
    return session->lifecycle || (session->container && session->state == PROTOCOL_RUNNING);
}

/* Its client has what it wanted: the container stays. */
static void detach(struct session *session)
{
    loop_forget(session->keeper->loop, &session->client);
    protocol_close(session->client.fd);
    session->client.fd = -1;
    fd_close_at(&session->made);
    session->made = -1;
}

static void fail(struct session *session, const struct error *err)
{
    protocol_send_error(session->client.fd, 0, err, NULL);
    if (session->lifecycle && session->client.fd >= 0)
        detach(session); /* it is not its client's any more */
    else
        session_close(session);
}

/* Nothing was begun for it: it hears nothing, and tries another keeper. */
static bool is_untaken(const struct session *session)
{
    return session->state < PROTOCOL_STARTING && session->purpose != PROTOCOL_PURPOSE_EXEC;
}

void sessions_end(struct keeper *keeper)
{
    struct error err;

    error_set(&err, ERROR_SYSTEM, ECANCELED, "the keeper of this container was ended, and the container with it");
    while (keeper->sessions) {
        if (keeper->sessions->client.fd >= 0 && !is_untaken(keeper->sessions))
            protocol_send_error(keeper->sessions->client.fd, 0, &err, NULL);
        session_close(keeper->sessions);
    }
}

int session_tell_question(struct session *session, struct error *err)
{
    struct cordon_approval approval;
    int stands = cordon_container_approval(session->container, &approval);
    auto_protocol struct protocol_out out;

    if ((stands ? approval.number : 0) == session->asked)
        return 0;
    protocol_begin(&out, PROTOCOL_ASKED, 0);
    if (stands) {
        protocol_add_number(&out, TAG_NUMBER, approval.number);
        protocol_add_text(&out, TAG_DIGEST, approval.digest);
        protocol_add_text(&out, TAG_OPERATION, approval.operation);
        protocol_add_text(&out, TAG_PATH, approval.path);
        protocol_add_text(&out, TAG_NAMED, approval.named);
        protocol_add_text(&out, TAG_EXE, approval.exe);
        protocol_add_text(&out, TAG_TEXT, approval.text);
        protocol_add_text(&out, TAG_RULE_FILE, approval.rule_file);
        protocol_add_number(&out, TAG_PID, (uint64_t)approval.pid);
        protocol_add_number(&out, TAG_LEFT_MS, approval.left_ms);
    }
    session->asked = stands ? approval.number : 0;
    if (session->client.fd < 0)
        return 0; /* nobody to ask: it is denied at its time */
    return protocol_send(session->client.fd, MSG_DONTWAIT, &out, NULL, 0, err);
}

/* What it is refused grows while it runs; others are told of it now and then. */
static void tell_denials(struct session *session)
{
    uint64_t now = loop_now_ns(session->keeper->loop);
    struct container_facts facts;

    if (now - session->denials_told_ns < NS_PER_S)
        return;
    container_tell_facts(session->container, &facts);
    if (facts.denials == session->denials)
        return;
    session->denials = facts.denials;
    session->denials_told_ns = now;
    daemon_tell_running(session->keeper, session);
}

void session_step(struct session *session)
{
    struct cordon_status ended;
    struct error err = ERROR_INIT;
    auto_close int over = -1;
    int status = cordon_container_try_wait(session->container, &ended, (struct cordon_error *)&err);

    if (status == 0)
        status = session_tell_question(session, &err);
    session_step_programs(session);
    children_step(session);
    if (status == 0) {
        tell_denials(session);
        held_look(session);
        return;
    }
    loop_forget(session->keeper->loop, &session->container_watch);
    session_end_programs(session);
    if (!session->lifecycle)
        daemon_tell_lost(session->keeper, session->id); /* first: whoever hears of the end may take its name */
    if (status > 0 && session->again.was_ended)
        ended = session->again.end; /* its own program's */
    session->again.end = status > 0 ? ended : (struct cordon_status){.end = CORDON_END_LOST, .exit_status = 125};
    if (status > 0)
        status = session_over(session, &ended, &over, &err); /* forgets it */
    cordon_container_free(take_ptr(session->container));
    network_forget(session);
    if (session->lifecycle) {
        held_ended(session, over, &err);
        return;
    }
    if (status < 0)
        protocol_send_error(session->client.fd, 0, &err, NULL);
    session_tell_visitors(session, over);
    session->state = PROTOCOL_ENDED;
    if (status < 0)
        session_close(session);
}

static void container_ready(struct loop_watch *watch, uint32_t events)
{
    session_step(of_container(watch));
}

static int say(struct session *session, uint16_t type, struct error *err)
{
    auto_protocol struct protocol_out out;

    protocol_begin(&out, type, 0);
    return protocol_send(session->client.fd, MSG_DONTWAIT, &out, NULL, 0, err);
}

static int say_started(struct session *session, struct error *err)
{
    auto_protocol struct protocol_out out, terminal;
    int tty = cordon_container_tty_fd(session->container), status = 0;

    protocol_begin(&terminal, PROTOCOL_TERMINAL, 0);
    if (tty >= 0)
        status = protocol_send(session->client.fd, MSG_DONTWAIT, &terminal, &tty, 1, err);
    protocol_begin(&out, PROTOCOL_STARTED, 0);
    protocol_add_text(&out, TAG_ID, session->id);
    protocol_add_number(&out, TAG_PID, (uint64_t)cordon_container_pid(session->container));
    protocol_add_number(&out, TAG_LEVEL, (uint64_t)container_may_write_clipboard(session->container));
    return status < 0 ? status : protocol_send(session->client.fd, MSG_DONTWAIT, &out, NULL, 0, err);
}

int session_watch(struct session *session, struct error *err)
{
    int status, fd = cordon_container_poll_fd(session->container, (struct cordon_error *)err);

    if (fd < 0)
        return fd;
    session->started_ms = clock_real_ns() / NS_PER_MS;
    session->has_to_die = false;
    session->container_watch = (struct loop_watch){.fd = fd, .ready = container_ready};
    status = loop_watch(session->keeper->loop, &session->container_watch, EPOLLIN);
    return status < 0 ? error_system(err, -status, "watch a container") : 0;
}

static int start(struct session *session, struct error *err)
{
    int status = 0;

    if (status == 0 && session->purpose == PROTOCOL_PURPOSE_KEEP) {
        status = held_create(session, err);
        snprintf(session->about, sizeof(session->about), "%s", session->id);
        control_record(session, PROTOCOL_REQUEST_IS, status, err);
        return status;
    }
    if (status == 0 && session->purpose == PROTOCOL_PURPOSE_EXEC) {
        snprintf(session->about, sizeof(session->about), "%s", session->visits ? session->visits->id : "");
        status = program_start(session, err);
        close_fds(session); /* a pipe ends with its program */
        if (!session->is_own)
            control_record(session, PROTOCOL_GO, status, err);
        return status;
    }
    if (status == 0)
        status = session->purpose == PROTOCOL_PURPOSE_STAND ? session_create(session, err) : session_start(session, err);
    close_fds(session);
    if (status < 0)
        return status;
    snprintf(session->id, sizeof(session->id), "%s", cordon_container_id(session->container));
    status = session_watch(session, err);
    if (status < 0)
        return status;
    session->state = PROTOCOL_RUNNING;
    daemon_tell_running(session->keeper, session); /* first: whoever hears that it runs finds it */
    return say_started(session, err);
}

static void step_after(struct session *session, int status, const struct error *err)
{
    if (status < 0)
        fail(session, err);
    else if (session->container)
        session_step(session);
    else if (session->visits && session->visits->container)
        session_step(session->visits);
}

/* The log has taken more; or what is to be started waits for it, while everybody else is served. */
static void log_looked_at(struct loop_timer *timer)
{
    struct session *session = container_of(timer, struct session, log_timer);
    struct error err = ERROR_INIT;

    if (!session->patient_until_ns) {
        if (session->container)
            session_step(session);
    } else if (writer_is_awaited(session->keeper) && loop_now_ns(session->keeper->loop) < session->patient_until_ns) {
        loop_start(session->keeper->loop, timer, LOG_LOOK_MS);
    } else {
        session->patient_until_ns = 0;
        step_after(session, session->purpose == PROTOCOL_PURPOSE_VISIT ? held_start_late(session, &err) : start(session, &err), &err);
    }
}

static int go(struct session *session, struct error *err)
{
    struct keeper *keeper = session->keeper;
    int status = say(session, PROTOCOL_TAKEN, err);

    session->state = PROTOCOL_STARTING;
    if (status < 0 || !writer_is_awaited(keeper))
        return status < 0 ? status : start(session, err);
    session->patient_until_ns = loop_now_ns(keeper->loop) + LOG_PATIENCE_MS * NS_PER_MS;
    loop_start(keeper->loop, &session->log_timer, LOG_LOOK_MS);
    return 0;
}

static int say_visited(struct session *session, struct error *err)
{
    const struct session *holder = session->visits;
    auto_protocol struct protocol_out out;

    if (!holder)
        return error_set(err, ERROR_NOT_FOUND, ESTALE, "stale_id: the container is no more");
    protocol_begin(&out, PROTOCOL_STARTED, 0);
    protocol_add_text(&out, TAG_ID, *session->child ? session->child : holder->id);
    protocol_add_number(&out, TAG_PID, *session->child ? (uint64_t)child_pid(session) : holder->container ? (uint64_t)cordon_container_pid(holder->container) : 0);
    protocol_add_number(&out, TAG_LEVEL, 0);
    return protocol_send(session->client.fd, MSG_DONTWAIT, &out, NULL, 0, err);
}

/*
 * Whoever handed the client on has a copy of the end that it made, and could read what is said there: the rest is said on a pair that this keeper
 * made, whose maker the kernel tells the client.
 */
static int meet(struct session *session, struct error *err)
{
    auto_protocol struct protocol_out out = {0};
    auto_close int theirs = -1;
    int ends[2], ours, status;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return error_system(err, errno, "make a pair of sockets");
    theirs = ends[1];
    status = numbers_lift(ends[0], &ours, err);
    if (status < 0)
        return status;
    protocol_begin(&out, PROTOCOL_HERE, 0);
    status = protocol_send(session->client.fd, MSG_DONTWAIT, &out, &theirs, 1, err);
    loop_forget(session->keeper->loop, &session->client);
    fd_close_at(&session->made);
    session->made = session->client.fd;
    session->client.fd = ours;
    if (status < 0)
        return status;
    status = loop_watch(session->keeper->loop, &session->client, EPOLLIN);
    if (status < 0)
        return error_system(err, -status, "watch a client");
    return session->purpose == PROTOCOL_PURPOSE_VISIT ? say_visited(session, err) : 0;
}

/* Root looks at what others run and ends it; what is done with their rights they do themselves. */
static int check_root(uint16_t type, struct error *err)
{
    static const uint16_t may[] = {PROTOCOL_WHO, PROTOCOL_SIGNAL, PROTOCOL_KILL, PROTOCOL_STOP, PROTOCOL_FREEZE, PROTOCOL_THAW, PROTOCOL_STATS, PROTOCOL_LOGS};

    for (size_t i = 0; i < ARRAY_COUNT(may); i++)
        if (type == may[i])
            return 0;
    return error_set(err, ERROR_FORBIDDEN, EPERM, "of another user's container root may have the state and the output, and stop, kill, freeze and thaw it: do this as user %u (runuser -u)", geteuid());
}

/* Messages until there is none, the client is gone, or it has said something that it may not. */
static void client_ready(struct loop_watch *watch, uint32_t events)
{
    struct session *session = of_client(watch);
    struct protocol_received *received = &session->keeper->received;
    struct error err = ERROR_INIT;
    int status = protocol_receive(watch->fd, MSG_DONTWAIT, received, &err);

    if (status == -EAGAIN)
        return;
    if (status == 0) {
        if (session->lifecycle)
            detach(session);
        else
            session_close(session);
        return;
    }
    if (status > 0)
        status = protocol_permit(&received->message, PROTOCOL_CLIENT, PROTOCOL_KEEPER, session->state, received->fd_count, &err);
    if (status == 0 && session->is_roots)
        status = check_root(received->message.type, &err);
    if (status == 0 && received->message.type == PROTOCOL_WHO)
        status = meet(session, &err);
    else if (status == 0 && received->message.type == PROTOCOL_GO)
        status = go(session, &err);
    else if (status == 0 && session->state < PROTOCOL_STARTING)
        status = session_fill(session, received, &err);
    else if (status == 0)
        status = session_heard(session, received, &err);
    protocol_drop(received);
    step_after(session, status, &err);
}

/*
 * The same user, groups and namespaces, with the same rights: whoever made this pair of sockets would have been served by itself. What the launcher
 * started has less rights than a client may have, and so cannot look at it: the launcher does.
 */
static int check_client(struct session *session, int client, struct error *err)
{
    const struct keeper *keeper = session->keeper;
    struct peer peer = PEER_INIT;
    int status = peer_open(client, &peer, err);

    session->is_roots = status == 0 && peer.uid == 0 && geteuid() != 0 && keeper->launcher.fd >= 0 && session->purpose == PROTOCOL_PURPOSE_VISIT;
    if (status == 0 && !session->is_roots && (peer.uid != geteuid() || peer.gid != getegid()))
        status = error_set(err, ERROR_FORBIDDEN, EPERM, "this keeper serves user %u and group %u, not %u and %u: run without the daemon", geteuid(),
                           getegid(), peer.uid, peer.gid);
    if (status == 0)
        status = keeper->launcher.fd >= 0 ? launching_admit(keeper, client, session->is_roots, err) : peer_check_like_me(&peer, client, &keeper->self, err);
    peer_close(&peer);
    return status;
}

/* Who wants a program in it says which one, as for a new container. */
static int begin_visit(struct session *session, const char *id, struct error *err)
{
    session->is_visitor = true;
    for (struct session *other = session->keeper->sessions; other; other = other->next)
        if (session_is_listed(other) && strcmp(other->id, id) == 0)
            session->visits = other;
    if (!session->visits && !children_visit(session, id))
        return error_set(err, ERROR_NOT_FOUND, ESTALE, "stale_id: container %s is no more", id);
    if (*session->child && session->purpose == PROTOCOL_PURPOSE_EXEC)
        return error_set(err, ERROR_INVALID, ENOTSUP, "container %s is inside another one, and belongs to the program there that asked for it: nothing else is started in it", id);
    if (session->purpose == PROTOCOL_PURPOSE_EXEC)
        return 0;
    session->state = PROTOCOL_RUNNING;
    return say_visited(session, err);
}

/* `client` -1 = it has none. */
static struct session *session_new(struct keeper *keeper, int client, enum protocol_purpose purpose)
{
    struct session *session = keeper->session_count < KEEPER_SESSIONS_MAX ? mem_alloc(sizeof(*session)) : NULL;

    if (!session)
        return NULL;
    *session = (struct session){.keeper = keeper, .state = PROTOCOL_GREETED, .purpose = purpose, .made = -1, .cwd = -1, .events = -1, .network.cwd = -1, .streams = {-1, -1, -1}, .disk.lock = -1,
                                .container_watch.fd = -1, .log_timer.due = log_looked_at, .output.watches = {{.fd = -1}, {.fd = -1}}, .client = {.fd = client, .ready = client_ready}};
    session->next = keeper->sessions;
    session->before = &keeper->sessions;
    if (session->next)
        session->next->before = &session->next;
    keeper->sessions = session;
    keeper->session_count++;
    loop_cancel(keeper->loop, &keeper->idle);
    return session;
}

struct session *session_found(struct keeper *keeper)
{
    return session_new(keeper, -1, PROTOCOL_PURPOSE_KEEP);
}

struct session *session_open(struct keeper *keeper, int client, uint64_t ticket, enum protocol_purpose purpose, const char *id, const char *name)
{
    struct error err = ERROR_INIT;
    struct session *session = session_new(keeper, client, purpose);
    int status = 0;

    if (!session) {
        status = error_set(&err, ERROR_LIMIT, EAGAIN, "the keeper serves as many clients as it can");
        protocol_send_error(client, 0, &err, NULL);
        protocol_close(client);
        return NULL;
    }
    session->ticket = id ? 0 : ticket; /* that of a container that is there already: whoever is not served at it ends nothing */
    snprintf(session->name, sizeof(session->name), "%s", name ? name : "");
    if (!id && replaced_look(keeper)) {
        session_close(session); /* it hears nothing, and another keeper serves it */
        return NULL;
    }
    status = check_client(session, client, &err);
    if (status == 0 && id)
        status = begin_visit(session, id, &err);
    if (status == 0) {
        status = loop_watch(keeper->loop, &session->client, EPOLLIN);
        if (status < 0)
            error_system(&err, -status, "watch a client");
    }
    if (status == 0)
        return session;
    fail(session, &err);
    return NULL;
}

void session_open_program(struct session *session, int client)
{
    const struct session *holder = session->is_visitor ? session->visits : session;
    struct session *program = session_open(session->keeper, client, 0, PROTOCOL_PURPOSE_EXEC, holder ? holder->id : "", NULL);

    if (program)
        program->is_own = !session->is_visitor;
}
