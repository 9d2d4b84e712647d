/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that are reaped later: each of them, nobody else, and without a descriptor that stays. */
#include "base/retire.h"

#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

/* Without, retire() waits: these tests retire what still runs, to have the order of things in their hand. */
static void need_identities(void)
{
    int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
    struct statfs filesystem;

    check_int(fstatfs(pidfd, &filesystem), 0);
    close(pidfd);
    if (filesystem.f_type != 0x50494446)
        test_skip("pidfs");
}

/* A child that waits to be killed, or exits at once with `status`; of a chosen number, or of any (0). */
static pid_t child_start(pid_t number, int status, int *ret_pidfd)
{
    struct clone_args args = {.flags = CLONE_PIDFD,
                              .pidfd = (uint64_t)(uintptr_t)ret_pidfd,
                              .exit_signal = SIGCHLD,
                              .set_tid = number ? (uint64_t)(uintptr_t)&number : 0,
                              .set_tid_size = number ? 1 : 0};
    pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

    if (pid == 0 && status)
        _exit(status);
    while (pid == 0)
        pause();
    return pid;
}

static void retire_new(pid_t number, pid_t *ret_pid)
{
    int pidfd;

    *ret_pid = child_start(number, 0, &pidfd);
    check(*ret_pid > 0);
    retire(*ret_pid, pidfd);
    close(pidfd);
}

TEST(all_that_retired_are_reaped_and_nobody_else)
{
    pid_t retired[RETIRED_MAX], mine;
    int pidfd, status;

    need_identities();
    mine = child_start(0, 7, &pidfd);
    close(pidfd);
    for (int i = 0; i < RETIRED_MAX; i++)
        retire_new(0, &retired[i]);
    for (int i = 0; i < RETIRED_MAX; i++)
        check_int(kill(retired[i], SIGKILL), 0);
    retire_finish();
    check_int(waitpid(-1, &status, __WALL), mine);
    check_int(WEXITSTATUS(status), 7);
    check(waitpid(-1, &status, __WALL) < 0);
}

/* As process 1 of a namespace of its own, where numbers can be chosen. */
#define need(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            return __LINE__;                                                                       \
    } while (0)

static int reuse_a_number(void)
{
    pid_t retired, next;
    int pidfd, status = 0;

    retire_new(100, &retired);
    need(retired == 100);
    need(kill(retired, SIGKILL) == 0);
    need(waitpid(-1, &status, 0) == retired);
    next = child_start(100, 7, &pidfd);
    need(next == 100);
    need(waitid(P_PIDFD, (id_t)pidfd, &(siginfo_t){0}, WEXITED | WNOWAIT) == 0);
    retire_finish();
    need(waitpid(next, &status, 0) == next);
    need(WEXITSTATUS(status) == 7);
    return 0;
}

/* The line that failed, 0 = none, -1 = no such namespace here. */
static int in_namespace_of_numbers(int (*run)(void))
{
    int line = -1, ends[2];
    pid_t pid;

    check_int(pipe(ends), 0);
    pid = fork();
    check(pid >= 0);
    if (pid == 0) { /* the test itself stays where it was: leak detection starts a thread at its end */
        pid = unshare(CLONE_NEWUSER | CLONE_NEWPID) < 0 ? -1 : fork();
        if (pid == 0) {
            line = run();
            _exit(write(ends[1], &line, sizeof(line)) != sizeof(line));
        }
        waitpid(pid, NULL, 0);
        _exit(0);
    }
    close(ends[1]);
    if (read(ends[0], &line, sizeof(line)) != sizeof(line))
        line = -1;
    close(ends[0]);
    check_int(waitpid(pid, NULL, 0), pid);
    return line;
}

TEST(a_later_child_of_the_same_number_is_left_alone)
{
    int line;

    need_identities();
    line = in_namespace_of_numbers(reuse_a_number);
    if (line < 0)
        test_skip("userns");
    check_int(line, 0);
}
