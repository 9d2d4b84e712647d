/* SPDX-License-Identifier: Apache-2.0 */
/* Change priority, limits, affinity or scheduling of a process of the host. Argument: pid. */
#include <sched.h>
#include <sys/resource.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    pid_t pid = (pid_t)number_argument(argc, argv, 1);
    struct rlimit limit;
    cpu_set_t set;

    if (prlimit(pid, RLIMIT_CORE, NULL, &limit) == 0)
        succeeded("prlimit");
    if (sched_getaffinity(pid, sizeof(set), &set) == 0 &&
        sched_setaffinity(pid, sizeof(set), &set) == 0)
        succeeded("sched_setaffinity");
    if (setpriority(PRIO_PROCESS, (id_t)pid, 19) == 0)
        succeeded("setpriority");
    decide(getpgid(pid), "getpgid"); /* last: it only looks */
}
