/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that would stand still, while the keeper has others to serve: tried again every 20 ms, connections as soon as
 * the kernel has news of them.
 */
#include <linux/errno.h>
#include <linux/ioctl.h>
#include <linux/poll.h>
#include <linux/seccomp.h>
#include <linux/time.h>
#include <linux/time_types.h>

#include "tier/process/init/keeper.h"

#define RETRY_NS      20000000 /* 20 ms, and as much more for each so many that wait: */
#define RETRY_AT_ONCE 32

long waiting_add(struct keeper *keeper, const struct waiting *waiting)
{
    if (keeper->waiting_count == KEEPER_WAITING)
        return -ENFILE;
    keeper->waiting[keeper->waiting_count++] = *waiting;
    return 0;
}

static void leave(struct waiting *waiting)
{
    if (waiting->object >= 0)
        sys_call1(close, waiting->object);
    if (waiting->reader >= 0)
        sys_call1(close, waiting->reader);
    if (waiting->socket >= 0)
        sys_call1(close, waiting->socket);
}

static void retry(struct keeper *keeper)
{
    for (uint32_t i = 0; i < keeper->waiting_count;) {
        struct waiting *waiting = &keeper->waiting[i];
        long status = sys_call3(ioctl, keeper->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &waiting->id);

        if (status == 0) { /* the caller still waits */
            status = waiting->socket >= 0 ? sockets_again(keeper, waiting) : opening_again(keeper, waiting);
            if (status == -EAGAIN) {
                i++;
                continue;
            }
            if (status != KEEPER_ANSWERED)
                keeper_answer(keeper, waiting->id, status, 0);
        }
        leave(waiting);
        *waiting = keeper->waiting[--keeper->waiting_count];
    }
}

static int64_t now_ns(void)
{
    struct __kernel_timespec now = {0};

    sys_call2(clock_gettime, CLOCK_MONOTONIC_COARSE, &now);
    return now.tv_sec * 1000000000 + now.tv_nsec;
}

/* A socket by name waits for its listener, of which there is no news. Of who opens a FIFO there is none before it writes. */
static uint32_t news_poll(const struct keeper *keeper, struct pollfd polled[2 + KEEPER_WAITING])
{
    uint32_t count = 2;

    polled[0] = (struct pollfd){.fd = keeper->listener, .events = POLLIN};
    polled[1] = (struct pollfd){.fd = keeper->ask_count ? keeper->asks : -1, .events = POLLIN};
    for (uint32_t i = 0; i < keeper->waiting_count; i++) {
        const struct waiting *waiting = &keeper->waiting[i];

        if (waiting->socket >= 0 && waiting->object < 0)
            polled[count++] = (struct pollfd){.fd = waiting->socket, .events = POLLOUT};
        else if (waiting->reader >= 0)
            polled[count++] = (struct pollfd){.fd = waiting->reader, .events = POLLIN};
    }
    return count;
}

long waiting_poll(struct keeper *keeper)
{
    struct __kernel_timespec pause = {.tv_nsec = RETRY_NS * (1 + keeper->waiting_count / RETRY_AT_ONCE)}, second = {.tv_sec = 1};
    struct pollfd polled[2 + KEEPER_WAITING] not_initialised;
    uint32_t count = news_poll(keeper, polled);
    long ready = sys_call5(ppoll, polled, count, keeper->waiting_count ? &pause : keeper->ask_count ? &second : 0, 0, sizeof(uint64_t));
    int has_news = 0;

    for (uint32_t i = 2; i < count && ready > 0; i++)
        has_news |= polled[i].revents;
    if (keeper->waiting_count && (ready == 0 || has_news || now_ns() >= keeper->retry_at)) { /* not for each call that comes */
        retry(keeper);
        keeper->retry_at = now_ns() + pause.tv_nsec;
    }
    if (keeper->ask_count)
        asking_step(keeper, ready > 0 && polled[1].revents);
    if (ready > 0 && polled[0].revents & POLLHUP)
        return -ESRCH;
    return ready > 0 && polled[0].revents & POLLIN;
}
