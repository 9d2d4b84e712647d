/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people do to containers by the daemon, for the audit log: who asked, as the kernel has it (process, program, audit session), for what, about which container,
 * and what came of it. A run's own start is in its own record.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "keeper/keeper.h"
#include "ocsf/ocsf.h"
#include "protocol/peer.h"

#define NO_SESSION UINT32_MAX

static const char *operation_of(uint16_t type)
{
    static const struct {
        uint16_t type;
        const char *name;
    } rows[] = {
        {PROTOCOL_SIGNAL, "kill"},   {PROTOCOL_KILL, "kill"},     {PROTOCOL_ANSWER, "answer"}, {PROTOCOL_NETWORK, "update"}, {PROTOCOL_LIMITS, "update"}, {PROTOCOL_RENEW, "renew"}, {PROTOCOL_STOP, "stop"},
        {PROTOCOL_FREEZE, "freeze"}, {PROTOCOL_THAW, "thaw"},     {PROTOCOL_START, "start"},   {PROTOCOL_DROP, "rm"},        {PROTOCOL_REQUEST_IS, "create"},
        {PROTOCOL_GO, "exec"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (rows[i].type == type)
            return rows[i].name;
    return NULL; /* it changes nothing */
}

struct asker {
    pid_t pid; /* 0 = it is gone */
    uid_t uid;
    char exe[PATH_MAX], session[16]; /* "" = not known */
};

static void find_asker(int client, struct asker *ret_asker)
{
    struct peer peer = PEER_INIT;
    char path[64];
    unsigned long session;
    ssize_t size;

    *ret_asker = (struct asker){.pid = 0};
    if (peer_open(client, &peer, NULL) < 0)
        return;
    ret_asker->pid = peer.pid;
    ret_asker->uid = peer.uid;
    snprintf(path, sizeof(path), "/proc/%d/exe", (int)peer.pid);
    size = readlink(path, ret_asker->exe, sizeof(ret_asker->exe) - 1);
    ret_asker->exe[size > 0 ? size : 0] = '\0';
    snprintf(path, sizeof(path), "/proc/%d/sessionid", (int)peer.pid);
    session = file_number(path, NO_SESSION);
    if (session != NO_SESSION)
        snprintf(ret_asker->session, sizeof(ret_asker->session), "%lu", session);
    if (!peer_is_there(&peer)) /* the number may have become another's while it was looked up */
        ret_asker->exe[0] = ret_asker->session[0] = '\0';
    peer_close(&peer);
}

void human_begin(const struct keeper *keeper, struct human_event *ret_event, const char *type)
{
    static uint64_t number;
    struct json *json = &ret_event->json;
    char id[128], now[40];
    time_t seconds = (time_t)(clock_real_ns() / NS_PER_S);
    struct tm tm;

    *ret_event = (struct human_event){.uid = getuid()};
    *json = JSON_INIT(&ret_event->text, 0);
    gmtime_r(&seconds, &tm);
    strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%S.000000000Z", &tm);
    snprintf(id, sizeof(id), "%s.control.%" PRIu64, keeper->id, ++number);
    json_begin_object(json, NULL);
    json_add_string(json, "schema", "cordon-event/1");
    json_add_string(json, "id", id);
    json_add_string(json, "time", now);
    json_add_string(json, "type", type);
}

void human_end(struct keeper *keeper, struct human_event *event)
{
    struct ocsf_context context = {.actor = OCSF_HUMAN, .product = "cordon-keeper", .has_user = true, .uid = event->uid, .session = event->session,
                                   .service = keeper->launcher.fd >= 0 ? "system" : "user"};
    auto_ocsf struct ocsf *ocsf = NULL;
    const char *body;
    size_t size;

    json_end(&event->json);
    if (!event->text.is_broken && ocsf_new(&context, &ocsf, NULL) == 0 && ocsf_render(ocsf, event->text.data, event->text.length, &body, &size, NULL) == 0)
        writer_say(keeper, "human", body, size);
    text_finish(&event->text);
}

static void add_call(struct json *json, const struct session *session, const struct asker *asker, const char *operation, int status, const struct error *failure)
{
    json_add_string(json, "operation", operation);
    json_add_string(json, "target", *session->about ? session->about : NULL);
    json_add_string(json, "outcome", status == 0 ? "ok" : status == -EPERM || status == -EACCES ? "refused" : "failed");
    if (status < 0)
        json_add_string(json, "text", failure->text);
    json_begin_object(json, "peer");
    json_add_int(json, "pid", asker->pid);
    json_add_string(json, "exe", *asker->exe ? asker->exe : NULL);
    json_end(json);
}

/* Nobody waits for it: what cannot be recorded is counted as any record of this keeper. */
void control_record(const struct session *session, uint16_t type, int status, const struct error *failure)
{
    const char *operation = operation_of(type);
    struct human_event event;
    struct asker asker;

    if (!operation || session->client.fd < 0)
        return;
    find_asker(session->made >= 0 ? session->made : session->client.fd, &asker);
    human_begin(session->keeper, &event, "control.called");
    if (asker.pid)
        event.uid = asker.uid;
    if (*asker.session)
        event.session = asker.session;
    add_call(&event.json, session, &asker, operation, status, failure);
    human_end(session->keeper, &event);
}
