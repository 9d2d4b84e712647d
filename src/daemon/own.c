/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What cordond itself does, in the audit log: that it began and why, that it ends, keepers and parts that were lost, what it refused somebody; and for the
 * launcher and the signer what they say they did (own_parts.c). Kept until the log is there, in little memory, apart for each, so that one that says much
 * takes nothing from the others: what finds no room is counted, and the log is told the count.
 */
#include "daemon/own.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "daemon/services.h"
#include "logger/client.h"
#include "ocsf/ocsf.h"

#define BYTES_MAX   ((size_t)60 << 10) /* no batch needs a file in memory, which this process may not make */
#define END_WAIT_MS 1000
#define TEXT_SIZE   512

struct writer {
    struct core *core;
    struct log_client *client;
    struct loop_watch watch; /* fd = -1: no connection */
    struct loop_timer later;
    uint64_t number;
};

struct own {
    struct writer writers[OWN_COUNT_];
    char id[ID_SIZE];
    struct account further; /* what was refused to those who have no account of the machine's own, any number of whom may be one user */
};

/* In the log: whose records they are, and which program did what they tell. */
static const struct {
    const char *name, *product;
} names[OWN_COUNT_] = {[OWN_CORDOND] = {"cordond", "cordond"}, [OWN_LAUNCHER] = {"launcher", "cordon-launcher"}, [OWN_SIGNER] = {"signer", "cordon-signer"}};

static void settle(struct writer *writer, int status)
{
    if (writer->watch.fd >= 0 && log_client_fd(writer->client) < 0) {
        loop_forget(writer->core->loop, &writer->watch);
        writer->watch.fd = -1; /* another one comes with the log */
    }
    if (writer->watch.fd >= 0 && loop_change(writer->core->loop, &writer->watch, status == -EAGAIN ? EPOLLIN | EPOLLOUT : EPOLLIN) < 0)
        writer->watch.fd = -1;
}

static void writer_ready(struct loop_watch *watch, uint32_t events)
{
    struct writer *writer = container_of(watch, struct writer, watch);
    int status = log_client_receive(writer->client, NULL);

    settle(writer, status == 0 ? log_client_flush(writer->client, NULL) : status);
}

static void send_later(struct loop_timer *timer)
{
    struct writer *writer = container_of(timer, struct writer, later);

    if (writer->watch.fd >= 0)
        settle(writer, log_client_flush(writer->client, NULL));
}

static int writer_connect(struct writer *writer, const char *name, struct service *logger, struct error *err)
{
    auto_close int near = -1, far = -1;
    int ends[2], status;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return error_system(err, errno, "make a connection to the log");
    near = ends[0];
    far = ends[1];
    status = service_logger_hand_own(logger, name, writer->core->own->id, far, err);
    if (status < 0)
        return status;
    loop_forget(writer->core->loop, &writer->watch);
    writer->watch = (struct loop_watch){.fd = near, .ready = writer_ready};
    log_client_connect(writer->client, take_fd(near));
    status = loop_watch(writer->core->loop, &writer->watch, EPOLLIN);
    if (status < 0) {
        writer->watch.fd = -1;
        return error_system(err, -status, "watch the log's connection");
    }
    settle(writer, log_client_flush(writer->client, NULL));
    return 0;
}

int own_connect(struct core *core, struct service *logger, struct error *err)
{
    int status = 0;

    for (size_t i = 0; i < OWN_COUNT_ && status == 0; i++)
        if (i != OWN_LAUNCHER || !core->settings->is_user) /* a user has none */
            status = writer_connect(&core->own->writers[i], names[i].name, logger, err);
    return status;
}

/* ---- records ---- */

void own_record_begin(struct core *core, struct own_record *ret_record, enum own_writer as, const char *type, uint64_t time_ns)
{
    struct own *own = core->own;
    struct json *json = &ret_record->json;
    char id[ID_SIZE + 48], now[40], whole[64];
    time_t seconds = (time_t)(time_ns / NS_PER_S);
    struct tm tm;

    *ret_record = (struct own_record){.as = as};
    ret_record->json = JSON_INIT(&ret_record->text, 0);
    gmtime_r(&seconds, &tm);
    strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(whole, sizeof(whole), "%s.%09uZ", now, (unsigned)(time_ns % NS_PER_S));
    snprintf(id, sizeof(id), "%s-%s.%" PRIu64, names[as].name, own->id, ++own->writers[as].number);
    json_begin_object(json, NULL);
    json_add_string(json, "schema", "cordon-event/1");
    json_add_string(json, "id", id);
    json_add_string(json, "time", whole);
    json_add_string(json, "type", type);
}

void own_record_end(struct core *core, struct own_record *record)
{
    struct writer *writer = &core->own->writers[record->as];
    struct ocsf_context context = {.actor = OCSF_SYSTEM, .product = names[record->as].product, .has_user = record->has_user, .uid = record->uid, .run = record->run,
                                   .service = core->settings->is_user ? "user" : "system"};
    auto_ocsf struct ocsf *ocsf = NULL;
    const char *body;
    size_t size;

    json_end(&record->json);
    if (!record->text.is_broken && ocsf_new(&context, &ocsf, NULL) == 0 && ocsf_render(ocsf, record->text.data, record->text.length, &body, &size, NULL) == 0) {
        (void)!log_client_add(writer->client, body, size, NULL, NULL); /* what finds no room is counted there */
        if (!writer->later.before)
            loop_start(core->loop, &writer->later, 0);
    }
    text_finish(&record->text);
}

void own_say(struct core *core, const char *type, const char *name, const char *format, ...)
{
    struct own_record record;
    char said[TEXT_SIZE];
    va_list args;

    if (!core->own)
        return;
    va_start(args, format);
    vsnprintf(said, sizeof(said), format, args);
    va_end(args);
    own_record_begin(core, &record, OWN_CORDOND, type, clock_real_ns());
    json_add_string(&record.json, "name", name);
    if (*said)
        json_add_string(&record.json, "text", said);
    own_record_end(core, &record);
}

/* Not each of thousands: one a second of each user, of further ones together, with how many others there were. */
void own_say_refused(struct core *core, struct account *account, const struct peer *peer, const char *operation, const struct error *why)
{
    uint64_t now = loop_now_ns(core->loop);
    struct own_record record;
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
    own_record_begin(core, &record, OWN_CORDOND, "control.called", clock_real_ns());
    record.has_user = true;
    record.uid = peer->uid;
    json_add_string(&record.json, "operation", operation);
    json_add_string(&record.json, "outcome", "refused");
    json_add_string(&record.json, "text", said);
    json_begin_object(&record.json, "peer");
    json_add_int(&record.json, "pid", peer->pid);
    json_end(&record.json);
    own_record_end(core, &record);
}

/* What comes first is heard first: the others wait for as long as is left. */
void own_end(struct core *core)
{
    uint64_t end = clock_monotonic_ns() + END_WAIT_MS * NS_PER_MS;

    own_say(core, "daemon.stopped", "cordond", "in order");
    for (size_t i = 0; i < OWN_COUNT_; i++) {
        struct log_client *client = core->own->writers[i].client;
        uint64_t now = clock_monotonic_ns();

        if (log_client_fd(client) >= 0)
            (void)!log_client_wait(client, log_client_number(client), now < end ? (int)((end - now) / NS_PER_MS) : 0, NULL);
    }
}

int own_begin(struct core *core, const char *former, struct error *err)
{
    struct own *own = mem_alloc(sizeof(*own));
    int status = 0;

    if (!own)
        return error_memory(err);
    snprintf(own->id, sizeof(own->id), "%016" PRIx64, core->last_number);
    for (size_t i = 0; i < OWN_COUNT_ && status == 0; i++) {
        own->writers[i] = (struct writer){.core = core, .watch.fd = -1, .later.due = send_later};
        status = log_client_new(BYTES_MAX, 0, &own->writers[i].client, err);
    }
    if (status < 0) {
        for (size_t i = 0; i < OWN_COUNT_; i++)
            log_client_free(own->writers[i].client);
        mem_free(own);
        return status;
    }
    core->own = own;
    own_say(core, "daemon.started", "cordond", "%s", former);
    return 0;
}
