/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much of the kernel a program reaches from where it runs: system calls, their sub-commands,
 * socket families and options, devices, files of /proc and /sys, kinds of networks. Each is tried once with arguments
 * that can do no harm: pointers and descriptors that are none, so that what comes back (EFAULT,
 * EBADF, EINVAL) was said by the call itself. Prints 'CLASS NAME' for what was reached and 'total
 * CLASS TRIED' for each class.
 */
#include <sys/prctl.h>
#include <sys/time.h>

#include "reach.h"

#define CLASSES_MAX 32
#define WAIT_US     150000

static struct {
    const char *name;
    int tried;
} classes[CLASSES_MAX];

void reach_note(const char *class, const char *name, bool is_reached)
{
    int i = 0;

    while (i < CLASSES_MAX - 1 && classes[i].name && strcmp(classes[i].name, class) != 0)
        i++;
    classes[i].name = class;
    classes[i].tried++;
    if (is_reached)
        printf("%s %s\n", class, name);
}

bool reach_is_open(long result)
{
    return result != -EPERM && result != -ENOSYS;
}

static void try_in_child(int out, long number, const long a[6])
{
    struct itimerval limit = {.it_value.tv_usec = WAIT_US};
    pid_t self = getpid();
    long result;

    setsid(); /* no terminal to lose */
    signal(SIGALRM, SIG_DFL);
    setitimer(ITIMER_REAL, &limit, NULL);
    result = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (result < 0)
        result = -errno;
    /* A call that makes processes comes back twice. */
    if (syscall(SYS_getpid) == self && write(out, &result, sizeof(result)) < 0)
        _exit(1);
    _exit(0);
}

long reach_call(long number, const long arguments[6])
{
    long result = REACH_ENDED, got;
    int ends[2], status;
    pid_t child;

    fflush(stdout);
    if (pipe(ends) < 0 || (child = fork()) < 0) {
        perror("reach: fork");
        exit(2);
    }
    if (child == 0) {
        close(ends[0]);
        try_in_child(ends[1], number, arguments);
    }
    close(ends[1]);
    if (read(ends[0], &got, sizeof(got)) == sizeof(got))
        result = got;
    close(ends[0]);
    kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return result;
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    reach_calls();
    reach_commands();
    reach_sockets();
    reach_files();
    reach_networks();
    for (int i = 0; i < CLASSES_MAX && classes[i].name; i++)
        printf("total %s %d\n", classes[i].name, classes[i].tried);
    return 0;
}
