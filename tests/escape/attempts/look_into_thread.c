/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Look into every thread of process 1, and disturb it: what judges names runs there, under a number
 * of its own that /proc does not list and opens all the same. Argument: what (look, disturb).
 */
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/resource.h>

#include "attempt.h"

#define THREADS_MAX 8

static bool is_of_init(int thread)
{
    char text[64], status[2048];
    int fd;
    ssize_t got;

    snprintf(text, sizeof(text), "/proc/%d/status", thread);
    fd = open(text, O_RDONLY);
    if (fd < 0)
        return false;
    got = read(fd, status, sizeof(status) - 1);
    close(fd);
    status[got > 0 ? got : 0] = '\0';
    return strstr(status, "\nTgid:\t1\n") != NULL;
}

static void look(int thread)
{
    static const char *const names[] = {"root/", "cwd/", "exe", "fd/0", "fd/3", "ns/mnt", "mem"};
    static const char *const read_only[] = {"maps",    "environ", "auxv",
                                            "syscall", "stack",   "pagemap"};
    char text[64], byte;
    int fd;

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        snprintf(text, sizeof(text), "/proc/%d/%s", thread, names[i]);
        if (open(text, O_RDONLY | O_NONBLOCK) >= 0)
            succeeded(names[i]);
    }
    for (size_t i = 0; i < sizeof(read_only) / sizeof(*read_only); i++) {
        snprintf(text, sizeof(text), "/proc/%d/%s", thread, read_only[i]);
        fd = open(text, O_RDONLY);
        if (fd >= 0 && read(fd, &byte, 1) == 1)
            succeeded(read_only[i]);
    }
}

static void disturb(int thread)
{
    struct sched_param idle = {0};
    struct rlimit limit = {0, 0};
    cpu_set_t one;

    CPU_ZERO(&one);
    CPU_SET(0, &one);
    if (ptrace(PTRACE_SEIZE, thread, 0, 0) == 0)
        succeeded("PTRACE_SEIZE");
    if (setpriority(PRIO_PROCESS, (id_t)thread, 19) == 0)
        succeeded("setpriority");
    if (sched_setscheduler(thread, 5 /* SCHED_IDLE */, &idle) == 0)
        succeeded("sched_setscheduler");
    if (sched_setaffinity(thread, sizeof(one), &one) == 0)
        succeeded("sched_setaffinity");
    if (syscall(SYS_prlimit64, thread, RLIMIT_NOFILE, &limit, NULL) == 0)
        succeeded("prlimit");
}

int main(int argc, char **argv)
{
    bool is_look = strcmp(argument(argc, argv, 1), "look") == 0;
    int seen = 0;

    for (int thread = 1; thread <= THREADS_MAX; thread++) {
        if (!is_of_init(thread))
            continue;
        seen++;
        (is_look ? look : disturb)(thread);
    }
    if (seen == 0)
        broken("no thread of process 1 was found");
    errno = EACCES;
    refused("every thread of process 1");
}
