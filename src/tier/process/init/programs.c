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
    long pid; /* 0 = free */
    uint32_t number;
    int report; /* -1 = it was executed, and that was told */
    int master; /* of its terminal, -1 = none */
    int is_main, is_failed, is_late;
    int64_t until_s; /* it is to be executed by then */
};

static struct program programs[RECORD_PROGRAMS_MAX];
static struct program *polled_programs[RECORD_STARTING_MAX];
static size_t polled_count;

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

static size_t starting_count(void)
{
    size_t count = 0;

    for (size_t i = 0; i < RECORD_PROGRAMS_MAX; i++)
        count += programs[i].pid && programs[i].report >= 0;
    return count;
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
    if (program->report >= 0)
        sys_call1(close, program->report);
    program->pid = 0;
}

struct wish { /* to start one */
    struct launch launch;
    int streams[RECORD_STREAMS];
    const char *action, *object;
    uint32_t kind;
};

static long wish_prepare(struct init *init, struct program *program, struct record_exec *record, struct wish *wish,
                         const int *fds, size_t fd_count)
{
    long status = descriptors_sort(init, record, fds, fd_count, wish->streams);
    struct launch *launch = &wish->launch;

    wish->action = "keep (it was exchanged meanwhile)";
    wish->object = "descriptor";
    if (status < 0)
        return status;
    launch->argv = program_pointers(record, record->argv, record->argc);
    launch->envp = program_pointers(record, record->envp, record->env_count);
    launch->search_path = (const char *)record + record->search_path;
    launch->record = record;
    launch->streams = wish->streams;
    launch->kept = fds + fd_count - record->fd_count;
    wish->action = "enter working directory";
    wish->object = (const char *)record + record->cwd;
    wish->kind = ERROR_INVALID;
    launch->cwd = (int)directory_open(wish->object);
    if (launch->cwd < 0)
        return launch->cwd;
    wish->action = "open";
    wish->object = "terminal";
    wish->kind = ERROR_SYSTEM;
    return record->flags & EXEC_TTY ? terminal_make(init, record, program, &launch->tty) : 0;
}

static long wish_start(struct init *init, struct program *program, struct wish *wish)
{
    int ends[2];
    long pid = sys_call2(pipe2, ends, O_CLOEXEC | O_NONBLOCK);

    wish->action = "start";
    wish->object = "program";
    if (pid < 0)
        return pid;
    wish->launch.report = ends[1];
    if (wish->launch.record->flags & EXEC_BEGINS && init_has_keeper(init))
        keeper_begins(init);
    pid = starter_fork(init, &wish->launch);
    sys_call1(close, ends[1]);
    if (pid < 0) {
        sys_call1(close, ends[0]);
        return pid;
    }
    program->report = ends[0];
    program->pid = pid;
    program->until_s = now_s() + RECORD_STARTING_S;
    return 0;
}

static void program_make(struct init *init, struct program *program, struct record_exec *record, const int *fds, size_t fd_count)
{
    struct wish wish = {.launch = {.cwd = -1, .report = -1, .tty = -1}, .kind = ERROR_SYSTEM};
    long status = wish_prepare(init, program, record, &wish, fds, fd_count);

    if (status == 0)
        status = wish_start(init, program, &wish);
    if (status < 0) {
        refuse(init, program->number, wish.kind, -status, wish.action, wish.object);
        program_close(program);
    }
    if (wish.launch.cwd >= 0)
        sys_call1(close, wish.launch.cwd);
    if (wish.launch.tty >= 0)
        sys_call1(close, wish.launch.tty);
}

static void order_carry_out(struct init *init, uint32_t number, int memory, const int *fds, size_t fd_count)
{
    struct record_exec *record = record_map(memory);
    struct program *program = program_new();

    if (!record) {
        refuse(init, number, ERROR_SYSTEM, EBADMSG, "read", "record of a program");
    } else if (!program) {
        refuse(init, number, ERROR_LIMIT, EAGAIN, "", "as many programs run in this container as it may have at a time");
    } else if (starting_count() == RECORD_STARTING_MAX) {
        refuse(init, number, ERROR_LIMIT, EAGAIN, "", "as many programs begin in this container as may at a time");
    } else {
        *program = (struct program){.number = number, .report = -1, .master = -1, .is_main = (record->flags & EXEC_MAIN) != 0};
        program_make(init, program, record, fds, fd_count);
    }
    if (record)
        sys_call2(munmap, record, record->size);
}

int programs_order(struct init *init, const struct message *order, int *fds, size_t fd_count)
{
    if (!init_stands(init) || !fd_count)
        return 0;
    order_carry_out(init, order->program, fds[0], fds + 1, fd_count - 1);
    for (size_t i = 0; i < fd_count; i++)
        sys_call1(close, fds[i]);
    return 1;
}

size_t programs_polled(struct pollfd *polled)
{
    polled_count = 0;
    for (size_t i = 0; i < RECORD_PROGRAMS_MAX && polled_count < RECORD_STARTING_MAX; i++)
        if (programs[i].pid && programs[i].report >= 0) {
            polled[polled_count] = (struct pollfd){.fd = programs[i].report, .events = POLLIN};
            polled_programs[polled_count++] = &programs[i];
        }
    return polled_count;
}

/* What the pipe says: nothing yet, a failure, or its end. */
static void report_read(struct init *init, struct program *program)
{
    struct message message, started = {.type = MESSAGE_STARTED, .program = program->number, .value = (int32_t)program->pid};
    long got = sys_call3(read, program->report, &message, sizeof(message));

    if (got == -EAGAIN || got == -EINTR)
        return;
    sys_call1(close, program->report);
    program->report = -1;
    if (program->is_late) {
        program->is_failed = 1;
        refuse(init, program->number, ERROR_SYSTEM, ETIMEDOUT, "execute", "program: it was stopped by others in the container");
    } else if (got == (long)sizeof(message)) {
        program->is_failed = 1;
        message.program = program->number;
        init_send(init, &message, -1);
    } else {
        init_send(init, &started, -1);
    }
}

void programs_step(struct init *init)
{
    int64_t now = polled_count ? now_s() : 0;

    for (size_t i = 0; i < polled_count; i++) {
        struct program *program = polled_programs[i];

        if (!program->pid || program->report < 0)
            continue;
        if (now > program->until_s && !program->is_late) {
            program->is_late = 1;
            sys_call2(kill, program->pid, SIGKILL);
        }
        report_read(init, program);
    }
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

    for (size_t i = 0; i < RECORD_PROGRAMS_MAX; i++)
        if (programs[i].pid == pid)
            program = &programs[i];
    if (!program)
        return 0;
    if (program->report >= 0) /* it is gone, so everything that it wrote is there */
        report_read(init, program);
    is_main = program->is_main && !program->is_failed;
    message.program = program->number;
    message.user_us = microseconds(usage->ru_utime.tv_sec, usage->ru_utime.tv_usec);
    message.system_us = microseconds(usage->ru_stime.tv_sec, usage->ru_stime.tv_usec);
    message.max_rss_bytes = (uint64_t)usage->ru_maxrss * 1024u;
    if (!program->is_failed && !is_main)
        init_send(init, &message, -1);
    program_close(program);
    return is_main;
}

static int group_of(const struct program *program)
{
    int group = (int)program->pid;

    if (program->master >= 0 && sys_call3(ioctl, program->master, TIOCGPGRP, &group) < 0)
        group = (int)program->pid;
    return group;
}

int programs_group(uint32_t number)
{
    for (size_t i = 0; i < RECORD_PROGRAMS_MAX; i++)
        if (programs[i].pid && programs[i].number == number)
            return group_of(&programs[i]);
    return 0;
}

size_t programs_groups(int *groups, size_t max)
{
    size_t count = 0;

    for (size_t i = 0; i < RECORD_PROGRAMS_MAX && count < max; i++)
        if (programs[i].pid)
            groups[count++] = group_of(&programs[i]);
    return count;
}
