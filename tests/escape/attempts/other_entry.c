/* SPDX-License-Identifier: Apache-2.0 */
/* Enter the kernel by an entry that a filter written for x86_64 numbers may not look at. Argument:
 * which (i386 or x32). */
#include "attempt.h"

#ifdef __x86_64__
static long call_i386(void)
{
    long result;

    /* getpid is 20 there; its number is writev in the 64-bit table. */
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20) : "memory", "r8", "r9", "r10", "r11");
    return result;
}
#else
static long call_i386(void)
{
    return -1;
}
#endif

int main(int argc, char **argv)
{
    bool is_i386 = strcmp(argument(argc, argv, 1), "i386") == 0;
    pid_t child = fork();
    int status;

#ifndef __x86_64__
    untried("another processor");
#endif
    if (child < 0)
        broken("fork");
    if (child == 0) {
        long result = is_i386 ? call_i386() : syscall(0x40000000 + SYS_getpid);

        _exit(result == getpid() ? 0 : is_i386 ? (int)-result & 0xff : errno);
    }
    if (waitpid(child, &status, 0) < 0)
        broken("waitpid");
    if (WIFSIGNALED(status))
        refused_because(WTERMSIG(status) == 31 ? "killed by SIGSYS" : "killed by a signal");
    errno = WEXITSTATUS(status);
    decide(errno ? -1 : 0, is_i386 ? "int 0x80" : "x32 call");
}
