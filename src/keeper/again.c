/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container that is kept and has ended without having been asked to is started again, where its creator wants that. Each time it waits twice as long; what
 * has run for a while begins anew.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "keeper/kept.h"

#define DELAY_LEAST_MS 100
#define DELAY_MOST_MS  60000
#define STEADY_NS      (10 * NS_PER_S) /* so long it has to run to have been started well */

int again_read(struct session *session, const struct protocol_message *record, struct error *err)
{
    const char *text = protocol_text(record, TAG_RESTART);
    int status = text ? restart_parse(text, &session->again.restart, err) : 0;

    if (status == 0 && text)
        snprintf(session->again.text, sizeof(session->again.text), "%s", text);
    return status;
}

/* It waits for the log, and goes on to do so. */
static bool is_patient(struct session *session)
{
    struct keeper *keeper = session->keeper;

    if (!session->again.patient_until_ns || !writer_is_awaited(keeper) || loop_now_ns(keeper->loop) >= session->again.patient_until_ns)
        return false;
    loop_start(keeper->loop, &session->again.timer, LOG_LOOK_MS);
    return true;
}

/* That the log is away is no failure of its own: it begins to wait, once. */
static bool becomes_patient(struct session *session)
{
    struct keeper *keeper = session->keeper;

    if (session->again.patient_until_ns || !writer_is_awaited(keeper)) {
        session->again.patient_until_ns = 0;
        return false;
    }
    keeper_say("container %s waits for the audit log, which its policy requires", session->id);
    session->again.patient_until_ns = loop_now_ns(keeper->loop) + LOG_PATIENCE_MS * NS_PER_MS;
    loop_start(keeper->loop, &session->again.timer, LOG_LOOK_MS);
    return true;
}

static void due(struct loop_timer *timer)
{
    struct session *session = container_of(timer, struct session, again.timer);
    struct error err = ERROR_INIT;

    if (session->container || is_patient(session))
        return;
    if (replaced_look(session->keeper) && replaced_can_hand_on(session)) {
        replaced_hand_on(session);
        return;
    }
    if (!session->again.patient_until_ns)
        again_begin(session, true);
    if (held_start(session, &err) == 0) {
        session->again.patient_until_ns = 0;
        return;
    }
    if (becomes_patient(session))
        return;
    keeper_say("container %s could not be started again: %s", session->id, err.text);
    session->again.end = (struct cordon_status){.end = CORDON_END_LOST, .exit_status = 125};
    session->lifecycle = again_wanted(session) ? PROTOCOL_RESTARTING : PROTOCOL_STOPPED;
    kept_update(session); /* or the next keeper would try anew what was given up */
    daemon_tell_running(session->keeper, session);
}

void again_begin(struct session *session, bool is_by_itself)
{
    struct again *again = &session->again;

    loop_cancel(session->keeper->loop, &again->timer);
    again->timer.due = due;
    again->patient_until_ns = 0;
    again->is_asked_to_end = again->was_ended = false;
    again->started_ns = loop_now_ns(session->keeper->loop);
    again->count = is_by_itself ? again->count + 1 : 0;
    if (!is_by_itself)
        again->delay_ms = 0;
}

void again_found(struct session *session, bool was_running, bool was_started)
{
    struct again *again = &session->again;
    enum restart_kind kind = again->restart.kind;

    again->timer.due = due;
    if (was_running) { /* it ended with its keeper */
        again->has_end = true;
        again->end = (struct cordon_status){.end = CORDON_END_LOST, .exit_status = 125};
    }
    if (ending_has_come(&session->ends.when) || !(kind == RESTART_ALWAYS ? was_started : was_running && kind != RESTART_NO))
        return;
    session->lifecycle = PROTOCOL_RESTARTING;
    loop_start(session->keeper->loop, &again->timer, DELAY_LEAST_MS);
}

bool again_wanted(struct session *session)
{
    struct again *again = &session->again;

    if (again->is_asked_to_end || again->restart.kind == RESTART_NO)
        return false;
    if (again->restart.kind == RESTART_ON_FAILURE && again->end.exit_status == 0)
        return false;
    if (again->restart.times_max && again->count >= again->restart.times_max)
        return false;
    if (!again->delay_ms || loop_now_ns(session->keeper->loop) - again->started_ns >= STEADY_NS)
        again->delay_ms = DELAY_LEAST_MS;
    else
        again->delay_ms = again->delay_ms * 2 < DELAY_MOST_MS ? again->delay_ms * 2 : DELAY_MOST_MS;
    loop_start(session->keeper->loop, &again->timer, again->delay_ms);
    return true;
}

bool again_give_up(struct session *session)
{
    session->again.is_asked_to_end = true;
    session->again.patient_until_ns = 0;
    loop_cancel(session->keeper->loop, &session->again.timer);
    if (session->lifecycle != PROTOCOL_RESTARTING)
        return false;
    session->lifecycle = PROTOCOL_STOPPED;
    kept_update(session);
    daemon_tell_running(session->keeper, session);
    return true;
}
