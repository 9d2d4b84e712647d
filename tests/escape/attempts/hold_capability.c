/* SPDX-License-Identifier: Apache-2.0 */
/* Hold a capability in any set. Argument: all (bounding set too) or effective. */
#include "attempt.h"

int main(int argc, char **argv)
{
    bool is_all = strcmp(argument(argc, argv, 1), "all") == 0;
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];

    if (!file)
        broken("open of /proc/self/status");
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
