/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Press whoever judges names: many calls that wait for it at once, callers that die or are
 * interrupted while theirs is pending, a filter of our own on top. Then try the name that is kept,
 * and whether ordinary ones can still be made. Arguments: way (crowd, killed, interrupted, filter,
 * children), path of the kept name.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/time.h>

#include "attempt.h"

#define CROWD  64
#define ROUNDS 60

static const char *path;

static void *make_many(void *unused)
{
    (void)unused;
    for (int i = 0; i < ROUNDS; i++)
        mkdir(path, 0755);
    return NULL;
}

static void run_crowd(void)
{
    pthread_t threads[CROWD];

    for (int i = 0; i < CROWD; i++)
        if ((errno = pthread_create(&threads[i], NULL, make_many, NULL)) != 0)
            broken("thread");
    for (int i = 0; i < CROWD; i++)
        pthread_join(threads[i], NULL);
}

/* Each is killed at another moment, most of them while a call of theirs waits for its answer. */
static void run_killed(void)
{
    for (int i = 0; i < 200; i++) {
        pid_t child = fork();

        if (child == 0)
            for (;;)
                mkdir(path, 0755);
        if (child < 0)
            broken("fork");
        for (volatile int pause = 0; pause < i * 500; pause++)
            ;
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
}

/* The same pid numbers come again quickly: many that make one call and end. */
static void run_children(void)
{
    for (int i = 0; i < 400; i++) {
        pid_t child = vfork();

        if (child == 0)
            _exit(mkdir(path, 0755) == 0);
        if (child < 0)
            broken("vfork");
        waitpid(child, NULL, 0);
    }
}

static void on_alarm(int signal)
{
    (void)signal;
}

static void run_interrupted(void)
{
    struct sigaction action = {.sa_handler = on_alarm};
    struct itimerval often = {.it_interval.tv_usec = 50, .it_value.tv_usec = 50};

    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    for (int i = 0; i < 2000; i++)
        mkdir(path, 0755);
    memset(&often, 0, sizeof(often));
    setitimer(ITIMER_REAL, &often, NULL);
}

/* Filters of our own: that allow everything, that hand calls to a tracer, and a listener that would
 * answer them. */
static void run_filter(void)
{
    static const unsigned answers[] = {SECCOMP_RET_ALLOW, SECCOMP_RET_LOG, SECCOMP_RET_ALLOW};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        broken("no_new_privs");
    for (size_t i = 0; i < 3; i++) {
        struct sock_filter code = {BPF_RET | BPF_K, 0, 0, answers[i]};
        struct sock_fprog program = {1, &code};

        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                i == 2 ? SECCOMP_FILTER_FLAG_NEW_LISTENER : SECCOMP_FILTER_FLAG_TSYNC, &program);
    }
}

static const struct {
    const char *name;
    void (*run)(void);
} ways[] = {{"crowd", run_crowd},
            {"killed", run_killed},
            {"children", run_children},
            {"interrupted", run_interrupted},
            {"filter", run_filter}};

int main(int argc, char **argv)
{
    const char *way = argument(argc, argv, 1);
    size_t i = 0;

    path = argument(argc, argv, 2);
    while (i < sizeof(ways) / sizeof(*ways) && strcmp(ways[i].name, way) != 0)
        i++;
    if (i == sizeof(ways) / sizeof(*ways))
        broken("no such way");
    ways[i].run();
    if (mkdir(path, 0755) == 0 || access(path, F_OK) == 0)
        succeeded("the kept name came to be");
    if (mkdir("still", 0755) < 0)
        broken("an ordinary name cannot be made any more");
    errno = EACCES;
    refused("the name in the storm");
}
