/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What cordond itself does, in the audit log: that it began and why, that it ends, keepers and parts that were lost, what it refused somebody. Kept until
 * the log is there, in little memory: what finds no room is counted, and the log is told the count.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "daemon/services.h"
#include "logger/client.h"
#include "ocsf/ocsf.h"

#define BYTES_MAX   ((size_t)60 << 10) /* no batch needs a file in memory, which this process may not make */
#define END_WAIT_MS 1000
#define TEXT_SIZE   512

struct own {
    struct core *core;
    struct log_client *client;
    struct loop_watch watch; /* fd = -1: no connection */
    struct loop_timer later;
    char id[ID_SIZE];
    uint64_t number;
    struct account further; /* what was refused to those who have no account of the machine's own, any number of whom may be one user */
};

static void settle(struct own *own, int status)
{
    if (own->watch.fd >= 0 && log_client_fd(own->client) < 0) {
        loop_forget(own->core->loop, &own->watch);
        own->watch.fd = -1; /* another one comes with the log */
    }
    if (own->watch.fd >= 0 && loop_change(own->core->loop, &own->watch, status == -EAGAIN ? EPOLLIN | EPOLLOUT : EPOLLIN) < 0)
        own->watch.fd = -1;
}

static void own_ready(struct loop_watch *watch, uint32_t events)
{
    struct own *own = container_of(watch, struct own, watch);
    int status = log_client_receive(own->client, NULL);

    settle(own, status == 0 ? log_client_flush(own->client, NULL) : status);
}

static void send_later(struct loop_timer *timer)
{
    struct own *own = container_of(timer, struct own, later);

    if (own->watch.fd >= 0)
        settle(own, log_client_flush(own->client, NULL));
}

int own_connect(struct core *core, struct service *logger, struct error *err)
{
    struct own *own = core->own;
    auto_close int near = -1, far = -1;
    int ends[2], status;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return error_system(err, errno, "make a connection to the log");
    near = ends[0];
    far = ends[1];
    status = service_logger_hand_own(logger, own->id, far, err);
    if (status < 0)
        return status;
    loop_forget(core->loop, &own->watch);
    own->watch = (struct loop_watch){.fd = near, .ready = own_ready};
    log_client_connect(own->client, take_fd(near));
    status = loop_watch(core->loop, &own->watch, EPOLLIN);
    if (status < 0) {
        own->watch.fd = -1;
        return error_system(err, -status, "watch the log's connection");
    }
    settle(own, log_client_flush(own->client, NULL));
    return 0;
}

/* ---- records ---- */

static void begin_event(struct json *json, struct own *own, const char *type)
{
    char id[ID_SIZE + 32], now[40];
    time_t seconds = (time_t)(clock_real_ns() / NS_PER_S);
    struct tm tm;

    gmtime_r(&seconds, &tm);
    strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%S.000000000Z", &tm);
    snprintf(id, sizeof(id), "cordond-%s.%" PRIu64, own->id, ++own->number);
    json_begin_object(json, NULL);
    json_add_string(json, "schema", "cordon-event/1");
    json_add_string(json, "id", id);
    json_add_string(json, "time", now);
    json_add_string(json, "type", type);
}

/* `peer` is of whom it is about; NULL = of nobody but this process. */
static void add(struct own *own, const struct text *event, const struct peer *peer)
{
    struct ocsf_context context = {.actor = OCSF_SYSTEM, .product = "cordond", .has_user = peer != NULL, .uid = peer ? peer->uid : 0,
                                   .service = own->core->settings->is_user ? "user" : "system"};
    auto_ocsf struct ocsf *ocsf = NULL;
    const char *body;
    size_t size;

    if (event->is_broken || ocsf_new(&context, &ocsf, NULL) < 0 || ocsf_render(ocsf, event->data, event->length, &body, &size, NULL) < 0)
        return;
    (void)!log_client_add(own->client, body, size, NULL, NULL); /* what finds no room is counted there */
    if (!own->later.before)
        loop_start(own->core->loop, &own->later, 0);
}

void own_say(struct core *core, const char *type, const char *name, const char *format, ...)
{
    auto_text struct text text = {0};
    struct json json = JSON_INIT(&text, 0);
    char said[TEXT_SIZE];
    va_list args;

    if (!core->own)
        return;
    va_start(args, format);
    vsnprintf(said, sizeof(said), format, args);
    va_end(args);
    begin_event(&json, core->own, type);
    json_add_string(&json, "name", name);
    if (*said)
        json_add_string(&json, "text", said);
    json_end(&json);
    add(core->own, &text, NULL);
}

/* Not each of thousands: one a second of each user, of further ones together, with how many others there were. */
void own_say_refused(struct core *core, struct account *account, const struct peer *peer, const char *operation, const struct error *why)
{
    auto_text struct text text = {0};
    struct json json = JSON_INIT(&text, 0);
    uint64_t now = loop_now_ns(core->loop);
    char said[TEXT_SIZE + 64];

    if (!account || account->uid > ACCOUNTS_OWN_LAST)
        account = &core->own->further;
    if (account->refused_ns && now - account->refused_ns < NS_PER_S) {
        account->refused_untold++;
        return;
    }
    snprintf(said, sizeof(said), "%.*s", TEXT_SIZE - 1, why->text);
    if (account->refused_untold)
        snprintf(said + strlen(said), sizeof(said) - strlen(said), " (and %u others since the last of these records)", account->refused_untold);
    account->refused_ns = now;
    account->refused_untold = 0;
    begin_event(&json, core->own, "control.called");
    json_add_string(&json, "operation", operation);
    json_add_string(&json, "outcome", "refused");
    json_add_string(&json, "text", said);
    json_begin_object(&json, "peer");
    json_add_int(&json, "pid", peer->pid);
    json_end(&json);
    json_end(&json);
    add(core->own, &text, peer);
}

void own_end(struct core *core)
{
    own_say(core, "daemon.stopped", "cordond", "in order");
    (void)!log_client_wait(core->own->client, log_client_number(core->own->client), END_WAIT_MS, NULL);
}

int own_begin(struct core *core, const char *former, struct error *err)
{
    struct own *own = mem_alloc(sizeof(*own));
    int status;

    if (!own)
        return error_memory(err);
    *own = (struct own){.core = core, .watch.fd = -1, .later.due = send_later};
    snprintf(own->id, sizeof(own->id), "%016" PRIx64, core->last_number);
    status = log_client_new(BYTES_MAX, 0, &own->client, err);
    if (status < 0) {
        mem_free(own);
        return status;
    }
    core->own = own;
    own_say(core, "daemon.started", "cordond", "%s", former);
    return 0;
}
