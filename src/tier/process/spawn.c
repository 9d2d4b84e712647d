/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The child shares this process's memory until exec, so that starting from a large process costs nothing, and holds
 * every capability of the new user namespace: it makes system calls only, touches nothing but its own stack and
 * `failure`, and executes cordon-init with an empty environment.
 */
#include "tier/process/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"

#define STACK_SIZE ((size_t)64 * 1024)

struct child {
    const struct spawn *spawn;
    const char *failure; /* written by the child */
    int errnum;
};

/* What cordon-init needs: mounting, loopback, dropping groups, locking securebits, closing nested namespaces, keeping names. */
static const unsigned kept[] = {CAP_SYS_ADMIN, CAP_NET_ADMIN, CAP_SETGID, CAP_SETPCAP, CAP_SYS_RESOURCE, CAP_SYS_PTRACE};

static int child_failed(struct child *child, const char *what)
{
    child->errnum = errno;
    child->failure = what;
    return 1;
}

/* Ambient capabilities survive exec; the ids are not mapped yet, so no others would. */
static int capabilities_keep(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}, {0}};

    for (size_t i = 0; i < ARRAY_COUNT(kept); i++) {
        data[kept[i] / 32].effective |= 1u << (kept[i] % 32);
        data[kept[i] / 32].permitted |= 1u << (kept[i] % 32);
        data[kept[i] / 32].inheritable |= 1u << (kept[i] % 32);
    }
    if (syscall(SYS_capset, &header, data) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_COUNT(kept); i++)
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, kept[i], 0, 0) < 0)
            return -1;
    return 0;
}

/* A number above every one in use, so that arranging 0 to 2 cannot overwrite a source. */
static int descriptors_arrange(const struct spawn *spawn, int *ret_control, int *ret_init)
{
    int above = 2, null;

    for (size_t i = 0; i < spawn->fd_count; i++)
        above = spawn->fds[i] > above ? spawn->fds[i] : above;
    *ret_control = fcntl(spawn->control, F_DUPFD, above + 1);
    *ret_init = fcntl(spawn->init, F_DUPFD_CLOEXEC, above + 1);
    null = fcntl(spawn->null, F_DUPFD_CLOEXEC, above + 1);
    if (*ret_control < 0 || *ret_init < 0 || null < 0)
        return -1;
    for (int i = 0; i < 3; i++)
        if (dup3(null, i, 0) < 0)
            return -1;
    for (size_t i = 0; i < spawn->fd_count; i++)
        if (fcntl(spawn->fds[i], F_SETFD, 0) < 0)
            return -1;
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

static int child_run(void *argument)
{
    struct child *child = argument;
    char control_text[12], name[] = "cordon-init";
    char *argv[] = {name, control_text, NULL};
    char *envp[] = {NULL};
    int control, init;

    if (child->spawn->namespaces && capabilities_keep() < 0)
        return child_failed(child, "keep capabilities");
    if (descriptors_arrange(child->spawn, &control, &init) < 0)
        return child_failed(child, "arrange descriptors");
    number_print(control_text, (unsigned)control);
    syscall(SYS_execveat, init, "", argv, envp, AT_EMPTY_PATH);
    return child_failed(child, "execute cordon-init");
}

static int clone_explain(int errnum, struct error *err)
{
    if (errnum == EPERM || errnum == ENOSPC || errnum == EACCES || errnum == EUSERS)
        return error_set(err, ERROR_UNENFORCEABLE, errnum,
                         "namespaces cannot be created here (%s): `cordon doctor` says what forbids it and the command "
                         "that mends it",
                         strerrordesc_np(errnum));
    return error_system(err, errnum, "create namespaces");
}

int spawn_init(const struct spawn *spawn, pid_t *ret_pid, int *ret_pidfd, struct error *err)
{
    struct child child = {.spawn = spawn};
    sigset_t all, before;
    int pidfd = -1, errnum;
    pid_t pid;
    char *stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

    if (stack == MAP_FAILED)
        return error_memory(err);
    /* No handler of this process may run on the child's side of the shared memory. */
    sigfillset(&all);
    errnum = pthread_sigmask(SIG_BLOCK, &all, &before);
    if (errnum) {
        munmap(stack, STACK_SIZE);
        return error_system(err, errnum, "block signals while a process is made");
    }
    /* No exit signal while it shares our memory: a failed start is nothing that SIGCHLD tells. exec() makes it SIGCHLD. */
    pid = clone(child_run, stack + STACK_SIZE,
                (int)(spawn->namespaces | CLONE_VM | CLONE_VFORK | CLONE_PIDFD), &child, &pidfd);
    errnum = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    munmap(stack, STACK_SIZE);
    if (pid < 0)
        return clone_explain(errnum, err);
    if (child.failure) {
        siginfo_t ignored;

        waitid(P_PIDFD, (id_t)pidfd, &ignored, WEXITED | __WALL);
        close(pidfd);
        return error_system(err, child.errnum, "%s", child.failure);
    }
    *ret_pid = pid;
    *ret_pidfd = pidfd;
    return 0;
}
