/* SPDX-License-Identifier: Apache-2.0 */
/* Have the host's socket taken for one that was made inside: mount it on a name in the moment in which a socket of one's own
 * is bound to that, then connect to it. Argument: its path. */
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "sandbox.h"

#define TRIES_MS 4000

static const char own[] = "own-socket";
static struct sockaddr_un host = {.sun_family = AF_UNIX}, address = {.sun_family = AF_UNIX};
static volatile bool is_mounting, is_mounted;

static int reach(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        broken("socket");
    if (connect(fd, (struct sockaddr *)&host, sizeof(host)) == 0)
        return fd;
    close(fd);
    return -1;
}

static void hear(int fd)
{
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    char greeting[16];

    if (poll(&waiting, 1, ATTEMPT_DEADLINE_MS) != 1 || read(fd, greeting, sizeof(greeting)) <= 0)
        refused("greeting");
    succeeded("connect");
}

static void *mount_over(void *unused)
{
    (void)unused;
    for (;;)
        if (is_mounting && !is_mounted && mount(host.sun_path, own, NULL, MS_BIND, NULL) == 0)
            is_mounted = true;
    return NULL;
}

static void try_once(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), reached;
    bool is_hit;

    is_mounted = false;
    is_mounting = true;
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        refused("bind");
    is_hit = is_mounted;
    for (int i = 0; i < 200 && !is_mounted; i++)
        usleep(10);
    is_mounting = false;
    reached = is_hit ? reach() : -1;
    if (reached >= 0)
        hear(reached);
    close(fd);
    usleep(100);
    while (umount2(own, MNT_DETACH) == 0)
        ;
    unlink(own);
}

int main(int argc, char **argv)
{
    const char *path = argument(argc, argv, 1), *last = strrchr(path, '/');
    char directory[4096];
    long long end;
    pthread_t thread;
    int fd;

    if (!last || strlen(path) >= sizeof(directory) || strlen(last) > sizeof(host.sun_path))
        broken("the path");
    memcpy(directory, path, (size_t)(last - path));
    directory[last - path] = '\0';
    strcpy(host.sun_path, last + 1);
    strcpy(address.sun_path, own);
    if (chdir(directory) < 0)
        broken("the directory");
    fd = reach();
    if (fd >= 0)
        hear(fd);
    if (sandbox_enter() < 0)
        refused("a sandbox of one's own");
    if (pthread_create(&thread, NULL, mount_over, NULL) != 0)
        broken("thread");
    for (end = now_ms() + TRIES_MS; now_ms() < end;)
        try_once();
    refused_because("the host's socket was never taken for one's own");
}
