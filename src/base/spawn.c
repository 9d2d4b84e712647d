/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The child shares this process's memory until exec, so that starting from a large process costs nothing, and holds
 * every capability of a new user namespace: it makes system calls only, touches nothing but its own stack and
 * `failure`, and executes the program with an empty environment.
 */
#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/owner.h"

#define STACK_SIZE ((size_t)64 * 1024)

struct child {
    const struct spawn *spawn;
    const char *failure; /* written by the child */
    int errnum;
};

static int child_failed(struct child *child, const char *what)
{
    child->errnum = errno;
    child->failure = what;
    return 1;
}

/* Ambient capabilities survive exec; the ids are not mapped yet, so no others would. */
static int capabilities_keep(const struct spawn *spawn)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}, {0}};

    for (size_t i = 0; i < spawn->capability_count; i++) {
        unsigned kept = spawn->capabilities[i];

        data[kept / 32].effective |= 1u << (kept % 32);
        data[kept / 32].permitted |= 1u << (kept % 32);
        data[kept / 32].inheritable |= 1u << (kept % 32);
    }
    if (syscall(SYS_capset, &header, data) < 0)
        return -1;
    for (size_t i = 0; i < spawn->capability_count; i++)
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, spawn->capabilities[i], 0, 0) < 0)
            return -1;
    return 0;
}

/* A number above every one in use, so that arranging the others cannot overwrite a source. */
static int descriptors_arrange(const struct spawn *spawn, int *ret_channel, int *ret_program)
{
    int above = spawn->channel_number > 2 ? spawn->channel_number : 2, null;

    for (size_t i = 0; i < spawn->fd_count; i++)
        above = spawn->fds[i] > above ? spawn->fds[i] : above;
    *ret_channel = fcntl(spawn->channel, F_DUPFD, above + 1);
    *ret_program = fcntl(spawn->program, F_DUPFD_CLOEXEC, above + 1);
    null = fcntl(spawn->null, F_DUPFD_CLOEXEC, above + 1);
    if (*ret_channel < 0 || *ret_program < 0 || null < 0)
        return -1;
    for (int i = 0; i < 3; i++)
        if (dup3(null, i, 0) < 0)
            return -1;
    for (size_t i = 0; i < spawn->fd_count; i++)
        if (fcntl(spawn->fds[i], F_SETFD, 0) < 0)
            return -1;
    if (!spawn->channel_number)
        return 0;
    if (fcntl(*ret_channel, F_SETFD, FD_CLOEXEC) < 0 || dup3(*ret_channel, spawn->channel_number, 0) < 0)
        return -1;
    *ret_channel = spawn->channel_number;
    return 0;
}

static void number_print(char *text, unsigned number)
{
    char digits[12];
    int used = 0;

    do
        digits[used++] = (char)('0' + number % 10);
    while (number /= 10);
    while (used)
        *text++ = digits[--used];
    *text = '\0';
}

static uint64_t files_soft; /* 0 = as this process has it */

void spawn_limit_files(uint64_t soft)
{
    files_soft = soft;
}

/* After the last descriptor was made: those that are there may be above it. */
static int child_limit_files(void)
{
    struct rlimit64 limit;

    if (syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit) < 0)
        return -1;
    limit.rlim_cur = files_soft < limit.rlim_max ? files_soft : limit.rlim_max;
    return (int)syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &limit, NULL);
}

static int child_run(void *argument)
{
    struct child *child = argument;
    const struct spawn *spawn = child->spawn;
    char channel_text[12], name[32] = "";
    char *argv[] = {name, channel_text, NULL};
    char *envp[] = {NULL};
    int channel, program;

    for (size_t i = 0; i < sizeof(name) - 1 && spawn->name[i]; i++)
        name[i] = spawn->name[i];
    if (spawn->namespaces && capabilities_keep(spawn) < 0)
        return child_failed(child, "keep capabilities");
    if (descriptors_arrange(spawn, &channel, &program) < 0)
        return child_failed(child, "arrange descriptors");
    number_print(channel_text, (unsigned)channel);
    if (files_soft && child_limit_files() < 0)
        return child_failed(child, "limit open files");
    syscall(SYS_execveat, program, "", argv, envp, AT_EMPTY_PATH);
    return child_failed(child, "execute");
}

/* Who executed something left its frames behind, as the sanitizer sees it, and the next stack may lie there. */
#ifdef CORDON_SANITIZED
void __asan_unpoison_memory_region(const volatile void *at, size_t size);
#define stack_forget(stack) __asan_unpoison_memory_region(stack, STACK_SIZE)
#else
#define stack_forget(stack) (void)(stack)
#endif

int spawn_child(int (*child)(void *argument), void *argument, unsigned long namespaces, pid_t *ret_pid, int *ret_pidfd,
                const char **ret_step)
{
    sigset_t all, before;
    int pidfd = -1, errnum;
    pid_t pid;
    char *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

    *ret_step = "map a stack";
    if (stack == MAP_FAILED)
        return -ENOMEM;
    stack_forget(stack);
    /* No handler of this process may run on the child's side of the shared memory. */
    *ret_step = "block signals";
    sigfillset(&all);
    errnum = pthread_sigmask(SIG_BLOCK, &all, &before);
    if (errnum) {
        munmap(stack, STACK_SIZE);
        return -errnum;
    }
    /* No exit signal while it shares our memory: a failed start is nothing that SIGCHLD tells. exec() makes it SIGCHLD. */
    pid = clone(child, stack + STACK_SIZE, (int)(namespaces | CLONE_VM | CLONE_VFORK | CLONE_PIDFD), argument, &pidfd);
    errnum = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    munmap(stack, STACK_SIZE);
    *ret_step = NULL;
    if (pid < 0)
        return -errnum;
    *ret_pid = pid;
    *ret_pidfd = pidfd;
    return 0;
}

int spawn_program(const struct spawn *spawn, pid_t *ret_pid, int *ret_pidfd, const char **ret_step)
{
    struct child child = {.spawn = spawn};
    int pidfd = -1, status;
    pid_t pid = -1;

    status = spawn_child(child_run, &child, spawn->namespaces, &pid, &pidfd, ret_step);
    if (status < 0)
        return status;
    *ret_step = child.failure;
    if (child.failure) {
        siginfo_t ignored;

        waitid(P_PIDFD, (id_t)pidfd, &ignored, WEXITED | __WALL);
        close(pidfd);
        return -child.errnum;
    }
    *ret_pid = pid;
    *ret_pidfd = pidfd;
    return 0;
}

int spawn_open(const char *path, int *ret_fd, struct error *err)
{
    struct stat st;
    auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0)
        return error_system(err, errno, "open %s (reinstall Cordon)", path);
    if (fstat(fd, &st) < 0)
        return error_system(err, errno, "stat %s", path);
    /* The caller's primary group is the caller's own where the umask is 002, as on Debian 13. */
    if (st.st_uid != 0 && st.st_uid != geteuid() && !owner_is_mapped(st.st_uid))
        return error_set(err, ERROR_FORBIDDEN, EPERM,
                         "%s: its owner does not exist in this user namespace, so who can write it cannot be told: run "
                         "Cordon outside of it",
                         path);
    if (!S_ISREG(st.st_mode) || (st.st_mode & S_IWOTH) || ((st.st_mode & S_IWGRP) && st.st_gid != getegid()) ||
        (st.st_uid != 0 && st.st_uid != geteuid()))
        return error_set(err, ERROR_FORBIDDEN, EPERM,
                         "%s can be written by others (owner %u, mode %o): reinstall Cordon", path,
                         (unsigned)st.st_uid, (unsigned)(st.st_mode & 07777));
    *ret_fd = take_fd(fd);
    return 0;
}

pid_t spawn_pid_of(int pidfd)
{
    char path[48], text[1024];
    const char *at;
    ssize_t got;
    auto_close int fd = -1;

    snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (got <= 0)
        return 0;
    text[got] = '\0';
    at = strstr(text, "\nPid:");
    return at && atoi(at + 5) > 0 ? atoi(at + 5) : 0;
}
