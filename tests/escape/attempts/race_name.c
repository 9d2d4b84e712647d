/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Change what a call means between the look of whoever judges it and its use: a second thread
 * rewrites the path, the socket's address or the link's text in memory, or exchanges the directory
 * on the way. A repository of our own is made first; the name is .git/hooks in it. Arguments: what
 * is changed (path, address, parent, vfork), directory, tries.
 */
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "attempt.h"

static volatile bool is_over;
static char path[64];
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static char *changing;
static const char *const texts[] = {"plain/hooks", ".git/hooks"};

/* Both texts differ in one run of bytes, written as fast as memory goes. */
static void *rewrite(void *unused)
{
    (void)unused;
    for (unsigned i = 0; !is_over; i++) {
        volatile char *to = changing;
        const char *from = texts[i & 1];

        do {
            *to++ = *from;
        } while (*from++);
    }
    return NULL;
}

static void *exchange(void *unused)
{
    (void)unused;
    while (!is_over)
        syscall(SYS_renameat2, AT_FDCWD, "plain", AT_FDCWD, ".git", 2 /* RENAME_EXCHANGE */);
    return NULL;
}

static void try_bind(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    bind(fd, (struct sockaddr *)&address, sizeof(address));
    close(fd);
    unlink("plain/hooks");
}

int main(int argc, char **argv)
{
    const char *what = argument(argc, argv, 1);
    long tries = number_argument(argc, argv, 3);
    bool is_parent = strcmp(what, "parent") == 0, is_address = strcmp(what, "address") == 0;
    bool is_made = false;
    pthread_t thread;

    if (chdir(argument(argc, argv, 2)) < 0 || mkdir("repository", 0755) < 0 ||
        chdir("repository") < 0 || mkdir(".git", 0755) < 0 || mkdir("plain", 0755) < 0)
        broken("a repository of our own");
    changing = is_address ? address.sun_path : path;
    strcpy(changing, texts[0]);
    if (pthread_create(&thread, NULL, is_parent ? exchange : rewrite, NULL) != 0)
        broken("thread");
    for (long i = 0; i < tries; i++) {
        if (is_address) {
            try_bind();
        } else {
            mkdir(is_parent ? texts[0] : path, 0755);
            /* A directory that was made under a harmless name may not come under the kept one
             * either. */
            if (!is_parent || i % 2)
                rmdir(texts[0]);
        }
        if (i % 64 == 0 && access(texts[1], F_OK) == 0) {
            is_made = true; /* it may have another name again when the other thread has stopped */
            break;
        }
    }
    is_over = true;
    pthread_join(thread, NULL);
    if (is_made || access(texts[1], F_OK) == 0)
        succeeded("the kept name came to be");
    refused_because("never made in all tries");
}
