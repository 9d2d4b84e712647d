/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ends at a time: a container that is kept, and a network that was given for a while. A time is kept twice: on the clock that only goes on, also
 * while the machine is suspended, and, where a person named one, on the wall's. Whichever comes first counts, so that a clock that is set back makes nothing longer.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "keeper/keeper.h"

#define GRACE_MS      10000
#define KILL_AGAIN_MS 1000

int ending_read(const struct protocol_message *message, struct ending *ret_ending, struct error *err)
{
    uint64_t left_ms = protocol_number(message, TAG_LEFT_MS, 0), at_ms = protocol_number(message, TAG_UNTIL_MS, 0), now_ms = clock_real_ns() / NS_PER_MS;

    if (at_ms > CLOCK_MS_MAX || left_ms > CLOCK_MS_MAX - now_ms)
        return error_set(err, ERROR_INVALID, ERANGE, "an end behind the year 2262 is none: leave it out for what does not end by itself");
    *ret_ending = (struct ending){0};
    if (at_ms)
        ending_at(at_ms, ret_ending);
    else if (left_ms)
        *ret_ending = (struct ending){.boot_ns = clock_boot_ns() + left_ms * NS_PER_MS, .said_ms = now_ms + left_ms};
    return 0;
}

void ending_at(uint64_t at_ms, struct ending *ret_ending)
{
    uint64_t now = clock_real_ns();

    *ret_ending = (struct ending){.boot_ns = clock_boot_ns() + (at_ms * NS_PER_MS > now ? at_ms * NS_PER_MS - now : 0), .real_ns = at_ms * NS_PER_MS, .said_ms = at_ms};
}

bool ending_is_set(const struct ending *ending)
{
    return ending->boot_ns != 0;
}

bool ending_has_come(const struct ending *ending)
{
    return ending->boot_ns && (clock_boot_ns() >= ending->boot_ns || (ending->real_ns && clock_real_ns() >= ending->real_ns));
}

uint64_t ending_ms(const struct ending *ending)
{
    uint64_t boot = clock_boot_ns(), real = clock_real_ns(), at;

    if (!ending->boot_ns)
        return 0;
    at = ending->boot_ns > boot ? real + (ending->boot_ns - boot) : real - (boot - ending->boot_ns);
    return (ending->real_ns && ending->real_ns < at ? ending->real_ns : at) / NS_PER_MS;
}

/* ---- what ends ---- */

/* What is not ended by now must not go on unseen: it is tried until it is. */
static void end_at_once(struct session *session)
{
    struct error err = ERROR_INIT;

    if (!session->container)
        return;
    if (cordon_container_kill(session->container, (struct cordon_error *)&err) == 0) {
        session->has_to_die = false;
        return;
    }
    if (!session->has_to_die)
        keeper_say("container %s: its time is over, and it could not be ended: %s: tried again each second", session->id, err.text);
    session->has_to_die = true;
    loop_start(session->keeper->loop, &session->keeper->ends_again, KILL_AGAIN_MS);
}

static void end_again(struct loop_timer *timer)
{
    struct keeper *keeper = container_of(timer, struct keeper, ends_again);

    for (struct session *session = keeper->sessions; session; session = session->next)
        if (session->has_to_die)
            end_at_once(session);
}

static void end_container(struct session *session)
{
    struct error err = ERROR_INIT;

    if (session->ends.is_told)
        return;
    session->ends.is_told = true;
    keeper_say("the time of container %s is over: it is stopped, and not started again before it is renewed", session->id);
    if (again_give_up(session) || !session->container)
        return;
    if (cordon_container_stop(session->container, GRACE_MS, (struct cordon_error *)&err) < 0) {
        keeper_say("container %s: %s: it is ended at once", session->id, err.text);
        end_at_once(session);
    }
    session->is_frozen = false;
}

void network_forget(struct session *session)
{
    session->network.ends = (struct ending){0};
    cordon_request_free(take_ptr(session->network.lasting));
    fd_close_at(&session->network.cwd);
    session->network.cwd = -1;
}

/* What was given for a while and cannot be taken back must not go on. */
static void end_network(struct session *session)
{
    const struct network *network = &session->network;
    struct container_facts former;
    struct error err = ERROR_INIT;
    struct place own;
    int status = place_enter_at(network->lasting ? network->cwd : session->cwd, session->process.umask, &own, &err);

    container_tell_facts(session->container, &former);
    if (status == 0) {
        status = cordon_container_set_network(session->container, network->lasting ? network->lasting : session->request, (struct cordon_error *)&err);
        place_leave(&own);
    }
    changed_network(session, former.digest);
    session->network.ends = (struct ending){0};
    if (status == 0)
        keeper_say("container %s has the network of before again", session->id);
    else
        keeper_say("container %s: the network of before could not be put back: %s: it is ended", session->id, err.text);
    if (status < 0) {
        session->again.is_asked_to_end = true;
        end_at_once(session);
    }
    daemon_tell_running(session->keeper, session);
}

/* ---- when ---- */

static void earlier(uint64_t *first, uint64_t at)
{
    if (at && (!*first || at < *first))
        *first = at;
}

static void arm(int timer, uint64_t at_ns)
{
    struct itimerspec when = {.it_value = {.tv_sec = (time_t)(at_ns / NS_PER_S), .tv_nsec = (long)(at_ns % NS_PER_S)}};

    (void)!timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL);
}

void ends_look(struct keeper *keeper)
{
    uint64_t boot = 0, real = 0;

    for (struct session *session = keeper->sessions; session; session = session->next) {
        if (session->lifecycle && ending_has_come(&session->ends.when))
            end_container(session);
        if (session->container && ending_has_come(&session->network.ends))
            end_network(session);
        if (session->lifecycle && !session->ends.is_told) {
            earlier(&boot, session->ends.when.boot_ns);
            earlier(&real, session->ends.when.real_ns);
        }
        if (session->container) {
            earlier(&boot, session->network.ends.boot_ns);
            earlier(&real, session->network.ends.real_ns);
        }
    }
    arm(keeper->ends[0].fd, boot);
    arm(keeper->ends[1].fd, real);
}

static void look(struct keeper *keeper, struct loop_watch *watch)
{
    uint64_t count;

    (void)!read(watch->fd, &count, sizeof(count));
    ends_look(keeper);
}

static void boot_ready(struct loop_watch *watch, uint32_t events)
{
    look(container_of(watch, struct keeper, ends[0]), watch);
}

static void real_ready(struct loop_watch *watch, uint32_t events)
{
    look(container_of(watch, struct keeper, ends[1]), watch);
}

int ends_begin(struct keeper *keeper, struct error *err)
{
    static const clockid_t clocks[2] = {CLOCK_BOOTTIME, CLOCK_REALTIME};

    keeper->ends_again.due = end_again;
    for (int i = 0; i < 2; i++) {
        int fd = timerfd_create(clocks[i], TFD_CLOEXEC | TFD_NONBLOCK), status;

        if (fd < 0)
            return error_system(err, errno, "make a timer");
        status = numbers_lift(fd, &fd, err);
        if (status < 0)
            return status;
        keeper->ends[i] = (struct loop_watch){.fd = fd, .ready = i ? real_ready : boot_ready};
        status = loop_watch(keeper->loop, &keeper->ends[i], EPOLLIN);
        if (status < 0)
            return error_system(err, -status, "watch a timer");
    }
    return 0;
}
