/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signer: each keeper has a connection for its user's containers alone, whatever it says. The name of the machine is the signer's. What it does it tells
 * here, for the log.
 */
#include <stdio.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "daemon/services.h"

static int ask_to_hear(struct service *service, struct error *err)
{
    auto_protocol struct protocol_out out;

    protocol_begin(&out, PROTOCOL_SIGN_HEAR, 0);
    return protocol_send(service->watch.fd, MSG_DONTWAIT, &out, NULL, 0, err);
}

static int begin(struct service *service, struct error *err)
{
    auto_protocol struct protocol_out out;
    int status;

    protocol_begin(&out, PROTOCOL_SIGN_STATUS, 0);
    status = protocol_send(service->watch.fd, MSG_DONTWAIT, &out, NULL, 0, err);
    return status < 0 ? status : ask_to_hear(service, err);
}

static void take_status(struct service *service, const struct protocol_message *message)
{
    snprintf(service->machine, sizeof(service->machine), "%s", protocol_text(message, TAG_SIGN_NAME));
    snprintf(service->protection, sizeof(service->protection), "%s", protocol_text(message, TAG_SIGN_PROTECTION));
    service_ready(service);
}

/* The first answer is that to SIGN_STATUS; the others are about keepers. */
static void heard(struct service *service, const struct protocol_message *message)
{
    if (message->type == PROTOCOL_SIGN_STATUS_IS)
        take_status(service, message);
    else if (message->type == PROTOCOL_SIGN_TOLD)
        own_tell_signer(service->core, message);
}

static int hand(struct service *service, const struct keeper *keeper, int fd, struct error *err)
{
    auto_protocol struct protocol_out out;
    char user[sizeof(service->machine) + 32];

    snprintf(user, sizeof(user), "%s/user/%u", service->machine, (unsigned)keeper->account->uid);
    protocol_begin(&out, PROTOCOL_SIGN_SERVE, (uint32_t)keeper->number);
    protocol_add_text(&out, TAG_SIGN_NAME, user);
    return protocol_send(service->watch.fd, MSG_DONTWAIT, &out, &fd, 1, err);
}

const struct service_kind service_signer = {
    .name = "signer", .begin = begin, .speaker = PROTOCOL_SIGNER, .heard = heard, .refuses = "the signer refuses a keeper", .hand = hand};
