/* SPDX-License-Identifier: Apache-2.0 */
/* Exchange a harmless file with a symbolic link to a hidden one while opening the name in a loop:
 * a check by name, apart from the open, would lose at some time. The same with a directory on the
 * way. Arguments: target (file or directory), marker, kind (file or directory), tries. */
#include <pthread.h>

#include "attempt.h"

static volatile bool is_over;
static const char *open_name = "swap";

static void *exchange_names(void *unused)
{
    (void)unused;
    while (!is_over)
        syscall(SYS_renameat2, AT_FDCWD, "swap", AT_FDCWD, "swap.link", 2 /* RENAME_EXCHANGE */);
    return NULL;
}

int main(int argc, char **argv)
{
    const char *target = argument(argc, argv, 1), *marker = argument(argc, argv, 2);
    bool is_directory = strcmp(argument(argc, argv, 3), "directory") == 0;
    long tries = number_argument(argc, argv, 4);
    pthread_t thread;

    if ((is_directory ? mkdir("swap", 0755) : mknod("swap", S_IFREG | 0644, 0)) < 0)
        broken("our own object");
    if (symlink(target, "swap.link") < 0)
        broken("our own link");
    if (is_directory) {
        open_name = "swap/secret";
        if (mknod(open_name, S_IFREG | 0644, 0) < 0)
            broken("our own file");
    }
    if (pthread_create(&thread, NULL, exchange_names, NULL) != 0)
        broken("thread");
    for (long i = 0; i < tries; i++) {
        int fd = open(open_name, O_RDONLY);

        if (fd < 0)
            continue;
        if (descriptor_holds(fd, marker))
            succeeded("the exchanged name led out");
        close(fd);
    }
    is_over = true;
    pthread_join(thread, NULL);
    refused_because("never reached in all tries");
}
