/* SPDX-License-Identifier: Apache-2.0 */
/* Have a person asked again and again. Arguments: directory, how many files in it; each is opened and, if it opens, asked about by us. */
#include "attempt.h"

int main(int argc, char **argv)
{
    long count = number_argument(argc, argv, 2), opened = 0;
    char path[4096];

    for (long i = 0; i < count; i++) {
        int fd;

        snprintf(path, sizeof(path), "%s/note%ld", argument(argc, argv, 1), i);
        fd = open(path, O_RDONLY);
        opened += fd >= 0;
        if (fd >= 0) {
            printf("cordon: question %ld, for 60 s:\nWhat allows is confirmed by Enter.\n> ", i);
            close(fd);
        }
    }
    fflush(stdout);
    if (opened == count)
        succeeded("all were opened");
    refused_because("they were not opened");
}
