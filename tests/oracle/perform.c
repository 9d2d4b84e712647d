/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Performs a list of file operations, one a line of standard input, fields separated by tabs, and prints one
 * line for each: the errno (0 = done), a tab, what was seen. It runs inside a container in which nothing else
 * need exist, so it is linked statically. Nothing is retried and no operation stops the list. With the argument
 * `apart` each operation is a process of its own, whose number is what was seen.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define MARK "user.oracle"

enum { FIELDS_MAX = 4, SEEN_MAX = 16384, DATA_MAX = 4096 };

static char seen[SEEN_MAX];
static bool is_apart;
static pid_t performer; /* the process that did what is asked for */

/* Content and names go out in hexadecimal: neither can then be taken for the list's own syntax. */
static void see_bytes(const unsigned char *bytes, size_t count)
{
    size_t length = strlen(seen);

    for (size_t i = 0; i < count && length + 3 < SEEN_MAX; i++, length += 2)
        sprintf(seen + length, "%02x", bytes[i]);
}

static int do_read(char **field)
{
    unsigned char data[DATA_MAX];
    ssize_t count;
    int fd = open(field[1], O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return -1;
    count = read(fd, data, sizeof(data));
    if (count >= 0)
        see_bytes(data, (size_t)count);
    close(fd);
    return count < 0 ? -1 : 0;
}

static int do_list(char **field)
{
    DIR *directory = opendir(field[1]);
    const struct dirent *entry;

    if (!directory)
        return -1;
    for (errno = 0; (entry = readdir(directory)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        see_bytes((const unsigned char *)entry->d_name, strlen(entry->d_name));
        strncat(seen, "/", SEEN_MAX - strlen(seen) - 1);
    }
    closedir(directory);
    return errno ? -1 : 0;
}

static int do_stat(char **field)
{
    struct stat status;
    char type;

    if (lstat(field[1], &status) < 0)
        return -1;
    type = S_ISDIR(status.st_mode) ? 'd' : S_ISREG(status.st_mode) ? 'f' : S_ISLNK(status.st_mode) ? 'l' : '?';
    snprintf(seen, sizeof(seen), "%c %lld %lld %s", type, (long long)status.st_size, (long long)status.st_mtime,
             status.st_uid == geteuid() && status.st_gid == getegid() ? "self" : "other");
    return 0;
}

static int do_readlink(char **field)
{
    char target[DATA_MAX];
    ssize_t count = readlink(field[1], target, sizeof(target));

    if (count < 0)
        return -1;
    see_bytes((const unsigned char *)target, (size_t)count);
    return 0;
}

/* Opens, writes the text where the flags say, closes. */
static int put(const char *path, int flags, const char *text)
{
    size_t length = strlen(text);
    int fd = open(path, flags | O_CLOEXEC, 0644);
    int r;

    if (fd < 0)
        return -1;
    r = length == 0 || write(fd, text, length) == (ssize_t)length ? 0 : -1;
    if (close(fd) < 0)
        r = -1;
    return r;
}

static int do_write(char **field) { return put(field[1], O_WRONLY, field[2]); }
static int do_append(char **field) { return put(field[1], O_WRONLY | O_APPEND, field[2]); }
static int do_open_truncate(char **field) { return put(field[1], O_WRONLY | O_TRUNC, field[2]); }
static int do_create(char **field) { return put(field[1], O_WRONLY | O_CREAT | O_EXCL, field[2]); }
static int do_open_create(char **field) { return put(field[1], O_RDWR | O_CREAT, field[2]); }
static int do_truncate(char **field) { return truncate(field[1], atoi(field[2])); }
static int do_mkdir(char **field) { return mkdir(field[1], 0755); }
static int do_unlink(char **field) { return unlink(field[1]); }
static int do_rmdir(char **field) { return rmdir(field[1]); }
static int do_rename(char **field) { return rename(field[1], field[2]); }
static int do_link(char **field) { return link(field[1], field[2]); }
static int do_symlink(char **field) { return symlink(field[1], field[2]); }
static int do_chmod(char **field) { return chmod(field[1], (mode_t)strtoul(field[2], NULL, 8)); }

static int do_utime(char **field)
{
    struct timespec times[2] = {{.tv_sec = atoll(field[2])}, {.tv_sec = atoll(field[2])}};

    return utimensat(AT_FDCWD, field[1], times, 0);
}

static int do_chown(char **field)
{
    uid_t owner = strcmp(field[2], "self") == 0 ? geteuid() : geteuid() + 4321;

    return chown(field[1], owner, getegid());
}

static int do_get_mark(char **field)
{
    char value[DATA_MAX];
    ssize_t count = getxattr(field[1], MARK, value, sizeof(value));

    if (count < 0)
        return -1;
    see_bytes((const unsigned char *)value, (size_t)count);
    return 0;
}

static int do_set_mark(char **field) { return setxattr(field[1], MARK, field[2], strlen(field[2]), 0); }
static int do_drop_mark(char **field) { return removexattr(field[1], MARK); }

static int do_rename_new(char **field)
{
    return renameat2(AT_FDCWD, field[1], AT_FDCWD, field[2], RENAME_NOREPLACE);
}

static int do_exchange(char **field)
{
    return renameat2(AT_FDCWD, field[1], AT_FDCWD, field[2], RENAME_EXCHANGE);
}

/* A nameless file in one directory, given a name through /proc. */
static int do_tmpfile(char **field)
{
    char link_name[64];
    size_t length = strlen(field[3]);
    int fd = open(field[1], O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644);
    int r = -1;

    if (fd < 0)
        return -1;
    snprintf(link_name, sizeof(link_name), "/proc/self/fd/%d", fd);
    if (write(fd, field[3], length) == (ssize_t)length)
        r = linkat(AT_FDCWD, link_name, AT_FDCWD, field[2], AT_SYMLINK_FOLLOW);
    else
        errno = EIO;
    length = (size_t)errno;
    close(fd);
    errno = (int)length;
    return r;
}

/* Changes the first byte through a shared mapping. */
static int do_mmap(char **field)
{
    struct stat status;
    char *bytes;
    int fd = open(field[1], O_RDWR | O_CLOEXEC);
    int r = -1;

    if (fd < 0)
        return -1;
    if (fstat(fd, &status) == 0 && status.st_size == 0) {
        errno = ENODATA;
    } else {
        bytes = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (bytes != MAP_FAILED) {
            bytes[0] = field[2][0];
            r = munmap(bytes, 1);
        }
    }
    close(fd);
    return r;
}

/* That it may be executed is what counts, not whether it is a program. */
static int do_execute(char **field)
{
    static volatile int failed;
    char *arguments[] = {field[1], NULL};
    pid_t pid;

    failed = 0;
    pid = vfork();
    if (pid == 0) {
        execv(field[1], arguments);
        failed = errno;
        _exit(127);
    }
    if (pid < 0 || waitpid(pid, NULL, 0) < 0)
        return -1;
    performer = pid;
    errno = failed;
    return failed && failed != ENOEXEC ? -1 : 0;
}

static const struct operation {
    const char *name;
    int fields;
    int (*perform)(char **field);
} operations[] = {
    {"read", 2, do_read},           {"list", 2, do_list},
    {"stat", 2, do_stat},           {"readlink", 2, do_readlink},
    {"write", 3, do_write},         {"append", 3, do_append},
    {"opentrunc", 3, do_open_truncate}, {"truncate", 3, do_truncate},
    {"create", 3, do_create},       {"opencreate", 3, do_open_create},
    {"mkdir", 2, do_mkdir},         {"unlink", 2, do_unlink},
    {"rmdir", 2, do_rmdir},         {"rename", 3, do_rename},
    {"renamenew", 3, do_rename_new}, {"exchange", 3, do_exchange},
    {"link", 3, do_link},           {"symlink", 3, do_symlink},
    {"chmod", 3, do_chmod},         {"tmpfile", 4, do_tmpfile},
    {"mmap", 3, do_mmap},           {"utime", 3, do_utime},
    {"chown", 3, do_chown},         {"getmark", 2, do_get_mark},
    {"setmark", 3, do_set_mark},    {"dropmark", 2, do_drop_mark},
    {"execute", 2, do_execute},
};

static int perform_line(char *line)
{
    char *field[FIELDS_MAX] = {line};
    int count = 1;

    line[strcspn(line, "\n")] = '\0';
    for (char *tab = strchr(line, '\t'); tab && count < FIELDS_MAX; tab = strchr(tab + 1, '\t')) {
        *tab = '\0';
        field[count++] = tab + 1;
    }
    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
        if (strcmp(operations[i].name, field[0]) != 0 || operations[i].fields != count)
            continue;
        seen[0] = '\0';
        performer = getpid();
        errno = 0;
        printf("%d\t", operations[i].perform(field) < 0 ? errno : 0);
        if (is_apart)
            snprintf(seen, sizeof(seen), "%d", (int)performer);
        puts(seen);
        return 0;
    }
    fprintf(stderr, "perform: unknown operation '%s' with %d fields\n", field[0], count);
    return -1;
}

static int perform_apart(char *line)
{
    int status;
    pid_t pid = fork();

    if (pid == 0)
        _exit(perform_line(line) < 0 || fflush(stdout) != 0);
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
    char line[DATA_MAX];

    is_apart = argc > 1 && strcmp(argv[1], "apart") == 0;
    umask(0);
    while (fgets(line, sizeof(line), stdin))
        if ((is_apart ? perform_apart(line) : perform_line(line)) < 0)
            return 64;
    return fflush(stdout) == 0 ? 0 : 65;
}
