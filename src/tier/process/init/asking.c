/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An open() that would be refused waits while the parent is asked. The question is a record of the refusal with the call's own
 * number (told.h), the answer comes by a pair of sockets that only this thread and the parent have, with what the parent opened
 * in the caller's place. Nothing is opened here, so nothing of what the caller can change meanwhile matters. Whatever goes wrong
 * refuses the call as it would have been.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/ioctl.h>
#include <linux/poll.h>
#include <linux/seccomp.h>
#include <linux/time.h>
#include <linux/time_types.h>

#include "tier/process/asks.h"
#include "tier/process/init/keeper.h"

#define AF_UNIX_FAMILY 1 /* <sys/socket.h> belongs to a C library */
#define TYPE_SEQPACKET 5

#define LOOK_NS  1000000000 /* how often callers are looked at: they can be killed while they wait */
#define GRACE_NS 2000000000 /* the parent ends a question itself; it may stand still */

struct held {
    uint64_t ask; /* of the call, which is the kernel's number of it */
    long denied;  /* what it comes to when it is refused: negative errno, or KEEPER_CONTINUE */
    int flags;
    int64_t until;
};

static struct held held[ASKS_MAX];
static int64_t look_at;

static int64_t now_ns(void)
{
    struct __kernel_timespec now = {0};

    sys_call2(clock_gettime, CLOCK_MONOTONIC_COARSE, &now);
    return now.tv_sec * 1000000000 + now.tv_nsec;
}

void asking_open(struct init *init, struct keeper *keeper)
{
    const struct message message = {.type = MESSAGE_ASKS};
    int ends[2];

    keeper->asks = -1;
    if (!(keeper->record->flags & RECORD_ASKS))
        return;
    init_need(init, sys_call4(socketpair, AF_UNIX_FAMILY, TYPE_SEQPACKET | O_CLOEXEC, 0, ends), "make", "pair of sockets");
    init_need(init, message_send(keeper->control, &message, ends[1]), "hand over", "socket");
    sys_call1(close, ends[1]);
    keeper->asks = ends[0];
}

/* The flags of an open(), or -1: another call, or one that wants more than a file's content. */
static int flags_of(const struct call *call)
{
    int flags = -1;

    if (call->number == __NR_openat)
        flags = (int)call->args[2];
#ifdef __x86_64__
    if (call->number == __NR_open)
        flags = (int)call->args[1];
    if (call->number == __NR_creat)
        flags = O_CREAT | O_WRONLY | O_TRUNC;
#endif
    if (flags < 0 || (flags & O_ACCMODE) == O_ACCMODE || flags & (O_PATH | O_DIRECTORY | O_TMPFILE | O_DIRECT | O_EXCL | FASYNC))
        return -1;
    return flags;
}

static int is_refusal(long errnum)
{
    return errnum == EACCES || errnum == EROFS || errnum == ENOENT || errnum == EPERM;
}

int asking_hold(struct keeper *keeper, const struct call *call, enum told_source source, long errnum, long denied)
{
    int flags = flags_of(call);

    if (keeper->asks < 0 || flags < 0 || !is_refusal(errnum) || keeper->view.is_foreign || keeper->seen.count != 1)
        return 0;
    if (keeper->seen.decided == -errnum) /* the keeper itself refused it: a name that is kept */
        return 0;
    if (keeper->ask_count == ASKS_MAX || !refusals_ask(keeper, call, source, errnum))
        return 0;
    held[keeper->ask_count++] = (struct held){call->id, denied, flags, now_ns() + keeper->record->ask_ms * (int64_t)1000000 + GRACE_NS};
    return 1;
}

static void drop(struct keeper *keeper, struct held *one)
{
    *one = held[--keeper->ask_count];
}

static void deny(struct keeper *keeper, struct held *one)
{
    keeper_answer(keeper, one->ask, one->denied == KEEPER_CONTINUE ? 0 : one->denied, one->denied == KEEPER_CONTINUE);
    drop(keeper, one);
}

static void allow(struct keeper *keeper, struct held *one, int fd)
{
    long status = opening_give(keeper, one->ask, fd, one->flags);

    if (status != KEEPER_ANSWERED)
        keeper_answer(keeper, one->ask, status, 0);
    drop(keeper, one);
}

/* Who answers what nobody asked, or allows with nothing, means nothing. */
static void take(struct keeper *keeper, const struct ask_answer *answer, int fd)
{
    for (uint32_t i = 0; i < keeper->ask_count; i++) {
        if (held[i].ask != answer->ask)
            continue;
        if (answer->verdict == ASK_ALLOW && fd >= 0)
            allow(keeper, &held[i], fd);
        else
            deny(keeper, &held[i]);
        if (answer->verdict == ASK_ALLOW && fd >= 0)
            return; /* it was handed on and closed */
        break;
    }
    if (fd >= 0)
        sys_call1(close, fd);
}

static void take_all(struct keeper *keeper)
{
    struct ask_answer answer;
    int fd;
    long status;

    while ((status = packet_receive(keeper->asks, &answer, sizeof(answer), &fd)) == 0)
        take(keeper, &answer, fd);
    if (fd >= 0)
        sys_call1(close, fd);
    if (status == -EAGAIN)
        return;
    while (keeper->ask_count) /* nobody is left who could answer */
        deny(keeper, &held[0]);
    sys_call1(close, keeper->asks);
    keeper->asks = -1;
}

static void say_gone(struct keeper *keeper, const struct held *one)
{
    const struct message message = {.type = MESSAGE_UNASKED, .ask = one->ask};

    message_offer(keeper->control, &message, -1); /* without room the parent learns it when it answers */
}

static void look(struct keeper *keeper, int64_t now)
{
    for (uint32_t i = 0; i < keeper->ask_count;) {
        struct held *one = &held[i];

        if (sys_call3(ioctl, keeper->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &one->ask) < 0) {
            say_gone(keeper, one);
            drop(keeper, one);
        } else if (now >= one->until) {
            say_gone(keeper, one);
            deny(keeper, one);
        } else {
            i++;
        }
    }
}

void asking_step(struct keeper *keeper, int has_answers)
{
    int64_t now = now_ns();

    if (has_answers)
        take_all(keeper);
    if (now < look_at)
        return;
    look(keeper, now);
    look_at = now + LOOK_NS;
}
