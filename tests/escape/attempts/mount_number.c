/* SPDX-License-Identifier: Apache-2.0 */
/* The number of a mount that is gone is given to the next one: have who looks at numbers take a bind mount of the
 * workspace for a mount that it knew before. Arguments: way, path; for "replaced" the file to create when ready and the
 * file that appears when the host has replaced `path`, which took away what was mounted on it. */
#include <sched.h>
#include <sys/mount.h>

#include "attempt.h"
#include "namespaces.h"

#define STAGE       "/dev/shm" /* everywhere, and nothing of the test is in it */
#define LINKS       36         /* of 40 that a walk follows: it takes as long as it can */
#define TRIES       6
#define MOUNTS_MORE 60

static char directory[4096], name[256];
static int held; /* `directory`, opened before */

static void enter(void)
{
    namespaces_enter(CLONE_NEWNS);
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("stage", STAGE, "tmpfs", 0, NULL) < 0)
        refused("mount");
    if (mkdir(STAGE "/old", 0755) < 0 || mkdir(STAGE "/new", 0755) < 0 || mkdir(STAGE "/d", 0755) < 0)
        refused("mkdir in a tmpfs");
}

/* Of the topmost mount there, -1 = none. */
static int number_of(const char *point)
{
    FILE *table = fopen("/proc/self/mountinfo", "r");
    char line[9000], at[4097];
    int number, found = -1;

    if (!table)
        refused("the table of mounts");
    while (fgets(line, sizeof(line), table))
        if (sscanf(line, "%d %*d %*s %*s %4096s", &number, at) == 2 && strcmp(at, point) == 0)
            found = number;
    fclose(table);
    return found;
}

/* Bind mounts of the directory on top of each other, until one has the number. */
static bool take_number(int number)
{
    for (int i = 0; i < MOUNTS_MORE; i++)
        if (mount(directory, STAGE "/new", NULL, MS_BIND | MS_REC, NULL) < 0)
            refused("bind mount");
        else if (number_of(STAGE "/new") == number)
            return true;
    return false;
}

static void change(int fd)
{
    decide(write(fd, "escaped\n", 8), "write");
}

/* What was opened before the workspace was mounted there lies in the sandbox's own tmpfs and proves nothing. */
static bool is_in_workspace(int fd)
{
    struct stat opened, workspace;

    return fstat(fd, &opened) == 0 && fstat(held, &workspace) == 0 && opened.st_dev == workspace.st_dev;
}

static void change_there(void)
{
    char there[400];
    int fd;

    snprintf(there, sizeof(there), STAGE "/new/%s", name);
    fd = open(there, O_WRONLY | O_CREAT | O_APPEND, 0755);
    if (fd < 0)
        refused("open");
    if (!is_in_workspace(fd))
        refused_because("the workspace could not be mounted");
    change(fd);
}

static void make_long_way(void)
{
    char text[4096], link[64];

    for (int i = 1; i <= LINKS; i++) {
        size_t length = 0;

        while (length < 3900) {
            memcpy(text + length, "d/../", 5);
            length += 5;
        }
        if (i < LINKS)
            snprintf(text + length, sizeof(text) - length, "way%d", i + 1);
        else
            snprintf(text + length, sizeof(text) - length, ".");
        snprintf(link, sizeof(link), STAGE "/way%d", i);
        if (symlink(text, link) < 0)
            refused("symlink in a tmpfs");
    }
}

/* The path leads through a mount that is gone before its end is reached. */
static int open_while_walking(void)
{
    char text[400];
    pid_t child;
    int fd, number;

    if (mount("old", STAGE "/old", "tmpfs", 0, NULL) < 0)
        refused("tmpfs");
    snprintf(text, sizeof(text), STAGE "/way1/new/%s", name);
    if (symlink(text, STAGE "/old/link") < 0)
        refused("symlink in a tmpfs");
    number = number_of(STAGE "/old");
    child = fork();
    if (child == 0) {
        pause_ms(10);
        umount2(STAGE "/old", MNT_DETACH);
        _exit(!take_number(number));
    }
    fd = open(STAGE "/old/link", O_WRONLY | O_CREAT | O_APPEND, 0755);
    if (child < 0 || waitpid(child, NULL, 0) < 0)
        broken("fork");
    return fd;
}

/* Who walks too fast for that finds nothing but the directory that was mounted in the end. */
static void while_walking(void)
{
    int fd;

    enter();
    make_long_way();
    for (int i = 0; i < TRIES; i++) {
        fd = open_while_walking();
        if (fd >= 0 && is_in_workspace(fd))
            change(fd);
        close(fd);
        if (i + 1 == TRIES)
            break;
        umount2(STAGE "/old", MNT_DETACH);
        while (umount2(STAGE "/new", MNT_DETACH) == 0)
            ;
    }
    change_there();
}

/* The container's own mount of the file is gone; its number was another's meanwhile where others mount at the same time. */
static void replaced(const char *path, const char *ready, const char *when)
{
    int number = number_of(path);

    if (mknod(ready, S_IFREG | 0644, 0) < 0)
        broken("ready file");
    if (!wait_for_path(when, ATTEMPT_DEADLINE_MS)) {
        errno = ETIMEDOUT;
        broken("the host did not replace the file");
    }
    enter();
    take_number(number);
    change_there();
}

int main(int argc, char **argv)
{
    const char *way = argument(argc, argv, 1), *path = argument(argc, argv, 2), *last = strrchr(path, '/');

    if (!last || strlen(path) >= sizeof(directory) || strlen(last) > sizeof(name))
        broken("the path");
    memcpy(directory, path, (size_t)(last - path));
    strcpy(name, last + 1);
    held = open(directory, O_PATH | O_DIRECTORY);
    if (held < 0)
        broken("the directory");
    if (strcmp(way, "replaced") == 0)
        replaced(path, argument(argc, argv, 3), argument(argc, argv, 4));
    while_walking();
}
