/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What process 1 does while the program runs: reap, forward signals, end with the parent. When the program ends,
 * whatever it left behind is killed and waited for before the status is told, so that nothing of the container can
 * still write to the workspace when the caller goes on.
 */
#include <asm/ioctls.h>
#include <asm/signal.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/poll.h>
#include <linux/ptrace.h>
#include <linux/resource.h>
#include <linux/time_types.h>

#include "tier/process/init/keeper.h"

#define WNOHANG_FLAG 1
#define REAP_MAX     256
#define STOPPED      0x7f

#define RESUMES_MAX     3
#define RESUME_PAUSE_NS 20000000 /* 20 ms */

static uint64_t microseconds(long seconds, long rest)
{
    return (uint64_t)seconds * 1000000u + (uint64_t)rest;
}

static void finish(struct init *init, int32_t status)
{
    struct message message = {.type = MESSAGE_EXITED, .value = status};
    struct rusage usage = {0};
    long reaped;

    if (init_is_in_place(init))
        in_place_end(init);
    else
        sys_call2(kill, -1, SIGKILL);
    do
        reaped = sys_call4(wait4, -1, 0, 0, 0);
    while (reaped > 0 || reaped == -EINTR);
    sys_call2(getrusage, RUSAGE_CHILDREN, &usage);
    message.user_us = microseconds(usage.ru_utime.tv_sec, usage.ru_utime.tv_usec);
    message.system_us = microseconds(usage.ru_stime.tv_sec, usage.ru_stime.tv_usec);
    message.max_rss_bytes = (uint64_t)usage.ru_maxrss * 1024u;
    keeper_settle();
    message.refusal.lost = keeper_untold();
    init_send(init, &message, -1);
    sys_call1(exit_group, 0);
}

/*
 * A process may ask its parent to trace it (PTRACE_TRACEME), and that is this one where nobody else is. It goes on as if it
 * were not traced: with the signal that it stopped for, but for the one that execve() sends to a traced process.
 */
long let_go(long pid, int number)
{
    struct {
        int number, error, code, rest[29];
    } info = {0};

    if (number == SIGTRAP && sys_call4(ptrace, PTRACE_GETSIGINFO, pid, 0, &info) >= 0 && info.code == 0 /* SI_USER */)
        number = 0;
    return sys_call4(ptrace, PTRACE_DETACH, pid, 0, number);
}

#define STOPPED_MAX 32

static struct {
    long pid;
    int number;
} stopped[STOPPED_MAX]; /* for the starter to let go, when it is free */
static int stopped_count;

static void stopped_settle(struct init *init)
{
    while (stopped_count && starter_is_free()) {
        stopped_count--;
        if (starter_let_go(init, stopped[stopped_count].pid, stopped[stopped_count].number) < 0)
            sys_call2(kill, stopped[stopped_count].pid, SIGKILL); /* it dies already, or would stand still for ever */
    }
}

/* It is for the thread that started it, or adopted it. */
static void stopped_take(struct init *init, long pid, int number)
{
    if (let_go(pid, number) >= 0)
        return;
    if (!init_stands(init) || stopped_count == STOPPED_MAX) {
        sys_call2(kill, pid, SIGKILL);
        return;
    }
    stopped[stopped_count].pid = pid;
    stopped[stopped_count++].number = number;
    stopped_settle(init);
}

/* 1 when none is left. A while of it: a program that makes zombies for ever must not keep init from its control socket. */
static int reap(struct init *init)
{
    for (int count = 0; count < REAP_MAX; count++) {
        int status = 0;
        struct rusage usage = {0};
        long pid = sys_call4(wait4, -1, &status, WNOHANG_FLAG, &usage);

        if (pid <= 0)
            return 1;
        if ((status & 0xff) == STOPPED)
            stopped_take(init, pid, status >> 8 & 0xff);
        else if (pid == init->program || programs_ended(init, pid, status, &usage))
            finish(init, status);
    }
    return 0;
}

static void signal_forward(struct init *init, uint32_t program, int number)
{
    int group = (int)init->program;

    if (init_stands(init)) {
        programs_signal(program, number);
        return;
    }
    if (init->master >= 0 && sys_call3(ioctl, init->master, TIOCGPGRP, &group) < 0)
        group = (int)init->program;
    if (group > 0)
        sys_call2(kill, -group, number);
}

/*
 * A process that is being forked while its group is stopped can be missed by the SIGCONT that follows and would stay
 * stopped for ever; so it is said again, a few times, a little later. Processes that run take no notice.
 */
static void resume_again(struct init *init)
{
    init->resumes--;
    signal_forward(init, init->resumed, SIGCONT);
}

/* 0 when the parent is gone. */
static int order_take(struct init *init)
{
    struct message message;
    int fds[RECORD_EXEC_FDS_MAX];
    size_t fd_count = 0;
    long got = order_receive(init->control, &message, fds, &fd_count);

    if (got == -EINTR || got == -EAGAIN)
        return 1;
    if (got < 0)
        return 0;
    if (message.type == MESSAGE_EXEC)
        return programs_order(init, &message, fds, fd_count);
    if (message.type == MESSAGE_SERVE)
        return served_write(&message, fds, fd_count);
    if (message.type == MESSAGE_END && init_stands(init))
        finish(init, 0);
    if (message.type != MESSAGE_SIGNAL || fd_count)
        return 0;
    signal_forward(init, message.program, message.value);
    init->resumed = message.program;
    if (message.value == SIGCONT)
        init->resumes = RESUMES_MAX;
    else if (message.value == SIGSTOP || message.value == SIGTSTP)
        init->resumes = 0;
    return 1;
}

/* Of a namespace the kernel kills every process with its first. */
static void abandon(struct init *init)
{
    if (init_is_in_place(init))
        in_place_end(init);
    sys_call1(exit_group, 125);
}

/* Before the program exists: it can lower init's limits, but nothing is opened after this. */
void program_prepare(struct init *init)
{
    uint64_t child = 1ull << (SIGCHLD - 1);

    /* blocked by whoever starts this already; if it were not, the program's end could pass unseen */
    init_need(init, sys_call4(rt_sigprocmask, SIG_BLOCK, &child, 0, sizeof(child)), "block", "SIGCHLD");
    init->signals = (int)init_need(init, sys_call4(signalfd4, -1, &child, sizeof(child), O_CLOEXEC | O_NONBLOCK),
                                   "open", "signal descriptor");
}

void program_watch(struct init *init)
{
    struct pollfd polled[4] = {{.fd = init->control, .events = POLLIN},
                               {.fd = init->signals, .events = POLLIN},
                               {.fd = init->guard, .events = POLLIN}};
    char drained[128];

    for (;;) {
        struct __kernel_timespec resume = {.tv_nsec = RESUME_PAUSE_NS}, look = {.tv_sec = 1};
        long ready;

        polled[3] = (struct pollfd){.fd = programs_report(), .events = POLLIN};
        ready = sys_call5(ppoll, polled, 4, init->resumes ? &resume : polled[3].fd >= 0 ? &look : 0, 0, sizeof(uint64_t));

        if (ready == -EINTR)
            continue;
        if (ready == 0 && init->resumes)
            resume_again(init);
        if (programs_step(init))
            finish(init, programs_status());
        stopped_settle(init);
        if (ready < 0 || polled[2].revents || (polled[0].revents && !order_take(init)))
            abandon(init);
        if (polled[1].revents) {
            if (!reap(init)) /* more are waiting: keep the signal */
                continue;
            sys_call3(read, polled[1].fd, drained, sizeof(drained));
            reap(init); /* what ended between the two */
        }
    }
}
