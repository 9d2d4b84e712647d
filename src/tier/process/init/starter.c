/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread of process 1 that starts programs in a container that stands. It is confined as they are to be, by Landlock (in
 * the keeper's domain, where there is a keeper) and by the filter, before the first of them exists; so a program is a copy of
 * it and execve(), nothing is put into force on the way, and all of them are in one domain under one listener. As a thread of
 * process 1 it can be neither signalled nor traced from inside. It waits for process 1's first thread, which alone talks to
 * the parent, and does nothing else: under the filter it calls futex() and clone(), and
 * ptrace() where a program asked to be traced by it.
 *
 * The copy begins in process 1's memory (CLONE_VM, CLONE_VFORK: copying that would take longer than all else), which is not
 * dumpable, and writes there only to the stack of this thread, which stands still until execve() gives the copy its own. Until
 * then others in the container can stop or end it like any process of theirs: process 1's first thread does not wait for it,
 * and gives it so much time (programs.c).
 */
#include <asm/ioctls.h>
#include <asm/signal.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>

#include "base/error.h"
#include "tier/process/init/init.h"

enum turn { TURN_NONE = 0, TURN_CONFINED, TURN_READY, TURN_FORK, TURN_LET_GO, TURN_DONE };

static struct {
    uint32_t turn; /* enum turn, a futex: whose it is follows from it */
    int listener;
    struct launch *launch;
    long pid, status; /* with TURN_LET_GO */
    int number;
} starter = {.listener = -1};

static void turn_set(struct init *init, uint32_t turn)
{
    __atomic_store_n(&starter.turn, turn, __ATOMIC_RELEASE);
    init_need(init, sys_call6(futex, &starter.turn, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 0x7fffffff, 0, 0, 0), "wake", "thread");
}

static void turn_await(uint32_t turn)
{
    uint32_t now;

    while ((now = __atomic_load_n(&starter.turn, __ATOMIC_ACQUIRE)) != turn)
        sys_call6(futex, &starter.turn, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, now, 0, 0, 0);
}

/* What process 1's first thread wants. */
static uint32_t turn_next(void)
{
    uint32_t now;

    while ((now = __atomic_load_n(&starter.turn, __ATOMIC_ACQUIRE)) != TURN_FORK && now != TURN_LET_GO)
        sys_call6(futex, &starter.turn, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, now, 0, 0, 0);
    return now;
}

/* In the copy: only process 1 may talk to the parent. */
static void copy_fail(struct init *init, const char *action, const char *object, long errnum)
{
    struct message message = {.type = MESSAGE_UNSTARTED, .kind = init->error_kind, .value = (int32_t)errnum};

    string_append(message.action, message.action + sizeof(message.action), action);
    string_append(message.object, message.object + sizeof(message.object), object);
    sys_call3(write, init->report, &message, sizeof(message));
    sys_call1(exit_group, 125);
    sys_call1(exit, 125);
    __builtin_trap();
}

static int is_target(const struct record_exec *record, int fd)
{
    if (fd < RECORD_STREAMS)
        return 1;
    for (uint32_t i = 0; i < record->fd_count; i++)
        if (record->fds[i] == fd)
            return 1;
    return 0;
}

/* A number that no descriptor of the program is to have. What is in the way until then stays, and execve() closes it. */
static int aside(struct init *init, const struct record_exec *record, int fd)
{
    while (fd >= 0 && is_target(record, fd))
        fd = (int)init_need(init, sys_call3(fcntl, fd, F_DUPFD_CLOEXEC, fd + 1), "copy", "descriptor");
    return fd;
}

static void descriptors_place(struct init *init, struct launch *launch)
{
    const struct record_exec *record = launch->record;
    int kept[RECORD_EXEC_KEPT_MAX], streams[RECORD_STREAMS];

    init->report = aside(init, record, init->report);
    launch->cwd = aside(init, record, launch->cwd);
    launch->tty = aside(init, record, launch->tty);
    for (int i = 0; i < RECORD_STREAMS; i++)
        streams[i] = launch->tty >= 0 ? launch->tty : aside(init, record, launch->streams[i]);
    for (uint32_t i = 0; i < record->fd_count; i++)
        kept[i] = aside(init, record, launch->kept[i]);
    for (int i = 0; i < RECORD_STREAMS; i++)
        if (streams[i] >= 0) /* else it is /dev/null, as in process 1 */
            init_need(init, sys_call3(dup3, streams[i], i, 0), "connect", "standard stream");
    for (uint32_t i = 0; i < record->fd_count; i++)
        init_need(init, sys_call3(dup3, kept[i], record->fds[i], 0), "connect", "kept descriptor");
}

static void copy_run(const struct init *shared, struct launch launch)
{
    const char *directory = (const char *)launch.record + launch.record->cwd;
    struct init copy = *shared, *init = &copy;
    long status;

    init->report = launch.report;
    init->on_fail = copy_fail;
    init->error_kind = ERROR_SYSTEM;
    init_need(init, sys_call0(setsid), "start", "session");
    if (launch.tty >= 0)
        init_need(init, sys_call3(ioctl, launch.tty, TIOCSCTTY, 0), "take", "terminal");
    descriptors_place(init, &launch);
    init->error_kind = ERROR_INVALID;
    init_need(init, sys_call1(fchdir, launch.cwd), "enter working directory", directory);
    init->error_kind = ERROR_SYSTEM;
    rights_limit(init, 0);
    signals_unblock(init);
    status = program_execute(init, launch.search_path, launch.argv, launch.envp);
    init->error_kind = program_refusal(status);
    copy_fail(init, "execute", launch.argv[0], -status);
}

/* The last descriptor of the pipe goes when this thread is free again: it is what process 1's first thread waits for. */
static void start(struct init *init, struct launch *launch)
{
    int report = launch->report;
    long pid = sys_call5(clone, SIGCHLD | CLONE_VM | CLONE_VFORK | CLONE_PARENT_SETTID, 0, &launch->pid, 0, 0);

    if (pid == 0)
        copy_run(init, *launch);
    if (pid < 0)
        launch->failure = pid;
    __atomic_store_n(&starter.turn, TURN_DONE, __ATOMIC_RELEASE);
    sys_call1(close, report);
}

static void starter_run(void *argument)
{
    struct init *init = argument;

    starter.listener = rights_apply_here(init);
    turn_set(init, TURN_CONFINED);
    for (;;) {
        if (turn_next() == TURN_LET_GO) {
            starter.status = let_go(starter.pid, starter.number);
            turn_set(init, TURN_DONE);
        } else {
            start(init, starter.launch);
        }
    }
}

int starter_make(struct init *init)
{
    thread_make(init, starter_run, CLONE_FILES | CLONE_FS, "starter of programs");
    turn_await(TURN_CONFINED);
    if (!init_has_keeper(init))
        turn_set(init, TURN_READY);
    return starter.listener;
}

void starter_ready(struct init *init)
{
    turn_set(init, TURN_READY);
}

void starter_await(struct init *init)
{
    turn_await(TURN_READY);
    if (starter.listener >= 0)
        init_need(init, sys_call1(close, starter.listener), "close", "listener");
}

void starter_start(struct init *init, struct launch *launch)
{
    starter.launch = launch;
    turn_set(init, TURN_FORK);
}

int starter_is_free(void)
{
    return __atomic_load_n(&starter.turn, __ATOMIC_ACQUIRE) != TURN_FORK;
}

long starter_let_go(struct init *init, long pid, int number)
{
    starter.pid = pid;
    starter.number = number;
    turn_set(init, TURN_LET_GO);
    turn_await(TURN_DONE);
    return starter.status;
}
