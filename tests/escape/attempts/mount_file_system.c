/* SPDX-License-Identifier: Apache-2.0 */
/* Mount a file system on a directory of our own. Argument: type (tmpfs or proc). */
#include <sys/mount.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    if (mkdir("mounted", 0755) < 0 && errno != EEXIST)
        broken("mkdir");
    decide(mount("none", "mounted", argument(argc, argv, 1), 0, NULL), "mount");
}
