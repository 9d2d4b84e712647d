/* SPDX-License-Identifier: Apache-2.0 */
/* Who we are inside: ids, groups, keyring, host name, and how many namespaces there may be. */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/keyctl.h>
#include <linux/mount.h>

#include "tier/process/init/init.h"

#define KEYCTL_JOIN 1

static void file_write_at(struct init *init, int directory, const char *path, const char *text)
{
    long fd = init_need(init, sys_call3(openat, directory, path, O_WRONLY | O_CLOEXEC), "open", path);
    long length = (long)string_length(text);

    if (init_need(init, sys_call3(write, fd, text, length), "write", path) != length)
        init_fail(init, "write", path, EIO);
    sys_call1(close, fd);
}

static void file_write(struct init *init, const char *path, const char *text)
{
    file_write_at(init, AT_FDCWD, path, text);
}

static void map_write(struct init *init, const char *path, uint32_t id)
{
    char line[64], *end = line + sizeof(line), *at = line;

    at = string_append_number(at, end, id);
    at = string_append(at, end, " ");
    at = string_append_number(at, end, id);
    string_append(at, end, " 1\n");
    file_write(init, path, line);
}

/*
 * Namespaces of the program's own count for the caller on the host too: a bounded number of each kind.
 * Without nesting no user namespace, and so none of the others. By the container's own /proc where that is there already: in the host's there is an entry of
 * the same name for each user namespace that has looked, and the kernel goes through all of them.
 */
static void namespaces_limit(struct init *init)
{
    static const char *const kinds[] = {"user", "mnt", "pid", "net", "ipc", "uts", "cgroup"};
    char path[64], *end = path + sizeof(path);

    if (init->limits < 0)
        init->limits = (int)init_need(init, sys_call3(openat, AT_FDCWD, "/proc/sys/user", O_PATH | O_DIRECTORY | O_CLOEXEC), "open", "/proc/sys/user");
    if (!(init->record->flags & RECORD_NESTED))
        file_write_at(init, init->limits, "max_user_namespaces", "0");
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && init->record->flags & RECORD_NESTED; i++) {
        string_append(string_append(string_append(path, end, "max_"), end, kinds[i]), end, "_namespaces");
        file_write_at(init, init->limits, path, "1024");
    }
    sys_call1(close, init->limits);
    init->limits = -1;
}

/*
 * The kernel takes the table of the nearest user namespace that ever had an instance of this file system, mounted or not.
 * Before it could belong to a namespace (6.7) making one is refused.
 */
static void formats_own(struct init *init)
{
    long context = init_need(init, sys_call2(fsopen, "binfmt_misc", FSOPEN_CLOEXEC), "open", "file system binfmt_misc");

    init_need(init, sys_call5(fsconfig, context, FSCONFIG_CMD_CREATE, 0, 0, 0), "make", "an own table of program formats");
    sys_call1(close, context);
}

void identity_enter(struct init *init)
{
    long status;

    if (init->begin.flags & BEGIN_MAPPED) {
        init_need(init, sys_call2(setgroups, 0, 0), "drop", "supplementary groups");
    } else if (!(init->begin.flags & BEGIN_GIVEN)) {
        file_write(init, "/proc/self/setgroups", "deny");
        map_write(init, "/proc/self/uid_map", init->begin.uid);
        map_write(init, "/proc/self/gid_map", init->begin.gid);
    }
    status = sys_call2(keyctl, KEYCTL_JOIN, 0);
    if (status < 0 && status != -ENOSYS) /* a kernel without keyrings has none to leak */
        init_fail(init, "join", "a new session keyring", -status);
}

void identity_complete(struct init *init)
{
    const char *hostname = init_string(init, init->record->hostname);

    init_need(init, sys_call2(sethostname, hostname, string_length(hostname)), "set", "host name");
    if (init->record->flags & RECORD_OWN_FORMATS)
        formats_own(init);
    namespaces_limit(init);
}
