/* SPDX-License-Identifier: Apache-2.0 */
/* Turn a link while somebody is asked about what it leads to. Arguments: the link, where it leads, where it is turned to, that one's marker. */
#include <signal.h>

#include "attempt.h"

#define LOOK_MS 3500

int main(int argc, char **argv)
{
    const char *link = argument(argc, argv, 1), *harmless = argument(argc, argv, 2), *wanted = argument(argc, argv, 3);
    const char *marker = argument(argc, argv, 4);
    int opened = 0;
    char next[4096];
    bool is_found = false;
    pid_t child = fork();

    if (child < 0)
        broken("fork");
    snprintf(next, sizeof(next), "%s.next", link);
    for (long turn = 0; child == 0; turn++) {
        if (symlink(turn % 2 ? wanted : harmless, next) < 0 || rename(next, link) < 0)
            _exit(1);
        pause_ms(2);
    }
    for (long long end = now_ms() + LOOK_MS; !is_found && now_ms() < end;) {
        int fd = open(link, O_RDONLY);

        opened += fd >= 0;
        is_found = fd >= 0 && descriptor_holds(fd, marker);
        if (fd >= 0)
            close(fd);
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    if (is_found)
        succeeded("what nobody allowed was opened");
    refused_because(opened ? "only what was allowed was opened" : "nothing was opened");
}
