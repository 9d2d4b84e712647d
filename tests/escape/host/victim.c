/* SPDX-License-Identifier: Apache-2.0 */
/* A process of the host with a secret: in its arguments, its environment and its memory.
 * Arguments: ready file (gets pid and address of the secret), marker, file to create on SIGUSR1. */
#include "host.h"

static char secret[128];
static const char *alive;

static void answer(int number)
{
    (void)number;
    close(open(alive, O_WRONLY | O_CREAT, 0644));
}

int main(int argc, char **argv)
{
    char text[128];

    if (argc != 4) {
        errno = EINVAL;
        die("usage");
    }
    alive = argv[3];
    signal(SIGUSR1, answer);
    snprintf(secret, sizeof(secret), "secret %s", argv[2]);
#ifdef PR_SET_PTRACER
    /* Where Yama is on, the unconfined attempt shall still be able to show what it does. */
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
#endif
    snprintf(text, sizeof(text), "%d %p\n", (int)getpid(), (void *)secret);
    write_whole(argv[1], text);
    for (;;)
        pause();
}
