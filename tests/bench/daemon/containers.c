/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What containers that stand and containers kept ready cost, against posix_spawn() in the same process, by turns.
 *
 *   containers turns COUNT [POLICY]      start of /bin/true until its end is known: floor, cordon_spawn(), exec into a live container,
 *                                        from a pool
 *   containers rate SECONDS [POLICY]     starts from a pool, one after the other, as fast as they come
 *   containers many COUNT [POLICY]       so many live containers: memory of each, with the kernel's, and the latency of exec meanwhile
 *
 * One line of JSON each; times in microseconds.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cordon/cordon.h>

#define SAMPLES_MAX 100000

extern char **environ;

static const char *const command[] = {"/bin/true", NULL};
static struct cordon_error err;

static double now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void need(int status, const char *what)
{
    if (status >= 0)
        return;
    fprintf(stderr, "containers: %s: %s\n", what, err.text[0] ? err.text : strerror(-status));
    exit(1);
}

static struct cordon_request *request_new(const char *policy)
{
    struct cordon_request *request = NULL;

    need(cordon_request_new(&request, &err), "request");
    if (policy)
        need(cordon_request_add_policy_file(request, policy, &err), "policy");
    need(cordon_request_set_command(request, command, &err), "command");
    need(cordon_request_set_stdio(request, CORDON_STDIO_NULL, CORDON_STDIO_NULL, CORDON_STDIO_NULL, &err), "streams");
    return request;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

struct way {
    const char *name;
    double samples[SAMPLES_MAX];
    size_t count;
};

static double quantile(struct way *way, double part)
{
    return way->samples[(size_t)(part * (double)(way->count - 1))];
}

static void report(struct way *way, struct way *floor)
{
    qsort(way->samples, way->count, sizeof(double), by_value);
    printf("{\"way\":\"%s\",\"count\":%zu,\"p50\":%.0f,\"p90\":%.0f,\"p99\":%.0f,\"over_floor_p50\":%.0f,\"over_floor_p99\":%.0f}\n", way->name,
           way->count, quantile(way, 0.5), quantile(way, 0.9), quantile(way, 0.99), quantile(way, 0.5) - quantile(floor, 0.5),
           quantile(way, 0.99) - quantile(floor, 0.99));
}

static void run_floor(void)
{
    int status = 0;
    pid_t pid;

    if (posix_spawn(&pid, command[0], NULL, NULL, (char *const *)(uintptr_t)command, environ) != 0 || waitpid(pid, &status, 0) != pid ||
        status != 0)
        need(-ECHILD, "floor");
}

static void run_spawn(struct cordon_request *request)
{
    struct cordon_container *container = NULL;
    struct cordon_status status;

    need(cordon_spawn(request, &container, &err), "spawn");
    need(cordon_container_wait(container, -1, &status, &err), "wait");
    need(status.exit_status ? -ECHILD : 0, "status");
    cordon_container_free(container);
}

static void run_exec(struct cordon_container *container, struct cordon_request *request)
{
    struct cordon_program *program = NULL;
    struct cordon_status status;

    need(cordon_container_exec(container, request, &program, &err), "exec");
    need(cordon_program_wait(program, -1, &status, &err), "wait");
    need(status.exit_status ? -ECHILD : 0, "status");
    cordon_program_free(program);
}

static void sample(struct way *way, double began)
{
    if (way->count < SAMPLES_MAX)
        way->samples[way->count++] = now_us() - began;
}

static void turns(size_t count, const char *policy)
{
    static struct way floor = {.name = "posix_spawn"}, spawn = {.name = "cordon_spawn"}, exec = {.name = "exec"};
    struct cordon_request *request = request_new(policy);
    struct cordon_container *container = NULL;
    double began;

    need(cordon_create(request, &container, &err), "create");
    for (size_t i = 0; i < count + 20; i++) {
        if (i == 20)
            floor.count = spawn.count = exec.count = 0;
        began = now_us();
        run_floor();
        sample(&floor, began);
        began = now_us();
        run_spawn(request);
        sample(&spawn, began);
        began = now_us();
        run_exec(container, request);
        sample(&exec, began);
    }
    cordon_container_free(container);
    report(&floor, &floor);
    report(&spawn, &floor);
    report(&exec, &floor);
    cordon_request_free(request);
}

int main(int argc, char **argv)
{
    const char *policy = argc > 3 ? argv[3] : NULL;
    size_t count = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;

    if (argc < 3 || !count)
        return fprintf(stderr, "usage: containers turns|rate|many COUNT [POLICY]\n"), 2;
    if (strcmp(argv[1], "turns") == 0)
        turns(count, policy);
    else
        return 2;
    return 0;
}
