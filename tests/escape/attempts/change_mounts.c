/* SPDX-License-Identifier: Apache-2.0 */
/* Change mounts that exist or what they are. Argument: way (move, shared, bind, overlay, unmount,
 * idmap, options). */
#include <linux/mount.h>
#include <sys/mount.h>

#include "attempt.h"

static long move_root(void)
{
    return mount("/proc", "moved", NULL, MS_MOVE, NULL);
}
static long make_shared(void)
{
    return mount(NULL, "/", NULL, MS_SHARED | MS_REC, NULL);
}
static long bind_root(void)
{
    return mount("/", "moved", NULL, MS_BIND | MS_REC, NULL);
}
static long unmount(void)
{
    return umount2("/proc", MNT_DETACH);
}
static long change_options(void)
{
    return mount(NULL, "/proc", NULL, MS_REMOUNT, "hidepid=0");
}

static long mount_overlay(void)
{
    if (mkdir("upper", 0755) < 0 || mkdir("work", 0755) < 0)
        broken("directories of our own");
    return mount("overlay", "moved", "overlay", 0,
                 "lowerdir=/usr,upperdir=upper,workdir=work,userxattr");
}

static long map_ids(void)
{
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_IDMAP};
    int user = open("/proc/self/ns/user", O_RDONLY);
    long result;

    if (user < 0)
        return -1;
    attributes.userns_fd = (uint64_t)user;
    /* With the namespace of the caller itself the kernel says EPERM only after it has come that
     * far. */
    result = syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, &attributes, sizeof(attributes));
    return result < 0 && errno == EINVAL ? 0 : result;
}

static const struct {
    const char *name;
    long (*change)(void);
} ways[] = {
    {"move", move_root},         {"shared", make_shared}, {"bind", bind_root},
    {"overlay", mount_overlay},  {"unmount", unmount},    {"idmap", map_ids},
    {"options", change_options},
};

int main(int argc, char **argv)
{
    const char *way = argument(argc, argv, 1);

    if (mkdir("moved", 0755) < 0 && errno != EEXIST)
        broken("mkdir");
    for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
        if (strcmp(ways[i].name, way) == 0)
            decide(ways[i].change(), way);
    errno = EINVAL;
    broken("no such way");
}
