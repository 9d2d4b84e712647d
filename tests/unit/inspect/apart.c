/* SPDX-License-Identifier: Apache-2.0 */
/* Inspector and holder begin in namespaces of their own, or not at all. */
#include "apart.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "test.h"
#include "worker/channel.h"

static const char *const programs[] = {INSPECTOR_PROGRAM, HOLDER_PROGRAM};

/* With unshare() of these refused. Returns the starter's end. */
static int start(const char *program, int forbidden, pid_t *ret_pid)
{
    int pair[2];

#if defined(CORDON_SANITIZED)
    test_skip("a build without sanitizers"); /* their memory is beyond the workers' limits, their calls not on their lists */
#endif
    if (!apart_may(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET))
        test_skip("userns");
    check_int(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    *ret_pid = fork();
    check(*ret_pid >= 0);
    if (*ret_pid == 0) {
        apart_forbid(forbidden);
        dup2(pair[1], 100);
        dup2(100, WORKER_CHANNEL);
        execl(program, program, (char *)NULL);
        _exit(127);
    }
    close(pair[1]);
    return pair[0];
}

static int status_of(pid_t pid)
{
    int status;

    check_int(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(a_worker_without_namespaces_of_its_own_says_so_and_ends)
{
    static const int forbidden[] = {CLONE_NEWUSER | CLONE_NEWNS, CLONE_NEWNS, CLONE_NEWNET};

    for (size_t i = 0; i < ARRAY_COUNT(programs) * ARRAY_COUNT(forbidden); i++) {
        struct worker_message message = {0};
        pid_t pid;
        int channel = start(programs[i % 2], forbidden[i / 2], &pid);

        check_int(recv(channel, &message, sizeof(message), 0), sizeof(message));
        check_int(message.type, WORKER_ERROR);
        check_int(message.kind, ERROR_UNENFORCEABLE);
        check_int(message.errnum, EPERM);
        check_contains(message.where, "permit user namespaces to cordon-inspector and cordon-holder");
        close(channel);
        check_int(status_of(pid), 125);
    }
}

TEST(where_it_may_make_them_it_waits_for_what_it_is_told)
{
    static const struct worker_message begin = {.type = WORKER_BEGIN};

    for (size_t i = 0; i < ARRAY_COUNT(programs); i++) {
        struct worker_message message = {0};
        pid_t pid;
        int channel = start(programs[i], CLONE_NEWTIME, &pid);

        check_int(channel_send(channel, &begin, true), 0);
        check_int(recv(channel, &message, sizeof(message), 0), sizeof(message));
        check_int(message.type, WORKER_ERROR); /* that came too early */
        check_int(message.kind, ERROR_INTERNAL);
        check_int(message.errnum, EPROTO);
        close(channel);
        check_int(status_of(pid), 125);
    }
}
