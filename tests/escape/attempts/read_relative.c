/* SPDX-License-Identifier: Apache-2.0 */
/* Read relative to the working directory of the start, as a name and through /proc/self/cwd.
 * Arguments: name, marker. */
#include "attempt.h"

int main(int argc, char **argv)
{
    char path[4096];
    int fd = open(argument(argc, argv, 1), O_RDONLY);

    if (fd < 0) {
        snprintf(path, sizeof(path), "/proc/self/cwd/%s", argument(argc, argv, 1));
        fd = open(path, O_RDONLY);
    }
    if (fd < 0)
        refused("open of a relative name");
    if (descriptor_holds(fd, argument(argc, argv, 2)))
        succeeded("open of a relative name");
    refused_because("another object");
}
