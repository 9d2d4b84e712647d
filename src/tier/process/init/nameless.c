/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that was replaced outside since the container around began: there it is seen to the end, but no mount can be made of
 * what has no name any more (fs/namespace.c, get_mountpoint(): ENOENT). A container inside that may read it gets what it says.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/stat.h>

#include "tier/process/init/init.h"
#include "tier/process/init/own.h"

#define NAMELESS_BYTES_MAX (1 << 20)

/* What may not be read is a file that says nothing and may not be read. */
static void copy(struct init *init, int from, int to, const char *name)
{
    char bytes[4096];
    long size, total = 0;

    while ((size = init_need(init, sys_call3(read, from, bytes, sizeof(bytes)), "read", name)) > 0) {
        total += size;
        if (total > NAMELESS_BYTES_MAX)
            init_fail(init, "mount (it was replaced outside meanwhile, and is too large to be copied)", name, EFBIG);
        own_write(init, to, bytes, (size_t)size, name);
    }
}

int nameless_open(struct init *init, int source_fd, const char *source, const struct record_mount *mount, uint64_t attributes)
{
    struct statx info;
    char name[OWN_NAME_SIZE];
    long from, to;

    init_need(init, sys_call5(statx, source_fd, "", AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, STATX_TYPE | STATX_MODE, &info), "stat", source);
    if ((info.stx_mode & S_IFMT) != S_IFREG)
        return -1;
    if (mount->flags & (RECORD_WRITABLE | RECORD_REVIEWED))
        init_fail(init, "mount (it was replaced outside meanwhile, and is granted for writing: start the container around anew)", source, ESTALE);
    from = source_open(init, source, O_RDONLY | O_NONBLOCK);
    if (from < 0 && from != -EACCES)
        init_need(init, from, "open", source);
    if (from >= 0)
        object_check(init, (int)from, mount, source);
    own_name(name);
    to = init_need(init, sys_call4(openat, own_base(), name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, from < 0 ? 0 : info.stx_mode & 0555), "create", source);
    if (from >= 0) {
        copy(init, (int)from, (int)to, source);
        sys_call1(close, (int)from);
    }
    sys_call1(close, (int)to);
    return (int)init_need(init, tree_clone(own_base(), name, attributes, 0), "open", source);
}
