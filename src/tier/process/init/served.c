/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directory that the program reads and its keeper has written: a small tmpfs of its own, so that what the program fills is not what this needs. What
 * it is seen through is read-only; process 1 keeps another way to it, for which there is no name. A file is replaced as a whole.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/stat.h>

#include "policy/plan.h"
#include "tier/process/init/own.h"

#define MODE_OF_FILES 0444
#define PART_SIZE     4096

static const char *const names[PLAN_SERVED_COUNT] = {
    [PLAN_SERVED_SVID] = "svid.pem",
    [PLAN_SERVED_BUNDLE] = "bundle.pem",
    [PLAN_SERVED_KEYS] = "jwks.json",
};

static int directory = -1;

int served_open(struct init *init, const char *target)
{
    const char *options[] = {"mode", "0755", "size", "1m", "nr_inodes", "32", 0};

    return (int)init_need(init, tree_new_mount("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC), "mount", target);
}

/* It is mounted now: before 6.15 nothing else can be copied. */
void served_keep(struct init *init, int fd, const char *target)
{
    directory = (int)init_need(init, tree_clone(fd, "", 0, 0), "open", target);
}

/* Bytes of the parent's, which it does not change any more. */
static long copy(int from, int to)
{
    char part[PART_SIZE];
    size_t total = 0;

    for (;;) {
        long size = sys_call4(pread64, from, part, sizeof(part), total), done = 0;

        if (size <= 0)
            return size;
        total += (size_t)size;
        if (total > RECORD_SERVED_MAX)
            return -EFBIG;
        while (done < size) {
            long written = sys_call3(write, to, part + done, size - done);

            if (written <= 0)
                return written ? written : -EIO;
            done += written;
        }
    }
}

/* Where it fails, what was there stays; what a program did to this process's limits is its own loss. */
int served_write(const struct message *order, const int *fds, size_t fd_count)
{
    static const char new[] = ".new";
    long fd, status;

    if (directory < 0 || fd_count != 1 || order->program >= PLAN_SERVED_COUNT)
        return 0;
    fd = sys_call4(openat, directory, new, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, MODE_OF_FILES);
    status = fd < 0 ? fd : copy(fds[0], (int)fd);
    if (status >= 0)
        status = sys_call2(fchmod, fd, MODE_OF_FILES);
    if (fd >= 0)
        sys_call1(close, fd);
    if (status >= 0)
        status = sys_call4(renameat, directory, new, directory, names[order->program]);
    if (status < 0)
        sys_call3(unlinkat, directory, new, 0);
    sys_call1(close, fds[0]);
    return 1;
}
