/* SPDX-License-Identifier: Apache-2.0 */
/* Make a nameless file where writing is allowed and link it into another directory. Arguments:
 * writable directory, path of the new name. */
#include "attempt.h"

int main(int argc, char **argv)
{
    char from[64];
    int fd = open(argument(argc, argv, 1), O_TMPFILE | O_WRONLY, 0755);

    if (fd < 0)
        broken("O_TMPFILE in a writable directory");
    snprintf(from, sizeof(from), "/proc/self/fd/%d", fd);
    decide(linkat(AT_FDCWD, from, AT_FDCWD, argument(argc, argv, 2), AT_SYMLINK_FOLLOW), "linkat");
}
