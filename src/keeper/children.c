/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers inside of those that this keeper has: cordond is told of each, and a visitor may ask one to end. It belongs to the program that asked for it, so there is
 * nothing else to be asked of it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "keeper/keeper.h"

/* The status is all that is known here of what has ended; its record has the rest. */
static void tell_over(struct session *visitor, const struct cordon_status *status)
{
    struct error err = ERROR_INIT;

    visitor->visits = NULL;
    visitor->state = PROTOCOL_ENDED;
    if (session_tell_status(visitor, status, &err) < 0)
        shutdown(visitor->client.fd, SHUT_RDWR);
}

static void ended(struct session *session, const struct container_child *child)
{
    daemon_tell_lost(session->keeper, child->id); /* first: whoever hears of the end finds it nowhere */
    for (struct session *visitor = session->keeper->sessions; visitor; visitor = visitor->next)
        if (visitor->visits == session && strcmp(visitor->child, child->id) == 0)
            tell_over(visitor, &child->status);
}

void children_step(struct session *session)
{
    struct container_child child;

    while (session->container && container_child_news(session->container, &child)) {
        if (child.has_ended)
            ended(session, &child);
        else
            daemon_tell_child(session->keeper, session, &child);
    }
}

void children_tell_all(const struct session *session)
{
    struct container_child child;

    for (size_t at = 0; session->container && container_child_next(session->container, &at, &child);)
        daemon_tell_child(session->keeper, session, &child);
}

static bool find(const struct session *holder, const char *id, struct container_child *ret_child)
{
    for (size_t at = 0; holder->container && container_child_next(holder->container, &at, ret_child);)
        if (strcmp(ret_child->id, id) == 0)
            return true;
    return false;
}

bool children_visit(struct session *visitor, const char *id)
{
    struct container_child child;

    for (struct session *holder = visitor->keeper->sessions; holder; holder = holder->next) {
        if (!session_is_listed(holder) || !find(holder, id, &child))
            continue;
        visitor->visits = holder;
        snprintf(visitor->child, sizeof(visitor->child), "%s", id);
        return true;
    }
    return false;
}

pid_t child_pid(const struct session *visitor)
{
    struct container_child child;

    return visitor->visits && find(visitor->visits, visitor->child, &child) ? child.pid : 0;
}

static int order(struct session *visitor, enum container_order order, uint64_t value, struct error *err)
{
    if (!visitor->visits) /* it ended while this was said, which is what it was to do */
        return 0;
    return container_child_order(visitor->visits->container, visitor->child, order, value, err);
}

int child_heard(struct session *visitor, const struct protocol_message *message, struct error *err)
{
    struct error failure = ERROR_INIT;
    int status;

    switch (message->type) {
    case PROTOCOL_SIGNAL:
        status = order(visitor, CONTAINER_SIGNAL, protocol_number(message, TAG_SIGNAL, 0), &failure);
        break;
    case PROTOCOL_KILL:
        status = order(visitor, CONTAINER_KILL, 0, &failure);
        break;
    case PROTOCOL_STOP:
        status = order(visitor, CONTAINER_STOP, protocol_number(message, TAG_LEFT_MS, 0), &failure);
        break;
    case PROTOCOL_STATS:
        return session_tell_stats(visitor, NULL, child_pid(visitor), message->request, err);
    default:
        status = error_set(&failure, ERROR_INVALID, ENOTSUP,
                           "container %s is inside another one, and belongs to the program there that asked for it: it can be stopped and killed; what else you "
                           "want, ask of the one around ('cordon ps')",
                           visitor->child);
        break;
    }
    return session_reply(visitor, message->request, status, &failure, err);
}
