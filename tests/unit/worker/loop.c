/* SPDX-License-Identifier: Apache-2.0 */
/* The event loop: descriptors, timers, and what is forgotten meanwhile. */
#include "worker/loop.h"

#include <unistd.h>

#include "base/clock.h"
#include "test.h"

struct rig {
    struct loop *loop;
    struct loop_watch watches[2];
    struct loop_timer timers[4];
    int calls[2];
    int order[8], count;
};

static struct rig rig;

static void rig_open(void)
{
    memset(&rig, 0, sizeof(rig));
    check_int(loop_open(&rig.loop, NULL), 0);
}

static void note(struct loop_timer *timer)
{
    rig.order[rig.count++] = (int)(timer - rig.timers);
}

static void note_and_stop(struct loop_timer *timer)
{
    note(timer);
    loop_stop(rig.loop, 7);
}

/* Whichever is called first forgets the other, of which the kernel has told in the same batch. */
static void forget_the_other(struct loop_watch *watch, uint32_t events)
{
    int which = (int)(watch - rig.watches);

    check(events & EPOLLIN);
    rig.calls[which]++;
    loop_forget(rig.loop, &rig.watches[!which]);
    loop_forget(rig.loop, watch);
}

TEST(what_is_forgotten_is_not_called_even_if_it_was_ready)
{
    int pipes[2][2];

    rig_open();
    for (int i = 0; i < 2; i++) {
        check_int(pipe(pipes[i]), 0);
        check_int(write(pipes[i][1], "x", 1), 1);
        rig.watches[i] = (struct loop_watch){.fd = pipes[i][0], .ready = forget_the_other};
        check_int(loop_watch(rig.loop, &rig.watches[i], EPOLLIN), 0);
    }
    rig.timers[0].due = note_and_stop;
    loop_start(rig.loop, &rig.timers[0], 1);
    check_int(loop_run(rig.loop), 7);
    check_int(rig.calls[0] + rig.calls[1], 1);
    for (int i = 0; i < 2; i++) {
        close(pipes[i][0]);
        close(pipes[i][1]);
    }
    loop_close(rig.loop);
}

TEST(timers_come_in_their_order_and_not_early)
{
    uint64_t began = clock_monotonic_ns();

    rig_open();
    for (int i = 0; i < 4; i++)
        rig.timers[i].due = i == 3 ? note_and_stop : note;
    loop_start(rig.loop, &rig.timers[3], 400);
    loop_start(rig.loop, &rig.timers[1], 150);
    loop_start(rig.loop, &rig.timers[0], 0);
    loop_start(rig.loop, &rig.timers[2], 10);
    loop_start(rig.loop, &rig.timers[2], 290); /* moved */
    check_int(loop_run(rig.loop), 7);
    check(clock_monotonic_ns() - began >= 400 * NS_PER_MS);
    check_int(rig.count, 4);
    for (int i = 0; i < 4; i++)
        check_int(rig.order[i], i);
    loop_close(rig.loop);
}

TEST(a_cancelled_timer_does_not_come)
{
    rig_open();
    for (int i = 0; i < 3; i++) {
        rig.timers[i].due = note;
        loop_start(rig.loop, &rig.timers[i], i ? 50 : 0);
    }
    rig.timers[3].due = note_and_stop;
    loop_start(rig.loop, &rig.timers[3], 120);
    loop_cancel(rig.loop, &rig.timers[0]);
    loop_cancel(rig.loop, &rig.timers[1]);
    loop_cancel(rig.loop, &rig.timers[1]);
    check_int(loop_run(rig.loop), 7);
    check_int(rig.count, 2);
    check_int(rig.order[0], 2);
    loop_close(rig.loop);
}

static void again(struct loop_timer *timer)
{
    note(timer);
    if (rig.count < 3)
        loop_start(rig.loop, timer, 0);
    else
        loop_stop(rig.loop, 7);
}

TEST(a_timer_may_start_itself_again)
{
    rig_open();
    rig.timers[0].due = again;
    loop_start(rig.loop, &rig.timers[0], 0);
    check_int(loop_run(rig.loop), 7);
    check_int(rig.count, 3);
    loop_close(rig.loop);
}
