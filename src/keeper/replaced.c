/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program of this keeper was replaced, by an upgrade. What runs in its containers goes on, and is used as before; nothing is begun any more with the
 * helper programs of another version. Whoever wants something new is another keeper's, which is of the program that is there now.
 */
#include <stdio.h>

#include "keeper/kept.h"

bool replaced_look(struct keeper *keeper)
{
    if (keeper->is_replaced || !installation_is_replaced())
        return keeper->is_replaced;
    keeper_say("its program was replaced: what runs goes on, and what is new is for a keeper of the program that is there now");
    keeper->is_replaced = true;
    pools_end(keeper);
    daemon_tell_leaving(keeper);
    return true;
}

static bool is_resting(const struct session *session)
{
    return session->lifecycle && !session->container && session->disk.lock >= 0;
}

static struct session *find(const struct keeper *keeper, bool rests)
{
    struct session *session = keeper->sessions;

    while (session && (rests ? !is_resting(session) : !session->container))
        session = session->next;
    return session;
}

/* The launcher has another keeper started when this one has ended. */
bool replaced_can_hand_on(const struct session *session)
{
    return session->keeper->is_replaced && is_resting(session) && (session->keeper->launcher.fd < 0 || !find(session->keeper, false));
}

void replaced_hand_on(struct session *session)
{
    struct keeper *keeper = session->keeper;

    keeper_say("container %s is left to another keeper", session->id);
    session_close(session); /* what is on disk stays */
    while (keeper->launcher.fd >= 0 && (session = find(keeper, true)))
        session_close(session);
    daemon_tell_leaving(keeper);
    keeper_look_for_end(keeper);
}
