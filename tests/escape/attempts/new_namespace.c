/* SPDX-License-Identifier: Apache-2.0 */
/* Make a namespace. Arguments: call (unshare or clone3), namespaces (user, user+net, user+time,
 * user+mount, mount). */
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    const char *call = argument(argc, argv, 1), *which = argument(argc, argv, 2);
    unsigned long flags = 0;
    struct clone_args arguments = {.exit_signal = SIGCHLD};
    pid_t child;
    int status;

    if (strstr(which, "user"))
        flags |= CLONE_NEWUSER;
    if (strstr(which, "net"))
        flags |= CLONE_NEWNET;
    if (strstr(which, "time"))
        flags |= CLONE_NEWTIME;
    if (strstr(which, "mount"))
        flags |= CLONE_NEWNS;
    if (strstr(which, "cgroup"))
        flags |= CLONE_NEWCGROUP;
    if (strstr(which, "pid"))
        flags |= CLONE_NEWPID;
    if (strcmp(call, "unshare") == 0)
        decide(unshare((int)flags), "unshare");
    arguments.flags = flags;
    child = strcmp(call, "clone") == 0
                ? (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL)
                : (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));
    if (child < 0)
        refused(call);
    if (child == 0)
        _exit(0);
    if (waitpid(child, &status, 0) < 0)
        broken("waitpid");
    succeeded(call);
}
