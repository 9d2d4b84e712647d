/* SPDX-License-Identifier: Apache-2.0 */
/* Set the mode of an object to what it is: harmless, and needs the right to change it. Argument:
 * path. */
#include "attempt.h"

int main(int argc, char **argv)
{
    const char *path = argument(argc, argv, 1);
    struct stat st;

    if (stat(path, &st) < 0)
        refused("stat");
    decide(chmod(path, st.st_mode & 07777), "chmod");
}
