/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one event loop of a worker: descriptors by epoll, timers by a wheel. Nothing of it allocates but loop_open():
 * what is watched and what is due lives in its owner. One thread only.
 */
#ifndef CORDON_WORKER_LOOP_H
#define CORDON_WORKER_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "base/compiler.h"
#include "base/error.h"

struct loop;

struct loop_watch {
    int fd;                                                    /* the owner's to close, after loop_forget() */
    void (*ready)(struct loop_watch *watch, uint32_t events);  /* EPOLLIN, ...; may forget and free any watch or timer */
};

struct loop_timer {
    void (*due)(struct loop_timer *timer);
    uint64_t tick;                     /* the loop's from here on */
    struct loop_timer *next, **before; /* before = NULL: not started */
};

int loop_open(struct loop **ret_loop, struct error *err) must_check;
void loop_close(struct loop *loop);

/* 0 or -errno. `events` as for epoll_ctl(); EPOLLET is the owner's choice. */
int loop_watch(struct loop *loop, struct loop_watch *watch, uint32_t events) must_check;
int loop_change(struct loop *loop, struct loop_watch *watch, uint32_t events) must_check;
/* Not called again, not even for what the kernel has already told. A watch that was never added is left alone. */
void loop_forget(struct loop *loop, struct loop_watch *watch);

/*
 * Once, not before `delay_ms` has passed and up to 64 ms later; 0 = in the next round, after whatever else is ready by
 * then. Starting again moves it.
 */
void loop_start(struct loop *loop, struct loop_timer *timer, uint64_t delay_ms);
void loop_cancel(struct loop *loop, struct loop_timer *timer);

/* CLOCK_MONOTONIC when this round of the loop began. */
uint64_t loop_now_ns(const struct loop *loop);

/* Until loop_stop(), whose status it returns; -errno when the kernel fails. */
int loop_run(struct loop *loop) must_check;
void loop_stop(struct loop *loop, int status);

#endif
