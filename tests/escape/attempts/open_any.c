/* SPDX-License-Identifier: Apache-2.0 */
/* Open any of the paths. Arguments: kind (read, write or list), paths. Nothing is written. */
#include <dirent.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    const char *kind = argument(argc, argv, 1);
    int last_errno = ENOENT;

    for (int i = 2; i < argc; i++) {
        char byte;

        if (strcmp(kind, "list") == 0) {
            DIR *dir = opendir(argv[i]);
            int entries = 0;

            while (dir && readdir(dir))
                entries++;
            if (entries > 2)
                succeeded(argv[i]);
        } else {
            int fd = open(argv[i], (strcmp(kind, "write") == 0 ? O_WRONLY : O_RDONLY) | O_NONBLOCK);

            if (fd >= 0 && (strcmp(kind, "write") == 0 || read(fd, &byte, 1) == 1))
                succeeded(argv[i]);
        }
        if (errno)
            last_errno = errno;
    }
    errno = last_errno;
    refused("open");
}
