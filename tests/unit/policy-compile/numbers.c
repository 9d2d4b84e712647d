/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file system whose directories list other inode numbers than its files have, as FUSE's do that
 * say nothing of them: key and a/alias are one file, number 2, and every name is listed with the
 * number that libfuse gives where it has none.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"

enum { ROOT = 1, KEY = 2, DIRECTORY = 3 };

static struct fixture f;

static struct fuse_attr attributes(uint64_t node)
{
    return (struct fuse_attr){.ino = node,
                              .mode = node == KEY ? S_IFREG | 0644 : S_IFDIR | 0755,
                              .nlink = 2,
                              .blksize = 4096};
}

static void answer(int fd, const struct fuse_in_header *in, int error, const void *data,
                   size_t size)
{
    char bytes[512];
    struct fuse_out_header out = {
        .len = (uint32_t)(sizeof(out) + size), .error = error, .unique = in->unique};

    memcpy(bytes, &out, sizeof(out));
    if (size)
        memcpy(bytes + sizeof(out), data, size);
    if (write(fd, bytes, sizeof(out) + size) < 0 && errno != ENOENT)
        _exit(1);
}

static uint64_t node_of(uint64_t directory, const char *name)
{
    if (directory == ROOT && strcmp(name, "key") == 0)
        return KEY;
    if (directory == ROOT && strcmp(name, "a") == 0)
        return DIRECTORY;
    return directory == DIRECTORY && strcmp(name, "alias") == 0 ? KEY : 0;
}

static size_t list(char *bytes, size_t used, const char *name, uint32_t type)
{
    struct fuse_dirent *entry = (void *)(bytes + used);

    *entry = (struct fuse_dirent){
        .ino = 0xffffffff, .off = used + 1, .namelen = (uint32_t)strlen(name), .type = type};
    memcpy(entry->name, name, entry->namelen);
    return used + FUSE_DIRENT_SIZE(entry);
}

static void answer_list(int fd, const struct fuse_in_header *in, const struct fuse_read_in *wanted)
{
    _Alignas(8) char bytes[256] = {0};
    size_t used = 0;

    if (wanted->offset == 0 && in->nodeid == ROOT) {
        used = list(bytes, used, "key", S_IFREG >> 12);
        used = list(bytes, used, "a", S_IFDIR >> 12);
    } else if (wanted->offset == 0) {
        used = list(bytes, used, "alias", S_IFREG >> 12);
    }
    answer(fd, in, 0, bytes, used);
}

static void serve_one(int fd, const struct fuse_in_header *in, const void *body)
{
    struct fuse_init_out init = {
        .major = FUSE_KERNEL_VERSION, .minor = 31, .max_readahead = 4096, .max_write = 4096};
    struct fuse_attr_out attribute = {.attr = attributes(in->nodeid)};
    struct fuse_open_out opened = {0};
    struct fuse_entry_out entry = {0};
    struct fuse_statfs_out fs = {.st = {.bsize = 4096, .namelen = 255}};

    if (in->opcode == FUSE_INIT)
        answer(fd, in, 0, &init, sizeof(init));
    else if (in->opcode == FUSE_GETATTR)
        answer(fd, in, 0, &attribute, sizeof(attribute));
    else if (in->opcode == FUSE_OPENDIR)
        answer(fd, in, 0, &opened, sizeof(opened));
    else if (in->opcode == FUSE_READDIR)
        answer_list(fd, in, body);
    else if (in->opcode == FUSE_STATFS)
        answer(fd, in, 0, &fs, sizeof(fs));
    else if (in->opcode == FUSE_RELEASEDIR)
        answer(fd, in, 0, NULL, 0);
    else if (in->opcode == FUSE_LOOKUP && (entry.nodeid = node_of(in->nodeid, body))) {
        entry.attr = attributes(entry.nodeid);
        answer(fd, in, 0, &entry, sizeof(entry));
    } else if (in->opcode != FUSE_FORGET && in->opcode != FUSE_BATCH_FORGET)
        answer(fd, in, in->opcode == FUSE_LOOKUP ? -ENOENT : -ENOSYS, NULL, 0);
}

/* Until it is unmounted. */
static void serve(int fd)
{
    static _Alignas(8) char request[1 << 16];

    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
    for (;;) {
        ssize_t length = read(fd, request, sizeof(request));

        if (length < 0 && errno == ENODEV)
            _exit(0);
        if (length >= (ssize_t)sizeof(struct fuse_in_header))
            serve_one(fd, (void *)request, request + sizeof(struct fuse_in_header));
    }
}

TEST(another_name_is_found_where_directories_list_other_numbers_than_files_have)
{
    char options[64];
    int fd, status;
    pid_t server;

    if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0)
        test_skip("root");
    check_int(mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL), 0);
    fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (fd < 0)
        test_skip("fuse");
    fixture_open(&f);
    f.facts.keeps_names = true;
    snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
    check_int(mount("none", full_path(&f, "ws"), "fuse", 0, options), 0);
    server = fork();
    if (server == 0)
        serve(fd);
    close(fd);
    accept_text(&f, "filesystem:\n  readwritePaths: [\"@/ws\"]\n  deniedPaths: [\"@/ws/key\"]\n");
    check_string(what_is_at(&f, "ws/key"), "mask");
    check_string(what_is_at(&f, "ws/a/alias"), "mask");
    check_int(umount2(full_path(&f, "ws"), 0), 0);
    check_int(waitpid(server, &status, 0), server);
    check(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    fixture_close(&f);
}
