/* SPDX-License-Identifier: Apache-2.0 */
/* Look up, list or change something of the host through the parent of the root directory.
 * Argument: path of a directory of the host. */
#include <dirent.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    static const char *const prefixes[] = {"/..", "/../..", "/dev/../..", "/proc/self/root/..",
                                           "/tmp/../.."};
    const char *path = argument(argc, argv, 1);

    for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
        char name[8192];
        struct stat st;

        snprintf(name, sizeof(name), "%s%s", prefixes[i], path);
        if (chmod(name, 0700) == 0)
            succeeded("chmod through the parent of the root");
        if (opendir(name))
            succeeded("listing through the parent of the root");
        if (stat(name, &st) == 0)
            succeeded("look-up through the parent of the root");
    }
    refused("look-up through the parent of the root");
}
