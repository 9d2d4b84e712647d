/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation. Nothing in a kernel tells an ordinary user of a look-up that finds nothing. So the skeleton of the
 * container's root, and what lies over denied objects, is a file system of this process: granted trees are mounted on it as
 * they would be on any other, and who leaves them comes here. The thread answers as a file system with these few entries
 * would (ENOENT; the kernel judges their modes itself) and tells what was asked. It decides nothing: what it answers is
 * fixed before the program exists, and each entry is of mode 0755 and read-only, or of mode 000.
 *
 * The thread waits for nobody. It looks up no name but in /proc, so it never asks itself, and takes no lock of the keeper's:
 * the keeper may wait for it, it never waits for the keeper. What it cannot tell it counts. That something is not there is
 * kept by the kernel for a second, so what a program asks over and over costs nothing and is told once a second.
 *
 * It holds the file system's descriptor, one of /proc and the socket to the parent, and CAP_SYS_PTRACE in the container's own
 * user namespace, by which it reads what name a caller gave. Its death ends the container.
 */
#include "tier/process/init/void.h"

#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/mman.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <linux/stat.h>
#include <linux/time.h>
#include <linux/time_types.h>

#include "base/error.h"

#define FOREVER        (UINT64_MAX >> 1)
#define ABSENT_S       1 /* that something is not there is asked again */
#define REQUEST_BYTES  (FUSE_MIN_READ_BUFFER + 4096u)
#define MAX_WRITE      4096
#define ANSWER_BYTES   32768 /* the kernel asks for 4096 before 6.16 */
#define OFFSET_FIRST   (UINT64_MAX >> 2) /* behind "."; entries follow by falling number */
#define OFFSET_SECOND  (OFFSET_FIRST - 1)

enum state { VOID_BUILDING = 0, VOID_SETTLING, VOID_LIVE };

static struct {
    struct init *init;
    int fuse, mount;
    uint32_t state; /* enum state: SETTLING is process 1's to set, LIVE the thread's */
    int is_on;
    int64_t started_s;
    uint32_t mask_count;
    long home;     /* the node that an overlay lies on, -1 = none */
    int home_made; /* and what the program made there */
} the_void = {.fuse = -1, .mount = -1, .home = -1, .home_made = -1};

static union {
    struct fuse_in_header header;
    char bytes[REQUEST_BYTES];
} request __attribute__((aligned(8)));

static struct {
    struct fuse_out_header header;
    char body[ANSWER_BYTES];
} answer __attribute__((aligned(8)));

int void_is_on(void)
{
    return the_void.is_on;
}

static struct void_node *node_of(uint64_t nodeid)
{
    return nodeid && nodeid <= RECORD_VOID_NODES_MAX ? &void_nodes.nodes[nodeid - 1] : 0;
}

static int is_shut(const struct void_node *node)
{
    return !(node->mode & 0777);
}

/* Of a denied object the kernel asks each time, which is how it is seen. */
static uint64_t attributes_valid(const struct void_node *node)
{
    return is_shut(node) ? 0 : FOREVER;
}

static void attributes_fill(const struct void_node *node, struct fuse_attr *to)
{
    *to = (struct fuse_attr){
        .ino = (uint64_t)(node - void_nodes.nodes) + 1,
        .mode = node->mode,
        .nlink = 1, /* of a directory: nobody counts what is in it */
        .uid = the_void.init->begin.uid,
        .gid = the_void.init->begin.gid,
        .size = node->text ? string_length(node->text) : 0,
        .blksize = 4096,
        .atime = (uint64_t)the_void.started_s,
        .mtime = (uint64_t)the_void.started_s,
        .ctime = (uint64_t)the_void.started_s,
    };
}

static void entry_fill(const struct void_node *node, struct fuse_entry_out *to)
{
    *to = (struct fuse_entry_out){.nodeid = (uint64_t)(node - void_nodes.nodes) + 1,
                                  .entry_valid = FOREVER,
                                  .attr_valid = attributes_valid(node)};
    attributes_fill(node, &to->attr);
}

static void asked_tell(const struct void_node *node, const char *name)
{
    struct void_asked asked = {request.header.pid, (uint32_t)(node - void_nodes.nodes), name};

    if (the_void.state == VOID_LIVE)
        void_tell(&asked);
}

/*
 * Of a directory the overlay asks each layer. The upper one is no place that could ask back, as long as no link is followed: what
 * the program puts there may lead to a name of the void, by which the thread would wait for itself.
 */
static int is_made_above(const struct void_node *directory, const char *name)
{
    struct statx info;

    return directory - void_nodes.nodes == the_void.home &&
           sys_call5(statx, the_void.home_made, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_TYPE, &info) == 0;
}

static long answer_look_up(const struct void_node *directory, const char *name, size_t size)
{
    struct fuse_entry_out *entry = (struct fuse_entry_out *)answer.body;
    const char *end = memchr(name, '\0', size);
    long found;

    if (!end || end - name > VOID_NAME_MAX)
        return end ? -ENAMETOOLONG : -EINVAL;
    if (is_shut(directory)) { /* whoever has power over modes in a namespace of its own */
        asked_tell(directory, 0);
        return -EACCES;
    }
    found = nodes_child((uint32_t)(directory - void_nodes.nodes), name, (size_t)(end - name));
    if (found >= 0) {
        entry_fill(&void_nodes.nodes[found], entry);
        return sizeof(*entry);
    }
    if (the_void.state != VOID_LIVE)
        return -ENOENT;
    if (!is_made_above(directory, name))
        asked_tell(directory, name);
    *entry = (struct fuse_entry_out){.entry_valid = ABSENT_S};
    return sizeof(*entry);
}

static long answer_attributes(const struct void_node *node)
{
    struct fuse_attr_out *out = (struct fuse_attr_out *)answer.body;

    if (is_shut(node))
        asked_tell(node, 0);
    *out = (struct fuse_attr_out){.attr_valid = attributes_valid(node)};
    attributes_fill(node, &out->attr);
    return sizeof(*out);
}

/* 0 when there is no room. */
static size_t list_one(char *at, size_t room, int has_entry, const char *name, size_t length, uint64_t number, uint64_t offset)
{
    size_t before = has_entry ? offsetof(struct fuse_direntplus, dirent) : 0;
    size_t size = FUSE_DIRENT_ALIGN(before + FUSE_NAME_OFFSET + length);
    const struct void_node *node = offset < OFFSET_SECOND ? &void_nodes.nodes[number] : 0;
    struct fuse_dirent *entry = (struct fuse_dirent *)(void *)(at + before);

    if (size > room)
        return 0;
    memset(at, 0, size);
    if (has_entry && node)
        entry_fill(node, (struct fuse_entry_out *)(void *)at);
    *entry = (struct fuse_dirent){.ino = number + 1,
                                  .off = offset,
                                  .namelen = (uint32_t)length,
                                  .type = (node ? node->mode : S_IFDIR) >> 12};
    memcpy(entry->name, name, length);
    return size;
}

static long answer_list(const struct void_node *directory, int has_entries, size_t size)
{
    const struct fuse_read_in *asked = (const struct fuse_read_in *)(request.bytes + sizeof(request.header));
    size_t room = sizeof(answer.body), used = 0, put = 1;
    uint64_t offset = asked->offset;

    if (size < sizeof(*asked))
        return -EINVAL;
    if (is_shut(directory)) {
        asked_tell(directory, 0);
        return -EACCES;
    }
    room = asked->size < room ? asked->size : room;
    if (!offset) {
        used += put = list_one(answer.body, room, has_entries, ".", 1, (uint64_t)(directory - void_nodes.nodes), OFFSET_FIRST);
        offset = put ? OFFSET_FIRST : 0;
    }
    if (put && offset == OFFSET_FIRST) {
        used += put = list_one(answer.body + used, room - used, has_entries, "..", 2, directory->parent, OFFSET_SECOND);
        offset = OFFSET_SECOND;
    }
    for (uint32_t at = __atomic_load_n(&directory->child, __ATOMIC_ACQUIRE); put && at; at = void_nodes.nodes[at].next) {
        const struct void_node *node = &void_nodes.nodes[at];

        if (at >= offset)
            continue;
        used += put = list_one(answer.body + used, room - used, has_entries, void_nodes.names + node->name, node->length, at, at);
    }
    return (long)used;
}

static long answer_text(const struct void_node *node)
{
    size_t length;

    if (!node->text)
        return -EINVAL;
    length = string_length(node->text);
    if (length > sizeof(answer.body))
        return -ENAMETOOLONG;
    memcpy(answer.body, node->text, length);
    return (long)length;
}

static long answer_begin(void)
{
    const struct fuse_init_in *asked = (const struct fuse_init_in *)(request.bytes + sizeof(request.header));
    struct fuse_init_out *out = (struct fuse_init_out *)answer.body;

    *out = (struct fuse_init_out){.major = FUSE_KERNEL_VERSION,
                                  .minor = 31, /* 5.4: all that is used here */
                                  .flags = asked->flags & (FUSE_DO_READDIRPLUS | FUSE_NO_OPENDIR_SUPPORT | FUSE_CACHE_SYMLINKS |
                                                         FUSE_PARALLEL_DIROPS),
                                  .max_background = 12,
                                  .congestion_threshold = 9,
                                  .max_write = MAX_WRITE,
                                  .time_gran = 1};
    return sizeof(*out);
}

static long answer_size(void)
{
    struct fuse_statfs_out *out = (struct fuse_statfs_out *)answer.body;

    *out = (struct fuse_statfs_out){.st = {.bsize = 4096, .frsize = 4096, .namelen = VOID_NAME_MAX}};
    return sizeof(*out);
}

/* What came to be through this file system: bytes of answer.body, or negative errno. */
static long answer_make(const struct void_node *node, size_t size)
{
    const char *argument = request.bytes + sizeof(request.header);

    if (request.header.opcode == FUSE_INIT)
        return size < 16 ? -EINVAL : answer_begin();
    if (!node)
        return -ESTALE;
    switch (request.header.opcode) {
    case FUSE_LOOKUP:
        return answer_look_up(node, argument, size);
    case FUSE_GETATTR:
        return answer_attributes(node);
    case FUSE_READLINK:
        return answer_text(node);
    case FUSE_READDIR:
    case FUSE_READDIRPLUS:
        return answer_list(node, request.header.opcode == FUSE_READDIRPLUS, size);
    case FUSE_OPEN: /* ENOSYS would mean that it need not be asked */
        asked_tell(node, 0);
        return -EACCES;
    case FUSE_STATFS:
        return answer_size();
    default: /* the mounts are read-only, and there is nothing in it that could be opened */
        return -ENOSYS;
    }
}

static void thread_settle(void);

static void serve_one(long got)
{
    size_t size = (size_t)got - sizeof(request.header);
    long made, put;

    switch (request.header.opcode) {
    case FUSE_FORGET: /* nothing of it is ever given back */
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT: /* the answer is on its way */
        return;
    }
    if (__atomic_load_n(&the_void.state, __ATOMIC_ACQUIRE) == VOID_SETTLING && request.header.opcode == FUSE_STATFS)
        thread_settle();
    made = answer_make(node_of(request.header.nodeid), size);
    answer.header.unique = request.header.unique;
    answer.header.error = made < 0 ? (int32_t)made : 0;
    answer.header.len = (uint32_t)(sizeof(answer.header) + (made < 0 ? 0 : (size_t)made));
    put = sys_call3(write, the_void.fuse, &answer, answer.header.len);
    if (put < 0 && put != -ENOENT && put != -EINTR) /* -ENOENT: who asked is gone */
        sys_call1(exit_group, 125);
}

static void serve(void *unused) __attribute__((noreturn));
static void serve(void *unused)
{
    (void)unused;
    for (;;) {
        long got = sys_call3(read, the_void.fuse, request.bytes, sizeof(request.bytes));

        if (got >= (long)sizeof(request.header))
            serve_one(got);
        else if (got != -EINTR && got != -EAGAIN && got != -ENOENT) /* the file system is gone */
            sys_call1(exit_group, 125);
    }
}

/* Descriptors, working directory and rights of its own, and no more of them than it needs. */
static void thread_settle(void)
{
    struct init *init = the_void.init;
    long proc, control, made = the_void.home_made;

    init_need(init, sys_call1(unshare, CLONE_FILES | CLONE_FS), "separate", "thread of the void");
    proc = init_need(init, sys_call4(openat, AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_CLOEXEC, 0), "open", "/proc");
    proc = init_need(init, sys_call3(fcntl, proc, F_DUPFD_CLOEXEC, 7), "copy", "descriptor");
    control = init_need(init, sys_call3(fcntl, init->control, F_DUPFD_CLOEXEC, 7), "copy", "descriptor");
    the_void.fuse = (int)init_need(init, sys_call3(fcntl, the_void.fuse, F_DUPFD_CLOEXEC, 7), "copy", "descriptor");
    if (made >= 0)
        made = init_need(init, sys_call3(fcntl, made, F_DUPFD_CLOEXEC, 7), "copy", "descriptor");
    init_need(init, sys_call3(dup3, proc, 3, O_CLOEXEC), "copy", "descriptor");
    init_need(init, sys_call3(dup3, control, 4, O_CLOEXEC), "copy", "descriptor");
    init_need(init, sys_call3(dup3, the_void.fuse, 5, O_CLOEXEC), "copy", "descriptor");
    if (made >= 0)
        init_need(init, sys_call3(dup3, made, 6, O_CLOEXEC), "copy", "descriptor");
    rights_drop_for_void(init);
    init_need(init, sys_call3(close_range, 0, 2, 0), "close", "standard streams");
    init_need(init, sys_call3(close_range, made < 0 ? 6 : 7, ~0u, 0), "close", "descriptors");
    the_void.fuse = 5;
    the_void.home_made = made < 0 ? -1 : 6;
    void_tell_begin(init, 3, 4);
    __atomic_store_n(&the_void.state, VOID_LIVE, __ATOMIC_RELEASE);
}

/* Process 1's own descriptor of it is closed by the thread's start being over: only the thread answers. */
void void_settle(struct init *init)
{
    long numbers[16];
    int shared = the_void.fuse;

    if (!the_void.is_on)
        return;
    __atomic_store_n(&the_void.state, VOID_SETTLING, __ATOMIC_RELEASE);
    init_need(init, sys_call2(statfs, "/", numbers), "ask", "the void");
    if (__atomic_load_n(&the_void.state, __ATOMIC_ACQUIRE) != VOID_LIVE || numbers[0] != FUSE_SUPER_MAGIC)
        init_fail(init, "settle", "the void", ESTALE);
    sys_call1(close, shared);
}

static long mount_new(struct init *init, int fuse)
{
    char fd[24], uid[24], gid[24];
    const char *options[] = {"source", "void", "fd", fd, "rootmode", "40000", "user_id", uid, "group_id", gid,
                             "default_permissions", 0, "allow_other", 0, 0};

    string_append_number(fd, fd + sizeof(fd), (uint64_t)fuse);
    string_append_number(uid, uid + sizeof(uid), init->begin.uid);
    string_append_number(gid, gid + sizeof(gid), init->begin.gid);
    return tree_new_mount("fuse", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
}

int void_begin(struct init *init)
{
    struct __kernel_timespec now = {0};
    long fuse, mount;

    if (!(init->begin.flags & BEGIN_VOID))
        return -1;
    init->error_kind = ERROR_UNENFORCEABLE;
    fuse = init_need(init, sys_call4(openat, AT_FDCWD, "/dev/fuse", O_RDWR | O_CLOEXEC, 0), "open",
                     "/dev/fuse, which seeing what is hidden needs");
    mount = init_need(init, mount_new(init, (int)fuse), "mount",
                      "a file system of /dev/fuse, which seeing what is hidden needs");
    init->error_kind = ERROR_SYSTEM;
    sys_call2(clock_gettime, CLOCK_REALTIME, &now);
    the_void.init = init;
    the_void.fuse = (int)fuse;
    the_void.mount = (int)mount;
    the_void.started_s = now.tv_sec;
    the_void.is_on = 1;
    nodes_begin();
    second_prepare(init); /* the number of the thread that becomes the keeper is fixed: the first */
    thread_make(init, serve, CLONE_FILES | CLONE_FS, "thread of the void");
    return the_void.mount;
}

long void_make(const char *path, uint32_t mode, const char *text)
{
    const char *name;
    long parent = the_void.is_on ? nodes_parent(path, &name) : -ENOENT, made;

    if (parent < 0)
        return -ENOENT;
    if (!*name || nodes_child((uint32_t)parent, name, string_length(name)) >= 0)
        return -EEXIST;
    made = nodes_add((uint32_t)parent, name, string_length(name), mode, text);
    return made < 0 ? made : 0;
}

static long node_find(const char *path)
{
    const char *name;
    long parent = the_void.is_on ? nodes_parent(path, &name) : -ENOENT;

    return parent < 0 ? parent : nodes_child((uint32_t)parent, name, string_length(name));
}

int void_has(const char *path)
{
    return node_find(path) >= 0;
}

int void_open(struct init *init, int base, const char *path)
{
    char name[4200] not_initialised, *end = name + sizeof(name);

    string_append(string_append(name, end, "r"), end, path);
    return (int)init_need(init, sys_call4(openat, base, name, O_PATH | O_DIRECTORY | O_CLOEXEC, 0), "open", path);
}

int void_has_home(void)
{
    return the_void.home >= 0;
}

void void_set_home(const char *path, int upper)
{
    the_void.home = node_find(path);
    the_void.home_made = upper;
}

void void_cover(const char *path)
{
    long there = node_find(path);

    if (there >= 0)
        void_nodes.nodes[there].is_covered = 1;
}

static uint32_t entries_count(const char *entries, long size)
{
    uint32_t count = 0;

    for (long at = 0; at < size; count++)
        at += *(const uint16_t *)(const void *)(entries + at + 16); /* d_reclen */
    return count;
}

/* The kernel keeps what it heard, so nothing may be added to the directory afterwards. */
static void directory_list(struct init *init, int root, uint32_t node)
{
    char path[4200] not_initialised;
    static char entries[ANSWER_BYTES] __attribute__((aligned(8)));
    uint32_t left = void_nodes.nodes[node].child_count + 2; /* "." and ".." */
    long fd, got;

    path[0] = '.';
    nodes_path(node, path + 1, path + sizeof(path));
    if (!path[1])
        string_append(path, path + sizeof(path), ".");
    fd = init_need(init, sys_call4(openat, root, node == VOID_ROOT ? "." : path + 2, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0),
                   "open", path + 1);
    do
        got = init_need(init, sys_call3(getdents64, fd, entries, sizeof(entries)), "list", path + 1);
    while (got > 0 && (left -= entries_count(entries, got)));
    sys_call1(close, fd);
}

void void_list(struct init *init, int root)
{
    for (uint32_t i = VOID_ROOT; the_void.is_on && i < void_nodes.count; i++) {
        struct void_node *node = &void_nodes.nodes[i];

        if (node->is_listed || node->child_count < 2 || i == VOID_MASKS)
            continue;
        directory_list(init, root, i);
        node->is_listed = 1;
    }
}

/* Beyond these one is shared, and of what lies below it only the name tells that the caller gave. */
#define OWN_MASKS 256

void void_mask(struct init *init, const char *target, int is_directory, char name[24])
{
    int is_own = target && the_void.mask_count < OWN_MASKS;
    char *end = name + 24, *at = string_append(name, end, "m/");
    char *start = at;
    long made;

    if (is_own)
        at = string_append_number(at, end, the_void.mask_count++);
    else
        at = string_append(at, end, is_directory ? "directory" : "file");
    made = init_need(init, nodes_add(VOID_MASKS, start, (size_t)(at - start), is_directory ? S_IFDIR : S_IFREG, 0), "create", "mask");
    if (is_own)
        void_nodes.nodes[made].target = target;
}
