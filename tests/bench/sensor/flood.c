/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Landlock's refusals at the highest rate, and what of them arrives: `flood CORDON-SENSOR COUNT`. A process in a domain of
 * its own is refused COUNT opens as fast as it can ask; prints its rate, its cost for each, and how many of them the sensor
 * told, counted and lost, as JSON. The sensor's loss is the kernel's count less what it saw: told + lost must be COUNT.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/kernel/landlock.h"
#include "sensor/sensor.h"

#define WAIT_MS 5000

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void fail(const char *what)
{
    perror(what);
    exit(125);
}

static pid_t sensor_start(const char *path, int *ret_channel)
{
    int pair[2];
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        fail("socketpair");
    pid = fork();
    if (pid == 0) {
        if (pair[1] == SENSOR_CHANNEL ? fcntl(pair[1], F_SETFD, 0) < 0 : dup2(pair[1], SENSOR_CHANNEL) < 0)
            _exit(127);
        execl(path, path, (char *)NULL);
        _exit(127);
    }
    close(pair[1]);
    *ret_channel = pair[0];
    return pid;
}

static int hear(int channel, struct sensor_told *told)
{
    static char bytes[sizeof(struct sensor_told) + 2 * 4096];
    struct pollfd ready = {channel, POLLIN, 0};

    if (poll(&ready, 1, WAIT_MS) <= 0 || recv(channel, bytes, sizeof(bytes), 0) < (ssize_t)sizeof(*told))
        return 0;
    memcpy(told, bytes, sizeof(*told));
    return 1;
}

/* Seconds that it took. */
static double refused(long count)
{
    struct landlock_ruleset rules = {.handled_access_fs = LANDLOCK_ACCESS_FS_READ_FILE};
    int fd = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules), 0);
    double from;

    if (fd < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        syscall(SYS_landlock_restrict_self, fd, LANDLOCK_RESTRICT_SELF_LOG_NEW_EXEC_ON) < 0)
        return -1;
    close(fd);
    from = now();
    for (long i = 0; i < count; i++)
        if (open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0)
            return -1;
    return now() - from;
}

int main(int argc, char **argv)
{
    long count = argc == 3 ? atol(argv[2]) : 0;
    struct sensor_told told = {0};
    uint64_t seen = 0, lost = 0;
    int channel, taken[2], status;
    double seconds = -1;
    pid_t sensor, child;

    if (count < 1 || pipe(taken) < 0)
        return 2;
    sensor = sensor_start(argv[1], &channel);
    if (!hear(channel, &told) || told.type != SENSOR_READY) {
        fprintf(stderr, "flood: the sensor has no audit channel: %s\n", strerror(told.errnum));
        return 1;
    }
    child = fork();
    if (child == 0) {
        seconds = refused(count);
        _exit(write(taken[1], &seconds, sizeof(seconds)) == sizeof(seconds) ? 0 : 125);
    }
    /* A process that nobody waited for keeps its domain. What the sensor says meanwhile is little, being counted. */
    if (waitpid(child, &status, 0) < 0 || status != 0 || read(taken[0], &seconds, sizeof(seconds)) != sizeof(seconds) || seconds <= 0)
        return 125;
    while (told.type != SENSOR_GONE && hear(channel, &told)) {
        seen += told.type == SENSOR_REFUSED ? told.count : 0;
        lost += told.type == SENSOR_GONE ? told.count : 0;
    }
    close(channel);
    waitpid(sensor, &status, 0);
    printf("{\"count\":%ld,\"perSecond\":%.0f,\"usEach\":%.2f,\"seen\":%llu,\"lost\":%llu}\n", count, (double)count / seconds,
           seconds / (double)count * 1e6, (unsigned long long)seen, (unsigned long long)lost);
    return told.type == SENSOR_GONE ? 0 : 1;
}
