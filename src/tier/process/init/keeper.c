/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation. A mount can protect what exists; a name that does not exist yet has nothing to mount on. So the
 * program's system call filter hands every call that could make, change, rename or remove a name to this thread
 * (SECCOMP_RET_USER_NOTIF), which makes the call itself with what it copied from the caller, or refuses it. Nothing is
 * decided on memory that the caller can still change, and because all such calls of the container pass one thread, no
 * directory moves between the look and the act. connect() comes here too: a mount keeps nobody from a socket file that it
 * shows, and whether it is a service of the host or one of the container's own only shows where all of those are made.
 *
 * The thread is as confined as the program: the same file tree, the same uid, the same Landlock domain (the program
 * inherits it from this thread), no capability but CAP_SYS_PTRACE in the container's own user namespace, which lets it
 * read the arguments of processes that are not dumpable and where Yama restricts tracing; and with a gateway the one that
 * marks sockets (marks.c). It lives in process 1, so the program cannot signal, trace or limit it; its death ends the container.
 */
#include "tier/process/init/view.h"

#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/futex.h>
#include <linux/ioctl.h>
#include <linux/mman.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/time.h>
#include <linux/time_types.h>


#ifndef SECCOMP_ADDFD_FLAG_SEND
#define SECCOMP_ADDFD_FLAG_SEND (1UL << 1) /* 5.14 */
#endif
#define NOTIF_SET_FLAGS  SECCOMP_IOW(4, uint64_t) /* 6.6 */
#define NOTIF_SYNC_WAKE_UP 1                      /* 6.6: the two threads take turns on one processor */

#define SETTLE_PAUSE_NS 500000 /* 0.5 ms */
#define SETTLE_TRIES    1000

#define ASKED_EVERY   8
#define ASKED_CLOSELY 64

static struct keeper the_keeper;

long keeper_give(const struct keeper *keeper, uint64_t id, int fd, int is_closed_on_exec, int goes_on)
{
    struct seccomp_notif_addfd give = {
        .id = id,
        .flags = goes_on ? SECCOMP_ADDFD_FLAG_SEND : 0,
        .srcfd = (uint32_t)fd,
        .newfd_flags = is_closed_on_exec ? O_CLOEXEC : 0,
    };

    return sys_call3(ioctl, keeper->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &give);
}

#define TRACING (1u << CAP_SYS_PTRACE)

static void rights_set(uint32_t effective)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{.effective = effective, .permitted = TRACING | the_keeper.marking}, {0}};

    if (sys_call2(capset, &header, data) < 0)
        sys_call1(exit_group, 125); /* cannot fail; and nothing may go on with other rights than it believes to have */
}

void keeper_set_tracing(int is_on)
{
    rights_set(is_on ? TRACING : 0);
}

void keeper_set_marking(uint32_t right)
{
    rights_set(TRACING | right);
}

long keeper_refuses_by(long status, enum told_layer layer)
{
    the_keeper.seen.decided = status;
    the_keeper.seen.layer = layer;
    return status;
}

long keeper_refuses(long status)
{
    return keeper_refuses_by(status, TOLD_LAYER_KEEPER);
}

static int is_handling; /* what the last call of a program was, may be told after it was answered */

void keeper_settle(void)
{
    for (int i = 0; i < SETTLE_TRIES && __atomic_load_n(&is_handling, __ATOMIC_ACQUIRE); i++) {
        struct __kernel_timespec pause = {.tv_nsec = SETTLE_PAUSE_NS};

        sys_call5(ppoll, 0, 0, &pause, 0, sizeof(uint64_t));
    }
}

uint32_t keeper_untold(void)
{
    return the_keeper.untold;
}

/* A caller that is gone needs no answer. */
void keeper_answer(const struct keeper *keeper, uint64_t id, long result, int goes_on)
{
    struct seccomp_notif_resp answer = {
        .id = id,
        .error = result < 0 ? (int32_t)result : 0,
        .val = result < 0 ? 0 : result,
        .flags = goes_on ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0,
    };

    long status;

    do
        status = sys_call3(ioctl, keeper->listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    while (status == -EINTR);
    if (status < 0 && status != -ENOENT && status != -EINPROGRESS)
        sys_call1(exit_group, 125); /* the caller would wait for ever */
}

static long act(struct keeper *keeper, const struct call *call)
{
    switch (call->number) {
    case __NR_openat:
#ifdef __x86_64__
    case __NR_open:
    case __NR_creat:
#endif
        return opening_handle(keeper, call);
    case __NR_bind:
    case __NR_connect:
        return sockets_handle(keeper, call);
    case __NR_socket:
    case __NR_socketpair:
        return datagrams_handle(keeper, call);
    case __NR_fchownat:
    case __NR_utimensat:
#ifdef __x86_64__
    case __NR_chown:
    case __NR_lchown:
    case __NR_utime:
    case __NR_utimes:
    case __NR_futimesat:
#endif
        return attributes_handle(keeper, call);
    case __NR_umask:
        caller_forget_masks(keeper);
        return KEEPER_CONTINUE;
    case __NR_ptrace: /* PTRACE_TRACEME: it has what it asked for, and the thread that started it traces nobody */
        return caller_is_first(keeper, call) ? 0 : KEEPER_CONTINUE;
    case __NR_mount:
        return errand_mount(keeper, call);
    case __NR_openat2:
        return errand_open(keeper, call);
    default:
        return changing_handle(keeper, call);
    }
}

static void handle(struct keeper *keeper, const struct seccomp_notif *asked)
{
    struct call call = {.id = asked->id, .tid = asked->pid, .number = asked->data.nr, .args = (const uint64_t *)asked->data.args};
    int is_watched, watches = (keeper->record->flags & RECORD_WATCHED) != 0;
    long result = filter_answer(keeper->record, &asked->data, &is_watched);
    enum told_source source = result < 0 ? TOLD_BY_FILTER : TOLD_BY_KEEPER;

    if (watches && call.number == __NR_execve) /* with FILTER_START for a fourth argument it looks like process 1's own */
        is_watched = 1;
    keeper->seen.count = 0;
    keeper->seen.decided = 0;
    keeper->seen.has_text = 0;
    if (source == TOLD_BY_KEEPER && !is_watched)
        result = view_enter(keeper, &call);
    else if (keeper->is_nested && view_enter(keeper, &call) < 0) /* only to be told of */
        keeper->view.is_foreign = 1;
    if (watches && source == TOLD_BY_KEEPER && !is_watched)
        watching_begin(keeper, &call);
    if (is_watched) {
        result = watching_look(keeper, &call) ? KEEPER_ANSWERED : KEEPER_CONTINUE;
    } else if (result == 0) {
        result = act(keeper, &call);
    }
    if (watches && result >= 0 && !is_watched)
        watching_end(keeper, &call);
    if (result < 0 && source == TOLD_BY_KEEPER && asking_hold(keeper, &call, source, -result, result))
        result = KEEPER_ANSWERED;
    else if (result < 0) /* the caller still waits, and is what it was */
        refusals_tell(keeper, &call, source, result);
    view_leave(keeper);
    if (result == KEEPER_ANSWERED)
        return;
    keeper_answer(keeper, call.id, result == KEEPER_CONTINUE ? 0 : result, result == KEEPER_CONTINUE);
}

/* 0 when there is something to receive. */
static long wait_for_call(struct keeper *keeper)
{
    long ready = waiting_poll(keeper);

    if (ready < 0) /* the last contained process is gone */
        sys_call1(exit, 0);
    return ready ? 0 : -EAGAIN;
}

/* Does somebody wait already? Asked at every eighth call, and at each of the next 64 after one at which somebody did. */
static int is_asked(const struct keeper *keeper)
{
    static uint32_t calls, closely;
    struct pollfd polled = {.fd = keeper->listener, .events = POLLIN};
    struct __kernel_timespec now = {0};

    if (!closely && ++calls % ASKED_EVERY)
        return 0;
    if (sys_call5(ppoll, &polled, 1, &now, 0, sizeof(uint64_t)) > 0) {
        closely = ASKED_CLOSELY;
        return 1;
    }
    closely -= closely > 0;
    return 0;
}

static void turns_set(const struct keeper *keeper, uint64_t flags)
{
    sys_call3(ioctl, keeper->listener, NOTIF_SET_FLAGS, flags);
}

/*
 * Who asks while this thread sleeps has it woken on its own processor, and is woken there itself. Who was waiting already has left
 * another processor idle, and goes on there: woken here it would stay with the callers before it, and the other processor idle
 * until the kernel notices. But one that was answered last, and asks again before this thread sleeps, shall come here: alone
 * it takes a fifth of the time so.
 */
static void handle_in_turn(struct keeper *keeper, const struct seccomp_notif *asked, int was_waiting)
{
    static uint32_t last;

    was_waiting = was_waiting && asked->pid != last;
    last = asked->pid;
    if (was_waiting)
        turns_set(keeper, 0);
    __atomic_store_n(&is_handling, 1, __ATOMIC_RELEASE);
    handle(keeper, asked);
    __atomic_store_n(&is_handling, 0, __ATOMIC_RELEASE);
    if (was_waiting)
        turns_set(keeper, NOTIF_SYNC_WAKE_UP);
}

static void serve(struct keeper *keeper) __attribute__((noreturn));
static void serve(struct keeper *keeper)
{
    for (;;) {
        struct seccomp_notif asked;
        long status = keeper->waiting_count || keeper->ask_count ? wait_for_call(keeper) : 0;
        int was_waiting;

        if (status < 0)
            continue;
        was_waiting = keeper->takes_turns && is_asked(keeper);
        memset(&asked, 0, sizeof(asked));
        status = sys_call3(ioctl, keeper->listener, SECCOMP_IOCTL_NOTIF_RECV, &asked);
        if (status == 0)
            handle_in_turn(keeper, &asked, was_waiting);
        else if (status != -EINTR) /* the caller died meanwhile, or all have */
            wait_for_call(keeper);
    }
}

/* Numbers that only this thread's descriptor table has. */
static void descriptors_settle(struct init *init, struct keeper *keeper, int listener)
{
    long proc = init_need(init, sys_call4(openat, AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_CLOEXEC, 0), "open", "/proc");
    long control = init_need(init, sys_call3(fcntl, init->control, F_DUPFD_CLOEXEC, 6), "copy", "descriptor");
    long changes = -1;

    proc = init_need(init, sys_call3(fcntl, proc, F_DUPFD_CLOEXEC, 6), "copy", "descriptor");
    listener = (int)init_need(init, sys_call3(fcntl, listener, F_DUPFD_CLOEXEC, 6), "copy", "descriptor");
    if (init->changes >= 0)
        changes = init_need(init, sys_call3(fcntl, init->changes, F_DUPFD_CLOEXEC, 7), "copy", "descriptor");
    init_need(init, sys_call3(close_range, 0, 2, 0), "close", "standard streams");
    keeper->own = (int)init_need(
        init, sys_call4(openat, proc, "thread-self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC, 0), "open", "/proc/thread-self/fd");
    init_need(init, sys_call3(dup3, proc, 3, O_CLOEXEC), "copy", "descriptor");
    init_need(init, sys_call3(dup3, listener, 4, O_CLOEXEC), "copy", "descriptor");
    init_need(init, sys_call3(dup3, control, 5, O_CLOEXEC), "copy", "descriptor");
    keeper->changes = init->changes < 0 ? -1 : 6;
    if (init->changes >= 0)
        init_need(init, sys_call3(dup3, changes, 6, O_CLOEXEC), "copy", "descriptor");
    init_need(init, sys_call3(close_range, 7 - (init->changes < 0), ~0u, 0), "close", "descriptors"); /* last: the way to tell a failure goes too */
    keeper->proc = 3;
    keeper->listener = 4;
    keeper->control = 5;
}

int keeper_setting(const char *path)
{
    char digit = '0';
    long fd = sys_call4(openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);

    if (fd >= 0) {
        if (sys_call3(read, fd, &digit, 1) != 1)
            digit = '3';
        sys_call1(close, fd);
    }
    return fd >= 0 || fd == -ENOENT ? digit - '0' : 3;
}

/* The container begins now: what the host has by now is what was there before it. */
void keeper_begins(struct init *init)
{
    struct keeper *keeper = &the_keeper;
    struct __kernel_timespec now;

    init_need(init, sys_call2(clock_gettime, CLOCK_REALTIME, &now), "read", "clock");
    keeper->started_s = now.tv_sec;
    keeper->started_ns = (uint32_t)now.tv_nsec;
    keeper->is_starting = 1;
}

void keeper_run(void *argument)
{
    struct init *init = argument;
    struct keeper *keeper = &the_keeper;
    int listener = -1;

    keeper->record = init->record;
    keeper->who = init->who;
    keeper->told = init->told;
    keeper->uid = init->begin.uid;
    keeper->is_nested = (init->record->flags & RECORD_NESTED) != 0;
    if (sys_call0(gettid) != KEEPER_TID) /* the filter refuses that number beside process 1's */
        init_fail(init, "number", "keeper of names", ESRCH);
    rights_restrict(init);
    if (init_stands(init)) {
        listener = starter_make(init);
        thread_separate(init);
    }
    keeper_begins(init);
    keeper->mask = (uint32_t)sys_call1(umask, 077);
    sys_call1(umask, keeper->mask);
    /* Yama's scope, which the keeper's own capability would pass by */
    keeper->is_tracing_open = keeper_setting("/proc/sys/kernel/yama/ptrace_scope") == 0;
    view_prepare(init, keeper);
    marks_prepare(init, keeper);
    if (!init_stands(init))
        listener = program_launch(init);
    marks_confine(init); /* the program has a filter of its own */
    descriptors_settle(init, keeper, listener);
    asking_open(init, keeper);
    keeper->takes_turns = sys_call3(ioctl, keeper->listener, NOTIF_SET_FLAGS, (uint64_t)NOTIF_SYNC_WAKE_UP) == 0; /* older kernels: slower, not other */
    if (init_stands(init))
        starter_ready(init);
    else
        program_tell(init);
    serve(keeper);
}

#if defined(__x86_64__)
__asm__(".globl thread_start\nthread_start:\n"
        "  sub $16, %rdx\n  mov %rdi, (%rdx)\n  mov %rsi, 8(%rdx)\n"
        "  mov %rcx, %rdi\n  mov %rdx, %rsi\n  xor %edx, %edx\n  xor %r10d, %r10d\n  xor %r8d, %r8d\n"
        "  mov $56, %eax\n  syscall\n  test %rax, %rax\n  jnz 1f\n"
        "  xor %ebp, %ebp\n  pop %rax\n  pop %rdi\n  call *%rax\n  hlt\n1: ret\n");
#elif defined(__aarch64__)
__asm__(".globl thread_start\nthread_start:\n"
        "  stp x0, x1, [x2, #-16]!\n  mov x0, x3\n  mov x1, x2\n  mov x2, xzr\n  mov x3, xzr\n  mov x4, xzr\n"
        "  mov x8, #220\n  svc #0\n  cbnz x0, 1f\n"
        "  ldp x1, x0, [sp], #16\n  mov x29, xzr\n  blr x1\n  brk #0\n1: ret\n");
#endif
