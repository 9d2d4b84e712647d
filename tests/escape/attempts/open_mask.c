/* SPDX-License-Identifier: Apache-2.0 */
/* Open a file, after changing the mode of what may cover it through the descriptors of process 1. Argument: path. */
#include "attempt.h"

#include <stdio.h>

int main(int argc, char **argv)
{
    static const char *const spellings[] = {"/proc/1", "/proc//1", "/proc/./1", "/proc/1/task/1"};
    static const char *const below[] = {"m/file", "m/directory"};
    const char *path = argument(argc, argv, 1);
    char name[128];

    for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++)
        for (int fd = 0; fd < 32; fd++)
            for (int j = 0; j < 2; j++) {
                snprintf(name, sizeof(name), "%s/fd/%d/%s", spellings[i], fd, below[j]);
                chmod(name, 0777);
            }
    decide(open(path, O_RDONLY), "open");
}
