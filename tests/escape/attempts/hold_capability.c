/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hold a capability in any set, after having asked to keep them over a change of user. Argument: all (bounding set too) or
 * effective.
 */
#include <linux/capability.h>
#include <sys/prctl.h>

#include "attempt.h"

/* Without /proc. */
__attribute__((noreturn)) static void ask_kernel(bool is_all)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];

    if (syscall(SYS_capget, &header, data) < 0)
        broken("capget");
    for (int i = 0; i < 2; i++)
        if (data[i].effective || data[i].permitted || data[i].inheritable)
            succeeded("a set is not empty");
    for (int i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++) {
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) > 0)
            succeeded("CapAmb is not empty");
        if (is_all && prctl(PR_CAPBSET_READ, i, 0, 0, 0) > 0)
            succeeded("CapBnd is not empty");
    }
    refused_because("all five sets are empty");
}

int main(int argc, char **argv)
{
    bool is_all = strcmp(argument(argc, argv, 1), "all") == 0;
    uid_t user = getuid();
    FILE *file;
    char line[256];

    /* what ping asks for; refused or not, there must be nothing to keep */
    (void)prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
    if (setresuid(user, user, user) < 0)
        broken("setresuid");
    file = fopen("/proc/self/status", "r");
    if (!file)
        ask_kernel(is_all);
    while (fgets(line, sizeof(line), file)) {
        unsigned long long set;
        char name[4];

        if (sscanf(line, "Cap%3[A-Za-z]:\t%llx", name, &set) == 2 && set != 0 &&
            (is_all || strcmp(name, "Bnd") != 0)) {
            snprintf(line, sizeof(line), "Cap%s is not empty", name);
            succeeded(line);
        }
    }
    refused_because("all five sets are empty");
}
