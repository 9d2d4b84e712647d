/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a program takes from the request to start it until its end is known, for several ways of
 * starting it, round robin, so that a change of the machine's mood meets all of them.
 *
 *   start COUNT WARMUP +++ NAME ARGV... [+++ NAME ARGV...]...
 *
 * Each ARGV is started by posix_spawn() (vfork and exec) and must exit with 0. With WITH_LIBCORDON
 * the ARGV "@spawn POLICY COMMAND..." is started by cordon_spawn() in this process instead (POLICY is
 * a file, "-" = the default policy). Prints one line of JSON per way; times in microseconds. The CPU time is the mean of
 * what the kernel counted for this process and what it waited for; a container's first process is waited for last of all,
 * so what belongs to one round may be counted in the next of the same way.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef WITH_LIBCORDON
#include <cordon/cordon.h>
#else
struct cordon_request;
#endif

#define WAYS_MAX    16
#define SAMPLES_MAX 10000

extern char **environ;

struct way {
    const char *name;
    char **argv;
    double *samples;
    double cpu_us;
    struct cordon_request *request; /* of "@spawn": made once, as a program that embeds it would */
};

static double now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static double cpu_us(void)
{
    struct rusage of[2];

    getrusage(RUSAGE_SELF, &of[0]);
    getrusage(RUSAGE_CHILDREN, &of[1]);
    return (double)(of[0].ru_utime.tv_sec + of[0].ru_stime.tv_sec + of[1].ru_utime.tv_sec + of[1].ru_stime.tv_sec) * 1e6 +
           (double)(of[0].ru_utime.tv_usec + of[0].ru_stime.tv_usec + of[1].ru_utime.tv_usec + of[1].ru_stime.tv_usec);
}

static int run_spawned(char **argv, const posix_spawn_file_actions_t *actions)
{
    int status, result;
    pid_t pid;

    result = posix_spawnp(&pid, argv[0], actions, NULL, argv, environ);
    if (result != 0)
        return -result;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return status == 0 ? 0 : -ECHILD;
}

#ifdef WITH_LIBCORDON
static int request_build(char **argv, struct cordon_request **ret_request, struct cordon_error *err)
{
    const char *policy = argv[1];
    struct cordon_request *request = NULL;
    int result = cordon_request_new(&request, err);

    if (result == 0 && strcmp(policy, "-") != 0)
        result = cordon_request_add_policy_file(request, policy, err);
    if (result == 0)
        result = cordon_request_set_command(request, (const char *const *)argv + 2, err);
    if (result == 0)
        result = cordon_request_set_stdio(request, CORDON_STDIO_NULL, CORDON_STDIO_NULL,
                                          CORDON_STDIO_INHERIT, err);
    if (result < 0)
        cordon_request_free(request);
    else
        *ret_request = request;
    return result;
}

static int run_library(struct way *way)
{
    struct cordon_container *container = NULL;
    struct cordon_status status = { 0 };
    struct cordon_error err = { 0 };
    int result = way->request ? 0 : request_build(way->argv, &way->request, &err);

    if (result == 0)
        result = cordon_spawn(way->request, &container, &err);
    if (result == 0)
        result = cordon_container_wait(container, -1, &status, &err);
    cordon_container_free(container);
    if (result < 0)
        fprintf(stderr, "start: %s\n", err.text);
    return result < 0 ? result : status.exit_status == 0 ? 0 : -ECHILD;
}
#else
static int run_library(struct way *way)
{
    (void)way;
    return -ENOSYS;
}
#endif

static int run_once(struct way *way, const posix_spawn_file_actions_t *actions,
                    double *ret_us)
{
    double start = now_us();
    int result;

    if (strcmp(way->argv[0], "@spawn") == 0)
        result = run_library(way);
    else
        result = run_spawned(way->argv, actions);
    *ret_us = now_us() - start;
    return result;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void print_way(struct way *way, int count)
{
    double *samples = way->samples;

    qsort(samples, (size_t)count, sizeof(*samples), compare_doubles);
    printf("{\"name\":\"%s\",\"count\":%d,\"min_us\":%.1f,\"p50_us\":%.1f,\"p90_us\":%.1f,"
           "\"p99_us\":%.1f,\"cpu_us\":%.1f}\n",
           way->name, count, samples[0], samples[count / 2], samples[count * 9 / 10],
           samples[count * 99 / 100], way->cpu_us / count);
}

/* Splits the arguments at "+++" in place. */
static int parse_ways(int argc, char **argv, struct way ways[WAYS_MAX])
{
    int count = 0;

    for (int i = 3; i < argc; i++) {
        if (strcmp(argv[i], "+++") != 0)
            continue;
        argv[i] = NULL;
        if (count == WAYS_MAX || i + 2 >= argc)
            return -1;
        ways[count++] = (struct way){ .name = argv[i + 1], .argv = argv + i + 2 };
    }
    return count > 0 ? count : -1;
}

int main(int argc, char **argv)
{
    struct way ways[WAYS_MAX] = { 0 };
    posix_spawn_file_actions_t actions;
    int count = argc > 2 ? atoi(argv[1]) : 0, warmup = argc > 2 ? atoi(argv[2]) : 0;
    int way_count = parse_ways(argc, argv, ways);

    if (count < 1 || count > SAMPLES_MAX || warmup < 0 || way_count < 1) {
        fprintf(stderr, "usage: start COUNT WARMUP +++ NAME ARGV... [+++ NAME ARGV...]...\n");
        return 2;
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    for (int way = 0; way < way_count; way++)
        ways[way].samples = calloc((size_t)count, sizeof(double));
    for (int round = -warmup; round < count; round++) {
        for (int way = 0; way < way_count; way++) {
            double us = 0, cpu = cpu_us();
            int result = run_once(&ways[way], &actions, &us);

            if (result < 0 || !ways[way].samples) {
                fprintf(stderr, "start: '%s' failed: %s\n", ways[way].name, strerror(-result));
                return 1;
            }
            if (round < 0)
                continue;
            ways[way].samples[round] = us;
            ways[way].cpu_us += cpu_us() - cpu;
        }
    }
    for (int way = 0; way < way_count; way++)
        print_way(&ways[way], count);
    return 0;
}
