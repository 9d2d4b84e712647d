/* SPDX-License-Identifier: Apache-2.0 */
/* Be told of the names that come and go in a directory of the host. Argument: path. */
#include <sys/inotify.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    int fd = inotify_init1(IN_CLOEXEC);

    if (fd < 0)
        refused("inotify_init1");
    decide(inotify_add_watch(fd, argument(argc, argv, 1), IN_CREATE | IN_DELETE), "inotify_add_watch");
}
