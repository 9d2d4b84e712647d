/* SPDX-License-Identifier: Apache-2.0 */
/*
 * epoll and a timer wheel of SLOTS ticks; what is due later than one turn of the wheel waits in its slot for further
 * turns. What the kernel told in one batch is kept where loop_forget() can strike it out.
 *
 * System calls: epoll_create1, epoll_ctl, epoll_wait, clock_gettime (none: vDSO).
 */
#include "worker/loop.h"

#include <errno.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

#define SLOTS       256u
#define TICK_NS     (64 * NS_PER_MS)
#define BATCH       128
#define WORD_BITS   64u
#define SLOT_WORDS  (SLOTS / WORD_BITS)

struct loop {
    int epoll;
    bool is_stopped;
    int status;
    uint64_t now_ns, start_ns;
    uint64_t tick; /* up to which timers have been looked at */
    struct loop_timer *slots[SLOTS];
    uint64_t used[SLOT_WORDS]; /* slots that may not be empty */
    struct loop_timer *soon;   /* for the next round */
    struct loop_timer *running;
    struct epoll_event batch[BATCH];
    int batch_count;
};

static uint64_t tick_of(const struct loop *loop, uint64_t ns)
{
    return (ns - loop->start_ns) / TICK_NS;
}

int loop_open(struct loop **ret_loop, struct error *err)
{
    auto_free struct loop *loop = mem_alloc(sizeof(*loop));

    if (!loop)
        return error_memory(err);
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll < 0)
        return error_system(err, errno, "epoll_create1");
    loop->start_ns = loop->now_ns = clock_monotonic_ns();
    *ret_loop = take_ptr(loop);
    return 0;
}

void loop_close(struct loop *loop)
{
    if (!loop)
        return;
    close(loop->epoll);
    mem_free(loop);
}

static int control(struct loop *loop, int operation, struct loop_watch *watch, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = watch};

    return epoll_ctl(loop->epoll, operation, watch->fd, &event) < 0 ? -errno : 0;
}

int loop_watch(struct loop *loop, struct loop_watch *watch, uint32_t events)
{
    return control(loop, EPOLL_CTL_ADD, watch, events);
}

int loop_change(struct loop *loop, struct loop_watch *watch, uint32_t events)
{
    return control(loop, EPOLL_CTL_MOD, watch, events);
}

void loop_forget(struct loop *loop, struct loop_watch *watch)
{
    if (watch->fd >= 0)
        epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
    for (int i = 0; i < loop->batch_count; i++)
        if (loop->batch[i].data.ptr == watch)
            loop->batch[i].data.ptr = NULL;
}

static void timer_put(struct loop_timer **list, struct loop_timer *timer)
{
    timer->next = *list;
    timer->before = list;
    if (timer->next)
        timer->next->before = &timer->next;
    *list = timer;
}

static void timer_link(struct loop *loop, struct loop_timer *timer)
{
    unsigned slot = timer->tick % SLOTS;

    timer_put(&loop->slots[slot], timer);
    loop->used[slot / WORD_BITS] |= 1ull << slot % WORD_BITS;
}

void loop_start(struct loop *loop, struct loop_timer *timer, uint64_t delay_ms)
{
    loop_cancel(loop, timer);
    if (delay_ms == 0) {
        timer->tick = 0;
        timer_put(&loop->soon, timer);
        return;
    }
    /* one more, because this tick is partly gone */
    timer->tick = tick_of(loop, loop->now_ns + delay_ms * NS_PER_MS) + 1;
    if (timer->tick <= loop->tick)
        timer->tick = loop->tick + 1;
    timer_link(loop, timer);
}

void loop_cancel(struct loop *loop, struct loop_timer *timer)
{
    (void)loop;
    if (!timer->before)
        return;
    *timer->before = timer->next;
    if (timer->next)
        timer->next->before = timer->before;
    timer->next = NULL;
    timer->before = NULL;
}

uint64_t loop_now_ns(const struct loop *loop)
{
    return loop->now_ns;
}

/* The first slot in use behind the current tick, within one turn; false = none. */
static bool next_tick(const struct loop *loop, uint64_t *ret_tick)
{
    for (unsigned ahead = 1; ahead <= SLOTS; ahead++) {
        unsigned slot = (loop->tick + ahead) % SLOTS;

        if (!loop->used[slot / WORD_BITS] && slot % WORD_BITS == 0) {
            ahead += WORD_BITS - 1;
            continue;
        }
        if (loop->used[slot / WORD_BITS] >> slot % WORD_BITS & 1) {
            *ret_tick = loop->tick + ahead;
            return true;
        }
    }
    return false;
}

static int wait_ms(const struct loop *loop)
{
    uint64_t tick, at_ns, now_ns;

    if (loop->soon)
        return 0;
    if (!next_tick(loop, &tick))
        return -1;
    at_ns = loop->start_ns + tick * TICK_NS;
    now_ns = clock_monotonic_ns();
    return at_ns <= now_ns ? 0 : (int)((at_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS);
}

/* The list is taken as a whole, so that what a timer starts anew is not met again in this pass. */
static void run_list(struct loop *loop, struct loop_timer **list)
{
    loop->running = *list;
    *list = NULL;
    if (loop->running)
        loop->running->before = &loop->running;
    while (loop->running) {
        struct loop_timer *timer = loop->running;

        loop_cancel(loop, timer);
        if (timer->tick > loop->tick)
            timer_link(loop, timer);
        else
            timer->due(timer);
    }
}

static void run_timers(struct loop *loop)
{
    uint64_t now = tick_of(loop, loop->now_ns);

    /* after a long sleep of the machine one turn meets them all */
    if (now > loop->tick + SLOTS)
        loop->tick = now - SLOTS;
    while (loop->tick < now && !loop->is_stopped) {
        unsigned slot = ++loop->tick % SLOTS;

        loop->used[slot / WORD_BITS] &= ~(1ull << slot % WORD_BITS);
        run_list(loop, &loop->slots[slot]);
    }
}

int loop_run(struct loop *loop)
{
    while (!loop->is_stopped) {
        int count = epoll_wait(loop->epoll, loop->batch, BATCH, wait_ms(loop));

        if (count < 0 && errno != EINTR)
            return -errno;
        loop->now_ns = clock_monotonic_ns();
        loop->batch_count = count < 0 ? 0 : count;
        for (int i = 0; i < loop->batch_count && !loop->is_stopped; i++) {
            struct loop_watch *watch = loop->batch[i].data.ptr;

            if (watch)
                watch->ready(watch, loop->batch[i].events);
        }
        loop->batch_count = 0;
        if (!loop->is_stopped)
            run_list(loop, &loop->soon);
        run_timers(loop);
    }
    return loop->status;
}

void loop_stop(struct loop *loop, int status)
{
    loop->is_stopped = true;
    loop->status = status;
}
