/* SPDX-License-Identifier: Apache-2.0 */
/* Write to a kernel setting what it holds already. Arguments: paths; one that takes it is enough.
 */
#include "attempt.h"

int main(int argc, char **argv)
{
    int last_errno = ENOENT;

    for (int i = 1; i < argc; i++) {
        char value[512];
        int fd = open(argv[i], O_RDONLY);
        ssize_t length = fd < 0 ? -1 : read(fd, value, sizeof(value));

        fd = open(argv[i], O_WRONLY);
        if (fd < 0)
            last_errno = errno;
        else if (length < 0 || write(fd, value, (size_t)length) == length)
            succeeded(argv[i]);
        else
            last_errno = errno;
    }
    errno = last_errno;
    refused("write of a kernel setting");
}
