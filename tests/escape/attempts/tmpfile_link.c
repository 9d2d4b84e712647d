/* SPDX-License-Identifier: Apache-2.0 */
/* Make a nameless file in a directory and give it a name there. Arguments: directory, name. */
#include "attempt.h"

int main(int argc, char **argv)
{
    const char *directory = argument(argc, argv, 1);
    char from[64], to[4096];
    int fd = open(directory, O_TMPFILE | O_WRONLY, 0755);

    if (fd < 0)
        refused("O_TMPFILE");
    snprintf(from, sizeof(from), "/proc/self/fd/%d", fd);
    snprintf(to, sizeof(to), "%s/%s", directory, argument(argc, argv, 2));
    decide(linkat(AT_FDCWD, from, AT_FDCWD, to, AT_SYMLINK_FOLLOW), "linkat");
}
