/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/serving.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "protocol/socket.h"
#include "sdk/daemon.h"

#define ANSWER_MS 5000
#define MACHINES  "/var/lib/cordon/identity" /* of the system's cordon-signer */

const char *serving_bundle(struct arena *arena, const struct places *places, enum service_of of, const char *name)
{
    return of == SERVICE_OF_SYSTEM ? arena_printf(arena, MACHINES "/%s", name) : arena_printf(arena, "%s/identity/%s", places->state, name);
}

static int ask(int control, struct protocol_received *received, struct error *err)
{
    struct pollfd answer = {.fd = control, .events = POLLIN};
    auto_protocol struct protocol_out out = {0};
    int status = daemon_greet(control, err);

    if (status < 0)
        return status;
    protocol_begin(&out, PROTOCOL_STATUS, 1);
    status = protocol_send(control, MSG_DONTWAIT, &out, NULL, 0, err);
    if (status < 0)
        return status;
    if (poll(&answer, 1, ANSWER_MS) != 1)
        return error_set(err, ERROR_SYSTEM, ETIMEDOUT, "it does not answer");
    status = protocol_receive(control, MSG_DONTWAIT, received, err);
    if (status == 0)
        return error_set(err, ERROR_SYSTEM, EPIPE, "it ended");
    if (status > 0)
        status = protocol_permit(&received->message, PROTOCOL_DAEMON, PROTOCOL_CLIENT, PROTOCOL_GREETED, received->fd_count, err);
    if (status == 0 && received->message.type == PROTOCOL_FAILED) {
        protocol_read_error(&received->message, err);
        return err->errnum ? -err->errnum : -EPIPE;
    }
    if (status == 0 && received->message.type != PROTOCOL_STATUS_IS)
        return error_set(err, ERROR_INTERNAL, EPROTO, "it says %s", received->message.row->name);
    return status < 0 ? status : 0;
}

static int take_parts(struct arena *arena, const struct protocol_message *message, struct serving *serving, struct error *err)
{
    struct protocol_field field;

    for (size_t at = 0; protocol_next(message, &at, &field) && serving->part_count < SERVING_PARTS_MAX;) {
        if (field.tag != TAG_SERVICE)
            continue;
        serving->parts[serving->part_count] = arena_string(arena, field.data);
        if (!serving->parts[serving->part_count])
            return error_memory(err);
        serving->part_count++;
    }
    return 0;
}

static int take_status(struct arena *arena, const struct protocol_message *message, struct serving *serving, struct error *err)
{
    const char *protection = protocol_text(message, TAG_SIGN_PROTECTION);

    serving->of = protocol_number(message, TAG_KIND, 0) ? SERVICE_OF_USER : SERVICE_OF_SYSTEM;
    if (protection && *protection && !(serving->protection = arena_string(arena, protection)))
        return error_memory(err);
    return take_parts(arena, message, serving, err);
}

/* Without a service the user's signer keeps its keys in a file, once it was asked for anything. */
static int find_own(struct arena *arena, const struct places *places, struct serving *serving, struct error *err)
{
    const char *path = serving_bundle(arena, places, serving->of, "authority.json");

    if (!path)
        return error_memory(err);
    if (access(path, F_OK) == 0)
        serving->protection = "file";
    return 0;
}

static int find_daemon(struct arena *arena, struct serving *serving, struct error *err)
{
    auto_free struct protocol_received *received = mem_alloc(sizeof(*received));
    auto_close int control = -1;
    struct error why = ERROR_INIT;
    int status;

    if (!received)
        return error_memory(err);
    status = daemon_connect(&control, NULL, &why);
    if (status == 0)
        status = ask(control, received, &why);
    if (status == 0)
        status = take_status(arena, &received->message, serving, &why);
    protocol_drop(received);
    if (status == -ENOMEM)
        return error_memory(err);
    if (status < 0 && !(serving->why = arena_string(arena, why.text)))
        return error_memory(err);
    return 0;
}

int serving_find(struct arena *arena, const struct places *places, struct serving *ret_serving, struct error *err)
{
    static const char *const uses[] = {[DAEMON_NEVER] = "never", [DAEMON_AVAILABLE] = "available", [DAEMON_REQUIRED] = "required"};
    const struct cordon_request nothing_said = {0};
    struct serving serving = {.of = SERVICE_NONE};
    enum daemon_use use = DAEMON_NEVER;
    int status = daemon_find_use(&nothing_said, &use, err);

    if (status < 0)
        return status;
    serving.use = uses[use];
    if (use != DAEMON_NEVER)
        status = find_daemon(arena, &serving, err);
    if (status == 0 && serving.of == SERVICE_NONE)
        status = find_own(arena, places, &serving, err);
    if (status == 0)
        *ret_serving = serving;
    return status;
}
