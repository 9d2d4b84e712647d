/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run a command on what looks like a newer kernel: the numbers from FIRST on answer EUCLEAN, as calls that exist and
 * do something. A filter plays the kernel; of two filters that both refuse, the one installed later gives the errno,
 * so that a container's own filter is seen to refuse. Arguments: FIRST, -- command.
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/syscall.h>

#include "host.h"

int main(int argc, char **argv)
{
    char **command = command_after(argv);
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (unsigned)strtoul(argc > 1 ? argv[1] : "", NULL, 10), 0, 2),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 2000, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EUCLEAN),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {sizeof(program) / sizeof(program[0]), program};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) < 0)
        die("seccomp");
    execvp(command[0], command);
    die(command[0]);
}
