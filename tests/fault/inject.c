/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a launch of Cordon under ptrace and disturbs it once: at the N-th system call of one of its processes the call
 * fails with an errno instead of being made, or a process is killed. Without a disturbance it lists the calls. It is the
 * subreaper of what it runs, so its report also says what outlived the launching process, and for how long.
 *
 * Roles, in the order in which they appear: cordon (the program itself, from its entry point on, so without the dynamic
 * loader), child (its clone until it executes cordon-init or a worker), init, keeper (a thread of init), program (a fork of
 * either, until it executes the contained program), contained; gateway, inspector and holder (also from their entry points
 * on), inside (a thread of the gateway).
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef __x86_64__
#error "knows the registers of x86_64 only"
#endif

#define TRACED_MAX 256
#define PATH_SHOWN 160
#define GRACE_MS   10000 /* what lives so long after cordon's end is left behind */

enum role {
    ROLE_CORDON,
    ROLE_CHILD,
    ROLE_INIT,
    ROLE_KEEPER,
    ROLE_PROGRAM,
    ROLE_CONTAINED,
    ROLE_GATEWAY,
    ROLE_INSIDE,
    ROLE_INSPECTOR,
    ROLE_HOLDER,
    ROLE_COUNT
};
static const char *const role_names[] = {"cordon",    "child",   "init",   "keeper",    "program",
                                         "contained", "gateway", "inside", "inspector", "holder"};

struct traced {
    pid_t tid;
    enum role role;
    unsigned long entry_at; /* of its program, while the dynamic loader is at work; else 0 */
    long entry_word;        /* what stood there */
    bool is_known;   /* its maker has told which role it has */
    bool is_stopped; /* waits for that */
    bool is_inside;  /* between entry and exit of a system call */
    bool is_faked;
    unsigned calls;
};

static const char *const call_names[] = {
#include "calls.h"
};

static struct {
    bool is_asked, is_done, is_listing, is_killing;
    enum role role, victim;
    unsigned index;
    long value;
    int signal_number;
} fault;

static struct traced traced[TRACED_MAX];
static FILE *report;
static pid_t main_pid;
static int main_status = -1;

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void fail(const char *what)
{
    fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
    exit(99);
}

static struct traced *traced_find(pid_t tid, bool may_add)
{
    struct traced *free_slot = NULL;

    for (size_t i = 0; i < TRACED_MAX; i++) {
        if (traced[i].tid == tid)
            return &traced[i];
        if (!traced[i].tid && !free_slot)
            free_slot = &traced[i];
    }
    if (!may_add)
        return NULL;
    if (!free_slot) {
        errno = ENOSPC;
        fail("more processes than fit");
    }
    *free_slot = (struct traced){.tid = tid};
    return free_slot;
}

static enum role role_from(const char *name)
{
    for (int i = 0; i < ROLE_COUNT; i++)
        if (strcmp(role_names[i], name) == 0)
            return (enum role)i;
    errno = EINVAL;
    fail(name);
    return ROLE_COUNT;
}

/* Only who is to be disturbed or listed stops at system calls: everybody else runs at full speed. */
static void resume(struct traced *one, int signal_number)
{
    bool wants_calls = !one->entry_at && one->role != ROLE_CONTAINED &&
                       (fault.is_listing || one->is_faked || (fault.is_asked && !fault.is_done && one->role == fault.role));

    one->is_stopped = false;
    ptrace(wants_calls ? PTRACE_SYSCALL : PTRACE_CONT, one->tid, NULL, (void *)(long)signal_number);
}

/* The string at an address, empty when there is none that can be printed in one word. */
static void string_read(pid_t tid, uint64_t address, char ret_text[PATH_SHOWN])
{
    size_t used = 0;

    while (address >= 4096 && used + sizeof(long) < PATH_SHOWN) {
        long word;

        errno = 0;
        word = ptrace(PTRACE_PEEKDATA, tid, (void *)(address + used), NULL);
        if (errno)
            break;
        memcpy(ret_text + used, &word, sizeof(word));
        used += sizeof(word);
        if (memchr(&word, '\0', sizeof(word)))
            break;
    }
    ret_text[used] = '\0';
    for (const char *at = ret_text; *at; at++)
        if (*at < 33 || *at > 126)
            *ret_text = '\0';
}

/* What the call is about: a path among its first two arguments, or the object of its descriptor. */
static void object_read(pid_t tid, const uint64_t *args, char ret_path[PATH_SHOWN])
{
    char link[64];
    ssize_t got;

    for (int i = 0; i < 2; i++) {
        string_read(tid, args[i], ret_path);
        if (strchr(ret_path, '/') || (i == 1 && ret_path[0] && ret_path[1]))
            return;
    }
    snprintf(link, sizeof(link), "/proc/%d/fd/%d", (int)tid, (int)args[0]);
    got = args[0] < 1024 ? readlink(link, ret_path, PATH_SHOWN - 1) : -1;
    ret_path[got > 0 ? got : 0] = '\0';
}

static const char *call_name(uint64_t number)
{
    return number < sizeof(call_names) / sizeof(call_names[0]) && call_names[number] ? call_names[number] : "unknown";
}

static void kill_role(enum role role)
{
    for (size_t i = 0; i < TRACED_MAX; i++)
        if (traced[i].tid && traced[i].role == role)
            kill(traced[i].tid, fault.signal_number);
}

static void fake(struct traced *one, bool is_entry)
{
    struct user_regs_struct registers;

    if (ptrace(PTRACE_GETREGS, one->tid, NULL, &registers) < 0)
        return;
    /* brk() fails by saying where the end is; the run may make another call at this number than the listed one */
    if (registers.orig_rax == SYS_brk)
        fault.value = 0;
    registers.rax = (unsigned long long)fault.value;
    if (is_entry)
        registers.orig_rax = (unsigned long long)-1;
    ptrace(PTRACE_SETREGS, one->tid, NULL, &registers);
}

/* A run that makes a call less than the listed one has another call at this number, and some do not return. */
static bool can_fail(uint64_t number)
{
    return number != SYS_exit && number != SYS_exit_group && number != SYS_rt_sigreturn;
}

static void call_entered(struct traced *one, const struct __ptrace_syscall_info *info)
{
    unsigned index = one->calls++;
    bool is_here = fault.is_asked && !fault.is_done && one->role == fault.role && index == fault.index;
    char path[PATH_SHOWN];

    if (!is_here && !fault.is_listing)
        return;
    object_read(one->tid, (const uint64_t *)info->entry.args, path);
    fprintf(report, "%s %s %u %s %s\n", is_here ? "disturbed" : "call", role_names[one->role], index,
            call_name(info->entry.nr), path);
    if (!is_here)
        return;
    fault.is_done = true;
    if (fault.is_killing) {
        kill_role(fault.victim);
        return;
    }
    if (!can_fail(info->entry.nr))
        return;
    one->is_faked = true;
    fake(one, true);
}

static void call_stopped(struct traced *one)
{
    struct __ptrace_syscall_info info;

    if (ptrace(PTRACE_GET_SYSCALL_INFO, one->tid, (void *)sizeof(info), &info) <= 0)
        return;
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
        call_entered(one, &info);
    } else if (info.op == PTRACE_SYSCALL_INFO_EXIT && one->is_faked) {
        fake(one, false); /* a system call filter has answered in our place */
        one->is_faked = false;
    }
}

static enum role role_of_child(const struct traced *maker)
{
    struct user_regs_struct registers = {0};

    ptrace(PTRACE_GETREGS, maker->tid, NULL, &registers);
    switch (maker->role) {
    case ROLE_CORDON:
        return ROLE_CHILD;
    case ROLE_INIT:
        return registers.orig_rax == SYS_clone && (registers.rdi & CLONE_THREAD) ? ROLE_KEEPER : ROLE_PROGRAM;
    case ROLE_KEEPER:
        return ROLE_PROGRAM;
    case ROLE_GATEWAY:
        return ROLE_INSIDE;
    default:
        return ROLE_CONTAINED;
    }
}

/* Stop at the program's first instruction, when the dynamic loader is done. false: it has been killed. */
static bool entry_trap(struct traced *one)
{
    char path[64];
    Elf64_auxv_t pair;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/auxv", (int)one->tid);
    file = fopen(path, "re");
    while (file && fread(&pair, sizeof(pair), 1, file) == 1)
        if (pair.a_type == AT_ENTRY)
            one->entry_at = pair.a_un.a_val;
    if (file)
        fclose(file);
    errno = 0;
    one->entry_word = one->entry_at ? ptrace(PTRACE_PEEKTEXT, one->tid, (void *)one->entry_at, NULL) : 0;
    return one->entry_at && !errno &&
           ptrace(PTRACE_POKETEXT, one->tid, (void *)one->entry_at, (void *)((one->entry_word & ~0xffl) | 0xcc)) == 0;
}

static void entry_reached(struct traced *one)
{
    struct user_regs_struct registers;

    ptrace(PTRACE_GETREGS, one->tid, NULL, &registers);
    registers.rip = one->entry_at;
    ptrace(PTRACE_POKETEXT, one->tid, (void *)one->entry_at, (void *)one->entry_word);
    ptrace(PTRACE_SETREGS, one->tid, NULL, &registers);
    one->entry_at = 0;
}

/* By what it calls itself: of all that cordon executes, process 1 alone is none of the workers. */
static enum role role_of_executed(pid_t tid)
{
    static const enum role workers[] = {ROLE_GATEWAY, ROLE_INSPECTOR, ROLE_HOLDER};
    char path[64], name[64] = "";
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)tid);
    file = fopen(path, "re");
    if (file) { /* else it has been killed */
        (void)!fread(name, 1, sizeof(name) - 1, file);
        fclose(file);
    }
    for (size_t i = 0; i < sizeof(workers) / sizeof(workers[0]); i++)
        if (strncmp(name, "cordon-", 7) == 0 && strcmp(name + 7, role_names[workers[i]]) == 0)
            return workers[i];
    return ROLE_INIT;
}

static void executed(struct traced *one)
{
    if (one->role == ROLE_CHILD)
        one->role = role_of_executed(one->tid);
    else if (one->role == ROLE_PROGRAM)
        one->role = ROLE_CONTAINED;
    if (one->role != ROLE_INIT && one->role != ROLE_CONTAINED && !entry_trap(one) && one->tid == main_pid)
        fail("set a trap at the entry point");
    one->calls = 0;
}

static void child_made(struct traced *maker)
{
    unsigned long tid = 0;
    struct traced *child;

    ptrace(PTRACE_GETEVENTMSG, maker->tid, NULL, &tid);
    child = traced_find((pid_t)tid, true);
    child->role = role_of_child(maker);
    child->is_known = true;
    if (child->is_stopped)
        resume(child, 0);
}

static void stopped(struct traced *one, int status)
{
    int signal_number = WSTOPSIG(status), event = status >> 16;

    one->is_stopped = true;
    if (!one->is_known)
        return;
    if (signal_number == (SIGTRAP | 0x80)) {
        call_stopped(one);
        signal_number = 0;
    } else if (event) {
        if (event == PTRACE_EVENT_EXEC)
            executed(one);
        else if (event == PTRACE_EVENT_CLONE || event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK)
            child_made(one);
        signal_number = 0;
    } else if (signal_number == SIGTRAP && one->entry_at) {
        entry_reached(one);
        signal_number = 0;
    }
    resume(one, signal_number);
}

/* What lives, its state and the call that it is in. */
static void say_left(void)
{
    for (size_t i = 0; i < TRACED_MAX; i++) {
        char path[64], state = '?', call[128] = "?";
        FILE *file;

        if (!traced[i].tid)
            continue;
        snprintf(path, sizeof(path), "/proc/%d/stat", (int)traced[i].tid);
        if ((file = fopen(path, "re"))) {
            if (fscanf(file, "%*d %*s %c", &state) != 1)
                state = '?';
            fclose(file);
        }
        snprintf(path, sizeof(path), "/proc/%d/syscall", (int)traced[i].tid);
        if ((file = fopen(path, "re"))) {
            if (!fgets(call, sizeof(call), file))
                call[0] = '\0';
            fclose(file);
        }
        call[strcspn(call, "\n")] = '\0';
        fprintf(report, "left %d %s state %c call %s\n", (int)traced[i].tid,
                traced[i].is_known ? role_names[traced[i].role] : "unknown", state, call);
    }
}

/* 0 when nothing is left of all that was started. */
static int follow(uint64_t timeout_ms)
{
    uint64_t started = now_ms(), ended = 0;

    for (;;) {
        int status;
        pid_t tid = waitpid(-1, &status, __WALL);

        if (tid < 0 && errno == ECHILD)
            break;
        if (tid < 0) { /* the interval timer's signal */
            if (ended && now_ms() - ended > GRACE_MS) {
                say_left();
                return 1;
            }
            if (now_ms() - started > timeout_ms) {
                fprintf(report, "hangs\n");
                say_left();
                return 1;
            }
            continue;
        }
        if (WIFSTOPPED(status)) {
            stopped(traced_find(tid, true), status);
            continue;
        }
        if (tid == main_pid) {
            main_status = status;
            ended = now_ms();
        }
        if (traced_find(tid, false))
            *traced_find(tid, false) = (struct traced){0};
    }
    fprintf(report, "all gone after %u ms\n", (unsigned)(now_ms() - ended));
    return 0;
}

static void start(char **argv)
{
    struct traced *one;
    int pipe_fds[2];
    char byte;

    if (pipe2(pipe_fds, O_CLOEXEC) < 0 || (main_pid = fork()) < 0)
        fail("start");
    if (main_pid == 0) {
        close(pipe_fds[1]);
        if (read(pipe_fds[0], &byte, 1) < 0)
            _exit(99);
        execv(argv[0], argv);
        _exit(99);
    }
    if (ptrace(PTRACE_SEIZE, main_pid, NULL,
               (void *)(long)(PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE |
                              PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK)) < 0)
        fail("trace");
    one = traced_find(main_pid, true);
    one->is_known = true;
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}

static void ignore(int number)
{
    (void)number;
}

int main(int argc, char **argv)
{
    const struct sigaction tick = {.sa_handler = ignore};
    unsigned seconds = 20;
    int option;

    report = stderr;
    while ((option = getopt(argc, argv, "+o:lr:i:e:k:s:t:")) != -1)
        switch (option) {
        case 'o':
            report = fopen(optarg, "we");
            if (!report)
                fail(optarg);
            break;
        case 'l':
            fault.is_listing = true;
            break;
        case 'r':
            fault.role = role_from(optarg);
            fault.is_asked = true;
            break;
        case 'i':
            fault.index = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'e':
            fault.value = -strtol(optarg, NULL, 10);
            break;
        case 'k':
            fault.victim = role_from(optarg);
            fault.is_killing = true;
            fault.signal_number = fault.signal_number ? fault.signal_number : SIGKILL;
            break;
        case 's':
            fault.signal_number = (int)strtol(optarg, NULL, 10);
            break;
        case 't':
            seconds = (unsigned)strtoul(optarg, NULL, 10);
            break;
        default:
            return 99;
        }
    if (optind == argc) {
        fprintf(stderr, "usage: inject [-o REPORT] [-l] [-r ROLE -i INDEX (-e ERRNO | -k VICTIM [-s SIGNAL])] "
                        "[-t SECONDS] PROGRAM [ARG...]\n");
        return 99;
    }
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    sigaction(SIGALRM, &tick, NULL);
    start(argv + optind);
    {
        timer_t timer;
        const struct itimerspec often = {{0, 50000000}, {0, 50000000}};

        if (timer_create(CLOCK_MONOTONIC, NULL, &timer) < 0 || timer_settime(timer, 0, &often, NULL) < 0)
            fail("timer");
    }
    option = follow((uint64_t)seconds * 1000);
    fprintf(report, "status %d\n",
            main_status < 0 ? -1 : WIFEXITED(main_status) ? WEXITSTATUS(main_status) : 128 + WTERMSIG(main_status));
    fclose(report);
    return option;
}
