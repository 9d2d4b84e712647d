/* SPDX-License-Identifier: Apache-2.0 */
/* Change mode, times or attributes of a file that is open as a standard descriptor, by the
 * descriptor and by its name in /proc. Argument: number. */
#include <sys/xattr.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    int fd = (int)number_argument(argc, argv, 1);
    char path[64];

    if (fchmod(fd, 0777) == 0)
        succeeded("fchmod");
    if (futimens(fd, times) == 0)
        succeeded("futimens");
    if (fsetxattr(fd, "user.cordon-escape", "1", 1, 0) == 0)
        succeeded("fsetxattr");
    if (fchown(fd, getuid(), getgid()) == 0)
        succeeded("fchown");
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    decide(chmod(path, 0777), "fchmod, futimens, fsetxattr, fchown");
}
