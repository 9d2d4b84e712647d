/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one call costs the program that makes it: `calls ROUNDS COUNT KIND PATH`. Prints the median, over ROUNDS, of the mean
 * of COUNT calls, in nanoseconds, and the errno that all of them got (0 = they went well); it fails when they differ.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *path;

static int open_reading(void)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    return fd < 0 ? errno : (close(fd), 0);
}

static int look(void)
{
    struct stat info;

    return stat(path, &info) < 0 ? errno : 0;
}

static int create(void)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return errno;
    close(fd);
    return unlink(path) < 0 ? errno : 0;
}

static int write_there(void)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    return fd < 0 ? errno : (close(fd), 0);
}

static int mount_there(void)
{
    return mount("none", path, "tmpfs", 0, NULL) < 0 ? errno : 0;
}

static const struct {
    const char *name;
    int (*call)(void);
} kinds[] = {{"read", open_reading}, {"look", look}, {"create", create}, {"write", write_there}, {"mount", mount_there}};

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

int main(int argc, char **argv)
{
    int rounds = argc == 5 ? atoi(argv[1]) : 0, count = argc == 5 ? atoi(argv[2]) : 0, expected;
    double *means = calloc(rounds > 0 ? (size_t)rounds : 1, sizeof(*means));
    int (*call)(void) = NULL;

    for (size_t i = 0; argc == 5 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i].name, argv[3]) == 0)
            call = kinds[i].call;
    if (!call || rounds < 1 || count < 1 || !means)
        return 2;
    path = argv[4];
    expected = call();
    for (int round = 0; round < rounds; round++) {
        double from = now();

        for (int i = 0; i < count; i++)
            if (call() != expected)
                return 1;
        means[round] = (now() - from) / count;
    }
    qsort(means, (size_t)rounds, sizeof(*means), compare);
    printf("%.0f %d\n", means[rounds / 2], expected);
    return 0;
}
