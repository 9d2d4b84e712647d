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

static const struct refused_device refused_devices[] = {
    {1, 1, 2, "it is the memory of the host"},
    {1, 4, 4, "it is the ports of the host"},
    {1, 11, 11, "it is the kernel's log"},
    {4, 0, 63, "it is a console of the host"},
    {5, 0, 2, "terminals are the container's own; use --tty"},
    {7, 0, 255, "it is the screen of a console"},
    {10, 223, 223, "it injects input into the host"},
    {10, 235, 237, "it mounts and maps host devices"},
    {10, 239, 239, "it injects input into the host"},
    {13, 0, 1023, "it reads or injects the host's input"},
    {136, 0, 0xfffff, "terminals are the container's own; use --tty"},
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

static const char *device_refusal(const struct resolved *object)
{
    unsigned major_number = major(object->special), minor_number = minor(object->special);

    if (!S_ISCHR(object->mode))
        return "it is not a character device";
    if (!path_is_within(object->real, "/dev"))
        return "devices are granted below /dev only";
    for (size_t i = 0; i < ARRAY_COUNT(refused_devices); i++)
        if (major_number == refused_devices[i].major &&
            minor_number >= refused_devices[i].minor_first &&
            minor_number <= refused_devices[i].minor_last)
            return refused_devices[i].reason;
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
        reason = device_refusal(&object);
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
