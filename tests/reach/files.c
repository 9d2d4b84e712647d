/* SPDX-License-Identifier: Apache-2.0 */
/* Devices that can be opened and files of /proc and /sys that can be opened for reading or writing.
 * Nothing is read or written. Watchdogs are left alone: opening one starts it. */
#include <dirent.h>
#include <sys/stat.h>

#include "reach.h"

#define DEPTH_MAX 8
#define PATH_SIZE 1024

static bool can_open(const char *path, int mode)
{
    int fd = open(path, mode | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static void try_file(const char *tree, const char *path)
{
    if (strcmp(tree, "dev") == 0) {
        if (!strstr(path, "watchdog"))
            reach_note("dev", path, can_open(path, O_RDONLY));
        return;
    }
    reach_note(strcmp(tree, "proc") == 0 ? "proc-read" : "sys-read", path,
               can_open(path, O_RDONLY));
    reach_note(strcmp(tree, "proc") == 0 ? "proc-write" : "sys-write", path,
               can_open(path, O_WRONLY));
}

/* Of processes only the caller's own, and of that neither threads nor what its descriptors lead to.
 */
static bool is_passed_over(const char *directory, const char *name, int depth)
{
    if (name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2])))
        return true;
    if (strcmp(directory, "/proc") == 0 && depth == 0)
        return (name[0] >= '0' && name[0] <= '9') || strcmp(name, "thread-self") == 0;
    if (strcmp(directory, "/proc/self") == 0)
        return strcmp(name, "task") == 0 || strcmp(name, "fd") == 0 ||
               strcmp(name, "map_files") == 0 || strcmp(name, "cwd") == 0 ||
               strcmp(name, "root") == 0;
    /* what debuggers of the kernel see is a world of its own */
    return strcmp(directory, "/sys/kernel") == 0 &&
           (strcmp(name, "debug") == 0 || strcmp(name, "tracing") == 0);
}

static void walk(const char *tree, const char *directory, int depth)
{
    DIR *dir = opendir(directory);
    struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        char path[PATH_SIZE];
        struct stat found;
        int flags;

        if (is_passed_over(directory, entry->d_name, depth) ||
            snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name) >= (int)sizeof(path))
            continue;
        flags = strcmp(path, "/proc/self") == 0 ? 0 : AT_SYMLINK_NOFOLLOW;
        if (fstatat(AT_FDCWD, path, &found, flags) < 0)
            continue;
        if (S_ISDIR(found.st_mode) && depth < DEPTH_MAX)
            walk(tree, path, depth + 1);
        else if (!S_ISDIR(found.st_mode) && !S_ISLNK(found.st_mode))
            try_file(tree, path);
    }
    if (dir)
        closedir(dir);
}

void reach_files(void)
{
    walk("dev", "/dev", 0);
    walk("proc", "/proc", 0);
    walk("sys", "/sys", 0);
}
