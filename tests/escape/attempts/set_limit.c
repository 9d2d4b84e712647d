/* SPDX-License-Identifier: Apache-2.0 */
/* Change the limit of core dumps, of which one value writes files and another starts a program of
 * the host. Argument: value. */
#include <sys/resource.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    rlim_t value = (rlim_t)number_argument(argc, argv, 1);
    struct rlimit limit = {value, value};

    decide(setrlimit(RLIMIT_CORE, &limit), "setrlimit of core dumps");
}
