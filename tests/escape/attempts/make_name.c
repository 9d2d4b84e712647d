/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Make a name that a rule keeps, by one of the many ways in which a name comes to be. The
 * directories above it are made first, as an agent does who makes a repository. Arguments: way,
 * path (of the shape PARENT/NAME; own files lie beside PARENT). What a way makes is a file or a
 * directory, as the name needs it: that is the caller's choice of way.
 */
#include <stddef.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "attempt.h"

static const char *path, *name;
static char parent[4096], beside[4096], own[4200], own_directory[4200];
static int parent_fd;

static int own_file(void)
{
    int fd = open(own, O_WRONLY | O_CREAT, 0644);

    if (fd < 0 || write(fd, "escaped\n", 8) != 8)
        broken("a file of our own");
    return fd;
}

static const char *directory_of_ours(void)
{
    char inside[4300];

    snprintf(inside, sizeof(inside), "%s/pre-commit", own_directory);
    if (mkdir(own_directory, 0755) < 0 && errno != EEXIST)
        broken("a directory of our own");
    close(open(inside, O_WRONLY | O_CREAT, 0755));
    return own_directory;
}

static long way_open(void)
{
    return open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
}
static long way_open_plain(void)
{
    return open(path, O_RDWR | O_CREAT, 0644);
}
static long way_creat(void)
{
    return creat(path, 0644);
}
static long way_openat(void)
{
    return openat(parent_fd, name, O_WRONLY | O_CREAT, 0644);
}
static long way_mknod(void)
{
    return mknod(path, S_IFREG | 0644, 0);
}
static long way_mkfifo(void)
{
    return mknodat(parent_fd, name, S_IFIFO | 0644, 0);
}
static long way_symlink(void)
{
    return symlink("/dev/null", path);
}
static long way_symlinkat(void)
{
    return symlinkat("../..", parent_fd, name);
}
static long way_mkdir(void)
{
    return mkdir(path, 0755);
}
static long way_mkdirat(void)
{
    return mkdirat(parent_fd, name, 0755);
}

static long way_openat2(void)
{
    struct {
        uint64_t flags, mode, resolve;
    } how = {.flags = O_WRONLY | O_CREAT, .mode = 0644};

    return syscall(SYS_openat2, parent_fd, name, &how, sizeof(how));
}

static long way_link(void)
{
    close(own_file());
    return link(own, path);
}

static long way_link_descriptor(void)
{
    char text[64];

    snprintf(text, sizeof(text), "/proc/self/fd/%d", own_file());
    return linkat(AT_FDCWD, text, parent_fd, name, AT_SYMLINK_FOLLOW);
}

static long way_tmpfile(void)
{
    char text[64];
    int fd = open(parent, O_TMPFILE | O_WRONLY, 0644);

    if (fd < 0)
        return fd;
    snprintf(text, sizeof(text), "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, text, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
}

static long way_rename(void)
{
    close(own_file());
    return rename(own, path);
}

static long way_whiteout(void)
{
    close(own_file());
    return syscall(SYS_renameat2, AT_FDCWD, own, AT_FDCWD, path, 4 /* RENAME_WHITEOUT */);
}

/* Where something else may stand under that name it is there already; else it is what is to be
 * made. */
static long way_exchange(void)
{
    close(own_file());
    close(open(path, O_WRONLY | O_CREAT, 0644));
    return syscall(SYS_renameat2, AT_FDCWD, own, AT_FDCWD, path, 2 /* RENAME_EXCHANGE */);
}

static long way_rename_directory(void)
{
    return renameat(AT_FDCWD, directory_of_ours(), parent_fd, name);
}

/* A whole parent, prepared elsewhere, comes under the name that makes its inside one that is kept.
 */
static long way_rename_parent(void)
{
    char inside[8500];

    if (rmdir(parent) < 0)
        broken("removal of the empty parent");
    directory_of_ours();
    snprintf(inside, sizeof(inside), "%s/%s", own_directory, name);
    if (mkdir(inside, 0755) < 0)
        broken("a directory of our own inside");
    return rename(own_directory, parent);
}

static long way_exchange_parent(void)
{
    char inside[8500];

    directory_of_ours();
    snprintf(inside, sizeof(inside), "%s/%s", own_directory, name);
    if (mkdir(inside, 0755) < 0)
        broken("a directory of our own inside");
    return syscall(SYS_renameat2, AT_FDCWD, own_directory, AT_FDCWD, parent,
                   2 /* RENAME_EXCHANGE */);
}

/* The parent is moved to a harmless name, filled there and moved back. */
static long way_ancestor_away(void)
{
    char inside[8500];

    if (rename(parent, own_directory) < 0)
        return -1;
    snprintf(inside, sizeof(inside), "%s/%s", own_directory, name);
    if (mkdir(inside, 0755) < 0)
        return -1;
    return rename(own_directory, parent);
}

/* The same with a descriptor that was opened while the directory had the harmless name. */
static long way_descriptor_before(void)
{
    int fd;

    if (rename(parent, own_directory) < 0)
        return -1;
    fd = open(own_directory, O_PATH | O_DIRECTORY);
    if (fd < 0 || rename(own_directory, parent) < 0)
        return -1;
    return mkdirat(fd, name, 0755);
}

static long way_relative(void)
{
    if (chdir(parent) < 0)
        broken("chdir to the parent");
    return mkdir(name, 0755);
}

static long way_dots(void)
{
    char text[9000];

    snprintf(text, sizeof(text), "%s/.././%s//%s/.", parent, strrchr(parent, '/') + 1, name);
    text[strlen(text) - 2] = '\0';
    return mkdir(text, 0755);
}

static long way_proc_descriptor(void)
{
    char text[8500];

    snprintf(text, sizeof(text), "/proc/self/fd/%d/%s", parent_fd, name);
    return mkdir(text, 0755);
}

static long way_proc_cwd(void)
{
    char text[8500];

    if (chdir(parent) < 0)
        broken("chdir to the parent");
    snprintf(text, sizeof(text), "/proc/thread-self/cwd/%s", name);
    return mkdir(text, 0755);
}

static long way_proc_root(void)
{
    char text[8500];

    snprintf(text, sizeof(text), "/proc/self/root/%s", path);
    return mkdir(text, 0755);
}

static long way_through_link(void)
{
    char text[9000];

    if (symlink(parent, own) < 0)
        broken("a link of our own");
    snprintf(text, sizeof(text), "%s/%s", own, name);
    return mkdir(text, 0755);
}

/* A link at the end leads to the name: opening creates what it points to. */
static long way_dangling_link(void)
{
    if (symlink(path, own) < 0)
        broken("a link of our own");
    return open(own, O_WRONLY | O_CREAT, 0644);
}

static long way_bind(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    if (fd < 0)
        return fd; /* who refuses the socket refuses its name */
    if (chdir(parent) < 0)
        broken("chdir to the parent");
    strncpy(address.sun_path, name, sizeof(address.sun_path) - 1);
    return bind(fd, (struct sockaddr *)&address, sizeof(address));
}

/* Another thread's working directory counts, not the first one's; here the child shares it. */
static long way_child(void)
{
    pid_t child;
    int status;

    if (chdir(parent) < 0)
        broken("chdir to the parent");
    child = vfork();
    if (child == 0)
        _exit(mkdir(name, 0755) < 0 ? errno : 0);
    if (child < 0 || waitpid(child, &status, 0) < 0)
        broken("vfork");
    errno = WEXITSTATUS(status);
    return errno ? -1 : 0;
}

/* As the last call of a process that nobody may look into. */
static long way_not_dumpable(void)
{
    if (syscall(SYS_prctl, 4 /* PR_SET_DUMPABLE */, 0, 0, 0, 0) < 0 ||
        syscall(SYS_prctl, 15 /* PR_SET_NAME */, "init", 0, 0, 0) < 0)
        broken("prctl");
    return mkdir(path, 0755);
}

/* Deeper than PATH_MAX: no single path names the place any more. */
static long way_deep(void)
{
    char component[201];

    memset(component, 'd', 200);
    component[200] = '\0';
    if (chdir(parent) < 0 || chdir("..") < 0)
        broken("chdir");
    for (int i = 0; i < 25; i++)
        if (mkdir(component, 0755) < 0 || chdir(component) < 0)
            refused("a directory deeper than PATH_MAX");
    if (mkdir(".git", 0755) < 0 || chdir(".git") < 0)
        refused(".git deeper than PATH_MAX");
    return mkdir("hooks", 0755);
}

/* Controls in a directory's name: whoever splits lines or terminates strings judges another name.
 */
static long way_odd_name(void)
{
    static const char *const names[] = {"a\n", "\033]0;x\007", "\\", " ", "-", "*", "\xff\xfe"};
    char text[8500];

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        snprintf(text, sizeof(text), "%s/%s", beside, names[i]);
        if (mkdir(text, 0755) < 0 || chdir(text) < 0 || mkdir(".git", 0755) < 0)
            broken("a directory with an odd name");
        if (mkdir(".git/hooks", 0755) == 0)
            return 0;
    }
    return -1;
}

static long way_case(void)
{
    char text[8500];
    size_t length = (size_t)snprintf(text, sizeof(text), "%s/%s", parent, name);

    for (size_t i = strlen(parent) + 1; i < length; i++)
        if (text[i] >= 'a' && text[i] <= 'z')
            text[i] -= 'a' - 'A';
    if (mkdir(text, 0755) < 0)
        return -1;
    if (access(path, F_OK) < 0)
        refused_because("letters of both cases are different names here");
    return 0;
}

static long way_io_uring(void)
{
    char parameters[120] = {0};

    /* That there is a ring at all is the way in: IORING_OP_MKDIRAT passes by every filter. */
    if (syscall(SYS_io_uring_setup, 4, parameters) < 0)
        return -1;
    return mkdir(path, 0755);
}

static const struct {
    const char *name;
    long (*make)(void);
} ways[] = {
    {"open", way_open},
    {"open_plain", way_open_plain},
    {"creat", way_creat},
    {"openat", way_openat},
    {"openat2", way_openat2},
    {"mknod", way_mknod},
    {"mkfifo", way_mkfifo},
    {"symlink", way_symlink},
    {"symlinkat", way_symlinkat},
    {"mkdir", way_mkdir},
    {"mkdirat", way_mkdirat},
    {"link", way_link},
    {"link_descriptor", way_link_descriptor},
    {"tmpfile", way_tmpfile},
    {"rename", way_rename},
    {"whiteout", way_whiteout},
    {"exchange", way_exchange},
    {"rename_directory", way_rename_directory},
    {"rename_parent", way_rename_parent},
    {"exchange_parent", way_exchange_parent},
    {"ancestor_away", way_ancestor_away},
    {"descriptor_before", way_descriptor_before},
    {"relative", way_relative},
    {"dots", way_dots},
    {"proc_descriptor", way_proc_descriptor},
    {"proc_cwd", way_proc_cwd},
    {"proc_root", way_proc_root},
    {"through_link", way_through_link},
    {"dangling_link", way_dangling_link},
    {"bind", way_bind},
    {"child", way_child},
    {"not_dumpable", way_not_dumpable},
    {"deep", way_deep},
    {"odd_name", way_odd_name},
    {"case", way_case},
    {"io_uring", way_io_uring},
};

static void make_parents(void)
{
    for (char *slash = strchr(parent + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(parent, 0755) < 0 && errno != EEXIST && access(parent, F_OK) < 0)
            broken("a directory above the name");
        *slash = '/';
    }
    if (mkdir(parent, 0755) < 0 && errno != EEXIST)
        broken("the name's directory");
}

int main(int argc, char **argv)
{
    const char *way = argument(argc, argv, 1);

    path = argument(argc, argv, 2);
    snprintf(parent, sizeof(parent), "%s", path);
    *strrchr(parent, '/') = '\0';
    name = path + strlen(parent) + 1;
    make_parents();
    snprintf(beside, sizeof(beside), "%s", parent);
    *strrchr(beside, '/') = '\0';
    snprintf(own, sizeof(own), "%s/own", beside);
    snprintf(own_directory, sizeof(own_directory), "%s/plain", beside);
    parent_fd = open(parent, O_PATH | O_DIRECTORY);
    if (parent_fd < 0)
        broken("open of the name's directory");
    for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
        if (strcmp(ways[i].name, way) == 0)
            decide(ways[i].make(), way);
    errno = EINVAL;
    broken("no such way");
}
