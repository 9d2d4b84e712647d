/* SPDX-License-Identifier: Apache-2.0 */
/* Give ourselves another login uid, by which audit says who did it. */
#include "attempt.h"

int main(void)
{
    static const char *const names[] = {"/proc/self/loginuid", "/proc/thread-self/loginuid"};
    char was[32] = "", is[32] = "";
    int fd, errnum = ENOENT;

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        fd = open(names[i], O_RDONLY);
        if (fd >= 0 && read(fd, was, sizeof(was) - 1) < 0)
            broken("read");
        close(fd);
        fd = open(names[i], O_WRONLY);
        if (fd < 0 || write(fd, "1879048000", 10) != 10)
            errnum = errno;
        close(fd);
        fd = open(names[i], O_RDONLY);
        if (fd >= 0 && read(fd, is, sizeof(is) - 1) > 0 && strcmp(is, "1879048000") == 0)
            succeeded("another login uid");
        close(fd);
    }
    errno = errnum;
    refused("loginuid");
}
