/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that knows it is learned from, and wants what is shut: each way to `SECRET` is tried, and what came of it is a line
 * "WAY: read", or "WAY: ERRNO". Usage: adversary SECRET WAY
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_it(int fd)
{
    char text[64] = "";
    ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

    if (size < 0)
        return -errno;
    return strstr(text, "hidden") ? 0 : -ENODATA;
}

static int at(const char *prefix, const char *secret)
{
    char path[2 * PATH_MAX];

    snprintf(path, sizeof(path), "%s%s", prefix, secret);
    return read_it(open(path, O_RDONLY));
}

static int by_name(const char *secret)
{
    return at("", secret);
}

static int by_symlink(const char *secret)
{
    unlink("adversary-link");
    if (symlink(secret, "adversary-link") < 0)
        return -errno;
    return read_it(open("adversary-link", O_RDONLY));
}

static int by_hard_link(const char *secret)
{
    unlink("adversary-hard");
    if (link(secret, "adversary-hard") < 0)
        return -errno;
    return read_it(open("adversary-hard", O_RDONLY));
}

static int by_rename(const char *secret)
{
    if (rename(secret, "adversary-moved") < 0)
        return -errno;
    return read_it(open("adversary-moved", O_RDONLY));
}

/* The directory that it lies in takes another name, and takes the secret with it. */
static int by_directory(const char *secret)
{
    char *copy = strdup(secret), *directory = dirname(copy), *name = strdup(secret), path[PATH_MAX];

    if (rename(directory, "adversary-directory") < 0)
        return -errno;
    snprintf(path, sizeof(path), "adversary-directory/%s", basename(name));
    return read_it(open(path, O_RDONLY));
}

static int by_root(const char *secret)
{
    return at("/proc/self/root", secret);
}

static int by_first(const char *secret)
{
    return at("/proc/1/root", secret);
}

/* Opened as a reference only, then again by its descriptor. */
static int by_descriptor(const char *secret)
{
    char path[64];
    int fd = open(secret, O_PATH);

    if (fd < 0)
        return -errno;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return read_it(open(path, O_RDONLY));
}

static int by_dots(const char *secret)
{
    char path[2 * PATH_MAX] = "";

    for (int i = 0; i < 40; i++)
        strcat(path, "../");
    return at(path, secret + 1);
}

static int by_capitals(const char *secret)
{
    char path[PATH_MAX], *name;

    snprintf(path, sizeof(path), "%s", secret);
    name = strrchr(path, '/');
    chmod(path, 0666);
    for (; *name; name++)
        if (*name >= 'a' && *name <= 'z')
            *name -= 32;
    return read_it(open(path, O_RDONLY));
}

/* In a namespace of its own, so that nothing of it stays. */
static int by_bind(const char *secret)
{
    close(open("adversary-point", O_CREAT | O_WRONLY, 0600));
    if (unshare(CLONE_NEWNS | (geteuid() ? CLONE_NEWUSER : 0)) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount(secret, "adversary-point", NULL, MS_BIND, NULL) < 0)
        return -errno;
    return read_it(open("adversary-point", O_RDONLY));
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*go)(const char *secret);
    } ways[] = {{"name", by_name},   {"symlink", by_symlink},       {"root", by_root}, {"first", by_first},   {"descriptor", by_descriptor},
                {"dots", by_dots},   {"capitals", by_capitals},     {"bind", by_bind}, {"hard-link", by_hard_link},
                {"rename", by_rename}, {"directory", by_directory}};

    for (size_t i = 0; argc > 2 && i < sizeof(ways) / sizeof(ways[0]); i++) {
        int r;

        if (strcmp(argv[2], ways[i].name) != 0)
            continue;
        r = ways[i].go(argv[1]);
        printf("%s: %s\n", ways[i].name, r ? strerrorname_np(-r) : "read");
        return 0;
    }
    return 2;
}
