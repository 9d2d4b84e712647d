/* SPDX-License-Identifier: Apache-2.0 */
/* Mount a file system that a user namespace of one's own may mount, with every namespace that it may need. Arguments:
 * type, and `magic` to set the bits with which old programs mark the flags. */
#include <sched.h>
#include <sys/mount.h>

#include "attempt.h"

#define STAGE "/dev/shm"

static void write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);

    if (fd >= 0 && write(fd, text, strlen(text)) < 0)
        broken(path);
    if (fd >= 0)
        close(fd);
}

int main(int argc, char **argv)
{
    const char *type = argument(argc, argv, 1);
    unsigned long flags = argc > 2 ? MS_MGC_VAL : 0;
    unsigned uid = getuid(), gid = getgid();
    int status;
    char map[64];
    pid_t child;

    if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWCGROUP) < 0)
        refused("unshare");
    write_text("/proc/self/setgroups", "deny");
    snprintf(map, sizeof(map), "%u %u 1", uid, uid);
    write_text("/proc/self/uid_map", map);
    snprintf(map, sizeof(map), "%u %u 1", gid, gid);
    write_text("/proc/self/gid_map", map);
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
