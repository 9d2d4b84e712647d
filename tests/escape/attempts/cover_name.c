/* SPDX-License-Identifier: Apache-2.0 */
/* A mount of one's own on a name hides from who judges it what the kernel then renames or removes. First from the sandbox
 * that has mounted it; where the kernel itself refuses that, from outside. Arguments: way (rename, exchange, unlink), what
 * to mount on (a file or a directory), the name, for a rename the other name. */
#include "sandbox.h"

static int act(const char *way, const char *name, const char *other)
{
    if (strcmp(way, "unlink") == 0)
        return unlink(name);
    return (int)syscall(SYS_renameat2, AT_FDCWD, name, AT_FDCWD, other, strcmp(way, "exchange") == 0 ? 2 /* RENAME_EXCHANGE */ : 0);
}

/* Something new of the same kind on it. */
static int cover(const char *path)
{
    struct stat st;

    if (stat(path, &st) < 0)
        broken("what is to be covered");
    if (S_ISDIR(st.st_mode))
        return mount("cover", path, "tmpfs", 0, NULL);
    close(open(SANDBOX_STAGE "/cover", O_WRONLY | O_CREAT, 0600));
    return mount(SANDBOX_STAGE "/cover", path, NULL, MS_BIND, NULL);
}

int main(int argc, char **argv)
{
    const char *way = argument(argc, argv, 1), *covered = argument(argc, argv, 2), *name = argument(argc, argv, 3);
    const char *other = strcmp(way, "unlink") == 0 ? NULL : argument(argc, argv, 4);
    int status = -1;
    pid_t child = fork();

    if (child == 0)
        _exit(sandbox_enter() < 0 || cover(covered) < 0 || act(way, name, other) < 0);
    if (child < 0 || waitpid(child, &status, 0) < 0)
        broken("fork");
    if (status == 0)
        succeeded("from within");
    decide(act(way, name, other), way);
}
