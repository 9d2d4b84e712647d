/* SPDX-License-Identifier: Apache-2.0 */
/* Mount a file system that a user namespace of one's own may mount, with every namespace that it may need. Arguments:
 * type, and `magic` to set the bits with which old programs mark the flags. */
#include <sched.h>
#include <sys/mount.h>

#include "attempt.h"
#include "namespaces.h"

#define STAGE "/dev/shm"

int main(int argc, char **argv)
{
    const char *type = argument(argc, argv, 1);
    unsigned long flags = argc > 2 ? MS_MGC_VAL : 0;
    int status;
    pid_t child;

    namespaces_enter(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWCGROUP);
    child = fork(); /* into the new process namespace, of which a procfs is */
    if (child == 0) {
        if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
            refused("making / private");
        decide(mount("none", STAGE, type, flags, NULL), "mount");
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        broken("child");
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : ATTEMPT_BROKEN);
}
