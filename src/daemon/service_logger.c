/* SPDX-License-Identifier: Apache-2.0 */
/* The logger: each keeper is a writer, named after it for ever, whose records are known to be of its user. */
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "daemon/services.h"

static int begin(struct service *service, struct error *err)
{
    auto_protocol struct protocol_out out;

    protocol_begin(&out, PROTOCOL_LOG_BEGIN, 0);
    return protocol_send(service->watch.fd, MSG_DONTWAIT, &out, NULL, 0, err);
}

/* The first answer is that to LOG_BEGIN; the others are about writers, each under its keeper's number. */
static void heard(struct service *service, const struct protocol_message *message)
{
    if (message->type == PROTOCOL_DONE)
        service_ready(service);
}

/* The user is in the name: nobody writes under that of another user's keeper. */
int service_logger_hand_for(struct service *service, const struct keeper *keeper, const char *id, int fd, struct error *err)
{
    auto_protocol struct protocol_out out;
    char writer[ID_SIZE + 24];

    snprintf(writer, sizeof(writer), "keeper:%u:%s", keeper->account->uid, id);
    protocol_begin(&out, PROTOCOL_LOG_WRITER, (uint32_t)keeper->number);
    protocol_add_text(&out, TAG_LOG_WRITER, writer);
    protocol_add_text(&out, TAG_LOG_ACTOR, "system");
    protocol_add_number(&out, TAG_LOG_NAMES, 1); /* it says which agent of this user's acted */
    protocol_add_number(&out, TAG_UID, keeper->account->uid);
    protocol_add_number(&out, TAG_GID, keeper->gid);
    return protocol_send(service->watch.fd, MSG_DONTWAIT, &out, &fd, 1, err);
}

static int hand(struct service *service, const struct keeper *keeper, int fd, struct error *err)
{
    return service_logger_hand_for(service, keeper, keeper->id, fd, err);
}

int service_logger_hand_own(struct service *service, const char *name, const char *id, int fd, struct error *err)
{
    auto_protocol struct protocol_out out;
    char writer[ID_SIZE + 24];

    snprintf(writer, sizeof(writer), "%s:%u:%s", name, geteuid(), id);
    protocol_begin(&out, PROTOCOL_LOG_WRITER, 0);
    protocol_add_text(&out, TAG_LOG_WRITER, writer);
    protocol_add_text(&out, TAG_LOG_ACTOR, "system");
    protocol_add_number(&out, TAG_UID, geteuid());
    protocol_add_number(&out, TAG_GID, getegid());
    return protocol_send(service->watch.fd, MSG_DONTWAIT, &out, &fd, 1, err);
}

/* Whoever has this user's rights, as that user's keepers have them: a name that no keeper has, and the person unless a record says otherwise. */
int service_logger_hand_person(struct service *service, uid_t uid, gid_t gid, const char *id, int fd, struct error *err)
{
    auto_protocol struct protocol_out out;
    char writer[ID_SIZE + 24];

    snprintf(writer, sizeof(writer), "person:%u:%s", uid, id);
    protocol_begin(&out, PROTOCOL_LOG_WRITER, 0);
    protocol_add_text(&out, TAG_LOG_WRITER, writer);
    protocol_add_text(&out, TAG_LOG_ACTOR, "human");
    protocol_add_number(&out, TAG_LOG_NAMES, 1);
    protocol_add_number(&out, TAG_UID, uid);
    protocol_add_number(&out, TAG_GID, gid);
    return protocol_send(service->watch.fd, MSG_DONTWAIT, &out, &fd, 1, err);
}

const struct service_kind service_logger = {
    .name = "logger", .begin = begin, .speaker = PROTOCOL_LOGGER, .heard = heard, .refuses = "the log refuses a writer", .hand = hand};
