/* SPDX-License-Identifier: Apache-2.0 */
/* What comes of a flow is written down as one text. */
#include "hold_scene.h"

#include <openssl/ssl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "worker/channel.h"

static const struct net_secret_field fields[] = {{NET_SECRET_HEADER, "Authorization"}, {NET_SECRET_BODY, "/t"}};
static const char *const hosts[] = {"api.example.com", "other.example.com"}, *const elsewhere[] = {"elsewhere.example.com"};
static struct net_secret items[] = {
    {.name = "TOKEN", .placeholder = "cordon-p-1", .hosts = hosts, .host_count = 2, .fields = fields, .field_count = 2,
     .value = VALUE, .value_length = sizeof(VALUE) - 1},
    {.name = "OTHER", .placeholder = "cordon-p-2", .hosts = elsewhere, .host_count = 1, .fields = fields, .field_count = 2,
     .value = "value of elsewhere", .value_length = 18},
};
static struct net_secrets secrets = {.items = items, .count = 2};

static void tell(struct scene *scene, const char *bytes, size_t size)
{
    size_t left = sizeof(scene->told) - 1 - scene->size;

    if (scene->is_over)
        return;
    size = size < left ? size : left;
    memcpy(scene->told + scene->size, bytes, size);
    scene->size += size;
    scene->told[scene->size] = '\0';
}

static void tell_text(struct scene *scene, const char *text)
{
    tell(scene, text, strlen(text));
}

/* The client goes, and the holder's flow with it. */
static void settle(struct loop_timer *timer)
{
    struct scene *scene = container_of(timer, struct scene, settling);

    hold_client_free(take_ptr(scene->client));
    if (scene->holder.flow_count)
        loop_start(scene->loop, timer, 0);
    else
        loop_stop(scene->loop, 0);
}

/* What is already there is still read; it is no longer of interest. */
static void stop(struct scene *scene)
{
    scene->is_over = true;
    scene->settling.due = settle;
    loop_start(scene->loop, &scene->settling, 0);
}

static void opened(void *owner)
{
    struct scene *scene = owner;

    scene->is_opened = true;
    if (!scene->is_early)
        scene->act(scene);
}

static void answered(void *owner, unsigned status)
{
    char text[16];

    tell(owner, text, (size_t)sprintf(text, "%u", status));
}

static void field(void *owner, const char *name, size_t name_size, const char *value, size_t value_size)
{
    tell_text(owner, "|");
    tell(owner, name, name_size);
    tell_text(owner, "=");
    tell(owner, value, value_size);
}

static void body(void *owner, enum hold_body kind, uint64_t length)
{
    (void)length;
    tell_text(owner, kind == HOLD_LENGTH ? "|length|" : kind == HOLD_CHUNKED ? "|chunked|" : "|none|");
}

static void bytes(void *owner, const char *text, size_t size)
{
    struct scene *scene = owner;

    scene->body += size;
    tell(scene, text, size);
}

static void end(void *owner, bool goes_on)
{
    struct scene *scene = owner;

    tell_text(scene, goes_on ? "|end" : "|last");
    scene->ends++;
    if (goes_on && scene->ends < scene->wanted_ends)
        scene->act(scene);
    else
        stop(scene);
}

static void room(void *owner)
{
    struct scene *scene = owner;

    scene->room++;
    scene->act(scene);
}

static void failed(void *owner, enum hold_failure failure, const struct error *err)
{
    struct scene *scene = owner;

    tell_text(scene, "|failed ");
    tell_text(scene, hold_failure_name(failure));
    tell_text(scene, ": ");
    tell_text(scene, err->text);
    stop(scene);
}

static void gone(void *owner)
{
    tell_text(owner, "|gone");
    stop(owner);
}

static const struct hold_events events = {opened, answered, field, body, bytes, end, room, failed, gone};

static void handed(struct loop_watch *watch, uint32_t ready)
{
    struct scene *scene = container_of(watch, struct scene, handed);
    struct worker_message message;
    int fds[CHANNEL_DESCRIPTORS_MAX];

    (void)ready;
    check_int(channel_receive_all(watch->fd, &message, fds, NULL), 1);
    check_int(message.type, WORKER_FLOW);
    holder_flow_begin(&scene->holder, fds[0], fds[1], message.name, message.port);
}

static void too_late(struct loop_timer *timer)
{
    struct scene *scene = container_of(timer, struct scene, limit);

    tell_text(scene, "|too late");
    stop(scene);
}

const char *scene_more_trust = "";

static void open_holder(struct scene *scene)
{
    struct error err = ERROR_INIT;
    size_t size;
    char *own = server_trust(&size), trust[8192];

    size = (size_t)snprintf(trust, sizeof(trust), "%.*s%s", (int)size, own, scene_more_trust);
    free(own);
    scene->holder = (struct holder){.secrets = &secrets, .flow_max = 4};
    if (loop_open(&scene->loop, &err) < 0 || holder_tls_open(&scene->holder.tls, &err) < 0 ||
        believed_begin(&scene->holder.believed, scene->holder.tls, mem_string(trust), size, 0, &err) < 0 ||
        values_init(&scene->holder.values, &secrets, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    scene->holder.loop = scene->loop;
}

void scene_play_at(struct scene *scene, const struct script *script, const char *name, void (*act)(struct scene *scene))
{
    struct error err = ERROR_INIT;
    int channel[2];

    signal(SIGPIPE, SIG_IGN);
    scene->act = act;
    open_holder(scene);
    server_start(script, &scene->server);
    check_int(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel), 0);
    scene->handed = (struct loop_watch){.fd = channel[1], .ready = handed};
    check_int(loop_watch(scene->loop, &scene->handed, EPOLLIN), 0);
    scene->limit.due = too_late;
    loop_start(scene->loop, &scene->limit, 20000);
    if (hold_client_open(scene->loop, channel[0], scene->server.socket, name, 443, &events, scene, &scene->client, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    if (scene->is_early)
        act(scene);
    check_int(loop_run(scene->loop), 0);
    check(!scene->holder.flows);
    loop_cancel(scene->loop, &scene->limit);
    close(channel[0]);
    close(channel[1]);
    values_finish(&scene->holder.values);
    mem_free(scene->holder.believed.pem); /* nobody had to be verified */
    scene->holder.believed.pem = NULL;
    SSL_CTX_free(scene->holder.tls);
    loop_close(scene->loop);
}

void scene_play(struct scene *scene, const struct script *script, void (*act)(struct scene *scene))
{
    scene_play_at(scene, script, "api.example.com", act);
}

void scene_get(struct scene *scene)
{
    struct hold_client *client = scene->client;

    OK(hold_client_request(client, "GET"));
    OK(hold_client_bytes(client, "/v1", 3));
    OK(hold_client_field(client, "Authorization", 13, false));
    OK(hold_client_bytes(client, "Bearer ", 7));
    OK(hold_client_secret(client, 0, HOLD_RAW));
    OK(hold_client_body(client, HOLD_NO_BODY, 0));
    OK(hold_client_end(client));
}
