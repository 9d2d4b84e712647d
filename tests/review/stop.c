/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a command and ends it by SIGKILL before the Nth of its system calls that write to a file system, or in the middle of
 * it: stop [-t] N COMMAND... With N = 0 nothing is ended, and what would have counted is printed on descriptor 3, one call a
 * line. What is on the disk after that is what a loss of power would leave there that keeps the order of writes: each
 * prefix of them. -t lets half of the bytes of a write() through first. Exit status: the command's; 200 when it was ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define ENDED 200

struct call {
    long number;
    const char *name;
    int path; /* number of the argument that is a name, -1 = none */
};

static const struct call calls[] = {
    {SYS_write, "write", -1},           {SYS_pwrite64, "pwrite", -1},     {SYS_rename, "rename", 1},
    {SYS_renameat, "renameat", 3},      {SYS_renameat2, "renameat2", 3},  {SYS_unlink, "unlink", 0},
    {SYS_unlinkat, "unlinkat", 1},      {SYS_rmdir, "rmdir", 0},          {SYS_mkdir, "mkdir", 0},
    {SYS_mkdirat, "mkdirat", 1},        {SYS_symlink, "symlink", 1},      {SYS_symlinkat, "symlinkat", 2},
    {SYS_link, "link", 1},              {SYS_linkat, "linkat", 3},        {SYS_fchmod, "fchmod", -1},
    {SYS_fchmodat, "fchmodat", 1},      {SYS_chmod, "chmod", 0},          {452, "fchmodat2", 1},
    {SYS_fchown, "fchown", -1},         {SYS_ftruncate, "ftruncate", -1}, {SYS_utimensat, "utimensat", -1},
    {SYS_fsetxattr, "fsetxattr", -1},   {SYS_copy_file_range, "copy", -1}, {SYS_openat, "openat", 1},
    {SYS_ioctl, "ioctl", -1},           {SYS_fsync, "fsync", -1},         {SYS_fdatasync, "fdatasync", -1},
    {SYS_syncfs, "syncfs", -1},
};

static const struct call *call_of(const struct user_regs_struct *regs)
{
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        if ((long)regs->orig_rax != calls[i].number)
            continue;
        if (calls[i].number == SYS_openat && !(regs->rdx & (O_CREAT | O_TRUNC)))
            return NULL;
        if (calls[i].number == SYS_ioctl && regs->rsi != 0x40049409) /* FICLONE */
            return NULL;
        if (calls[i].number == SYS_write && regs->rdi <= 2)
            return NULL;
        return &calls[i];
    }
    return NULL;
}

static void argument_read(pid_t pid, const struct user_regs_struct *regs, int number, char *text, size_t size)
{
    const unsigned long long arguments[] = {regs->rdi, regs->rsi, regs->rdx, regs->r10};
    struct iovec mine = {text, size - 1}, its = {0};
    ssize_t got;

    *text = '\0';
    if (number < 0)
        return;
    its.iov_base = (void *)(uintptr_t)arguments[number];
    its.iov_len = 4096 - (arguments[number] & 4095);
    if (its.iov_len > size - 1)
        its.iov_len = size - 1;
    got = process_vm_readv(pid, &mine, 1, &its, 1, 0);
    text[got > 0 ? got : 0] = '\0';
}

static int end(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, __WALL);
    return ENDED;
}

static int follow(pid_t pid, long stop_at, int is_torn)
{
    long count = 0;
    int status, is_entry = 1;

    for (;;) {
        struct user_regs_struct regs;
        const struct call *call;
        char name[512];

        if (ptrace(PTRACE_SYSCALL, pid, 0, 0) < 0 || waitpid(pid, &status, __WALL) < 0)
            return 127;
        if (WIFEXITED(status))
            return WEXITSTATUS(status);
        if (WIFSIGNALED(status))
            return 128 + WTERMSIG(status);
        if (WSTOPSIG(status) != (SIGTRAP | 0x80))
            continue;
        if (!is_entry) {
            is_entry = 1;
            continue;
        }
        is_entry = 0;
        if (ptrace(PTRACE_GETREGS, pid, 0, &regs) < 0)
            return 127;
        call = call_of(&regs);
        if (!call)
            continue;
        argument_read(pid, &regs, call->path, name, sizeof(name));
        if (!stop_at)
            dprintf(3, "%s %s\n", call->name, name);
        if (++count != stop_at)
            continue;
        if (is_torn && call->number == SYS_write && regs.rdx > 1) {
            regs.rdx /= 2;
            ptrace(PTRACE_SETREGS, pid, 0, &regs);
            ptrace(PTRACE_SYSCALL, pid, 0, 0);
            waitpid(pid, &status, __WALL);
        }
        return end(pid);
    }
}

int main(int argc, char **argv)
{
    int is_torn = argc > 1 && strcmp(argv[1], "-t") == 0, status;
    long stop_at;
    pid_t pid;

    argv += is_torn;
    argc -= is_torn;
    if (argc < 3)
        return 127;
    stop_at = strtol(argv[1], NULL, 10);
    pid = fork();
    if (pid == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        close(3);
        execvp(argv[2], argv + 2);
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, &status, __WALL) < 0 || ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) < 0)
        return 127;
    return follow(pid, stop_at, is_torn);
}
