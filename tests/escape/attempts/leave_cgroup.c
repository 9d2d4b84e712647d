/* SPDX-License-Identifier: Apache-2.0 */
/* Move ourselves to the root of a control group hierarchy, out of any limit. */
#include <glob.h>

#include "attempt.h"

int main(void)
{
    static const char *const patterns[] = {"/sys/fs/cgroup/cgroup.procs",
                                           "/sys/fs/cgroup/*/cgroup.procs"};
    int last_errno = ENOENT;

    for (size_t p = 0; p < sizeof(patterns) / sizeof(*patterns); p++) {
        glob_t found;

        if (glob(patterns[p], 0, NULL, &found) != 0)
            continue;
        for (size_t i = 0; i < found.gl_pathc; i++) {
            int fd = open(found.gl_pathv[i], O_WRONLY);

            if (fd >= 0 && write(fd, "0", 1) == 1)
                succeeded("cgroup.procs");
            last_errno = errno;
        }
    }
    errno = last_errno;
    refused("write to cgroup.procs");
}
