/* SPDX-License-Identifier: Apache-2.0 */
/* Connections to the parts beside cordond, made again when they end; and what of them keepers have. */
#include "daemon/services.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"

#define AGAIN_MS       200
#define AGAIN_MOST_MS  10000
#define HEARD_AT_ONCE  64

static const struct service_kind *const kinds[] = {&service_logger, &service_signer, &service_sensor, &service_launcher};

struct services {
    struct service list[ARRAY_COUNT(kinds)];
};

static uint32_t bit_of(const struct service *service)
{
    return 1u << service->number;
}

/* ---- the connection ---- */

static void ask_for(struct service *service)
{
    auto_protocol struct protocol_out out;

    protocol_begin(&out, PROTOCOL_CONNECT_PART, 0);
    protocol_add_text(&out, TAG_NAME, service->kind->name);
    if (protocol_send(service->core->starter.fd, MSG_DONTWAIT, &out, NULL, 0, NULL) == -EAGAIN)
        loop_start(service->core->loop, &service->again, AGAIN_MS);
}

/* Keepers' connections end by themselves with a part that is gone; where only this one ended, they get new ones all the same. */
static void lose(struct service *service, const char *why)
{
    struct core *core = service->core;

    if (service->is_ready || strcmp(service->why, why) != 0)
        daemon_log("%s: %s", service->kind->name, why);
    if (service->is_ready)
        own_say(core, "daemon.stopped", service->kind->name, "its connection ended: %s", why);
    snprintf(service->why, sizeof(service->why), "%s", why);
    service->is_ready = false;
    loop_forget(core->loop, &service->watch);
    fd_close_at(&service->watch.fd);
    service->watch.fd = -1;
    for (struct keeper *keeper = core->keepers; keeper; keeper = keeper->next)
        keeper->services &= ~bit_of(service);
    service->delay_ms = service->delay_ms ? service->delay_ms * 2 : AGAIN_MS;
    if (service->delay_ms > AGAIN_MOST_MS)
        service->delay_ms = AGAIN_MOST_MS;
    loop_start(core->loop, &service->again, service->delay_ms);
}

static int hear_message(struct service *service, struct error *err)
{
    struct protocol_received *received = &service->core->said;
    struct error failure = ERROR_INIT;
    int status = protocol_receive(service->watch.fd, MSG_DONTWAIT, received, err);

    if (status <= 0)
        return status;
    status = protocol_permit(&received->message, service->kind->speaker, PROTOCOL_DAEMON, PROTOCOL_JOINED, received->fd_count, err);
    if (status == 0 && received->message.type == PROTOCOL_FAILED) {
        protocol_read_error(&received->message, &failure);
        daemon_log("%s: %s", service->kind->refuses, failure.text);
    } else if (status == 0) {
        service->kind->heard(service, &received->message);
    }
    protocol_drop(received);
    return status < 0 ? status : 1;
}

int service_receive(const struct service *service, void *ret_record, size_t size, struct error *err)
{
    ssize_t got = recv(service->watch.fd, ret_record, size, MSG_DONTWAIT);

    if (got <= 0)
        return got == 0 || errno == ECONNRESET ? 0 : errno == EAGAIN || errno == EINTR ? -EAGAIN : error_system(err, errno, "hear it");
    return (size_t)got == size ? 1 : error_set(err, ERROR_INVALID, EPROTO, "it said what is no message");
}

static void service_heard(struct loop_watch *watch, uint32_t events)
{
    struct service *service = container_of(watch, struct service, watch);
    struct error err = ERROR_INIT;

    for (int i = 0; i < HEARD_AT_ONCE && watch->fd >= 0; i++) {
        int status = service->kind->hear ? service->kind->hear(service, &err) : hear_message(service, &err);

        if (status == -EAGAIN)
            return;
        if (status <= 0)
            lose(service, status == 0 ? "it ended" : err.text);
    }
}

static void take_connection(struct service *service, int fd)
{
    struct error err = ERROR_INIT;
    int status;

    loop_forget(service->core->loop, &service->watch);
    fd_close_at(&service->watch.fd);
    service->watch = (struct loop_watch){.fd = fd, .ready = service_heard};
    status = loop_watch(service->core->loop, &service->watch, EPOLLIN);
    if (status < 0)
        error_system(&err, -status, "watch the connection");
    else if (service->kind->begin)
        status = service->kind->begin(service, &err);
    else
        service_ready(service);
    if (status < 0)
        lose(service, err.text);
}

void services_heard(struct core *core, struct protocol_received *received)
{
    const char *name = protocol_text(&received->message, TAG_NAME);

    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        struct service *service = &core->services->list[i];

        if (strcmp(kinds[i]->name, name) != 0)
            continue;
        if (received->message.type == PROTOCOL_PART_IS)
            take_connection(service, take_fd(received->fds[0]));
        else
            lose(service, protocol_text(&received->message, TAG_TEXT));
    }
}

/* ---- what keepers have ---- */

/* 0; -EAGAIN: one of both does not listen at the moment. */
static int serve(struct service *service, struct keeper *keeper, struct error *err)
{
    auto_protocol struct protocol_out out;
    auto_close int near = -1, far = -1;
    int ends[2], status;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return error_system(err, errno, "make a connection for a keeper");
    near = ends[0];
    far = ends[1];
    protocol_begin(&out, PROTOCOL_SERVICE, 0);
    protocol_add_text(&out, TAG_NAME, service->kind->name);
    status = service->kind->hand(service, keeper, near, err);
    /* the other way round a keeper could speak before it has its label */
    if (status == 0)
        status = protocol_send(keeper->channel.fd, MSG_DONTWAIT, &out, &far, 1, err);
    if (status == 0)
        keeper->services |= bit_of(service);
    return status;
}

static void serve_all(struct service *service)
{
    struct error err = ERROR_INIT;

    for (struct keeper *keeper = service->core->keepers; keeper && service->is_ready && service->kind->hand; keeper = keeper->next) {
        int status;

        if (!keeper->is_joined || (keeper->services & bit_of(service)))
            continue;
        status = serve(service, keeper, &err);
        if (status < 0 && status != -EAGAIN)
            daemon_log("%s for keeper %s: %s", service->kind->name, keeper->id, err.text);
        if (status < 0)
            loop_start(service->core->loop, &service->again, AGAIN_MS);
    }
}

static void again(struct loop_timer *timer)
{
    struct service *service = container_of(timer, struct service, again);

    if (service->watch.fd < 0)
        ask_for(service);
    else
        serve_all(service);
}

void service_ready(struct service *service)
{
    struct error err = ERROR_INIT;

    if (service->is_ready)
        return;
    daemon_log("%s: ready", service->kind->name);
    service->is_ready = true;
    service->delay_ms = 0;
    service->why[0] = '\0';
    if (service->kind == &service_logger && own_connect(service->core, service, &err) < 0)
        daemon_log("what cordond itself does is not told to the log: %s", err.text);
    serve_all(service);
}

void services_serve(struct core *core, struct keeper *keeper)
{
    struct error err = ERROR_INIT;

    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        struct service *service = &core->services->list[i];

        if (!service->is_ready || !kinds[i]->hand || (keeper->services & bit_of(service)) || (kinds[i]->needs_pid && !keeper->pid))
            continue;
        if (serve(service, keeper, &err) < 0)
            loop_start(core->loop, &service->again, AGAIN_MS);
    }
}

/* Not at once: what ended its connection may end the next one, too. */
void services_serve_again(struct core *core, struct keeper *keeper, const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        struct service *service = &core->services->list[i];

        if (strcmp(kinds[i]->name, name) != 0 || !kinds[i]->hand)
            continue;
        keeper->services &= ~bit_of(service);
        loop_start(core->loop, &service->again, AGAIN_MS);
    }
}

static struct service *logger_of(const struct core *core)
{
    size_t i = 0;

    while (kinds[i] != &service_logger)
        i++;
    return &core->services->list[i];
}

/* Whoever is not answered asks again. */
int services_write_for(struct core *core, struct keeper *keeper, const char *id, struct error *err)
{
    struct service *service = logger_of(core);
    auto_protocol struct protocol_out out;
    auto_close int near = -1, far = -1;
    int ends[2], status;

    if (!keeper_is_id(id))
        return error_set(err, ERROR_INVALID, EINVAL, "a keeper with a name that none has");
    for (const struct keeper *other = core->keepers; other; other = other->next)
        if (other->is_joined && strcmp(other->id, id) == 0)
            return 0; /* it speaks for itself */
    if (!service->is_ready || keeper_may_live(core, id))
        return 0;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) {
        daemon_log("keeper %s gets no connection to the log: %s", keeper->id, strerror(errno));
        return 0;
    }
    near = ends[0];
    far = ends[1];
    protocol_begin(&out, PROTOCOL_WRITER, 0);
    protocol_add_text(&out, TAG_ID, id);
    status = service_logger_hand_for(service, keeper, id, near, err);
    if (status == 0)
        status = protocol_send(keeper->channel.fd, MSG_DONTWAIT, &out, &far, 1, err);
    if (status < 0) /* a part that has just ended, a queue that is full: no fault of who asks */
        daemon_log("keeper %s gets no connection to the log: %s", keeper->id, err->text);
    return 0;
}

int services_tell_log(struct core *core, uid_t uid, gid_t gid, int *ret_fd, struct error *err)
{
    struct service *service = logger_of(core);
    auto_close int near = -1, far = -1;
    char id[ID_SIZE];
    int ends[2], status;

    if (!service->is_ready)
        return error_set(err, ERROR_SYSTEM, EAGAIN, "the daemon's audit log is not there: %s", service->why);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return error_system(err, errno, "make a connection to the log");
    near = ends[0];
    far = ends[1];
    snprintf(id, sizeof(id), "%016" PRIx64, core_number(core));
    status = service_logger_hand_person(service, uid, gid, id, near, err);
    if (status == 0)
        *ret_fd = take_fd(far);
    return status;
}

void services_tell(const struct core *core, struct protocol_out *out)
{
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        const struct service *service = &core->services->list[i];
        char line[sizeof(service->why) + 64];

        snprintf(line, sizeof(line), "%s: %s", kinds[i]->name, service->is_ready ? "ready" : service->why);
        protocol_add_text(out, TAG_SERVICE, line);
        if (*service->protection)
            protocol_add_text(out, TAG_SIGN_PROTECTION, service->protection);
    }
}

int services_begin(struct core *core, struct error *err)
{
    core->services = mem_alloc(sizeof(*core->services));
    if (!core->services)
        return error_memory(err);
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        struct service *service = &core->services->list[i];

        *service = (struct service){.kind = kinds[i], .core = core, .watch.fd = -1, .again.due = again, .number = (unsigned)i, .why = "it is being started"};
        ask_for(service);
    }
    return 0;
}
