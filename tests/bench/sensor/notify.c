/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor of a notified operation: `notify PROGRAM ARGS...` runs it with every openat() handed to this process, which
 * receives it, reads the path from the caller's memory, and lets it go on. Nothing else is done.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOTIF_SET_FLAGS SECCOMP_IOW(4, uint64_t) /* 6.6 */
#define WAKE_UP_HERE    1                        /* both take turns on one processor */

static int filter_install(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -1;
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

/* 0 when nobody is left who could ask. */
static int answer(int listener)
{
    struct pollfd left = {listener, POLLIN, 0};
    struct seccomp_notif asked = {0};
    struct seccomp_notif_resp go_on = {.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
    char path[256];
    struct iovec local = {path, sizeof(path)}, remote;

    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) < 0) /* the caller died meanwhile, or all have */
        return poll(&left, 1, -1) >= 0 && !(left.revents & POLLHUP);
    remote = (struct iovec){(void *)(uintptr_t)asked.data.args[1], sizeof(path)};
    if (process_vm_readv((pid_t)asked.pid, &local, 1, &remote, 1, 0) < 0)
        path[0] = '\0'; /* near the end of a page: it counts all the same */
    go_on.id = asked.id;
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &go_on) < 0 && errno != ENOENT)
        exit(125);
    return 1;
}

int main(int argc, char **argv)
{
    int ready[2], status, listener, number;
    pid_t child;
    uint64_t flags = WAKE_UP_HERE;

    if (argc < 2 || pipe(ready) < 0)
        return 125;
    child = fork();
    if (child == 0) {
        number = filter_install();
        if (number < 0 || write(ready[1], &number, sizeof(number)) != sizeof(number))
            _exit(125);
        if (raise(SIGSTOP) == 0) /* until the other side has the listener */
            execvp(argv[1], argv + 1);
        _exit(127);
    }
    if (read(ready[0], &number, sizeof(number)) != sizeof(number) || waitpid(child, &status, WUNTRACED) < 0)
        return 125;
    listener = (int)syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, child, 0), number, 0);
    if (listener < 0)
        return 125;
    (void)!ioctl(listener, NOTIF_SET_FLAGS, &flags); /* older kernels: two processors */
    kill(child, SIGCONT);
    while (answer(listener))
        ;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 125;
}
