/* SPDX-License-Identifier: Apache-2.0 */
/* Get round a rule about a name from a mount namespace and a root directory of one's own, where the mount that holds the
 * rule is not, or where the object has another name. Arguments: way, path, text (for ways that read). */
#include <sched.h>
#include <sys/mount.h>
#include <signal.h>

#include "attempt.h"
#include "namespaces.h"

/* A directory that is everywhere and that holds nothing of the test. */
#define STAGE "/dev/shm"

static char directory[4096], name[256];
static int held; /* `directory`, opened before */

static void enter(void)
{
    namespaces_enter(CLONE_NEWNS);
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        refused("making / private");
}

static const char *stage(void)
{
    if (mount("stage", STAGE, "tmpfs", 0, NULL) < 0)
        refused("tmpfs");
    if (mkdir(STAGE "/a", 0755) < 0 || mkdir(STAGE "/b", 0755) < 0 || mkdir(STAGE "/c", 0755) < 0)
        refused("mkdir in a tmpfs");
    return STAGE "/a";
}

/* Everything that was mounted is gone from this namespace. */
static void leave_tree(void)
{
    stage();
    if (chdir(STAGE) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
        refused("pivot_root");
    if (umount2(".", MNT_DETACH) < 0)
        refused("umount of the old root");
    if (chdir("/") < 0)
        refused("chdir");
}

static void decide_reading(int at, const char *path, const char *text)
{
    int fd = openat(at, path, O_RDONLY);

    if (fd < 0)
        refused("open");
    if (!descriptor_holds(fd, text))
        refused_because("what could be opened is empty");
    succeeded("read");
}

static void change(int at, const char *path)
{
    int fd = openat(at, path, O_WRONLY | O_CREAT | O_APPEND, 0755);

    if (fd < 0)
        refused("open for writing");
    decide(write(fd, "escaped\n", 8), "write");
}

static void by_descriptor(const char *way)
{
    leave_tree();
    if (strcmp(way, "unlink") == 0)
        decide(unlinkat(held, name, 0), "unlink");
    if (strcmp(way, "rename") == 0)
        decide(renameat(held, name, held, "renamed"), "rename");
    if (strcmp(way, "exchange") == 0) {
        if (mkdirat(held, "own", 0755) < 0)
            refused("mkdir");
        decide(syscall(SYS_renameat2, held, "own", held, name, 2 /* RENAME_EXCHANGE */), "exchange");
    }
    change(held, name);
}

static void by_bind(const char *way, const char *path)
{
    const char *there = stage();

    if (strcmp(way, "bind") == 0) {
        if (mount(directory, there, NULL, MS_BIND | MS_REC, NULL) < 0)
            refused("bind mount");
        held = open(there, O_PATH | O_DIRECTORY);
        change(held, name);
    }
    if (strcmp(way, "bind-root") == 0) {
        if (mount(directory, there, NULL, MS_BIND | MS_REC, NULL) < 0 || chroot(there) < 0 || chdir("/") < 0)
            refused("bind mount or chroot");
        change(AT_FDCWD, name);
    }
    close(open(STAGE "/file", O_WRONLY | O_CREAT, 0600));
    if (mount(path, STAGE "/file", NULL, MS_BIND, NULL) < 0)
        refused("bind mount of the file");
    change(AT_FDCWD, STAGE "/file");
}

static void by_overlay(void)
{
    char options[9000];

    stage();
    snprintf(options, sizeof(options), "lowerdir=" STAGE "/b,upperdir=%s,workdir=%s.work,userxattr", directory, directory);
    if (mount("overlay", STAGE "/a", "overlay", 0, options) < 0)
        refused("overlay");
    held = open(STAGE "/a", O_PATH | O_DIRECTORY);
    change(held, name);
}

static void unveil(const char *way, const char *path, const char *text)
{
    const char *there = stage();

    if (strcmp(way, "unmount") == 0 && umount2(path, MNT_DETACH) < 0)
        refused("umount");
    if (strcmp(way, "move") == 0 && mount(path, there, NULL, MS_MOVE, NULL) < 0)
        refused("move of the mount");
    if (strcmp(way, "non-recursive") == 0) {
        if (mount(directory, there, NULL, MS_BIND, NULL) < 0)
            refused("bind mount without what is below");
        held = open(there, O_PATH | O_DIRECTORY);
        decide_reading(held, name, text);
    }
    if (strcmp(way, "old-root") == 0) {
        if (chdir(STAGE) < 0 || mkdir("old", 0755) < 0 || syscall(SYS_pivot_root, ".", "old") < 0)
            refused("pivot_root");
        umount2("/old", MNT_DETACH);
        decide_reading(held, name, text);
    }
    decide_reading(AT_FDCWD, path, text);
}

static void remount(const char *path)
{
    stage();
    if (mount(NULL, path, NULL, MS_REMOUNT | MS_BIND, NULL) < 0)
        refused("remount for writing");
    change(AT_FDCWD, path);
}

/* The sandbox changes what it sees while a process outside of it acts through its root directory. */
static void by_root_of_child(const char *path)
{
    int ready[2];
    char child_path[4200], byte;
    pid_t child;

    if (pipe(ready) < 0)
        broken("pipe");
    child = fork();
    if (child == 0) {
        enter();
        stage();
        if (mount(directory, STAGE "/a", NULL, MS_BIND | MS_REC, NULL) < 0 || write(ready[1], "x", 1) < 0)
            _exit(1);
        pause();
        _exit(0);
    }
    close(ready[1]);
    if (read(ready[0], &byte, 1) != 1)
        refused("a sandbox of one's own");
    snprintf(child_path, sizeof(child_path), "/proc/%d/root" STAGE "/a/%s", (int)child, strrchr(path, '/') + 1);
    {
        int fd = open(child_path, O_WRONLY | O_CREAT | O_APPEND, 0755), reason = errno;

        kill(child, 9);
        errno = reason;
        if (fd < 0)
            refused("open through the root of another process");
        decide(write(fd, "escaped\n", 8), "write through the root of another process");
    }
}

int main(int argc, char **argv)
{
    const char *way = argument(argc, argv, 1), *path = argument(argc, argv, 2);
    const char *text = argc > 3 ? argv[3] : NULL, *last = strrchr(path, '/');

    if (!last || strlen(path) >= sizeof(directory) || strlen(last) > sizeof(name))
        broken("the path");
    memcpy(directory, path, (size_t)(last - path));
    strcpy(name, last + 1);
    held = open(directory, O_PATH | O_DIRECTORY);
    if (held < 0)
        broken("the directory");
    if (strcmp(way, "root-of-child") == 0)
        by_root_of_child(path);
    enter();
    if (text)
        unveil(way, path, text);
    if (strcmp(way, "overlay") == 0)
        by_overlay();
    if (strcmp(way, "remount") == 0)
        remount(path);
    if (strncmp(way, "bind", 4) == 0)
        by_bind(way, path);
    by_descriptor(way);
}
