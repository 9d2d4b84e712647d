/* SPDX-License-Identifier: Apache-2.0 */
/* Put a hard link and then a symbolic link in the place of an object. Arguments: path, other file.
 */
#include "attempt.h"

/* In a reviewed run only what was made there has a second name. */
static int link_own(const char *other, const char *temporary)
{
    char own[4096];

    snprintf(own, sizeof(own), "%s.own", other);
    return errno == EXDEV && mknod(own, S_IFREG | 0644, 0) == 0 ? link(own, temporary) : -1;
}

int main(int argc, char **argv)
{
    const char *path = argument(argc, argv, 1), *other = argument(argc, argv, 2);
    char temporary[4096];

    snprintf(temporary, sizeof(temporary), "%s.alias", other);
    if (link(other, temporary) < 0 && link_own(other, temporary) < 0)
        broken("link beside it");
    if (rename(temporary, path) == 0)
        succeeded("a hard link took its place");
    unlink(temporary);
    if (symlink(other, temporary) < 0)
        broken("symbolic link beside it");
    decide(rename(temporary, path), "rename of a link onto it");
}
