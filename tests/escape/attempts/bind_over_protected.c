/* SPDX-License-Identifier: Apache-2.0 */
/* Bind a file of our own over a protected one inside of a user namespace of our own, and write.
 * Arguments: protected file, own file. */
#include <sched.h>
#include <sys/mount.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    const char *path = argument(argc, argv, 1), *own = argument(argc, argv, 2);

    if (mknod(own, S_IFREG | 0644, 0) < 0)
        broken("our own file");
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
        refused("unshare");
    if (mount(own, path, NULL, MS_BIND, NULL) < 0)
        refused("bind mount");
    decide(open(path, O_WRONLY | O_APPEND), "open of the covered file");
}
