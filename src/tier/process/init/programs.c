/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs of a container that stands, on process 1's side: what the parent asks for is received, checked and given to the
 * starter (starter.c); what becomes of each is told by its number. Whether a program was executed shows at a pipe that
 * execve() closes; a program that was ended before by others in the container has begun and ended, for the parent. Nothing of
 * a program's making reaches this file but its end, which the kernel tells.
 */
#include <asm/ioctls.h>
#include <asm/signal.h>
#include <asm/termios.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/openat2.h>
#include <linux/poll.h>
#include <linux/resource.h>
#include <linux/stat.h>
#include <linux/time.h>
#include <linux/time_types.h>

#include "base/error.h"
#include "tier/process/init/keeper.h"

struct program {
    int pid; /* 0 = free, or it begins */
    uint32_t number;
    int master; /* of its terminal, -1 = none */
    int is_main;
};

static struct program programs[RECORD_PROGRAMS_MAX];

/* The one that begins: there is one at a time. Its process may be gone before the pipe says what became of it. */
static struct {
    struct program *program; /* NULL = none */
    struct launch launch;
    struct record_exec *record;
    int fds[RECORD_EXEC_FDS_MAX];
    size_t fd_count;
    int report;      /* our end of the pipe */
    int64_t until_s; /* it is to be executed by then */
    int is_late, is_failed, is_reaped, status;
    int signal; /* it was sent before there was a process to have it; 0 = none */
    struct message failed, ended;
} beginning = {.report = -1};

static int64_t now_s(void)
{
    struct __kernel_timespec now = {0};

    sys_call2(clock_gettime, CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static void refuse(struct init *init, uint32_t number, uint32_t kind, long errnum, const char *action, const char *object)
{
    struct message message = {.type = MESSAGE_UNSTARTED, .program = number, .kind = kind, .value = (int32_t)errnum};

    string_append(message.action, message.action + sizeof(message.action), action);
    string_append(message.object, message.object + sizeof(message.object), object);
    init_send(init, &message, -1);
}

static struct program *program_new(void)
{
    for (size_t i = 0; i < RECORD_PROGRAMS_MAX; i++)
        if (!programs[i].pid)
            return &programs[i];
    return NULL;
}

/* As the parent wrote it, sealed; the offsets are the parent's, whom process 1 believes. NULL = it is none. */
static struct record_exec *record_map(int fd)
{
    struct statx info;
    struct record_exec *record;
    long address;

    if (sys_call5(statx, fd, "", AT_EMPTY_PATH, STATX_SIZE, &info) < 0 || info.stx_size < sizeof(*record) ||
        info.stx_size > RECORD_SIZE_MAX)
        return NULL;
    address = sys_call6(mmap, 0, info.stx_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    if (address < 0)
        return NULL;
    record = (struct record_exec *)address;
    if (record->magic == RECORD_EXEC_MAGIC && record->size == info.stx_size && record->fd_count <= RECORD_EXEC_KEPT_MAX)
        return record;
    sys_call2(munmap, address, info.stx_size);
    return NULL;
}

/*
 * The caller's were looked at by their numbers before they came here; a thread of the caller may have put others there in
 * between. A directory or a path would lead out.
 */
static long descriptor_check(const struct init *init, int fd)
{
    long flags = sys_call3(fcntl, fd, F_GETFL, 0);
    struct statx info;
    uint32_t type;

    if (flags < 0 || sys_call5(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &info) < 0)
        return -EBADF;
    type = info.stx_mode & S_IFMT;
    if (flags & O_PATH || (type != S_IFREG && type != S_IFIFO && type != S_IFCHR && type != S_IFSOCK))
        return -EISDIR;
    return init->record->flags & RECORD_NESTED && type == S_IFREG && (flags & O_ACCMODE) == O_WRONLY ? -EACCES : 0;
}

/* Which descriptors are which. 0, or negative: they are not what the record says. */
static long descriptors_sort(const struct init *init, const struct record_exec *record, const int *fds, size_t count, int *streams)
{
    size_t next = 0;

    for (int i = 0; i < RECORD_STREAMS; i++) {
        streams[i] = -1;
        if (record->flags & EXEC_TTY || record->null_streams & 1u << i)
            continue;
        if (next == count)
            return -EBADMSG;
        streams[i] = fds[next++];
    }
    if (count - next != record->fd_count)
        return -EBADMSG;
    for (size_t i = 0; i < count; i++) {
        long status = descriptor_check(init, fds[i]);

        if (status < 0)
            return status;
    }
    return 0;
}

/* A terminal of the container's own devpts; the parent gets the master before it hears that the program runs. */
static long terminal_make(struct init *init, const struct record_exec *record, struct program *program, int *ret_tty)
{
    struct winsize size = {.ws_row = record->rows, .ws_col = record->columns};
    struct message message = {.type = MESSAGE_TTY, .program = program->number};
    int unlocked = 0;
    long master = sys_call4(openat, AT_FDCWD, "/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC, 0), tty, status;

    if (master < 0)
        return master;
    program->master = (int)master;
    status = sys_call3(ioctl, master, TIOCSPTLCK, &unlocked);
    tty = status < 0 ? status : sys_call3(ioctl, master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (tty < 0)
        return tty;
    *ret_tty = (int)tty;
    status = sys_call3(ioctl, master, TIOCSWINSZ, &size);
    return status < 0 ? status : message_send(init->control, &message, program->master);
}

/* Never by a magic link: one of process 1's own descriptors could be behind it. */
static long directory_open(const char *path)
{
    const struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_NO_MAGICLINKS};

    return sys_call4(openat2, AT_FDCWD, path, &how, sizeof(how));
}

static void program_close(struct program *program)
{
    if (program->master >= 0)
        sys_call1(close, program->master);
    *program = (struct program){.master = -1};
}

static void beginning_end(void)
{
    const int fds[] = {beginning.report, beginning.launch.cwd, beginning.launch.tty};

    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
        if (fds[i] >= 0)
            sys_call1(close, fds[i]);
    for (size_t i = 0; i < beginning.fd_count; i++)
        sys_call1(close, beginning.fds[i]);
    if (beginning.record)
        sys_call2(munmap, beginning.record, beginning.record->size);
    beginning.program = NULL;
    beginning.record = NULL;
    beginning.report = -1;
    beginning.fd_count = 0;
}

struct step { /* what is being done, for a failure */
    const char *action, *object;
    uint32_t kind;
};

static long beginning_prepare(struct init *init, struct step *step)
{
    struct record_exec *record = beginning.record;
    struct launch *launch = &beginning.launch;
    long status = descriptors_sort(init, record, beginning.fds + 1, beginning.fd_count - 1, launch->streams);

    *step = (struct step){"keep (it was exchanged meanwhile)", "descriptor", ERROR_SYSTEM};
    if (status < 0)
        return status;
    launch->argv = program_pointers(record, record->argv, record->argc);
    launch->envp = program_pointers(record, record->envp, record->env_count);
    launch->search_path = (const char *)record + record->search_path;
    launch->record = record;
    launch->kept = beginning.fds + beginning.fd_count - record->fd_count;
    *step = (struct step){"enter working directory", (const char *)record + record->cwd, ERROR_INVALID};
    launch->cwd = (int)directory_open(step->object);
    if (launch->cwd < 0)
        return launch->cwd;
    *step = (struct step){"open", "terminal", ERROR_SYSTEM};
    return record->flags & EXEC_TTY ? terminal_make(init, record, beginning.program, &launch->tty) : 0;
}

static long beginning_start(struct init *init, struct step *step)
{
    int ends[2];
    long status = sys_call2(pipe2, ends, O_CLOEXEC | O_NONBLOCK);

    *step = (struct step){"start", "program", ERROR_SYSTEM};
    if (status < 0)
        return status;
    beginning.report = ends[0];
    beginning.launch.report = ends[1];
    beginning.until_s = now_s() + RECORD_STARTING_S;
    if (beginning.record->flags & EXEC_BEGINS && init_has_keeper(init))
        keeper_begins(init);
    starter_start(init, &beginning.launch);
    return 0;
}

static void refuse_beginning(struct init *init, const struct step *step, long errnum)
{
    refuse(init, beginning.program->number, step->kind, errnum, step->action, step->object);
    program_close(beginning.program);
    beginning_end();
}

static void beginning_make(struct init *init, struct program *program, struct record_exec *record, const int *fds, size_t fd_count)
{
    struct step step;
    long status;

    beginning.launch = (struct launch){.cwd = -1, .report = -1, .tty = -1};
    beginning.program = program;
    beginning.record = record;
    beginning.is_late = beginning.is_failed = beginning.is_reaped = beginning.signal = 0;
    memcpy(beginning.fds, fds, fd_count * sizeof(*fds));
    beginning.fd_count = fd_count;
    status = beginning_prepare(init, &step);
    if (status == 0)
        status = beginning_start(init, &step);
    if (status < 0)
        refuse_beginning(init, &step, -status);
}

int programs_order(struct init *init, const struct message *order, int *fds, size_t fd_count)
{
    struct record_exec *record;
    struct program *program = program_new();

    if (!init_stands(init) || !fd_count)
        return 0;
    record = record_map(fds[0]);
    if (record && program && !beginning.program && starter_is_free()) {
        *program = (struct program){.number = order->program, .master = -1, .is_main = (record->flags & EXEC_MAIN) != 0};
        beginning_make(init, program, record, fds, fd_count);
        return 1;
    }
    if (!record)
        refuse(init, order->program, ERROR_SYSTEM, EBADMSG, "read", "record of a program");
    else if (!program)
        refuse(init, order->program, ERROR_LIMIT, EAGAIN, "", "as many programs run in this container as it may have at a time");
    else
        refuse(init, order->program, ERROR_LIMIT, EAGAIN, "", "another program is being started in this container");
    if (record)
        sys_call2(munmap, record, record->size);
    for (size_t i = 0; i < fd_count; i++)
        sys_call1(close, fds[i]);
    return 1;
}

int programs_report(void)
{
    return beginning.report;
}

static void signal_one(const struct program *program, int number)
{
    int group = program->pid;

    if (program->master >= 0 && sys_call3(ioctl, program->master, TIOCGPGRP, &group) < 0)
        group = program->pid;
    if (group > 0)
        sys_call2(kill, -group, number);
}

/* It was executed, or ended by others before: then its end is known already. */
static int begun(struct init *init)
{
    struct program *program = beginning.program;
    struct message started = {.type = MESSAGE_STARTED, .program = program->number, .value = beginning.launch.pid};
    int is_main = program->is_main;

    program->pid = beginning.launch.pid;
    init_send(init, &started, -1);
    if (!beginning.is_reaped) {
        if (beginning.signal)
            signal_one(program, beginning.signal);
        beginning_end();
        return 0;
    }
    if (!is_main)
        init_send(init, &beginning.ended, -1);
    program_close(program);
    beginning_end();
    return is_main;
}

/* What the pipe says: nothing yet, a failure, its end. 1 = the main program has begun and ended. */
static int report_read(struct init *init)
{
    struct message message;
    long got = sys_call3(read, beginning.report, &message, sizeof(message));
    struct step step = {"start", "program", ERROR_SYSTEM};

    if (got == (long)sizeof(message)) {
        beginning.is_failed = 1;
        beginning.failed = message;
    }
    if (got != 0) /* the starter is not free yet */
        return 0;
    if (beginning.is_late)
        step = (struct step){"execute", "program: it was stopped by others in the container", ERROR_SYSTEM};
    if (beginning.is_late || beginning.launch.failure) {
        refuse_beginning(init, &step, beginning.is_late ? ETIMEDOUT : -beginning.launch.failure);
        return 0;
    }
    if (!beginning.is_failed)
        return begun(init);
    beginning.failed.program = beginning.program->number;
    init_send(init, &beginning.failed, -1);
    program_close(beginning.program);
    beginning_end();
    return 0;
}

int programs_step(struct init *init)
{
    if (!beginning.program)
        return 0;
    if (!beginning.is_late && now_s() > beginning.until_s) {
        beginning.is_late = 1;
        if (beginning.launch.pid > 0)
            sys_call2(kill, beginning.launch.pid, SIGKILL);
    }
    return report_read(init);
}

static uint64_t microseconds(long seconds, long rest)
{
    return (uint64_t)seconds * 1000000u + (uint64_t)rest;
}

int programs_ended(struct init *init, long pid, int status, const struct rusage *usage)
{
    struct message message = {.type = MESSAGE_ENDED, .value = status};
    struct program *program = NULL;
    int is_main;

    message.user_us = microseconds(usage->ru_utime.tv_sec, usage->ru_utime.tv_usec);
    message.system_us = microseconds(usage->ru_stime.tv_sec, usage->ru_stime.tv_usec);
    message.max_rss_bytes = (uint64_t)usage->ru_maxrss * 1024u;
    if (beginning.program && beginning.launch.pid == pid) { /* the pipe says first how it began */
        message.program = beginning.program->number;
        beginning.is_reaped = 1;
        beginning.status = status;
        beginning.ended = message;
        return 0;
    }
    for (size_t i = 0; i < RECORD_PROGRAMS_MAX; i++)
        if (programs[i].pid == pid)
            program = &programs[i];
    if (!program)
        return 0;
    message.program = program->number;
    is_main = program->is_main;
    if (!is_main)
        init_send(init, &message, -1);
    program_close(program);
    return is_main;
}

int programs_status(void)
{
    return beginning.status;
}

/* One that begins may have no group of its own yet. */
void programs_signal(uint32_t number, int signal_number)
{
    if (beginning.program && (!number || beginning.program->number == number) && !beginning.is_reaped) {
        if (beginning.launch.pid > 0)
            sys_call2(kill, beginning.launch.pid, signal_number);
        else if (beginning.signal != SIGKILL)
            beginning.signal = signal_number;
    }
    for (size_t i = 0; i < RECORD_PROGRAMS_MAX; i++)
        if (programs[i].pid && (!number || programs[i].number == number))
            signal_one(&programs[i], signal_number);
}
