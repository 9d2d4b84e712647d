/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel itself takes for starts that have namespaces of their own, with all processors: four processes for each, which start and wait as fast as
 * they can (one alone mostly waits for the kernel to take a namespace apart). No mount, no rule, no filter: the bound of `containers rate`.
 *
 *   namespaces SECONDS
 *
 * One line of JSON for each: a process that ends at once in none, in a network namespace, in the seven of a container; and /bin/true in none and in the seven.
 */
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORKERS_MAX 64
#define ALL (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_NEWNET)

static const char *const program[] = {"/bin/true", NULL}, *const environment[] = {NULL};

static const struct kind {
    const char *name;
    int flags, executes;
} kinds[] = {
    {"process", 0, 0},
    {"process, own network", CLONE_NEWUSER | CLONE_NEWNET, 0},
    {"process, seven namespaces", ALL, 0},
    {"program", 0, 1},
    {"program, seven namespaces", ALL, 1},
};

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int child(void *data)
{
    const struct kind *kind = data;

    if (kind->executes)
        execve(program[0], (char *const *)(uintptr_t)program, (char *const *)(uintptr_t)environment);
    _exit(kind->executes ? 127 : 0);
}

static long work(const struct kind *kind, double seconds)
{
    static char stack[65536] __attribute__((aligned(16)));
    double until = now() + seconds;
    long count = 0;

    for (; now() < until; count++) {
        int status = -1, pid = clone(child, stack + sizeof(stack), kind->flags | CLONE_VM | CLONE_VFORK | SIGCHLD, (void *)(uintptr_t)kind);

        if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
            return -1;
    }
    return count;
}

static void measure(const struct kind *kind, long workers, double seconds)
{
    long all = 0;
    int ends[2];

    if (pipe(ends) < 0)
        exit(1);
    for (long i = 0; i < workers; i++)
        if (fork() == 0) {
            long count = work(kind, seconds);

            _exit(write(ends[1], &count, sizeof(count)) == sizeof(count) ? 0 : 1);
        }
    for (long i = 0, count = 0; i < workers; i++, all += count)
        if (read(ends[0], &count, sizeof(count)) != sizeof(count) || count < 0)
            exit((perror(kind->name), 1));
    while (wait(NULL) > 0)
        ;
    close(ends[0]);
    close(ends[1]);
    printf("{\"way\":\"namespaces\",\"what\":\"%s\",\"workers\":%ld,\"per_second\":%.0f}\n", kind->name, workers, (double)all / seconds);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    double seconds = argc == 2 ? strtod(argv[1], NULL) : 0;
    long workers = sysconf(_SC_NPROCESSORS_ONLN) * 4;

    if (seconds <= 0)
        return fprintf(stderr, "usage: namespaces SECONDS\n"), 2;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        measure(&kinds[i], workers < WORKERS_MAX ? workers : WORKERS_MAX, seconds);
    return 0;
}
