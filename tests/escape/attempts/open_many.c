/* SPDX-License-Identifier: Apache-2.0 */
/* Open 200 descriptors, where the policy allows fewer, raising the limit first. */
#include <sys/resource.h>

#include "attempt.h"

int main(void)
{
    struct rlimit limit = {.rlim_cur = 4096, .rlim_max = 4096};

    setrlimit(RLIMIT_NOFILE, &limit);
    for (int i = 0; i < 200; i++)
        if (dup(STDOUT_FILENO) < 0)
            refused("dup");
    succeeded("200 descriptors");
}
