/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What containers that stand and containers kept ready cost, against posix_spawn() in the same process, by turns.
 *
 *   containers turns COUNT [POLICY]      start of /bin/true until its end is known: floor, cordon_spawn(), exec into a live container,
 *                                        from a pool
 *   containers rate SECONDS [POLICY]     starts from pools, as fast as they come: four processes for each processor, each with a pool, waiting for each end
 *   containers client COUNT CORDON       through the daemon that listens ($XDG_RUNTIME_DIR): the library's start of /bin/true, and `CORDON run`,
 *                                        against posix_spawn() of /bin/true and of `CORDON --version`, which is what such a client takes by itself
 *   containers many COUNT [POLICY]       so many (100 or more) live containers: memory of each, with the kernel's, and the latency of exec meanwhile
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

static double clock_us(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static double now_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

struct moment {
    double wall, own;
};

static struct moment moment(void)
{
    return (struct moment){now_us(), clock_us(CLOCK_THREAD_CPUTIME_ID)};
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

/* own: processor time of the calling thread, which a busy machine does not stretch as it does the other. */
struct way {
    const char *name;
    double samples[SAMPLES_MAX], own[SAMPLES_MAX];
    size_t count;
};

static double at(const double *samples, size_t count, double part)
{
    return samples[(size_t)(part * (double)(count - 1))];
}

static double quantile(struct way *way, double part)
{
    return at(way->samples, way->count, part);
}

static void report(struct way *way, struct way *floor)
{
    qsort(way->samples, way->count, sizeof(double), by_value);
    qsort(way->own, way->count, sizeof(double), by_value);
    printf("{\"way\":\"%s\",\"count\":%zu,\"p10\":%.0f,\"p50\":%.0f,\"p90\":%.0f,\"p99\":%.0f,\"over_floor_p10\":%.0f,\"over_floor_p50\":%.0f,"
           "\"over_floor_p99\":%.0f,\"own_cpu_p50\":%.0f}\n",
           way->name, way->count, quantile(way, 0.1), quantile(way, 0.5), quantile(way, 0.9), quantile(way, 0.99),
           quantile(way, 0.1) - quantile(floor, 0.1), quantile(way, 0.5) - quantile(floor, 0.5), quantile(way, 0.99) - quantile(floor, 0.99),
           at(way->own, way->count, 0.5));
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

static void fill(struct cordon_pool *pool, uint32_t ready, uint32_t unsealed)
{
    struct cordon_pool_stats stats;

    for (;;) {
        struct pollfd polled = {.fd = cordon_pool_poll_fd(pool, &err), .events = POLLIN};

        cordon_pool_stats(pool, &stats);
        if (stats.ready >= ready && stats.unsealed >= unsealed)
            return;
        poll(&polled, 1, 1000);
        need(cordon_pool_step(pool, &err), "fill the pool");
    }
}

/* The first container's end is known before what it leaves to the kernel is done. */
static void run_pool(struct cordon_pool *pool, struct cordon_request *request, struct cordon_container **ret_container)
{
    struct cordon_status status;

    need(cordon_pool_spawn(pool, request, ret_container, &err), "spawn from the pool");
    need(cordon_container_wait(*ret_container, -1, &status, &err), "wait");
    need(status.exit_status ? -ECHILD : 0, "status");
}

static void sample(struct way *way, struct moment began)
{
    struct moment now = moment();

    if (way->count == SAMPLES_MAX)
        return;
    way->own[way->count] = now.own - began.own;
    way->samples[way->count++] = now.wall - began.wall;
}

/* What ended leaves namespaces to the kernel, which takes them apart later. */
static void settle_machine(void)
{
    struct timespec pause = {.tv_nsec = 3000000};

    nanosleep(&pause, NULL);
}

static void turns(size_t count, const char *policy)
{
    static struct way floor = {.name = "posix_spawn"}, spawn = {.name = "cordon_spawn"}, exec = {.name = "exec"},
                      ready = {.name = "pool, ready"}, prepared = {.name = "pool, completed"};
    struct cordon_request *request = request_new(policy), *with_file = request_new(policy);
    struct cordon_container *container = NULL, *taken;
    struct cordon_pool *pool = NULL;
    struct cordon_pool_stats stats;
    int file = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    struct moment began;

    /* a file as a stream is what nothing was kept ready for */
    need(cordon_request_set_stdio(with_file, file, CORDON_STDIO_NULL, CORDON_STDIO_NULL, &err), "streams");
    need(cordon_pool_new(request, 1, &pool, &err), "pool");

    need(cordon_create(request, &container, &err), "create");
    run_pool(pool, with_file, &taken); /* from now on some are kept for such */
    cordon_container_free(taken);
    for (size_t i = 0; i < count + 20; i++) {
        if (i == 20)
            floor.count = spawn.count = exec.count = ready.count = prepared.count = 0;
        began = moment();
        run_floor();
        sample(&floor, began);
        began = moment();
        run_spawn(request);
        sample(&spawn, began);
        began = moment();
        run_exec(container, request);
        sample(&exec, began);
        fill(pool, 1, 1);
        settle_machine();
        began = moment();
        run_pool(pool, request, &taken);
        sample(&ready, began);
        cordon_container_free(taken);
        fill(pool, 0, 1);
        settle_machine();
        began = moment();
        run_pool(pool, with_file, &taken);
        sample(&prepared, began);
        cordon_container_free(taken);
    }
    cordon_pool_stats(pool, &stats);
    cordon_container_free(container);
    report(&floor, &floor);
    report(&spawn, &floor);
    report(&exec, &floor);
    report(&ready, &floor);
    report(&prepared, &floor);
    printf("{\"pool\":{\"taken_ready\":%llu,\"proved\":%llu,\"taken_unsealed\":%llu,\"taken_prepared\":%llu,\"cold\":%llu,\"stale\":%llu,\"failed\":%llu}}\n",
           (unsigned long long)stats.taken_ready, (unsigned long long)stats.proved, (unsigned long long)stats.taken_unsealed,
           (unsigned long long)stats.taken_prepared, (unsigned long long)stats.cold,
           (unsigned long long)stats.stale, (unsigned long long)stats.failed);
    cordon_pool_free(pool);
    close(file);
    cordon_request_free(with_file);
    cordon_request_free(request);
}

static void run_program(const char *const *argv)
{
    posix_spawn_file_actions_t actions;
    int status = 0;
    pid_t pid;

    posix_spawn_file_actions_init(&actions);
    for (int i = 0; i < 3; i++)
        posix_spawn_file_actions_addopen(&actions, i, "/dev/null", O_RDWR, 0);
    if (posix_spawn(&pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ) != 0 || waitpid(pid, &status, 0) != pid || status != 0)
        need(-ECHILD, argv[0]);
    posix_spawn_file_actions_destroy(&actions);
}

/* A keeper fills its pool up to 64 ms after a start. */
static void let_keepers_fill(void)
{
    struct timespec pause = {.tv_nsec = 90000000};

    nanosleep(&pause, NULL);
}

static void client(size_t count, const char *cordon)
{
    static struct way floor = {.name = "posix_spawn"}, version = {.name = "cordon --version"}, both = {.name = "the two together"},
                      library = {.name = "library, daemon"}, program = {.name = "cordon run, daemon"}, alone = {.name = "cordon run, no daemon"};
    const char *const by_daemon[] = {cordon, "run", "--daemon", "required", "--", command[0], NULL};
    const char *const by_itself[] = {cordon, "run", "--daemon", "never", "--", command[0], NULL}, *const says[] = {cordon, "--version", NULL};
    struct way *ways[] = {&floor, &version, &both, &library, &program, &alone};
    struct cordon_request *request = request_new(NULL);
    struct moment began;

    need(cordon_request_set_daemon(request, "required", &err), "daemon");
    for (size_t i = 0; i < count + 5; i++) {
        for (size_t j = 0; i == 5 && j < sizeof(ways) / sizeof(*ways); j++)
            ways[j]->count = 0;
        let_keepers_fill();
        began = moment();
        run_floor();
        sample(&floor, began);
        began = moment();
        run_program(says);
        sample(&version, began);
        began = moment();
        run_program(says);
        run_floor();
        sample(&both, began);
        began = moment();
        run_spawn(request);
        sample(&library, began);
        let_keepers_fill();
        began = moment();
        run_program(by_daemon);
        sample(&program, began);
        began = moment();
        run_program(by_itself);
        sample(&alone, began);
    }
    for (size_t j = 0; j < 4; j++)
        report(ways[j], &floor);
    report(&program, &both);
    report(&alone, &both);
    cordon_request_free(request);
}

static unsigned long memory_kib(const char *name)
{
    FILE *file = fopen("/proc/meminfo", "r");
    unsigned long kib = 0;
    char line[256];

    while (file && fgets(line, sizeof(line), file))
        if (strncmp(line, name, strlen(name)) == 0)
            sscanf(line + strlen(name), ": %lu", &kib);
    if (file)
        fclose(file);
    return kib;
}

/* Two, where they are wanted: with one for each start what is begun ahead would never grow. */
static void step_twice(struct cordon_pool *pool)
{
    struct pollfd polled = {.fd = cordon_pool_poll_fd(pool, &err), .events = POLLIN};

    for (int i = 0; i < 2 && poll(&polled, 1, 0) > 0; i++)
        need(cordon_pool_step(pool, &err), "step");
}

struct rate {
    unsigned long long starts, taken_ready, cold, stale, failed;
    double cpu_us; /* of the caller */
};

/* Each end is waited for; what is kept ready is made in between, as a caller with a loop would. */
static struct rate rate_of_one(double seconds, const char *policy)
{
    struct cordon_request *request = request_new(policy);
    struct cordon_container *taken = NULL;
    struct cordon_pool *pool = NULL;
    struct cordon_pool_stats stats;
    struct rusage used;
    struct rate rate = {0};
    double until;

    need(cordon_pool_new(request, 64, &pool, &err), "pool");
    fill(pool, 1, 0);
    for (until = now_us() + seconds * 1e6; now_us() < until; rate.starts++) {
        step_twice(pool);
        run_pool(pool, request, &taken);
        cordon_container_free(taken);
    }
    cordon_pool_stats(pool, &stats);
    cordon_pool_free(pool);
    getrusage(RUSAGE_SELF, &used);
    rate.cpu_us = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
    rate.taken_ready = stats.taken_ready;
    rate.cold = stats.cold;
    rate.stale = stats.stale;
    rate.failed = stats.failed;
    cordon_request_free(request);
    return rate;
}

static void rate(double seconds, const char *policy)
{
    long callers = sysconf(_SC_NPROCESSORS_ONLN) * 4; /* some of them always wait for the kernel */
    struct rate all = {0}, one;
    int ends[2];

    need(pipe(ends) < 0 ? -errno : 0, "pipe");
    for (long i = 0; i < callers; i++)
        if (fork() == 0) {
            one = rate_of_one(seconds, policy);
            _exit(write(ends[1], &one, sizeof(one)) == sizeof(one) ? 0 : 1);
        }
    close(ends[1]);
    for (long i = 0; i < callers; i++) {
        need(read(ends[0], &one, sizeof(one)) == sizeof(one) ? 0 : -EIO, "rate");
        all.starts += one.starts;
        all.taken_ready += one.taken_ready;
        all.cold += one.cold;
        all.stale += one.stale;
        all.failed += one.failed;
        all.cpu_us += one.cpu_us;
    }
    while (wait(NULL) > 0)
        ;
    close(ends[0]);
    printf("{\"way\":\"rate\",\"callers\":%ld,\"starts\":%llu,\"seconds\":%.2f,\"per_second\":%.0f,\"own_cpu_us_each\":%.0f,\"taken_ready\":%llu,"
           "\"cold\":%llu,\"stale\":%llu,\"failed\":%llu}\n",
           callers, all.starts, seconds, (double)all.starts / seconds, all.cpu_us / (double)all.starts, all.taken_ready, all.cold, all.stale, all.failed);
}

static void many_look(struct cordon_container **containers, size_t count, size_t all, unsigned long before, struct cordon_request *request)
{
    static struct way floor, exec;
    unsigned long now = memory_kib("MemAvailable");
    struct moment began;

    memset(&floor, 0, sizeof(floor));
    memset(&exec, 0, sizeof(exec));
    floor.name = "posix_spawn";
    exec.name = "exec";
    for (size_t i = 0; i < 100; i++) {
        began = moment();
        run_floor();
        sample(&floor, began);
        began = moment();
        run_exec(containers[i * count / 100], request);
        sample(&exec, began);
    }
    qsort(floor.samples, floor.count, sizeof(double), by_value);
    qsort(exec.samples, exec.count, sizeof(double), by_value);
    printf("{\"way\":\"many\",\"live\":%zu,\"of\":%zu,\"kib_each\":%.0f,\"exec_p50\":%.0f,\"exec_p99\":%.0f,\"floor_p50\":%.0f,"
           "\"floor_p99\":%.0f}\n",
           count, all, before > now ? (double)(before - now) / (double)count : 0.0, quantile(&exec, 0.5), quantile(&exec, 0.99),
           quantile(&floor, 0.5), quantile(&floor, 0.99));
    fflush(stdout);
}

/* Four descriptors for each container: the first limit that is met. */
static void raise_files(size_t count)
{
    rlim_t wanted = 5 * count + 1000;
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur >= wanted)
        return;
    if (files.rlim_max < wanted && setrlimit(RLIMIT_NOFILE, &(struct rlimit){wanted, wanted}) == 0)
        return;
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
}

static void many(size_t count, const char *policy)
{
    struct cordon_request *request = request_new(policy);
    struct cordon_container **containers = calloc(count, sizeof(*containers));
    unsigned long before;

    raise_files(count);
    if (!containers)
        exit(1);
    need(cordon_create(request, &containers[0], &err), "create");
    cordon_container_free(containers[0]);
    before = memory_kib("MemAvailable");
    for (size_t i = 0; i < count; i++) {
        need(cordon_create(request, &containers[i], &err), "create");
        if (i + 1 == 100 || i + 1 == 1000 || i + 1 == count)
            many_look(containers, i + 1, count, before, request);
    }
    for (size_t i = 0; i < count; i++)
        cordon_container_free(containers[i]);
    free(containers);
    cordon_request_free(request);
}

int main(int argc, char **argv)
{
    const char *policy = argc > 3 ? argv[3] : NULL;
    size_t count = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;

    if (argc < 3 || !count)
        return fprintf(stderr, "usage: containers turns|rate|many COUNT [POLICY], client COUNT CORDON\n"), 2;
    if (strcmp(argv[1], "turns") == 0)
        turns(count, policy);
    else if (strcmp(argv[1], "rate") == 0)
        rate((double)count, policy);
    else if (strcmp(argv[1], "client") == 0 && policy)
        client(count, policy);
    else if (strcmp(argv[1], "many") == 0 && count >= 100)
        many(count, policy);
    else
        return 2;
    return 0;
}
