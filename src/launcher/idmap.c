/* SPDX-License-Identifier: Apache-2.0 */
#include "launcher/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/memory.h"

static size_t line_add(char *text, size_t used, uint32_t first, uint32_t seen, uint64_t count)
{
    int length = count ? snprintf(text + used, IDMAP_TEXT_SIZE - used, "%u %u %llu\n", first, seen, (unsigned long long)count) : 0;

    return used + (size_t)(length > 0 ? length : 0);
}

/* What is not in it: the range, and 4294967295, which is no id. */
void idmap_print(char ret_text[IDMAP_TEXT_SIZE], const struct range *range, uint32_t caller, uint32_t container)
{
    const uint32_t ends[] = {range->first, range->first + range->count, UINT32_MAX};
    uint32_t from = 0;
    size_t used = 0;

    ret_text[0] = '\0';
    for (int i = 0; i < 3; i += 2) {
        uint32_t end = ends[i];

        if (caller >= from && caller < end) {
            used = line_add(ret_text, used, from, from, caller - from);
            used = line_add(ret_text, used, caller, container, 1);
            from = caller + 1;
        }
        used = line_add(ret_text, used, from, from, end - from);
        from = ends[1];
    }
}

int idmap_write(pid_t pid, const char *name, const char *text, struct error *err)
{
    char path[64];
    auto_close int fd = -1;

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        return error_system(err, errno, "write %s", path);
    return 0;
}

int idmap_mount(int mount, int namespace, struct error *err)
{
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_IDMAP | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
                                    .userns_fd = (unsigned)namespace};

    if (syscall(SYS_mount_setattr, mount, "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes, sizeof(attributes)) == 0)
        return 0;
    if (errno == EINVAL || errno == EPERM || errno == ENOSYS)
        return error_set(err, ERROR_UNENFORCEABLE, EOPNOTSUPP, "a file system that is granted has no id maps, or is no detached mount");
    return error_system(err, errno, "map the ids of a mount");
}
