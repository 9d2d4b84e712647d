/* SPDX-License-Identifier: Apache-2.0 */
/* Create something in a denied directory, or make it accessible first. Arguments: directory, name.
 */
#include "attempt.h"

int main(int argc, char **argv)
{
    char path[4096];
    int fd, errnum;

    snprintf(path, sizeof(path), "%s/%s", argument(argc, argv, 1), argument(argc, argv, 2));
    fd = open(path, O_WRONLY | O_CREAT, 0644);
    if (fd >= 0)
        succeeded("create");
    errnum = errno;
    if (chmod(argument(argc, argv, 1), 0777) == 0 && open(path, O_WRONLY | O_CREAT, 0644) >= 0)
        succeeded("chmod and create");
    errno = errnum;
    refused("create");
}
