/* SPDX-License-Identifier: Apache-2.0 */
/* Give a program of one's own a bit of its mode, in each way there is. Arguments: path, bits in octal. */
#include "attempt.h"

static const char *path;
static mode_t mode;

static bool has_it(const char *name)
{
    struct stat st;

    return lstat(name, &st) == 0 && (st.st_mode & mode) == mode;
}

/* As open(), by the numbers of the kernel's interface: a C library may take another call. */
static void try_new(void)
{
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_CREAT | O_EXCL | O_WRONLY, mode);

    if (fd >= 0 && has_it(path))
        succeeded("openat");
    unlink(path);
    if (syscall(SYS_mknodat, AT_FDCWD, path, S_IFREG | mode, 0) == 0 && has_it(path))
        succeeded("mknodat");
    unlink(path);
}

static void try_old(void)
{
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0755);

    if (fd < 0)
        broken("make a file");
    if (fchmod(fd, mode) == 0 && has_it(path))
        succeeded("fchmod");
    if (syscall(SYS_fchmodat, AT_FDCWD, path, mode) == 0 && has_it(path))
        succeeded("fchmodat");
    if (syscall(452 /* fchmodat2 */, AT_FDCWD, path, mode, 0) == 0 && has_it(path))
        succeeded("fchmodat2");
}

int main(int argc, char **argv)
{
    path = argument(argc, argv, 1);
    mode = (mode_t)strtoul(argument(argc, argv, 2), NULL, 8);
    umask(0);
    try_new();
    try_old();
    decide(chmod(path, mode), "chmod");
}
