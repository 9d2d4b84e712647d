/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Take more of the machine than the policy gives, by what is not a process and not plain memory.
 * Argument: what (threads, memfd, pipes, locked, watches).
 */
#include <pthread.h>
#include <sys/mman.h>

#include "attempt.h"

static void *stay(void *unused)
{
    (void)unused;
    pause();
    return NULL;
}

static void take_threads(void)
{
    pthread_attr_t small;
    pthread_t thread;

    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 32768);
    for (int i = 0; i < 200; i++)
        if ((errno = pthread_create(&thread, &small, stay, NULL)) != 0)
            refused("thread");
    succeeded("200 threads");
}

/* Memory that no mapping shows. */
static void take_memfd(void)
{
    static char block[1 << 20];
    int fd = memfd_create("hoard", 0);

    memset(block, 1, sizeof(block));
    for (int i = 0; i < 400; i++)
        if (fd < 0 || write(fd, block, sizeof(block)) != (ssize_t)sizeof(block))
            refused("memfd");
    succeeded("400 MiB in a memfd");
}

static void take_pipes(void)
{
    int ends[2];

    for (int i = 0; i < 100; i++)
        if (pipe(ends) < 0)
            refused("pipe");
    succeeded("100 pipes");
}

static void take_locked(void)
{
    char *block = mmap(NULL, 256 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (block == MAP_FAILED || mlock(block, 256 << 20) < 0)
        refused("mlock");
    succeeded("256 MiB are locked");
}

static const struct {
    const char *name;
    void (*take)(void);
} hoards[] = {{"threads", take_threads},
              {"memfd", take_memfd},
              {"pipes", take_pipes},
              {"locked", take_locked}};

int main(int argc, char **argv)
{
    const char *what = argument(argc, argv, 1);

    for (size_t i = 0; i < sizeof(hoards) / sizeof(*hoards); i++)
        if (strcmp(hoards[i].name, what) == 0)
            hoards[i].take();
    errno = EINVAL;
    broken("no such hoard");
}
