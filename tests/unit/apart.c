/* SPDX-License-Identifier: Apache-2.0 */
#include "apart.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/compiler.h"
#include "test.h"

bool apart_may(int flags)
{
    pid_t child = fork();
    int status;

    if (child == 0)
        _exit(unshare(flags) < 0);
    check_int(waitpid(child, &status, 0), child);
    return status == 0;
}

static void forbid(int call, int flags)
{
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])), /* the lower half: x86-64 and arm64 have it first */
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (unsigned)flags, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog filter = {.len = ARRAY_COUNT(program), .filter = program};

    check_int(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    check_int(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), 0);
}

void apart_forbid(int flags)
{
    forbid(SYS_unshare, flags);
}

void apart_forbid_all(int flags)
{
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog filter = {.len = ARRAY_COUNT(program), .filter = program};

    forbid(SYS_unshare, flags);
    forbid(SYS_clone, flags);
    check_int(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), 0);
}
