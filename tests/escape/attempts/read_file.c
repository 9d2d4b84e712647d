/* SPDX-License-Identifier: Apache-2.0 */
/* Read a file and find the marker that the host put into it. Arguments: path, marker. */
#include "attempt.h"

int main(int argc, char **argv)
{
    int fd = open(argument(argc, argv, 1), O_RDONLY | O_NONBLOCK);

    if (fd < 0)
        refused("open");
    if (descriptor_holds(fd, argument(argc, argv, 2)))
        succeeded("the content was read");
    refused_because("open: another object than the host's");
}
