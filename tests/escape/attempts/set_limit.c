/* SPDX-License-Identifier: Apache-2.0 */
/* Change the limit of core dumps, of which one value writes files and another starts a program of
 * the host. Argument: value. */
#include <sys/resource.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    rlim_t value = (rlim_t)number_argument(argc, argv, 1);
    struct rlimit limit = {value, value}, set;

    if (setrlimit(RLIMIT_CORE, &limit) < 0 || getrlimit(RLIMIT_CORE, &set) < 0)
        refused("setrlimit of core dumps");
    /* It may say that it did and mean the limit that there is. */
    if (set.rlim_cur != value)
        refused_because("the limit is what it was");
    succeeded("setrlimit of core dumps");
}
