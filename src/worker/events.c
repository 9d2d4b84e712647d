/* SPDX-License-Identifier: Apache-2.0 */
/* Events to the channel. */
#include "worker/events.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/clock.h"
#include "worker/channel.h"

uint64_t events_connection(struct events *events)
{
    return ++events->connections;
}

static void set_text(char *to, size_t size, const char *text)
{
    if (text)
        strncpy(to, text, size - 1);
}

struct worker_message events_about(enum worker_event_kind kind, const struct net_question *question, const char *name,
                                    const char *where)
{
    struct worker_message message = {
        .type = WORKER_EVENT,
        .kind = kind,
        .protocol = question->protocol,
        .port = question->port,
        .family = (uint16_t)question->address.family,
    };

    memcpy(message.address, question->address.bytes, sizeof(message.address));
    set_text(message.name, sizeof(message.name), name);
    set_text(message.where, sizeof(message.where), where);
    return message;
}

/* One that is waited for in vain is the last that is waited for. */
static int send_event(struct events *events, const struct worker_message *message)
{
    int status = channel_send(events->channel, message, events->may_wait);

    if (status < 0)
        events->may_wait = false;
    return status;
}

void events_send(struct events *events, const struct worker_message *message)
{
    if (events->lost) {
        struct worker_message lost = {.type = WORKER_EVENT, .kind = WORKER_LOST, .count = events->lost};

        if (send_event(events, &lost) == 0)
            events->lost = 0;
    }
    if (events->lost || send_event(events, message) < 0)
        events->lost++;
}

void events_wait(struct events *events)
{
    static const struct timeval patience = {.tv_sec = 1};

    setsockopt(events->channel, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    events->may_wait = fcntl(events->channel, F_SETFL, 0) == 0;
}

void events_send_datagram(struct events *events, const struct worker_message *message, uint64_t now_ns)
{
    if (now_ns / NS_PER_S != events->second) {
        events->second = now_ns / NS_PER_S;
        events->of_second = 0;
    }
    if (++events->of_second > EVENTS_DATAGRAMS_PER_SECOND)
        events->lost++;
    else
        events_send(events, message);
}
