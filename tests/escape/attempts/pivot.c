/* SPDX-License-Identifier: Apache-2.0 */
/* Exchange the root directory. */
#include <sys/mount.h>

#include "attempt.h"

int main(void)
{
    if (mkdir("pivot", 0755) < 0 && errno != EEXIST)
        broken("mkdir");
    if (mount("pivot", "pivot", NULL, MS_BIND, NULL) < 0)
        refused("bind mount of the new root");
    if (mkdir("pivot/old", 0755) < 0)
        broken("mkdir in the new root");
    decide(syscall(SYS_pivot_root, "pivot", "pivot/old"), "pivot_root");
}
