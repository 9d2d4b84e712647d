/* SPDX-License-Identifier: Apache-2.0 */
/* Use the file descriptor based mount calls. Argument: which call. */
#include <linux/mount.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    const char *call = argument(argc, argv, 1);
    struct mount_attr attributes = {.attr_clr = MOUNT_ATTR_RDONLY};
    int tree;

    if (strcmp(call, "fsopen") == 0)
        decide(syscall(SYS_fsopen, "tmpfs", 0), "fsopen");
    if (strcmp(call, "mount_setattr") == 0)
        decide(syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, &attributes, sizeof(attributes)),
               "mount_setattr");
    tree = (int)syscall(SYS_open_tree, AT_FDCWD, ".", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (tree < 0)
        refused("open_tree");
    if (mkdir("moved", 0755) < 0 && errno != EEXIST)
        broken("mkdir");
    decide(syscall(SYS_move_mount, tree, "", AT_FDCWD, "moved", MOVE_MOUNT_F_EMPTY_PATH),
           "move_mount");
}
