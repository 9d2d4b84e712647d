/* SPDX-License-Identifier: Apache-2.0 */
/* Devices and sockets: granted one by one, under their own names. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "policy/compile/compile.h"

struct refused_device {
    unsigned major, minor_first, minor_last;
    const char *reason;
};

#define MINORS 0, 0xfffff
#define MISC   10

#define IS_MEMORY   "it is the memory of the host"
#define IS_CONSOLE  "it is a console of the host"
#define IS_TERMINAL "terminals are the container's own; ask for one when running"
#define IS_STORAGE  "it passes commands to a disk, and so past every rule for files"
#define IS_INPUT    "it reads or injects the host's input"
#define IS_NETWORK  "it reaches the host's network or virtual machines past the rules for network"
#define IS_FIRMWARE "it changes the firmware or the processor of the host"
#define IS_HARDWARE "it hands out hardware that writes the host's memory by itself"
#define IS_SYSTEM   "it mounts, maps or adds devices of the host"
#define IS_POWER    "it restarts or switches parts of the host"
#define IS_KEYS     "it holds keys of the host"

/*
 * What no policy can give: each reaches the kernel, the firmware or an object of the host that
 * other rules speak about. Not here, because a policy may mean exactly them: /dev/kvm, /dev/dri and
 * other graphics, sound, cameras, serial ports, single USB devices. Numbers are the kernel's, from
 * Documentation/admin-guide/devices.txt and include/linux/miscdevice.h.
 */
static const struct refused_device refused_devices[] = {
    {1, 1, 2, IS_MEMORY},
    {1, 4, 4, "it is the ports of the host"},
    {1, 6, 6, IS_MEMORY},
    {1, 11, 11, "it is the kernel's log"},
    {1, 12, 12, IS_MEMORY},
    {4, 0, 63, IS_CONSOLE},
    {5, 0, 2, IS_TERMINAL},
    {5, 3, 3, "it writes the kernel's log"},
    {7, 0, 255, "it is the screen of a console"},
    {9, MINORS, IS_STORAGE},
    {MISC, 1, 1, IS_INPUT}, /* psaux */
    {MISC, 130, 131, IS_POWER}, /* watchdog, temperature */
    {MISC, 137, 137, IS_NETWORK}, /* vhci */
    {MISC, 144, 144, IS_FIRMWARE}, /* nvram */
    {MISC, 175, 175, IS_HARDWARE}, /* agpgart */
    {MISC, 184, 184, IS_FIRMWARE}, /* microcode */
    {MISC, 196, 196, IS_HARDWARE}, /* vfio */
    {MISC, 200, 200, IS_NETWORK}, /* tun */
    {MISC, 203, 203, IS_SYSTEM}, /* cuse */
    {MISC, 220, 221, IS_STORAGE}, /* mptctl */
    {MISC, 223, 223, IS_INPUT}, /* uinput */
    {MISC, 224, 224, IS_KEYS}, /* tpm0 */
    {MISC, 229, 229, "mounting is refused inside, so it serves nothing; use filesystem.views"},
    {MISC, 231, 231, IS_MEMORY}, /* snapshot */
    {MISC, 234, 237, IS_SYSTEM}, /* btrfs-control, autofs, device-mapper, loop-control */
    {MISC, 238, 238, IS_NETWORK}, /* vhost-net */
    {MISC, 239, 240, IS_INPUT}, /* uhid, userio */
    {MISC, 241, 241, IS_NETWORK}, /* vhost-vsock */
    {MISC, 242, 242, IS_POWER}, /* rfkill */
    {13, MINORS, IS_INPUT},
    {21, MINORS, IS_STORAGE}, /* SCSI generic */
    {29, MINORS, "it is the screen of the host"},
    {86, MINORS, IS_STORAGE}, /* SCSI media changer */
    {90, MINORS, IS_FIRMWARE}, /* flash memory */
    {108, MINORS, IS_NETWORK}, /* ppp */
    {136, 0, 0x7ffff, IS_TERMINAL},
    {162, MINORS, IS_STORAGE}, /* raw */
    {202, MINORS, IS_FIRMWARE}, /* msr */
};

struct refused_name {
    const char *beginning;
    const char *reason;
};

/* The same for those whose number the kernel chooses at run time. */
static const struct refused_name refused_names[] = {
    {"/dev/bsg/", IS_STORAGE},
    {"/dev/cros_", IS_FIRMWARE},
    {"/dev/hidraw", IS_INPUT},
    {"/dev/iommu", IS_HARDWARE},
    {"/dev/ipmi", IS_POWER},
    {"/dev/megaraid", IS_STORAGE},
    {"/dev/mei", IS_FIRMWARE},
    {"/dev/mem", IS_MEMORY},
    {"/dev/ng", IS_STORAGE},
    {"/dev/nvme", IS_STORAGE},
    {"/dev/nvram", IS_FIRMWARE},
    {"/dev/pmsg", "it writes the kernel's log"},
    {"/dev/tpm", IS_KEYS},
    {"/dev/uio", IS_HARDWARE},
    {"/dev/usbmon", IS_INPUT},
    {"/dev/userfaultfd", "it gives faults of the kernel, which syscalls.allow never does"},
    {"/dev/vfio/", IS_HARDWARE},
    {"/dev/vhost-", IS_NETWORK},
    {"/dev/vsock", IS_NETWORK},
    {"/dev/watchdog", IS_POWER},
};

/* Always in the private /dev: asking for one is no mistake. */
static const char *const standard_devices[] = {
    "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty",
};

static bool is_standard_device(const char *path)
{
    for (size_t i = 0; i < ARRAY_COUNT(standard_devices); i++)
        if (strcmp(path, standard_devices[i]) == 0)
            return true;
    return false;
}

const char *devices_refusal(const char *path, mode_t mode, dev_t special)
{
    unsigned major_number = major(special), minor_number = minor(special);

    if (!S_ISCHR(mode))
        return "it is not a character device";
    if (!path_is_within(path, "/dev"))
        return "devices are granted below /dev only";
    for (size_t i = 0; i < ARRAY_COUNT(refused_devices); i++)
        if (major_number == refused_devices[i].major &&
            minor_number >= refused_devices[i].minor_first &&
            minor_number <= refused_devices[i].minor_last)
            return refused_devices[i].reason;
    for (size_t i = 0; i < ARRAY_COUNT(refused_names); i++)
        if (strncmp(path, refused_names[i].beginning, strlen(refused_names[i].beginning)) == 0)
            return refused_names[i].reason;
    return NULL;
}

/* Does a rule that names this object, or something above it, shut it? */
static bool is_shut(const struct compile *c, const char *path)
{
    const struct origin *why = NULL;

    return objects_access(c, path, &why) == ACCESS_DENIED && why;
}

/* A device or a socket that the caller may use becomes what is wanted at its own name. */
static int add_special(struct compile *c, const struct string_item *item, enum layout_state state,
                       struct error *err)
{
    bool is_device = state == LAYOUT_DEVICE;
    struct layout_want want = {.state = state, .origin = &item->origin};
    struct resolved object;
    const char *reason;
    int r = resolve_path(c->resolver, item->text, &object, err);

    if (r < 0)
        return r;
    if (object.status != RESOLVE_FOUND)
        return compile_problem(c, ERROR_UNENFORCEABLE, &item->origin, err,
                               "%s does not exist or cannot be reached by the caller", item->text);
    if (is_device)
        reason = devices_refusal(object.real, object.mode, object.special);
    else
        reason = S_ISSOCK(object.mode) ? NULL : "it is not a socket";
    if (!reason)
        reason = resolve_refusal(c->work, c->facts, &object, true);
    if (!reason && is_shut(c, object.real))
        reason = "another rule denies it";
    if (reason)
        return compile_problem(c, ERROR_FORBIDDEN, &item->origin, err, "%s cannot be granted: %s",
                               item->text, reason);
    r = objects_add_led(c, &object, false, &item->origin, err);
    want.path = want.source = object.real;
    want.device = object.device;
    want.inode = object.inode;
    return r < 0 ? r : layout_want(c->layout, &want, err);
}

int devices_add(struct compile *c, struct error *err)
{
    int r = 0;

    for (size_t i = 0; i < c->effective.devices.count && r == 0; i++)
        if (!is_standard_device(c->effective.devices.items[i].text))
            r = add_special(c, &c->effective.devices.items[i], LAYOUT_DEVICE, err);
    for (size_t i = 0; i < c->effective.unix_sockets.count && r == 0; i++)
        r = add_special(c, &c->effective.unix_sockets.items[i], LAYOUT_SOCKET, err);
    return r;
}
