/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of mountinfo that process 1 uses: what a sandbox inside writes there, by the names of its directories, stays text. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test.h"
#include "tier/process/init/mounts.h"

static struct mounts mounts;

static long read_text(const char *text, size_t length)
{
    int fd = memfd_create("mountinfo", MFD_CLOEXEC);
    long status;

    check(fd >= 0 && write(fd, text, length) == (ssize_t)length && lseek(fd, 0, SEEK_SET) == 0);
    status = mounts_read(&mounts, fd);
    close(fd);
    return status;
}

TEST(a_mount_is_found_by_its_number_with_its_file_system_and_part)
{
    static const char text[] = "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
                               "130 22 0:1048575 /home/a\\040b\\134c /mnt/x\\011y rw - tmpfs none rw\n";
    const struct mount_row *row;

    check_int(read_text(text, sizeof(text) - 1), 0);
    check_int(mounts.count, 2);
    row = mounts_find(&mounts, 130);
    check(row && row->device == 1048575);
    check_string(row->root, "/home/a b\\c");
    check_string(row->point, "/mnt/x\ty");
    row = mounts_find(&mounts, 22);
    check(row && row->device == 254ull << 32);
    check_string(row->root, "/");
    check(!mounts_find(&mounts, 13) && !mounts_find(&mounts, 1));
}

TEST(a_cut_or_too_long_list_of_mounts_is_refused)
{
    static char text[MOUNTS_TEXT_SIZE + 64];
    size_t length = 0;

    check_int(read_text("22 1 254:0 / / rw - ext4 none rw", 32), -E2BIG); /* no end of the line */
    for (int i = 0; i <= MOUNTS_MAX; i++)
        length += (size_t)sprintf(text + length, "%d 1 0:1 / / rw - t n rw\n", i);
    check_int(read_text(text, length), -E2BIG);
    memset(text, 'x', sizeof(text));
    check_int(read_text(text, sizeof(text)), -E2BIG);
    check_int(read_text("", 0), 0);
    check_int(mounts.count, 0);
}
