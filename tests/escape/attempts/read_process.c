/* SPDX-License-Identifier: Apache-2.0 */
/* Read or change the memory or descriptors of another process. Arguments: pid, way (vm, vm_write,
 * ptrace, pidfd_getfd, mem), address of its secret. */
#include <sys/ptrace.h>
#include <sys/uio.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    pid_t pid = (pid_t)number_argument(argc, argv, 1);
    const char *way = argument(argc, argv, 2);
    unsigned long address = strtoul(argument(argc, argv, 3), NULL, 0);
    char text[8] = "escaped", path[64];
    struct iovec local = {.iov_base = text, .iov_len = sizeof(text)};
    struct iovec remote = {.iov_base = (void *)address, .iov_len = sizeof(text)};
    int fd;

    if (strcmp(way, "vm") == 0)
        decide(process_vm_readv(pid, &local, 1, &remote, 1, 0), "process_vm_readv");
    if (strcmp(way, "vm_write") == 0)
        decide(process_vm_writev(pid, &local, 1, &remote, 1, 0), "process_vm_writev");
    if (strcmp(way, "ptrace") == 0) {
        if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0)
            refused("ptrace");
        succeeded("ptrace");
    }
    if (strcmp(way, "pidfd_getfd") == 0) {
        fd = (int)syscall(SYS_pidfd_open, pid, 0);
        if (fd < 0)
            refused("pidfd_open");
        decide(syscall(SYS_pidfd_getfd, fd, 0, 0), "pidfd_getfd");
    }
    snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
    fd = open(path, O_RDWR);
    if (fd < 0)
        refused("open of its memory");
    decide(pread(fd, text, sizeof(text), (off_t)address), "read of its memory");
}
