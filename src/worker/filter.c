/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/filter.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/compiler.h"

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

static const int common[] = {
    SYS_read, SYS_write, SYS_close, SYS_exit, SYS_exit_group, SYS_rt_sigreturn, SYS_restart_syscall, SYS_futex,
    SYS_brk, SYS_munmap, SYS_mremap, SYS_madvise, SYS_clock_gettime, SYS_rt_sigprocmask,
};

void filter_add(struct filter *filter, unsigned short code, unsigned value, unsigned char yes, unsigned char no)
{
    assert(filter->count < FILTER_MAX);
    filter->code[filter->count++] = (struct sock_filter){.code = code, .jt = yes, .jf = no, .k = value};
}

void filter_load(struct filter *filter, size_t offset)
{
    filter_add(filter, BPF_LD | BPF_W | BPF_ABS, (unsigned)offset, 0, 0);
}

void filter_verdict(struct filter *filter, unsigned value)
{
    filter_add(filter, BPF_RET | BPF_K, value, 0, 0);
}

void filter_begin(struct filter *filter)
{
    filter_load(filter, offsetof(struct seccomp_data, arch));
    filter_add(filter, BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
    filter_verdict(filter, SECCOMP_RET_KILL_PROCESS);
    filter_load(filter, FILTER_NUMBER);
    if (!filter->otherwise)
        filter->otherwise = SECCOMP_RET_KILL_PROCESS;
}

void filter_rows(struct filter *filter, const int *numbers, size_t count, unsigned verdict)
{
    for (size_t i = 0; i < count; i++) {
        filter_add(filter, BPF_JMP | BPF_JEQ | BPF_K, (unsigned)numbers[i], 0, 1);
        filter_verdict(filter, verdict);
    }
}

void filter_common(struct filter *filter)
{
    filter_rows(filter, common, ARRAY_COUNT(common), SECCOMP_RET_ALLOW);
}

void filter_memory(struct filter *filter)
{
    static const int calls[] = {SYS_mmap, SYS_mprotect};

    for (size_t i = 0; i < ARRAY_COUNT(calls); i++) {
        filter_add(filter, BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i], 0, 4);
        filter_load(filter, FILTER_ARGUMENT(2));
        filter_add(filter, BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1);
        filter_verdict(filter, filter->otherwise);
        filter_verdict(filter, SECCOMP_RET_ALLOW);
    }
}

void filter_fcntl(struct filter *filter)
{
    static const int commands[] = {F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_SETPIPE_SZ, F_GET_SEALS};
    unsigned char count = ARRAY_COUNT(commands);

    filter_add(filter, BPF_JMP | BPF_JEQ | BPF_K, SYS_fcntl, 0, (unsigned char)(count + 3));
    filter_load(filter, FILTER_ARGUMENT(1));
    for (unsigned char i = 0; i < count; i++)
        filter_add(filter, BPF_JMP | BPF_JEQ | BPF_K, (unsigned)commands[i], (unsigned char)(count - i), 0);
    filter_verdict(filter, SECCOMP_RET_ERRNO | EPERM);
    filter_verdict(filter, SECCOMP_RET_ALLOW);
}

void filter_pairs(struct filter *filter)
{
    filter_add(filter, BPF_JMP | BPF_JEQ | BPF_K, SYS_socketpair, 0, 4);
    filter_load(filter, FILTER_ARGUMENT(0));
    filter_add(filter, BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 1, 0);
    filter_verdict(filter, SECCOMP_RET_KILL_PROCESS);
    filter_verdict(filter, SECCOMP_RET_ALLOW);
}

void filter_internet(struct filter *filter)
{
    filter_add(filter, BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 5);
    filter_load(filter, FILTER_ARGUMENT(0));
    filter_add(filter, BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 2, 0);
    filter_add(filter, BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 1, 0);
    filter_verdict(filter, SECCOMP_RET_ERRNO | EAFNOSUPPORT);
    filter_verdict(filter, SECCOMP_RET_ALLOW);
}

/* What clone3() is asked for stands in memory, which a filter does not read: without it the C library asks clone(). */
void filter_threads(struct filter *filter)
{
    static const int newer[] = {SYS_clone3};

    filter_rows(filter, newer, ARRAY_COUNT(newer), SECCOMP_RET_ERRNO | ENOSYS);
    filter_add(filter, BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 5);
    filter_load(filter, FILTER_ARGUMENT(0));
    filter_add(filter, BPF_JMP | BPF_JSET | BPF_K, NAMESPACES, 1, 0);
    filter_add(filter, BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 1, 0);
    filter_verdict(filter, filter->otherwise);
    filter_verdict(filter, SECCOMP_RET_ALLOW);
}

void filter_end(struct filter *filter)
{
    filter_verdict(filter, filter->otherwise);
}
